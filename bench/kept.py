"""What benchmarks measured, kept a line each, so that one that is stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
import time
from functools import cached_property
from pathlib import Path
from typing import Any

from lead_handoff import settings
from lead_handoff.dbt import project

Record = dict[str, Any]


class Kept:
    """Results in a file of JSON lines. What other code has measured is not taken for this one's."""

    def __init__(self, path: Path) -> None:
        """Read and add to `path`, which need not exist yet."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    @cached_property
    def _code(self) -> str:
        """A hash of all that decides a result: models, package and agreement."""
        digest = hashlib.sha256(project.code_hash().encode())
        package = Path(settings.__file__).parent
        parts = (package / "simulate", package / "landing", settings.agreement_dir())
        for path in sorted(path for part in parts for path in part.rglob("*")):
            if path.suffix in (".py", ".csv", ".sql"):
                digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()[:16]

    def records(self, **of: object) -> dict[Any, Record]:
        """What this code measured of this part and size, by key."""
        if not self._path.exists():
            return {}
        wanted = {"code": self._code, **of}
        with self._path.open(encoding="utf-8") as lines:
            all_of_them = [json.loads(line) for line in lines]
        return {one["key"]: one for one in all_of_them if wanted.items() <= one.items()}

    def add(self, **record: object) -> Record:
        """Keep one more result, as soon as it is there; the record is returned as it is kept."""
        line = json.dumps({"code": self._code, **record})
        with self._path.open("a", encoding="utf-8") as lines:
            lines.write(line + "\n")
        result: Record = json.loads(line)
        return result


class Remaining:
    """How long what is left will take, judged by what has been done."""

    def __init__(self, companies: int) -> None:
        self._companies = companies
        self._done = 0
        self._started = time.monotonic()

    def in_words(self) -> str:
        """One more is done: how many, how long each took, and what is left."""
        self._done += 1
        each = (time.monotonic() - self._started) / self._done
        left = each * (self._companies - self._done) / 60
        return f"{self._done} of {self._companies}, {each:.0f} s each, {left:.0f} min left"
