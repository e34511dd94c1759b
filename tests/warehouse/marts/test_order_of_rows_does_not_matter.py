"""Rows in any order, in any file of their folder, once or thrice, in any order of arrival."""

from dataclasses import replace
from random import Random

import pytest

from tests.oracle import Landed
from tests.oracle.histories import NIGHT
from tests.warehouse.marts.conftest import Built
from tests.warehouse.marts.nights import Nights, assert_same, fingerprint

pytestmark = pytest.mark.slow

# Their folder's date is their stamp, so a copy in another folder would be another version.
STAMPED_BY_FOLDER = ("users", "activity_types")


def delivered_again(rows: list[Landed], random: Random) -> list[Landed]:
    """The rows one to three times, in any order; copies lie in their own or in a later folder."""
    folders = sorted({row.folder_date for row in rows if row.folder_date <= NIGHT})
    result = list(rows)
    for row in rows:
        for _ in range(random.choice([0, 0, 0, 1, 2])):
            later = [day for day in folders if day >= row.folder_date]
            if row.object in STAMPED_BY_FOLDER or not later or random.random() < 0.5:
                later = [row.folder_date]
            result.append(replace(row, folder_date=random.choice(later)))
    random.shuffle(result)
    return result


def test_order_and_copies_of_rows_do_not_matter(company: Built, small_nights: Nights) -> None:
    random = Random(company.seed)
    rows = delivered_again(company.rows, random)
    cut = random.randrange(len(rows))
    for part in (rows[:cut], rows[cut:]):
        small_nights.deliver(part, random)
        small_nights.land(NIGHT)
    assert small_nights.raw() == company.raw, f"seed {company.seed}"
    small_nights.run(NIGHT)
    marts = small_nights.marts()
    assert_same(company.marts, marts, company.seed)
    assert fingerprint(marts) == fingerprint(company.marts)
