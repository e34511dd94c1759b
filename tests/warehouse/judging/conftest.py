"""The small company, once per test or once per module."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.judging.company import Company


@pytest.fixture
def company(warehouse: Any, tmp_path: Path) -> Iterator[Company]:
    """A company whose warehouse is empty."""
    company = Company(warehouse.url("admin"), tmp_path / "agreement", tmp_path / "home")
    yield company
    company.close()


@pytest.fixture(scope="module")
def module_company(
    module_warehouse: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """The same, shared by the tests of one module."""
    folder = tmp_path_factory.mktemp("company")
    company = Company(module_warehouse.url("admin"), folder / "agreement", folder / "home")
    yield company
    company.close()
