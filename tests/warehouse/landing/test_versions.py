"""The raw tables hold every distinct version once, whatever the order and number of deliveries."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_handoff.errors import HandoffError
from lead_handoff.landing import discover_sources, file_load, land_source, merge
from lead_handoff.landing.errors import SourceError
from lead_handoff.landing.limits import Limits
from lead_handoff.landing.stage import QUARANTINE, Stage
from lead_handoff.warehouse.night_lock import StaleNightError
from tests.warehouse.landing.conftest import NIGHT, Delivery

Lead = dict[str, str]
COLUMNS = ["lead_id", "created_at", "status", "updated_at"]


def lead(key: str = "a", status: str = "mql", day: int = 1, **more: str) -> Lead:
    return {
        "lead_id": key,
        "created_at": "2026-04-01T00:00:00Z",
        "status": status,
        "updated_at": f"2026-04-{day:02}T00:00:00Z",
    } | more


def as_csv(leads: list[Lead], columns: list[str] | None = None) -> bytes:
    text = io.StringIO(newline="")
    names = columns or [*COLUMNS, *sorted({k for each in leads for k in each} - set(COLUMNS))]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(leads)
    return text.getvalue().encode()


def as_jsonl(leads: list[Lead]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in leads)


def versions(delivery: Delivery, table: str = "raw_generic.leads") -> set[tuple[Any, ...]]:
    """The raw table as a set, without what names the load."""
    rows = delivery.raw(table)
    result = {
        tuple(sorted((k, str(v)) for k, v in row.items() if v is not None and k != "_load_id"))
        for row in rows
    }
    assert len(result) == len(rows)
    return result


def index_names(delivery: Delivery) -> list[str]:
    found = delivery.query(
        "select indexname from pg_indexes where schemaname = 'raw_generic' and tablename = 'leads'"
        " order by indexname"
    )
    return [row["indexname"] for row in found]


def counts(load: Any) -> tuple[int, int, int, int, int]:
    return (
        load.rows_read, load.rows_new, load.rows_updated, load.rows_unchanged,
        load.rows_quarantined,
    )  # fmt: skip


leads = st.builds(
    lead,
    key=st.sampled_from(["a", "b", "A"]),
    status=st.sampled_from(["mql", "sal", "", "x\x1fstatus=1:y", "sal, maybe"]),
    day=st.integers(1, 3),
    email=st.sampled_from(["", "x@example.com"]),
    colour=st.sampled_from(["", "blue"]),
)
nights = st.integers(0, 3).map(lambda days: NIGHT - timedelta(days=days))
deliveries = st.lists(
    st.tuples(nights, st.lists(leads, min_size=1, max_size=4)), min_size=1, max_size=5
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=deliveries, data=st.data())
def test_order_repeats_and_split_of_deliveries_do_not_matter(
    delivery: Delivery, history: list[tuple[date, list[Lead]]], data: st.DataObject
) -> None:
    delivery.empty()
    for number, (night, rows) in enumerate(history):
        delivery.put("generic", "leads", f"{number}.csv", as_csv(rows), night)
    delivery.land("generic")
    expected = versions(delivery)

    delivery.empty()
    rows = [(night, each) for night, part in history for each in part]
    rows += data.draw(st.lists(st.sampled_from(rows), max_size=4))
    for number, (night, each) in enumerate(data.draw(st.permutations(rows))):
        write, suffix = data.draw(st.sampled_from([(as_csv, "csv"), (as_jsonl, "jsonl")]))
        delivery.put("generic", "leads", f"x{number}.{suffix}", write([each]), night)
        if data.draw(st.booleans()):
            delivery.land("generic")
    delivery.land("generic")
    assert versions(delivery) == expected


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(leads, min_size=1, max_size=8))
def test_a_first_load_in_bulk_lands_the_same(delivery: Delivery, rows: list[Lead]) -> None:
    delivery.empty()
    delivery.put("generic", "leads", "a.csv", as_csv(rows))
    (plain,) = delivery.land("generic")
    expected, indexes = versions(delivery), index_names(delivery)
    delivery.empty()
    delivery.put("generic", "leads", "a.csv", as_csv(rows))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(merge, "_BULK_ROWS", 1)
        (bulk,) = delivery.land("generic")
    assert versions(delivery) == expected
    assert counts(bulk) == counts(plain)
    assert index_names(delivery) == indexes != []


def test_new_updated_and_unchanged_are_told_apart(delivery: Delivery) -> None:
    first = [lead("a", day=2), lead("a", day=2), lead("b", day=2), lead("b", "sal", day=3)]
    delivery.put("generic", "leads", "1.csv", as_csv(first))
    (load,) = delivery.land("generic")
    assert counts(load) == (4, 2, 1, 1, 0)

    # An older version of a known key is an update of its history; a copy is none.
    second = [lead("a", "inquiry", day=1), lead("a", day=2), lead("c", day=9)]
    delivery.put("generic", "leads", "2.csv", as_csv(second))
    (load,) = delivery.land("generic")
    assert counts(load) == (3, 1, 1, 1, 0)
    assert load.run_number == 2


def test_landing_a_night_again_changes_nothing(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a"), lead("b", updated_at="odd 1")]))
    delivery.put("generic", "users", "1.csv", b"user_id,name\nu1,Ann\n")
    delivery.land("generic")
    tables = ("loads", "load_files", "load_report", "quarantine")
    before = [delivery.query(f"select * from ops.{table} order by 1") for table in tables]  # noqa: S608
    raw = delivery.raw("raw_generic.leads") + delivery.raw("raw_generic.users")
    for _ in range(2):
        assert delivery.land("generic") == []
    assert delivery.raw("raw_generic.leads") + delivery.raw("raw_generic.users") == raw
    assert [delivery.query(f"select * from ops.{t} order by 1") for t in tables] == before  # noqa: S608


def test_a_corrected_file_of_the_same_name_is_landed_as_a_further_run(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a"), lead("b", updated_at="odd 1")]))
    delivery.land("generic")
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a"), lead("b", day=2)]))
    (load,) = delivery.land("generic")
    assert (load.run_number, counts(load)) == (2, (2, 1, 0, 1, 0))
    account = delivery.query("select run_number, rows_quarantined from ops.loads order by 1")
    assert [(r["run_number"], r["rows_quarantined"]) for r in account] == [(1, 1), (2, 0)]


def test_the_earliest_night_that_delivered_a_version_is_kept(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a"), lead("b")]), NIGHT)
    delivery.land("generic")
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a")]), date(2026, 4, 20))
    (late,) = delivery.land("generic")
    assert counts(late) == (1, 0, 0, 1, 0)
    a, b = delivery.raw("raw_generic.leads")
    assert (a["_first_night"], a["_load_id"]) == (date(2026, 4, 20), late.load_id)
    assert b["_first_night"] == NIGHT


def test_folders_after_the_night_wait(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a")]), date(2026, 5, 2))
    assert delivery.land("generic", NIGHT) == []
    assert len(delivery.land("generic", date(2026, 5, 2))) == 1


def test_what_has_no_stamp_of_its_own_is_stamped_by_its_folder(delivery: Delivery) -> None:
    delivery.put("generic", "users", "1.csv", b"user_id,name\nu1,Ann\n", date(2026, 4, 30))
    delivery.put("generic", "users", "1.csv", b"user_id,name,updated_at\nu1,Ann,\n"
                 b"u2,Bob,2026-01-01T00:00:00Z\n", NIGHT)  # fmt: skip
    delivery.land("generic")
    found = [
        (r["_key"], r["_stamp"], r["_stamp_from_folder"]) for r in delivery.raw("raw_generic.users")
    ]
    assert found == [
        ("u1", datetime(2026, 4, 30, tzinfo=UTC), True),
        ("u1", datetime(2026, 5, 1, tzinfo=UTC), True),
        ("u2", datetime(2026, 1, 1, tzinfo=UTC), False),
    ]


def test_an_optional_updated_at_takes_precedence_over_the_usual_stamp(delivery: Delivery) -> None:
    head = b"event_id,lead_id,field,new_value,occurred_at,recorded_at,updated_at\n"
    times = b"2026-04-01T00:00:00Z,2026-04-02T00:00:00Z"
    delivery.put("generic", "lead_events", "1.csv", head + b"e1,a,status,mql," + times
                 + b",2026-04-03T00:00:00Z\ne2,a,status,mql," + times + b",\n")  # fmt: skip
    delivery.land("generic")
    stamps = [r["_stamp"].day for r in delivery.raw("raw_generic.lead_events")]
    assert stamps == [3, 2]


def test_both_forms_of_a_salesforce_id_are_one_record(delivery: Delivery) -> None:
    head = b"Id,Status,CreatedDate,SystemModstamp\n"
    tail = b",Open,2026-04-01T00:00:00.000Z,2026-04-0%dT00:00:00.000Z\n"
    delivery.put(
        "salesforce", "Lead", "1.csv",
        head + b"00Q5g00000AbCdE" + tail % 1 + b"00Q5g00000AbCdEEAV" + tail % 2,
    )  # fmt: skip
    delivery.land("salesforce")
    rows = delivery.raw("raw_salesforce.lead")
    assert len({row["_key"] for row in rows}) == 1
    assert {row["id"] for row in rows} == {"00Q5g00000AbCdE", "00Q5g00000AbCdEEAV"}


def test_one_refused_object_does_not_stop_the_others(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "1.csv", b"")
    delivery.put("generic", "users", "1.csv", b"user_id,name\nu1,Ann\n")
    delivery.put("generic", "surprise", "1.csv", b"x\n")
    loads = {load.object: load for load in delivery.land("generic")}
    assert loads["leads"].error_name == "empty_file"
    assert loads["users"].status == "loaded"
    assert loads[""].status == "ignored"
    assert "1.csv" in str(loads["leads"].error_message)


def test_a_folder_refused_once_lands_when_it_is_put_right(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "1.csv", b"")
    assert delivery.land("generic")[0].status == "failed"
    delivery.put("generic", "leads", "1.csv", as_csv([lead()]))
    (load,) = delivery.land("generic")
    assert (load.status, load.run_number) == ("loaded", 2)


def test_a_run_that_lost_the_night_writes_nothing(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "1.csv", as_csv([lead()]))
    delivery.put("generic", "users", "1.csv", b"")
    with pytest.raises(StaleNightError):
        delivery.land("generic", fence=7)
    assert not delivery.raw("raw_generic.leads")
    assert not delivery.query("select * from ops.loads")


KILLED = """
import sys; from datetime import date; from pathlib import Path
from lead_handoff.landing import land_source
root, url = sys.argv[1:]
land_source("generic", date(2026, 5, 1), extracts_root=root, warehouse_url=url, fence=0,
            agreement_dir=Path(root), progress=lambda line: None)
"""


@pytest.mark.parametrize("step", ["landing:before_commit", "landing:after_commit"])
def test_a_load_killed_at_its_commit_is_whole_or_not_at_all(delivery: Delivery, step: str) -> None:
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a"), lead("b", updated_at="odd 1")]))
    delivery.land("generic")
    expected = versions(delivery), [counts(r) for r in _accounts(delivery)]
    delivery.empty()
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a"), lead("b", updated_at="odd 1")]))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(delivery.root), delivery.url],
        env=os.environ | {"HANDOFF_KILL_AT": step, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert bool(delivery.raw("raw_generic.leads")) == (step == "landing:after_commit")
    delivery.land("generic")
    assert (versions(delivery), [counts(r) for r in _accounts(delivery)]) == expected
    assert len(delivery.quarantine()) == 1


def _accounts(delivery: Delivery) -> list[Any]:
    from types import SimpleNamespace

    return [SimpleNamespace(**row) for row in delivery.query("select * from ops.loads")]


def test_rows_lost_between_reading_and_landing_are_named(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_clean = Stage.copy_clean

    def lose_a_row(self: Stage, *given: Any) -> None:
        *more, pieces = given
        whole = b"".join(pieces)
        copy_clean(self, *more, [whole[whole.index(b"\n") + 1 :]])

    monkeypatch.setattr(Stage, "copy_clean", lose_a_row)
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a"), lead("b")]))
    (load,) = delivery.land("generic")
    assert load.error_name == "rows_lost"
    assert not delivery.raw("raw_generic.leads")


def test_the_database_itself_refuses_an_account_that_does_not_add_up(delivery: Delivery) -> None:
    with psycopg.connect(delivery.url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "insert into ops.loads (night, source, object, status, rows_read, rows_new)"
            " values ('2026-05-01', 'generic', 'leads', 'loaded', 2, 1)"
        )


NAUGHTY = [
    "'; drop table ops.loads; --", '"', '""', "\\", "\\.", "\\N", "\\x00", "%s", "{0}", "$1",
    "{{ var('x') }}", "NULL", "None", "undefined", "true", "1e400", "=1+1", "ÅÍÎÏ˝ÓÔ", "田中さん",
    "𝕋𝕙𝕖", "👩‍👩‍👧‍👦", "\u200b", "\ufeff", "\u2028", "Ω≈ç√∫", "a\tb", "a\nb", "a\r\nb", "\x7f",
    "\x1b[31m",
    "\u202etest", "<script>alert(0)</script>", "../../etc/passwd", " ", "  x  ", "\uffff", "ﬃ",
    "x" * 100_000, "1;2;3", "a,b", "İ", "ß", "\u0001", "\x1f",
]  # fmt: skip


@pytest.mark.parametrize("write", [as_csv, as_jsonl], ids=["csv", "jsonl"])
def test_any_text_lands_exactly_as_delivered(delivery: Delivery, write: Any) -> None:
    rows = [lead(f"k{i:03}", email=text) for i, text in enumerate(NAUGHTY)]
    delivery.put("generic", "leads", f"1.{write.__name__[3:]}", write(rows))
    (load,) = delivery.land("generic")
    assert load.rows_new == len(NAUGHTY), load
    assert [row["email"] for row in delivery.raw("raw_generic.leads")] == NAUGHTY


def test_a_value_that_imitates_another_column_makes_a_version_of_its_own(
    delivery: Delivery,
) -> None:
    plain = lead("a", email="x", first_name="y")
    imitating = lead("a", email="x\x1ffirst_name=y", first_name="")
    delivery.put("generic", "leads", "1.csv", as_csv([plain, imitating]))
    (load,) = delivery.land("generic")
    assert counts(load) == (2, 1, 1, 0, 0)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Santiago"])
def test_bytes_and_judged_values_land_the_same(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch, line_end: str, zone: str
) -> None:
    """What COPY makes of a record's bytes is what the exact parser makes of them."""
    rows = [lead(f"k{i:03}", email=text, score="") for i, text in enumerate(NAUGHTY)]
    day = datetime(2025, 1, 1, 2, 30, tzinfo=UTC)
    for number in range(365):
        local = f"{day + timedelta(days=number):%Y-%m-%d %H:%M:%S}"
        rows.append(lead(f"d{number:03}", updated_at=local))
    content = as_csv(rows).replace(b"\n", line_end.encode())
    delivery.zone("generic", zone)
    delivery.put("generic", "leads", "1.csv", content)
    delivery.land("generic")
    expected = versions(delivery)
    assert len(expected) > 400
    delivery.empty()
    delivery.zone("generic", zone)
    delivery.put("generic", "leads", "1.csv", content)
    monkeypatch.setattr(file_load, "screen", lambda block, *_: block.table.crlf & False)
    delivery.land("generic")
    assert versions(delivery) == expected


def test_moments_mean_the_same_to_landing_and_to_the_database(delivery: Delivery) -> None:
    stamps = [
        f"{day}{between}{clock}{fraction}{offset}"
        for day, between, clock, fraction, offset in itertools.product(
            ["2026-04-01", "1999-12-31"], "T ", ["00:00:00", "23:59:59"],
            ["", ".5", ".1234567", ".999999999"], ["Z", "z", "+02", "-0330", " +05:45"],
        )
    ]  # fmt: skip
    rows = [lead(f"k{i:04}", updated_at=text) for i, text in enumerate(stamps)]
    delivery.put("generic", "leads", "1.csv", as_csv(rows))
    (load,) = delivery.land("generic")
    assert load.rows_new == len(stamps)
    differing = delivery.query(
        "select updated_at, _stamp from raw_generic.leads where _stamp <> updated_at::timestamptz"
    )
    assert not differing


class TestDrift:
    """What happens when a source's columns change."""

    def test_a_new_column_is_added_and_kept(self, delivery: Delivery) -> None:
        delivery.put("generic", "leads", "1.csv", as_csv([lead("a")]), date(2026, 4, 1))
        delivery.put("generic", "leads", "1.csv", as_csv([lead("b", Colour="blue")]))
        delivery.land("generic")
        assert [r["colour"] for r in delivery.raw("raw_generic.leads")] == [None, "blue"]
        assert delivery.report() == {"extra_column": "Colour -> colour"}

    def test_a_null_new_column_makes_no_new_version(self, delivery: Delivery) -> None:
        delivery.put("generic", "leads", "1.csv", as_csv([lead("a")]), date(2026, 4, 1))
        delivery.put("generic", "leads", "1.csv", as_csv([lead("a", Colour="")]))
        delivery.land("generic")
        assert len(delivery.raw("raw_generic.leads")) == 1

    def test_the_order_of_columns_does_not_matter(self, delivery: Delivery) -> None:
        delivery.put("generic", "leads", "1.csv", as_csv([lead("a")]))
        delivery.put("generic", "leads", "2.csv", as_csv([lead("a")], COLUMNS[::-1]))
        (load,) = delivery.land("generic")
        assert counts(load) == (2, 1, 0, 1, 0)

    def test_names_that_would_meet_in_one_column_are_kept_apart(self, delivery: Delivery) -> None:
        names = {"My Field": "1", "my_field": "2", "MyField": "3", "_key": "4", "Größe": "5"}
        names |= {"Status ": "6", "x" * 80: "7", 'a"; drop table ops.loads; --': "8", "!!": "9"}
        names.pop("Status ")
        delivery.put("generic", "leads", "1.csv", as_csv([lead("a", **names)]))
        (load,) = delivery.land("generic")
        assert load.status == "loaded", load
        (row,) = delivery.values("raw_generic.leads")
        assert sorted(v for v in row.values() if len(v) == 1) == sorted(["a", *names.values()])
        assert {"extra_column", "column_renamed"} <= set(delivery.report())

    @pytest.mark.parametrize("count", [500, 1_990])
    def test_files_too_wide_for_a_table_keep_their_columns_in_the_overflow(
        self, delivery: Delivery, count: int
    ) -> None:
        extra = {f"extra_{i}": f"value {i} and some more text" for i in range(count)}
        delivery.put("generic", "leads", "1.csv", as_csv([lead("a", **extra)]))
        (load,) = delivery.land("generic")
        assert load.status == "loaded", load
        (row,) = delivery.raw("raw_generic.leads")
        kept = {k: v for k, v in row.items() if k.startswith("extra_") and v} | row["_overflow"]
        assert kept == extra
        assert delivery.land("generic") == []

    def test_folders_are_found_whatever_their_case(self, delivery: Delivery) -> None:
        delivery.put("generic", " Leads ", "1.csv", as_csv([lead("a")]))
        (load,) = delivery.land("generic")
        assert load.rows_new == 1
        assert "object_folder_form" in delivery.report()

    def test_two_folders_of_one_object_are_refused(self, delivery: Delivery) -> None:
        delivery.put("generic", "leads", "1.csv", as_csv([lead("a")]))
        delivery.put("generic", "Leads", "1.csv", as_csv([lead("a")]))
        (load,) = delivery.land("generic")
        assert load.error_name == "duplicate_object_folder"


class TestRoots:
    """Where extracts may lie."""

    def test_an_object_store_is_read_like_a_folder(self, delivery: Delivery) -> None:
        from upath import UPath

        root = UPath("memory://landing-test/extracts")
        folder = root / "generic" / "leads" / "2026-05-01"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "1.csv").write_bytes(as_csv([lead("a")]))
        assert discover_sources(str(root)) == ["generic"]

        def land() -> list[Any]:
            return land_source(
                "generic", NIGHT, extracts_root=str(root), warehouse_url=delivery.url, fence=0,
                agreement_dir=delivery.agreement, progress=delivery.lines.append,
            )  # fmt: skip

        (load,) = land()
        assert (load.status, load.rows_new) == ("loaded", 1), load
        assert land() == []

    def test_a_root_that_is_not_there_is_named(self, delivery: Delivery) -> None:
        delivery.root = delivery.root / "nowhere"
        with pytest.raises(HandoffError, match="nowhere does not exist"):
            delivery.land("generic")
        delivery.root = delivery.root.parent

    def test_an_unknown_zone_is_named(self, delivery: Delivery) -> None:
        delivery.zone("generic", "Europe/Atlantis")
        with pytest.raises(SourceError, match="Europe/Atlantis"):
            delivery.land("generic")

    def test_sources_are_found_by_their_folders(self, delivery: Delivery) -> None:
        for name in ("salesforce", "generic", "elsewhere"):
            (delivery.root / name).mkdir()
        assert discover_sources(str(delivery.root)) == ["salesforce", "generic"]


def test_every_night_is_accounted_for_by_an_independent_count(delivery: Delivery) -> None:
    rows = [lead(f"k{i}", updated_at="nonsense 9" if i % 4 == 0 else "2026-04-02") for i in
            range(100)]  # fmt: skip
    delivery.put("generic", "leads", "1.csv", as_csv(rows[:60]))
    delivery.put("generic", "leads", "2.csv", as_csv(rows[40:]))
    (load,) = delivery.land("generic", limits=Limits(bad_row_share=0.5))
    assert counts(load) == (120, 75, 0, 15, 30)
    files = delivery.query("select file_name, rows_read from ops.load_files order by 1")
    assert [(f["file_name"], f["rows_read"]) for f in files] == [("1.csv", 60), ("2.csv", 60)]


def test_progress_names_each_file_with_rows_and_seconds(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a")]))
    delivery.land("generic")
    assert delivery.lines[0].startswith("generic leads 2026-05-01 1.csv: 1 rows, 0 quarantined, ")
    assert delivery.lines[0].endswith(" s")
    assert Path(delivery.root).exists()


def test_a_folder_that_cannot_be_listed_is_refused_alone(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery.put("generic", "leads", "1.csv", as_csv([lead("a")]))
    delivery.put("generic", "users", "1.csv", b"user_id,name\nu1,Ann\n")
    listed = Path.iterdir

    def refuse_leads(self: Path) -> Any:
        if self.name == "leads":
            raise PermissionError(13, "Permission denied")
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", refuse_leads)
    loads = {load.object: load for load in delivery.land("generic")}
    assert loads["leads"].error_name == "unreadable_folder"
    assert loads["users"].status == "loaded"


def test_a_statement_that_the_database_refuses_fails_one_object_without_its_values(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery.put("generic", "leads", "1.csv", as_csv([lead("canary")]))
    delivery.put("generic", "users", "1.csv", b"user_id,name\nu1,Ann\n")

    def corrupt(self: Stage, *given: Any) -> None:
        if self.spec.name == "leads":
            self.cursor.execute("select 'canary'::timestamptz")
        Stage.__dict__["_count"](self, *given)

    monkeypatch.setattr(Stage, "keep_quarantine", lambda self, *given: corrupt(self, QUARANTINE))
    loads = {load.object: load for load in delivery.land("generic")}
    assert loads["leads"].error_name == "database_error"
    assert "canary" not in str(delivery.query("select * from ops.loads")) + str(delivery.lines)
    assert loads["users"].status == "loaded"
