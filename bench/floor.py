"""The floor of speed: the same files by plain COPY into bare tables, and two hand-written results.

Nothing is checked, typed, kept in versions or judged here. What the pipeline costs is told as a
multiple of this, so that a figure means the same on any machine.
"""

from __future__ import annotations

import csv
import gzip
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

BLOCK = 1 << 20

RESULTS = {
    "transitions by one window": """
        create table floor.transitions as
        select
            "LeadId", "CreatedById", "OldValue", "NewValue",
            "CreatedDate"::timestamptz as entered_at,
            lead("CreatedDate"::timestamptz) over (
                partition by "LeadId" order by "CreatedDate"::timestamptz, "Id"
            ) as exited_at
        from floor."salesforce.LeadHistory"
        where "Field" = 'Status'
    """,
    "touches counted per handoff": """
        create table floor.handoffs as
        select handoffs."LeadId", handoffs.entered_at, count(touches."Id") as touches
        from floor.transitions as handoffs
        left join floor."salesforce.Task" as touches
            on touches."WhoId" = handoffs."LeadId"
            and touches."IsClosed" = 'true'
            and touches."CompletedDateTime"::timestamptz >= handoffs.entered_at
        where handoffs."NewValue" = 'Marketing Qualified'
        group by handoffs."LeadId", handoffs.entered_at
    """,
}


def measure(url: str, extracts: Path) -> dict[str, float]:
    """Seconds of each part; the tables stay in schema `floor`."""
    seconds: dict[str, float] = {}
    files: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(extracts.glob("*/*/*/*")):
        if path.name != "manifest.json":
            files[f"{path.parts[-4]}.{path.parts[-3]}"].append(path)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop schema if exists floor cascade")
        connection.execute("create schema floor")
        started = time.monotonic()
        for table, paths in files.items():
            for path in paths:
                _copy(connection, table, path)
        seconds["copy"] = time.monotonic() - started
        connection.execute("analyze")
        for name, statement in RESULTS.items():
            started = time.monotonic()
            connection.execute(statement)  # type: ignore[arg-type]
            seconds[name] = time.monotonic() - started
    return seconds


def _copy(connection: psycopg.Connection[Any], table: str, path: Path) -> None:
    """One file into its table; lines of JSON go into one text column each."""
    is_json = ".jsonl" in path.name
    name = sql.Identifier("floor", table)
    columns = ["line"] if is_json else _header(path)
    connection.execute(
        sql.SQL("create table if not exists {} ({})").format(
            name,
            sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(c)) for c in columns),
        )
    )
    # A delimiter and a quote that no line of JSON holds make COPY take the line as it is.
    form = r"format csv, delimiter E'\x01', quote E'\x02'" if is_json else "format csv, header true"
    statement = sql.SQL("copy {} from stdin with ({})").format(name, sql.SQL(form))
    with connection.cursor().copy(statement) as copy:
        for block in _blocks(path):
            copy.write(block)


def _open(path: Path) -> Any:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _header(path: Path) -> list[str]:
    with _open(path) as file:
        return next(csv.reader([file.readline().decode()]))


def _blocks(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        while block := file.read(BLOCK):
            yield block
