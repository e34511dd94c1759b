"""Progress for people: to the task's log, and to whoever drives the run in this process."""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger("lead_handoff.night")

Listener = Callable[[str, str, bool], None]
"""Gets the step, the line, and whether the line is of passing interest only."""

_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Have a function called for each line of progress in this process."""
    _listeners.append(listener)


def stop_listening(listener: Listener) -> None:
    """Undo ``listen``."""
    _listeners.remove(listener)


def teller(step: str, is_passing: bool = False) -> Callable[[str], None]:
    """A progress function for one step; passing lines may be overwritten by the next one."""

    def tell(line: str) -> None:
        log.info("%s: %s", step, line)
        for listener in _listeners:
            listener(step, line, is_passing)

    return tell
