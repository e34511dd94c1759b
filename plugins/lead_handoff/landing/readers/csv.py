"""CSV: RFC 4180 with the usual liberties of delimiter and line end, read strictly.

Two ways lead to the same fields: the vectorised split of blocks.py for well-formed stretches, and
the exact parser here wherever a quote stands where it should not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from lead_handoff.landing.blocks import Block, LooseRow, Positions, split
from lead_handoff.landing.errors import LandingError
from lead_handoff.landing.limits import Limits

DELIMITERS = {b",": "comma", b";": "semicolon", b"\t": "tab"}
_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_UTF8_BOM = b"\xef\xbb\xbf"
_FORMULA = re.compile(rb'="[^"]*"')
_CLOSER_LOOK = 64 * 1024  # bytes read by the exact parser before the fast one is tried again


class ByteStream(Protocol):
    """What a reader needs of a file: its bytes, in order."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes; nothing at the end."""


@dataclass(frozen=True)
class Dialect:
    """Delimiter, and the byte that ends a record (CR only where no LF is used)."""

    delimiter: bytes = b","
    terminator: bytes = b"\n"


@dataclass
class Parsed:
    """One record: where its content and its line end stop, its fields or what is wrong with it."""

    content_end: int
    end: int
    fields: list[bytes]
    reason: str = ""


def parse_record(
    data: bytes, start: int, dialect: Dialect, final: bool, ids: Container[int] = ()
) -> Parsed | None:
    """The record that begins at ``start``, or None where ``data`` stops before it is complete.

    ``final``: nothing follows ``data``. A quote inside an unquoted field, or text after a closing
    quote, makes the record a stray_quote that ends at its line's end; a quote that is never closed
    takes everything to the end of the file. Only in fields at the positions of ``ids`` may stand
    ``="501"``, as spreadsheets write an id that is to stay a text.
    """
    separator = _separator(dialect)
    fields: list[bytes] = []
    reason = ""
    position = start
    while True:
        head = b""
        quoted = data[position : position + 1] == b'"'
        if quoted:
            closing = _closing_quote(data, position + 1, final)
            if closing is None:
                if not final:
                    return None
                return Parsed(len(data), len(data), [], "unclosed_quote")
            head = data[position + 1 : closing].replace(b'""', b'"')
            position = closing + 1
        match = separator.search(data, position)
        if match is None and not final:
            return None
        stop = match.start() if match else len(data)
        tail = data[position:stop]
        ends = match is None or match.group() != dialect.delimiter
        content_end = stop
        if ends and dialect.terminator == b"\n" and tail.endswith(b"\r"):
            tail = tail[:-1]
            content_end -= 1
        if (quoted and tail) or b'"' in tail:
            is_formula = not quoted and _FORMULA.fullmatch(tail)
            if not (is_formula and len(fields) in ids):
                reason = "stray_quote"
        fields.append(head + tail)
        position = stop + 1
        if ends:
            return Parsed(content_end, min(position, len(data)), fields, reason)


def fields_of(record: bytes, delimiter: bytes) -> list[bytes]:
    """The fields of one well-formed record without its line end."""
    if b'"' not in record:
        return record.split(delimiter)
    # A terminator that cannot be met: the record's own line feeds are all inside quotes.
    return _parse_whole(record + b"\n", Dialect(delimiter)).fields


def _parse_whole(data: bytes, dialect: Dialect) -> Parsed:
    """The first record of data that nothing follows."""
    parsed = parse_record(data, 0, dialect, final=True)
    if parsed is None:
        raise ValueError("a final record is always complete")
    return parsed


def _separator(dialect: Dialect) -> re.Pattern[bytes]:
    return re.compile(b"[" + re.escape(dialect.delimiter) + dialect.terminator + b"]")


def _closing_quote(data: bytes, position: int, final: bool) -> int | None:
    """Offset of the quote that closes a field whose content begins at ``position``."""
    while True:
        quote = data.find(b'"', position)
        if quote < 0 or (quote + 1 >= len(data) and not final):
            return None
        if data[quote + 1 : quote + 2] != b'"':
            return quote
        position = quote + 2


class CsvReader:
    """The records of one CSV file as blocks.

    ``known`` says whether a name is a column of the object; it decides which delimiter the file
    uses; one that is not the ``usual`` one is remarked. ``holds_ids`` says which of the columns are
    ids. Raises LandingError where the file or its header cannot be used.
    """

    def __init__(
        self,
        stream: ByteStream,
        known: Callable[[str], bool],
        limits: Limits,
        holds_ids: Callable[[str], bool],
        usual: bytes = b",",
    ) -> None:
        self._stream = stream
        self._usual = usual
        self._limits = limits
        self._buffer = b""
        self._ended = False
        self._line = 1
        self.remarks: list[tuple[str, str]] = []
        self.names: tuple[str, ...] = ()
        self._ids: frozenset[int] = frozenset()
        self._dialect = Dialect()
        self.is_empty = False
        self._read_header(known)
        names: list[str] = list(self.names)
        self._ids = frozenset(at for at in range(len(names)) if holds_ids(names[at]))

    def _fill(self, size: int | None = None) -> None:
        """Add the next bytes of the file to the buffer."""
        more = self._stream.read(size or self._limits.chunk_bytes)
        if more:
            self._buffer += more
        else:
            self._ended = True

    def _read_header(self, known: Callable[[str], bool]) -> None:
        terminator = None
        while terminator is None and not self._ended:
            self._fill()
            terminator = self._find_terminator()
            if len(self._buffer) > self._limits.row_bytes:
                break
        if not self._buffer:
            self.is_empty = True
            return
        refuse_foreign_formats(self._buffer)
        if self._buffer.startswith(_UTF8_BOM):
            self._buffer = self._buffer[len(_UTF8_BOM) :]
        hits, self._dialect, parsed = self._best_dialect(known, terminator or b"\n")
        header = self._buffer[: parsed.content_end]
        if b"\0" in header:
            raise LandingError("nul_byte", "the header holds a NUL byte; export the file again")
        if parsed.reason:
            raise LandingError(parsed.reason, "a quote in the header is not closed or misplaced")
        if len(parsed.fields) > self._limits.columns:
            raise LandingError(
                "too_many_columns",
                f"{len(parsed.fields):,} columns, more than the {self._limits.columns:,} allowed",
            )
        try:
            self.names = tuple(name.decode("utf-8") for name in parsed.fields)
        except UnicodeDecodeError as error:
            raise LandingError(
                "bad_encoding", "the header is not UTF-8; export the file as UTF-8"
            ) from error
        if not hits:
            raise LandingError(
                "header_missing",
                "the first line names none of the object's columns; the first line must be the"
                " header with the source's own field names",
            )
        if self._dialect.delimiter != self._usual:
            shown = DELIMITERS[self._dialect.delimiter]
            self.remarks.append(("delimiter", f"fields are separated by {shown}"))
        if self._dialect.terminator == b"\r":
            self.remarks.append(("cr_line_ends", "lines end in CR only"))
        self._consume(parsed.end)

    def _best_dialect(
        self, known: Callable[[str], bool], terminator: bytes
    ) -> tuple[int, Dialect, Parsed]:
        """The delimiter under which the header names most known columns, and how many."""
        found = []
        for delimiter in DELIMITERS:
            dialect = Dialect(delimiter, terminator)
            parsed = _parse_whole(self._buffer, dialect)
            names = parsed.fields[: self._limits.columns]
            hits = sum(known(name.decode("utf-8", "replace")) for name in names)
            found.append((hits, dialect, parsed))
        return max(found, key=lambda each: each[0])

    def _find_terminator(self) -> bytes | None:
        """LF (also for CR LF), or CR where the first line outside quotes ends in a bare CR.

        None while the buffer holds no whole line.
        """
        inside = False
        for match in re.finditer(rb'["\r\n]', self._buffer):
            found = match.group()
            if found == b'"':
                inside = not inside
            elif not inside:
                following = self._buffer[match.end() : match.end() + 1]
                if found == b"\n" or following == b"\n":
                    return b"\n"
                return b"\r" if following or self._ended else None
        return None

    def _consume(self, end: int) -> None:
        taken = self._buffer[:end]
        self._line += taken.count(self._dialect.terminator)
        self._buffer = self._buffer[end:]

    def blocks(self) -> Iterator[Block]:
        """All records after the header, in order."""
        if self._dialect.terminator == b"\r":
            yield from self._exact_blocks()
            return
        size = self._limits.chunk_bytes
        while True:
            if not self._ended and len(self._buffer) < size:
                self._fill(size)
            if not self._buffer:
                if self._ended:
                    return
                continue
            block, suspect = self._fast_block()
            if block is not None:
                yield block
                size = self._limits.chunk_bytes
            if suspect:
                block = self._exact_block(_CLOSER_LOOK)
                if block is not None:
                    yield block
                    continue
            if block is None and not self._ended:
                # A record longer than the buffer: look at more of it, up to the limit.
                if len(self._buffer) > self._limits.row_bytes:
                    yield self._skip_giant()
                    size = self._limits.chunk_bytes
                else:
                    size = 2 * max(size, len(self._buffer))

    def _fast_block(self) -> tuple[Block | None, bool]:
        """Whole records from the buffer's start; and whether the next one needs a closer look."""
        columns = len(self.names)
        found = split(self._buffer, self._dialect.delimiter[0], columns, self._ended)
        if not found.consumed:
            return None, found.suspect
        data = self._buffer[: found.consumed]
        found.table.buffer = found.table.buffer[: found.consumed]
        first_line = self._line
        block = Block(
            self.names,
            data,
            found.table,
            _LineNumbers(data, found.table.row_starts, first_line),
            blank_lines=found.blank,
            delimiter=self._dialect.delimiter.decode(),
        )
        if found.ragged:
            lines = _LineNumbers(data, [start for start, _, _ in found.ragged], first_line)
            for index, (start, end, count) in enumerate(found.ragged):
                block.loose.append(
                    _ragged(data[start:end].removesuffix(b"\r"), lines(index), count, columns)
                )
        self._consume(found.consumed)
        return block, found.suspect

    def _exact_block(self, size: int) -> Block | None:
        """The records of about the next ``size`` bytes, one by one; None if none is complete."""
        block = Block(self.names, delimiter=self._dialect.delimiter.decode())
        columns = len(self.names)
        position, line = 0, self._line
        cr_only = self._dialect.terminator == b"\r"
        while position < min(size, len(self._buffer)):
            if cr_only and self._buffer[position : position + 1] == b"\n":
                position += 1  # a CR LF among bare CRs
                continue
            parsed = parse_record(self._buffer, position, self._dialect, self._ended, self._ids)
            if parsed is None:
                break
            raw = self._buffer[position : parsed.content_end]
            if not raw:
                block.blank_lines += 1
            elif parsed.reason:
                block.loose.append(LooseRow(line, raw, None, parsed.reason))
            elif len(parsed.fields) != columns:
                block.loose.append(_ragged(raw, line, len(parsed.fields), columns))
            else:
                block.loose.append(LooseRow(line, raw, parsed.fields))
            line += self._buffer.count(self._dialect.terminator, position, parsed.end)
            position = parsed.end
        if not position:
            return None
        self._consume(position)
        return block

    def _exact_blocks(self) -> Iterator[Block]:
        while True:
            if not self._ended:
                self._fill()
            block = self._exact_block(len(self._buffer))
            if block is not None:
                yield block
            elif self._ended:
                return
            elif len(self._buffer) > self._limits.row_bytes:
                yield self._skip_giant()

    def _skip_giant(self) -> Block:
        """Pass over a record that exceeds the row limit, in bounded memory.

        Its beginning is kept for quarantine. Whether it was never closed shows at its end.
        """
        line = self._line
        kept = self._buffer[: self._limits.quarantined_text + 4]
        state = _GiantRecord(self._dialect)
        while True:
            end = state.feed(self._buffer)
            if end is not None:
                self._consume(end)
                break
            self._consume(len(self._buffer))
            self._fill()
            if self._ended:
                break
        unclosed = self._ended and state.is_unclosed
        reason = "unclosed_quote" if unclosed else "field_too_large"
        block = Block(self.names, delimiter=self._dialect.delimiter.decode())
        block.loose.append(LooseRow(line, kept, None, reason, "the row exceeds the size limit"))
        return block


class _GiantRecord:
    """Finds the end of a record fed piece by piece, by the same rules as parse_record."""

    def __init__(self, dialect: Dialect) -> None:
        self._tokens = re.compile(b'["' + re.escape(dialect.delimiter) + dialect.terminator + b"]")
        self._terminator = dialect.terminator
        self._delimiter = dialect.delimiter
        self._inside = False
        self._at_start = True
        self._after_quote = False

    @property
    def is_unclosed(self) -> bool:
        """Whether a quoted field is still open after what was fed."""
        return self._inside and not self._after_quote

    def feed(self, piece: bytes) -> int | None:
        """Offset just past the record's line end, or None if it goes on."""
        position = 0
        while position < len(piece):
            if self._after_quote:
                self._after_quote = False
                if piece[position : position + 1] == b'"':
                    position += 1  # an escaped quote: still inside
                    continue
                self._inside = False
            if self._inside:
                quote = piece.find(b'"', position)
                if quote < 0:
                    return None
                self._after_quote = True
                position = quote + 1
                continue
            if self._at_start and piece[position : position + 1] == b'"':
                self._inside, self._at_start = True, False
                position += 1
                continue
            self._at_start = False
            match = self._tokens.search(piece, position)
            if match is None:
                return None
            position = match.end()
            if match.group() == self._terminator:
                return position
            self._at_start = match.group() == self._delimiter
        return None


class _LineNumbers:
    """Line number of each record of a block, worked out when first asked for."""

    def __init__(self, data: bytes, starts: Sequence[int] | Positions, first_line: int) -> None:
        self._data = data
        self._starts = starts
        self._first_line = first_line
        self._known = (0, first_line)

    def __call__(self, row: int) -> int:
        start = int(self._starts[row])
        position, line = self._known
        if start < position:
            position, line = 0, self._first_line
        line += self._data.count(b"\n", position, start)
        self._known = (start, line)
        return line


def _ragged(raw: bytes, line: int, count: int, columns: int) -> LooseRow:
    reason = "too_many_fields" if count > columns else "too_few_fields"
    return LooseRow(line, raw, None, reason, f"{count:,} fields where {columns:,} are due")


def refuse_foreign_formats(start: bytes) -> None:
    """Raise LandingError where the first bytes are those of another kind of file."""
    if start.startswith(_BOMS):
        raise LandingError("not_utf8", "the file is UTF-16 or UTF-32; export it as UTF-8")
    signatures = (
        (b"%PDF-", "pdf_file", "a PDF document"),
        (b"PK\x03\x04", "zip_file", "an Excel workbook or another zip archive"),
        (b"\xd0\xcf\x11\xe0", "excel_file", "an old Excel workbook"),
        (b"\x1f\x8b", "gzip_file", "gzip-compressed although its name does not end in .gz"),
        (b"PAR1", "parquet_file", "a Parquet file"),
    )
    for magic, name, what in signatures:
        if start.startswith(magic):
            raise LandingError(name, f"the file is {what}; deliver it in the format of its name")
    if re.match(rb"\s*<(!doctype|html|\?xml|head|body)\b", start[:500], re.IGNORECASE):
        raise LandingError(
            "html_file", "the file is a web page, perhaps a login or error page; export it again"
        )
