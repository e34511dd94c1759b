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
import threading
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
UNHEARD = ("--log-level", "none", "--no-write-json")
"""dbt would turn every debugging event into JSON and then throw it away; see `Teller`."""


def die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when its parent dies (Linux; elsewhere fences suffice)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), signal.SIGKILL)


class Teller:
    """Says what dbt does, one JSON object a line; debugging events are not even put into words."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.has_told_an_error = False

    def hear(self, event: Any) -> None:
        """Take one of dbt's events, in any of its threads."""
        from dbt_common.events.functions import msg_to_json

        if event.info.level == "debug":
            return
        self.has_told_an_error |= event.info.level == "error"
        self.say(msg_to_json(event))

    def say(self, line: str) -> None:
        """Write one line."""
        with self.lock:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def carry_out(arguments: list[str], target: Path, teller: Teller) -> bool:
    """Parse and run; returns whether all went well.

    dbt left alone writes its manifest twice a run, which takes as long as building fifty small
    models. Here it is written when something was parsed anew, and the results once.
    """
    from dbt.cli.main import dbtRunner

    parsed: Any = dbtRunner(callbacks=[teller.hear]).invoke(["parse", *UNHEARD])
    if not parsed.success:
        return complain(parsed, teller)
    keep_manifest(parsed.result, target)
    ended: Any = dbtRunner(parsed.result, [teller.hear]).invoke([*arguments, *UNHEARD])
    if ended.result is not None:
        ended.result.write(str(target / "run_results.json"))
    return bool(ended.success) or complain(ended, teller)


def keep_manifest(manifest: Any, target: Path) -> None:
    """Write the manifest unless it lies there already, made of what was parsed last."""
    kept, parsed = target / "manifest.json", target / "partial_parse.msgpack"
    if kept.exists() and kept.stat().st_mtime_ns > parsed.stat().st_mtime_ns:
        return
    # Whole or not at all: half a one would be taken for newer than what it was made of.
    fresh = target / "manifest.json.part"
    manifest.write(str(fresh))
    fresh.replace(kept)


def complain(outcome: Any, teller: Teller) -> bool:
    """Say why dbt did not run, where it has not said so itself; returns that it did not."""
    if outcome.exception is not None and not teller.has_told_an_error:
        teller.say(f"{type(outcome.exception).__name__}: {outcome.exception}")
    return False


def main() -> int:
    """Wait for the order and carry it out; returns the exit status."""
    import dbt.cli.main  # noqa: F401 - takes seconds, and there is time now

    line = sys.stdin.readline()
    if not line:  # nobody needs us any more
        return 0
    order = json.loads(line)
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    target = Path(order["environment"]["DBT_TARGET_PATH"])
    return 0 if carry_out(order["arguments"], target, Teller()) else 1


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    sys.exit(main())
