"""What reviewers' programs make of a case file when they save it, the intake reads as it was."""

import csv
import io
import shutil
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from lead_handoff.review.casefile import VERDICTS
from lead_handoff.review.draw import DrawResult
from lead_handoff.review.errors import RefusedFileError
from lead_handoff.review.intake import Accepted, accept_file
from tests.libreoffice import convert
from tests.warehouse.review.excel import Value, cells_of, excel_file
from tests.warehouse.review.small_company import write_agreement

COMMENT = 'größer als gedacht; "zu spät", 京 & <b>'

Accept = Callable[[Path], Accepted]
Sheets = dict[str, list[list[Value]]]


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return write_agreement(tmp_path / "agreement", reviewers="ann|bob|chair", quorum="2")


@pytest.fixture
def accept(warehouse: Any, agreement: Path) -> Accept:
    def call(path: Path) -> Accepted:
        return accept_file(
            path, reviewer="ann", warehouse_url=warehouse.url(), agreement_dir=agreement
        )

    return call


@pytest.fixture
def given(drawn: DrawResult) -> Path:
    """The workbook that ann was given."""
    (path,) = drawn.folder.glob("review-*-ann.xlsx")
    return path


def filled(sheets: Sheets, first: str) -> Sheets:
    """Every case answered, in turn, beginning with one of the verdicts."""
    header, *rows = sheets["Cases"]
    verdict, comment = header.index("Verdict"), header.index("Comment")
    start = VERDICTS.index(first)
    for number, row in enumerate(rows):
        row[verdict] = VERDICTS[(start + number) % 3]
        row[comment] = COMMENT
    return sheets


def standing(warehouse: Any) -> dict[str, tuple[str, str]]:
    """The newest verdict and its comment by token."""
    with psycopg.connect(warehouse.url()) as connection:
        return {
            token: (verdict.replace("_", " "), comment)
            for token, verdict, comment in connection.execute(
                "select case_token, verdict, comment from review.verdicts"
                " join review.sample using (month, handoff_id) order by verdict_id"
            )
        }


def answers(sheets: Sheets) -> dict[str, tuple[str, str]]:
    """What the rows say, by token."""
    header, *rows = sheets["Cases"]
    token, verdict = header.index("Token"), header.index("Verdict")
    return {str(row[token]): (str(row[verdict]), COMMENT) for row in rows}


def refused(accept: Accept, path: Path) -> tuple[str, ...]:
    with pytest.raises(RefusedFileError) as error:
        accept(path)
    return error.value.names


def test_a_workbook_saved_by_excel_is_recorded_however_it_keeps_texts_and_dates(
    warehouse: Any, given: Path, accept: Accept, tmp_path: Path
) -> None:
    ways: list[dict[str, Any]] = [
        {},
        {"in_runs": True},
        {"inline": True},
        {"since_1904": True},
        {"note": "seen with bob"},
    ]
    for number, way in enumerate(ways):
        sheets = filled(cells_of(given), VERDICTS[number % 3])
        path = tmp_path / f"{number}.xlsx"
        path.write_bytes(excel_file(sheets, **way))
        assert accept(path).verdicts == len(sheets["Cases"]) - 1, way
        assert standing(warehouse) == answers(sheets), way


def test_a_date_that_excel_moved_by_an_epoch_is_altered_evidence(
    given: Path, accept: Accept, tmp_path: Path
) -> None:
    content = excel_file(filled(cells_of(given), "valid"), since_1904=True)
    moved = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(moved, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b' date1904="1"', b""))
    (tmp_path / "moved.xlsx").write_bytes(moved.getvalue())
    assert refused(accept, tmp_path / "moved.xlsx") == ("altered_evidence",)


def test_a_csv_saved_by_excel_shows_moments_as_the_sheet_does(
    warehouse: Any, given: Path, accept: Accept, tmp_path: Path
) -> None:
    sheets = filled(cells_of(given), "valid")

    def shown(value: Value) -> str:
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M}"
        return "" if value is None else str(value).replace(".0", "")

    text = io.StringIO()
    csv.writer(text).writerows([shown(value) for value in row] for row in sheets["Cases"])
    (tmp_path / "excel.csv").write_bytes(b"\xef\xbb\xbf" + text.getvalue().encode())
    accept(tmp_path / "excel.csv")
    assert standing(warehouse) == answers(sheets)


def test_a_workbook_in_the_strict_form_is_refused_with_a_remedy(
    given: Path, accept: Accept, tmp_path: Path
) -> None:
    content = excel_file(filled(cells_of(given), "valid"))
    strict = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(strict, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            for transitional, purl in (
                (b"http://schemas.openxmlformats.org/spreadsheetml/2006/", b"spreadsheetml/"),
                (b"http://schemas.openxmlformats.org/officeDocument/2006/", b"officeDocument/"),
            ):
                part = part.replace(transitional, b"http://purl.oclc.org/ooxml/" + purl)
            new.writestr(name, part)
    (tmp_path / "strict.xlsx").write_bytes(strict.getvalue())
    with pytest.raises(RefusedFileError, match="save it as Excel Workbook") as error:
        accept(tmp_path / "strict.xlsx")
    assert error.value.names == ("strict_form",)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
def test_what_libreoffice_saves_is_recorded_as_workbook_and_as_csv(
    warehouse: Any, drawn: DrawResult, given: Path, accept: Accept, tmp_path: Path
) -> None:
    sheets = filled(cells_of(given), "invalid")
    book = openpyxl.load_workbook(given)
    for row, values in zip(book["Cases"].iter_rows(), sheets["Cases"], strict=True):
        for cell, value in zip(row, values, strict=True):
            cell.value = value
    book.save(tmp_path / "filled.xlsx")
    saved = convert(tmp_path / "filled.xlsx", "xlsx:Calc MS Excel 2007 XML", tmp_path / "saved")
    assert accept(saved).verdicts == len(sheets["Cases"]) - 1
    assert standing(warehouse) == answers(sheets)

    # A CSV of cases that is opened there, filled in, and saved as a workbook with one sheet.
    (source,) = drawn.folder.glob("cases-?-ann.csv")
    with source.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, verdict in zip(rows, VERDICTS * len(rows), strict=False):
        row |= {"Verdict": verdict, "Comment": COMMENT}
    with (tmp_path / "one.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    # 44, 34, 76: commas, double quotes, UTF-8, which its dialogue proposes by itself.
    for form in ("xlsx:Calc MS Excel 2007 XML", "csv:Text - txt - csv (StarCalc):44,34,76"):
        saved = convert(tmp_path / "one.csv", form, tmp_path / "one", "CSV:44,34,76")
        assert accept(saved).verdicts == len(rows)
        assert standing(warehouse) == {row["Token"]: (row["Verdict"], COMMENT) for row in rows}
