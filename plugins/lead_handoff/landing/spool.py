"""One reading of a delivered file: its bytes into a private spool, hashed on the way.

What is validated is then exactly what was hashed, whatever happens to the file meanwhile, and
only so much memory is used as one chunk takes.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lead_handoff.landing.discovery import FoundFile
from lead_handoff.landing.errors import LandingError
from lead_handoff.landing.limits import Limits

_CHUNK = 1 << 20


@dataclass
class Spooled:
    """A file's bytes as read: where they are, how many, their SHA-256, and if the file changed."""

    content: IO[bytes]
    size: int
    sha256: str
    changed_while_read: bool


def hash_file(found: FoundFile) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file, without keeping its content."""
    digest, size = hashlib.sha256(), 0
    with found.open() as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


@contextmanager
def spooled(found: FoundFile, folder: Path | None) -> Iterator[Spooled]:
    """Read a file once into a nameless temporary file (in ``folder``, or the system's own)."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryFile(dir=folder, buffering=0) as content:
        digest, size = hashlib.sha256(), 0
        before = found.signature()
        with found.open() as source:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                view = memoryview(chunk)
                while view:
                    view = view[content.write(view) :]
        changed = found.signature() != before or before[0] != size
        content.seek(0, os.SEEK_SET)
        yield Spooled(content, size, digest.hexdigest(), changed)


class GunzippedStream:
    """The unpacked bytes of a gzip stream, refusing what is cut short, padded or inflated.

    Raises LandingError: not_gzip, gzip_corrupt, gzip_truncated, gzip_trailing_junk, gzip_bomb.
    """

    def __init__(self, packed: IO[bytes], limits: Limits) -> None:
        self._packed = packed
        self._limits = limits
        self._decoder = zlib.decompressobj(wbits=31)
        self._pending = b""
        self._read = 0
        self._written = 0
        self._started = False
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` unpacked bytes (a chunk if negative); nothing at the end."""
        size = size if size > 0 else _CHUNK
        parts, wanted = [], size
        while wanted and not self._ended:
            piece = self._unpack(wanted)
            parts.append(piece)
            wanted -= len(piece)
        return b"".join(parts)

    def _unpack(self, size: int) -> bytes:
        if not self._pending:
            self._pending = self._packed.read(64 * 1024)
            self._read += len(self._pending)
            if not self._started and self._pending[:2] != b"\x1f\x8b":
                raise LandingError("not_gzip", "the name ends in .gz, the content is not gzip")
            self._started = True
        at_end = not self._pending
        try:
            piece = self._decoder.decompress(self._pending, size)
        except zlib.error as error:
            raise LandingError(
                "gzip_corrupt", "the gzip data is damaged; deliver the file again"
            ) from error
        self._pending = self._decoder.unconsumed_tail
        self._written += len(piece)
        self._refuse_bomb()
        if at_end and not piece and not self._decoder.eof:
            raise LandingError("gzip_truncated", "the gzip data is cut short; deliver it again")
        if self._decoder.eof:
            self._next_member()
        return piece

    def _next_member(self) -> None:
        """After a member's end: the end of the file, or another member, or junk."""
        rest = self._decoder.unused_data
        if len(rest) < 2:
            more = self._packed.read(64 * 1024)
            self._read += len(more)
            rest += more
        if not rest:
            self._ended = True
            return
        if rest[:2] != b"\x1f\x8b":
            raise LandingError(
                "gzip_trailing_junk", "bytes follow the gzip data; deliver the file again"
            )
        self._decoder = zlib.decompressobj(wbits=31)
        self._pending = rest

    def _refuse_bomb(self) -> None:
        limits = self._limits
        too_large = self._written > limits.unpacked_bytes
        too_dense = (
            self._written > limits.unpacked_ratio_from
            and self._written > limits.unpacked_ratio * self._read
        )
        if too_large or too_dense:
            raise LandingError(
                "gzip_bomb",
                f"the file unpacks to over {self._written:,} bytes from {self._read:,} packed ones,"
                " beyond the limit of size or ratio",
            )
