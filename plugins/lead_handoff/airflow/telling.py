"""Progress for people: to the task's log, and to whoever drives the run in this process."""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger("lead_handoff.night")

_listeners: list[Callable[[str, str], None]] = []


def listen(listener: Callable[[str, str], None]) -> None:
    """Have a function called with (step, line) for each line of progress in this process."""
    _listeners.append(listener)


def stop_listening(listener: Callable[[str, str], None]) -> None:
    """Undo ``listen``."""
    _listeners.remove(listener)


def teller(step: str) -> Callable[[str], None]:
    """A progress function for one step."""

    def tell(line: str) -> None:
        log.info("%s: %s", step, line)
        for listener in _listeners:
            listener(step, line)

    return tell
