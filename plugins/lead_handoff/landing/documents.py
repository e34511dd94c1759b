"""Columns that hold JSON, checked for the shape in which the models read them.

The shapes that staging reads (macros/cross_db/documents.sql): attributes as an object of names and
values, or as the list of objects with a name and a value that Marketo's REST interface gives; lists
of ids; lists. Any of them may stand in a JSON string once more, and null, [] and {} are empty.
"""

from __future__ import annotations

import json
import re
from typing import Any

from lead_handoff.landing import strict_json
from lead_handoff.landing.errors import RowRejected
from lead_handoff.landing.ids import read_id, refuse_rounded
from lead_handoff.landing.strict_json import NumberText

_NUMERALS = re.compile(r"\d+", re.ASCII)


def read_document(text: str, kind: str, longest_id: int) -> str:
    """The document as it is landed: as delivered, unless ids in it had to be put right.

    Raises RowRejected: wrong_type where the shape is another one, as strict_json for what is no
    sound JSON, as read_id for the ids in it.
    """
    value = _parse(text)
    is_wrapped = isinstance(value, str) and not isinstance(value, NumberText)
    if is_wrapped:
        value = _parse(value) if value.strip() else None
    if value is None or value == [] or value == {}:
        return text
    if kind == "attributes":
        _check_attributes(value, longest_id)
    elif not isinstance(value, list):
        raise RowRejected("wrong_type")
    elif kind == "id_list":
        put_right = [_id(member, longest_id) for member in value]
        if put_right != value:
            return strict_json.compact([member for member in put_right if member is not None])
    return text


def _parse(text: str) -> Any:
    try:
        return strict_json.parse(text)
    except RowRejected as error:
        if error.reason in ("invalid_json", "extra_data"):
            raise RowRejected("wrong_type") from error
        raise


def _id(member: Any, longest: int) -> str | None:
    """A member of a list of ids; a number stays one."""
    if not isinstance(member, str):
        raise RowRejected("wrong_type")
    if isinstance(member, NumberText):
        refuse_rounded(member)
    text = read_id(member.strip(), longest)
    if text is None or text == member:
        return text if text is None else member
    return NumberText(text) if isinstance(member, NumberText) else text


def _check_attributes(value: Any, longest_id: int) -> None:
    if isinstance(value, list):
        value = _by_name(value)
    if not isinstance(value, dict):
        raise RowRejected("wrong_type")
    user, merged = value.get("Modifying User"), value.get("Merge IDs")
    if isinstance(user, str):
        read_id(user.strip(), longest_id)
    if merged is not None:
        # Read as the models do: every run of digits is an id.
        for run in _NUMERALS.findall(merged if isinstance(merged, str) else json.dumps(merged)):
            read_id(run, longest_id)


def _by_name(members: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for member in members:
        name = member.get("name") if isinstance(member, dict) else None
        if not isinstance(name, str) or isinstance(name, NumberText):
            raise RowRejected("wrong_type")
        if name in result:
            raise RowRejected("duplicate_keys")
        result[name] = member.get("value")
    return result
