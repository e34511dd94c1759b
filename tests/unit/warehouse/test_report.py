"""The summary shows shares with their interval and leaves nothing out."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_handoff.report import (
    BAR,
    CLAUSES,
    Figures,
    Found,
    Judged,
    Landed,
    Quarantined,
    Share,
    bar,
    render,
)

FIGURES = Figures(
    generation={"as_of": datetime(2026, 5, 9, tzinfo=UTC), "generation": 8},
    landed=Landed(
        sources=[("salesforce", 10341, 10205, 119, 2, 15, date(2026, 5, 9))],
        refused=[("marketo", "leads", date(2026, 5, 9), "gzip_truncated: cut short")],
        unread=[("generic", "leads.xlsx", "no ending that is read")],
        quarantined=[
            Quarantined(
                "salesforce",
                "Lead",
                "bad_timestamp",
                "CreatedDate",
                15,
                "30.02.2026",
                "a date and time that exist, as 2026-05-01T09:30:00Z",
            )
        ],
    ),
    judged=Judged(
        outcomes={"accepted": 543, "ignored": 176, "pending": 11, "rejected": 248},
        accepted_by_person=Share(500, 959),
        accepted_by_machine=Share(43, 959),
        clauses={clause: {"met": 3, "breached": 1, "pending": 2} for clause in CLAUSES},
        new_findings=[Found("ignored_handoff", None, "warning", {"certain": 7})],
        findings=[
            Found(
                "auto_acceptance",
                "Lead Flow (005F)",
                "critical",
                {"certain": 4000, "possible": 852},
            ),
            Found("ignored_handoff", None, "warning", {"certain": 176}),
        ],
        not_delivered=["12 times follow_up is not judged: what it needs is not delivered"],
        benchmark=0.42,
        target=0.85,
    ),
)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Wilson's interval as tabulated for these proportions.
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_the_interval_is_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert Share(part, whole).interval == pytest.approx((low, high), abs=1e-4)


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_its_interval_and_that_between_0_and_1(case: tuple[int, int]) -> None:
    share = Share(*case)
    low, high = share.interval
    assert -1e-9 <= low <= high <= 1 + 1e-9
    if share.whole:
        assert low - 1e-9 <= share.value <= high + 1e-9


def test_of_nothing_no_share_is_shown() -> None:
    assert str(Share(0, 0)) == "no case yet"
    assert bar(Share(0, 0).value) == "·" * BAR


def test_no_rate_is_shown_without_its_interval() -> None:
    lines = list(render(FIGURES, "cases.xlsx"))
    rates = [line for line in lines if "%" in line and "benchmark" not in line]
    rates = [line for line in rates if "target" not in line]
    assert len(rates) == 2 + len(CLAUSES)
    assert all(" to " in line for line in rates)


def test_everything_asked_for_is_there() -> None:
    text = "\n".join(render(FIGURES, "/somewhere/cases.xlsx"))
    for part in (
        "salesforce",
        "10,341",
        "978: 543 accepted, 176 ignored",
        "42.0%",
        "85.0%",
        *CLAUSES,
        "ignored_handoff",
        "salesforce Lead.CreatedDate: bad_timestamp",
        "such as 30.02.2026  ->  a date and time that exist, as 2026-05-01T09:30:00Z",
        "marketo/leads/2026-05-09: gzip_truncated: cut short",
        "generic: leads.xlsx: no ending that is read",
        "12 times follow_up is not judged",
        "New findings     7: 7 certain",
        "Open findings    5,028: 4,176 certain, 852 possible",
        "4,852   critical  4,000 certain, 852 possible, by Lead Flow (005F)",
        "/somewhere/cases.xlsx",
        "make up",
        "make url ROLE=analyst",
    ):
        assert part in text


def test_before_the_first_night_only_what_came_in_is_said() -> None:
    text = "\n".join(render(Figures({}, FIGURES.landed, None)))
    assert "No marts yet" in text
    assert "bad_timestamp" in text
    assert "Handoffs" not in text
    assert "the review's cases" not in text
