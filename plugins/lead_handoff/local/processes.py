"""Whether a process of this machine lives, and waiting for its end."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil


def lives(process: "psutil.Process") -> bool:
    """Whether the process runs.

    A zombie does not: in a container whose first process never collects its children it stays for
    ever.
    """
    import psutil

    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def wait_until_gone(
    processes: "Iterable[psutil.Process]", seconds: float
) -> "list[psutil.Process]":
    """Those of the processes that still live after so many seconds."""
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if lives(process)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    return alive


def working_in(folder: Path, name: str) -> "list[psutil.Process]":
    """The living processes of this name whose working directory is the folder."""
    import psutil

    return [
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] == name and working_dir(process) == folder and lives(process)
    ]


def working_dir(process: "psutil.Process") -> Path | None:
    """The working directory of a process, None if it is gone or somebody else's."""
    import psutil

    try:
        return Path(process.cwd())
    except psutil.Error:
        return None
