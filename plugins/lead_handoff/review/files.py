"""The review's folder: files appear whole or not at all, readable by their owner alone."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lead_handoff.review.errors import FilesChangedError

KEY_FILE = ".pseudonym-key"


@contextmanager
def workspace(out_dir: Path, month: str) -> Iterator[Path]:
    """A closed folder beside the month's, for files on their way; gone afterwards.

    The caller holds the month, so what an interrupted call left behind may be removed.
    """
    out_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left_over in out_dir.glob(f".{month}.*.partial"):
        shutil.rmtree(left_over, ignore_errors=True)
    folder = out_dir / f".{month}.{secrets.token_hex(4)}.partial"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write(path: Path, chunks: Iterable[bytes]) -> str:
    """Write a new file with mode 0600 and return the SHA-256 of its bytes."""
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb", buffering=1 << 20) as file:
        os.fchmod(file.fileno(), 0o600)
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


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
        _sync(folder)
        yield name
    _sync(folder.parent)


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
        try:
            os.link(fresh, path)  # unlike a rename, this never replaces another call's key
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
