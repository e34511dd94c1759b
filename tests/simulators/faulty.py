"""A server on loopback that can fail: what the simulated sources have in common.

Faults are drawn from a seed for each request. It never fails more than twice in a row, so that a
client of ordinary patience comes through; what the client must not do is lose or invent a row.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Lock, Thread
from typing import Protocol

IN_A_ROW = 2
SKEW = 600
"""Seconds by which the clocks of a failing source differ."""


class Faults:
    """Draws the fault of each request; none without a seed."""

    def __init__(self, seed: int | None, known: tuple[str, ...], at_most: dict[str, int]) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.known = known
        self.left = dict(at_most)
        self.in_a_row = 0
        self.drawn: list[str] = []

    def draw(self, possible: tuple[str, ...] | None = None) -> str | None:
        if self.seed is None or self.in_a_row >= IN_A_ROW or self.random.random() > 0.4:
            self.in_a_row = 0
            return None
        fault = self.random.choice(self.known)
        if (possible is not None and fault not in possible) or self.left.get(fault, 1) == 0:
            return None
        if fault in self.left:
            self.left[fault] -= 1
        self.in_a_row += 1
        self.drawn.append(fault)
        return fault


class World(Protocol):
    """What a simulated source must have."""

    now: datetime
    lock: Lock
    requests: list[str]


class FaultyHandler(ABC, BaseHTTPRequestHandler):
    """Answers that may be cut at any byte, trickle, tell another time, or be a proxy's page."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world: World
    fault: str | None = None
    cut_at: int | None = None

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with self.world.lock:
            self.world.requests.append(f"{self.command} {self.path}")
            self.answer(body)

    def do_GET(self) -> None:
        with self.world.lock:
            self.world.requests.append(f"{self.command} {self.path}")
            self.answer("")

    @abstractmethod
    def answer(self, body: str) -> None:
        """Answer a request, which is at ``self.path``."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        skew = timedelta()
        if getattr(getattr(self.world, "faults", None), "seed", None) is not None:
            # Machines that answer for one source do not agree on the time.
            skew = timedelta(seconds=Random(len(self.world.requests)).randint(-SKEW, SKEW))
        return format_datetime(self.world.now + skew, usegmt=True)

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        fault, self.fault = self.fault, None
        if fault == "cut":
            # Anywhere, headers alone and all but the last byte included.
            anywhere = Random(f"{len(self.world.requests)} {len(body)}").randrange(len(body) or 1)
            self.wfile.write(body[: anywhere if self.cut_at is None else self.cut_at])
            self.close_connection = True
        elif fault == "trickle":
            for start in range(0, len(body), max(1, len(body) // 4)):
                self.wfile.write(body[start : start + max(1, len(body) // 4)])
                self.wfile.flush()
                time.sleep(0.002)
        else:
            self.wfile.write(body)

    def send_json(self, document: object, status: int = 200, **headers: str) -> None:
        body = b"<html>busy</html>" if self.fault == "not_json" else json.dumps(document).encode()
        self.send(status, body, Content_Type="application/json;charset=UTF-8", **headers)

    def send_status(self, fault: str) -> None:
        status = int(fault.removeprefix("status_"))
        self.send(status, b"[]", **({"Retry_After": "0"} if status == 429 else {}))


@contextmanager
def serving(world: World, handler: type[FaultyHandler]) -> Iterator[str]:
    """The address at which a simulated source answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (handler,), {"world": world}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
