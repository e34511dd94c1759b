"""Companies judged by other agreements, which turn on rules that the example leaves off."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from tests.oracle.agreements import VARIANTS, variant
from tests.oracle.histories import NIGHT, random_company
from tests.warehouse.marts.conftest import FIXED_SEEDS
from tests.warehouse.marts.nights import (
    IS_THOROUGH,
    Nights,
    assert_same,
    in_folders_of,
    new_seeds,
    reference,
)

pytestmark = pytest.mark.slow

SEEDS = [*FIXED_SEEDS, *new_seeds()] if IS_THOROUGH else FIXED_SEEDS[:1]


@pytest.mark.parametrize("seed", SEEDS, ids="seed-{}".format)
@pytest.mark.parametrize("name", VARIANTS)
def test_every_cell_equals_the_reference(
    small_nights: Nights, tmp_path: Path, name: str, seed: int
) -> None:
    small_nights.agreement = variant(name, tmp_path / name)
    folders = [NIGHT - timedelta(days=days) for days in (80, 50, 25, 0)]
    rows = in_folders_of(random_company(seed, 100), folders)
    small_nights.deliver(rows, Random(seed))
    small_nights.run(NIGHT)
    expected = reference(rows, NIGHT, small_nights.agreement)
    assert_same(expected, small_nights.marts(), f"{seed} under {name}")
