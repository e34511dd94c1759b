"""Companies judged by other agreements, which turn on rules that the example leaves off."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from tests.oracle.agreements import VARIANTS, copy_agreement, variant
from tests.oracle.histories import NIGHT, random_company
from tests.warehouse.marts.conftest import FIXED_SEEDS
from tests.warehouse.marts.nights import (
    Marts,
    Nights,
    assert_same,
    in_folders_of,
    new_seeds,
    reference,
)

pytestmark = pytest.mark.thorough

SEEDS = [*FIXED_SEEDS, *new_seeds()]


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


def test_a_waived_move_counts_again(small_nights: Nights, tmp_path: Path) -> None:
    """Every other finding that casts suspicion on a move is waived."""
    seed = FIXED_SEEDS[0]
    rows = in_folders_of(random_company(seed, 150), [NIGHT - timedelta(days=40), NIGHT])
    suspected = reference(rows, NIGHT)
    found = sorted(
        row["finding_id"]
        for row in suspected["fct_integrity_findings"]
        if row["rule"] in ("silent_auto_promotion", "auto_acceptance", "auto_expiry_accepts")
    )
    waivers = [
        {"finding_id": one, "waived_by": "Chair", "waived_on": "2026-04-01", "reason": "agreed"}
        for one in found[::2]
    ]
    small_nights.agreement = copy_agreement(tmp_path / "waived", {"waivers": lambda _: waivers})
    small_nights.deliver(rows, Random(seed))
    small_nights.run(NIGHT)
    marts = small_nights.marts()
    expected = reference(rows, NIGHT, small_nights.agreement)
    assert_same(expected, marts, seed)
    assert _restated(suspected) < _restated(expected) < _counted(expected)


def _restated(marts: Marts) -> int:
    return sum(
        row["accepted_restated"] + row["sqls_restated"] + row["won_restated"]
        for row in marts["agg_waterfall_monthly"]
    )


def _counted(marts: Marts) -> int:
    return sum(row["accepted"] + row["sqls"] + row["won"] for row in marts["agg_waterfall_monthly"])
