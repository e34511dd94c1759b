"""Hostile files are refused by name, soon and in little memory, before a verdict is read."""

import io
import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from lead_handoff.review.guard import MOST_BYTES, MOST_PARTS, GuardError
from lead_handoff.review.reading import bytes_of, read_tables

SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def plain() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Cases"
    book.active.append(["Case", "Token", 3, True])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def changed(parts: dict[str, bytes], *, drop: str = "") -> bytes:
    """The plain workbook with parts replaced or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain())) as old:
        kept = {name: old.read(name) for name in old.namelist() if name != drop}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in (kept | parts).items():
            new.writestr(name, content)
    return stream.getvalue()


def twice() -> bytes:
    stream = io.BytesIO(plain())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(SHEET, b"<worksheet/>")
    return stream.getvalue()


def flagged_encrypted() -> bytes:
    content = bytearray(plain())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(signature) + offset
        content[place] |= 1
    return bytes(content)


def lying_about_its_size() -> bytes:
    """A part of 30 MB that the directory calls 10 bytes long."""
    content = bytearray(changed({"xl/media/a.xml": b" " * 30_000_000}))
    for signature, offset, name in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        place = content.find(signature)
        while content[place + name : place + name + 14] != b"xl/media/a.xml":
            place = content.find(signature, place + 4)
        content[place + offset : place + offset + 4] = struct.pack("<I", 10)
    return bytes(content)


def rows(count: int) -> bytes:
    return b"<worksheet %s><sheetData>%s</sheetData></worksheet>" % (
        NAMESPACE.encode(),
        b"".join(b'<row r="%d" ht="%d"/>' % (n, n * 7919 % 9973) for n in range(1, count + 1)),
    )


def relation(target: str, mode: str = ' TargetMode="External"') -> bytes:
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r9" Type="x" Target="{target}"{mode}/></Relationships>'
    ).encode()


def entities(body: str) -> bytes:
    return changed({SHEET: f"<!DOCTYPE x [{body}]><worksheet {NAMESPACE}>&a;</worksheet>".encode()})


def named_sheet(name: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(plain())) as archive:
        book = archive.read("xl/workbook.xml")
    return changed({"xl/workbook.xml": book.replace(b'name="Cases"', b'name="%s"' % name)})


LAUGHS = '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
)

HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a document under another name": ("no_workbook", lambda: b"%PDF-1.7\n"),
    "an empty file": ("no_workbook", lambda: b""),
    "an archive that is no workbook": ("no_workbook", lambda: changed({}, drop="xl/workbook.xml")),
    "an encrypted or old file": ("encrypted", lambda: b"\xd0\xcf\x11\xe0" + bytes(2000)),
    "an encrypted part": ("encrypted", flagged_encrypted),
    "half a file": ("bad_archive", lambda: plain()[:3000]),
    "a part that stands twice": ("bad_archive", twice),
    "a part that lies about its size": ("bad_archive", lying_about_its_size),
    "a bomb": ("zip_bomb", lambda: changed({"xl/media/a.xml": b" " * 60_000_000})),
    "many bombs": (
        "zip_bomb",
        lambda: changed({f"xl/media/{n}.xml": os.urandom(40) * 25_000 for n in range(70)}),
    ),
    "ten thousand parts": (
        "zip_bomb",
        lambda: changed({f"xl/media/{n}": b"" for n in range(MOST_PARTS * 20)}),
    ),
    "an archive in the archive": ("embedded_object", lambda: changed({"xl/media/x": plain()})),
    "an object": ("embedded_object", lambda: changed({"xl/embeddings/o.bin": b"x"})),
    "a path upwards": ("unsafe_path", lambda: changed({"xl/../../etc/cron.d/x": b"x"})),
    "an absolute path": ("unsafe_path", lambda: changed({"/etc/passwd": b"x"})),
    "a path of another system": ("unsafe_path", lambda: changed({"xl\\..\\x": b"x"})),
    "a drive": ("unsafe_path", lambda: changed({"C:/x": b"x"})),
    "a path as a sheet's name": ("unsafe_path", lambda: named_sheet(b"../../etc/passwd")),
    "macros": ("macro", lambda: changed({"xl/vbaProject.bin": b"x"})),
    "a sheet of macros": ("macro", lambda: changed({"xl/macrosheets/sheet1.xml": b"<a/>"})),
    "a control": ("macro", lambda: changed({"xl/activeX/a.xml": b"<a/>"})),
    "another workbook": (
        "external_link",
        lambda: changed({"xl/externalLinks/externalLink1.xml": b"<a/>"}),
    ),
    "a link outside": (
        "external_link",
        lambda: changed({"xl/worksheets/_rels/sheet1.xml.rels": relation("file:///etc/passwd")}),
    ),
    "a connection": ("external_link", lambda: changed({"xl/connections.xml": b"<a/>"})),
    "a billion laughs": ("entities", lambda: entities(LAUGHS + '<!ENTITY a "&a9;">')),
    "a file by entity": ("entities", lambda: entities('<!ENTITY a SYSTEM "file:///etc/passwd">')),
    "one long entity": ("entities", lambda: entities(f'<!ENTITY a "{"x" * 100_000}">')),
    "entities in another encoding": (
        "entities",
        lambda: changed({SHEET: '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'.encode("utf-16")}),
    ),
    "a part that is no XML": ("bad_xml", lambda: changed({SHEET: b"<worksheet>"})),
    "a deep nest": ("bad_xml", lambda: changed({SHEET: b"<a>" * 5000 + b"</a>" * 5000})),
    "a million blank rows": ("too_many_rows", lambda: changed({SHEET: rows(1_000_000)})),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_workbook_is_refused_by_name_and_soon(what: str) -> None:
    name, make = HOSTILE[what]
    content = make()
    before = time.monotonic()
    with pytest.raises(GuardError) as refused:
        read_tables(content, is_csv=False)
    assert (str(refused.value.refusal), time.monotonic() - before < 10) == (name, True)


def test_a_plain_workbook_is_read() -> None:
    tables = read_tables(plain(), is_csv=False)
    assert tables == {
        "Cases": [[["text", "Case"], ["text", "Token"], ["number", 3], ["truth", True]]]
    }


def test_a_formula_is_told_from_text() -> None:
    book = openpyxl.Workbook()
    book.active.title = "Cases"
    book.active.append(["=1+1"])
    stream = io.BytesIO()
    book.save(stream)
    assert read_tables(stream.getvalue(), is_csv=False)["Cases"] == [[["formula", "=1+1"]]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_read_as_spreadsheets_save_it(encoding: str, delimiter: str) -> None:
    text = delimiter.join(["Case", "Größe"]) + "\r\n" + delimiter.join(["1", '"a\nb"']) + "\r\n"
    tables = read_tables(text.encode(encoding), is_csv=True)
    assert [[cell and cell[1] for cell in row] for row in tables["Cases"]] == [
        ["Case", "Größe"],
        ["1", "a\nb"],
    ]


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"a,\0b", plain()])
def test_what_is_no_csv_is_refused(content: bytes) -> None:
    with pytest.raises(GuardError) as refused:
        read_tables(content, is_csv=True)
    assert refused.value.refusal == "no_workbook"


def test_only_a_file_of_its_own_is_opened(tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    real.write_bytes(b"x")
    assert bytes_of(real) == b"x"
    (tmp_path / "link.csv").symlink_to(real)
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("link.csv", "pipe.csv", "missing.csv", "."):
        with pytest.raises(GuardError) as refused:
            bytes_of(tmp_path / name)
        assert refused.value.refusal == "no_regular_file"
    (tmp_path / "twin.csv").hardlink_to(real)
    with pytest.raises(GuardError):
        bytes_of(tmp_path / "twin.csv")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(GuardError) as refused:
        bytes_of(tmp_path / "large.csv")
    assert refused.value.refusal == "too_large"
