"""A pull may end at any moment: what is on disk then never claims more than is there.

A checkpoint is each moment before the pull changes a file, and the one after the last change. From
every one of them it must go on, tonight or the next night, without leaving out or reading again.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.night_folder import PROGRESS_NAME, ObjectFolder
from lead_handoff.extracts.pulling import Pace
from lead_handoff.landing.errors import LandingError
from lead_handoff.landing.manifest import MANIFEST_NAME
from tests.unit.extracts.sources import OBJECTS, Record, Source, serving

NOW = datetime(2026, 3, 10, tzinfo=UTC)
NEXT = NOW + timedelta(days=1)
PACE = Pace(page_rows=4, poll=0, longest=timedelta(days=10))
REACHED = NOW - PACE.lag
CHANGES = ("replace", "rename", "write_text", "write_bytes", "unlink")
ALL = [(source, name) for source, names in OBJECTS.items() for name in names]


def records() -> list[Record]:
    """Old ones, some of the overlap, and some that change while the pull lies broken."""
    stamps = [
        *(NOW - timedelta(hours=7 * n) for n in range(1, 4)),
        *(REACHED - PACE.overlap + timedelta(minutes=n) for n in (-1, 0, 1)),
        *(REACHED + timedelta(minutes=n) for n in (-1, 0, 1)),
        *(NOW + timedelta(minutes=n) for n in (1, 30, 600)),
    ]
    return [Record(n, at, at) for n, at in enumerate(stamps, start=1)]


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Killing:
    """Ends the process before the given change of a file, and counts them."""

    before: int | None = None
    changes: int = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in CHANGES:
                patch.setattr(Path, name, self._around(getattr(Path, name)))
            yield

    def leave(self, root: Path) -> None:
        """What the end does to the files: a process that ends leaves them as they are."""

    def _around(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(path: Path, *given: Any, **more: Any) -> Any:
            if self.changes == self.before:
                raise Killed
            self.changes += 1
            return change(path, *given, **more)

        return changed


@dataclass
class PowerCut(Killing):
    """Ends the machine instead: of a file's content only what was synced is left."""

    synced: dict[int, bytes] = field(default_factory=dict)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        sync = os.fsync

        def noting(opened: int) -> None:
            sync(opened)
            path, found = Path(f"/proc/self/fd/{opened}"), os.fstat(opened)
            if stat.S_ISREG(found.st_mode):
                self.synced[found.st_ino] = path.read_bytes()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", noting)
            with super().at_work():
                yield

    def leave(self, root: Path) -> None:
        for path in [each for each in root.rglob("*") if each.is_file()]:
            path.write_bytes(self.synced.get(path.stat().st_ino, b""))


def go_on(source: Source, root: Path, night: date, seen: list[Record]) -> None:
    """Pull until the night is there, and hold it to what it must and must not hold."""
    folder = root / source.name / source.object
    if source.pull(night, root, PACE) is None:
        assert (folder / night.isoformat()).exists()
    nights = sorted(folder.glob("2*"))
    found = [source.numbers(each) for each in nights]
    until = datetime.fromisoformat(window(nights[-1])["until"])
    wanted = {each.number for each in seen if each.stamp < until}
    assert wanted <= {number for each in found for number in each}, "left out"
    assert all(len(each) == len(set(each)) for each in found), "read twice"
    stamps = {each.number: each.stamp for each in seen}
    for before, each, numbers in zip(nights, nights[1:], found[1:], strict=False):
        reached = datetime.fromisoformat(window(before)["until"])
        since = window(each)["since"]
        assert since == (reached - PACE.overlap).isoformat()
        assert all(stamps[n] >= reached - PACE.overlap for n in numbers), "beyond the overlap"


def stop_at_far_future(source: Source, root: Path) -> None:
    """What says how far a pull has come or will come, said to be far away, is not believed."""
    folder = root / source.name / source.object
    under_way, shown = folder / ".pull" / PROGRESS_NAME, folder / str(NOW.date()) / MANIFEST_NAME
    for state, night in ((under_way, NOW.date()), (shown, NEXT.date())):
        if state.exists():
            text, until = state.read_text(), REACHED.isoformat()
            assert until in text
            state.write_text(text.replace(until, "2099-01-01T00:00:00+00:00"))
            with pytest.raises(ExtractError, match=r"state_ahead: .*2099-01-01") as caught:
                source.pull(night, root, PACE)
            assert str(state.parent if state is under_way else folder) in str(caught.value)
            assert not (folder / str(NEXT.date())).exists()


def window(folder: Path) -> dict[str, Any]:
    text: dict[str, Any] = json.loads((folder / MANIFEST_NAME).read_text())["window"]
    return text


def check(
    name: str,
    of: str,
    root: Path,
    latest_first: bool = False,
    ending: type[Killing] = Killing,
) -> int:
    """End a pull at each of its checkpoints, and go on from there. Returns how many there are."""
    with serving(name, of) as source:
        whole = Killing()
        source.show(records(), NOW)
        with whole.at_work():
            source.pull(NOW.date(), root / "whole", PACE)
        checkpoints = range(whole.changes + 1)
        for at in reversed(checkpoints) if latest_first else checkpoints:
            tonight, skipped, ahead = (root / str(at) / x for x in ("tonight", "skipped", "ahead"))
            source.show(records(), NOW)
            end = ending(at)
            with suppress(Killed), end.at_work():
                source.pull(NOW.date(), tonight, PACE)
            end.leave(tonight)
            shutil.copytree(tonight, skipped)
            shutil.copytree(tonight, ahead)
            source.show(records(), NOW + timedelta(hours=1))
            go_on(source, tonight, NOW.date(), records())
            source.show(records(), NEXT)
            go_on(source, tonight, NEXT.date(), records())
            # Nobody went on that night: the next one must not believe what lies there.
            go_on(source, skipped, NEXT.date(), records())
            stop_at_far_future(source, ahead)
        return len(checkpoints)


@pytest.mark.parametrize(("name", "of"), ALL)
def test_from_every_checkpoint_a_pull_goes_on_and_leaves_out_or_reads_again_nothing(
    name: str, of: str, tmp_path: Path
) -> None:
    assert check(name, of, tmp_path) >= 10


@pytest.mark.parametrize("name", OBJECTS)
def test_from_every_checkpoint_a_pull_goes_on_after_a_loss_of_power(
    name: str, tmp_path: Path
) -> None:
    assert check(name, OBJECTS[name][0], tmp_path, ending=PowerCut) >= 10


@pytest.mark.parametrize("name", OBJECTS)
def test_a_page_that_is_not_on_the_disk_when_it_is_noted_would_be_noticed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = ObjectFolder.record
    monkeypatch.setattr(ObjectFolder, "record", lambda self, progress, _=(): record(self, progress))
    with pytest.raises((AssertionError, LandingError)):
        check(name, OBJECTS[name][0], tmp_path, latest_first=True, ending=PowerCut)


def write_the_state_before_the_page(patch: pytest.MonkeyPatch) -> None:
    replace, waiting = Path.replace, []

    def late(path: Path, target: Path) -> None:
        if path.parent.name == ".pull" and target.name.startswith("page-"):
            waiting.append((path, target))
            return
        replace(path, target)
        while waiting:
            replace(*waiting.pop())

    patch.setattr(Path, "replace", late)


def show_a_night_before_its_pages_are_there(patch: pytest.MonkeyPatch) -> None:
    show = ObjectFolder.show

    def early(folder: ObjectFolder, *given: Any) -> Path:
        final = show(folder, *given)
        for page in sorted(final.glob("page-*")):
            page.rename(folder.path / page.name)
        for page in sorted(folder.path.glob("page-*")):
            page.rename(final / page.name)
        return final

    patch.setattr(ObjectFolder, "show", early)


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize(
    "plant", [write_the_state_before_the_page, show_a_night_before_its_pages_are_there]
)
def test_a_state_that_is_written_before_the_pages_would_be_noticed(
    name: str,
    plant: Callable[[pytest.MonkeyPatch], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    is_last = plant is show_a_night_before_its_pages_are_there
    with pytest.raises((AssertionError, FileNotFoundError, LandingError)):
        check(name, OBJECTS[name][0], tmp_path, latest_first=is_last)
