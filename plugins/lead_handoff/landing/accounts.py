"""What landing says about its work: to the caller, and file by file while it reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from lead_handoff.catalogue import OWNER_FIELDS
from lead_handoff.landing.discovery import FoundFile
from lead_handoff.landing.limits import Limits
from lead_handoff.landing.readers.parquet_process import ParquetProcess
from lead_handoff.value_rules import DateLimits

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ObjectLoad:
    """What became of one object's folder of one night.

    ``status`` is loaded, failed, or ignored (nothing of it is of a form that is read); the counts
    are rows of files, and read = new + updated + unchanged + quarantined where it was loaded.
    ``run_number`` is 0 for a load that only found files still growing.
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


@dataclass(frozen=True)
class Run:
    """What all loads of one call have in common.

    ``owner_fields`` are the names under which histories tell who owns a record; ``dates``
    which dates are real.
    """

    source: str
    until: date
    zone: ZoneInfo
    fence: int
    progress: Progress
    limits: Limits
    spool_dir: Path | None
    parquet: ParquetProcess
    owner_fields: frozenset[str] = OWNER_FIELDS
    dates: DateLimits = field(default_factory=DateLimits)


@dataclass
class FileAccount:
    """The account of one file while it is read; ``report`` holds kind, detail and rows."""

    found: FoundFile
    size: int
    sha256: str
    rows: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    report: list[tuple[str, str, int | None]] = field(default_factory=list)
