"""A month is frozen, drawn once, written whole, and can be redrawn by anyone."""

import csv
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from consistent_sampler import sampler as reference_sampler

from lead_handoff.review import ledger, verify
from lead_handoff.review.draw import DrawResult, draw_month, freeze_month
from lead_handoff.review.errors import (
    BadMonthError,
    BadSeedError,
    FilesChangedError,
    OpenMonthError,
    PolicyError,
    PopulationChangedError,
    RedrawError,
    ReviewError,
)
from tests.warehouse.review.conftest import SEED
from tests.warehouse.review.small_company import SmallCompany, large_may, may_of, write_agreement

Draw = Callable[..., DrawResult]


@pytest.fixture
def may(warehouse: Any, company: SmallCompany) -> SmallCompany:
    may_of(company, 200)
    company.publish(warehouse.url())
    return company


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def rows_of(result: DrawResult, name: str) -> list[dict[str, str]]:
    with (result.folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def log(warehouse: Any) -> list[tuple[str, dict[str, Any]]]:
    with psycopg.connect(warehouse.url()) as connection:
        return connection.execute("select event, detail from review.log order by entry").fetchall()


@pytest.mark.usefixtures("may")
def test_the_sample_is_that_of_the_reference_in_each_stratum(draw: Draw) -> None:
    result = draw()
    members = [
        json.loads(line)
        for line in (result.folder / "population.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len(members) == result.population_size == 200
    manifest = json.loads(result.manifest.read_text(encoding="utf-8"))
    assert sum(count.sample for count in result.strata) == result.sample_size == 30
    for count in result.strata:
        ids = [m["handoff_id"] for m in members if (m["team"], m["exit_kind"]) == count.stratum]
        assert len(ids) == count.population
        wanted = list(reference_sampler(ids, seed=SEED, take=count.sample, output="id"))
        drawn = [c["handoff_id"] for c in manifest["sample"] if c["stratum"] == list(count.stratum)]
        assert drawn == wanted
        assert count.sample >= min(2, count.population)


def test_a_large_month_is_frozen_in_little_memory_and_drawn_soon(
    warehouse: Any, company: SmallCompany, draw: Draw, agreement: Path
) -> None:
    company.publish(warehouse.url())
    large_may(warehouse.url(), 40_000)
    tracemalloc.start()
    try:
        frozen = freeze_month("2026-05", warehouse_url=warehouse.url(), agreement_dir=agreement)
        # Held at once, the members' ids alone would take more than this.
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert frozen.population_size == 40_000
    began = time.process_time()
    assert draw().population_size == 40_000
    # `make bench-review` holds a million to 20 s; this only notices what grows with the square.
    assert time.process_time() - began < 5


@pytest.mark.usefixtures("may")
def test_the_verifier_beside_the_manifest_says_yes(draw: Draw) -> None:
    result = draw()
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(result.folder / "verify.py"), str(result.manifest)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "yes: all 30 cases are redrawn\n")


@pytest.mark.usefixtures("may")
def test_weights_add_up_to_the_population(warehouse: Any, draw: Draw) -> None:
    draw()
    with psycopg.connect(warehouse.url()) as connection:
        total = connection.execute(
            "select round(sum(inclusion_weight), 6) from review.sample"
        ).fetchone()
    assert total == (200,)


@pytest.mark.usefixtures("may")
def test_drawing_again_changes_nothing(warehouse: Any, draw: Draw) -> None:
    first = draw()
    before = contents(first.folder)
    again = draw(seed=None)
    assert (first.newly_drawn, again.newly_drawn) == (True, False)
    assert again.seed == SEED
    assert contents(first.folder) == before
    assert [event for event, _ in log(warehouse)] == ["frozen", "drawn", "written", "compared"]
    draw()
    assert len(log(warehouse)) == 4


@pytest.mark.usefixtures("may")
def test_lost_files_come_back_to_the_byte(draw: Draw) -> None:
    first = draw()
    before = contents(first.folder)
    shutil.rmtree(first.folder)
    draw()
    assert contents(first.folder) == before


@pytest.mark.usefixtures("may")
def test_files_are_for_their_owner_alone(draw: Draw, tmp_path: Path) -> None:
    result = draw()
    assert stat.S_IMODE(result.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in result.folder.iterdir()} == {0o600}
    assert {path.name for path in result.files} == set(contents(result.folder))
    left = [path.name for path in (tmp_path / "review").iterdir()]
    assert sorted(left) == [".pseudonym-key", "2026-05"]


@pytest.mark.usefixtures("may")
def test_a_filled_in_workbook_is_left_alone(draw: Draw) -> None:
    first = draw()
    first.workbook.write_bytes(b"verdicts")
    again = draw()
    assert first.workbook.read_bytes() == b"verdicts"
    assert again.kept_files == (first.workbook.name,)


@pytest.mark.usefixtures("may")
@pytest.mark.parametrize("name", ["population.jsonl", "manifest.json"])
def test_altered_evidence_on_disk_is_refused(draw: Draw, name: str) -> None:
    path = draw().folder / name
    before = path.read_bytes()
    path.write_bytes(before.replace(b"East", b"West", 1))
    with pytest.raises(FilesChangedError, match=name):
        draw()
    path.unlink()
    draw()
    assert path.read_bytes() == before


@pytest.mark.usefixtures("may")
def test_a_folder_of_another_draw_is_not_drawn_into(
    warehouse: Any, draw: Draw, tmp_path: Path
) -> None:
    folder = tmp_path / "review" / "2026-05"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(FilesChangedError, match="move the folder away"):
        draw()
    assert [event for event, _ in log(warehouse)] == ["frozen", "refused"]


@pytest.mark.usefixtures("may")
def test_the_system_makes_a_seed_of_20_digits_after_the_freeze(draw: Draw) -> None:
    result = draw(seed=None)
    assert result.seed.isdigit()
    assert len(result.seed) == 20
    assert result.seed_origin == "system"
    assert verify.main(str(result.manifest)) == 0


@pytest.mark.usefixtures("may")
def test_where_nobody_gives_a_seed_the_one_that_was_agreed_at_the_freeze_counts(
    warehouse: Any, draw: Draw, agreement: Path
) -> None:
    write_agreement(agreement, default_seed="314159")
    freeze_month("2026-05", warehouse_url=warehouse.url(), agreement_dir=agreement)
    write_agreement(agreement, default_seed="chosen with the population in sight")
    result = draw(seed=None)
    assert (result.seed, result.seed_origin) == ("314159/2026-05", "agreed")
    assert verify.main(str(result.manifest)) == 0


@pytest.mark.usefixtures("may")
def test_a_seed_told_after_the_freeze_is_known_as_such(
    warehouse: Any, agreement: Path, draw: Draw
) -> None:
    frozen = freeze_month("2026-05", warehouse_url=warehouse.url(), agreement_dir=agreement)
    assert frozen.seed is None
    result = draw()
    assert result.seed_origin == "given"
    assert result.population_sha256 == frozen.population_sha256


@pytest.mark.usefixtures("may")
def test_a_seed_told_before_the_freeze_is_known_as_such(draw: Draw) -> None:
    result = draw()
    assert result.seed_origin == "given_with_freeze"
    assert json.loads(result.manifest.read_text())["seed_origin"] == "given_with_freeze"


def test_the_draw_uses_what_was_frozen_whatever_is_published_meanwhile(
    warehouse: Any, may: SmallCompany, agreement: Path, draw: Draw
) -> None:
    frozen = freeze_month("2026-05", warehouse_url=warehouse.url(), agreement_dir=agreement)
    out = datetime(2026, 5, 6, tzinfo=UTC)
    may.handoff("late", "rejected", exit_at=out)
    may.rows["fct_handoffs"][0]["team_at_offer"] = "Nowhere"
    may.publish(warehouse.url(), slot="slot_green")
    write_agreement(agreement, sample_size="7", strata="team")
    result = draw()
    assert result.population_sha256 == frozen.population_sha256
    assert (result.population_size, result.sample_size) == (200, 30)


# -- refusals ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("may")
def test_a_second_seed_is_refused_and_logged(warehouse: Any, draw: Draw) -> None:
    first = draw()
    before = contents(first.folder)
    with pytest.raises(RedrawError, match=SEED):
        draw(seed="1")
    assert contents(first.folder) == before
    event, detail = log(warehouse)[-1]
    assert (event, detail["error"]) == ("refused", "RedrawError")


@pytest.mark.usefixtures("may")
def test_a_smaller_sample_after_the_draw_is_not_drawn(draw: Draw, agreement: Path) -> None:
    first = draw()
    write_agreement(agreement, sample_size="5")
    assert draw().sample_size == first.sample_size == 30


def test_an_open_month_is_refused_and_logged(
    warehouse: Any, may: SmallCompany, draw: Draw, tmp_path: Path
) -> None:
    may.publish(warehouse.url(), as_of=datetime(2026, 5, 31, tzinfo=UTC))
    with pytest.raises(OpenMonthError):
        draw()
    assert [(event, detail["error"]) for event, detail in log(warehouse)] == [
        ("refused", "OpenMonthError")
    ]
    assert not (tmp_path / "review" / "2026-05").exists()


@pytest.mark.usefixtures("may")
@pytest.mark.parametrize(
    ("changes", "error"),
    [({"month": "2026-5"}, BadMonthError), ({"seed": " 1"}, BadSeedError)],
)
def test_what_cannot_be_meant_is_refused(
    draw: Draw, changes: dict[str, str], error: type[ReviewError]
) -> None:
    with pytest.raises(error):
        draw(**changes)


@pytest.mark.usefixtures("may")
def test_a_policy_that_cannot_be_used_freezes_nothing(
    warehouse: Any, draw: Draw, agreement: Path
) -> None:
    write_agreement(agreement, strata="rep")
    with pytest.raises(PolicyError):
        draw()
    assert [event for event, _ in log(warehouse)] == ["refused"]
    write_agreement(agreement)
    assert draw().newly_drawn


@pytest.mark.usefixtures("may")
@pytest.mark.parametrize(
    "change",
    [
        "update review.population set team = 'West' where handoff_id ="
        " (select min(handoff_id) from review.population where team = 'East')",
        "delete from review.population where handoff_id ="
        " (select max(handoff_id) from review.population)",
        "insert into review.population (month, handoff_id, exit_kind, decided_at)"
        " values ('2026-05', 'added', 'rejected', '2026-05-05')",
    ],
)
def test_a_population_changed_after_the_freeze_is_refused(
    warehouse: Any, agreement: Path, draw: Draw, change: str
) -> None:
    freeze_month("2026-05", warehouse_url=warehouse.url(), agreement_dir=agreement)
    with psycopg.connect(warehouse.url("admin")) as connection:
        connection.execute("set session_replication_role = replica")  # past the triggers
        connection.execute(change)
    with pytest.raises(PopulationChangedError):
        draw()
    with psycopg.connect(warehouse.url()) as connection:
        assert connection.execute("select count(*) from review.sample").fetchone() == (0,)
        assert connection.execute("select seed from review.draws").fetchone() == (None,)


RECORD_CHANGES = [
    "update review.population set team = 'West'",
    "delete from review.population",
    "truncate review.population cascade",
    "update review.sample set rank = 1",
    "delete from review.sample",
    "update review.log set event = 'x'",
    "delete from review.log",
    "truncate review.log",
    "update review.draws set seed = '1'",
    "update review.draws set population_sha256 = 'x'",
    "delete from review.draws",
]


@pytest.mark.usefixtures("may")
def test_the_record_is_never_changed(warehouse: Any, draw: Draw) -> None:
    draw()
    for change in RECORD_CHANGES:
        with (
            psycopg.connect(warehouse.url()) as connection,
            pytest.raises(psycopg.Error, match=r"never changed|drawn once"),
        ):
            connection.execute(change)


@pytest.mark.usefixtures("may")
def test_a_rewritten_log_breaks_its_chain(warehouse: Any, draw: Draw) -> None:
    draw()
    with psycopg.connect(warehouse.url("admin")) as connection:
        assert ledger.first_broken_entry(connection) is None
        connection.execute("set session_replication_role = replica")
        connection.execute(
            """update review.log set detail = jsonb_set(detail, '{seed}', '"1"')"""
            " where event = 'drawn'"
        )
        assert ledger.first_broken_entry(connection) == 2


@pytest.mark.usefixtures("may")
def test_nobody_but_the_owner_reads_the_record(warehouse: Any, draw: Draw) -> None:
    draw()
    for role in ("analyst", "loader", "transformer"):
        with (
            psycopg.connect(warehouse.url(role)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("select * from review.sample")


# -- whole or not at all ----------------------------------------------------------------------

STEPS = [
    "review.before_freeze_commit",
    "review.after_freeze_commit",
    "review.before_sample_recorded",
    "review.before_draw_commit",
    "review.after_draw_commit",
    "review.before_files",
    "review.after_attributes.csv",
    "review.after_population.jsonl",
    "review.after_manifest.json",
]


@pytest.mark.slow
@pytest.mark.usefixtures("may")
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_draw_is_finished_by_the_next_call(
    warehouse: Any, draw: Draw, agreement: Path, tmp_path: Path, step: str
) -> None:
    code = (
        "import sys; from pathlib import Path; from lead_handoff.review.draw import draw_month;"
        "draw_month('2026-05', warehouse_url=sys.argv[1], out_dir=Path(sys.argv[2]),"
        " seed=sys.argv[3], agreement_dir=Path(sys.argv[4]))"
    )
    out = tmp_path / "review"
    killed = subprocess.run(
        [sys.executable, "-c", code, warehouse.url(), str(out), SEED, str(agreement)],
        env={**os.environ, "HANDOFF_KILL_AT": step, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert killed.returncode == -9, "the step was not reached"
    result = draw()
    assert verify.main(str(result.manifest)) == 0
    expected = {"2026-05", ".pseudonym-key"}
    assert {path.name for path in out.iterdir()} == expected
    finished = contents(result.folder)
    assert set(finished) == {path.name for path in result.files}
    manifest = json.loads(finished["manifest.json"])
    assert (manifest["seed"], len(manifest["sample"])) == (SEED, 30)
    draw()
    assert contents(result.folder) == finished


@pytest.mark.usefixtures("may")
def test_calls_at_the_same_time_make_one_draw(
    warehouse: Any, agreement: Path, tmp_path: Path
) -> None:
    def call(_: int) -> DrawResult:
        return draw_month(
            "2026-05",
            warehouse_url=warehouse.url(),
            out_dir=tmp_path / "review",
            agreement_dir=agreement,
        )

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(call, range(6)))
    assert len({result.seed for result in results}) == 1
    assert [result.newly_drawn for result in results].count(True) == 1
    assert verify.main(str(results[0].manifest)) == 0
    assert [event for event, _ in log(warehouse)].count("drawn") == 1


# -- the same everywhere ----------------------------------------------------------------------


@pytest.mark.usefixtures("may")
def test_the_same_population_and_seed_give_the_same_bytes_whatever_the_order_of_rows(
    warehouse: Any, module_warehouse: Any, may: SmallCompany, agreement: Path, tmp_path: Path
) -> None:
    def drawn(url: str, out: Path) -> dict[str, bytes]:
        out.mkdir()
        (out / ".pseudonym-key").write_bytes(b"k" * 32)
        result = draw_month(
            "2026-05", warehouse_url=url, out_dir=out, seed=SEED, agreement_dir=agreement
        )
        return contents(result.folder)

    first = drawn(warehouse.url(), tmp_path / "first")
    for rows in may.rows.values():
        random.Random(5).shuffle(rows)
    may.publish(module_warehouse.url())
    second = drawn(module_warehouse.url(), tmp_path / "second")
    for one in (first, second):  # says when it was drawn
        manifest = json.loads(one.pop("manifest.json"))
        one["sample"] = json.dumps([manifest["sample"], manifest["files"]]).encode()
    assert first == second


@pytest.mark.usefixtures("may")
def test_another_review_folder_has_other_pseudonyms(
    draw: Draw, warehouse: Any, tmp_path: Path
) -> None:
    result = draw()
    with psycopg.connect(warehouse.url()) as connection:
        tokens = connection.execute("select handoff_id, case_token from review.sample").fetchall()
    assert len({token for _, token in tokens}) == 30
    key = (tmp_path / "review" / ".pseudonym-key").read_bytes()
    assert len(key) == 32
    text = (result.folder / "cases.csv").read_text(encoding="utf-8-sig")
    assert all(token in text and handoff_id not in text for handoff_id, token in tokens)


def test_no_name_id_address_or_number_reaches_the_case_files(
    warehouse: Any, may: SmallCompany, draw: Draw, agreement: Path
) -> None:
    canaries = [row["name"] for row in may.rows["dim_users"]]
    canaries += [row["user_id"] for row in may.rows["dim_users"]]
    canaries += ["canary@example.com", "+1 555 010 9999"]
    for row in may.rows["fct_handoffs"]:
        row["rejection_reason"] = "wrote to canary@example.com and called +1 555 010 9999"
    for row in may.rows["fct_stage_transitions"]:
        row["reason"] = "ask canary@example.com, tel +1 555 010 9999"
    may.publish(warehouse.url())
    write_agreement(agreement, census="true")
    result = draw()
    assert result.sample_size == 200
    shown = b"".join(
        content for name, content in contents(result.folder).items() if name.endswith(".csv")
    )
    shown += _texts_of(result.workbook)
    assert b"[address removed]" in shown
    found = [canary for canary in canaries if canary.encode() in shown]
    ids = [row for row in may.rows["fct_handoffs"] if row["handoff_id"].encode() in shown]
    leads = [row for row in may.rows["fct_handoffs"] if row["lead_id"].encode() in shown]
    assert (found, ids, leads) == ([], [], [])


def _texts_of(path: Path) -> bytes:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


# -- months out of the ordinary ---------------------------------------------------------------


def test_a_month_without_exits_gives_an_empty_draw(
    warehouse: Any, company: SmallCompany, draw: Draw
) -> None:
    company.publish(warehouse.url())
    result = draw()
    assert (result.population_size, result.sample_size, result.strata) == (0, 0, ())
    assert verify.main(str(result.manifest)) == 0


def test_a_small_month_is_reviewed_whole(warehouse: Any, company: SmallCompany, draw: Draw) -> None:
    may_of(company, 25)
    company.publish(warehouse.url())
    assert draw().sample_size == 25


@pytest.mark.usefixtures("may")
def test_a_machines_exits_are_a_stratum_of_their_own_under_any_policy(
    draw: Draw, agreement: Path
) -> None:
    write_agreement(agreement, strata="team")
    strata = {count.stratum for count in draw().strata}
    assert strata == {(team, who) for team in ("East", "West", "Europe") for who in ("", "machine")}


def test_marts_that_a_small_pipeline_lacks_are_done_without(
    warehouse: Any, may: SmallCompany, draw: Draw
) -> None:
    with psycopg.connect(warehouse.url()) as connection:
        connection.execute("drop view marts.fct_sla_compliance, marts.fct_handoff_attributes")
    result = draw()
    assert "not known" in (result.folder / "attributes.csv").read_text(encoding="utf-8-sig")


def test_evidence_ends_with_the_next_handoff_and_the_frozen_day(
    warehouse: Any, company: SmallCompany, draw: Draw, agreement: Path
) -> None:
    out = datetime(2026, 5, 6, tzinfo=UTC)
    company.handoff("first", "rejected", exit_at=out, lead_id="same lead")
    later = datetime(2026, 5, 20, tzinfo=UTC)
    company.handoff("second", "pending", offered_at=later, lead_id="same lead")
    company.publish(warehouse.url())
    freeze_month("2026-05", warehouse_url=warehouse.url(), agreement_dir=agreement)
    company.add(
        "fct_touches",
        touch_id="after the freeze",
        handoff_id="first",
        user_id="rep-1",
        channel="call",
        occurred_at=datetime(2026, 6, 5, tzinfo=UTC),
    )
    company.publish(warehouse.url(), as_of=datetime(2026, 6, 9, tzinfo=UTC), slot="slot_green")
    timeline = rows_of(draw(), "timeline.csv")
    assert [(row["Event"], row["What"]) for row in timeline] == [
        ("Handed over", "inquiry → mql"),
        ("Clock", "response due"),
        ("Exit", "mql → rejected"),
    ]


def test_people_are_called_by_what_they_are_and_the_exit_says_its_reason(
    warehouse: Any, company: SmallCompany, draw: Draw
) -> None:
    out = datetime(2026, 5, 6, tzinfo=UTC)
    company.handoff(
        "case", "rejected", exit_at=out, rejection_reason="No budget", touches_before_rejection=2
    )
    company.rows["fct_stage_transitions"][-1]["reason"] = None  # kept in a field of the lead
    for user_id, hour in (("bdr-1", 15), ("rep-1", 16), ("somebody who left", 17)):
        company.add(
            "fct_touches",
            touch_id=user_id,
            handoff_id="case",
            user_id=user_id,
            channel="call",
            occurred_at=datetime(2026, 5, 4, hour, tzinfo=UTC),
            is_late_logged=user_id == "rep-1",
        )
    company.publish(warehouse.url())
    result = draw()
    shown = [
        f"{row['When'][5:16]} "
        + " | ".join(row[title] for title in ("Event", "What", "Who", "Reason or remark"))
        for row in rows_of(result, "timeline.csv")
    ]
    assert shown == [
        "05-04 10:00 Handed over | inquiry → mql | Automation | ",
        "05-04 11:00 Touch | call | Person 1 (bdr) | ",
        "05-04 12:00 Touch | call | Owner (rep) | logged late",
        "05-04 13:00 Touch | call | Person 2 | ",
        "05-04 18:00 Clock | response due |  | ",
        "05-05 20:00 Exit | mql → rejected | Owner (rep) | No budget",
    ]
    assert [row["Touches made"] for row in rows_of(result, "cases.csv")] == ["2"]
