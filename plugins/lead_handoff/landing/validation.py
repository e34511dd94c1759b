"""The rules for one row, exactly.

The vectorised screening (screening.py) only ever passes rows that these rules would pass too, with
the same remarks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lead_handoff.landing import strict_json
from lead_handoff.landing.catalogue import Column
from lead_handoff.landing.errors import RowRejected
from lead_handoff.landing.limits import Limits
from lead_handoff.landing.timestamps import Moment, read_date, read_moment

# Control characters but tab, LF and CR LF; and the marks that make text run backwards.
CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")

_BOOLEANS = frozenset({"true", "false", "1", "0", "yes", "no"})
_INTEGER = re.compile(r"[+-]?\d+\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\Z", re.ASCII)

Remarks = Counter[tuple[str, str]]
"""(kind, column) -> rows."""


@dataclass(frozen=True)
class Rules:
    """What one file's rows are measured by.

    ``columns`` and ``stamps`` follow the positions of the file's fields: a column is None where
    the catalogue does not know it. A moment after ``horizon`` (UTC) is remarked on.
    """

    columns: tuple[Column | None, ...]
    names: tuple[str, ...]
    key: int
    stamps: tuple[int, ...]
    stamp_falls_back: bool
    literal_null: bool
    zone: ZoneInfo
    night: date
    limits: Limits

    @property
    def horizon(self) -> datetime:
        """A day after the folder's midnight: what is dated later is remarked on."""
        return datetime.combine(self.night, time()) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row to land: its values (None for null), and its stamp as a PostgreSQL timestamptz."""

    values: list[str | None]
    stamp: str | None


def decode(fields: Sequence[bytes], names: Sequence[str], limits: Limits) -> list[str]:
    """Fields as text. Raises RowRejected: nul_byte, bad_encoding, field_too_large."""
    texts = []
    for position, value in enumerate(fields):
        if b"\0" in value:
            raise RowRejected("nul_byte", names[position])
        try:
            texts.append(value.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise RowRejected("bad_encoding", names[position]) from error
        if len(value) > limits.field_bytes:
            raise RowRejected("field_too_large", f"{names[position]}: {len(value):,} bytes")
    return texts


def judge(fields: Sequence[bytes], rules: Rules, remarks: Remarks) -> GoodRow:
    """What lands of one row; ``remarks`` is counted up only if it lands.

    Raises RowRejected with the reason and, as its detail, the column.
    """
    found: set[tuple[str, str]] = set()
    values: list[str | None] = []
    moments: dict[int, str] = {}
    texts = decode(fields, rules.names, rules.limits)
    for position, text in enumerate(texts):
        column = rules.columns[position]
        name = rules.names[position]
        if CONTROL.search(text):
            found.add(("control_character", name))
        if BIDI.search(text):
            found.add(("bidi_override", name))
        try:
            value = _value(text, column, rules, position, found, moments)
        except RowRejected as error:
            raise RowRejected(error.reason, error.detail or name) from error
        values.append(value)
    key = values[rules.key]
    if key is None:
        raise RowRejected("missing_key", rules.names[rules.key])
    if len(key.encode()) > rules.limits.key_bytes:
        raise RowRejected("field_too_large", rules.names[rules.key])
    for position, column in enumerate(rules.columns):
        if column is not None and column.filled and values[position] is None:
            raise RowRejected("missing_timestamp", column.name)
    stamp = next((moments[position] for position in rules.stamps if position in moments), None)
    if stamp is None and not rules.stamp_falls_back:
        raise RowRejected("missing_timestamp")
    remarks.update(found)
    return GoodRow(values, stamp)


def _value(
    text: str,
    column: Column | None,
    rules: Rules,
    position: int,
    found: set[tuple[str, str]],
    moments: dict[int, str],
) -> str | None:
    """One field's value, None for null. Raises RowRejected without detail."""
    if not text or (rules.literal_null and text == "null"):
        return None
    if column is None or column.kind == "text":
        return text
    trimmed = text.strip()
    if trimmed != text:
        found.add(("outer_spaces", column.name))
        if not trimmed or (rules.literal_null and trimmed == "null"):
            return None
    if column.kind == "timestamp":
        moment = read_moment(trimmed, rules.zone)
        for remark in moment.remarks:
            found.add((remark, column.name))
        if not column.plannable and is_beyond(moment, rules.horizon):
            found.add(("future_timestamp", column.name))
        moments[position] = str(moment)
    elif column.kind == "date":
        for remark in read_date(trimmed):
            found.add((remark, column.name))
    elif column.kind == "boolean":
        if trimmed.lower() not in _BOOLEANS:
            raise RowRejected("wrong_type")
        if trimmed not in ("true", "false"):
            found.add(("boolean_form", column.name))
    elif column.kind == "integer":
        if not _INTEGER.match(trimmed):
            raise RowRejected("wrong_type")
        strict_json.check_integer(trimmed)
    elif column.kind == "number":
        if not _NUMBER.match(trimmed):
            raise RowRejected("wrong_type")
        strict_json.check_number(trimmed)
    elif column.kind == "json":
        try:
            strict_json.parse(trimmed)
        except RowRejected as error:
            if error.reason in ("invalid_json", "extra_data"):
                raise RowRejected("wrong_type") from error
            raise
    return trimmed


def is_beyond(moment: Moment, horizon: datetime) -> bool:
    """Whether a moment lies after the horizon, fractions of a second included."""
    if moment.second == horizon:
        return bool(moment.fraction.strip("0"))
    return moment.second > horizon
