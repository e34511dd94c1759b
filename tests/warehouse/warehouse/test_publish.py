# ruff: noqa: S608 - statements of tests are put together from names of their own
"""Readers see whole nights: one generation at a time, and nothing of a night that is not done."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from lead_handoff.warehouse import night_lock
from lead_handoff.warehouse.night_lock import StaleNightError
from lead_handoff.warehouse.publish import (
    PublishBlockedError,
    PublishError,
)
from tests.warehouse.by_hand import FIRST, Nights, nights_by_hand


@pytest.fixture
def company(warehouse: Any) -> Iterator[Nights]:
    yield from nights_by_hand(warehouse)


TWO = {"fct_a": "select date '{night}' as night", "fct_b": "select date '{night}' as night"}


def test_analysts_read_the_published_night_and_nothing_else(company: Nights) -> None:
    company.build(FIRST, {**TWO, "int_c": "select 1 as a", "persons": "select 'x' as email"})
    generation = company.publish("fct_a", "fct_b", "persons")
    assert company.read("select night from marts.fct_a") == [(FIRST,)]
    assert company.read("select generation, night from marts.generation") == [(generation, FIRST)]
    for hidden in ("slot_blue.fct_a", "restricted.persons", "marts.int_c"):
        with pytest.raises(psycopg.errors.ProgrammingError):
            company.read(f"select * from {hidden}")


def test_a_night_that_is_being_built_is_not_seen(company: Nights) -> None:
    company.build(FIRST, TWO)
    company.publish("fct_a", "fct_b")
    company.build(FIRST + timedelta(days=1), TWO)
    assert company.read("select night from marts.fct_a") == [(FIRST,)]


def test_a_slot_that_is_not_whole_is_not_published(company: Nights) -> None:
    slot = company.build(FIRST, TWO)
    company.owner.execute("update ops.slots set state = 'building' where slot = %s", (slot,))
    with pytest.raises(PublishError, match="is building"):
        company.publish("fct_a")


def test_a_mart_that_was_not_built_stops_the_publication(company: Nights) -> None:
    company.build(FIRST, TWO)
    company.publish("fct_a", "fct_b")
    company.build(FIRST + timedelta(days=1), {"fct_a": TWO["fct_a"]})
    with pytest.raises(PublishError, match="lacks fct_b"):
        company.publish("fct_a", "fct_b")
    assert company.read("select night from marts.fct_a") == [(FIRST,)]


def test_a_project_without_marts_is_not_published(company: Nights) -> None:
    company.build(FIRST, TWO)
    with pytest.raises(PublishError, match="no mart"):
        company.publish()


def test_a_mart_that_would_change_under_its_readers_is_refused(company: Nights) -> None:
    slot = company.build(FIRST, TWO)
    with psycopg.connect(company.url) as connection:
        connection.execute(f"create view {slot}.stg as select id from raw_salesforce.lead")
        connection.execute(f"create view {slot}.fct_live as select id from {slot}.stg")
    with pytest.raises(PublishError, match=r"fct_live reads raw_salesforce\.lead"):
        company.publish("fct_a", "fct_live")


def test_a_run_that_was_replaced_publishes_nothing(company: Nights) -> None:
    company.build(FIRST, TWO)
    company.publish("fct_a", "fct_b")
    company.build(FIRST + timedelta(days=1), TWO)
    night_lock.acquire(company.owner, "newer")
    with pytest.raises(StaleNightError):
        company.publish("fct_a", "fct_b")
    assert company.read("select night from marts.fct_a") == [(FIRST,)]


def test_columns_may_be_added_renamed_and_removed(company: Nights) -> None:
    company.build(FIRST, {"fct_a": "select 1 as a, 2 as b"})
    company.publish("fct_a")
    for day, query in enumerate(
        ("select 1 as a, 2 as b, 3 as c", "select 'x' as a, 3 as d", "select 3 as d"), start=1
    ):
        company.build(FIRST + timedelta(days=day), {"fct_a": query})
        company.publish("fct_a")
        assert company.read("select * from marts.fct_a") == company.read(query)


def test_a_mart_that_left_the_project_is_gone_and_what_is_not_ours_stays(
    company: Nights,
) -> None:
    company.build(FIRST, TWO)
    company.publish("fct_a", "fct_b")
    with psycopg.connect(company.url) as connection:
        connection.execute("create view marts.of_an_analyst as select * from marts.fct_a")
    company.build(FIRST + timedelta(days=1), {"fct_a": TWO["fct_a"]})
    company.publish("fct_a")
    views = company.read("select viewname from pg_views where schemaname = 'marts' order by 1")
    assert views == [("fct_a",), ("generation",), ("of_an_analyst",)]
    assert company.read("select * from marts.of_an_analyst") == [(FIRST + timedelta(days=1),)]


def test_a_view_of_the_users_own_is_never_dropped_on_the_quiet(company: Nights) -> None:
    company.build(FIRST, {"fct_a": "select 1 as a, 2 as b"})
    company.publish("fct_a")
    with psycopg.connect(company.url) as connection:
        connection.execute("create view marts.of_an_analyst as select b from marts.fct_a")
    company.build(FIRST + timedelta(days=1), {"fct_a": "select 1 as a"})
    with pytest.raises(PublishError, match=r"fct_a changes its columns.*of_an_analyst"):
        company.publish("fct_a")
    assert company.read("select * from marts.fct_a") == [(1, 2)]


def test_descriptions_come_along_and_follow_changes(company: Nights) -> None:
    comments = (
        "select obj_description('marts.fct_a'::regclass, 'pg_class'),"
        " col_description('marts.fct_a'::regclass, 1)"
    )
    for day, text in enumerate(("One row per night.", "One row per day's end.", None)):
        slot = company.build(FIRST + timedelta(days=day), TWO)
        with psycopg.connect(company.url) as connection:
            if text:
                literal = text.replace("'", "''")
                connection.execute(f"comment on table {slot}.fct_a is '{literal}'")
                connection.execute(f"comment on column {slot}.fct_a.night is '{literal}'")
        company.publish("fct_a")
        assert company.read(comments) == [(text, text)]


def test_a_reader_in_a_transaction_keeps_its_night_and_publication_steps_back(
    company: Nights,
) -> None:
    company.build(FIRST, TWO)
    company.publish("fct_a", "fct_b")
    company.build(FIRST + timedelta(days=1), TWO)
    with psycopg.connect(company.warehouse.url("analyst"), application_name="bi") as reader:
        reader.execute("select * from marts.fct_b")
        with pytest.raises(PublishBlockedError, match=r"handoff_analyst .bi."):
            company.publish("fct_a", "fct_b", lock_timeout_ms=100, patience_seconds=0.5)
        # Nobody queues behind a publication that gave way.
        assert reader.execute("select * from marts.fct_a").fetchall() == [(FIRST,)]
        done: list[int] = []
        waiting = threading.Thread(
            target=lambda: done.append(company.publish("fct_a", "fct_b", lock_timeout_ms=100))
        )
        waiting.start()
        time.sleep(0.4)
        assert reader.execute("select * from marts.fct_a").fetchall() == [(FIRST,)]
        assert not done
    waiting.join(10)
    assert done
    assert company.read("select night from marts.fct_a") == [(FIRST + timedelta(days=1),)]


class Poller(threading.Thread):
    """A reader that compares all marts in one transaction, again and again."""

    def __init__(self, url: str, names: list[str]) -> None:
        super().__init__()
        self.url, self.names = url, names
        self.stop = threading.Event()
        self.reads = 0
        self.mixed = 0
        self.broken = 0

    def run(self) -> None:
        with psycopg.connect(self.url) as connection:
            while not self.stop.is_set():
                try:
                    with connection.transaction():
                        nights = {
                            connection.execute(f"select night from marts.{name}").fetchall()[0]
                            for name in self.names
                        }
                    self.mixed += len(nights) > 1
                except (psycopg.Error, IndexError):
                    self.broken += 1
                self.reads += 1


def poll_during(company: Nights, names: list[str], publish_once: Callable[[], Any]) -> Poller:
    pollers = [Poller(company.warehouse.url("analyst"), names) for _ in range(2)]
    tables = {name: "select date '{night}' as night" for name in names if name != "generation"}
    company.build(FIRST, tables)
    company.publish(*tables)
    for poller in pollers:
        poller.start()
    try:
        for day in range(1, 21):
            company.build(FIRST + timedelta(days=day), tables)
            publish_once()
    finally:
        for poller in pollers:
            poller.stop.set()
        for poller in pollers:
            poller.join()
    pollers[0].reads += pollers[1].reads
    pollers[0].mixed += pollers[1].mixed
    pollers[0].broken += pollers[1].broken
    return pollers[0]


NAMES = ["fct_a", "fct_b", "fct_c", "fct_d", "generation"]


@pytest.mark.slow
def test_readers_never_see_two_nights_at_once(company: Nights) -> None:
    seen = poll_during(company, NAMES, lambda: company.publish(*NAMES[:-1]))
    assert seen.reads > 100
    assert (seen.mixed, seen.broken) == (0, 0)


@pytest.mark.slow
def test_the_reader_would_notice_views_changed_one_by_one(company: Nights) -> None:
    """The twin: swapping model by model, as a build without slots does, is found out."""

    def one_by_one() -> None:
        with psycopg.connect(company.url, autocommit=True) as connection:
            for name in NAMES[:-1]:
                connection.execute(
                    f"create or replace view marts.{name} as select night from"
                    f" {company.slot}.{name}"
                )
                time.sleep(0.005)
        company.owner.execute(
            "insert into ops.generations (slot, as_of, night, fence, run_id, models, is_full)"
            f" select slot, as_of, night, 1, 'x', 1, true from ops.slots"
            f" where slot = '{company.slot}'"
        )

    names = NAMES[:-1]
    seen = poll_during(company, [*names, *reversed(names)], one_by_one)
    assert seen.mixed > 0


class TestFindings:
    """The ledger: when a finding was first and last seen, and when it went."""

    def night(
        self, company: Nights, day: int, *ids: str, waiver: tuple[str, str] = ("Ann", "known")
    ) -> None:
        findings = [
            {"finding_id": name, "rule": "stalled_lead", "evidence": '{"days": 91}'} for name in ids
        ]
        company.build_findings(FIRST + timedelta(days=day), findings, waiver)
        company.publish("fct_integrity_findings")

    def rows(self, company: Nights) -> dict[str, tuple[Any, ...]]:
        return {
            row[0]: tuple(value.day if value else None for value in row[1:])
            for row in company.read(
                "select finding_id, first_seen at time zone 'UTC', last_seen at time zone 'UTC',"
                " resolved_at at time zone 'UTC' from marts.fct_integrity_findings"
            )
        }

    def test_a_finding_is_kept_over_time(self, company: Nights) -> None:
        self.night(company, 0, "stays", "goes")
        assert self.rows(company) == {"stays": (1, 1, None), "goes": (1, 1, None)}
        self.night(company, 1, "stays")
        assert self.rows(company) == {"stays": (1, 2, None), "goes": (1, 1, 2)}
        self.night(company, 2, "stays", "goes", "comes")
        assert self.rows(company) == {
            "stays": (1, 3, None),
            "goes": (1, 3, None),
            "comes": (3, 3, None),
        }

    def test_a_night_run_twice_changes_nothing(self, company: Nights) -> None:
        ledger = "select * from ops.findings_ledger order by finding_id"
        self.night(company, 0, "stays", "goes")
        self.night(company, 1, "stays")
        before = company.read(ledger, "owner")
        self.night(company, 1, "stays")
        assert company.read(ledger, "owner") == before

    def test_an_older_night_neither_resolves_nor_reopens(self, company: Nights) -> None:
        self.night(company, 1, "early", "stays")
        self.night(company, 2, "stays")
        self.night(company, 0, "early")
        assert self.rows(company) == {"early": (1, 2, None)}
        self.night(company, 2, "stays")
        assert self.rows(company) == {"early": (1, 2, 3), "stays": (2, 3, None)}

    def test_a_finding_goes_on_under_another_id_with_its_waiver(self, company: Nights) -> None:
        marts = ("fct_integrity_findings", "bridge_event_ids")
        for day, name, former in ((0, "waived", {}), (2, "new", {"waived": "new"}), (3, "new", {})):
            finding = {"finding_id": name, "rule": "impossible_move", "evidence": "{}"}
            company.build_findings(FIRST + timedelta(days=day), [finding], former_ids=former)
            company.publish(*marts)
        ((known, waived_by, changes),) = company.read(
            "select finding_id, waived_by, changes from marts.fct_integrity_findings"
        )
        assert (known, waived_by) == ("new", "Ann")
        assert [change["change"] for change in changes] == ["opened", "waived"]
        assert self.rows(company)["new"] == (1, 4, None)
        assert company.read("select former_id, current_id, kind from marts.bridge_event_ids") == [
            ("waived", "new", "finding")
        ]

    def test_a_resolved_finding_can_still_be_read_with_its_evidence(self, company: Nights) -> None:
        self.night(company, 0, "goes")
        self.night(company, 1)
        assert company.read(
            "select rule, evidence, run_as_of from marts.fct_integrity_findings"
            " where resolved_at is not null"
        ) == [("stalled_lead", {"days": 91}, datetime(2026, 5, 2, tzinfo=UTC))]

    def test_a_waived_finding_says_by_whom_and_why_from_that_day_on(self, company: Nights) -> None:
        waiver = "select waived_by, waiver_reason from marts.fct_integrity_findings"
        self.night(company, 0, "waived")
        assert company.read(waiver) == [(None, None)]
        self.night(company, 1, "waived")
        assert company.read(waiver) == [("Ann", "known")]

    def changes(self, company: Nights, finding: str) -> list[tuple[Any, ...]]:
        """What became of a finding, as analysts read it: day, change, by whom, why."""
        [(told,)] = company.read(
            f"select changes from marts.fct_integrity_findings where finding_id = '{finding}'"
        )
        return [
            (
                datetime.fromisoformat(entry["as_of"]).astimezone(UTC).day,
                entry["change"],
                *(entry[name] for name in ("by", "reason") if name in entry),
            )
            for entry in told
        ]

    @pytest.mark.parametrize("times", [1, 2])
    def test_all_that_became_of_a_finding_is_kept_however_often_nights_are_run(
        self, company: Nights, times: int
    ) -> None:
        for day, ids in enumerate((["f"], ["f"], [], ["f"], [], [], ["f"])):
            for _ in range(times):
                self.night(company, day, *ids)
        assert self.changes(company, "f") == [
            (1, "opened"),
            (3, "resolved"),
            (4, "reopened"),
            (5, "resolved"),
            (7, "reopened"),
        ]
        assert company.read(
            "select extract(day from first_seen at time zone 'UTC')::int,"
            " extract(day from last_seen at time zone 'UTC')::int, resolved_at,"
            " extract(day from reopened_at at time zone 'UTC')::int"
            " from marts.fct_integrity_findings"
        ) == [(1, 7, None, 7)]

    def test_a_night_judged_anew_adds_to_what_it_said_before(self, company: Nights) -> None:
        self.night(company, 0, "f")
        self.night(company, 0)
        assert self.rows(company) == {"f": (1, 1, 1)}
        self.night(company, 0, "f")
        assert self.rows(company) == {"f": (1, 1, None)}
        assert self.changes(company, "f") == [(1, "opened"), (1, "resolved"), (1, "reopened")]

    def test_an_older_night_adds_only_what_no_night_has_had(self, company: Nights) -> None:
        self.night(company, 1, "stays")
        self.night(company, 2, "stays", "waived")
        self.night(company, 0, "stays", "old", waiver=("", ""))
        self.night(company, 3, "stays")
        assert self.changes(company, "stays") == [(2, "opened")]
        assert self.changes(company, "old") == [(1, "opened"), (4, "resolved")]
        assert self.changes(company, "waived") == [
            (3, "opened"),
            (3, "waived", "Ann", "known"),
            (4, "resolved"),
        ]

    def test_who_waived_why_is_kept_when_the_waiver_changes_or_ends(self, company: Nights) -> None:
        self.night(company, 0, "waived")
        self.night(company, 1, "waived")
        self.night(company, 2, "waived")
        self.night(company, 3, "waived", waiver=("Bob", "known"))
        self.night(company, 4, waiver=("", ""))
        self.night(company, 5, "waived", waiver=("Bob", "again"))
        assert self.changes(company, "waived") == [
            (1, "opened"),
            (2, "waived", "Ann", "known"),
            (4, "waived", "Bob", "known"),
            (5, "resolved"),
            (5, "waiver ended"),
            (6, "reopened"),
            (6, "waived", "Bob", "again"),
        ]

    def test_waiving_is_neither_resolving_nor_forgetting(self, company: Nights) -> None:
        self.night(company, 1, "waived", "other")
        self.night(company, 2, "waived")
        assert self.rows(company) == {"waived": (2, 3, None), "other": (2, 2, 3)}

    def test_nobody_who_publishes_can_change_what_was_recorded(self, company: Nights) -> None:
        self.night(company, 0, "f")
        for statement in (
            "update ops.finding_changes set change = 'resolved'",
            "delete from ops.finding_changes",
            "truncate ops.finding_changes",
        ):
            with (
                psycopg.connect(company.warehouse.url("transformer")) as connection,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                connection.execute(statement)
