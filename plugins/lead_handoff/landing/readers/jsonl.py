"""JSON lines: one object per line, read strictly, handed on in the same form as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from lead_handoff.catalogue import ObjectSpec, fold
from lead_handoff.landing import strict_json
from lead_handoff.landing.blocks import Block, LooseRow, split
from lead_handoff.landing.errors import LandingError, RowRejected
from lead_handoff.landing.ids import refuse_rounded
from lead_handoff.landing.limits import Limits
from lead_handoff.landing.readers.csv import ByteStream, refuse_foreign_formats
from lead_handoff.landing.strict_json import NumberText
from lead_handoff.value_rules import KINDS

_UTF8_BOM = b"\xef\xbb\xbf"


def parse_line(line: bytes) -> Any:
    """The value on one line. Raises RowRejected: nul_byte, bad_encoding, or as strict_json."""
    if b"\0" in line:
        raise RowRejected("nul_byte")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RowRejected("bad_encoding") from error
    return strict_json.parse(text)


class JsonLinesReader:
    """The objects of one file as blocks; ``names`` grows as keys are met.

    Raises LandingError: not_json_lines, too_many_columns, or what another kind of file is.
    """

    def __init__(self, stream: ByteStream, spec: ObjectSpec, limits: Limits) -> None:
        self._stream = stream
        self._spec = spec
        self._limits = limits
        self._buffer = b""
        self._ended = False
        self._line = 0
        self._folded: dict[str, str] = {}  # key as delivered -> key to compare by
        self._delivered_form: dict[str, str] = {}  # the other way round, first form met
        self.remarks: list[tuple[str, str]] = []
        self._fill()
        self.is_empty = not self._buffer
        refuse_foreign_formats(self._buffer)
        self._buffer = self._buffer.removeprefix(_UTF8_BOM)
        if self._buffer.lstrip()[:1] == b"[":
            raise LandingError(
                "not_json_lines", "the file is one JSON array; write one object per line"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The keys met so far, each in the form of its first occurrence."""
        return tuple(self._delivered_form.values())

    def _fill(self) -> None:
        more = self._stream.read(self._limits.chunk_bytes)
        if more:
            self._buffer += more
        else:
            self._ended = True

    def blocks(self) -> Iterator[Block]:
        """All objects, in order."""
        while self._buffer or not self._ended:
            if not self._ended:
                self._fill()
            end = len(self._buffer) if self._ended else self._buffer.rfind(b"\n") + 1
            if end:
                lines = self._buffer[:end].split(b"\n")
                self._buffer = self._buffer[end:]
                if not lines[-1]:
                    lines.pop()
                yield self._block(lines)
            elif len(self._buffer) > self._limits.row_bytes:
                yield self._skip_giant()

    def _block(self, lines: list[bytes]) -> Block:
        kept: list[tuple[int, bytes, dict[str, str]]] = []
        loose: list[LooseRow] = []
        blank = 0
        for line in lines:
            self._line += 1
            content = line.removesuffix(b"\r")
            if not content.strip():
                blank += 1
                continue
            try:
                kept.append((self._line, content, self._values(parse_line(content))))
            except RowRejected as error:
                loose.append(LooseRow(self._line, content, None, error.reason, error.detail))
        names = self.names
        block = Block(names or ("",), loose=loose, blank_lines=blank)
        if kept:
            folded = list(self._delivered_form)
            block.data = _as_csv([[v.get(key, "") for key in folded] for _, _, v in kept])
            block.table = split(block.data, ord(","), len(names), final=True).table
            block.line_of = lambda row: kept[row][0]
            block.raw_of = lambda row: kept[row][1]
        return block

    def _values(self, value: Any) -> dict[str, str]:
        """Folded name -> text of one object's filled members."""
        if not isinstance(value, dict):
            raise RowRejected("wrong_type", "the line is no JSON object")
        values: dict[str, str] = {}
        folded = self._folded
        for name, member in value.items():
            key = folded.get(name) or self._meet(name)
            if isinstance(member, str):
                if isinstance(member, NumberText) and self._holds_id(key):
                    refuse_rounded(member)
                values[key] = member
            elif member is None:
                values[key] = ""
            elif isinstance(member, bool):
                values[key] = "true" if member else "false"
            else:
                values[key] = self._nested(key, member)
        if len(values) != len(value):
            raise RowRejected("duplicate_keys", "names that differ in case or spaces only")
        return values

    def _meet(self, name: str) -> str:
        """The folded form of a key not met before."""
        key = fold(name)
        if not key:
            raise RowRejected("blank_column_name")
        if len(self._folded) >= self._limits.columns:
            raise LandingError(
                "too_many_columns",
                f"more than the {self._limits.columns:,} different keys allowed in one file",
            )
        self._folded[name] = key
        self._delivered_form.setdefault(key, name)
        return key

    def _holds_id(self, key: str) -> bool:
        column = self._spec.by_folded_name.get(key)
        return column is not None and column.kind == "id"

    def _nested(self, key: str, member: Any) -> str:
        column = self._spec.by_folded_name.get(key)
        if column is not None and not KINDS[column.kind].is_document:
            raise RowRejected("wrong_type", f"{column.name}: nested where a scalar belongs")
        return strict_json.compact(member)

    def _skip_giant(self) -> Block:
        """Pass over a line that exceeds the row limit, in bounded memory."""
        self._line += 1
        raw = self._buffer[: self._limits.quarantined_text + 4]
        while True:
            end = self._buffer.find(b"\n")
            if end >= 0 or self._ended:
                self._buffer = self._buffer[end + 1 :] if end >= 0 else b""
                break
            self._buffer = b""
            self._fill()
        block = Block(self.names or ("",))
        block.loose.append(
            LooseRow(self._line, raw, None, "field_too_large", "the line exceeds the size limit")
        )
        return block


def _as_csv(rows: list[list[str]]) -> bytes:
    """Rows as CSV in UTF-8; both CR and LF in values are quoted because both end the lines."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8")
