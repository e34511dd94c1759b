"""The review's folder: files appear whole or not at all, readable by their owner alone."""

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lead_handoff.durable import sync
from lead_handoff.review.errors import FilesChangedError

KEY_FILE = ".pseudonym-key"


@contextmanager
def workspace(out_dir: Path, month: str) -> Iterator[Path]:
    """A closed folder beside the month's, for files on their way; gone afterwards.

    Those of killed calls are removed first: a lock on the folder, which ends with its process,
    tells them from those of calls that are under way. Calls sweep and begin one after the other,
    or one could remove a folder that another has made and not locked yet.
    """
    out_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        with _locked(out_dir, wait=True):
            for left_over in out_dir.glob(f".{month}.*.partial"):
                with suppress(OSError), _locked(left_over):
                    shutil.rmtree(left_over, ignore_errors=True)
            folder = out_dir / f".{month}.{secrets.token_hex(4)}.partial"
            folder.mkdir(mode=0o700)
            held.enter_context(_locked(folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a folder; without ``wait``, OSError where somebody else does."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A new file of mode 0600, safely on disk after the block."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb", buffering=1 << 20) as file:
        os.fchmod(file.fileno(), 0o600)
        yield file
        file.flush()
        os.fsync(file.fileno())


def write(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a new file of mode 0600."""
    with new_file(path) as file:
        file.writelines(chunks)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_occupied(folder: Path, names: Iterable[str]) -> None:
    """Refuse to draw into a folder that holds files of another draw.

    Raises:
        FilesChangedError: one of the names is taken.
    """
    taken = [name for name in names if (folder / name).exists()]
    if taken:
        raise FilesChangedError(
            f"{folder} holds {', '.join(taken)} of a draw that this warehouse does not know; "
            "move the folder away first"
        )


def standing(folder: Path, expected: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Which of the expected files (name -> SHA-256) are missing, and which are different."""
    missing, different = [], []
    for name, sha256 in expected.items():
        path = folder / name
        if not path.exists():
            missing.append(name)
        elif sha256_of(path) != sha256:
            different.append(name)
    return missing, different


def move(source: Path, folder: Path, names: Iterable[str]) -> Iterator[str]:
    """Rename finished files into the folder, one after the other; yields each name once there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in names:
        os.replace(source / name, folder / name)
        sync(folder)
        yield name
    sync(folder.parent)


def pseudonym_key(out_dir: Path) -> bytes:
    """The secret that case tokens are made with; generated once per review folder.

    Without it nobody can compute a case's token from an id known elsewhere. Losing it harms
    nothing that is drawn: tokens are recorded with the draw.
    """
    out_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = out_dir / KEY_FILE
    if not path.exists():
        fresh = out_dir / f"{KEY_FILE}.{secrets.token_hex(4)}"
        write(fresh, [secrets.token_bytes(32)])
        with suppress(FileExistsError):
            os.link(fresh, path)  # unlike a rename, this never replaces another call's key
        fresh.unlink()
    return path.read_bytes()
