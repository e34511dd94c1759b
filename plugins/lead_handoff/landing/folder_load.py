"""The load of one night folder: which of its files are news, and landing them together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, LiteralString

import psycopg

from lead_handoff.catalogue import ObjectSpec
from lead_handoff.landing.accounts import FileAccount, ObjectLoad, Run
from lead_handoff.landing.discovery import FORMATS_SAID, FoundFile, NightFolder, Unread
from lead_handoff.landing.errors import LandingError
from lead_handoff.landing.file_load import FileLoad
from lead_handoff.landing.limits import Limits
from lead_handoff.landing.manifest import (
    MANIFEST_NAME,
    Gone,
    Listed,
    Manifest,
    check_hash,
    check_listing,
    check_rows,
    read_manifest,
)
from lead_handoff.landing.merge import Merged, merge
from lead_handoff.landing.plan import printable
from lead_handoff.landing.spool import hash_file, spooled
from lead_handoff.landing.stage import Stage

Known = dict[tuple[str, int, str], int]
"""Files that have landed: (name, size, hash) -> rows."""


def read_folder_manifest(files: list[FoundFile], limits: Limits) -> Manifest | None:
    """The folder's manifest, if it has one."""
    for each in files:
        if each.name == MANIFEST_NAME:
            with each.open() as source:
                content = source.read(limits.manifest_bytes + 1)
            if len(content) > limits.manifest_bytes:
                raise LandingError("bad_manifest", f"{MANIFEST_NAME} is too large")
            return read_manifest(content)
    return None


class FolderLoad:
    """The load of one folder.

    Files that have landed in their present content are left out first, without the database; what
    remains is spooled, read and staged one file at a time, then merged together. ``unread`` names
    what lies there and is of no format that is read.
    """

    def __init__(self, run: Run, folder: NightFolder) -> None:
        self._run = run
        self._spec = folder.spec
        self._night = folder.night
        self._remarks = folder.remarks
        files = folder.files()
        self._manifest = read_folder_manifest(files, run.limits)
        self._files = [each for each in files if each.name != MANIFEST_NAME]
        self.unread = folder.unread
        if self._manifest is not None:
            check_listing(self._manifest.files, [each.name for each in self._files])
        self._loaded: list[FileAccount] = []
        self._waiting: list[FoundFile] = []

    def leave_out_landed(self, known: Known) -> bool:
        """Forget the files that have landed; whether any are left.

        Raises LandingError where the manifest contradicts a file, landed or not.
        """
        left = []
        for found in self._files:
            if found.format is None:
                self._ignore(found)
                continue
            with naming(found):
                if not self._has_landed(found, known):
                    left.append(found)
        self._files = left
        return bool(left)

    def _ignore(self, found: FoundFile) -> None:
        if self._listed(found) is not None:
            raise LandingError(
                "unsupported_format",
                f"{printable(found.name)}: deliver {FORMATS_SAID}",
            )
        self.unread.append(Unread(found.name, found.why_unread))

    def _listed(self, found: FoundFile) -> Listed | None:
        return self._manifest.files.get(found.name) if self._manifest is not None else None

    def _has_landed(self, found: FoundFile, known: Known) -> bool:
        size = found.signature()[0]
        if not any((name, length) == (found.name, size) for name, length, _ in known):
            return False
        size, sha256 = hash_file(found)
        rows = known.get((found.name, size, sha256))
        listed = self._listed(found)
        if rows is not None and listed is not None:
            check_hash(listed, sha256)
            check_rows(listed, rows)
        return rows is not None

    def land(self, cursor: psycopg.Cursor) -> ObjectLoad:
        """Stage and merge the files, and write the account; the caller commits."""
        load_id, started_at = one_row(
            cursor,
            "select nextval(pg_get_serial_sequence('ops.loads', 'load_id')), clock_timestamp()",
            (),
        )
        with Stage(cursor, self._spec, self._run.zone.key) as stage:
            for found in self._files:
                with naming(found):
                    self._stage_file(found, stage)
            read = sum(account.rows for account in self._loaded)
            quarantined = stage.quarantined()
            merged = merge(stage, load_id, self._night)
            if read != merged.new + merged.updated + merged.unchanged + quarantined:
                raise LandingError(
                    "rows_lost",
                    f"{read:,} rows were read, but {merged.new:,} new, {merged.updated:,} updated,"
                    f" {merged.unchanged:,} unchanged and {quarantined:,} quarantined do not add up"
                    " to that; nothing was landed",
                )
            # A load that only found files still growing is not yet the account of its night.
            run_number = 0
            if self._loaded:
                run_number = next_run_number(cursor, self._spec, self._night)
            self._write_account(cursor, load_id, started_at, run_number, read, merged, quarantined)
            stage.keep_quarantine(load_id, self._night)
            return ObjectLoad(
                self._spec.source, self._spec.name, self._night, "loaded", None, None, run_number,
                read, merged.new, merged.updated, merged.unchanged, quarantined, load_id,
            )  # fmt: skip

    def _stage_file(self, found: FoundFile, stage: Stage) -> None:
        """Spool one file and stage its rows, or leave it where it is still being written."""
        listed = self._listed(found)
        with spooled(found, self._run.spool_dir) as spool:
            if listed is not None:
                check_hash(listed, spool.sha256)
            elif spool.changed_while_read:
                self._waiting.append(found)
                return
            account = FileAccount(found, spool.size, spool.sha256)
            FileLoad(self._run, self._spec, self._night, stage, account).stage(spool, listed)
            self._loaded.append(account)

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
                for a in self._loaded
            ],
        )
        if self._manifest is not None:
            keep_gone(cursor, (spec.source, spec.name, night), self._manifest.gone)
        report: list[tuple[str | None, str, str, int | None]] = [
            (None, kind, detail, None) for kind, detail in self._remarks
        ]
        report += [(each.name, "ignored_file", each.why, None) for each in self.unread]
        if merged.withdrawn:
            detail = "versions that were withdrawn; they do not land again"
            report.append((None, "withdrawn", detail, merged.withdrawn))
        report += [
            (found.name, "file_still_growing", "left for the next run", None)
            for found in self._waiting
        ]
        for account in self._loaded:
            report += [(account.found.name, *remark) for remark in account.report]
        write_report(cursor, load_id, (spec.source, spec.name, night), report)


def keep_gone(cursor: psycopg.Cursor, of: tuple[str, str, date], gone: Iterable[Gone]) -> None:
    """Keep which days of an object ``of`` (source, object, night) its source had purged."""
    cursor.executemany(
        "insert into ops.purged_days (source, object, night, what, first_day, last_day, kept_days,"
        " is_whole) values (%s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict (source, object, night, what) do update set first_day = excluded.first_day,"
        " last_day = excluded.last_day",
        [
            (*of, each.what, each.first_day, each.last_day, each.kept_days, each.is_whole)
            for each in gone
        ],
    )


def write_report(
    cursor: psycopg.Cursor,
    load_id: int,
    of: tuple[str, str, date],
    report: Iterable[tuple[str | None, str, str, int | None]],
) -> None:
    """Keep the remarks of a load ``of`` (source, object, night): file, kind, detail, rows."""
    cursor.executemany(
        "insert into ops.load_report (load_id, source, object, night, file_name, kind, detail,"
        " rows) values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            (load_id, *of, name and printable(name), kind, printable(detail), rows)
            for name, kind, detail, rows in report
        ],
    )


def one_row(
    cursor: psycopg.Cursor, query: LiteralString, values: tuple[object, ...]
) -> tuple[Any, ...]:
    """The one row of a query that always gives one."""
    row: tuple[Any, ...] | None = cursor.execute(query, values).fetchone()
    if row is None:
        raise psycopg.ProgrammingError("the query gave no row")
    return row


def next_run_number(cursor: psycopg.Cursor, spec: ObjectSpec, night: date) -> int:
    """Number of the next attempt at an object's folder, from 1."""
    (number,) = one_row(
        cursor,
        "select coalesce(max(run_number), 0) + 1 from ops.loads"
        " where source = %s and object = %s and night = %s",
        (spec.source, spec.name, night),
    )
    return int(number)


def landed_files(cursor: psycopg.Cursor, source: str, until: date) -> dict[tuple[str, date], Known]:
    """What has landed of a source's folders: (object, night) -> files."""
    cursor.execute(
        "select object, night, file_name, size_bytes, sha256, rows_read from ops.load_files"
        " where source = %s and night <= %s and status = 'loaded'",
        (source, until),
    )
    landed: dict[tuple[str, date], Known] = {}
    for name, night, *file, rows in cursor.fetchall():
        landed.setdefault((name, night), {})[file[0], file[1], file[2]] = rows
    return landed


class naming:
    """Adds the file's name to a refusal that is raised inside."""

    def __init__(self, found: FoundFile) -> None:
        self._name = printable(found.name)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, LandingError):
            message = str(error).removeprefix(f"{error.name}: ")
            raise LandingError(error.name, f"{self._name}: {message}") from error
