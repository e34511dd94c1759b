"""The rules for one row, exactly.

The vectorised screening (screening.py) only ever passes rows that these rules would pass too, with
the same remarks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from lead_handoff.catalogue import Column
from lead_handoff.landing import strict_json
from lead_handoff.landing.documents import read_document
from lead_handoff.landing.errors import RowRejected
from lead_handoff.landing.ids import read_id, read_ids
from lead_handoff.landing.limits import Limits
from lead_handoff.landing.timestamps import Moment, read_date, read_moment
from lead_handoff.value_rules import (
    DECIMAL_PLACES,
    KINDS,
    LARGEST_INTEGER,
    SMALLEST_INTEGER,
    WHOLE_DIGITS,
    DateLimits,
)

# Control characters but tab, LF and CR LF; and the marks that make text run backwards.
CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")

_BOOLEANS = frozenset({"true", "false", "1", "0", "yes", "no"})
_INTEGER = re.compile(r"[+-]?\d+\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\Z", re.ASCII)

Remarks = Counter[tuple[str, str]]
"""(kind, column) -> rows."""


@dataclass(frozen=True)
class OwnerHistory:
    """Where a change of an owner stands among a file's fields: its values are ids.

    ``names`` are those by which the column at ``field`` tells of an owner.
    """

    field: int
    values: tuple[int, ...]
    names: frozenset[str]


@dataclass(frozen=True)
class Rules:
    """What one file's rows are measured by.

    ``columns``, ``stamps`` and ``creations`` follow the positions of the file's fields: a column is
    None where the catalogue does not know it. Where the row may lack a stamp, ``stamp_falls_back``
    to the folder's date. A moment after ``horizon`` (UTC) is remarked on.
    """

    columns: tuple[Column | None, ...]
    names: tuple[str, ...]
    key: int
    stamps: tuple[int, ...]
    creations: tuple[int, ...]
    stamp_falls_back: bool
    owner_history: OwnerHistory | None
    literal_null: bool
    zone: ZoneInfo
    night: date
    limits: Limits
    dates: DateLimits

    @cached_property
    def horizon(self) -> datetime:
        """A day after the folder's midnight: what is dated later is remarked on."""
        return datetime.combine(self.night, time()) + timedelta(days=1)

    @cached_property
    def typed(self) -> tuple[tuple[int, Column], ...]:
        """Position and column of the fields that are more than text."""
        return tuple(
            (position, column)
            for position, column in enumerate(self.columns)
            if column is not None and column.kind != "text"
        )

    @cached_property
    def filled(self) -> tuple[int, ...]:
        """Positions, besides the key's, of fields that must hold a value."""
        return tuple(
            position
            for position, column in enumerate(self.columns)
            if column is not None and column.filled and position != self.key
        )

    def reads_null(self, position: int) -> bool:
        """Whether a date there that stands for none is read as null, and the row lands with it."""
        column = self.columns[position]
        return position in self.dispensable or not (column and column.required)

    @cached_property
    def dispensable(self) -> frozenset[int]:
        """Positions of the stamps and creations, which another moment of the row may replace."""
        return frozenset((*self.stamps, *self.creations))

    @cached_property
    def nulls(self) -> frozenset[str]:
        """Texts that stand for no value."""
        return frozenset({"", "null"}) if self.literal_null else frozenset({""})


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row to land: its values (None for null), and its stamp as a PostgreSQL timestamptz."""

    values: list[str | None]
    stamp: str | None


Found = set[tuple[str, str]]


def judge(fields: Sequence[bytes], rules: Rules, remarks: Remarks) -> GoodRow:
    """What lands of one row; ``remarks`` is counted up only if it lands.

    Raises RowRejected with the reason and, as its detail, the column.
    """
    found: Found = set()
    texts = decode(fields, rules)
    _remark_characters(texts, rules, found)
    nulls = rules.nulls
    values: list[str | None] = [None if text in nulls else text for text in texts]
    moments: dict[int, Moment] = {}
    unlikely: set[int] = set()
    for position, column in rules.typed:
        text = values[position]
        if text is None:
            continue
        trimmed = text.strip()
        if trimmed != text:
            found.add(("outer_spaces", column.name))
            values[position] = trimmed if trimmed not in nulls else None
            if trimmed in nulls:
                continue
        try:
            if column.kind == "timestamp":
                moment = read_moment(trimmed, rules.zone)
                if rules.dates.is_stand_in(moment.second, trimmed):
                    unlikely.add(position)
                else:
                    moments[position] = moment
                    _remark_moment(moment, column, rules, found)
            elif column.kind == "date":
                found.update((remark, column.name) for remark in read_date(trimmed))
                day = datetime.fromisoformat(trimmed[:10])
                if rules.dates.is_stand_in(day, trimmed):
                    unlikely.add(position)
            else:
                values[position] = _read(trimmed, column, rules, found)
        except RowRejected as error:
            raise RowRejected(error.reason, error.detail or column.name) from error
    key = values[rules.key]
    if key is None:
        raise RowRejected("missing_key", rules.names[rules.key])
    if len(key.encode()) > rules.limits.key_bytes:
        raise RowRejected("field_too_large", rules.names[rules.key])
    for position in rules.filled:
        if values[position] is None:
            raise RowRejected("missing_timestamp", rules.names[position])
    if rules.owner_history is not None:
        _read_owner_change(values, rules.owner_history, rules, found)
    stamp = _stamp(moments, unlikely, rules)
    found.update(("unlikely_date", column.name) for p, column in rules.typed if p in unlikely)
    remarks.update(found)
    return GoodRow(values, str(stamp) if stamp else None)


def _stamp(moments: dict[int, Moment], unlikely: set[int], rules: Rules) -> Moment | None:
    """The row's stamp, or where that stands for no date its creation; None for the folder's date.

    Raises RowRejected(unlikely_date) where neither is known, and where the row cannot be used
    without a date that is none.
    """
    for position in sorted(unlikely):
        if not rules.reads_null(position):
            raise RowRejected("unlikely_date", rules.names[position])
    usable = rules.stamps
    if not unlikely.isdisjoint(rules.stamps):
        usable = (*rules.stamps, *rules.creations)
    stamp = next((moments[position] for position in usable if position in moments), None)
    if stamp is None and unlikely and not rules.stamp_falls_back:
        raise RowRejected("unlikely_date", rules.names[min(unlikely)])
    return stamp


def _read_owner_change(
    values: list[str | None], history: OwnerHistory, rules: Rules, found: Found
) -> None:
    """Read the values of a change of owner as the ids that they are."""
    if values[history.field] not in history.names:
        return
    for position in history.values:
        text = values[position]
        if text is None:
            continue
        name = rules.names[position]
        try:
            value = read_id(text.strip(), rules.limits.key_bytes)
        except RowRejected as error:
            raise RowRejected(error.reason, name) from error
        if value != text:
            found.add(("id_form", name.strip()))
            values[position] = value


def decode(fields: Sequence[bytes], rules: Rules) -> list[str]:
    """Fields as text. Raises RowRejected: nul_byte, bad_encoding, field_too_large."""
    texts = []
    for position, value in enumerate(fields):
        if b"\0" in value:
            raise RowRejected("nul_byte", rules.names[position])
        try:
            texts.append(value.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise RowRejected("bad_encoding", rules.names[position]) from error
        if len(value) > rules.limits.field_bytes:
            raise RowRejected("field_too_large", f"{rules.names[position]}: {len(value):,} bytes")
    return texts


def _remark_characters(texts: Sequence[str], rules: Rules, found: Found) -> None:
    """Control characters and bidi marks, looked for in the whole row first."""
    # Joined by a space: a CR at a field's end must not meet an LF at the next one's start.
    whole = " ".join(texts)
    if whole.isprintable():
        return
    for kind, pattern in (("control_character", CONTROL), ("bidi_override", BIDI)):
        if pattern.search(whole):
            named = zip(texts, rules.names, strict=True)
            found.update((kind, name) for text, name in named if pattern.search(text))


def _remark_moment(moment: Moment, column: Column, rules: Rules, found: Found) -> None:
    for remark in moment.remarks:
        found.add((remark, column.name))
    if not column.plannable and is_beyond(moment, rules.horizon):
        found.add(("future_timestamp", column.name))


def is_beyond(moment: Moment, horizon: datetime) -> bool:
    """Whether a moment lies after the horizon, fractions of a second included."""
    if moment.second == horizon:
        return bool(moment.fraction.strip("0"))
    return moment.second > horizon


def _read(text: str, column: Column, rules: Rules, found: Found) -> str | None:
    """The value that a trimmed text is landed as; None where it stands for no value."""
    kind, longest = KINDS[column.kind], rules.limits.key_bytes
    if kind.is_document:
        value: str | None = read_document(text, column.kind, longest)
    elif kind.holds_ids:
        value = read_ids(text, longest) if column.kind == "ids" else read_id(text, longest)
    else:
        _CHECKS[column.kind](text, column, found)
        return text
    if value != text:
        found.add(("id_form", column.name))
    return value


def _check_boolean(text: str, column: Column, found: Found) -> None:
    if text.lower() not in _BOOLEANS:
        raise RowRejected("wrong_type")
    if text not in ("true", "false"):
        found.add(("boolean_form", column.name))


def _check_integer(text: str, column: Column, found: Found) -> None:
    if not _INTEGER.match(text):
        raise RowRejected("wrong_type")
    strict_json.check_integer(text)
    if not SMALLEST_INTEGER <= int(text) <= LARGEST_INTEGER:
        raise RowRejected("number_out_of_range")


def _check_number(text: str, column: Column, found: Found) -> None:
    if not _NUMBER.match(text):
        raise RowRejected("wrong_type")
    strict_json.check_number(text)
    if strict_json.digits_of(text, DECIMAL_PLACES)[0] > WHOLE_DIGITS:
        raise RowRejected("number_out_of_range")


_CHECKS: dict[str, Callable[[str, Column, Found], None]] = {
    "boolean": _check_boolean,
    "integer": _check_integer,
    "number": _check_number,
}
