"""The comparison itself, and the waterfall's rates."""

from decimal import Decimal
from typing import Any

import pytest

from tests.oracle.compare import differences
from tests.oracle.stories import Story, at
from tests.oracle.test_handoffs import END, offer
from tests.oracle.waterfall import Waterfall, wilson


def test_equal_values_in_other_forms_are_equal() -> None:
    one = [{"lead_id": "a", "merged_count": 1, "created_at": at("2026-04-01 12:00")}]
    other: list[dict[str, Any]] = [
        {
            "lead_id": "a",
            "merged_count": Decimal("1.000"),
            "created_at": at("2026-04-01 12:00").astimezone(),
            "more": 1,
        }
    ]
    assert differences("dim_leads", one, other) == []


def test_cells_and_rows_that_differ_are_named() -> None:
    one = [{"lead_id": "a", "company": "x"}, {"lead_id": "b", "company": "x"}]
    other: list[dict[str, Any]] = [{"lead_id": "a", "company": None}]
    other.append({"lead_id": "c", "company": "x"})
    assert [str(found) for found in differences("dim_leads", one, other)] == [
        "dim_leads ('b',): row missing",
        "dim_leads ('c',): row unexpected",
        "dim_leads ('a',) company: expected 'x', found None",
    ]


def test_a_key_that_stands_twice_is_an_error() -> None:
    twice = [{"lead_id": "a"}, {"lead_id": "a"}]
    with pytest.raises(ValueError, match="two rows"):
        differences("dim_leads", twice, [])


def test_the_interval_of_a_rate_is_wilsons() -> None:
    # Known values of the interval for 8 of 10.
    assert wilson(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-6)
    assert wilson(0, 0) is None


def test_a_month_counts_what_happened_in_it(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-04-08 15:00", "Accepted", "Converted")
    judged = story.judged(END)
    rows = Waterfall(judged.transitions, judged.handoffs, judged.findings, judged.as_of).rows()
    (row,) = [r for r in rows if r["basis"] == "activity" and r["segment"] == "all"]
    assert (row["inquiries"], row["mqls"], row["sqls"]) == (1, 1, 1)
    assert (row["handoffs"], row["accepted"], row["accepted_by_person"]) == (1, 1, 1)
    assert row["acceptance_rate"] == 1
    assert row["is_mature"]
