"""JSON as its standard has it: no NaN, no repeated keys, no numbers beyond reach.

Numbers keep the text in which they were delivered.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from lead_handoff.landing.errors import RowRejected

LARGEST_INTEGER = 2**63 - 1
SMALLEST_INTEGER = -(2**63)
MOST_DECIMAL_PLACES = 1_000  # PostgreSQL's numeric, and with it jsonb, ends at 16,383
DEEPEST = 100
"""Levels of nesting that are read: far more than any source has, far fewer than recursion bears."""

_NUL_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class NumberText(str):
    """A JSON number, as written."""

    __slots__ = ()


def check_integer(text: str) -> None:
    """Raise RowRejected(number_out_of_range) for an integer beyond 64 bits."""
    if len(text.lstrip("+-0")) > 19 or not SMALLEST_INTEGER <= int(text) <= LARGEST_INTEGER:
        raise RowRejected("number_out_of_range")


def check_number(text: str) -> None:
    """Raise RowRejected(number_out_of_range) for a number beyond a double, or too fine."""
    if len(text) > 1_000 or abs(float(text)) == float("inf"):
        raise RowRejected("number_out_of_range")
    if "e" in text or "E" in text:
        digits_of(text, MOST_DECIMAL_PLACES)


def digits_of(text: str, most_places: int) -> tuple[int, int]:
    """Digits of a number before and behind its point, once written out.

    Raises RowRejected(number_out_of_range) where more than ``most_places`` stand behind it.
    """
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise RowRejected("number_out_of_range") from error
    places = max(-int(number.as_tuple().exponent), 0)
    if places > most_places:
        raise RowRejected("number_out_of_range")
    return (number.adjusted() + 1 if number else 1), places


def _integer(text: str) -> NumberText:
    check_integer(text)
    return NumberText(text)


def _number(text: str) -> NumberText:
    check_number(text)
    return NumberText(text)


def _constant(name: str) -> NoReturn:
    raise RowRejected("not_a_number", f"{name.lstrip('-')} is no JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RowRejected("duplicate_keys")
    return members


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_integer,
    parse_float=_number,
    parse_constant=_constant,
)


def parse(text: str) -> Any:
    """The value of a JSON text; numbers as NumberText.

    Raises RowRejected: duplicate_keys, not_a_number, number_out_of_range, nul_byte, bad_encoding
    (half of a surrogate pair), nested_too_deep, extra_data or invalid_json.
    """
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        reason = "extra_data" if error.msg == "Extra data" else "invalid_json"
        raise RowRejected(reason, f"{error.msg} at character {error.pos + 1:,}") from error
    except RecursionError as error:
        raise RowRejected("nested_too_deep") from error
    if text.count("[") + text.count("{") > DEEPEST:
        _refuse_depth(value)
    if "\\u" in text:
        if _NUL_ESCAPE.search(text):
            raise RowRejected("nul_byte")
        _refuse_surrogates(text, value)
    return value


def _refuse_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        nested = [each for each in level if isinstance(each, dict | list)]
        depth += bool(nested)
        if depth > DEEPEST:
            raise RowRejected("nested_too_deep")
        level = [
            member
            for each in nested
            for member in (each.values() if isinstance(each, dict) else each)
        ]


def _refuse_surrogates(text: str, value: Any) -> None:
    if re.search(r"\\u[dD][89a-fA-F]", text) is None:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowRejected("bad_encoding", "half of a surrogate pair") from error


def compact(value: Any) -> str:
    """A parsed value as JSON text again, numbers as they were written, members in their order."""
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(k, ensure_ascii=False)}:{compact(v)}" for k, v in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(compact(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
