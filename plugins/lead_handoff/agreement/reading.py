"""Reads the agreement's files, each value by itself and in its one form.

Nothing else in the package opens them. What lies between rows and files is checked in `checking`.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lead_handoff.agreement.problems import AgreementProblem
from lead_handoff.agreement.values import BadValueError, allowed, read_value
from lead_handoff.agreement.vocabulary import FILES, Column, File
from lead_handoff.errors import HandoffError


class AgreementError(HandoffError):
    """The agreement cannot be read; `make check-agreement` lists what is wrong with it."""


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

    def demand_readable(self) -> None:
        """Refuse to go on with what could not be read, down to a single value.

        Raises:
            AgreementError: names the first mistake.
        """
        if self.problems:
            first = self.problems[0]
            raise AgreementError(
                f"the agreement cannot be read: {first} (run `make check-agreement` for "
                "the whole list)"
            )


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
        _read_table(folder, stem, file, tables)
    return tables


def read_table(folder: Path, stem: str) -> Tables:
    """Read one file of the agreement; mistakes are collected, not raised."""
    tables = Tables()
    _read_table(folder, stem, FILES[stem], tables)
    return tables


def _read_table(folder: Path, stem: str, file: File, tables: Tables) -> None:
    path = folder / f"{stem}.csv"
    if path.is_file():
        tables.rows[stem] = list(_rows(stem, file, path, tables))
    else:
        others = sorted(each.name for each in folder.glob(f"{stem}.*"))
        lies_there = f"; {others[0]} lies there: save it as CSV UTF-8" if others else ""
        tables.report(
            stem,
            0,
            "",
            f"is missing{lies_there}; it needs at least the header {','.join(file.names)}",
        )


def _rows(stem: str, file: File, path: Path, tables: Tables) -> Iterator[Row]:
    """The readable rows of one file, each value in its one form where it has one."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        tables.report(stem, line, "", "is not UTF-8 here; save the file as CSV UTF-8")
        return
    # Where numbers have a decimal comma, spreadsheet programs write semicolons between cells.
    first_line = next(iter(text.splitlines()), "")
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
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
                    "put text that contains the separator in double quotes",
                )
                continue
            given = dict.fromkeys(file.names, "") | dict(zip(names, cells, strict=True))
            values = {name: given[name].strip() for name in file.names}
            for column in file.columns:
                if given[column.name] != values[column.name]:
                    tables.report(
                        stem, number, column.name, "has spaces around its value; remove them"
                    )
                values[column.name] = _value(stem, number, column, values, tables)
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


def _value(stem: str, row: int, column: Column, values: dict[str, str], tables: Tables) -> str:
    """One value in its one form; as it is given, and noted, where it has none."""
    value, kind = values[column.name], column.kind_in(values)
    if value == "":
        if not column.optional:
            tables.report(stem, row, column.name, f"is blank; {allowed(kind, column.choices)}")
        return value
    try:
        return read_value(kind, value, column.choices)
    except BadValueError as error:
        of = f"{values[column.kind_by]}: " if column.kind_by else ""
        tables.report(stem, row, column.name, f"{of}{value!r} is not allowed; {error}")
        return value


def written(folder: Path, stem: str) -> bytes:
    """A file of the agreement as the models read it: every column of today, each value in its form.

    A file with a mistake, or that is none of the agreement's, comes back as it is: no night relies
    on it.
    """
    tables = read_table(folder, stem) if stem in FILES else None
    if tables is None or tables.problems:
        return (folder / f"{stem}.csv").read_bytes()
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, FILES[stem].names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.values for row in tables.of(stem))
    return target.getvalue().encode()


def agreement_hash(folder: Path) -> str:
    """SHA-256 of what the agreement says, in hex.

    Equal for files that differ only in line ends, quoting, the order of rows, or in how a
    spreadsheet program writes their values.

    Raises:
        AgreementError: a file is missing or cannot be read.
    """
    tables = read_tables(folder)
    tables.demand_readable()
    digest = hashlib.sha256()
    for stem, rows in sorted(tables.rows.items()):
        lines = sorted(
            json.dumps(
                {name: value or None for name, value in row.values.items()},
                sort_keys=True,
                ensure_ascii=False,
            )
            for row in rows
        )
        digest.update("\n".join([stem, *lines, ""]).encode())
    return digest.hexdigest()
