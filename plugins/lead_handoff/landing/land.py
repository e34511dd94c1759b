"""Land the night folders of one source: one transaction for each object and folder.

The transaction holds the rows, the quarantine and the account of what was read, and the check that
this run still owns the night. It is committed whole or not at all; an object that is refused leaves
the others alone and what was there before untouched.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from lead_handoff.agreement import Agreement, AgreementError
from lead_handoff.catalogue import OWNER_FIELDS, ObjectSpec
from lead_handoff.landing.accounts import ObjectLoad, Progress, Run
from lead_handoff.landing.discovery import (
    Found,
    NightFolder,
    Unread,
    find_nights,
    strangers,
)
from lead_handoff.landing.errors import LandingError, SourceError
from lead_handoff.landing.folder_load import (
    FolderLoad,
    Known,
    landed_files,
    next_run_number,
    one_row,
    write_report,
)
from lead_handoff.landing.limits import Limits
from lead_handoff.landing.plan import printable, shown
from lead_handoff.landing.readers.parquet_process import ParquetProcess
from lead_handoff.value_rules import DateLimits
from lead_handoff.warehouse import night_lock, steps

__all__ = ["ObjectLoad", "land_source", "note_strangers", "source_zone"]


# How texts are read as dates may not depend on the server's or the role's settings.
_SESSION = (
    "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set client_encoding = 'UTF8';"
    " set temp_buffers = '64MB'; set work_mem = '64MB'; set maintenance_work_mem = '256MB'"
)


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
    kept_elsewhere: Collection[str] = (),
) -> list[ObjectLoad]:
    """Land every folder of the source dated on or before ``night`` that is not landed yet.

    Folders of objects that are ``kept_elsewhere``, by an ELT service, are passed by.

    A folder counts as landed in the content it had (names, sizes, hashes). Returns one entry for
    each folder that was landed or refused now; a refused one does not stop the others. Raises
    SourceError where root, source or its time zone is unusable, StaleNightError where the run no
    longer owns the night, psycopg.OperationalError where the warehouse is out of reach.
    """
    parquet = ParquetProcess()
    run = Run(
        source=source,
        until=night,
        zone=source_zone(agreement_dir, source),
        fence=fence,
        progress=progress,
        limits=limits or Limits.from_environment(),
        spool_dir=spool_dir,
        parquet=parquet,
        owner_fields=owner_fields(agreement_dir, source),
        dates=DateLimits.from_environment(),
    )
    with closing(parquet), _session(warehouse_url, fence) as connection:
        with connection.cursor() as cursor:
            landed = landed_files(cursor, source, night)
            told = _told_unread(cursor, source)
        loads: list[ObjectLoad | None] = []
        beside: dict[str, list[Unread]] = {}
        for each in find_nights(extracts_root, source, night):
            if _object_of(each) in kept_elsewhere:
                continue
            if isinstance(each, Unread):
                beside.setdefault(each.object or "", []).append(each)
            else:
                loads.append(_land_found(run, connection, each, landed, told))
        for name, unread in beside.items():
            loads.append(_note_unread(run, connection, (name, None), unread, told))
        return [load for load in loads if load is not None]


def note_strangers(
    night: date, *, extracts_root: str, warehouse_url: str, fence: int, progress: Progress
) -> ObjectLoad | None:
    """Record once what lies under the root and belongs to no source; what was news, if anything.

    Raises SourceError where the root is unusable, StaleNightError as land_source does.
    """
    run = Run("", night, ZoneInfo("UTC"), fence, progress, Limits(), None, ParquetProcess())
    with _session(warehouse_url, fence) as connection:
        with connection.cursor() as cursor:
            told = _told_unread(cursor, run.source)
        return _note_unread(run, connection, ("", None), strangers(extracts_root), told)


@contextmanager
def _session(warehouse_url: str, fence: int) -> Iterator[psycopg.Connection]:
    with psycopg.connect(
        warehouse_url,
        autocommit=True,
        application_name=night_lock.session_name(fence, "landing"),
    ) as connection:
        connection.execute(_SESSION)
        yield connection


def _object_of(found: Found) -> str | None:
    if isinstance(found, Unread):
        return found.object
    spec = found.spec if isinstance(found, NightFolder) else found[0]
    return spec.name if spec else None


def source_zone(agreement_dir: Path, source: str) -> ZoneInfo:
    """The time zone in which a source's times without offset are read; UTC unless agreed.

    Raises SourceError where the agreement's sources cannot be read.
    """
    if not (agreement_dir / "agreement_sources.csv").is_file():
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(Agreement(agreement_dir).time_zone(source))
    except AgreementError as error:
        raise SourceError(str(error)) from error


Told = set[tuple[str, date | None, str]]
"""What has been recorded as not read: object, night (None outside the nights' folders), name."""


def _told_unread(cursor: psycopg.Cursor, source: str) -> Told:
    cursor.execute(
        "select object, night, file_name from ops.load_report"
        " where source = %s and kind = 'ignored_file' and file_name is not null",
        (source,),
    )
    rows = cursor.fetchall()
    return {(name, night, file) for name, night, file in rows} | {
        (name, None, file) for name, _, file in rows
    }


def _note_unread(
    run: Run,
    connection: psycopg.Connection,
    where: tuple[str, date | None],
    unread: Sequence[Unread],
    told: Told,
) -> ObjectLoad | None:
    """Record once what lies somewhere and is not read, where no load of a file says it."""
    name, night = where
    news = [each for each in unread if (name, night, printable(each.name)) not in told]
    if not news:
        return None
    message = f"not read: {shown([each.name for each in news])}; {news[0].why}"
    with connection.transaction(), connection.cursor() as cursor:
        night_lock.assert_fence(cursor, run.fence)
        (load_id,) = one_row(
            cursor,
            "insert into ops.loads (fence, night, source, object, status, error_name,"
            " error_message, run_number, finished_at)"
            " values (%s, %s, %s, %s, 'ignored', 'not_read', %s, 0, clock_timestamp())"
            " returning load_id",
            (run.fence, night or run.until, run.source, name, message),
        )
        write_report(
            cursor,
            load_id,
            (run.source, name, night or run.until),
            [(each.name, "ignored_file", each.why, None) for each in news],
        )
    place = " ".join(part for part in (run.source, name, str(night or "")) if part)
    run.progress(f"{place or 'beside the sources'}: {message}")
    return ObjectLoad(
        run.source, name, night or run.until, "ignored", "not_read", message, load_id=load_id
    )


def owner_fields(agreement_dir: Path, source: str) -> frozenset[str]:
    """The names under which a source's histories tell who owns a record.

    Those of the catalogue, and what the versions of the agreement name besides.

    Raises SourceError where the agreement's fields cannot be read.
    """
    if not (agreement_dir / "agreement_fields.csv").is_file():
        return OWNER_FIELDS
    try:
        fields = Agreement(agreement_dir).rows("agreement_fields")
    except AgreementError as error:
        raise SourceError(str(error)) from error
    owners = [row for row in fields if row["role"] == "owner" and row["source_system"] == source]
    return OWNER_FIELDS | {row["history_name"] for row in owners if row["history_name"]}


def _land_found(
    run: Run,
    connection: psycopg.Connection,
    found: NightFolder | tuple[ObjectSpec | None, LandingError],
    landed: dict[tuple[str, date], Known],
    told: Told,
) -> ObjectLoad | None:
    if isinstance(found, NightFolder):
        known = landed.get((found.spec.name, found.night), {})
        return _land_or_refuse(run, connection, found, known, told)
    spec, error = found
    if spec is None:
        run.progress(f"{run.source}: ignored, {error}")
        return ObjectLoad(run.source, "", run.until, "ignored", error.name, str(error))
    return _refuse(run, connection, spec, run.until, error, time.monotonic())


def _land_or_refuse(
    run: Run, connection: psycopg.Connection, folder: NightFolder, known: Known, told: Told
) -> ObjectLoad | None:
    """Land one folder; whatever is wrong with it becomes a failed load, and only that."""
    started = time.monotonic()
    try:
        return _land_folder(run, connection, folder, known, told)
    except LandingError as error:
        refusal = error
    except night_lock.StaleNightError:
        raise
    except psycopg.Error as error:
        if connection.closed:
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
    run: Run,
    connection: psycopg.Connection,
    spec: ObjectSpec,
    night: date,
    error: LandingError,
    started: float,
) -> ObjectLoad:
    """Record a failed load in a transaction of its own."""
    with connection.transaction(), connection.cursor() as cursor:
        night_lock.assert_fence(cursor, run.fence)
        _lock(cursor, spec)
        run_number = next_run_number(cursor, spec, night)
        (load_id,) = one_row(
            cursor,
            "insert into ops.loads (fence, night, source, object, status, error_name,"
            " error_message, run_number, finished_at)"
            " values (%s, %s, %s, %s, 'failed', %s, %s, %s, clock_timestamp()) returning load_id",
            (run.fence, night, spec.source, spec.name, error.name, str(error), run_number),
        )
    run.progress(f"{spec.source} {spec.name} {night}: refused, {error}")
    return ObjectLoad(
        spec.source, spec.name, night, "failed", error.name, str(error), run_number,
        load_id=load_id, seconds=time.monotonic() - started,
    )  # fmt: skip


def _lock(cursor: psycopg.Cursor, spec: ObjectSpec) -> None:
    """One load of an object at a time; the lock ends with the transaction."""
    cursor.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
        (f"lead_handoff landing {spec.source} {spec.name}",),
    )


def _land_folder(
    run: Run, connection: psycopg.Connection, folder: NightFolder, known: Known, told: Told
) -> ObjectLoad | None:
    """Land a folder's files that have not landed yet; None if there is nothing to do."""
    started = time.monotonic()
    spec, night = folder.spec, folder.night
    folder_load = FolderLoad(run, folder)
    if not folder_load.leave_out_landed(known):
        return _note_unread(run, connection, (spec.name, night), folder_load.unread, told)
    with connection.cursor() as cursor:
        with connection.transaction():
            # Held from here to the end: nobody takes the night over before this is committed.
            night_lock.assert_fence(cursor, run.fence)
            _lock(cursor, spec)
            load = folder_load.land(cursor)
            steps.reached("landing:before_commit")
        steps.reached("landing:after_commit")
    result = replace(load, seconds=time.monotonic() - started)
    run.progress(
        f"{spec.source} {spec.name} {night}: {result.rows_read:,} rows read,"
        f" {result.rows_new:,} new, {result.rows_updated:,} updated,"
        f" {result.rows_unchanged:,} unchanged, {result.rows_quarantined:,} quarantined,"
        f" {result.seconds:.1f} s"
        + (f"; not read: {shown([e.name for e in folder.unread])}" if folder.unread else "")
    )
    return result
