"""Parquet files as blocks, read by a child process that may take so much memory and no more."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO

from lead_handoff import settings
from lead_handoff.catalogue import ObjectSpec
from lead_handoff.landing.blocks import Block, split
from lead_handoff.landing.errors import LandingError
from lead_handoff.landing.limits import Limits
from lead_handoff.landing.readers.parquet_child import LENGTH

_TOO_LARGE = (
    "reading the file takes more memory than HANDOFF_LANDING_PARQUET_BYTES allows; deliver it in"
    " several files or as .csv.gz"
)


class ParquetProcess:
    """The child, started when first asked, and anew where it has ended or was left amid a file."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._talk: socket.socket | None = None

    def ask(self, content: IO[bytes], spec: ObjectSpec, limits: Limits) -> None:
        """Have a file read; what came of it is then ``heard``."""
        question = json.dumps(
            {"source": spec.source, "object": spec.name, "limits": asdict(limits)}
        ).encode()
        for attempt in range(2):
            talk = self._started(limits)
            try:
                socket.send_fds(talk, [question], [content.fileno()])
                return
            except OSError:
                self.close()  # it had kept too much of an earlier file, and has gone
                if attempt:
                    raise

    def heard(self) -> tuple[bytes, bytes]:
        """Kind and content of the next answer; a child that has died is a LandingError."""
        head = self._receive(1 + LENGTH)
        content = self._receive(int.from_bytes(head[1:]))
        return head[:1], content

    def close(self) -> None:
        """End the child, whatever it does."""
        if self._talk is not None:
            self._talk.close()
            self._talk = None
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def _started(self, limits: Limits) -> socket.socket:
        if self._talk is not None and self._child is not None and self._child.poll() is None:
            return self._talk
        self.close()
        ours, theirs = socket.socketpair()
        environment = os.environ | {
            "PYTHONPATH": str(settings.project_root() / "plugins"),
            # Pools that reserve address space in advance would use the limit up.
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "MALLOC_ARENA_MAX": "1",
        }
        with theirs:
            self._child = subprocess.Popen(
                [
                    *(sys.executable, "-W", "ignore", "-m"),
                    "lead_handoff.landing.readers.parquet_child",
                    *(str(theirs.fileno()), str(limits.parquet_bytes)),
                ],
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._talk = ours
        return ours

    def _receive(self, length: int) -> bytes:
        if self._talk is None:
            raise _lost(None)
        parts = []
        while length:
            try:
                part = self._talk.recv(min(length, 1 << 20))
            except OSError:
                part = b""
            if not part:
                status = self._child.wait() if self._child is not None else None
                self.close()
                raise _lost(status)
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


class ParquetReader:
    """The rows of one Parquet file as blocks. Raises LandingError as ParquetText does."""

    is_empty = False

    def __init__(
        self, process: ParquetProcess, content: IO[bytes], spec: ObjectSpec, limits: Limits
    ) -> None:
        self._process = process
        process.ask(content, spec, limits)
        _, answer = self._next()
        names, remarks = json.loads(answer)
        self.names: tuple[str, ...] = tuple(names)
        self.remarks: list[tuple[str, str]] = [(kind, detail) for kind, detail in remarks]

    def blocks(self) -> Iterator[Block]:
        """All rows, in order."""
        is_whole = False
        try:
            while True:
                kind, answer = self._next()
                if kind == b".":
                    is_whole = True
                    return
                first, rows = (int.from_bytes(answer[at : at + LENGTH]) for at in (0, LENGTH))
                yield self._block(answer[2 * LENGTH :], first, rows)
        finally:
            if not is_whole:
                self._process.close()

    def _next(self) -> tuple[bytes, bytes]:
        kind, answer = self._process.heard()
        if kind == b"E":
            self._process.close()
            name, message = json.loads(answer)
            raise LandingError(name, message or _TOO_LARGE)
        return kind, answer

    def _block(self, data: bytes, first: int, rows: int) -> Block:
        block = Block(self.names, data, line_of=lambda row: first + row + 1)
        block.table = split(data, ord(","), len(self.names), final=True).table
        if len(block.table) != rows:
            raise LandingError("parquet_damaged", "the file cannot be read; deliver it again")
        return block


def _lost(status: int | None) -> LandingError:
    """What the child's end says of the file: memory refused to a library aborts it."""
    if status in (-signal.SIGABRT, -signal.SIGKILL):
        return LandingError("parquet_too_large", _TOO_LARGE)
    return LandingError(
        "parquet_damaged",
        f"reading the file ended the process that reads it (status {status}); deliver it again",
    )
