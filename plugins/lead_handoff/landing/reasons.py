"""Why a row is quarantined: for each reason the accepted form, and one sample that may be shown.

The value itself stands in quarantine and nowhere else. A sample shows it only where it can be no
person's: of free text, and of whatever looks like text where something else is due, it shows the
shape alone, digits as 9 and letters as a.
"""

from __future__ import annotations

import re

from lead_handoff.catalogue import Column
from lead_handoff.value_rules import KINDS

_BY_KIND = "{form}"

FORMS: dict[str, str] = {
    "missing_key": "an id in every row",
    "missing_timestamp": "a date and time in every row",
    "bad_timestamp": _BY_KIND,
    "unlikely_date": "a date from 1990 to 2199",
    "wrong_type": _BY_KIND,
    "number_out_of_range": "a number that fits its type",
    "not_a_number": "a number; nothing where there is none",
    "rewritten_id": "the id as the source wrote it: export the column as text",
    "text_too_long": "a shorter text",
    "field_too_large": "a shorter value",
    "too_many_fields": "as many fields as the header; text with a comma in double quotes",
    "too_few_fields": "as many fields as the header",
    "stray_quote": 'a quote only around a field, doubled ("") within one',
    "unclosed_quote": "each quote closed",
    "bad_encoding": "UTF-8",
    "nul_byte": "text without NUL bytes",
    "invalid_json": "one JSON object a line",
    "extra_data": "one JSON object a line",
    "duplicate_keys": "each name once in an object",
    "nested_too_deep": "a document of few levels",
    "blank_column_name": "a name for each value",
}
"""Every reason -> the form in which the row would have been taken."""

SAMPLED_BYTES = 240
"""How much of a value is looked at: a sample is far shorter."""
_LONGEST_SAMPLE = 60
_WORD = re.compile(r"[^\W\d_]{5,}")


def accepted_form(reason: str, column: Column | None) -> str:
    """In which form a row of this reason would have been taken, as a phrase."""
    form = FORMS.get(reason, "see docs/landing.md")
    return form.format(form=KINDS[column.kind if column else "text"].form)


def sample_of(value: str, column: Column | None) -> str:
    """A value as it may be shown: itself, or its shape where it may be personal."""
    is_text = column is None or column.kind == "text" or KINDS[column.kind].is_document
    shown = shape_of(value) if is_text or "@" in value or _WORD.search(value) else value
    printable = "".join(each if each.isprintable() else "?" for each in shown)
    return printable if len(shown) <= _LONGEST_SAMPLE else f"{printable[:_LONGEST_SAMPLE]}…"


def shape_of(value: str) -> str:
    """The shape of a text: digits as 9, letters as a, everything else as it is."""
    cut = value[: _LONGEST_SAMPLE + 1]
    return "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in cut)
