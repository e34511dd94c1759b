"""Reads one file into the staging tables: clean rows as bytes, doubtful ones judged one by one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Protocol

import numpy as np

from lead_handoff.catalogue import ObjectSpec, fold
from lead_handoff.landing.accounts import FileAccount, Run
from lead_handoff.landing.blocks import Block, Mask
from lead_handoff.landing.errors import LandingError, RowRejected
from lead_handoff.landing.manifest import Listed, check_rows
from lead_handoff.landing.plan import (
    FilePlan,
    column_remarks,
    plan_file,
    printable,
    refuse_bad_names,
    refuse_missing,
)
from lead_handoff.landing.readers.csv import ByteStream, CsvReader, fields_of
from lead_handoff.landing.readers.jsonl import JsonLinesReader
from lead_handoff.landing.readers.parquet_process import ParquetReader
from lead_handoff.landing.reasons import SAMPLED_BYTES, sample_of
from lead_handoff.landing.screening import screen
from lead_handoff.landing.spool import GunzippedStream, Spooled
from lead_handoff.landing.stage import Refused, Stage
from lead_handoff.landing.validation import OwnerHistory, Remarks, Rules, judge
from lead_handoff.value_rules import KINDS


class Reader(Protocol):
    """What all formats' readers have in common."""

    remarks: list[tuple[str, str]]
    is_empty: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the file, as far as known."""

    def blocks(self) -> Iterator[Block]:
        """The file's rows."""


class FileLoad:
    """Reads one file into the staging tables."""

    def __init__(
        self, run: Run, spec: ObjectSpec, night: date, stage: Stage, account: FileAccount
    ) -> None:
        self._run = run
        self._spec = spec
        self._night = night
        self._stage = stage
        self._account = account
        self._remarks: Remarks = Counter()
        self._blank_lines = 0
        self._plans: dict[tuple[str, ...], tuple[FilePlan, Rules]] = {}

    def stage(self, spool: Spooled, listed: Listed | None) -> None:
        """Stage all rows, good and bad. Raises LandingError where the file is refused."""
        started = time.monotonic()
        account = self._account
        reader = self._open(spool)
        if reader.is_empty:
            if listed is None or listed.rows != 0:
                raise LandingError("empty_file", "the file has no bytes; deliver it again")
        else:
            if reader.names:
                refuse_bad_names(reader.names)
                if not isinstance(reader, JsonLinesReader):
                    refuse_missing(self._spec, reader.names)
            for block in reader.blocks():
                self._take(block)
            self._finish(reader)
        if listed is not None:
            check_rows(listed, account.rows)
        seconds = time.monotonic() - started
        self._run.progress(
            f"{self._spec.source} {self._spec.name} {self._night} {printable(account.found.name)}:"
            f" {account.rows:,} rows, {sum(account.quarantined.values()):,} quarantined,"
            f" {seconds:.1f} s"
        )

    def _open(self, spool: Spooled) -> Reader:
        found, content = self._account.found, spool.content
        if found.format == "parquet":
            return ParquetReader(self._run.parquet, content, self._spec, self._run.limits)
        stream: ByteStream = content
        if found.is_packed and spool.size > 0:
            stream = GunzippedStream(content, self._run.limits)
        if found.format == "jsonl":
            return JsonLinesReader(stream, self._spec, self._run.limits)
        known = self._spec.by_folded_name

        def holds_ids(name: str) -> bool:
            column = known.get(fold(name))
            return column is not None and KINDS[column.kind].holds_ids

        return CsvReader(
            stream,
            lambda name: fold(name) in known,
            self._run.limits,
            holds_ids,
            usual=b"\t" if ".tsv" in found.name.lower() else b",",
        )

    def _plan(self, names: tuple[str, ...]) -> tuple[FilePlan, Rules]:
        if names not in self._plans:
            limits = self._run.limits
            plan = plan_file(self._spec, names, self._stage.columns, limits.table_columns)
            self._stage.add_columns(plan.targets)
            positions = {c.name: i for i, c in enumerate(plan.columns) if c is not None}
            creations = [c for c in self._spec.creations if c.name in positions]
            self._plans[names] = (
                plan,
                Rules(
                    columns=plan.columns,
                    names=names,
                    key=positions.get(self._spec.key, -1),
                    stamps=tuple(positions[s] for s in self._spec.stamps if s in positions),
                    creations=tuple(positions[column.name] for column in creations),
                    stamp_falls_back=self._spec.stamp_falls_back,
                    owner_history=self._owner_history(positions),
                    literal_null=self._spec.literal_null,
                    zone=self._run.zone,
                    night=self._night,
                    limits=limits,
                    dates=self._run.dates,
                ),
            )
        return self._plans[names]

    def _owner_history(self, positions: dict[str, int]) -> OwnerHistory | None:
        """Where this file tells changes of owners, if its object is a history."""
        field, *values = self._spec.history or ("",)
        if field not in positions:
            return None
        return OwnerHistory(
            positions[field],
            tuple(positions[name] for name in values if name in positions),
            self._run.owner_fields,
        )

    def _take(self, block: Block) -> None:
        """Stage one block: clean rows as bytes, the others judged one by one."""
        self._blank_lines += block.blank_lines
        self._account.rows += len(block.table) + len(block.loose)
        refused = [
            self._refused(loose.line, loose.raw, loose.reason, loose.detail)
            for loose in block.loose
            if loose.fields is None
        ]
        doubtful = [
            (loose.line, loose.raw, loose.fields)
            for loose in block.loose
            if loose.fields is not None
        ]
        if len(block.table) or doubtful:
            plan, rules = self._plan(block.names)
            delimiter = block.delimiter.encode()
            doubtful += [
                (block.line_of(row), block.raw(row), fields_of(block.record(row), delimiter))
                for row in self._copy_clean(block, plan, rules)
            ]
            judged = []
            for line, raw, fields in doubtful:
                try:
                    judged.append(self._judge(fields, rules))
                except RowRejected as error:
                    given = zip(block.names, fields, strict=False)
                    refused.append(self._refused(line, raw, error.reason, error.detail, given))
            if judged:
                self._stage.copy_judged(plan.targets, plan.names, judged)
        if refused:
            self._quarantine(refused)

    def _copy_clean(self, block: Block, plan: FilePlan, rules: Rules) -> list[int]:
        """Copy the rows beyond doubt; the numbers of the others are returned."""
        table = block.table
        if plan.has_overflow or rules.key < 0:
            return list(range(len(table)))
        clean = screen(block, rules, self._remarks)
        if clean.any():
            targets = [target for target in plan.targets if target is not None]
            is_crlf = bool(table.crlf[clean.argmax()])
            self._stage.copy_clean(targets, block.delimiter, is_crlf, _runs(block, clean))
        return [int(row) for row in (~clean).nonzero()[0]]

    def _judge(self, fields: list[bytes], rules: Rules) -> tuple[list[str | None], str | None]:
        if rules.key < 0:
            raise RowRejected("missing_key", self._spec.key)
        good = judge(fields, rules, self._remarks)
        return good.values, good.stamp

    def _refused(
        self,
        line: int,
        raw: bytes,
        reason: str,
        detail: str,
        given: Iterable[tuple[str, bytes]] = (),
    ) -> Refused:
        """A row for quarantine, with the column it is for and a sample that may be shown.

        Without a value in that column the sample is the shape of the row's beginning.
        """
        name = detail.partition(":")[0]
        column = self._spec.by_folded_name.get(fold(name))
        value = next((held for each, held in given if fold(each) == fold(name)), None)
        sampled = raw if value is None else value
        return Refused(
            self._account.found.name,
            line,
            _storable(raw, self._run.limits.quarantined_text),
            reason,
            printable(detail),
            printable(name) if column is not None or value is not None else None,
            sample_of(
                sampled[:SAMPLED_BYTES].decode("utf-8", "replace"),
                column if value is not None else None,
            ),
        )

    def _quarantine(self, refused: list[Refused]) -> None:
        self._account.quarantined.update(row.reason for row in refused)
        self._stage.copy_quarantine(refused)

    def _finish(self, reader: Reader) -> None:
        """What can be said only at the file's end."""
        account, spec = self._account, self._spec
        names = reader.names
        # A date that stands for none says nothing of the file's health.
        bad = sum(account.quarantined.values()) - account.quarantined["unlikely_date"]
        limits = self._run.limits
        # One row alone is quarantined: it may not refuse a folder.
        is_wholly_bad = 1 < account.rows == bad
        is_beyond = bad >= limits.bad_row_floor and bad > limits.bad_row_share * account.rows
        if is_wholly_bad or is_beyond:
            listed = ", ".join(f"{r} {n:,}" for r, n in account.quarantined.most_common())
            advice = "" if is_wholly_bad else _to_land_the_rest(bad, account.rows)
            raise LandingError(
                "too_many_bad_rows",
                f"{bad:,} of {account.rows:,} rows cannot be read ({listed}); correct the export"
                + advice,
            )
        if names:
            refuse_missing(spec, names)
            plan, _ = self._plan(names)
            account.report += [
                (kind, detail, account.rows) for kind, detail in column_remarks(spec, plan)
            ]
        account.report += [(kind, detail, account.rows) for kind, detail in reader.remarks]
        if not account.rows:
            account.report.append(("no_rows", "the file holds no row", 0))
        if self._blank_lines:
            account.report.append(("blank_lines", "passed over", self._blank_lines))
        for (kind, column), count in sorted(self._remarks.items()):
            account.report.append((kind, column, count))


def _to_land_the_rest(bad: int, rows: int) -> str:
    """What raising the share does, in rows: the bad ones do not land by it."""
    share = -(-100 * bad // rows) / 100
    return (
        f". With HANDOFF_LANDING_BAD_ROW_SHARE={share:.2f} the other {rows - bad:,} rows land, and"
        f" these {bad:,} go to quarantine until they are delivered in a form that can be read"
    )


def _runs(block: Block, clean: Mask) -> Iterator[bytes]:
    """The bytes of the clean rows, adjoining ones in one piece."""
    table = block.table
    starts, stops = table.row_starts, np.minimum(table.row_ends + 1, len(block.data))
    # A run ends where a row is not clean, or where rows that are not in the table lie between.
    joined = clean[1:] & clean[:-1] & (starts[1:] == stops[:-1])
    first = np.flatnonzero(clean & ~np.concatenate(([False], joined)))
    last = np.flatnonzero(clean & ~np.concatenate((joined, [False])))
    for begin, end in zip(starts[first], stops[last], strict=True):
        yield block.data[begin:end]
    if len(last) and table.row_ends[last[-1]] >= len(block.data):
        yield b"\n"


def _storable(raw: bytes, limit: int) -> str:
    """Raw bytes as text that PostgreSQL holds; NUL and what is not UTF-8 as hexadecimal escapes."""
    text = raw[:limit].decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    return text if len(raw) <= limit else f"{text}… ({len(raw):,} bytes or more)"
