"""A Parquet file costs a bounded amount of memory, whatever it unpacks to."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lead_handoff.landing.limits import Limits
from tests.warehouse.landing.conftest import Delivery

MEGABYTE = 1_000_000
MOST = 300 * MEGABYTE
"""What reading may add to the memory of the process tree."""


def leads(rows: int, **columns: pa.Array) -> pa.Table:
    known = {
        "lead_id": pa.array([f"lead-{i}" for i in range(rows)]),
        "created_at": pa.array(["2026-04-01T08:00:00Z"] * rows),
        "status": pa.array(["mql"] * rows),
        "updated_at": pa.array(["2026-04-02T08:00:00Z"] * rows),
    }
    return pa.table(known | columns)


def written(table: pa.Table, **how: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **({"compression": "zstd"} | how))
    return sink.getvalue()


def one_text_in_every_row(rows: int, size: int) -> pa.Table:
    """A dictionary of a single long text, and a row number for each row that holds it."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * size]))
    return leads(rows, notes=text)


def plain_schema(table: pa.Table) -> bytes:
    """The same file without the hint that the column was a dictionary in memory."""
    return written(table, store_schema=False)


def tree() -> dict[int, int]:
    """Resident bytes of this process and of its children's children, by process id."""
    parents, sizes = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                sizes[int(folder.name)] = int(fields[21]) * os.sysconf("SC_PAGESIZE")
                parents[int(folder.name)] = int(fields[1])
            except OSError:
                continue
    ours = {os.getpid()}
    for _ in parents:
        more = {pid for pid, parent in parents.items() if parent in ours}
        if more <= ours:
            break
        ours |= more
    return {pid: sizes[pid] for pid in ours}


@contextmanager
def peak() -> Iterator[list[int]]:
    """How many bytes the tree grew by at most; a new process's first 120 MB are its imports."""
    before, seen, done = tree(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            now = tree()
            grown = sum(max(size - before.get(pid, 120 * MEGABYTE), 0) for pid, size in now.items())
            seen[0] = max(seen[0], grown)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        done.set()
        watching.join()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: written(one_text_in_every_row(4_000, 900_000)), id="dictionary"),
        pytest.param(lambda: plain_schema(one_text_in_every_row(4_000, 900_000)), id="plain"),
        pytest.param(lambda: written(leads(1, notes=pa.array(["x" * 250_000_000]))), id="one text"),
    ],
)
def test_a_bomb_is_refused_by_name_and_other_files_go_on(
    delivery: Delivery, content: Callable[[], bytes]
) -> None:
    bomb = content()
    assert len(bomb) < 200_000
    delivery.put("generic", "leads", "leads.parquet", bomb)
    delivery.put(
        "generic", "users", "users.parquet", written(pa.table({"user_id": pa.array(["u1"])}))
    )

    with peak() as grown:
        loads = {load.object: load for load in delivery.land("generic")}

    assert loads["leads"].error_name == "parquet_too_large"
    assert "several files" in str(loads["leads"].error_message)
    assert (loads["users"].status, loads["users"].rows_new) == ("loaded", 1)
    assert grown[0] < MOST, f"{grown[0] / MEGABYTE:.0f} MB"


def test_long_texts_that_many_rows_share_are_read_in_pieces(delivery: Delivery) -> None:
    table = one_text_in_every_row(3_000, 60_000)
    delivery.put("generic", "leads", "leads.parquet", plain_schema(table))

    with peak() as grown:
        (load,) = delivery.land("generic", limits=Limits(parquet_ratio=1_000_000))

    assert (load.status, load.rows_new) == ("loaded", 3_000)
    assert grown[0] < MOST, f"{grown[0] / MEGABYTE:.0f} MB"
    sizes = delivery.query("select min(length(notes)), max(length(notes)) from raw_generic.leads")
    assert sizes == [{"min": 60_000, "max": 60_000}]


def test_many_rows_of_an_honest_file_are_read(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "leads.parquet", written(leads(30_000)))

    (load,) = delivery.land("generic")

    assert (load.status, load.rows_new) == ("loaded", 30_000)


def test_what_crashes_the_reader_is_refused_and_the_next_file_read(delivery: Delivery) -> None:
    good = written(leads(100))
    broken = bytearray(good)
    broken[40:120] = b"\xff" * 80
    delivery.put("generic", "leads", "leads.parquet", bytes(broken), night="2026-04-29")
    delivery.put("generic", "leads", "leads.parquet", good, night="2026-04-30")

    first, second = delivery.land("generic")

    assert (first.status, first.error_name) == ("failed", "parquet_damaged")
    assert (second.status, second.rows_new) == ("loaded", 100)
