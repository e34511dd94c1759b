"""The dbt child process: dies with its parent, waits for its order, then becomes dbt.

The order is one line of JSON on standard input: arguments, environment, folder. Until it
comes, dbt is imported already, so that a night need not wait for that. Run by path, not imported:
nothing of this package may slow dbt's start or enter its import path.
"""

import ctypes
import json
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


def main() -> None:
    """Wait for the order and carry it out."""
    from dbt.cli.main import cli

    line = sys.stdin.readline()
    if not line:  # nobody needs us any more
        return
    order = json.loads(line)
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    cli(order["arguments"])


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    main()
