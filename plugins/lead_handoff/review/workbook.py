"""Formats a case file as an Excel workbook and as CSV; decides nothing.

The same case file gives the same bytes. No cell holds a formula or a link: text is written as text,
and text that a spreadsheet could take for a formula has an apostrophe in front (module text says
how to have the original back). Evidence cells are locked, verdict cells are not; the protection has
no password, for it is against slips and not against people.
"""

import csv
import io
from datetime import datetime
from typing import Any

from lead_handoff.review.casefile import (
    CHOICES,
    KIND_MEANINGS,
    KIND_WORDS,
    CaseFile,
    Column,
    Sheet,
    Value,
)
from lead_handoff.review.errors import CaseFileTooLargeError
from lead_handoff.review.text import guard

LONGEST_CELL = 32_767
"""Characters that an Excel cell holds; longer text stands whole in the CSV alone."""

MOST_ROWS = 1_048_575
"""Rows of an Excel sheet, its header aside."""

_FONT = "Calibri"
_INK, _PAPER, _LINE = "#1F2A37", "#F3F5F8", "#C9D1DB"
_HEAD, _VERDICT_HEAD, _VERDICT_PAPER = "#2F4858", "#9A5B00", "#FFF8E5"
_MARK = "#E3EEF6"

_HOW_TO = (
    "For each case on the sheet Cases, say whether the exit was right under the definition in "
    "force: valid, invalid, or cannot tell. The point is to find causes, not to assign blame.",
    "Timeline shows what happened to each case, in the time of the team; filter it by case. "
    "Attributes shows which of the agreed attributes the lead met when it was handed over. "
    "Definition holds what was agreed.",
    "Choose Cause and Remedy from their lists; write a comment where neither says enough. Only the "
    "yellow cells can be filled in. Leave Case, Weight and Token as they are: verdicts are "
    "matched by them.",
    "Nobody is named. The people of a case are called by what they are, anew in each case. If a "
    "reason that somebody typed names a person, please do not repeat it in a comment.",
    "Within a stratum the cases stand in the order of the draw: whoever stops early has still "
    "reviewed a random sample.",
    "Text that could be taken for a formula has an apostrophe in front that is not part of it.",
)


def workbook_bytes(case_file: CaseFile) -> bytes:
    """The workbook of a case file.

    Raises:
        CaseFileTooLargeError: a sheet has more rows than Excel can hold.
    """
    import xlsxwriter

    for sheet in case_file.tables:
        if len(sheet.rows) > MOST_ROWS:
            raise CaseFileTooLargeError(
                f"the sheet {sheet.name} would have {len(sheet.rows)} rows, Excel holds "
                f"{MOST_ROWS}; set census to false or a smaller sample_size in the review policy"
            )
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
        },
    )
    book.set_properties(
        {
            "title": f"Review of {case_file.month}",
            "subject": case_file.draw_id,
            "author": "",
            "created": case_file.created,
        }
    )
    book.set_size(2400, 1400)
    formats = _Formats(book)
    _write_summary(book, formats, case_file)
    _write_table(book, formats, case_file, case_file.cases, frozen_columns=1, colour="#9A5B00")
    _write_table(book, formats, case_file, case_file.timeline, frozen_columns=1)
    _write_table(book, formats, case_file, case_file.attributes, frozen_columns=1)
    _write_table(book, formats, case_file, case_file.definition, frozen_columns=0)
    _write_lists(book, formats)
    book.close()
    return stream.getvalue()


def csv_bytes(sheet: Sheet) -> bytes:
    """A table as CSV: UTF-8 with a byte-order mark (Excel needs it), every field quoted, CRLF."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([_csv_field(column.title) for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([_csv_field(value) for value in row])
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def shown(value: Value) -> Value:
    """What a cell shows for a value: guarded text, named where it is longer than a cell holds."""
    if not isinstance(value, str):
        return value
    text = guard(value)
    if len(text) > LONGEST_CELL:
        return f"[text of {len(value)} characters: more than a cell holds; see the CSV file]"
    return text


def _csv_field(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return guard(value) if isinstance(value, str) else str(value)


_ALIGNED: dict[str, dict[str, Any]] = {
    "moment": {"num_format": "yyyy-mm-dd hh:mm", "align": "left"},
    "integer": {"num_format": "0", "align": "center"},
    "decimal": {"align": "center"},
    "hours": {"num_format": "0.0", "align": "center"},
    "word": {"align": "center"},
}


class _Formats:
    """The cell formats, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def of(self, **properties: Any) -> Any:
        base = {"font_name": _FONT, "font_size": 10, "font_color": _INK, "valign": "top"}
        merged = base | properties
        key = tuple(sorted(merged.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(merged)
        return self._made[key]

    def header(self, column: Column) -> Any:
        return self.of(
            bold=True,
            font_color="#FFFFFF",
            bg_color=_VERDICT_HEAD if column.kind in ("choice", "comment") else _HEAD,
            valign="vcenter",
            text_wrap=True,
            border=1,
            border_color=_LINE,
        )

    def cell(self, column: Column, *, mark: bool, start: bool) -> Any:
        properties: dict[str, Any] = {"border": 1, "border_color": _LINE}
        if start:
            properties |= {"top": 2, "top_color": _HEAD}
        if mark:
            properties |= {"bold": True, "bg_color": _MARK}
        if column.kind in ("choice", "comment"):
            properties |= {"bg_color": _VERDICT_PAPER, "locked": False}
        properties |= _ALIGNED.get(column.kind, {"text_wrap": True})
        return self.of(valign="vcenter", **properties)


def _write_summary(book: Any, formats: _Formats, case_file: CaseFile) -> None:
    page = book.add_worksheet("Summary")
    _protect(page)
    page.hide_gridlines(2)
    page.set_column(0, 0, 34)
    page.set_column(1, 3, 20)
    title = formats.of(bold=True, font_size=18, valign="vcenter")
    page.set_row(0, 30)
    page.write_string(0, 0, f"Review of {case_file.month}", title)
    row = 1
    heading = formats.of(bold=True, font_size=12, bottom=2, bottom_color=_HEAD)
    plain = formats.of(text_wrap=True)
    label = formats.of(bold=True)
    yellow = formats.of(bg_color=_VERDICT_PAPER, locked=False, border=1, border_color=_LINE)
    for number, text in enumerate(("Reviewed by", "Reviewed on"), row):
        page.write_string(number, 0, text, label)
        page.merge_range(number, 1, number, 3, "", yellow)
    row = _heading(page, row + 3, "What to do", heading)
    for number, text in enumerate(_HOW_TO, 1):
        page.merge_range(row, 0, row, 3, "", plain)
        page.write_string(row, 0, f"{number}.  {text}", plain)
        page.set_row(row, 14 * (1 + len(text) // 112) + 2)
        row += 1
    row = _heading(page, row + 1, "The draw", heading)
    left = formats.of(align="left", text_wrap=True)
    for name, value in case_file.facts:
        page.write_string(row, 0, name, label)
        page.merge_range(row, 1, row, 3, "", left)
        _write_value(page, row, 1, value, left)
        if isinstance(value, str) and len(value) > 66:
            page.set_row(row, 28)
        row += 1
    row = _heading(page, row + 1, "Strata", heading)
    for place, column in enumerate(case_file.strata.columns):
        _write_value(page, row, place, column.title, formats.header(column))
    for values in case_file.strata.rows:
        row += 1
        for place, (column, value) in enumerate(zip(case_file.strata.columns, values, strict=True)):
            _write_value(page, row, place, value, formats.cell(column, mark=False, start=False))
    row += 1
    for place, column in enumerate(case_file.strata.columns):
        total: Value = "All" if place == 0 else None
        if column.kind == "integer":
            total = sum(int(str(values[place])) for values in case_file.strata.rows)
        _write_value(page, row, place, total, formats.cell(column, mark=True, start=True))
    row = _heading(page, row + 2, "Kinds of exit", heading)
    for kind, meaning in KIND_MEANINGS.items():
        page.write_string(row, 0, KIND_WORDS[kind], label)
        page.merge_range(row, 1, row, 3, "", plain)
        page.write_string(row, 1, meaning, plain)
        page.set_row(row, 15 if len(meaning) < 66 else 28)
        row += 1
    _set_print(page, case_file, landscape=False)
    page.fit_to_pages(1, 1)
    page.activate()


def _heading(page: Any, row: int, text: str, heading: Any) -> int:
    for place in range(4):
        page.write_blank(row, place, None, heading)
    page.write_string(row, 0, text, heading)
    page.set_row(row, 20)
    return row + 1


def _write_table(
    book: Any,
    formats: _Formats,
    case_file: CaseFile,
    sheet: Sheet,
    *,
    frozen_columns: int,
    colour: str | None = None,
) -> None:
    page = book.add_worksheet(sheet.name)
    _protect(page)
    if colour:
        page.set_tab_color(colour)
    page.set_row(0, 44)
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width)
        _write_value(page, 0, place, column.title, formats.header(column))
    for number, row in enumerate(sheet.rows):
        for place, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
            cell = formats.cell(column, mark=number in sheet.marks, start=number in sheet.starts)
            _write_value(page, number + 1, place, value, cell)
        page.set_row(number + 1, _height(sheet, row))
    last_row, last_column = max(len(sheet.rows), 1), len(sheet.columns) - 1
    page.freeze_panes(1, frozen_columns)
    page.autofilter(0, 0, last_row, last_column)
    _add_choices(page, sheet, last_row)
    _add_colours(book, page, sheet, last_row)
    printed = max(place for place, column in enumerate(sheet.columns) if column.in_print)
    page.print_area(0, 0, last_row, printed)
    page.repeat_rows(0)
    _set_print(page, case_file, landscape=True)
    page.fit_to_pages(1, 0)


def _write_value(page: Any, row: int, place: int, value: Value, cell: Any) -> None:
    if value is None or value == "":
        page.write_blank(row, place, None, cell)
    elif isinstance(value, datetime):
        page.write_datetime(row, place, value, cell)
    elif isinstance(value, str):
        page.write_string(row, place, shown(value), cell)
    else:
        page.write_number(row, place, value, cell)


def _height(sheet: Sheet, row: list[Value]) -> float:
    """Points: programs differ in fitting wrapped rows, so the height is set here."""
    most = 1
    for column, value in zip(sheet.columns, row, strict=True):
        if isinstance(value, str) and column.in_print:
            most = max(most, -(-len(value) // max(int(column.width) - 1, 1)))
    has_verdict = any(column.kind == "comment" for column in sheet.columns)
    return max(30.0 if has_verdict else 15.0, min(most, 12) * 13.5 + 2)


def _add_choices(page: Any, sheet: Sheet, last_row: int) -> None:
    for place, column in enumerate(sheet.columns):
        if column.kind == "choice":
            listed = list(CHOICES).index(column.title)
            letter, length = chr(ord("A") + listed), len(CHOICES[column.title])
            page.data_validation(
                1,
                place,
                last_row,
                place,
                {
                    "validate": "list",
                    "source": f"=Lists!${letter}$2:${letter}${length + 1}",
                    "error_title": f"{column.title}: choose from the list",
                    "error_message": "Only the listed answers can be counted. Use the comment "
                    "for anything else.",
                },
            )


def _add_colours(book: Any, page: Any, sheet: Sheet, last_row: int) -> None:
    colours = {
        "valid": ("#D5EBDD", "#14532D"),
        "invalid": ("#F8D7D4", "#7F1D1D"),
        "cannot tell": ("#E5E7EB", "#374151"),
    }
    if sheet.name == "Attributes":
        colours = {"yes": ("#D5EBDD", "#14532D"), "no": ("#F8E3D4", "#7C2D12")}
    for place, column in enumerate(sheet.columns):
        if column.title == "Verdict" or sheet.name == "Attributes":
            for answer, (paper, ink) in colours.items():
                page.conditional_format(
                    1,
                    place,
                    last_row,
                    place,
                    {
                        "type": "cell",
                        "criteria": "==",
                        "value": f'"{answer}"',
                        "format": book.add_format({"bg_color": paper, "font_color": ink}),
                    },
                )


def _write_lists(book: Any, formats: _Formats) -> None:
    page = book.add_worksheet("Lists")
    _protect(page)
    for place, (title, answers) in enumerate(CHOICES.items()):
        page.set_column(place, place, 36)
        for row, text in enumerate((title, *answers)):
            page.write_string(row, place, text, formats.of(bold=row == 0))
    page.hide()


def _protect(page: Any) -> None:
    page.protect(
        "",
        {
            "autofilter": True,
            "sort": True,
            "format_columns": True,
            "format_rows": True,
            "select_locked_cells": True,
            "select_unlocked_cells": True,
        },
    )


def _set_print(page: Any, case_file: CaseFile, *, landscape: bool) -> None:
    if landscape:
        page.set_landscape()
    page.set_paper(9)  # A4
    page.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.6)
    page.set_footer(f"&L&8Review {case_file.draw_id}&C&8&A&R&8&P of &N")
