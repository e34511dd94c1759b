"""How an object is pulled, whatever the source: in parts of time, page after page, resumable.

A window is cut into parts; each part is one query or job of the source. After every step the
progress is written down, so that an attempt that broke off is gone on with at its page. A part
whose result the source has dropped is asked for again from its beginning, and one that it cannot
bring is cut in halves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.night_folder import ObjectFolder, Window
from lead_handoff.extracts.purging import Kept, gone
from lead_handoff.landing.manifest import Gone

Tell = Callable[[str], None]

SKEW = timedelta(minutes=10)
"""The most that clocks of one source may differ by, from its right time."""
POLLS = 720
LONGEST_FIELD = 16_000_000
SHORTEST_PART = timedelta(hours=1)
BEGIN_AGAIN = frozenset({"result_gone", "result_incomplete", "checksum_mismatch", "job_failed"})
CUT = frozenset({"window_too_large", "job_failed"})
PLAN_AGAIN = frozenset({"field_not_visible"})


@dataclass(frozen=True)
class Pace:
    """How a pull goes about its work.

    ``overlap``: how far a window reaches back into the last one. ``lag``: how far it stays behind
    the source's clock, because a record shows its stamp only when its transaction is committed.
    ``longest``: how much time one part covers. Overlap and lag together are longer than the longest
    commit (half an hour) and SKEW.
    """

    overlap: timedelta = timedelta(minutes=45)
    lag: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(days=180)
    page_rows: int = 50_000
    piece_bytes: int = 64_000_000
    poll: float = 10.0
    restarts: int = 3


@dataclass(frozen=True)
class Pulled:
    """What a pull brought: rows are those of the pages, repeats by the overlap included."""

    object: str
    folder: Path
    rows: int
    pages: int


@dataclass
class Page:
    """A file of the night; ``rows`` is None where the source's text does not tell them apart."""

    name: str
    rows: int | None


@dataclass
class Part:
    """One query or job: what changed in [since, until).

    ``kind`` tells apart what one reader asks for in several ways; ``state`` is the reader's own.
    """

    since: datetime | None
    until: datetime
    kind: str = ""
    state: dict[str, Any] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    done: bool = False
    restarts: int = 0

    @property
    def rows(self) -> int:
        """Rows of its pages, as far as they are known."""
        return sum(page.rows or 0 for page in self.pages)

    def __str__(self) -> str:
        since = f"{self.since:%Y-%m-%d}" if self.since else "the beginning"
        return f"{self.kind or 'changes'} from {since} to {self.until:%Y-%m-%d}"

    def to_json(self) -> dict[str, Any]:
        """For the progress file. Restarts are not kept: a new attempt has all of them again."""
        return {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat(),
            "kind": self.kind,
            "state": self.state,
            "pages": [[page.name, page.rows] for page in self.pages],
            "done": self.done,
        }

    @classmethod
    def from_json(cls, text: dict[str, Any]) -> Part:
        """What ``to_json`` wrote."""
        return cls(
            datetime.fromisoformat(text["since"]) if text["since"] else None,
            datetime.fromisoformat(text["until"]),
            text["kind"],
            text["state"],
            [Page(*page) for page in text["pages"]],
            text["done"],
        )


@dataclass
class Progress:
    """How far a pull has come. ``plan`` is what the reader wants to know in every step."""

    night: date
    window: Window
    plan: dict[str, Any]
    parts: list[Part]
    named: int = 0

    def new_name(self, suffix: str) -> str:
        """A name for the next page; none is given twice."""
        self.named += 1
        return f"page-{self.named:06d}{suffix}"

    def pages(self) -> list[Page]:
        """Those that hold rows: the others would only be reported as empty."""
        return [page for part in self.parts for page in part.pages if page.rows != 0]

    def cut(self, part: Part) -> bool:
        """Put two halves in a part's place, if there is a middle that is far enough away."""
        since, until = part.since, part.until
        if since is None or until - since < 2 * SHORTEST_PART:
            return False
        middle = (since + (until - since) / 2).replace(microsecond=0)
        at = self.parts.index(part)
        self.parts[at : at + 1] = [Part(since, middle, part.kind), Part(middle, until, part.kind)]
        return True

    def to_json(self) -> dict[str, Any]:
        """For the progress file."""
        return {
            "night": self.night.isoformat(),
            "since": self.window.since.isoformat() if self.window.since else None,
            "until": self.window.until.isoformat(),
            "plan": self.plan,
            "parts": [part.to_json() for part in self.parts],
            "named": self.named,
        }

    @classmethod
    def from_json(cls, text: dict[str, Any]) -> Progress:
        """What ``to_json`` wrote. Raises KeyError for what an older release wrote."""
        return cls(
            date.fromisoformat(text["night"]),
            Window(
                datetime.fromisoformat(text["since"]) if text["since"] else None,
                datetime.fromisoformat(text["until"]),
            ),
            text["plan"],
            [Part.from_json(part) for part in text["parts"]],
            text["named"],
        )


class Reader(Protocol):
    """Reads one object of one source."""

    @property
    def source(self) -> str:
        """Name of the source, which is that of its folder."""

    @property
    def object(self) -> str:
        """Name of the object, which is that of its folder."""

    @property
    def pace(self) -> Pace:
        """How it goes about its work."""

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What of the object the source keeps for a while only."""

    def begins(self) -> datetime | None:
        """From when a first pull reads, where somebody said so."""

    def server_time(self) -> datetime:
        """The source's clock."""

    def plan(self, window: Window) -> tuple[dict[str, Any], list[Part]]:
        """What every step has to know, and the parts of the window."""

    def step(self, part: Part, progress: Progress, folder: Path) -> None:
        """The next step of a part: a job created, a page fetched. Sets ``done`` after the last.

        May raise ExtractError of BEGIN_AGAIN or CUT, which the pull knows how to answer.
        """


def pull_object(reader: Reader, night: date, root: Path, tell: Tell) -> Pulled | None:
    """Pull one object into its folder of the night, or go on where an earlier attempt ended.

    Returns None where this night, or a later one, has been pulled. Raises ExtractError; nothing is
    shown then.
    """
    folder = ObjectFolder(root / reader.source / reader.object)
    with folder.held():
        horizon = (reader.server_time() - reader.pace.lag).replace(microsecond=0)
        window = folder.next_window(night, horizon, reader.pace.overlap)
        if window is None:
            return None
        progress = _resumed(folder, night)
        if progress is not None and progress.window.until > horizon + 2 * SKEW:
            # Shown as it is, it would keep what changes until then from being pulled.
            raise ExtractError(
                "state_ahead",
                f"{folder.pull} was begun up to {progress.window.until.isoformat()}, which the"
                " source's clock has not reached; remove that folder if it is a mistake",
            )
        if progress is None:
            progress = Progress(night, window, *reader.plan(window))
            folder.record(progress.to_json())
        noted = {page.name for page in progress.pages()}
        while todo := [part for part in progress.parts if not part.done]:
            part = todo[0]
            try:
                reader.step(part, progress, folder.pull)
            except ExtractError as error:
                if error.name in PLAN_AGAIN:
                    # What was planned names a field that is gone: no attempt could go on with it.
                    folder.forget()
                _answer(error, part, progress, reader)
            new = {page.name for page in progress.pages()} - noted
            folder.record(progress.to_json(), new)
            noted |= new
            if part.done and len(progress.parts) > 1:
                count = len(progress.parts) - len(todo) + 1
                tell(f"{part}: {part.rows:,} rows (part {count} of {len(progress.parts)})")
        pages = progress.pages()
        if not pages:
            # A night without changes was pulled too, and a file has to say so.
            pages = [Page(progress.new_name(".jsonl"), 0)]
            (folder.pull / pages[0].name).write_bytes(b"")
        listed = [{"name": page.name, "rows": page.rows} for page in pages]
        since = progress.window.since
        lost = gone(
            reader.kept,
            since + reader.pace.overlap if since else None,
            reader.begins(),
            horizon,
        )
        for each in lost:
            tell(_gone_in_words(reader, each))
        shown = folder.show(night, progress.window, listed, lost)
        return Pulled(reader.object, shown, sum(page.rows or 0 for page in pages), len(pages))


def _gone_in_words(reader: Reader, lost: Gone) -> str:
    return (
        f"{reader.source} {reader.object}: {lost.what} of {lost.first_day} to {lost.last_day} can"
        f" no longer be had, or not all of them: {reader.source} keeps them for {lost.kept_days}"
        " days, and no pull came in time; these days count as not delivered"
    )


def pull_named(
    reader_of: Callable[[Any, str, Pace | None], Reader],
    session: Any,
    object_name: str,
    night: date,
    root: Path,
    pace: Pace | None = None,
    tell: Tell = lambda line: None,
) -> Pulled | None:
    """Pull one object of a source by its name, at the source's own pace where none is given.

    Returns and raises as ``pull_object`` does.
    """
    return pull_object(reader_of(session, object_name, pace), night, root, tell)


def missing(names: Iterable[str], visible: Iterable[str]) -> str:
    """The names that are not visible, for a message; empty where all are."""
    known = set(visible)
    return ", ".join(name for name in names if name not in known)[:300]


def split(since: datetime, until: datetime, longest: timedelta) -> list[Part]:
    """Parts of at most ``longest`` that cover [since, until) without a gap, oldest first."""
    parts = []
    while since < until:
        end = min(since + longest, until)
        parts.append(Part(since, end))
        since = end
    return parts


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Records as JSON lines, whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    part.replace(path)


def _resumed(folder: ObjectFolder, night: date) -> Progress | None:
    try:
        text = folder.resume(night)
        return Progress.from_json(text) if text else None
    except (KeyError, TypeError, ValueError):
        return None


def _answer(error: ExtractError, part: Part, progress: Progress, reader: Reader) -> None:
    """Begin a part again, or cut it in halves; raise the error where neither is of use."""
    if error.name in BEGIN_AGAIN and part.restarts < reader.pace.restarts:
        # A new job may order its rows otherwise, so pages of the old one cannot be kept.
        part.restarts += 1
        part.state, part.pages = {}, []
    elif error.name not in CUT or not progress.cut(part):
        raise error
