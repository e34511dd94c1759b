"""What lies under the root of the extracts: sources, objects, night folders, files.

Works on a local folder and on anything universal_pathlib opens. On a local disk nothing but plain
files inside the root is ever opened: links, pipes and devices are refused by name.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any, Final, Literal

from lead_handoff.catalogue import CATALOGUE, ObjectSpec, fold, objects_of
from lead_handoff.landing.errors import LandingError, SourceError
from lead_handoff.landing.manifest import MANIFEST_NAME
from lead_handoff.landing.plan import printable

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: Final[Mapping[str, Format]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
"""Ending of a file's name -> how it is read; all but Parquet may have .gz behind it."""

FORMATS_SAID = ".csv, .tsv, .jsonl, .ndjson (all of them also .gz) or .parquet"
_FROM_THE_SOURCE: Final = (
    "have the source export CSV (a spreadsheet program that saves one rewrites long ids)"
)
_ADVICE: Final = {
    ".json": "write one object per line and name it .jsonl",
    ".xlsx": _FROM_THE_SOURCE,
    ".xls": _FROM_THE_SOURCE,
    ".ods": _FROM_THE_SOURCE,
    ".zip": "unpack it, or pack the file itself with gzip",
}
_NIGHT = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)


@dataclass(frozen=True)
class FoundFile:
    """One file of a night folder."""

    path: Any  # pathlib.Path or universal_pathlib's UPath
    name: str

    @property
    def is_packed(self) -> bool:
        """Whether the name promises gzip."""
        return self.name.lower().endswith(".gz")

    @property
    def format(self) -> Format | None:
        """How the name says that the file is read, or None where it says nothing known."""
        stem, ending = os.path.splitext(self.name.lower().removesuffix(".gz"))
        known = FORMATS.get(ending) if stem else None
        return None if known == "parquet" and self.is_packed else known

    @property
    def why_unread(self) -> str:
        """What to do about a file whose name says nothing known."""
        shown = repr(printable(self.name))
        if FoundFile(self.path, self.name.strip()).format is not None:
            return f"{shown} has a blank before or behind its name; rename it"
        ending = os.path.splitext(self.name.strip().lower())[1]
        return f"{shown} is of no known format; " + _ADVICE.get(ending, f"deliver {FORMATS_SAID}")

    def signature(self) -> tuple[int, object]:
        """Size and modification time: what changes while a file still grows."""
        status = self.path.stat()
        modified = getattr(status, "st_mtime_ns", None) or getattr(status, "st_mtime", None)
        return int(status.st_size), modified

    def open(self) -> IO[bytes]:
        """The file's bytes. Raises LandingError(not_a_plain_file) for anything else than a file."""
        if not isinstance(self.path, Path):
            opened: IO[bytes] = self.path.open("rb")
            return opened
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(self.path, flags | getattr(os, "O_CLOEXEC", 0))
        except OSError as error:
            raise LandingError(
                "unreadable_file", f"the file cannot be opened ({error.strerror})"
            ) from error
        problem = _file_problem(os.fstat(descriptor))
        if problem:
            os.close(descriptor)
            raise LandingError(*problem)
        return os.fdopen(descriptor, "rb", buffering=0)


PULLED_BY_US = {".pull", ".lock"}
"""What a pull leaves in an object's folder while it works."""

HIDDEN = "its name begins with a dot; rename it if it is to be read"
NESTED = "a folder within a night's folder; move its files up"
MISPLACED = "it lies in no night's folder; move it to <source>/<object>/<YYYY-MM-DD>/"


@dataclass(frozen=True)
class Unread:
    """A file or folder that is not read: its name, and what to do about it.

    ``object`` is the folder of the source that it lies in, '' where it lies in none; None within
    a night's folder.
    """

    name: str
    why: str
    object: str | None = None


@dataclass
class NightFolder:
    """One object's folder of one night."""

    spec: ObjectSpec
    night: date
    path: Any
    remarks: list[tuple[str, str]] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def files(self) -> list[FoundFile]:
        """Its files in order of their names, manifest included, hidden ones left out.

        Raises LandingError: symlink_refused, not_a_plain_file, hard_link_refused,
        unsafe_file_name, unreadable_folder.
        """
        found: list[FoundFile] = []
        self.unread.clear()
        for name, path in _entries(self.path):
            if name.startswith("."):
                self.unread.append(Unread(name, HIDDEN))
                continue
            _refuse_unsafe_name(name)
            if isinstance(path, Path):
                status = path.lstat()
                if stat.S_ISDIR(status.st_mode):
                    self.unread.append(Unread(name, NESTED))
                    continue
                problem = _file_problem(status)
                if problem:
                    raise LandingError(problem[0], f"{printable(name)}: {problem[1]}")
            elif path.is_dir():
                self.unread.append(Unread(name, NESTED))
                continue
            found.append(FoundFile(path, name))
        _refuse_twins([each.name for each in found])
        return sorted(found, key=lambda each: each.name)


def open_root(extracts_root: str) -> Any:
    """The root as a path object. Raises SourceError where there is no such folder."""
    root: Any = Path(extracts_root)
    if "://" in extracts_root:
        from upath import UPath

        root = UPath(extracts_root)
    if not root.is_dir():
        raise SourceError(
            f"the extracts folder {extracts_root} does not exist; create it or set HANDOFF_EXTRACTS"
        )
    return root


def discover_sources(extracts_root: str) -> list[str]:
    """The known sources that have a folder under the root, in the catalogue's order."""
    present = {fold(name) for name, _ in _source_folders(extracts_root)}
    return [source for source in CATALOGUE if source in present]


def strangers(extracts_root: str) -> list[Unread]:
    """What lies under the root and belongs to no known source."""
    known = ", ".join(CATALOGUE)
    return [
        Unread(
            name,
            HIDDEN
            if name.startswith(".")
            else f"no source that is read; known are {known}"
            if path.is_dir()
            else MISPLACED,
        )
        for name, path in _entries(open_root(extracts_root))
        if not (path.is_dir() and fold(name) in CATALOGUE)
    ]


def _source_folders(extracts_root: str) -> list[tuple[str, Any]]:
    try:
        return [each for each in _entries(open_root(extracts_root)) if each[1].is_dir()]
    except LandingError as error:
        raise SourceError(f"{extracts_root}: {error}") from error


Found = NightFolder | Unread | tuple[ObjectSpec | None, LandingError]


def find_nights(extracts_root: str, source: str, until: date) -> Iterator[Found]:
    """The source's night folders dated on or before ``until``, by object, then by date.

    A folder that must not be used is given as the error that names it, with its object where that
    is known; whatever else lies beside the folders is given as Unread. Raises SourceError for a
    source that the catalogue does not know.
    """
    if source not in CATALOGUE:
        raise SourceError(f"there is no source {source!r}; known are {', '.join(CATALOGUE)}")
    folders = [(n, p) for n, p in _source_folders(extracts_root) if fold(n) == source]
    by_object: dict[str, list[tuple[str, Any]]] = {}
    for name, folder in folders:
        if _is_link(folder):
            yield None, LandingError("symlink_refused", f"{printable(name)} is a link")
            continue
        try:
            entries = _entries(folder)
        except LandingError as error:
            raise SourceError(f"{source}: {error}") from error
        for object_name, path in entries:
            by_object.setdefault(fold(object_name), []).append((object_name, path))
    for spec in objects_of(source):
        candidates = by_object.pop(fold(spec.name), [])
        if len(candidates) > 1:
            listed = ", ".join(printable(name) for name, _ in candidates)
            yield (
                spec,
                LandingError(
                    "duplicate_object_folder",
                    f"{listed} are all {spec.name}; move their nights into one of them",
                ),
            )
            continue
        for name, path in candidates:
            try:
                yield from _nights_of(spec, name, path, until)
            except LandingError as error:
                yield spec, error
    known = ", ".join(spec.name for spec in objects_of(source))
    for name, path in itertools.chain.from_iterable(by_object.values()):
        if name.startswith("."):
            yield Unread(name, HIDDEN, "")
        elif path.is_dir():
            yield Unread(name, f"no object of {source}; known are {known}", "")
        else:
            yield Unread(name, MISPLACED, "")


def _nights_of(spec: ObjectSpec, name: str, path: Any, until: date) -> Iterator[Found]:
    if _is_link(path) or not path.is_dir():
        yield (
            spec,
            LandingError(
                "symlink_refused" if _is_link(path) else "not_a_folder",
                f"{printable(name)} is not a folder of its own",
            ),
        )
        return
    remarks = []
    if name != spec.name:
        remarks.append(("object_folder_form", f"the folder is named {printable(name)}"))
    for night_name, night_path in sorted(_entries(path)):
        if night_name in PULLED_BY_US:
            continue
        if night_name.startswith("."):
            yield Unread(night_name, HIDDEN, spec.name)
            continue
        night = _night(night_name)
        if night is None:
            if not night_path.is_dir():
                yield Unread(night_name, MISPLACED, spec.name)
            else:
                yield (
                    spec,
                    LandingError(
                        "bad_night_folder",
                        f"{printable(night_name)} is no date; night folders are named YYYY-MM-DD",
                    ),
                )
        elif night <= until:
            if _is_link(night_path):
                yield spec, LandingError("symlink_refused", f"{printable(night_name)} is a link")
            elif not night_path.is_dir():
                yield Unread(night_name, MISPLACED, spec.name)
            else:
                yield NightFolder(spec, night, night_path, list(remarks))


def _night(name: str) -> date | None:
    if not _NIGHT.match(name):
        return None
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def _entries(folder: Any) -> list[tuple[str, Any]]:
    """Names and paths in a folder, ordered by name.

    Raises LandingError(unreadable_folder) where it cannot be listed.
    """
    try:
        return sorted(((path.name, path) for path in folder.iterdir()), key=lambda pair: pair[0])
    except OSError as error:
        raise LandingError(
            "unreadable_folder", f"the folder cannot be listed ({error.strerror})"
        ) from error


def _is_link(path: Any) -> bool:
    return isinstance(path, Path) and path.is_symlink()


def _file_problem(status: os.stat_result) -> tuple[str, str] | None:
    if stat.S_ISLNK(status.st_mode):
        return "symlink_refused", "a link, which could lead out of the extracts; deliver a file"
    if not stat.S_ISREG(status.st_mode):
        return "not_a_plain_file", "a pipe, device or socket; deliver a plain file"
    if status.st_nlink > 1:
        return "hard_link_refused", "a hard link, which could lead out of the extracts; copy it"
    return None


def _refuse_unsafe_name(name: str) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise LandingError(
            "unsafe_file_name", f"{printable(name)}: the name is not UTF-8; rename the file"
        ) from None
    if not all(character.isprintable() for character in name):
        raise LandingError(
            "unsafe_file_name",
            f"{printable(name)}: the name holds invisible characters; rename the file",
        )


def _refuse_twins(names: list[str]) -> None:
    """Two names that look the same may not both be there: one would pass for the other."""
    seen: dict[str, str] = {}
    for name in names:
        normal = unicodedata.normalize("NFC", name)
        if normal in seen:
            raise LandingError(
                "unsafe_file_name",
                f"{printable(name)}: two files whose names look the same; rename one",
            )
        seen[normal] = name


__all__ = [
    "FORMATS",
    "FORMATS_SAID",
    "MANIFEST_NAME",
    "Found",
    "FoundFile",
    "NightFolder",
    "Unread",
    "discover_sources",
    "find_nights",
    "open_root",
    "strangers",
]
