"""One object's night on disk: pages first, then a manifest, then one rename that shows them.

While a pull is under way its pages lie in ``<root>/<source>/<object>/.pull``, which landing passes
by. The window that was pulled stands in the night's manifest, so that the data and the knowledge of
how far it reaches become visible in the same moment and cannot contradict each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from lead_handoff.durable import sync
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.landing.manifest import MANIFEST_NAME, Gone

PROGRESS_NAME = "progress.json"


@dataclass(frozen=True)
class Window:
    """Half-open: records changed at or after ``since`` (None: ever) and before ``until``."""

    since: datetime | None
    until: datetime


@dataclass(frozen=True)
class ObjectFolder:
    """The folder of one object under a local root."""

    path: Path

    @property
    def pull(self) -> Path:
        """Where an unfinished pull lies."""
        return self.path / ".pull"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other pulls of this object out; the system lets go when the process ends.

        Raises ExtractError: pull_running where another one is at work; no_folder where nothing can
        be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            opened = (self.path / ".lock").open("w")
        except OSError as error:
            raise ExtractError(
                "no_folder",
                f"{self.path} cannot be written ({error.strerror}); a pull puts its files there",
            ) from error
        with opened as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ExtractError(
                    "pull_running", f"another pull into {self.path} is at work; wait for its end"
                ) from None
            yield

    def pulled(self) -> Iterator[tuple[date, datetime]]:
        """Nights that were pulled (not delivered as files), with the end of their windows.

        Raises ExtractError(bad_state) where a manifest cannot be read.
        """
        for manifest in sorted(self.path.glob(f"[0-9]*/{MANIFEST_NAME}")):
            try:
                window = json.loads(manifest.read_bytes()).get("window")
                if window is not None:
                    yield (
                        date.fromisoformat(manifest.parent.name),
                        datetime.fromisoformat(window["until"]),
                    )
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise ExtractError(
                    "bad_state", f"{manifest} cannot be read; put it right or remove its folder"
                ) from error

    def next_window(self, night: date, horizon: datetime, overlap: timedelta) -> Window | None:
        """What to pull for a night, or None where it, or a later one, has been pulled.

        Raises ExtractError: night_ahead where the night is still to come; state_ahead where one to
        come was pulled already; folder_taken where files were delivered for this night.
        """
        # A zone may be a day ahead of the source's clock, and the lag hold it back a little more.
        latest = horizon.date() + timedelta(days=2)
        if night > latest:
            raise ExtractError(
                "night_ahead",
                f"by the source's clock it is {horizon:%Y-%m-%d}, and {night} still to come; if it"
                " were pulled now, nothing would be pulled until then",
            )
        known = list(self.pulled())
        if night in dict(known):
            return None
        last_night, reached = max(known, default=(night, horizon))
        if last_night > latest or reached > horizon:
            raise ExtractError(
                "state_ahead",
                f"{self.path} was pulled for {last_night} up to {reached.isoformat()}, which the"
                " source's clock has not reached; remove that folder if it is a mistake",
            )
        if last_night > night:
            return None
        if (self.path / night.isoformat()).exists():
            raise ExtractError(
                "folder_taken",
                f"{self.path / night.isoformat()} holds files that were delivered; move them, or"
                " leave this night to them",
            )
        return Window(reached - overlap if known else None, horizon)

    def resume(self, night: date) -> dict[str, Any]:
        """Progress of an unfinished pull of this night; what is left of another one is removed."""
        try:
            progress: dict[str, Any] = json.loads((self.pull / PROGRESS_NAME).read_bytes())
            if progress["night"] == night.isoformat():
                return progress
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.forget()
        return {}

    def forget(self) -> None:
        """Remove what an unfinished pull has left: the next attempt starts anew."""
        shutil.rmtree(self.pull, ignore_errors=True)

    def record(self, progress: dict[str, Any], new_pages: Iterable[str] = ()) -> None:
        """Note how far a pull has come; written whole or not at all.

        Pages that are new in it are on the disk before it says so, even if power fails.
        """
        self.pull.mkdir(parents=True, exist_ok=True)
        for name in new_pages:
            sync(self.pull / name)
        part = self.pull / f"{PROGRESS_NAME}.part"
        part.write_text(json.dumps(progress), encoding="utf-8")
        sync(part)
        sync(self.pull)
        part.replace(self.pull / PROGRESS_NAME)

    def show(
        self,
        night: date,
        window: Window,
        pages: list[dict[str, Any]],
        gone: Iterable[Gone] = (),
    ) -> Path:
        """Write the manifest over the pages and make them the night's folder."""
        listed = {page["name"] for page in pages}
        files = []
        for page in pages:
            with (self.pull / page["name"]).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            entry = {"name": page["name"], "rows": page["rows"], "sha256": digest}
            files.append({key: value for key, value in entry.items() if value is not None})
        manifest = {
            "files": files,
            "window": {
                "since": window.since.isoformat() if window.since else None,
                "until": window.until.isoformat(),
            },
            "gone": [each.to_json() for each in gone],
        }
        written = self.pull / MANIFEST_NAME
        written.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        for path in self.pull.iterdir():
            if path.name not in listed | {MANIFEST_NAME}:
                path.unlink()
        sync(written)
        sync(self.pull)
        final = self.path / night.isoformat()
        self.pull.rename(final)
        sync(self.path)
        return final
