"""Land the night folders of one source: one transaction for each object and folder.

The transaction holds the rows, the quarantine and the account of what was read, and the check that
this run still owns the night. It is committed whole or not at all; an object that is refused leaves
the others alone and what was there before untouched.
"""

from __future__ import annotations

import csv
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO, Protocol, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

from lead_handoff.landing.blocks import Block, LooseRow
from lead_handoff.landing.catalogue import ObjectSpec, fold
from lead_handoff.landing.discovery import FoundFile, NightFolder, find_nights
from lead_handoff.landing.errors import LandingError, RowRejected, SourceError
from lead_handoff.landing.limits import Limits
from lead_handoff.landing.manifest import (
    MANIFEST_NAME,
    Listed,
    check_hash,
    check_listing,
    check_rows,
    read_manifest,
)
from lead_handoff.landing.merge import Merged, Stage
from lead_handoff.landing.plan import (
    FilePlan,
    column_remarks,
    plan_file,
    printable,
    refuse_bad_names,
    refuse_missing,
)
from lead_handoff.landing.readers.csv import CsvReader, fields_of
from lead_handoff.landing.readers.jsonl import JsonLinesReader
from lead_handoff.landing.readers.parquet import ParquetReader
from lead_handoff.landing.screening import screen
from lead_handoff.landing.spool import GunzippedStream, Spooled, hash_file, spooled
from lead_handoff.landing.validation import Remarks, Rules, judge
from lead_handoff.warehouse import night_lock, steps

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ObjectLoad:
    """What became of one object's folder of one night.

    ``status`` is loaded, failed, or ignored (a folder that belongs to no known object); the counts
    are rows of files, and read = new + updated + unchanged + quarantined where it was loaded.
    """

    source: str
    object: str
    night: date
    status: str
    error_name: str | None = None
    error_message: str | None = None
    run_number: int = 0
    rows_read: int = 0
    rows_new: int = 0
    rows_updated: int = 0
    rows_unchanged: int = 0
    rows_quarantined: int = 0
    load_id: int | None = None
    seconds: float = 0.0


class Reader(Protocol):
    """What all formats' readers have in common."""

    remarks: list[tuple[str, str]]
    is_empty: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the file, as far as known."""

    def blocks(self) -> Iterator[Block]:
        """The file's rows."""


@dataclass
class FileAccount:
    """The account of one file while it is read."""

    found: FoundFile
    size: int
    sha256: str
    rows: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    report: list[tuple[str, str, int | None]] = field(default_factory=list)
    seconds: float = 0.0


def land_source(
    source: str,
    night: date,
    *,
    extracts_root: str,
    warehouse_url: str,
    fence: int,
    agreement_dir: Path,
    progress: Progress,
    limits: Limits | None = None,
    spool_dir: Path | None = None,
) -> list[ObjectLoad]:
    """Land every folder of the source dated on or before ``night`` that is not landed yet.

    A folder counts as landed in the content it had (names, sizes, hashes). Returns one entry for
    each folder that was landed or refused now; a refused one does not stop the others. Raises
    SourceError where root, source or its time zone is unusable, StaleNightError where the run no
    longer owns the night, psycopg.OperationalError where the warehouse is out of reach.
    """
    run = _Run(
        source=source,
        until=night,
        zone=source_zone(agreement_dir, source),
        fence=fence,
        progress=progress,
        limits=limits or Limits.from_environment(),
        spool_dir=spool_dir,
    )
    with psycopg.connect(
        warehouse_url,
        autocommit=True,
        application_name=f"lead_handoff:{fence}:landing",
        options="-c timezone=UTC -c datestyle=ISO,YMD -c client_encoding=UTF8"
        " -c temp_buffers=64MB -c work_mem=64MB -c maintenance_work_mem=256MB",
    ) as connection:
        loads = []
        for each in find_nights(extracts_root, source, night):
            load = _land_found(run, connection, each)
            if load is not None:
                loads.append(load)
        return loads


def source_zone(agreement_dir: Path, source: str) -> ZoneInfo:
    """The time zone in which a source's times without offset are read; UTC unless agreed.

    Raises SourceError where the agreement names a zone that does not exist.
    """
    try:
        with (agreement_dir / "agreement_sources.csv").open(encoding="utf-8-sig", newline="") as f:
            zones = {row["source_system"]: row["time_zone"] for row in csv.DictReader(f)}
    except FileNotFoundError:
        zones = {}
    except (KeyError, UnicodeDecodeError, csv.Error, OSError) as error:
        raise SourceError(
            "agreement_sources.csv cannot be read; it needs the columns source_system and time_zone"
        ) from error
    name = (zones.get(source) or "").strip() or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SourceError(
            f"agreement_sources.csv gives {source} the time zone {name!r}, which does not exist"
        ) from error


@dataclass(frozen=True)
class _Run:
    source: str
    until: date
    zone: ZoneInfo
    fence: int
    progress: Progress
    limits: Limits
    spool_dir: Path | None


def _land_found(
    run: _Run,
    connection: psycopg.Connection,
    found: NightFolder | tuple[ObjectSpec | None, LandingError],
) -> ObjectLoad | None:
    if isinstance(found, NightFolder):
        return _land_or_refuse(run, connection, found)
    spec, error = found
    if spec is None:
        run.progress(f"{run.source}: ignored, {error}")
        return ObjectLoad(run.source, "", run.until, "ignored", error.name, str(error))
    return _refuse(run, connection, spec, run.until, error, time.monotonic())


def _land_or_refuse(
    run: _Run, connection: psycopg.Connection, folder: NightFolder
) -> ObjectLoad | None:
    """Land one folder; whatever is wrong with it becomes a failed load, and only that."""
    started = time.monotonic()
    try:
        return _land_folder(run, connection, folder)
    except LandingError as error:
        refusal = error
    except (night_lock.StaleNightError, psycopg.OperationalError):
        raise
    except psycopg.Error as error:
        if connection.broken:
            raise
        # The server's message may quote a value: only its class is passed on.
        refusal = LandingError(
            "database_error",
            f"PostgreSQL refused the load ({type(error).__name__}, SQLSTATE {error.sqlstate})",
        )
    except OSError as error:
        refusal = LandingError("unreadable_file", f"a file cannot be read ({error.strerror})")
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        refusal = LandingError(
            "unexpected_error",
            f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}; this is"
            " a defect of landing, please report it",
        )
    return _refuse(run, connection, folder.spec, folder.night, refusal, started)


def _refuse(
    run: _Run,
    connection: psycopg.Connection,
    spec: ObjectSpec,
    night: date,
    error: LandingError,
    started: float,
) -> ObjectLoad:
    """Record a failed load in a transaction of its own."""
    with connection.transaction(), connection.cursor() as cursor:
        _lock(cursor, spec)
        run_number = _next_run_number(cursor, spec, night)
        row = cursor.execute(
            "insert into ops.loads (fence, night, source, object, status, error_name,"
            " error_message, run_number, finished_at)"
            " values (%s, %s, %s, %s, 'failed', %s, %s, %s, clock_timestamp()) returning load_id",
            (run.fence, night, spec.source, spec.name, error.name, str(error), run_number),
        ).fetchone()
        assert row is not None
        night_lock.assert_fence(cursor, run.fence)
    run.progress(f"{spec.source} {spec.name} {night}: refused, {error}")
    return ObjectLoad(
        spec.source, spec.name, night, "failed", error.name, str(error), run_number,
        load_id=int(row[0]), seconds=time.monotonic() - started,
    )  # fmt: skip


def _lock(cursor: psycopg.Cursor, spec: ObjectSpec) -> None:
    """One load of an object at a time; the lock ends with the transaction."""
    cursor.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
        (f"lead_handoff landing {spec.source} {spec.name}",),
    )


def _next_run_number(cursor: psycopg.Cursor, spec: ObjectSpec, night: date) -> int:
    row = cursor.execute(
        "select coalesce(max(run_number), 0) + 1 from ops.loads"
        " where source = %s and object = %s and night = %s",
        (spec.source, spec.name, night),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _loaded_files(
    cursor: psycopg.Cursor, spec: ObjectSpec, night: date
) -> dict[tuple[str, int, str], int]:
    """(name, size, hash) of the folder's files that have landed -> their rows."""
    cursor.execute(
        "select file_name, size_bytes, sha256, rows_read from ops.load_files"
        " where source = %s and object = %s and night = %s and status = 'loaded'",
        (spec.source, spec.name, night),
    )
    return {(row[0], row[1], row[2]): row[3] for row in cursor.fetchall()}


def _land_folder(
    run: _Run, connection: psycopg.Connection, folder: NightFolder
) -> ObjectLoad | None:
    """Land a folder's files that have not landed yet; None if there is nothing to do."""
    started = time.monotonic()
    spec, night = folder.spec, folder.night
    files = folder.files()
    manifest = _read_manifest(files)
    files = [each for each in files if each.name != MANIFEST_NAME]
    if manifest is not None:
        check_listing(manifest, [each.name for each in files])
    loads = _FolderLoad(run, spec, night, manifest, folder.remarks)
    with ExitStack() as spools, connection.cursor() as cursor:
        known = _loaded_files(cursor, spec, night)
        for each in files:
            loads.take(each, known, spools)
        if not loads.files and not loads.waiting:
            return None
        with connection.transaction():
            _lock(cursor, spec)
            load = loads.land(cursor)
            night_lock.assert_fence(cursor, run.fence)
            steps.reached("landing:before_commit")
        steps.reached("landing:after_commit")
    result = ObjectLoad(**{**load.__dict__, "seconds": time.monotonic() - started})
    run.progress(
        f"{spec.source} {spec.name} {night}: {result.rows_read:,} rows read,"
        f" {result.rows_new:,} new, {result.rows_updated:,} updated,"
        f" {result.rows_unchanged:,} unchanged, {result.rows_quarantined:,} quarantined,"
        f" {result.seconds:.1f} s"
    )
    return result


def _read_manifest(files: list[FoundFile]) -> dict[str, Listed] | None:
    """The folder's manifest, if it has one."""
    for each in files:
        if each.name == MANIFEST_NAME:
            limit = Limits().manifest_bytes
            with each.open() as source:
                content = source.read(limit + 1)
            if len(content) > limit:
                raise LandingError("bad_manifest", f"{MANIFEST_NAME} is too large")
            return read_manifest(content)
    return None


class _FolderLoad:
    """The load of one folder: first its files are taken into spools, then landed together."""

    def __init__(
        self,
        run: _Run,
        spec: ObjectSpec,
        night: date,
        manifest: dict[str, Listed] | None,
        folder_remarks: list[tuple[str, str]],
    ) -> None:
        self._run = run
        self._spec = spec
        self._night = night
        self._manifest = manifest
        self._folder_remarks = folder_remarks
        self.files: list[tuple[FileAccount, Spooled]] = []
        self.waiting: list[FoundFile] = []

    def take(
        self, found: FoundFile, known: dict[tuple[str, int, str], int], spools: ExitStack
    ) -> None:
        """Spool a file, unless it has landed in this content or is still being written."""
        listed = self._manifest.get(found.name) if self._manifest is not None else None
        if found.format is None:
            if listed is not None:
                raise LandingError(
                    "unsupported_format",
                    f"{found.name}: deliver .csv, .jsonl (both also .gz) or .parquet",
                )
            self._folder_remarks.append(("ignored_file", f"of no known format: {found.name}"))
            return
        with _naming(found):
            size = found.signature()[0]
            if any(name == found.name and length == size for name, length, _ in known):
                size, sha256 = hash_file(found)
                rows = known.get((found.name, size, sha256))
                if rows is not None:
                    if listed is not None:
                        check_hash(listed, sha256)
                        check_rows(listed, rows)
                    return
            spool = spools.enter_context(spooled(found, self._run.spool_dir))
            if listed is not None:
                check_hash(listed, spool.sha256)
            elif spool.changed_while_read:
                self.waiting.append(found)
                return
        self.files.append((FileAccount(found, spool.size, spool.sha256), spool))

    def land(self, cursor: psycopg.Cursor) -> ObjectLoad:
        """Stage and merge all files, and write the account; the caller commits."""
        row = cursor.execute(
            "select nextval(pg_get_serial_sequence('ops.loads', 'load_id')), clock_timestamp()"
        ).fetchone()
        assert row is not None
        load_id, started_at = int(row[0]), cast(datetime, row[1])
        stage = Stage(cursor, self._spec)
        try:
            for account, spool in self.files:
                with _naming(account.found):
                    _FileLoad(self._run, self._spec, self._night, stage, account).stage(
                        spool, self._manifest
                    )
            read = sum(account.rows for account, _ in self.files)
            quarantined = stage.quarantined()
            merged = stage.merge(load_id, self._night)
        except BaseException:
            stage.abandon()
            raise
        if read != merged.new + merged.updated + merged.unchanged + quarantined:
            raise LandingError(
                "rows_lost",
                f"{read:,} rows were read, but {merged.new:,} new, {merged.updated:,} updated,"
                f" {merged.unchanged:,} unchanged and {quarantined:,} quarantined do not add up to"
                " that; nothing was landed",
            )
        # A load that only found files still growing is not yet the account of its night.
        run_number = _next_run_number(cursor, self._spec, self._night) if self.files else 0
        self._write_account(cursor, load_id, started_at, run_number, read, merged, quarantined)
        stage.account(load_id, self._night)
        return ObjectLoad(
            self._spec.source, self._spec.name, self._night, "loaded", None, None, run_number,
            read, merged.new, merged.updated, merged.unchanged, quarantined, load_id,
        )  # fmt: skip

    def _write_account(
        self,
        cursor: psycopg.Cursor,
        load_id: int,
        started_at: datetime,
        run_number: int,
        read: int,
        merged: Merged,
        quarantined: int,
    ) -> None:
        spec, night = self._spec, self._night
        cursor.execute(
            "insert into ops.loads (load_id, fence, night, source, object, status, run_number,"
            " rows_read, rows_new, rows_updated, rows_unchanged, rows_quarantined, started_at,"
            " finished_at)"
            " values (%s, %s, %s, %s, %s, 'loaded', %s, %s, %s, %s, %s, %s, %s, clock_timestamp())",
            (
                load_id, self._run.fence, night, spec.source, spec.name, run_number, read,
                merged.new, merged.updated, merged.unchanged, quarantined, started_at,
            ),
        )  # fmt: skip
        cursor.executemany(
            "insert into ops.load_files (load_id, source, object, night, file_name, size_bytes,"
            " sha256, rows_read, status) values (%s, %s, %s, %s, %s, %s, %s, %s, 'loaded')",
            [
                (load_id, spec.source, spec.name, night, a.found.name, a.size, a.sha256, a.rows)
                for a, _ in self.files
            ],
        )
        report: list[tuple[str | None, str, str, int | None]] = [
            (None, kind, detail, None) for kind, detail in self._folder_remarks
        ]
        report += [
            (found.name, "file_still_growing", "left for the next run", None)
            for found in self.waiting
        ]
        for account, _ in self.files:
            report += [(account.found.name, *remark) for remark in account.report]
        cursor.executemany(
            "insert into ops.load_report (load_id, source, object, night, file_name, kind, detail,"
            " rows) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (load_id, spec.source, spec.name, night, name, kind, printable(detail), rows)
                for name, kind, detail, rows in report
            ],
        )


class _naming:
    """Adds the file's name to a refusal that is raised inside."""

    def __init__(self, found: FoundFile) -> None:
        self._name = printable(found.name)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, LandingError):
            message = str(error).removeprefix(f"{error.name}: ")
            raise LandingError(error.name, f"{self._name}: {message}") from error


class _FileLoad:
    """Reads one file into the staging tables."""

    def __init__(
        self, run: _Run, spec: ObjectSpec, night: date, stage: Stage, account: FileAccount
    ) -> None:
        self._run = run
        self._spec = spec
        self._night = night
        self._stage = stage
        self._account = account
        self._remarks: Remarks = Counter()
        self._blank_lines = 0
        self._plans: dict[tuple[str, ...], tuple[FilePlan, Rules]] = {}

    def stage(self, spool: Spooled, manifest: dict[str, Listed] | None) -> None:
        """Stage all rows, good and bad. Raises LandingError where the file is refused."""
        started = time.monotonic()
        account = self._account
        listed = manifest.get(account.found.name) if manifest is not None else None
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
        account.seconds = time.monotonic() - started
        self._run.progress(
            f"{self._spec.source} {self._spec.name} {self._night} {printable(account.found.name)}:"
            f" {account.rows:,} rows, {sum(account.quarantined.values()):,} quarantined,"
            f" {account.seconds:.1f} s"
        )

    def _open(self, spool: Spooled) -> Reader:
        kind = self._account.found.format
        assert kind is not None
        content: IO[bytes] = spool.content
        if kind == ".parquet":
            return ParquetReader(content, self._spec, self._run.limits)
        is_packed = kind.endswith(".gz") and spool.size > 0
        stream = GunzippedStream(content, self._run.limits) if is_packed else content
        if kind.startswith(".jsonl"):
            return JsonLinesReader(stream, self._spec, self._run.limits)
        return CsvReader(
            stream, lambda name: fold(name) in self._spec.by_folded_name, self._run.limits
        )

    def _plan(self, names: tuple[str, ...]) -> tuple[FilePlan, Rules]:
        if names not in self._plans:
            limits = self._run.limits
            plan = plan_file(self._spec, names, self._stage.columns, limits.table_columns)
            self._stage.add_columns(plan.targets)
            positions = {c.name: i for i, c in enumerate(plan.columns) if c is not None}
            self._plans[names] = plan, Rules(
                columns=plan.columns,
                names=names,
                key=positions.get(self._spec.key, -1),
                stamps=tuple(positions[s] for s in self._spec.stamps if s in positions),
                stamp_falls_back=self._spec.stamp_falls_back,
                literal_null=self._spec.literal_null,
                zone=self._run.zone,
                night=self._night,
                limits=limits,
            )
        return self._plans[names]

    def _take(self, block: Block) -> None:
        """Stage one block: clean rows as bytes, the others judged one by one."""
        self._blank_lines += block.blank_lines
        refused: list[tuple[int, bytes, str, str]] = []
        judged: list[tuple[list[str | None], str | None]] = []
        plan: FilePlan | None = None
        if block.table is not None and len(block.table):
            plan, rules = self._plan(block.names)
            self._account.rows += len(block.table)
            doubtful = self._copy_clean(block, plan, rules)
            for row in doubtful:
                raw, line = block.raw(row), block.line_of(row)
                try:
                    judged_row = self._judge(
                        fields_of(block.record(row), block.delimiter.encode()), rules
                    )
                    judged.append(judged_row)
                except RowRejected as error:
                    refused.append((line, raw, error.reason, error.detail))
        self._account.rows += len(block.loose)
        for loose in block.loose:
            try:
                plan, rules = self._plan(block.names) if loose.fields is not None else (plan, None)
                judged.append(self._judge_loose(loose, rules))
            except RowRejected as error:
                refused.append((loose.line, loose.raw, error.reason, error.detail))
        if judged:
            assert plan is not None
            self._stage.copy_judged(plan.targets, plan.names, judged)
        if refused:
            self._quarantine(refused)

    def _copy_clean(self, block: Block, plan: FilePlan, rules: Rules) -> list[int]:
        """Copy the rows beyond doubt; the numbers of the others are returned."""
        table = block.table
        assert table is not None
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

    def _judge_loose(
        self, loose: LooseRow, rules: Rules | None
    ) -> tuple[list[str | None], str | None]:
        if loose.fields is None or rules is None:
            raise RowRejected(loose.reason, loose.detail)
        return self._judge(loose.fields, rules)

    def _quarantine(self, refused: list[tuple[int, bytes, str, str]]) -> None:
        limit = self._run.limits.quarantined_text
        self._account.quarantined.update(reason for _, _, reason, _ in refused)
        name = self._account.found.name
        self._stage.copy_quarantine(
            (name, line, _storable(raw, limit), reason, printable(detail))
            for line, raw, reason, detail in refused
        )

    def _finish(self, reader: Reader) -> None:
        """What can be said only at the file's end."""
        account, spec = self._account, self._spec
        names = reader.names
        bad = sum(account.quarantined.values())
        limits = self._run.limits
        if bad >= limits.bad_row_floor and bad > limits.bad_row_share * account.rows:
            listed = ", ".join(f"{r} {n:,}" for r, n in account.quarantined.most_common())
            raise LandingError(
                "too_many_bad_rows",
                f"{bad:,} of {account.rows:,} rows cannot be read ({listed}); correct the export,"
                " or raise HANDOFF_LANDING_BAD_ROW_SHARE",
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


def _runs(block: Block, clean: object) -> Iterator[bytes]:
    """The bytes of the clean rows, adjoining ones in one piece."""
    import numpy as np

    table = block.table
    assert table is not None
    chosen = np.asarray(clean)
    starts, stops = table.row_starts, np.minimum(table.row_ends + 1, len(block.data))
    # A run ends where a row is not clean, or where rows that are not in the table lie between.
    joined = chosen[1:] & chosen[:-1] & (starts[1:] == stops[:-1])
    first = np.flatnonzero(chosen & ~np.concatenate(([False], joined)))
    last = np.flatnonzero(chosen & ~np.concatenate((joined, [False])))
    for begin, end in zip(starts[first], stops[last], strict=True):
        yield block.data[begin:end]
    if len(last) and table.row_ends[last[-1]] >= len(block.data):
        yield b"\n"


def _storable(raw: bytes, limit: int) -> str:
    """Raw bytes as text that PostgreSQL holds: what is not UTF-8, and NUL, as \\xNN."""
    text = raw[:limit].decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    return text if len(raw) <= limit else f"{text}… ({len(raw):,} bytes or more)"
