"""`make up` and `make down`, for real, on a home of their own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from lead_handoff import settings
from lead_handoff.local.server import EmbeddedServer

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def local(home: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "lead_handoff.local", command],
        env=os.environ
        | {"HANDOFF_HOME": str(home), "PYTHONPATH": str(settings.project_root() / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )


def state(home: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((home / f"{name}.json").read_text())
    return content


def call(home: Path, path: str, body: dict[str, str] | None = None, token: str = "") -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{state(home, 'airflow')['port']}{path}",
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with DIRECT.open(request, timeout=20) as response:
        return json.load(response)


@pytest.mark.slow
def test_airflow_comes_up_lets_its_user_in_survives_a_kill_and_goes_down(
    scratch_home: Path,
) -> None:
    home = scratch_home
    up = local(home, "up")
    assert up.returncode == 0, up.stderr
    secrets = state(home, "secrets")
    password = secrets["airflow_admin"]
    assert f"password:  {password}" in up.stdout
    assert not [
        word for name, word in secrets.items() if name != "airflow_admin" and word in up.stdout
    ]

    with pytest.raises(urllib.error.HTTPError, match="401"):
        call(home, "/auth/token", {"username": "admin", "password": "guessed"})
    token = call(home, "/auth/token", {"username": "admin", "password": password})["access_token"]
    files = {path.stem for path in (settings.project_root() / "dags").glob("*.py")}
    deadline = time.monotonic() + 60
    dags: dict[str, bool] = {}
    while dags.keys() != files and time.monotonic() < deadline:
        time.sleep(0.5)
        listed = call(home, "/api/v2/dags", token=token)["dags"]
        dags = {dag["dag_id"]: dag["is_paused"] for dag in listed}
    assert dags == dict.fromkeys(files, False), "each file's DAG is there and not paused"
    assert call(home, "/api/v2/importErrors", token=token)["import_errors"] == []

    processes = {name: known["pid"] for name, known in state(home, "services")["services"].items()}
    assert len(processes) == 4
    family = [
        process
        for pid in processes.values()
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    ]
    listening: set[str] = set()
    arguments: list[str] = []
    for process in family:
        with suppress(psutil.NoSuchProcess):  # a parser of DAG files may have ended by now
            arguments += process.cmdline()
            listening |= {
                connection.laddr.ip
                for connection in process.net_connections()
                if connection.status == psutil.CONN_LISTEN
            }
    assert listening == {"127.0.0.1"}
    assert not [secret for secret in secrets.values() if secret in " ".join(arguments)]

    os.kill(processes["scheduler"], signal.SIGKILL)
    again = local(home, "up")
    assert again.returncode == 0, again.stderr
    after = {name: known["pid"] for name, known in state(home, "services")["services"].items()}
    assert {name for name in after if after[name] != processes[name]} == {"scheduler"}

    assert local(home, "down").returncode == 0
    assert not EmbeddedServer(home).is_running()
    assert not [pid for pid in after.values() if _lives(pid)]
    assert "nothing was running" in local(home, "down").stderr


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
