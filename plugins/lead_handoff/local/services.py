"""Airflow's four services as background processes of this machine: start, watch, stop.

State is one file, ``services.json`` in HANDOFF_HOME: ``services`` maps a name to process id and
start time of the process, since an id alone may belong to another program by now; ``settings`` is a
hash of the environment they were started under.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lead_handoff import settings
from lead_handoff.errors import HandoffError
from lead_handoff.local import airflow_home, ports
from lead_handoff.local.files import exclusive, read_json, write_json
from lead_handoff.local.processes import lives, wait_until_gone

if TYPE_CHECKING:
    import psutil

SERVICES: Final = {
    "api-server": ["api-server"],
    # Logs are read from the shared folder; the log servers would listen on every interface.
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}

HEALTHY_SECONDS = 180
STOP_SECONDS = 30


class ServiceError(HandoffError):
    """A service of Airflow does not start; the message names its log."""


def start(report: Callable[[str], None] = print) -> str:
    """Start what does not run yet and wait until all of it is healthy. Returns the UI's address.

    Expects the embedded server and the metadata database to be ready.

    Raises:
        ServiceError: a service ended, or is not healthy within three minutes.
    """
    with exclusive(settings.home() / ".services.lock"):
        running = _running()
        _end_orphans()
        if "api-server" not in running and not ports.is_free(airflow_home.api_port()):
            # Tasks find the API server by its address, so all services move to the new port.
            _stop(running, report)
            running = {}
            airflow_home.remember_port(ports.choose())
        environment = os.environ | airflow_home.airflow_env()
        if running and read_json(_state_file()).get("settings") != _settings_hash(environment):
            report("settings have changed: starting Airflow anew")
            _stop(running, report)
            running = {}
        for name, arguments in SERVICES.items():
            if name not in running:
                report(f"starting Airflow's {name}")
                running[name] = _spawn(name, arguments, environment)
                _remember(running, environment)
        _wait_until_healthy(running, report)
    return f"http://{ports.LOOPBACK}:{airflow_home.api_port()}"


def stop(report: Callable[[str], None] = print) -> bool:
    """Stop all services. Returns False if none ran."""
    if not settings.home().exists():
        return False
    with exclusive(settings.home() / ".services.lock"):
        running = _running()
        _end_orphans()
        _stop(running, report)
    return bool(running)


def running_services() -> list[str]:
    """Names of the services that run now."""
    return list(_running())


def log_file(name: str) -> Path:
    """What a service has written since its last start."""
    return airflow_home.airflow_home() / "logs" / f"{name}.log"


def _state_file() -> Path:
    return settings.home() / "services.json"


def _spawn(name: str, arguments: list[str], environment: dict[str, str]) -> "psutil.Process":
    import psutil

    log_file(name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log_file(name).open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "airflow", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=airflow_home.airflow_home(),
            # Its own process group: it outlives this command and is stopped with its children.
            start_new_session=True,
        )
    return psutil.Process(child.pid)


def _settings_hash(environment: dict[str, str]) -> str:
    """What of the environment a running service would have to be restarted for."""
    ours = {
        name: value
        for name, value in environment.items()
        if name.startswith(("AIRFLOW__", "HANDOFF_")) or name == "PYTHONPATH"
    }
    return hashlib.sha256(json.dumps(ours, sort_keys=True).encode()).hexdigest()


def _remember(running: "dict[str, psutil.Process]", environment: dict[str, str]) -> None:
    write_json(
        _state_file(),
        {
            "settings": _settings_hash(environment),
            "services": {
                name: {"pid": process.pid, "started": process.create_time()}
                for name, process in running.items()
            },
        },
    )


def _remembered() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = read_json(_state_file()).get("services", {})
    return services


def _running() -> "dict[str, psutil.Process]":
    import psutil

    found = {}
    for name, known in _remembered().items():
        try:
            process = psutil.Process(known["pid"])
            if abs(process.create_time() - known["started"]) < 1 and lives(process):
                found[name] = process
        except psutil.Error:
            continue
    return found


def _end_orphans() -> None:
    """End what is left of services that were killed: their workers live on without them."""
    import psutil

    for known in _remembered().values():
        # A group keeps its number while it has a member. If that number is a living process's, the
        # process is the service itself or a stranger: neither is an orphan.
        with suppress(psutil.NoSuchProcess):
            if lives(psutil.Process(known["pid"])):
                continue
        with suppress(ProcessLookupError):
            os.killpg(known["pid"], signal.SIGKILL)


def _stop(running: "dict[str, psutil.Process]", report: Callable[[str], None]) -> None:
    import psutil

    server = running.get("api-server")
    families: list[psutil.Process] = []
    for name, process in running.items():
        report(f"stopping Airflow's {name}")
        with suppress(psutil.NoSuchProcess):
            families += [process, *process.children(recursive=True)]
            if process is not server:
                process.terminate()
    # Tasks that are just ending report to the API server, so it goes last; it holds no state and
    # takes long to end by itself, so it is not asked.
    workers = [process for process in families if process is not server]
    wait_until_gone(workers, STOP_SECONDS)
    for process in families:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_until_gone(families, seconds=5)
    _state_file().unlink(missing_ok=True)


def _wait_until_healthy(
    running: "dict[str, psutil.Process]", report: Callable[[str], None]
) -> None:
    started = time.monotonic()
    waiting_for: set[str] = set()
    while time.monotonic() - started < HEALTHY_SECONDS:
        gone = [name for name in running if name not in _running()]
        if gone:
            _stop(_running(), report)
            raise ServiceError(
                f"Airflow's {gone[0]} ended while starting; {log_file(gone[0])} ends with:\n"
                + _tail(log_file(gone[0]))
            )
        unhealthy = _unhealthy(running)
        if not unhealthy:
            return
        if unhealthy != waiting_for:
            waiting_for = unhealthy
            report(f"waiting for {', '.join(sorted(waiting_for))}")
        time.sleep(0.5)
    raise ServiceError(
        f"not healthy after {HEALTHY_SECONDS} seconds: {', '.join(sorted(waiting_for))};"
        f" see the logs in {log_file('scheduler').parent}"
    )


def _unhealthy(running: "dict[str, psutil.Process]") -> set[str]:
    """Names of the parts that Airflow's own health page does not call healthy.

    The page calls a killed service healthy for another half minute, so a heartbeat counts only if
    it is younger than the process.
    """
    address = f"http://{ports.LOOPBACK}:{airflow_home.api_port()}/api/v2/monitor/health"
    try:
        # Straight to loopback: a proxy of the user's environment cannot reach it.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=5) as response:
            health: dict[str, Any] = json.load(response)
    except (urllib.error.URLError, OSError, ValueError):
        return {"api-server"}
    unhealthy = set()
    for name, process in running.items():
        if name == "api-server":
            continue  # it is what has just answered
        key = name.replace("-", "_")
        state = health.get(key) or {}
        heartbeat = state.get(f"latest_{key}_heartbeat")
        alive = heartbeat and (
            datetime.fromisoformat(heartbeat).timestamp() > process.create_time()
        )
        if state.get("status") != "healthy" or not alive:
            unhealthy.add(name)
    return unhealthy


def _tail(path: Path) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-15:])
    except OSError as error:
        return f"(no log: {error})"
