"""What a returned case file says, checked against the draw: known cases, nothing altered.

A row belongs to the case whose token it bears, wherever it stands; columns are found by title. All
problems of a file are found at once, each with its name, sheet, row, column and remedy.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lead_handoff.review.casefile import CHOICES, Sheet, Value
from lead_handoff.review.reading import CSV_SHEET, Cell, Tables
from lead_handoff.review.text import unguard
from lead_handoff.review.workbook import shown

FILLED = (*CHOICES, "Comment")
_KEYS = ("Case", "Token")
_LONGEST_COMMENT = 4_000
_CASE = re.compile(r"(\d{4}-\d{2})-\d{3,}")
_MOMENTS = ("%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M")


@dataclass(frozen=True)
class Verdict:
    """One filled row; ``verdict`` None where the reviewer gives none (or takes one back)."""

    token: str
    row: int
    verdict: str | None
    cause: str | None
    remedy: str | None
    comment: str | None


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file, by name; ``row`` counts from 1 as spreadsheets do."""

    name: str
    message: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """The line that the reviewer reads."""
        place = f"sheet {CSV_SHEET}" + (f", row {self.row}" if self.row else "")
        place += f", column {self.column}" if self.column else ""
        return f"{self.name}: {place}: {self.message}"


def tokens_of(tables: Tables) -> set[str] | None:
    """The tokens that a file bears, to find its draw by; None where it holds no table of cases."""
    found = _table(tables)
    if found is None:
        return None
    header, rows = found
    return {str(text) for _, row in rows if (text := _text(row.get(header["Token"])))}


def summary_of(tables: Tables) -> dict[str, str]:
    """Labels and values of the sheet Summary (first two columns); empty for a CSV."""
    found: dict[str, str] = {}
    for row in tables.get("Summary", []):
        if len(row) > 1 and row[0] and row[1]:
            found.setdefault(str(row[0][1]), str(row[1][1]).strip())
    return found


NO_CASES = Problem(
    "no_cases",
    "there is no header row with Case and Token; start from a fresh case file and leave its header "
    "as it is",
)


def read_verdicts(tables: Tables, cases: Sheet, month: str) -> tuple[list[Verdict], list[Problem]]:
    """The rows of a file, and everything that is wrong with it.

    Args:
        tables: the file as read.
        cases: the sheet Cases as it was handed out.
        month: the month of the draw, YYYY-MM.
    """
    found = _table(tables)
    if found is None:
        return [], [NO_CASES]
    header, rows = found
    titles = [column.title for column in cases.columns]
    problems = [
        Problem("missing_column", "put the column back as it was", column=title)
        for title in (*_KEYS, *FILLED)
        if title not in header
    ]
    problems += [
        Problem("unknown_column", "delete the column; notes belong into Comment", column=title)
        for title in header
        if title not in titles
    ]
    problems += [
        Problem("doubled_column", "delete one of the two columns", column=title)
        for title in sorted(_doubled(tables))
    ]
    if problems:
        return [], problems
    handed_out = {
        str(row[titles.index("Token")]): dict(zip(titles, row, strict=True)) for row in cases.rows
    }
    verdicts: list[Verdict] = []
    seen: dict[str, int] = {}
    for number, row in rows:
        named = {title: row.get(place) for title, place in header.items()}
        wrong = list(_row_problems(named, handed_out, number, month, seen))
        problems += wrong
        if not wrong:
            token = str(_text(named["Token"]))
            seen[token] = number
            verdicts.append(_verdict(named, token, number))
    return verdicts, problems


def _table(tables: Tables) -> tuple[dict[str, int], list[tuple[int, dict[int, Cell]]]] | None:
    """Column places by title, and the rows below that hold anything, with their numbers."""
    sheet = tables.get(CSV_SHEET, [])
    for at, row in enumerate(sheet):
        titles = {_title(cell): place for place, cell in enumerate(row) if cell}
        if set(_KEYS) <= set(titles):
            below: list[tuple[int, dict[int, Cell]]] = [
                (number, {place: cell for place, cell in enumerate(cells) if cell})
                for number, cells in enumerate(sheet[at + 1 :], at + 2)
            ]
            return titles, [(number, cells) for number, cells in below if cells]
    return None


def _doubled(tables: Tables) -> set[str]:
    for row in tables.get(CSV_SHEET, []):
        titles = [_title(cell) for cell in row if cell]
        if set(_KEYS) <= set(titles):
            return {title for title in titles if titles.count(title) > 1}
    return set()


def _row_problems(
    named: Mapping[str, Cell],
    handed_out: Mapping[str, Mapping[str, Value]],
    number: int,
    month: str,
    seen: Mapping[str, int],
) -> Iterator[Problem]:
    for title, cell in named.items():
        if cell and cell[0] in ("formula", "error"):
            yield Problem("formula", "type the text itself, no formula", number, title)
            return
    token, case = _text(named["Token"]), _text(named["Case"])
    label = _CASE.fullmatch(case or "")
    if label and label[1] != month:
        yield Problem(
            "wrong_month",
            f"case {case} is not of {month}; return each month by itself",
            number,
            "Case",
        )
    elif not token or token not in handed_out:
        yield Problem(
            "unknown_case",
            "no case of this draw bears this token; copy the row from a fresh case file",
            number,
            "Token",
        )
    elif token in seen:
        yield Problem(
            "doubled_case",
            f"the case stands in row {seen[token]} already; delete one of the two",
            number,
            "Token",
        )
    else:
        for title, value in handed_out[token].items():
            if title in named and title not in FILLED and not _same(named[title], value):
                yield Problem(
                    "altered_evidence",
                    f"the cell is not as it was handed out, which was {shown(value)!s:.60}; put it "
                    "back",
                    number,
                    title,
                )
        yield from _answer_problems(named, number)


def _answer_problems(named: Mapping[str, Cell], number: int) -> Iterator[Problem]:
    for title, answers in CHOICES.items():
        cell = named[title]
        if cell and _answer(cell, answers) is None:
            yield Problem(
                "value_not_allowed",
                f"{str(cell[1])[:60]!r} is none of: {', '.join(answers)}",
                number,
                title,
            )
    comment = named["Comment"]
    if comment and len(str(comment[1])) > _LONGEST_COMMENT:
        yield Problem(
            "comment_too_long", f"write at most {_LONGEST_COMMENT} characters", number, "Comment"
        )
    if not named["Verdict"] and any(named[title] for title in FILLED):
        yield Problem(
            "verdict_missing", "choose a verdict, or empty the whole row", number, "Verdict"
        )


def _verdict(named: Mapping[str, Cell], token: str, number: int) -> Verdict:
    chosen = {title: _answer(named[title], answers) for title, answers in CHOICES.items()}
    verdict = chosen["Verdict"]
    return Verdict(
        token=token,
        row=number,
        verdict=verdict.replace(" ", "_") if verdict else None,
        cause=chosen["Cause"],
        remedy=chosen["Remedy"],
        comment=_text(named["Comment"]),
    )


def _answer(cell: Cell, answers: tuple[str, ...]) -> str | None:
    text = (_text(cell) or "").casefold()
    return next((answer for answer in answers if answer.casefold() == text), None)


def _text(cell: Cell) -> str | None:
    return str(cell[1]).strip() or None if cell else None


def _title(cell: Cell) -> str:
    """A column's title; some programs take a CSV's byte-order mark for part of the first one."""
    return (_text(cell) or "").removeprefix("\ufeff").strip('"')


def _same(cell: Cell, value: Value) -> bool:
    """Whether a cell still says what was handed out, however its program writes that."""
    if cell is None or value is None or value == "":
        return cell is None and value in (None, "")
    kind, given = cell
    if isinstance(value, datetime):
        moment = datetime.fromisoformat(given) if kind == "moment" else _moment(str(given), value)
        return moment is not None and abs(moment - value) < timedelta(minutes=1)
    if isinstance(value, str):
        return kind == "text" and _plain(given) in {_plain(value), _plain(str(shown(value)))}
    try:
        return abs(float(str(given).replace(",", ".")) - value) < 1e-6
    except ValueError:
        return False


def _moment(text: str, expected: datetime) -> datetime | None:
    """A moment as a program wrote it into a CSV: of the ways to read it, the expected one."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    short = re.sub(r"(\d{1,2}:\d{2}):\d{2}", r"\1", text)
    for way in _MOMENTS:
        for form in (way, way.replace("%H:%M", "%I:%M %p")):
            try:
                read = datetime.strptime(short, form)  # noqa: DTZ007 - local times, as handed out
            except ValueError:
                continue
            if abs(read - expected) < timedelta(minutes=1):
                return read
    return None


def _plain(text: str) -> str:
    return " ".join(unguard(text).split())
