"""Puts each row into the night that delivers it, and writes the nights' files.

A row belongs to the night in whose window its modification stamp lies: the first folder holds
everything before its own midnight, each later one a single day. What a real feed does to rows
(overlap, lateness, damage) happens here and nowhere else, and can be switched off.
"""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

from lead_handoff.simulate.catalogue import COLUMNS

DAY = 86_400
OVERLAP_SECONDS = 1_800
"""How far before its own window a night reads again, as cautious connectors do."""
LATE_ONE_IN = 331
"""Of the change rows of single nights, one in so many arrives a night late."""

ObjectKey = tuple[str, str]

_JSON_OBJECTS = {
    ("salesforce", "Event"),
    ("salesforce", "Opportunity"),
    ("marketo", "activity_types"),
    ("generic", "opportunities"),
    ("hubspot", "contacts"),
}
_GZIP_JSON_OBJECTS = {("salesforce", "CampaignMember")}
_GZIP_CSV_OBJECTS = {("salesforce", "LeadHistory")}
_FIRST_NIGHT_GZIP = {("salesforce", "Lead"), ("salesforce", "Task")}
_LATE_OBJECTS = {("salesforce", "LeadHistory"), ("marketo", "activities")}
_BOOLEANS = {"true": True, "false": False}

_TIMES = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY)]
_EPOCH = date(1970, 1, 1).toordinal()
_DAYS: dict[int, str] = {}


def day_text(instant: int) -> str:
    """The UTC date of `instant` (epoch seconds) as YYYY-MM-DD."""
    number = instant // DAY
    text = _DAYS.get(number)
    if text is None:
        text = _DAYS[number] = date.fromordinal(_EPOCH + number).isoformat()
    return text


def salesforce_time(instant: int) -> str:
    """`instant` as Salesforce writes it: 2026-02-03T14:05:09.000Z."""
    return f"{day_text(instant)}T{_TIMES[instant % DAY]}.000Z"


def marketo_time(instant: int) -> str:
    """`instant` as Marketo writes it: 2026-02-03T14:05:09Z."""
    return f"{day_text(instant)}T{_TIMES[instant % DAY]}Z"


@dataclass(frozen=True)
class Horizon:
    """The stretch of time a run covers, in UTC days."""

    start: date
    first_days: int
    nights: int

    @cached_property
    def start_at(self) -> int:
        """First instant of the first day, epoch seconds."""
        return (self.start.toordinal() - _EPOCH) * DAY

    @cached_property
    def first_end(self) -> int:
        """The midnight that ends the first load."""
        return self.start_at + self.first_days * DAY

    @cached_property
    def end(self) -> int:
        """The midnight that ends the last night; nothing dated later is delivered."""
        return self.first_end + self.nights * DAY

    def night_of(self, stamp: int) -> int:
        """0 for the first load, n for the n-th single night, beyond `nights` if not yet due."""
        return 0 if stamp < self.first_end else 1 + (stamp - self.first_end) // DAY

    def folder(self, night: int) -> str:
        """The folder date of a night: the day whose midnight ends its window."""
        return (self.start + timedelta(self.first_days + night)).isoformat()


class _Part:
    """One file being written, by the writer of its format."""

    def __init__(self, folder: Path, key: ObjectKey, part: int, night: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{key[1].lower()}-{part:04d}"
        self._columns = COLUMNS[key]
        self._raw: Any = None
        as_json = key in _JSON_OBJECTS or key in _GZIP_JSON_OBJECTS
        zipped = (
            key in _GZIP_CSV_OBJECTS
            or key in _GZIP_JSON_OBJECTS
            or (night == 0 and key in _FIRST_NIGHT_GZIP)
        )
        path = folder / (name + (".jsonl" if as_json else ".csv") + (".gz" if zipped else ""))
        self._raw = open(path, "wb", buffering=1 << 17)  # noqa: SIM115 - closed in close()
        self._stream: TextIO = io.TextIOWrapper(
            # No name and no time in the gzip header: the same rows give the same bytes.
            gzip.GzipFile("", "wb", 3, self._raw, 0) if zipped else self._raw,
            encoding="utf-8",
            newline="",
        )
        self.write: Callable[[Sequence[object]], object]
        if as_json:
            self.write = self._write_json
        else:
            self.write = csv.writer(self._stream, lineterminator="\n").writerow
            self.write(self._columns)

    def _write_json(self, row: Sequence[object]) -> None:
        record = {
            column: None if value == "" else _BOOLEANS.get(str(value), value)
            for column, value in zip(self._columns, row, strict=True)
        }
        self._stream.write(json.dumps(record, ensure_ascii=False) + "\n")

    def write_text(self, line: str) -> None:
        """Write one damaged line as it is."""
        self._stream.write(line + "\n")

    def close(self) -> None:
        self._stream.close()
        self._raw.close()


class Delivery:
    """The open files of one part of the company, one per object and night."""

    def __init__(self, root: Path, horizon: Horizon, part: int, *, noise: bool) -> None:
        """Write under `root`; `part` numbers the files, `noise` switches the feed's faults on."""
        self.horizon = horizon
        self._root = root
        self._part = part
        self._noise = noise
        self._parts: dict[tuple[ObjectKey, int], _Part] = {}
        self._end = horizon.end
        self._first_end = horizon.first_end
        self._nights = horizon.nights
        self._count = 0

    def _file(self, key: ObjectKey, night: int) -> _Part:
        found = self._parts.get((key, night))
        if found is None:
            folder = self._root / key[0] / key[1] / self.horizon.folder(night)
            found = self._parts[key, night] = _Part(folder, key, self._part, night)
        return found

    def row(self, key: ObjectKey, stamp: int, values: Sequence[object]) -> None:
        """Deliver one row version in the night of its stamp; drop it when that has not come."""
        if stamp >= self._end:
            return
        night = self.horizon.night_of(stamp)
        if self._noise:
            if night and key in _LATE_OBJECTS:
                self._count += 1
                if self._count % LATE_ONE_IN == 0 and night < self._nights:
                    night += 1
                    self._file(key, night).write(values)
                    return
            if key == ("salesforce", "Event") and night == 3 and night < self._nights:
                night = 4  # that night's delivery failed at the source; the next carries both
            elif night < self._nights:
                boundary = self._first_end + night * DAY
                if boundary - stamp <= OVERLAP_SECONDS:
                    self._file(key, night + 1).write(values)
        self._file(key, night).write(values)

    def row_in_night(self, key: ObjectKey, night: int, values: Sequence[object]) -> None:
        """Deliver a row in a given night whatever its stamp says."""
        self._file(key, night).write(values)

    def versions(
        self,
        key: ObjectKey,
        changes: list[tuple[int, dict[str, object]]],
        stamped: Callable[[int], dict[str, object]],
        blank: str = "",
    ) -> None:
        """Deliver a record as each night saw it last.

        `changes` are (instant, fields set then); of the changes in one night's window only the
        state after the last is delivered. `stamped` gives the fields that hold the instant.
        """
        changes.sort(key=lambda change: change[0])
        state: dict[str, object] = {}
        columns = COLUMNS[key]
        night_of = self.horizon.night_of
        last = len(changes) - 1
        for at, (instant, fields) in enumerate(changes):
            if instant >= self._end:
                return
            state.update(fields)
            if at < last:
                following = changes[at + 1][0]
                if following < self._end and night_of(following) == night_of(instant):
                    continue
            state.update(stamped(instant))
            self.row(key, instant, [state.get(column, blank) for column in columns])

    def damage(self, key: ObjectKey, night: int, line: str) -> None:
        """Write a damaged line among a night's rows, where that night has such a file."""
        if self._noise and (key, night) in self._parts:
            self._parts[key, night].write_text(line)

    def close(self) -> None:
        """Finish all files."""
        for part in self._parts.values():
            part.close()
        self._parts.clear()


def _lines(path: Path) -> int:
    """The line ends in a file, piece by piece; no value the simulator writes contains one."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        return sum(piece.count(b"\n") for piece in iter(lambda: stream.read(1 << 20), b""))


def write_manifests(root: Path, source: str) -> None:
    """Give every folder of `source` its manifest: name, rows and SHA-256 of each file."""
    for folder in sorted(path for path in (root / source).glob("*/*") if path.is_dir()):
        files = []
        for path in sorted(folder.iterdir()):
            if path.name == "manifest.json":
                continue
            with path.open("rb") as stored:
                digest = hashlib.file_digest(stored, "sha256").hexdigest()
            header = 0 if ".jsonl" in path.name else 1
            files.append({"name": path.name, "rows": _lines(path) - header, "sha256": digest})
        (folder / "manifest.json").write_text(json.dumps({"files": files}, indent=1) + "\n")
