"""A workbook with the parts that Excel writes, put together by hand.

Beside the cells these are what no library here writes: texts in runs, texts in the cell or in the
shared table, dates as numbers of either epoch, unknown namespaces, printer settings, a note.
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl

Value = str | float | datetime | None

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
_REVISIONS = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'mc:Ignorable="x14ac xr" '
    'xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac" '
    'xmlns:xr="http://schemas.microsoft.com/office/spreadsheetml/2014/revision"'
)
_SHEETS = ("Summary", "Cases")
_MOMENT_STYLE = 1


def cells_of(path: Path) -> dict[str, list[list[Value]]]:
    """The sheets Summary and Cases of a workbook, as values."""
    book = openpyxl.load_workbook(path)
    return {
        name: [[cell.value for cell in row] for row in book[name].iter_rows()] for name in _SHEETS
    }


def excel_file(
    sheets: dict[str, list[list[Value]]],
    *,
    inline: bool = False,
    in_runs: bool = False,
    since_1904: bool = False,
    note: str | None = None,
) -> bytes:
    """The sheets as Excel would save them.

    ``inline``: texts stand in their cells (as programs that stream write them), else in the shared
    table; ``in_runs``: each text there is cut into runs, as after formatting one word of a cell;
    ``since_1904``: the epoch of old Macs; ``note``: a note on the sheet Cases.
    """
    shared: dict[str, int] = {}
    parts = {
        "[Content_Types].xml": _content_types(note is not None),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": _workbook(since_1904),
        "xl/styles.xml": _styles(),
    }
    targets = {"rId8": ("styles", "styles.xml"), "rId9": ("sharedStrings", "sharedStrings.xml")}
    for number, name in enumerate(_SHEETS, 1):
        targets[f"rId{number}"] = ("worksheet", f"worksheets/sheet{number}.xml")
        parts[f"xl/worksheets/sheet{number}.xml"] = _sheet(
            sheets[name], shared, inline, since_1904, number
        )
    parts["xl/_rels/workbook.xml.rels"] = _relations(targets)
    own = {"rId1": ("printerSettings", "../printerSettings/printerSettings1.bin")}
    if note is not None:
        own["rId2"] = ("comments", "../comments1.xml")
        own["rId3"] = ("vmlDrawing", "../drawings/vmlDrawing1.vml")
        parts["xl/comments1.xml"] = (
            f'<comments xmlns="{_MAIN}"><authors><author>ann</author></authors><commentList>'
            f'<comment ref="A2" authorId="0"><text><r><t>{escape(note)}</t></r></text></comment>'
            "</commentList></comments>"
        )
        parts["xl/drawings/vmlDrawing1.vml"] = (
            '<xml xmlns:v="urn:schemas-microsoft-com:vml"><v:shape id="_x0000_s1025"/></xml>'
        )
    parts["xl/worksheets/_rels/sheet2.xml.rels"] = _relations(own)
    texts = (_shared_text(text, in_runs) for text in shared)
    parts["xl/sharedStrings.xml"] = (
        f'<sst xmlns="{_MAIN}" uniqueCount="{len(shared)}">{"".join(texts)}</sst>'
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, _HEAD + content)
        archive.writestr("xl/printerSettings/printerSettings1.bin", bytes(range(256)) * 8)
    return stream.getvalue()


def _sheet(
    rows: Sequence[Sequence[Value]],
    shared: dict[str, int],
    inline: bool,
    since_1904: bool,
    number: int,
) -> str:
    lines = []
    for row_number, row in enumerate(rows, 1):
        cells = [
            _cell(f"{_letters(place)}{row_number}", value, shared, inline, since_1904)
            for place, value in enumerate(row)
        ]
        lines.append(
            f'<row r="{row_number}" spans="1:{len(row)}" ht="30" customHeight="1" '
            f'x14ac:dyDescent="0.25">{"".join(cells)}</row>'
        )
    return (
        f'<worksheet xmlns="{_MAIN}" xmlns:r="{_OFFICE}" {_REVISIONS} '
        f'xr:uid="{{00000000-0001-0000-0{number}00-000000000000}}">'
        f'<dimension ref="A1:{_letters(max(map(len, rows)) - 1)}{len(rows)}"/>'
        f"<sheetData>{''.join(lines)}</sheetData>"
        + ('<pageSetup paperSize="9" r:id="rId1"/>' if number == 2 else "")
        + "</worksheet>"
    )


def _cell(place: str, value: Value, shared: dict[str, int], inline: bool, since_1904: bool) -> str:
    if value is None:
        return f'<c r="{place}" s="0"/>'
    if isinstance(value, datetime):
        epoch = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
        days = (value - epoch).total_seconds() / 86_400
        return f'<c r="{place}" s="{_MOMENT_STYLE}"><v>{days!r}</v></c>'
    if isinstance(value, str):
        if inline:
            return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f'<c r="{place}" t="s"><v>{shared.setdefault(value, len(shared))}</v></c>'
    return f'<c r="{place}"><v>{value!r}</v></c>'


def _shared_text(text: str, in_runs: bool) -> str:
    def piece(part: str) -> str:
        return f'<t xml:space="preserve">{escape(part)}</t>'

    if not in_runs:
        return f"<si>{piece(text)}</si>"
    middle = len(text) // 2
    bold = f"<r><rPr><b/></rPr>{piece(text[middle:])}</r>"
    return f"<si><r>{piece(text[:middle])}</r>{bold}</si>"


def _workbook(since_1904: bool) -> str:
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(_SHEETS, 1)
    )
    epoch = ' date1904="1"' if since_1904 else ""
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}" {_REVISIONS}>'
        '<fileVersion appName="xl" lastEdited="7" lowestEdited="7" rupBuild="27328"/>'
        f'<workbookPr{epoch} defaultThemeVersion="166925"/><sheets>{listed}</sheets>'
        '<calcPr calcId="191029"/></workbook>'
    )


def _styles() -> str:
    plain = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    moment = '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    return (
        f'<styleSheet xmlns="{_MAIN}">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>'
        '<fonts count="1"><font><sz val="10"/><name val="Calibri"/></font></fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        "<borders><border/></borders>"
        f'<cellStyleXfs count="1">{plain}</cellStyleXfs>'
        f'<cellXfs count="2">{plain}{moment}</cellXfs></styleSheet>'
    )


def _content_types(has_note: bool) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    named = {
        "/xl/workbook.xml": "sheet.main",
        "/xl/worksheets/sheet1.xml": "worksheet",
        "/xl/worksheets/sheet2.xml": "worksheet",
        "/xl/styles.xml": "styles",
        "/xl/sharedStrings.xml": "sharedStrings",
    }
    if has_note:
        named["/xl/comments1.xml"] = "comments"
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{kind}.{part}+xml"/>'
        for name, part in named.items()
    )
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Default Extension="bin" ContentType="{kind}.printerSettings"/>'
        '<Default Extension="vml" '
        'ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
        f"{overrides}</Types>"
    )


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}">{lines}</Relationships>'


def _letters(place: int) -> str:
    return openpyxl.utils.get_column_letter(place + 1)
