"""The dbt child process: dies with its parent, then becomes dbt.

Run by path, not imported: nothing of this package may slow dbt's start or enter its import path.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when its parent dies (Linux; elsewhere fences suffice)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    from dbt.cli.main import cli

    cli(sys.argv[2:])
