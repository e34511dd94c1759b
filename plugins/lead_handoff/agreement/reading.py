"""Reads the agreement's files and checks each value by itself.

What lies between rows and files is checked in `checking`.
"""

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lead_handoff.agreement.vocabulary import FILES, Column, File
from lead_handoff.errors import HandoffError

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class AgreementError(HandoffError):
    """The agreement cannot be read; `make check-agreement` lists what is wrong with it."""


@dataclass(frozen=True, order=True)
class AgreementProblem:
    """One mistake: where it stands and what is allowed there.

    `row` is the row as a spreadsheet counts it, the header being row 1; 0 means the whole file.
    """

    file: str
    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Row:
    """One row of a file, its values by column, blank ones as empty text."""

    number: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]


@dataclass
class Tables:
    """What could be read of an agreement, and the mistakes met while reading."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    problems: list[AgreementProblem] = field(default_factory=list)

    def of(self, stem: str) -> list[Row]:
        """The rows of one file."""
        return self.rows.get(stem, [])

    def report(self, stem: str, row: int, column: str, message: str) -> None:
        """Note a mistake."""
        self.problems.append(AgreementProblem(f"{stem}.csv", row, column, message))


def read_tables(folder: Path) -> Tables:
    """Read every file of the agreement in `folder`; mistakes are collected, not raised."""
    tables = Tables()
    if not folder.is_dir():
        tables.problems.append(
            AgreementProblem(str(folder), 0, "", "there is no such folder; set HANDOFF_AGREEMENT")
        )
        return tables
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in FILES:
            tables.report(
                path.stem, 0, "", "is no file of an agreement; allowed are " + ", ".join(FILES)
            )
    for stem, file in FILES.items():
        path = folder / f"{stem}.csv"
        if not path.is_file():
            tables.report(
                stem, 0, "", "is missing; it needs at least the header " + ",".join(file.names)
            )
            continue
        tables.rows[stem] = list(_rows(stem, file, path, tables))
    return tables


def _rows(stem: str, file: File, path: Path, tables: Tables) -> Iterator[Row]:
    """The readable rows of one file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        tables.report(stem, line, "", "is not UTF-8 here; save the file as CSV UTF-8")
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        names = [name.strip() for name in header]
        if not _header_fits(stem, file, names, tables):
            return
        seen: dict[tuple[str, ...], int] = {}
        for number, cells in enumerate(reader, 2):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                tables.report(
                    stem,
                    number,
                    "",
                    f"has {len(cells)} cells where the header has {len(names)}; "
                    "put text that contains a comma in double quotes",
                )
                continue
            given = dict.fromkeys(file.names, "") | dict(zip(names, cells, strict=True))
            values = {name: given[name].strip() for name in file.names}
            for column in file.columns:
                if given[column.name] != values[column.name]:
                    tables.report(
                        stem, number, column.name, "has spaces around its value; remove them"
                    )
                _check_value(stem, number, column, values[column.name], tables)
            key = tuple(values[name] for name in file.key)
            if key in seen:
                tables.report(
                    stem,
                    number,
                    file.key[-1],
                    f"repeats row {seen[key]}: {_named(file.key, key)}; each may stand once",
                )
            seen.setdefault(key, number)
            yield Row(number, values)
    except csv.Error as error:
        tables.report(stem, reader.line_num, "", f"is no CSV here ({error}); check the quotes")


def _named(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in zip(names, values, strict=True))


def _header_fits(stem: str, file: File, names: list[str], tables: Tables) -> bool:
    """Whether the header names every column once; what is wrong with it is noted."""
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        tables.report(stem, 1, "", "is separated by semicolons or tabs; save it with commas")
        return False
    fits = True
    for column in file.columns:
        if column.name not in names and not column.may_be_absent:
            tables.report(stem, 1, column.name, "this column is missing from the header")
            fits = False
    for name in dict.fromkeys(names):
        if name not in file.names:
            tables.report(
                stem, 1, name, "is no column of this file; allowed are " + ", ".join(file.names)
            )
        if names.count(name) > 1:
            tables.report(stem, 1, name, "this column stands in the header more than once")
            fits = False
    return fits


def _check_value(stem: str, row: int, column: Column, value: str, tables: Tables) -> None:
    """Note what is wrong with one value by itself."""
    if value == "":
        if not column.optional:
            tables.report(stem, row, column.name, f"is blank; {_allowed(column)}")
        return
    if not _is(column, value):
        tables.report(stem, row, column.name, f"{value!r} is not allowed; {_allowed(column)}")


def _allowed(column: Column) -> str:
    """What a column may hold, as a phrase."""
    return {
        "text": "give a text",
        "choice": "allowed are " + ", ".join(column.choices),
        "boolean": "give true or false",
        "date": "give a date that exists, as 2026-04-01",
        "time": "give a time of day from 00:00 to 24:00, as 09:00",
        "zone": "give a time zone by its name, as America/New_York",
        "count": "give a whole number of 0 or more",
        "number": "give a number of 0 or more, with a point for decimals",
    }[column.kind]


def _is(column: Column, value: str) -> bool:
    """Whether a value that is not blank is of its column's kind."""
    match column.kind:
        case "choice":
            return value in column.choices
        case "boolean":
            return value in ("true", "false")
        case "date":
            return is_date(value)
        case "time":
            return value == "24:00" or _TIME.fullmatch(value) is not None
        case "zone":
            return is_zone(value)
        case "count":
            return value.isascii() and value.isdigit() and len(value) <= 9
        case "number":
            return is_number(value) and not value.startswith("-")
        case _:
            return True


def is_date(value: str) -> bool:
    """Whether `value` is a day of the calendar, as YYYY-MM-DD."""
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_number(value: str) -> bool:
    """Whether `value` is a plain decimal number."""
    return _NUMBER.fullmatch(value) is not None and math.isfinite(float(value))


def is_zone(value: str) -> bool:
    """Whether `value` names a time zone."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def load_agreement(folder: Path) -> dict[str, list[dict[str, str | None]]]:
    """The agreement as lists of rows by file stem; blank values are None.

    Raises:
        AgreementError: a file is missing or cannot be read, naming file and row.
    """
    tables = read_tables(folder)
    unread = [p for p in tables.problems if p.row <= 1 or p.column == ""]
    unread = [
        p for p in unread if "is no column" not in p.message and "is no file" not in p.message
    ]
    if unread:
        first = unread[0]
        raise AgreementError(
            f"the agreement cannot be read: {first.file}, row {first.row} {first.column}: "
            f"{first.message} (run `make check-agreement` for the whole list)"
        )
    return {
        stem: [{name: value or None for name, value in row.values.items()} for row in rows]
        for stem, rows in tables.rows.items()
    }


def completed(path: Path) -> bytes:
    """A file of the agreement with every column of today, those it was written without left blank.

    Whatever else the file says, right or wrong, stays as it is.
    """
    content = path.read_bytes()
    file = FILES.get(path.stem)
    later = [column.name for column in file.columns if column.may_be_absent] if file else []
    if not later:
        return content
    text = content.decode("utf-8-sig")
    header = [name.strip() for name in next(csv.reader(io.StringIO(text, newline="")), [])]
    absent = [name for name in later if name not in header]
    if not absent:
        return content
    lines = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([*lines[0], *absent])
    writer.writerows([*row, *("" for _ in absent)] for row in lines[1:])
    return target.getvalue().encode()


def agreement_hash(folder: Path) -> str:
    """SHA-256 of what the agreement says, in hex.

    Equal for files that differ only in line ends, quoting or the order of rows.

    Raises:
        AgreementError: a file is missing or cannot be read.
    """
    digest = hashlib.sha256()
    for stem, rows in sorted(load_agreement(folder).items()):
        lines = sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)
        digest.update("\n".join([stem, *lines, ""]).encode())
    return digest.hexdigest()
