"""Which rows of a block are beyond doubt, found by vector operations.

A row passes only if the rules of validation.py would land it with its bytes as they stand. Every
other row is judged by those rules one by one, so that a gap here costs time and never a wrong
outcome. Remarks that a passed row earns (a bare date, a boolean written 1) are counted here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from lead_handoff.catalogue import Column
from lead_handoff.landing import strict_json
from lead_handoff.landing.blocks import CR, LF, Block, FieldTable, Mask, Positions
from lead_handoff.landing.errors import RowRejected
from lead_handoff.landing.timestamps import FAST_YEARS, days_of_clock_change
from lead_handoff.landing.validation import Remarks, Rules

Bytes = NDArray[np.uint8]
Found = list[tuple[tuple[str, str], Mask]]

_PLAIN = bytes(byte for byte in range(256) if (byte >= 32 and byte != 127) or byte in (9, LF))
_NOT_PLAIN = np.ones(256, dtype=np.bool_)
_NOT_PLAIN[list(_PLAIN)] = False
_MARKS = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
_DAYS_IN_MONTH = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int32)

_ZERO, _NINE, _DOT, _MINUS, _SPACE, _TILDE = 48, 57, 46, 45, 32, 126

# Endings of a moment after its seconds: d is a digit, 0 only a zero. Offsets other than zero are
# left to the exact rules.
_ENDINGS = ("Z", ".dddZ", ".ddddddZ", "+0000", "+00:00", ".ddd+0000", ".ddd+00:00")
_LOCAL_ENDINGS = ("", ".ddd", ".dddddd")


def screen(block: Block, rules: Rules, remarks: Remarks) -> Mask:
    """True for each row of the block's table that may land as it stands."""
    table = block.table
    clean = _clean_bytes(block, table)
    widest = int(np.diff(table.separators, prepend=-1).max(initial=0))
    if widest > rules.limits.field_bytes:
        for position in range(table.columns):
            starts, ends = table.bounds(position)
            clean &= ends - starts <= rules.limits.field_bytes
    found: Found = []
    for position, column in enumerate(rules.columns):
        if column is None:
            continue
        is_key = position == rules.key
        if column.kind == "text" and not is_key:
            continue
        starts, ends = table.bounds(position)
        empty = ends == starts
        if rules.literal_null:
            empty |= _is_word(table.buffer, starts, ends, b"null")
        if not empty.all():
            check = _CHECKS[column.kind]
            clean &= empty | check(block, starts, ends, ~empty, column, rules, found)
        if is_key:
            clean &= ~empty & (ends - starts <= rules.limits.key_bytes)
        elif column.filled:
            clean &= ~empty
    for remark, mask in found:
        count = int((mask & clean).sum())
        if count:
            remarks[remark] += count
    return clean


def _clean_bytes(block: Block, table: FieldTable) -> Mask:
    """Rows of valid UTF-8 without control characters and bidi marks, and of the usual line end."""
    clean = np.ones(len(table), dtype=np.bool_)
    data = block.data
    if data.translate(None, _PLAIN).strip(b"\r") or b"\r" in data:
        odd = _NOT_PLAIN[table.buffer]
        if b"\r" in data:
            returns = np.flatnonzero(table.buffer == CR)
            following = np.minimum(returns + 1, len(data) - 1)
            odd[returns[table.buffer[following] == LF]] = False
        _fail_rows(clean, table, np.flatnonzero(odd))
        # COPY wants one kind of line end: the rarer kind is rewritten row by row.
        clean &= table.crlf == (2 * int(table.crlf.sum()) > len(table))
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            _fail_undecodable(clean, block, table)
        marks = [match.start() for match in _MARKS.finditer(data)]
        if marks:
            _fail_rows(clean, table, np.array(marks))
    if b"\\." in data:
        # Older servers take a line of \. for the end of the data.
        starts, ends = table.row_starts, table.row_ends - table.crlf
        clean &= ~_is_word(table.buffer, starts, ends, b"\\.")
    return clean


def _fail_rows(clean: Mask, table: FieldTable, offsets: Positions) -> None:
    """Unset the rows in which the offsets lie; offsets between rows are of rows left out."""
    rows = np.searchsorted(table.row_ends, offsets)
    inside = rows < len(table)
    rows, offsets = rows[inside], offsets[inside]
    clean[rows[table.row_starts[rows] <= offsets]] = False


def _fail_undecodable(clean: Mask, block: Block, table: FieldTable) -> None:
    high = np.flatnonzero(table.buffer >= 128)
    rows = np.unique(np.searchsorted(table.row_ends, high))
    for row in rows[rows < len(table)]:
        try:
            block.record(int(row)).decode("utf-8")
        except UnicodeDecodeError:
            clean[row] = False


def _is_word(buffer: Bytes, starts: Positions, ends: Positions, word: bytes) -> Mask:
    """Fields that are exactly this word."""
    result: Mask = ends - starts == len(word)
    rows = np.flatnonzero(result)
    if len(rows):
        matrix = buffer[starts[rows][:, None] + np.arange(len(word))]
        result[rows] = (matrix == np.frombuffer(word, dtype=np.uint8)).all(axis=1)
    return result


def _by_length(starts: Positions, ends: Positions, considered: Mask) -> list[tuple[int, Positions]]:
    """Rows to consider, grouped by the length of their field."""
    lengths = ends - starts
    rows = np.flatnonzero(considered)
    values = lengths[rows]
    if len(values) and (values == values[0]).all():
        return [(int(values[0]), rows)]
    return [(int(length), rows[values == length]) for length in np.unique(values)]


def _matrix(buffer: Bytes, starts: Positions, rows: Positions, length: int) -> Bytes:
    matrix: Bytes = buffer[starts[rows][:, None] + np.arange(length)]
    return matrix


def _digits(matrix: Bytes) -> Mask:
    result: Mask = np.all((matrix >= _ZERO) & (matrix <= _NINE), axis=1)
    return result


def _number_at(matrix: Bytes, start: int, stop: int) -> NDArray[np.int32]:
    value = np.zeros(len(matrix), dtype=np.int32)
    for position in range(start, stop):
        value = value * 10 + (matrix[:, position].astype(np.int32) - _ZERO)
    return value


def _is_calendar_date(matrix: Bytes) -> tuple[Mask, NDArray[np.int32]]:
    """Whether the first ten bytes are a date of the calendar, and the date as yyyymmdd."""
    good = (matrix[:, 4] == _MINUS) & (matrix[:, 7] == _MINUS)
    good &= _digits(matrix[:, (0, 1, 2, 3, 5, 6, 8, 9)])
    year, month = _number_at(matrix, 0, 4), _number_at(matrix, 5, 7)
    day = _number_at(matrix, 8, 10)
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    days = _DAYS_IN_MONTH[np.clip(month, 0, 12)] - ((month == 2) & ~is_leap)
    good &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= days)
    return good, year * 10_000 + month * 100 + day


def _ending_fits(matrix: Bytes, ending: str) -> Mask:
    good = np.ones(len(matrix), dtype=np.bool_)
    for index, expected in enumerate(ending):
        byte = matrix[:, 19 + index]
        good &= (byte >= _ZERO) & (byte <= _NINE) if expected == "d" else byte == ord(expected)
    return good


def _timestamps(
    block: Block,
    starts: Positions,
    ends: Positions,
    considered: Mask,
    column: Column,
    rules: Rules,
    found: Found,
) -> Mask:
    result = np.zeros(len(starts), dtype=np.bool_)
    night = rules.night.year * 10_000 + rules.night.month * 100 + rules.night.day
    latest = 99_999_999 if column.plannable else night
    for length, rows in _by_length(starts, ends, considered):
        with_offset = [ending for ending in _ENDINGS if 19 + len(ending) == length]
        local = [ending for ending in _LOCAL_ENDINGS if 19 + len(ending) == length]
        if length != 10 and not with_offset and not local:
            continue
        matrix = _matrix(block.table.buffer, starts, rows, length)
        good, days = _is_calendar_date(matrix)
        good &= days <= latest
        if not with_offset:
            good &= _has_usual_clock(days, rules.zone)
            # West of Greenwich the local evening of the last day is a day further on.
            good &= days < latest
        if length == 10:
            bare = np.zeros(len(starts), dtype=np.bool_)
            bare[rows] = good
            found.append((("bare_date", column.name), bare))
        else:
            good &= (matrix[:, 10] == ord("T")) | (matrix[:, 10] == _SPACE)
            good &= (matrix[:, 13] == ord(":")) & (matrix[:, 16] == ord(":"))
            good &= _digits(matrix[:, (11, 12, 14, 15, 17, 18)])
            good &= _number_at(matrix, 11, 13) <= 23
            good &= (_number_at(matrix, 14, 16) <= 59) & (_number_at(matrix, 17, 19) <= 59)
            fitting = with_offset + local
            good &= np.logical_or.reduce([_ending_fits(matrix, each) for each in fitting])
        result[rows] = good
    return result


def _has_usual_clock(days: NDArray[np.int32], zone: ZoneInfo) -> Mask:
    """Days on which each local time of the zone exists exactly once."""
    good: Mask = np.ones(len(days), dtype=np.bool_)
    if zone.key != "UTC":
        first, last = FAST_YEARS
        good = (days >= first * 10_000) & (days < (last + 1) * 10_000)
        present = np.unique(days)
        odd = [day for day in present.tolist() if day in days_of_clock_change(zone)]
        if odd:
            good &= ~np.isin(days, odd)
    return good


def _dates(
    block: Block,
    starts: Positions,
    ends: Positions,
    considered: Mask,
    column: Column,
    rules: Rules,
    found: Found,
) -> Mask:
    result = np.zeros(len(starts), dtype=np.bool_)
    rows = np.flatnonzero(considered & (ends - starts == 10))
    if len(rows):
        result[rows] = _is_calendar_date(_matrix(block.table.buffer, starts, rows, 10))[0]
    return result


def _booleans(
    block: Block,
    starts: Positions,
    ends: Positions,
    considered: Mask,
    column: Column,
    rules: Rules,
    found: Found,
) -> Mask:
    buffer = block.table.buffer
    usual = _is_word(buffer, starts, ends, b"true") | _is_word(buffer, starts, ends, b"false")
    if (usual | ~considered).all():
        return usual
    words = (b"1", b"0", b"TRUE", b"FALSE", b"True", b"False", b"yes", b"no", b"Yes", b"No")
    other = np.logical_or.reduce([_is_word(buffer, starts, ends, word) for word in words])
    found.append((("boolean_form", column.name), other))
    accepted: Mask = usual | other
    return accepted


def _integers(
    block: Block,
    starts: Positions,
    ends: Positions,
    considered: Mask,
    column: Column,
    rules: Rules,
    found: Found,
) -> Mask:
    return _numerals(block, starts, ends, considered, dots=0)


def _numbers(
    block: Block,
    starts: Positions,
    ends: Positions,
    considered: Mask,
    column: Column,
    rules: Rules,
    found: Found,
) -> Mask:
    return _numerals(block, starts, ends, considered, dots=1)


def _numerals(
    block: Block, starts: Positions, ends: Positions, considered: Mask, dots: int
) -> Mask:
    """Up to 18 characters: an optional minus, digits, at most so many dots with digits around."""
    result = np.zeros(len(starts), dtype=np.bool_)
    for length, rows in _by_length(starts, ends, considered):
        if length > 18:
            continue
        matrix = _matrix(block.table.buffer, starts, rows, length)
        is_digit = (matrix >= _ZERO) & (matrix <= _NINE)
        is_dot = matrix == _DOT
        allowed = is_digit | is_dot
        allowed[:, 0] |= matrix[:, 0] == _MINUS
        first = is_digit[:, 0]
        if length > 1:
            first = first | ((matrix[:, 0] == _MINUS) & is_digit[:, 1])
        result[rows] = allowed.all(axis=1) & (is_dot.sum(axis=1) <= dots) & first & is_digit[:, -1]
    return result


def _ids(
    block: Block,
    starts: Positions,
    ends: Positions,
    considered: Mask,
    column: Column,
    rules: Rules,
    found: Found,
) -> Mask:
    """Ids that begin and end in a visible ASCII character: there is nothing to trim."""
    buffer = block.table.buffer
    top = len(buffer) - 1
    first, last = buffer[np.minimum(starts, top)], buffer[np.clip(ends - 1, 0, top)]
    return (first > _SPACE) & (first <= _TILDE) & (last > _SPACE) & (last <= _TILDE)


def _json_texts(
    block: Block,
    starts: Positions,
    ends: Positions,
    considered: Mask,
    column: Column,
    rules: Rules,
    found: Found,
) -> Mask:
    result = np.zeros(len(starts), dtype=np.bool_)
    data = block.data
    for row in np.flatnonzero(considered):
        value = data[starts[row] : ends[row]]
        if value[:1].isspace() or value[-1:].isspace():
            continue
        try:
            strict_json.parse(value.replace(b'""', b'"').decode("utf-8"))
        except (RowRejected, UnicodeDecodeError):
            continue
        result[row] = True
    return result


def _texts(
    block: Block,
    starts: Positions,
    ends: Positions,
    considered: Mask,
    column: Column,
    rules: Rules,
    found: Found,
) -> Mask:
    return np.ones(len(starts), dtype=np.bool_)


_Check = Callable[[Block, Positions, Positions, Mask, Column, Rules, Found], Mask]
_CHECKS: dict[str, _Check] = {
    "timestamp": _timestamps,
    "date": _dates,
    "boolean": _booleans,
    "integer": _integers,
    "number": _numbers,
    "id": _ids,
    "json": _json_texts,
    "text": _texts,
}
