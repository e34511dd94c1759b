"""A case file is safe to open, hard to damage by accident, and the same each time it is made."""

import csv
import io
import re
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from defusedxml import ElementTree

from lead_handoff.review import casefile, workbook
from lead_handoff.review.errors import CaseFileTooLargeError
from lead_handoff.review.text import unguard
from tests.libreoffice import convert

PAYLOADS = [
    '=HYPERLINK("http://example.com","open")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    "=cmd|' /C calc'!A0",
    "http://example.com/x",
    "mailto:x@example.com",
    "'=1+1",
    "{=1+1}",
    "_x003D_1+1",
    "a\x01b",
    "naïve Größe 京",
]


def record(
    cases: int = 3, payload: str | None = None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A recorded draw; `payload` stands in every text that comes from data."""
    text = payload or "Wrong territory"
    name = payload or "budget"
    draw = {
        "month": "2026-05",
        "draw_id": "2026-05-0123456789ab",
        "time_zone": "America/New_York",
        "run_as_of": datetime(2026, 6, 2, tzinfo=UTC),
        "agreement_version": payload or "v2",
        "policy": {"census": False, "strata": ["team", "exit_kind"]},
        "population_size": 40,
        "population_sha256": "ab" * 32,
        "seed": payload or "01382438112797316654",
        "seed_origin": "system",
        "summary": {
            "run_as_of": "2026-06-02T00:00:00Z",
            "strata": [{"stratum": [payload or "East", "rejected"], "population": 40, "sample": 3}],
            "definitions": [
                {
                    "agreement_version": payload or "v2",
                    "minimum_score": 60,
                    "minimum_attributes": 4,
                    "attributes": [
                        {"attribute": name, "description": text, "met_values": payload or ""}
                    ],
                    "terms": [
                        {
                            "tier": payload or "A",
                            "clause": text,
                            "due_in": payload or "8",
                            "due_unit": text,
                            "touches": payload or "6",
                            "channels": payload or "3",
                        }
                    ],
                    "reasons": [{"reason": text, "family": text, "needs_follow_up": "true"}],
                }
            ],
        },
    }
    sample = [
        {
            "handoff_id": f"id {number}",
            "case_number": number,
            "case_token": payload or f"TOKEN-{number}",
            "stratum": [payload or "East", "rejected"],
            "stratum_population": 40,
            "stratum_sample": 3,
            "evidence": {
                "case": {
                    "team": payload or "East",
                    "exit_kind": "rejected",
                    "tier": payload or "A",
                    "agreement_version": payload or "v2",
                    "time_zone": payload or "America/New_York",
                    "offered_at": "2026-05-04T10:00:00",
                    "response_due_at": "2026-05-05T10:00:00",
                    "decided_at": "2026-05-05T09:00:00",
                    "owner": payload or "rep",
                    "reason": text,
                    "family": payload or "procedural",
                    "touches": 2,
                    "touches_before": 2,
                    "touches_owed": 6,
                    "channels": 1,
                    "score": 71.5,
                    "attributes_met": 5,
                    "met_definition": True,
                },
                "timeline": [
                    {
                        "at": "2026-05-04T10:00:00",
                        "zone": payload or "EDT",
                        "hours": 0.0,
                        "event": payload or "Handed over",
                        "what": text,
                        "who": payload or "Owner (rep)",
                        "system": payload or "salesforce",
                        "note": text,
                        "is_key": True,
                    }
                ],
                "attributes": {name: number % 2 == 0},
            },
        }
        for number in range(1, cases + 1)
    ]
    return draw, sample


def made(**arguments: Any) -> bytes:
    return workbook.workbook_bytes(casefile.build(*record(**arguments)))


def opened(**arguments: Any) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(made(**arguments)))


def texts(content: bytes) -> list[str]:
    """The texts of all cells as Excel shows them, which reads _xHHHH_ as a character."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        shared = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
    return [
        re.sub("_x([0-9A-F]{4})_", lambda code: chr(int(code[1], 16)), text.text or "")
        for text in shared.iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}t")
    ]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_from_data_becomes_a_formula_or_a_link(payload: str) -> None:
    content = made(payload=payload)
    for sheet in openpyxl.load_workbook(io.BytesIO(content)):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate)
                assert cell.hyperlink is None
    shown = texts(content)
    assert not [text for text in shown if text.lstrip()[:1] in tuple("=+-@") and text.strip()]
    assert payload in {unguard(text) for text in shown}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_csv_field_starts_dangerously_and_each_gives_its_original(payload: str) -> None:
    for sheet in casefile.build(*record(payload=payload)).tables:
        content = workbook.csv_bytes(sheet).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(content, newline="")))
        fields = [field for row in rows for field in row]
        assert not [
            field for field in fields if field.lstrip()[:1] in tuple("=+-@") and field.strip()
        ]
        assert payload in {unguard(field) for field in fields}


def test_the_workbook_holds_no_formula_link_macro_or_outside_reference() -> None:
    content = made(payload=PAYLOADS[0])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        sheets = [archive.read(name) for name in names if "worksheets/sheet" in name]
        assert not [name for name in names if "vba" in name or "external" in name.lower()]
    assert sheets
    assert not [sheet for sheet in sheets if b"<f>" in sheet or b"<hyperlink" in sheet]


def test_text_that_a_cell_cannot_hold_is_flagged_and_stands_whole_in_the_csv() -> None:
    long = "=" + "x" * 40_000
    shown = texts(made(payload=long))
    assert max(map(len, shown)) <= 32_767
    assert "[text of 40001 characters: more than a cell holds; see the CSV file]" in shown
    assert not [text for text in shown if "x" * 100 in text]
    for sheet in casefile.build(*record(payload=long)).tables:
        assert "'" + long in workbook.csv_bytes(sheet).decode()


def test_a_sheet_that_excel_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    with pytest.raises(CaseFileTooLargeError, match="Cases would have 3 rows"):
        made(cases=3)


def test_the_same_record_gives_the_same_bytes() -> None:
    first, second = (made() for _ in range(2))
    assert first == second


def test_the_creation_date_is_that_of_the_data() -> None:
    assert opened().properties.created == datetime(2026, 6, 2)  # noqa: DTZ001 (Excel has no zone)


def test_evidence_is_locked_and_verdicts_are_open() -> None:
    book = opened()
    assert all(sheet.protection.sheet for sheet in book)
    cases = book["Cases"]
    titles = [cell.value for cell in cases[1]]
    for cell, title in zip(cases[2], titles, strict=True):
        is_open = title in ("Verdict", "Cause", "Remedy", "Comment")
        assert cell.protection.locked is not is_open, title
    for name in ("Timeline", "Attributes", "Definition", "Lists"):
        assert all(cell.protection.locked for row in book[name].iter_rows() for cell in row)


def test_verdicts_are_chosen_from_lists() -> None:
    book = opened()
    cases = book["Cases"]
    letters = {cell.value: cell.column_letter for cell in cases[1]}
    offered = {}
    for validation in cases.data_validations.dataValidation:
        assert validation.type == "list"
        sheet, place = validation.formula1.lstrip("=").split("!")
        cells = [cell[0].value for cell in book[sheet][place.replace("$", "")]]
        offered[str(validation.sqref)] = tuple(cells)
    assert offered == {
        f"{letters['Verdict']}2:{letters['Verdict']}4": casefile.VERDICTS,
        f"{letters['Cause']}2:{letters['Cause']}4": casefile.CAUSES,
        f"{letters['Remedy']}2:{letters['Remedy']}4": casefile.REMEDIES,
    }


def test_tables_are_frozen_filtered_and_print_on_one_page_across() -> None:
    book = opened()
    for name in ("Cases", "Timeline", "Attributes"):
        sheet = book[name]
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        # One page across (the default where nothing is said), any number down.
        assert sheet.page_setup.fitToWidth in (None, 1)
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows == "$1:$1"


def test_strata_are_named_for_people() -> None:
    assert casefile.stratum_words(["", "sent_back"], ["team", "exit_kind"]) == "no team / sent back"
    assert casefile.stratum_words(["A", "machine"], ["tier"]) == "A / by a machine"
    assert casefile.stratum_words(["A", ""], ["tier"]) == "A / by a person"


def test_an_empty_month_gives_a_workbook_all_the_same() -> None:
    book = opened(cases=0)
    assert book["Cases"]["A1"].value == "Case"


def test_numbers_and_moments_are_no_text() -> None:
    row = next(opened()["Timeline"].iter_rows(min_row=2, values_only=True))
    assert row[1] == datetime(2026, 5, 4, 10)  # noqa: DTZ001 (the team's clock)
    assert row[4] == 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
def test_libreoffice_opens_it_and_finds_no_formula(tmp_path: Path) -> None:
    (tmp_path / "review.xlsx").write_bytes(made(payload=PAYLOADS[0]))
    saved = convert(tmp_path / "review.xlsx", "ods:calc8", tmp_path / "saved")
    with zipfile.ZipFile(saved) as archive:
        content = archive.read("content.xml").decode()
    assert "2026-05-001" in content
    assert "table:formula" not in content
    assert "xlink:href" not in content


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
def test_printed_each_sheet_fits_on_a_page_and_the_lists_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "review.xlsx").write_bytes(made())
    content = convert(tmp_path / "review.xlsx", "pdf", tmp_path / "printed").read_bytes()
    pages = re.findall(rb"/Type\s*/Page\b.*?/MediaBox\s*\[\s*0 0 (\d+)[\d.]* (\d+)", content, re.S)
    assert [int(width) > int(height) for width, height in pages] == [False, True, True, True, True]
