"""What landing tolerates. Every number is a setting with a default; see docs/landing.md."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from lead_handoff.landing.errors import SourceError
from lead_handoff.value_rules import INDEXABLE_BYTES

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, shares as fractions of the rows of one file.

    A file is refused as too_many_bad_rows when more than ``bad_row_share`` *and* at least
    ``bad_row_floor`` of its rows are quarantined, or all of several. ``key_bytes`` holds for every
    id.
    """

    bad_row_share: float = 0.10
    bad_row_floor: int = 20
    field_bytes: int = MEGABYTE
    row_bytes: int = 16 * MEGABYTE
    key_bytes: int = 500
    columns: int = 2_000
    table_columns: int = 400
    unpacked_bytes: int = 20_000 * MEGABYTE
    unpacked_ratio: int = 200
    unpacked_ratio_from: int = 4 * MEGABYTE
    parquet_bytes: int = 192 * MEGABYTE
    parquet_ratio: int = 2_000
    manifest_bytes: int = 10 * MEGABYTE
    quarantined_text: int = MEGABYTE
    chunk_bytes: int = 2 * MEGABYTE

    @classmethod
    def from_environment(cls) -> Limits:
        """The defaults, each overridden by ``HANDOFF_LANDING_<NAME>`` where that is set.

        Raises SourceError for a value that is no number or negative, and for ids longer than an
        index holds.
        """
        kinds = get_type_hints(cls)
        given: dict[str, Any] = {}
        for each in fields(cls):
            variable = f"HANDOFF_LANDING_{each.name.upper()}"
            text = os.environ.get(variable, "").strip()
            if not text:
                continue
            try:
                value = kinds[each.name](text)
                if not value >= 0:
                    raise ValueError
            except ValueError as error:
                raise SourceError(f"{variable} is not a number of 0 or more") from error
            given[each.name] = value
        if given.get("key_bytes", 0) > INDEXABLE_BYTES:
            raise SourceError(
                f"HANDOFF_LANDING_KEY_BYTES is more than the {INDEXABLE_BYTES:,} bytes that an"
                " index holds"
            )
        return cls(**given)
