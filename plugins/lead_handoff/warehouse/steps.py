"""Named points of the night at which a test may kill the process.

Code marks the instants on both sides of each commit and swap with ``reached("area.instant")``.
In real life the call does nothing. A test sets ``HANDOFF_KILL_AT`` to one of the names, and the
process dies there as under ``kill -9``: no handler, no clean-up. Repeating the night must then
give the marts of a night that was never killed.
"""

import os
import signal

KILL_AT_VARIABLE = "HANDOFF_KILL_AT"


def reached(name: str) -> None:
    """Mark a named instant; die here, at once, if the environment asks for exactly this one."""
    if os.environ.get(KILL_AT_VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
