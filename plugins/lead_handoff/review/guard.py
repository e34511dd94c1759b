"""What a returned file must be before anything is parsed: no bomb, no macro, no link, no entity.

Runs in the child process of module reading, on the bytes of one file.
"""

import io
import zipfile
from enum import StrEnum
from typing import Any
from xml.parsers import expat

MOST_BYTES = 20_000_000
MOST_PARTS = 500
MOST_INFLATED = 64_000_000
MOST_RATIO = 150
MOST_ROWS = 200_000
"""Rows of one sheet, blank ones included."""

_RATIO_FROM = 1_000_000
_MOST_DEPTH = 64
# Namespaces of a rarer form of .xlsx, which is read as if it had no sheets.
_STRICT = "http://purl.oclc.org/ooxml/spreadsheetml"
_ACTIVE = {
    "vbaproject": "macro",
    "xl/macrosheets/": "macro",
    "xl/activex/": "macro",
    "xl/externallinks/": "external_link",
    "xl/connections.xml": "external_link",
    "xl/querytables/": "external_link",
    "xl/embeddings/": "embedded_object",
    "xl/ctrlprops/": "embedded_object",
}


class Refusal(StrEnum):
    """Names of what a file is refused for before a verdict is looked at."""

    NO_WORKBOOK = "no_workbook"
    STRICT_FORM = "strict_form"
    TOO_LARGE = "too_large"
    ENCRYPTED = "encrypted"
    MACRO = "macro"
    EXTERNAL_LINK = "external_link"
    EMBEDDED_OBJECT = "embedded_object"
    ZIP_BOMB = "zip_bomb"
    BAD_ARCHIVE = "bad_archive"
    UNSAFE_PATH = "unsafe_path"
    ENTITIES = "entities"
    BAD_XML = "bad_xml"
    TOO_MANY_ROWS = "too_many_rows"
    TIME_OR_MEMORY = "time_or_memory"
    NO_REGULAR_FILE = "no_regular_file"


class GuardError(Exception):
    """The file is refused unread."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal


def check_workbook(content: bytes) -> None:
    """Refuse whatever is no plain workbook.

    Raises:
        GuardError: with the name of what is wrong, and the remedy.
    """
    if len(content) > MOST_BYTES:
        raise GuardError(
            Refusal.TOO_LARGE, f"the file has {len(content)} bytes, {MOST_BYTES} are read at most"
        )
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise GuardError(
            Refusal.ENCRYPTED,
            "the file is encrypted or of the old .xls format; save it as .xlsx without a password",
        )
    if not content.startswith(b"PK\x03\x04"):
        raise GuardError(Refusal.NO_WORKBOOK, "the file is no .xlsx workbook; save it as .xlsx")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_directory(archive)
            for part in archive.infolist():
                _check_part(part, _inflated(archive, part))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise GuardError(
            Refusal.BAD_ARCHIVE, f"the file is damaged ({error}); save the workbook again"
        ) from error


def _check_directory(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS:
        raise GuardError(Refusal.ZIP_BOMB, f"{len(parts)} parts, {MOST_PARTS} are read at most")
    seen: set[str] = set()
    for part in parts:
        name = part.filename
        lowered = name.lower()
        if name.startswith("/") or "\\" in part.orig_filename or "\0" in part.orig_filename:
            raise GuardError(Refusal.UNSAFE_PATH, f"the archive holds the path {name!r}")
        if ".." in name.split("/") or ":" in name:
            raise GuardError(Refusal.UNSAFE_PATH, f"the archive holds the path {name!r}")
        if lowered in seen:
            raise GuardError(Refusal.BAD_ARCHIVE, f"the archive holds {name!r} twice")
        seen.add(lowered)
        if part.flag_bits & 1:
            raise GuardError(Refusal.ENCRYPTED, f"{name} is encrypted; save without a password")
        for mark, refusal in _ACTIVE.items():
            if mark in lowered:
                raise GuardError(
                    Refusal(refusal), f"the workbook holds {name}; save it without, as plain .xlsx"
                )
        if part.file_size > _RATIO_FROM and part.file_size > MOST_RATIO * part.compress_size:
            raise GuardError(Refusal.ZIP_BOMB, f"{name} would grow more than {MOST_RATIO}-fold")
    if sum(part.file_size for part in parts) > MOST_INFLATED:
        raise GuardError(Refusal.ZIP_BOMB, f"unpacked, the file has over {MOST_INFLATED} bytes")
    if not {"[content_types].xml", "xl/workbook.xml"} <= seen:
        raise GuardError(Refusal.NO_WORKBOOK, "the archive is no .xlsx workbook; save it as .xlsx")


def _inflated(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    # An archive may lie about sizes: no more is inflated than it says, and then the checksum fails.
    with archive.open(part) as stream:
        return stream.read(MOST_INFLATED)


def _check_part(part: zipfile.ZipInfo, content: bytes) -> None:
    name = part.filename.lower()
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"MZ")):
        raise GuardError(Refusal.EMBEDDED_OBJECT, f"{part.filename} is another file; remove it")
    if name.endswith((".xml", ".rels", ".vml")):
        _check_xml(part.filename, content, is_sheet=name.startswith("xl/worksheets/"))


def _check_xml(name: str, content: bytes, *, is_sheet: bool) -> None:
    rows = depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal rows, depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise GuardError(Refusal.BAD_XML, f"{name} is nested too deep")
        if depth == 1 and any(_STRICT in value for value in attributes.values()):
            raise GuardError(
                Refusal.STRICT_FORM,
                "the workbook is of the kind Strict Open XML; save it as Excel Workbook (.xlsx)",
            )
        local = tag.rpartition(":")[2]
        if is_sheet and local == "row":
            rows += 1
            if rows > MOST_ROWS:
                raise GuardError(
                    Refusal.TOO_MANY_ROWS,
                    f"{name} has over {MOST_ROWS} rows; delete the blank ones below the table",
                )
        if local == "Relationship" and attributes.get("TargetMode", "").lower() == "external":
            raise GuardError(
                Refusal.EXTERNAL_LINK,
                f"{name} links to {attributes.get('Target', '')[:80]!r}; remove the link",
            )
        if "macroenabled" in attributes.get("ContentType", "").lower():
            raise GuardError(Refusal.MACRO, "the workbook may hold macros; save it as .xlsx")

    def end(_tag: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: Any) -> None:
        raise GuardError(
            Refusal.ENTITIES, f"{name} declares a document type; no spreadsheet program writes that"
        )

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise GuardError(
            Refusal.BAD_XML, f"{name} is no well-formed XML ({error}); save the workbook again"
        ) from error
