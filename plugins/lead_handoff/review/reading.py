"""Read a returned file in a process of its own, which has little memory and little time.

The child (this module run as a script) gets the bytes on standard input and answers with JSON:
sheet name -> rows, a row being its cells. A cell is null or a pair of what it is (text, number,
moment, truth, formula, error) and its value as JSON.
"""

import csv
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from lead_handoff.review.guard import MOST_BYTES, MOST_ROWS, GuardError, Refusal, check_workbook

MEMORY_BYTES = 256_000_000
CPU_SECONDS = 10
WALL_SECONDS = 30

SHEETS = ("Summary", "Cases")
"""The sheets that are read; the others are evidence that nobody fills in."""

CSV_SHEET = "Cases"
_MOST_COLUMNS = 100

Cell = list[Any] | None
Tables = dict[str, list[list[Cell]]]


def bytes_of(path: Path) -> bytes:
    """The content of a file in the intake folder, read once.

    Raises:
        GuardError: it is a link, a device or the like, or larger than MOST_BYTES.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise GuardError(
            Refusal.NO_REGULAR_FILE, f"it cannot be opened ({error.strerror}); put the file itself"
        ) from error
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
        os.close(descriptor)
        raise GuardError(
            Refusal.NO_REGULAR_FILE, "it is no file of its own; put a copy into the folder"
        )
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise GuardError(Refusal.TOO_LARGE, f"it has over {MOST_BYTES} bytes; nothing is read")
    return content


def read_tables(content: bytes, *, is_csv: bool) -> Tables:
    """The tables of a returned workbook or CSV.

    Raises:
        GuardError: the file is refused, or the child ran out of memory or time.
    """
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "LANG": "C.UTF-8"}
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", __name__, "csv" if is_csv else "xlsx"],
            input=content,
            capture_output=True,
            timeout=WALL_SECONDS,
            env=environment,
            check=False,
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError):
        answer = None
    if answer is None:
        raise GuardError(
            Refusal.TIME_OR_MEMORY,
            f"it cannot be read within {CPU_SECONDS} s and {MEMORY_BYTES // 1_000_000} MB; "
            "copy the verdicts into a fresh case file",
        )
    if "refusal" in answer:
        raise GuardError(Refusal(answer["refusal"]), answer["message"])
    tables: Tables = answer["tables"]
    return tables


def _main(kind: str) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    content = sys.stdin.buffer.read(MOST_BYTES + 1)
    try:
        answer: dict[str, Any] = {"tables": (_csv if kind == "csv" else _workbook)(content)}
    except GuardError as error:
        answer = {"refusal": error.refusal, "message": str(error)}
    sys.stdout.write(json.dumps(answer))


def _workbook(content: bytes) -> Tables:
    check_workbook(content)
    # openpyxl would load numpy for its number types alone, and with it most of the memory.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        unsafe = [name for name in book.sheetnames if set(name) & set("/\\:?*[]\0")]
        if unsafe:
            raise GuardError(
                Refusal.UNSAFE_PATH, f"a sheet is called {unsafe[0][:80]!r}; rename it as it was"
            )
        if len(book.sheetnames) == 1:  # a CSV of cases, opened and saved as a workbook
            return {CSV_SHEET: _rows(book[book.sheetnames[0]])}
        return {name: _rows(book[name]) for name in SHEETS if name in book.sheetnames}
    except (GuardError, MemoryError):
        raise
    except Exception as error:  # openpyxl raises whatever a malformed part makes it trip over
        raise GuardError(
            Refusal.BAD_XML, f"it is no readable workbook ({error}); save it again as .xlsx"
        ) from error


def _rows(sheet: Any) -> list[list[Cell]]:
    """The rows down to the last one that holds anything, each to its last such cell."""
    rows: list[list[Cell]] = []
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = [_cell(cell) for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            if number > MOST_ROWS or len(cells) > _MOST_COLUMNS:
                raise GuardError(
                    Refusal.TOO_MANY_ROWS,
                    f"row {number} of {sheet.title} lies outside the table; delete what is there",
                )
            rows += [[] for _ in range(number - 1 - len(rows))]
            rows.append(cells)
    return rows


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None or value == "":
        return None
    if cell.data_type == "f":
        return ["formula", str(value)[:80]]
    if cell.data_type == "e":
        return ["error", str(value)]
    if isinstance(value, bool):
        return ["truth", value]
    if isinstance(value, (int, float)):
        return ["number", value]
    return ["text", value] if isinstance(value, str) else ["moment", value.isoformat()]


def _csv(content: bytes) -> Tables:
    if len(content) > MOST_BYTES:
        raise GuardError(Refusal.TOO_LARGE, f"it has over {MOST_BYTES} bytes; nothing is read")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:  # Excel's plain "CSV" in the western code page
            text = content.decode("cp1252", errors="replace")
    if "\0" in text or content.startswith((b"PK", b"%PDF", b"\xd0\xcf")):
        raise GuardError(Refusal.NO_WORKBOOK, "it is no CSV file; save the sheet Cases as CSV")
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    rows: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if len(rows) > MOST_ROWS or len(row) > _MOST_COLUMNS:
                raise GuardError(Refusal.TOO_MANY_ROWS, "it has too many rows or columns")
            rows.append([["text", field] if field else None for field in row])
    except csv.Error as error:
        raise GuardError(
            Refusal.BAD_ARCHIVE, f"row {len(rows) + 1} is damaged ({error}); save it again"
        ) from error
    return {CSV_SHEET: rows}


if __name__ == "__main__":
    _main(sys.argv[1])
