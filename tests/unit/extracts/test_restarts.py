"""Wherever a connection breaks, the next attempt brings what is missing and hardly anything twice.

Each attempt is as a new process would make it, and gives up at the first request that fails.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import Patience
from lead_handoff.extracts.night_folder import ObjectFolder
from lead_handoff.extracts.pulling import Pace
from tests.simulators.faulty import FaultyHandler
from tests.unit.extracts.folders import rows_of, share_of
from tests.unit.extracts.sources import OBJECTS, Record, Source, serving

NOW = datetime(2026, 5, 2, tzinfo=UTC)
NIGHT = NOW.date()
SMALL = Pace(page_rows=3, poll=0, longest=timedelta(days=30), piece_bytes=300)
ONCE = Patience(attempts=1, timeout=5, sleep=lambda _: None)
ATTEMPTS = 5
RECORDS = [
    Record(n, at, at) for n in range(1, 15) for at in [NOW - timedelta(hours=13 * n, minutes=40)]
]
PAGE = re.compile(
    r"/results\b|0/query/|/queryAll\?(?!.*LIMIT)|/file\.json|/deletedleads|/search$|archived="
)
"""Requests that begin a page. One of HubSpot's that are searched goes on with batches of it."""
ALL = [(source, name) for source, names in OBJECTS.items() for name in names]
OFFSETS = share_of(200)
SEED = int(os.environ.get("HANDOFF_SEED") or os.environ["HANDOFF_SESSION_SEED"])
"""New each time; in the names of the tests, so that a failure can be seen again."""


@dataclass
class Wire:
    """What goes between a source and its pull, and where that ends for once."""

    break_before: int | None = None
    cut_at: int | None = None
    answers: int = 0
    sent: int = 0
    broke: int = 0
    pages: Counter[tuple[str, ...]] = field(default_factory=Counter)
    page_answers: list[int] = field(default_factory=list)

    def note(self, world: Any, path: str, span: str, body: str) -> None:
        """Count a page by what it holds: a job that is made again holds the same."""
        if PAGE.search(path) and "/batch/" not in path:
            for number, job in getattr(world, "jobs", {}).items():
                asked = job[0] if isinstance(job, list) else job.document
                path = path.replace(number, str(asked))
            self.pages[path, span, body] += 1
            self.page_answers.append(self.answers)

    @property
    def twice(self) -> int:
        return sum(times - 1 for times in self.pages.values())


class OnWire(FaultyHandler):
    """Lies over a source's handler."""

    wire: Wire

    def answer(self, body: str) -> None:
        wire = self.wire
        wire.note(self.world, self.path, self.headers.get("Range") or "", body)
        if wire.break_before == wire.answers:
            wire.break_before, self.close_connection = None, True
            wire.broke += 1
            return
        wire.answers += 1
        super().answer(body)

    def send(self, status: int, body: bytes, **headers: str) -> None:
        wire = self.wire
        if wire.cut_at is not None and wire.sent + len(body) > wire.cut_at:
            self.fault, self.cut_at = "cut", wire.cut_at - wire.sent
            wire.cut_at = None
            wire.broke += 1
        wire.sent += len(body)
        super().send(status, body, **headers)


def on_wire(wire: Wire) -> type:
    return type("Wired", (OnWire,), {"wire": wire})


def brought(source: Source, root: Path) -> Counter[tuple[tuple[str, str], ...]]:
    """The rows of the night, pulled in as many attempts as it takes."""
    failed: list[ExtractError] = []
    done = None
    while done is None and len(failed) < ATTEMPTS:
        assert not (root / source.name / source.object / NIGHT.isoformat()).exists()
        try:
            done = source.pull(NIGHT, root, SMALL, ONCE)
        except ExtractError as error:
            failed.append(error)
    assert done is not None, f"no attempt came to its end: {failed}"
    assert all(error.may_pass for error in failed)
    return Counter(
        tuple(sorted((key, repr(value)) for key, value in row.items()))
        for row in rows_of(done.folder)
    )


def unbroken(name: str, of: str, root: Path) -> tuple[Wire, Any]:
    """A pull that nothing happens to: what goes over the wire, and the rows."""
    wire = Wire()
    with serving(name, of, over=on_wire(wire)) as source:
        source.show(RECORDS, NOW)
        rows = brought(source, root)
        assert len(rows) == sum(rows.values())
        assert {int(n) for n in source.numbers(root / name / of / NIGHT.isoformat())} == {
            each.number for each in RECORDS
        }
    assert wire.twice == 0
    return wire, rows


def check(name: str, of: str, root: Path, wire: Wire, rows: Any) -> None:
    """A pull over a wire that breaks once: nothing missing, nothing doubled, one page twice."""
    with serving(name, of, over=on_wire(wire)) as source:
        source.show(RECORDS, NOW)
        found = brought(source, root)
    assert wire.broke == 1
    assert not rows - found, "missing"
    assert not found - rows, "doubled"
    assert wire.twice <= 1, "fetched twice"


@pytest.mark.parametrize(("name", "of"), ALL)
def test_a_connection_that_breaks_after_any_page_loses_and_doubles_no_row(
    name: str, of: str, tmp_path: Path
) -> None:
    whole, rows = unbroken(name, of, tmp_path / "whole")
    # After the last answer nothing goes over the wire that could break.
    after = [number for number in whole.page_answers if number + 1 < whole.answers]
    assert len(after) >= 2
    for number in after:
        check(name, of, tmp_path / str(number), Wire(break_before=number + 1), rows)


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("seed", [SEED])
def test_a_connection_cut_at_any_byte_loses_and_doubles_no_row(
    name: str, seed: int, tmp_path: Path
) -> None:
    random, objects = Random(seed), OBJECTS[name]
    for at, of in enumerate(objects):
        whole, rows = unbroken(name, of, tmp_path / of)
        for turn in range(at, OFFSETS, len(objects)):
            offset = random.randrange(whole.sent)
            check(name, of, tmp_path / f"{turn} {offset}", Wire(cut_at=offset), rows)


@pytest.mark.parametrize(("name", "of"), ALL)
def test_a_pull_that_kept_no_progress_would_be_noticed(
    name: str, of: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, rows = unbroken(name, of, tmp_path / "whole")
    monkeypatch.setattr(ObjectFolder, "record", lambda self, *_: self.pull.mkdir(exist_ok=True))
    last = max(number for number in whole.page_answers if number + 1 < whole.answers)
    with pytest.raises(AssertionError, match="fetched twice"):
        check(name, of, tmp_path / "again", Wire(break_before=last + 1), rows)
