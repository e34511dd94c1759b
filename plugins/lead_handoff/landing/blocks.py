"""Rows on their way from a reader to the database, a few thousand at a time.

A reader hands on blocks: CSV bytes holding whole, well-formed records, with a table of where their
fields lie, and beside them the rows whose form needs a closer look. Bytes of rows that pass the
screening go to the database untouched; the others are judged one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LF, CR, QUOTE = 10, 13, 34

Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass
class LooseRow:
    """One row outside the table: its place, its bytes, and either its fields or what is wrong."""

    line: int
    raw: bytes
    fields: list[bytes] | None = None
    reason: str = ""
    detail: str = ""


@dataclass
class FieldTable:
    """Where the fields of well-formed records lie in a buffer.

    ``separators`` are the offsets of all delimiters and record ends outside quotes;
    ``last`` gives for each record the index in it of its record end.
    """

    buffer: NDArray[np.uint8]
    separators: Positions
    last: Positions
    row_starts: Positions
    row_ends: Positions  # offset of the line feed (or the end of the data)
    crlf: Mask  # the record ends in CR LF
    columns: int
    has_quotes: bool

    @classmethod
    def none(cls) -> FieldTable:
        """A table without records."""
        nowhere = np.empty(0, dtype=np.int64)
        nothing = np.empty(0, dtype=np.bool_)
        return cls(
            np.empty(0, dtype=np.uint8), nowhere, nowhere, nowhere, nowhere, nothing, 1, False
        )

    def __len__(self) -> int:
        return len(self.row_starts)

    def bounds(self, column: int) -> tuple[Positions, Positions]:
        """Start and end offsets of one column's values, quotes left out."""
        ends = self.separators[self.last - (self.columns - 1 - column)]
        if column == self.columns - 1:
            ends = self.row_ends - self.crlf
        starts = (
            self.row_starts
            if column == 0
            else self.separators[self.last - (self.columns - column)] + 1
        )
        if self.has_quotes:
            quoted = (ends > starts) & (self.buffer[np.minimum(starts, self._top)] == QUOTE)
            if quoted.any():
                starts, ends = starts + quoted, ends - quoted
        return starts, ends

    @property
    def _top(self) -> int:
        return max(len(self.buffer) - 1, 0)


@dataclass
class Block:
    """Some rows of one file; ``names`` are the columns of its records, as delivered."""

    names: tuple[str, ...]
    data: bytes = b""
    table: FieldTable = field(default_factory=lambda: FieldTable.none())
    line_of: Callable[[int], int] = lambda row: row
    raw_of: Callable[[int], bytes] | None = None
    loose: list[LooseRow] = field(default_factory=list)
    blank_lines: int = 0
    delimiter: str = ","

    def raw(self, row: int) -> bytes:
        """The row's bytes as delivered, without its line end."""
        if self.raw_of is not None:
            return self.raw_of(row)
        end = self.table.row_ends[row] - self.table.crlf[row]
        return self.data[self.table.row_starts[row] : end]

    def record(self, row: int) -> bytes:
        """The row as a CSV record, without its line end."""
        end = self.table.row_ends[row] - self.table.crlf[row]
        return self.data[self.table.row_starts[row] : end]


@dataclass
class Split:
    """Result of looking for records in a buffer.

    ``consumed`` bytes hold whole records with sound quoting. ``ragged`` are (start, end, fields)
    of records with another number of fields, ``blank`` the number of empty lines.
    ``suspect`` tells that quoting breaks in the record that begins at ``consumed``.
    """

    table: FieldTable
    consumed: int
    ragged: list[tuple[int, int, int]]
    blank: int
    suspect: bool


def split(data: bytes, delimiter: int, columns: int, final: bool) -> Split:
    """Find the records of a buffer that begins at a record's start.

    Everything is counted by vector operations; the exact parser (readers/csv.py) gives the same
    fields for each record and is asked where quoting is doubtful.
    """
    buffer = np.frombuffer(data, dtype=np.uint8)
    is_lf = buffer == LF
    separating = is_lf | (buffer == delimiter)
    has_quotes = b'"' in data
    limit = len(data)
    suspect = False
    if has_quotes:
        is_quote = buffer == QUOTE
        separating &= ~np.bitwise_xor.accumulate(is_quote)
        broken = _first_broken_quote(buffer, np.flatnonzero(is_quote), delimiter, final)
        if broken is not None:
            limit, suspect = broken, True
    separators = np.flatnonzero(separating)
    last = np.flatnonzero(is_lf[separators])
    row_ends = separators[last]
    if limit < len(data):
        kept = int(np.searchsorted(row_ends, limit))
        last, row_ends = last[:kept], row_ends[:kept]
    elif final and len(data) and not (len(row_ends) and row_ends[-1] == len(data) - 1):
        # The last record of a file may lack its line end.
        separators = np.append(separators, len(data))
        last = np.append(last, len(separators) - 1)
        row_ends = np.append(row_ends, len(data))
    row_starts = np.empty_like(row_ends)
    row_starts[:1] = 0
    row_starts[1:] = row_ends[:-1] + 1
    consumed = min(int(row_ends[-1]) + 1, len(data)) if len(row_ends) else 0
    counts = np.diff(last, prepend=-1)
    # The byte before a record's end; a record that is empty borrows its own first byte.
    before = buffer[np.maximum(row_ends - 1, 0)] if len(buffer) else buffer
    crlf = (before == CR) & (row_ends > row_starts)
    empty = (row_ends - crlf) == row_starts
    whole = (counts == columns) & ~empty
    ragged: list[tuple[int, int, int]] = []
    if not whole.all():
        for row in np.flatnonzero(~whole & ~empty):
            ragged.append((int(row_starts[row]), int(row_ends[row]), int(counts[row])))
    table = FieldTable(
        buffer, separators, last[whole], row_starts[whole], row_ends[whole], crlf[whole],
        columns, has_quotes,
    )  # fmt: skip
    return Split(table, consumed, ragged, int(empty.sum()), suspect)


def _first_broken_quote(
    buffer: NDArray[np.uint8], quotes: Positions, delimiter: int, final: bool
) -> int | None:
    """Offset of the first quote that neither opens, closes nor escapes as it should, or None.

    Outside of quotes the even ones open and the odd ones close; a closing one followed directly by
    an opening one is an escaped quote.
    """
    opens, closes = quotes[0::2], quotes[1::2]
    before = buffer[np.maximum(opens - 1, 0)]
    opens_well = (opens == 0) | (before == delimiter) | (before == LF) | (before == QUOTE)
    top = len(buffer) - 1
    after = buffer[np.minimum(closes + 1, top)]
    after_that = buffer[np.minimum(closes + 2, top)]
    closes_well = (
        (closes == top)
        | (after == delimiter)
        | (after == LF)
        | (after == QUOTE)
        | ((after == CR) & (after_that == LF))
    )
    if not final:
        closes_well |= (after == CR) & (closes + 1 == top)
    broken = []
    if not opens_well.all():
        broken.append(int(opens[np.argmin(opens_well)]))
    if not closes_well.all():
        broken.append(int(closes[np.argmin(closes_well)]))
    if final and len(quotes) % 2:
        broken.append(int(quotes[-1]))
    return min(broken) if broken else None
