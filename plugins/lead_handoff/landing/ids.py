"""Ids that other programs rewrote: what can be undone is, what lost digits is refused.

A spreadsheet shows long numbers in scientific notation (their digits are gone) and writes
``="501"`` for a text; pandas makes ``501.0`` of a column of whole numbers with blanks. Zeros that
were cut off at the front are never guessed.
"""

from __future__ import annotations

import re

from lead_handoff.landing.errors import RowRejected

_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{2,3}", re.ASCII)
_FROM_FLOAT = re.compile(r"(\d+)\.0", re.ASCII)
_FORMULA = re.compile(r'="([^"]*)"')
_BETWEEN_IDS = re.compile(r"([;,\s]+)")

NO_ID = frozenset({"000000000000000", "000000000000000AAA"})
"""How Salesforce writes a reference to nothing, in both lengths."""


def read_id(text: str, longest: int) -> str | None:
    """The id that a trimmed text stands for; None where it stands for none.

    Raises RowRejected: rewritten_id where digits are lost, field_too_large beyond ``longest`` bytes
    (an index of the warehouse holds no more).
    """
    formula = _FORMULA.fullmatch(text)
    if formula:
        text = formula.group(1).strip()
    if _SCIENTIFIC.fullmatch(text):
        raise RowRejected("rewritten_id")
    whole = _FROM_FLOAT.fullmatch(text)
    if whole:
        text = whole.group(1)
    if len(text) * 4 > longest and len(text.encode()) > longest:
        raise RowRejected("field_too_large")
    return None if text in NO_ID or not text else text


def refuse_rounded(number: str) -> None:
    """Raise RowRejected(rewritten_id) for a JSON number with an exponent where an id is due.

    As a text such a form may be an id of its own; as a number it is one that lost its digits.
    """
    if "e" in number or "E" in number:
        raise RowRejected("rewritten_id")


def read_ids(text: str, longest: int) -> str | None:
    """Several ids in one text, each read as such, with what stands between them."""
    parts = _BETWEEN_IDS.split(text)
    parts[::2] = [read_id(part, longest) or "" for part in parts[::2]]
    return "".join(parts) or None
