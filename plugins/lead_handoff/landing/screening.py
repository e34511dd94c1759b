"""Which rows of a block are beyond doubt, found by vector operations.

A row passes only if the rules of validation.py would land it with its bytes as they stand. Every
other row is judged by those rules one by one, so that a gap here costs time and never a wrong
outcome. Remarks that a passed row earns (a bare date, a boolean written 1) are counted here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from lead_handoff.catalogue import Column
from lead_handoff.landing.blocks import CR, LF, Block, FieldTable, Mask, Positions
from lead_handoff.landing.documents import read_document
from lead_handoff.landing.errors import RowRejected
from lead_handoff.landing.timestamps import (
    FAST_YEARS,
    days_of_clock_change,
    is_near_clock_change,
)
from lead_handoff.landing.validation import OwnerHistory, Remarks, Rules
from lead_handoff.value_rules import KINDS

Bytes = NDArray[np.uint8]
Seconds = NDArray[np.int64]
Found = list[tuple[tuple[str, str], Mask]]

_PLAIN = bytes(byte for byte in range(256) if (byte >= 32 and byte != 127) or byte in (9, LF))
_NOT_PLAIN = np.ones(256, dtype=np.bool_)
_NOT_PLAIN[list(_PLAIN)] = False
_MARKS = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
_DAYS_IN_MONTH = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int32)

_ZERO, _NINE, _DOT, _PLUS, _MINUS, _SPACE, _TILDE = 48, 57, 46, 43, 45, 32, 126
_EQUALS = 61
_DAY = 86_400

# Endings of a moment after its seconds: d is a digit, s the sign of an offset.
_FRACTIONS = ("", ".ddd", ".dddddd", ".ddddddddd")
_OFFSETS = ("", "Z", "sdd", "sdddd", "sdd:dd")
_ENDINGS = [(fraction, offset) for fraction in _FRACTIONS for offset in _OFFSETS]
_LARGEST_OFFSET = 14 * 3_600
_ANY_DAY = 20_000_101
_FEW_DAYS = 20  # stand-ins for "no date" are few


@dataclass(frozen=True)
class _Field:
    """One column of a block: where its values lie, and which of them there are."""

    position: int
    column: Column
    starts: Positions
    ends: Positions
    considered: Mask


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
    if rules.owner_history is not None:
        clean &= _plain_owner_changes(table, rules.owner_history, rules)
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
            field = _Field(position, column, starts, ends, ~empty)
            clean &= empty | _CHECKS[column.kind](block, field, rules, found)
        if is_key or column.filled:
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


def _is_calendar_date(matrix: Bytes) -> tuple[Mask, NDArray[np.int32], Seconds]:
    """Whether the first ten bytes are a date; it as yyyymmdd, and as seconds (see _seconds_of)."""
    good = (matrix[:, 4] == _MINUS) & (matrix[:, 7] == _MINUS)
    good &= _digits(matrix[:, (0, 1, 2, 3, 5, 6, 8, 9)])
    year, month = _number_at(matrix, 0, 4), _number_at(matrix, 5, 7)
    day = _number_at(matrix, 8, 10)
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    days = _DAYS_IN_MONTH[np.clip(month, 0, 12)] - ((month == 2) & ~is_leap)
    good &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= days)
    # The year begins in March, so that the odd day stands at its end.
    march_year, march_month = year - (month <= 2), (month + 9) % 12
    leaps = march_year // 4 - march_year // 100 + march_year // 400
    number = 365 * march_year + leaps + (march_month * 306 + 5) // 10 + day + _BEFORE_MARCH
    return good, year * 10_000 + month * 100 + day, number.astype(np.int64) * _DAY


_BEFORE_MARCH = -306  # what makes the count above that of date.toordinal()


def _seconds_of(moment: datetime) -> int:
    """A moment as seconds, days counted as date.toordinal() counts them."""
    return moment.toordinal() * _DAY + moment.hour * 3_600 + moment.minute * 60 + moment.second


def _ending_fits(matrix: Bytes, ending: str) -> Mask:
    good = np.ones(len(matrix), dtype=np.bool_)
    for index, expected in enumerate(ending):
        byte = matrix[:, 19 + index]
        if expected == "d":
            good &= (byte >= _ZERO) & (byte <= _NINE)
        elif expected == "s":
            good &= (byte == _PLUS) | (byte == _MINUS)
        else:
            good &= byte == ord(expected)
    return good


def _offset(matrix: Bytes, fraction: str, offset: str) -> tuple[Seconds, Mask]:
    """The offset that stands after the seconds and their fraction, and whether there is such."""
    if "s" not in offset:
        return np.zeros(len(matrix), dtype=np.int64), np.ones(len(matrix), dtype=np.bool_)
    at = 19 + len(fraction)
    hours = _number_at(matrix, at + 1, at + 3).astype(np.int64)
    minutes = np.zeros(len(matrix), dtype=np.int64)
    if len(offset) > 3:
        end = at + len(offset)
        minutes += _number_at(matrix, end - 2, end)
    size = hours * 3_600 + minutes * 60
    is_one = (size <= _LARGEST_OFFSET) & (minutes <= 59)
    return np.where(matrix[:, at] == _MINUS, -size, size), is_one


def _timestamps(block: Block, field: _Field, rules: Rules, found: Found) -> Mask:
    result = np.zeros(len(field.starts), dtype=np.bool_)
    starts, ends, column, limits = field.starts, field.ends, field.column, rules.dates
    first, end = _seconds_of(limits.begins), _seconds_of(limits.ends)
    horizon = end if column.plannable else _seconds_of(rules.horizon)
    is_dispensable = field.position in rules.dispensable
    may_be_none = rules.reads_null(field.position) and not is_dispensable
    for length, rows in _by_length(starts, ends, field.considered):
        fitting = [each for each in _ENDINGS if 19 + len(each[0]) + len(each[1]) == length]
        if length != 10 and not fitting:
            continue
        matrix = _matrix(block.table.buffer, starts, rows, length)
        good, days, seconds = _is_calendar_date(matrix)
        is_local = np.ones(len(rows), dtype=np.bool_)
        if length > 10:
            good &= (matrix[:, 10] == ord("T")) | (matrix[:, 10] == _SPACE)
            good &= (matrix[:, 13] == ord(":")) & (matrix[:, 16] == ord(":"))
            good &= _digits(matrix[:, (11, 12, 14, 15, 17, 18)])
            hour, minute = _number_at(matrix, 11, 13), _number_at(matrix, 14, 16)
            second = _number_at(matrix, 17, 19)
            good &= (hour <= 23) & (minute <= 59) & (second <= 59)
            seconds += hour * 3_600 + minute * 60 + second
            ends_well = np.zeros(len(rows), dtype=np.bool_)
            for fraction, offset in fitting:
                fits = _ending_fits(matrix, fraction + offset)
                if not fits.any():
                    continue
                shift, is_offset = _offset(matrix, fraction, offset)
                seconds -= np.where(fits, shift, 0)
                ends_well |= fits & is_offset
                is_local &= ~fits | (offset == "")
            good &= ends_well
        # What the zone makes of a local time moves it by less than a day.
        slack = np.where(is_local & (rules.zone.key != "UTC"), _DAY, 0)
        is_none = _is_stand_in(days, limits.stand_ins)
        is_none |= (seconds < first - slack) | (seconds >= end + slack)
        is_real = ~is_none & (seconds >= first + slack) & (seconds < end - slack)
        is_real &= seconds < horizon - slack
        good &= ~is_local | _has_usual_clock(np.where(good, days, _ANY_DAY), rules.zone)
        if may_be_none:
            _note(found, ("unlikely_date", column.name), len(starts), rows, good & is_none)
            result[rows] = good & (is_real | is_none)
        else:
            result[rows] = good & is_real
        if length == 10:
            _note(found, ("bare_date", column.name), len(starts), rows, good & is_real)
    return result


def _is_stand_in(days: NDArray[np.int32], stand_ins: frozenset[date]) -> Mask:
    found = np.zeros(len(days), dtype=np.bool_)
    for day in stand_ins:
        found |= days == day.year * 10_000 + day.month * 100 + day.day
    return found


def _note(found: Found, remark: tuple[str, str], size: int, rows: Positions, earned: Mask) -> None:
    """Add a remark that some of the rows looked at earn, if any does."""
    if earned.any():
        mask = np.zeros(size, dtype=np.bool_)
        mask[rows] = earned
        found.append((remark, mask))


def _has_usual_clock(days: NDArray[np.int32], zone: ZoneInfo) -> Mask:
    """Days on which each local time of the zone exists exactly once."""
    good: Mask = np.ones(len(days), dtype=np.bool_)
    if zone.key != "UTC":
        present = np.unique(days).tolist()
        first, last = FAST_YEARS[0] * 10_000, (FAST_YEARS[1] + 1) * 10_000
        near = [day for day in present if first <= day < last]
        far = [day for day in present if not first <= day < last]
        odd = days_of_clock_change(zone).intersection(near)
        if len(far) <= _FEW_DAYS:
            odd |= {day for day in far if is_near_clock_change(day, zone)}
        else:
            odd |= set(far)
        if odd:
            good &= ~np.isin(days, list(odd))
    return good


def _dates(block: Block, field: _Field, rules: Rules, found: Found) -> Mask:
    starts, column, limits = field.starts, field.column, rules.dates
    result = np.zeros(len(starts), dtype=np.bool_)
    rows = np.flatnonzero(field.considered & (field.ends - starts == 10))
    if len(rows):
        good, days, seconds = _is_calendar_date(_matrix(block.table.buffer, starts, rows, 10))
        is_none = _is_stand_in(days, limits.stand_ins)
        is_none |= (seconds < _seconds_of(limits.begins)) | (seconds >= _seconds_of(limits.ends))
        if rules.reads_null(field.position):
            _note(found, ("unlikely_date", column.name), len(starts), rows, good & is_none)
            result[rows] = good
        else:
            result[rows] = good & ~is_none
    return result


def _booleans(block: Block, field: _Field, rules: Rules, found: Found) -> Mask:
    buffer, starts, ends = block.table.buffer, field.starts, field.ends
    usual = _is_word(buffer, starts, ends, b"true") | _is_word(buffer, starts, ends, b"false")
    if (usual | ~field.considered).all():
        return usual
    words = (b"1", b"0", b"TRUE", b"FALSE", b"True", b"False", b"yes", b"no", b"Yes", b"No")
    other = np.logical_or.reduce([_is_word(buffer, starts, ends, word) for word in words])
    found.append((("boolean_form", field.column.name), other))
    accepted: Mask = usual | other
    return accepted


def _integers(block: Block, field: _Field, rules: Rules, found: Found) -> Mask:
    # Nine digits are within 32 bits; longer ones are looked at exactly.
    return _numerals(block, field, dots=0) & (field.ends - field.starts <= 9)


def _numbers(block: Block, field: _Field, rules: Rules, found: Found) -> Mask:
    return _numerals(block, field, dots=1)


def _numerals(block: Block, field: _Field, dots: int) -> Mask:
    """Up to 18 characters: an optional minus, digits, at most so many dots with digits around.

    What is so short is within the digits that a number may have.
    """
    result = np.zeros(len(field.starts), dtype=np.bool_)
    for length, rows in _by_length(field.starts, field.ends, field.considered):
        if length > 18:
            continue
        matrix = _matrix(block.table.buffer, field.starts, rows, length)
        is_digit = (matrix >= _ZERO) & (matrix <= _NINE)
        is_dot = matrix == _DOT
        allowed = is_digit | is_dot
        allowed[:, 0] |= matrix[:, 0] == _MINUS
        first = is_digit[:, 0]
        if length > 1:
            first = first | ((matrix[:, 0] == _MINUS) & is_digit[:, 1])
        result[rows] = allowed.all(axis=1) & (is_dot.sum(axis=1) <= dots) & first & is_digit[:, -1]
    return result


def _ids(block: Block, field: _Field, rules: Rules, found: Found) -> Mask:
    return _plain_ids(block.table.buffer, field.starts, field.ends, rules.limits.key_bytes)


def _plain_ids(buffer: Bytes, starts: Positions, ends: Positions, longest: int) -> Mask:
    """Ids in whose form nothing is to be put right.

    They are not too long, begin and end in a visible ASCII character (there is nothing to trim),
    and are no formula, no decimal number, nothing with an exponent, and not all zeros.
    """
    top = len(buffer) - 1

    def byte(offsets: Positions) -> Bytes:
        found: Bytes = buffer[np.clip(offsets, 0, top)]
        return found

    first, last = byte(starts), byte(ends - 1)
    plain: Mask = (first > _SPACE) & (first <= _TILDE) & (last > _SPACE) & (last <= _TILDE)
    plain &= (ends - starts <= longest) & (first != _EQUALS)
    # 501.0, and 1.5E+17 or 1.5E+170: a point, or a plus, at these places before the end.
    plain &= (last != _ZERO) | (byte(ends - 2) != _DOT)
    plain &= (byte(ends - 3) != _PLUS) & (byte(ends - 4) != _PLUS)
    length = ends - starts
    # Salesforce's reference to nothing; its real ids have a letter among the first three.
    is_zeros = (length == 15) | (length == 18)
    for place in range(3):
        is_zeros &= byte(starts + place) == _ZERO
    plain &= ~is_zeros
    return plain


def _plain_owner_changes(table: FieldTable, history: OwnerHistory, rules: Rules) -> Mask:
    """Rows that tell of no owner, or whose owners' ids are plain."""
    starts, ends = table.bounds(history.field)
    is_change = np.zeros(len(table), dtype=np.bool_)
    for name in history.names:
        is_change |= _is_word(table.buffer, starts, ends, name.encode())
    plain = np.ones(len(table), dtype=np.bool_)
    if is_change.any():
        for position in history.values:
            starts, ends = table.bounds(position)
            plain &= (starts == ends) | _plain_ids(
                table.buffer, starts, ends, rules.limits.key_bytes
            )
    return plain | ~is_change


def _id_lists(block: Block, field: _Field, rules: Rules, found: Found) -> Mask:
    """One id without anything beside it; several are left to the exact rules."""
    return _numerals(block, field, dots=0) & _ids(block, field, rules, found)


def _documents(block: Block, field: _Field, rules: Rules, found: Found) -> Mask:
    result = np.zeros(len(field.starts), dtype=np.bool_)
    kind, longest_id = field.column.kind, rules.limits.key_bytes
    for row in np.flatnonzero(field.considered):
        value = block.data[field.starts[row] : field.ends[row]]
        if value[:1].isspace() or value[-1:].isspace():
            continue
        try:
            text = value.replace(b'""', b'"').decode("utf-8")
            result[row] = read_document(text, kind, longest_id) == text
        except (RowRejected, UnicodeDecodeError):
            continue
    return result


def _texts(block: Block, field: _Field, rules: Rules, found: Found) -> Mask:
    return np.ones(len(field.starts), dtype=np.bool_)


_Check = Callable[[Block, _Field, Rules, Found], Mask]
_CHECKS: dict[str, _Check] = {
    "timestamp": _timestamps,
    "date": _dates,
    "boolean": _booleans,
    "integer": _integers,
    "number": _numbers,
    "id": _ids,
    "ids": _id_lists,
    "text": _texts,
    **{kind.name: _documents for kind in KINDS.values() if kind.is_document},
}
