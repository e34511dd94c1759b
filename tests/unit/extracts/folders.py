"""What the tests of all connectors ask of a night folder, and of what was said."""

import csv
import hashlib
import json
import os
import traceback
from pathlib import Path

from lead_handoff.landing import manifest

SCHEDULES = int(os.environ.get("HANDOFF_FAULT_SCHEDULES", "30"))
"""Schedules of faults that each connector is tried with; 300 tries all that the bars ask for."""


def share_of(full: int) -> int:
    """As many of a bar's ``full`` cases as of the 300 schedules are tried."""
    return max(1, full * SCHEDULES // 300)


AWKWARD = [
    *("plain", "two\nlines", 'a "quoted", word', "Łódź"),
    *("\ufeffmark", "=1+1", "", "a\r\nb"),
]


def rows_of(folder: Path) -> list[dict[str, object]]:
    """Rows of a night folder, after its manifest has been held against the files."""
    rows: list[dict[str, object]] = []
    listed = manifest.read_manifest((folder / "manifest.json").read_bytes()).files
    manifest.check_listing(listed, [p.name for p in folder.iterdir() if p.suffix != ".json"])
    for name, promise in sorted(listed.items()):
        content = (folder / name).read_bytes()
        manifest.check_hash(promise, hashlib.sha256(content).hexdigest())
        if name.endswith(".csv"):
            with (folder / name).open(encoding="utf-8-sig", newline="") as file:
                found: list[dict[str, object]] = list(csv.DictReader(file))
        else:
            found = [json.loads(line) for line in content.decode().split("\n") if line]
        manifest.check_rows(promise, len(found))
        rows += found
    return rows


def everything_shown(error: BaseException, root: Path, *more: str) -> str:
    """All that an error, its causes, and the files of a pull would show to a reader."""
    shown = "".join(traceback.format_exception(error)) + "".join(more)
    found: BaseException | None = error
    while found is not None:
        shown += repr(found) + repr(vars(found))
        found = found.__cause__ or found.__context__
    for path in root.rglob("*"):
        if path.is_file():
            shown += path.read_bytes().decode(errors="replace")
    return shown
