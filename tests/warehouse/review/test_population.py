"""Which handoffs a month's population holds, and as what."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lead_handoff.review import population
from lead_handoff.review.draw import freeze_month
from lead_handoff.review.errors import BadIdError, DuplicateIdError, NoMartsError, OpenMonthError
from tests.warehouse.review.small_company import SmallCompany

MAY = datetime(2026, 5, 1, 4, tzinfo=UTC)  # midnight in New York
JUNE = datetime(2026, 6, 1, 4, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def freeze(warehouse: Any, company: SmallCompany, agreement: Path) -> Callable[..., dict[str, str]]:
    """Publish the company, freeze May, and give exit_kind by handoff."""

    def call(**publish: Any) -> dict[str, str]:
        company.publish(warehouse.url(), **publish)
        freeze_month("2026-05", warehouse_url=warehouse.url(), agreement_dir=agreement)
        with psycopg.connect(warehouse.url()) as connection:
            return dict(
                connection.execute("select handoff_id, exit_kind from review.population").fetchall()
            )

    return call


Freeze = Callable[..., dict[str, str]]


def test_every_kind_of_exit_is_in_and_nothing_else(company: SmallCompany, freeze: Freeze) -> None:
    out = datetime(2026, 5, 6, tzinfo=UTC)
    accepted = out - timedelta(days=1)
    company.handoff("rejected", "rejected", exit_at=out)
    company.handoff("rejected by nobody known", "rejected", exit_at=out, exit_by="unknown")
    company.handoff("rejected by a machine in time", "rejected", exit_at=out, exit_by="automation")
    company.handoff("ignored", "ignored")
    company.handoff("expired before acceptance", "ignored", exit_by="automation", expired=True)
    company.handoff("sent back", "accepted", accepted_at=accepted, exit_at=out)
    company.handoff(
        "sent back by a machine",
        "accepted",
        accepted_at=accepted,
        exit_at=out,
        exit_by="automation",
    )
    company.handoff(
        "expired after acceptance",
        "accepted",
        accepted_at=accepted,
        exit_at=out,
        exit_by="automation",
        expired=True,
    )
    company.handoff("accepted", "accepted", accepted_at=accepted)
    company.handoff("pending", "pending")
    company.handoff("withdrawn", "withdrawn")
    assert freeze() == {
        "rejected": "rejected",
        "rejected by nobody known": "rejected",
        "rejected by a machine in time": "machine",
        "ignored": "ignored",
        "expired before acceptance": "ignored",
        "sent back": "sent_back",
        "sent back by a machine": "machine",
        "expired after acceptance": "machine",
    }


def test_the_month_is_that_of_the_agreements_clock_to_the_microsecond(
    company: SmallCompany, freeze: Freeze
) -> None:
    for name, at in (
        ("just before", MAY - MICROSECOND),
        ("first", MAY),
        ("last", JUNE - MICROSECOND),
        ("just after", JUNE),
    ):
        company.handoff(name, "rejected", offered_at=at - timedelta(hours=1), exit_at=at)
        company.handoff(
            f"ignored {name}", "ignored", offered_at=at - timedelta(hours=8), due_hours=8
        )
    assert set(freeze(as_of=JUNE + timedelta(days=1))) == {
        "first",
        "last",
        "ignored first",
        "ignored last",
    }


def test_the_decision_counts_and_not_the_offer(company: SmallCompany, freeze: Freeze) -> None:
    april = datetime(2026, 4, 10, tzinfo=UTC)
    company.handoff("offered in april", "rejected", offered_at=april, exit_at=MAY)
    company.handoff(
        "accepted in april", "accepted", offered_at=april, accepted_at=april, exit_at=MAY
    )
    company.handoff(
        "rejected in june", "rejected", exit_at=JUNE, response_due_at=JUNE - timedelta(days=9)
    )
    assert freeze() == {"offered in april": "rejected", "accepted in april": "sent_back"}


def test_a_month_is_frozen_from_the_instant_it_has_ended(
    company: SmallCompany, freeze: Freeze
) -> None:
    with pytest.raises(OpenMonthError, match=r"2026-06-01T03:59:59Z.*2026-06-01T04:00:00Z"):
        freeze(as_of=JUNE - timedelta(seconds=1))
    assert freeze(as_of=JUNE) == {}


def test_without_published_marts_nothing_is_frozen(warehouse: Any, agreement: Path) -> None:
    with pytest.raises(NoMartsError, match="run a night first"):
        freeze_month("2026-05", warehouse_url=warehouse.url(), agreement_dir=agreement)


def test_a_handoff_that_stands_twice_is_refused(company: SmallCompany, freeze: Freeze) -> None:
    for _ in range(2):
        company.handoff("twice", "rejected", exit_at=MAY)
    with pytest.raises(DuplicateIdError, match="twice"):
        freeze()


def test_text_is_frozen_in_one_spelling(
    warehouse: Any, company: SmallCompany, freeze: Freeze
) -> None:
    decomposed = "Mu\u0308nchen"
    company.handoff(decomposed, "rejected", exit_at=MAY, team_at_offer=decomposed, tier="A")
    freeze()
    with psycopg.connect(warehouse.url()) as connection:
        found = connection.execute("select handoff_id, team, tier from review.population")
        assert found.fetchall() == [("München", "München", "A")]


def test_an_id_with_outer_spaces_is_refused(company: SmallCompany, freeze: Freeze) -> None:
    company.handoff(" spaced", "rejected", exit_at=MAY)
    with pytest.raises(BadIdError, match="' spaced'"):
        freeze()


def test_the_last_full_month_follows_the_published_as_of(
    warehouse: Any, company: SmallCompany
) -> None:
    for as_of, month in (
        (JUNE - timedelta(seconds=1), "2026-04"),
        (datetime(2026, 6, 1, tzinfo=UTC), "2026-04"),
        (JUNE, "2026-05"),
        (datetime(2026, 1, 15, tzinfo=UTC), "2025-12"),
    ):
        company.publish(warehouse.url(), as_of=as_of)
        assert population.published_month(warehouse.url()) == (month, as_of)


def test_what_arrives_later_is_listed_apart_and_changes_nothing_frozen(
    warehouse: Any, company: SmallCompany, draw: Callable[..., Any]
) -> None:
    out = datetime(2026, 5, 6, tzinfo=UTC)
    company.handoff("stays", "rejected", exit_at=out)
    ignored = company.handoff("answered after all", "ignored")
    company.handoff("goes", "rejected", exit_at=out)
    company.publish(warehouse.url())
    first = draw()
    before = {path.name: path.read_bytes() for path in first.files}

    ignored |= {"outcome": "rejected", "rejected_at": out, "rejected_by_type": "human"}
    company.rows["fct_handoffs"].pop()
    company.handoff("late", "rejected", exit_at=out, team_at_offer="=West")
    company.publish(warehouse.url(), as_of=datetime(2026, 6, 9, tzinfo=UTC), slot="slot_green")
    again = draw()

    assert (again.late_arrivals, again.changed, again.gone) == (1, 1, 1)
    assert (again.draw_id, again.population_sha256) == (first.draw_id, first.population_sha256)
    assert {path.name: path.read_bytes() for path in first.files} == before
    late = (again.folder / "late_arrivals.csv").read_text(encoding="utf-8-sig").splitlines()
    assert late[1] == (
        '"late","rejected","2026-05-06T00:00:00Z","\'=West","A","v2","2026-06-09T00:00:00Z"'
    )
    with psycopg.connect(warehouse.url()) as connection:
        assert connection.execute("select handoff_id from review.late_arrivals").fetchall() == [
            ("late",)
        ]
