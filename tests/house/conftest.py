"""What tests of the house share: dbt's own view of its project, which takes seconds to make."""

from typing import Any

import pytest

from lead_handoff import settings
from lead_handoff.dbt import reader


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """dbt's manifest of the project as it stands in the checkout; needs no database."""
    return reader.parse(settings.dbt_project_dir(), tmp_path_factory.mktemp("parsed") / "target")
