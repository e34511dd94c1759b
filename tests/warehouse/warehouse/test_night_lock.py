"""One night at a time; a night that was taken over writes no more."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from lead_handoff.warehouse import night_lock
from lead_handoff.warehouse.night_lock import NightLockedError, StaleNightError

MAY_1 = datetime(2026, 5, 1, tzinfo=UTC)

STARTER = """
    import sys, time
    import psycopg
    from lead_handoff.warehouse import night_lock
    owner, run_id, start_at = sys.argv[1], sys.argv[2], float(sys.argv[3])
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("select 1")
        time.sleep(max(0, start_at - time.time()))
        with night_lock.holding(owner, run_id):
            try:
                print("runs", night_lock.acquire(connection, run_id), flush=True)
            except night_lock.NightLockedError as error:
                print("refused", error, flush=True)
                sys.exit(3)
            sys.stdin.read()
"""

WRITER = """
    import sys
    import psycopg
    from lead_handoff.warehouse import night_lock
    owner, loader, run_id = sys.argv[1:4]
    with psycopg.connect(owner, autocommit=True) as connection, \\
            night_lock.holding(owner, run_id):
        fence = night_lock.acquire(connection, run_id)
        print("runs", fence, flush=True)
        for night in range(1000):
            sys.stdin.readline()
            try:
                with night_lock.writing(loader, fence, "land") as cursor:
                    cursor.execute(
                        "insert into ops.loads (fence, night, source, object, status)"
                        " values (%s, '2026-05-01', 'a', 'b', 'failed')", (fence,))
                    print("inserted", flush=True)
                    sys.stdin.readline()
                print("committed", flush=True)
            except night_lock.StaleNightError as error:
                print("stale", error, flush=True)
"""


def start(script: str, *arguments: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": "plugins"},
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str], text: str = "") -> None:
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()


@contextmanager
def ended(*processes: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.fixture
def owner(warehouse: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url("owner"), autocommit=True) as connection:
        yield connection


def loads(connection: psycopg.Connection) -> int:
    row = connection.execute("select count(*) from ops.loads").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.slow
@pytest.mark.parametrize("starters", [2, 3, 4, 8])
def test_of_nights_started_at_once_exactly_one_runs(
    warehouse: Any, owner: psycopg.Connection, starters: int
) -> None:
    begin = time.time() + 2.5
    processes = [
        start(STARTER, warehouse.url("owner"), f"run-{number}", begin) for number in range(starters)
    ]
    with ended(*processes):
        said = [line(process) for process in processes]
        winners = [text for text in said if text.startswith("runs")]
        refused = [text for text in said if text.startswith("refused")]
        assert (len(winners), len(refused)) == (1, starters - 1)
        winner = said.index(winners[0])
        assert all(f"run-{winner} (host" in text for text in refused)


def test_a_night_that_was_killed_frees_the_lock_at_once(
    warehouse: Any, owner: psycopg.Connection
) -> None:
    killed = start(STARTER, warehouse.url("owner"), "killed", 0)
    with ended(killed):
        assert line(killed) == "runs 1"
        with pytest.raises(NightLockedError, match="killed"):
            night_lock.acquire(owner, "next")
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        deadline = time.monotonic() + 5
        while night_lock.living_holder(owner) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert night_lock.acquire(owner, "next") == 2


def test_the_refused_one_hears_who_holds_the_night_and_what_to_do(
    warehouse: Any, owner: psycopg.Connection
) -> None:
    with night_lock.holding(warehouse.url("owner"), "nightly-1"):
        night_lock.acquire(owner, "nightly-1", as_of=MAY_1)
        with pytest.raises(NightLockedError) as refused:
            night_lock.acquire(owner, "nightly-2")
    text = str(refused.value)
    assert re.search(r"nightly-1 \(host .+, process \d+\), as of 2026-05-01T00:00", text)
    assert "since 20" in text
    assert "Wait until it has finished" in text


def test_a_lease_keeps_the_night_between_the_tasks_of_a_scheduled_run(
    owner: psycopg.Connection,
) -> None:
    night_lock.acquire(owner, "scheduled", lease_seconds=60)
    with pytest.raises(NightLockedError, match=r"keeps the night until .*--take-over"):
        night_lock.acquire(owner, "other")
    night_lock.renew(owner, "scheduled", 0)
    assert night_lock.acquire(owner, "other") == 2


def test_a_run_may_take_its_own_night_again(owner: psycopg.Connection) -> None:
    assert night_lock.acquire(owner, "scheduled", lease_seconds=60) == 1
    assert night_lock.acquire(owner, "scheduled", lease_seconds=60) == 2
    assert night_lock.advance(owner, "scheduled", lease_seconds=60) == 3


def test_a_run_that_was_replaced_cannot_go_on(owner: psycopg.Connection) -> None:
    night_lock.acquire(owner, "first")
    night_lock.acquire(owner, "second")
    with pytest.raises(StaleNightError, match="second"):
        night_lock.advance(owner, "first")
    night_lock.release(owner, "second")
    with pytest.raises(StaleNightError, match="given back"):
        night_lock.advance(owner, "first")


def test_giving_back_a_night_of_somebody_else_does_nothing(owner: psycopg.Connection) -> None:
    night_lock.acquire(owner, "first", lease_seconds=60)
    assert not night_lock.release(owner, "second")
    assert night_lock.living_holder(owner) is not None
    assert night_lock.release(owner, "first")
    assert night_lock.living_holder(owner) is None


def test_nothing_is_written_under_a_fence_that_was_given_back(
    warehouse: Any, owner: psycopg.Connection
) -> None:
    fence = night_lock.acquire(owner, "first")
    night_lock.release(owner, "first")
    with (
        pytest.raises(StaleNightError, match=f"fence {fence}"),
        night_lock.writing(warehouse.url("loader"), fence, "land"),
    ):
        pytest.fail("the write was let through")


@pytest.mark.slow
@pytest.mark.parametrize("stopped_in", ["a transaction", "no transaction"])
def test_a_night_that_was_stopped_replaced_and_resumed_is_refused(
    warehouse: Any, owner: psycopg.Connection, stopped_in: str
) -> None:
    zombie = start(WRITER, warehouse.url("owner"), warehouse.url("loader"), "zombie")
    with ended(zombie):
        assert line(zombie) == "runs 1"
        if stopped_in == "a transaction":
            tell(zombie)
            assert line(zombie) == "inserted"
        zombie.send_signal(signal.SIGSTOP)
        with pytest.raises(NightLockedError):
            night_lock.acquire(owner, "next")
        began = time.monotonic()
        assert night_lock.acquire(owner, "next", take_over=True) == 2
        assert time.monotonic() - began < 3
        with night_lock.writing(warehouse.url("loader"), 2, "land") as cursor:
            cursor.execute(
                "insert into ops.loads (fence, night, source, object, status)"
                " values (2, '2026-05-01', 'a', 'b', 'failed')"
            )
        zombie.send_signal(signal.SIGCONT)
        tell(zombie)
        assert line(zombie).startswith("stale This run (fence 1) was taken over")
        tell(zombie)
        assert line(zombie).startswith("stale")
        assert loads(owner) == 1


def test_without_the_fence_the_resumed_night_would_write(
    warehouse: Any, owner: psycopg.Connection
) -> None:
    """The twin: with the check taken out, the test above would find the stale row."""
    owner.execute(
        "create or replace function ops.assert_fence(expected bigint) returns void"
        " language sql security definer set search_path = '' as ''"
    )
    night_lock.acquire(owner, "first")
    night_lock.acquire(owner, "second")
    with night_lock.writing(warehouse.url("loader"), 1, "land") as cursor:
        cursor.execute(
            "insert into ops.loads (fence, night, source, object, status)"
            " values (1, '2026-05-01', 'a', 'b', 'failed')"
        )
    assert loads(owner) == 1


def test_taking_over_waits_for_no_transaction_of_the_older_run(
    warehouse: Any, owner: psycopg.Connection
) -> None:
    fence = night_lock.acquire(owner, "first")
    with night_lock.connect(warehouse.url("loader"), fence, "land") as older:
        night_lock.assert_fence(older.cursor(), fence)
        began = time.monotonic()
        night_lock.acquire(owner, "second")
        assert time.monotonic() - began < 2
        with pytest.raises(psycopg.OperationalError):
            older.execute("select 1")


def test_renewing_the_lease_does_not_wait_for_writers(
    warehouse: Any, owner: psycopg.Connection
) -> None:
    fence = night_lock.acquire(owner, "first")
    with night_lock.writing(warehouse.url("loader"), fence, "land"):
        owner.execute("set lock_timeout = '1s'")
        night_lock.renew(owner, "first", 60)


def test_a_person_without_a_fence_is_not_stopped_by_the_build_hook(warehouse: Any) -> None:
    with psycopg.connect(warehouse.url("transformer")) as connection:
        connection.execute("select ops.assert_fence()")
        connection.execute("set lead_handoff.fence = '99'")
        with pytest.raises(psycopg.Error) as refused:
            connection.execute("select ops.assert_fence()")
    assert refused.value.sqlstate == night_lock.STALE_SQLSTATE
