"""A night folder's manifest.json: which files there must be, with how many rows and which hash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from lead_handoff.landing import strict_json
from lead_handoff.landing.errors import LandingError, RowRejected
from lead_handoff.landing.plan import printable, shown

MANIFEST_NAME = "manifest.json"
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class Listed:
    """What the manifest promises of one file; ``rows`` are without the header."""

    name: str
    rows: int | None
    sha256: str | None


@dataclass(frozen=True)
class Gone:
    """Days of which a source has purged something before it was pulled.

    ``what``: in a word, such as deletions. ``kept_days``: how old it is when the source purges it.
    ``is_whole``: the object's own rows are gone, and not something said beside them.
    """

    what: str
    first_day: date
    last_day: date
    kept_days: int
    is_whole: bool

    def to_json(self) -> dict[str, Any]:
        """As a manifest has it."""
        return {
            "what": self.what,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "kept_days": self.kept_days,
            "is_whole": self.is_whole,
        }


@dataclass(frozen=True)
class Manifest:
    """What a night folder's manifest says: file name -> promise, and what can no longer come."""

    files: dict[str, Listed]
    gone: tuple[Gone, ...] = ()


def read_manifest(content: bytes) -> Manifest:
    """What it says. Raises LandingError: bad_manifest, unsafe_file_name."""
    try:
        document = strict_json.parse(content.decode("utf-8-sig"))
        entries = document["files"]
        if not isinstance(entries, list):
            raise TypeError
        listed = [_listed(entry) for entry in entries]
        gone = tuple(_gone(entry) for entry in document.get("gone", []))
    except (
        RowRejected,
        UnicodeDecodeError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise LandingError(
            "bad_manifest",
            f'{MANIFEST_NAME} is not of the form {{"files": [{{"name": …, "rows": …,'
            ' "sha256": …}]}',
        ) from error
    for each in listed:
        if "/" in each.name or "\\" in each.name or each.name in ("", ".", ".."):
            raise LandingError(
                "unsafe_file_name",
                f"{MANIFEST_NAME} lists {printable(each.name)}: only files of its own folder may"
                " be listed",
            )
    by_name = {each.name: each for each in listed}
    if len(by_name) != len(listed):
        raise LandingError("bad_manifest", f"{MANIFEST_NAME} lists a file twice")
    return Manifest(by_name, gone)


def _gone(entry: dict[str, Any]) -> Gone:
    return Gone(
        str(entry["what"]),
        date.fromisoformat(entry["first_day"]),
        date.fromisoformat(entry["last_day"]),
        int(entry["kept_days"]),
        entry["is_whole"] is True,
    )


def _listed(entry: object) -> Listed:
    if not isinstance(entry, dict) or type(entry["name"]) is not str:
        raise TypeError
    rows, sha256 = entry.get("rows"), entry.get("sha256")
    if rows is not None and (not isinstance(rows, strict_json.NumberText) or int(rows) < 0):
        raise TypeError
    if sha256 is not None and (
        type(sha256) is not str or not _SHA256.match(sha256.strip().lower())
    ):
        raise TypeError
    return Listed(
        entry["name"],
        None if rows is None else int(rows),
        None if sha256 is None else sha256.strip().lower(),
    )


def check_listing(listed: Iterable[str], present: Iterable[str]) -> None:
    """Raise LandingError file_missing or unlisted_file where manifest and folder differ."""
    listed, present = set(listed), set(present)
    if missing := sorted(listed - present):
        raise LandingError(
            "file_missing", f"{MANIFEST_NAME} lists {shown(missing)}, not in the folder"
        )
    if unlisted := sorted(present - listed):
        raise LandingError(
            "unlisted_file", f"{shown(unlisted)} in the folder, but not in {MANIFEST_NAME}"
        )


def check_hash(listed: Listed, sha256: str) -> None:
    """Raise LandingError(checksum_mismatch) where the file's stored bytes are not those listed."""
    if listed.sha256 is not None and listed.sha256 != sha256:
        raise LandingError(
            "checksum_mismatch",
            f"the SHA-256 differs from the one in {MANIFEST_NAME}; deliver the file again",
        )


def check_rows(listed: Listed, rows: int) -> None:
    """Raise LandingError(row_count_mismatch) where another number of rows was read."""
    if listed.rows is not None and listed.rows != rows:
        raise LandingError(
            "row_count_mismatch",
            f"{rows:,} rows read, {listed.rows:,} in {MANIFEST_NAME}; deliver the file again",
        )


def to_json(files: Iterable[Listed]) -> str:
    """A manifest's text, for tests and for whoever writes extracts."""
    return json.dumps(
        {"files": [{"name": f.name, "rows": f.rows, "sha256": f.sha256} for f in files]}, indent=1
    )
