"""Airflow's configuration for one HANDOFF_HOME, as environment variables and nothing else.

There is no airflow.cfg to edit and to go stale: every process of ours that runs Airflow gets its
settings from `airflow_env`, so the tests, `make demo` and `make up` run the same configuration.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lead_handoff import settings
from lead_handoff.errors import HandoffError
from lead_handoff.local import ports
from lead_handoff.local.files import exclusive, read_json, write_json
from lead_handoff.local.provision import AIRFLOW_DATABASE, AIRFLOW_ROLE
from lead_handoff.local.secrets import ensure_secrets

ADMIN_USER = "admin"

TELEMETRY_OFF: Final = {
    # Each of these libraries reports its use to its makers unless told not to.
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    "GX_ANALYTICS_ENABLED": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "SCARF_ANALYTICS": "false",
    "DO_NOT_TRACK": "1",
}


class AirflowHomeError(HandoffError):
    """Airflow's metadata database cannot be prepared."""


def airflow_home() -> Path:
    """Airflow's own folder: logs and the password file."""
    return settings.home() / "airflow"


def airflow_env() -> dict[str, str]:
    """Environment variables under which Airflow runs on this machine.

    To be laid over the present environment before airflow is first imported, or given to a child
    process. Needs the embedded server to have been started once (`provision.ensure_running`).

    Raises:
        SettingError: the embedded server has never been started in this HANDOFF_HOME.
    """
    secrets = ensure_secrets(settings.home())
    root = settings.project_root()
    home = airflow_home()
    metadata = settings.embedded_url(AIRFLOW_ROLE, AIRFLOW_DATABASE).removeprefix("postgresql://")
    address = f"http://{ports.LOOPBACK}:{api_port()}"
    plugins = str(root / "plugins")
    python_path = [plugins, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    variables = {
        "CORE__DAGS_FOLDER": str(root / "dags"),
        "CORE__PLUGINS_FOLDER": plugins,
        "CORE__EXECUTOR": "LocalExecutor",
        # Two cores: more tasks at once only wait for each other.
        "CORE__PARALLELISM": "4",
        "CORE__LOAD_EXAMPLES": "False",
        # A DAG seen for the first time is live; pausing one is the user's decision and stays.
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__DEFAULT_TIMEZONE": "utc",
        "CORE__FERNET_KEY": secrets["airflow_fernet_key"],
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN_USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        # Asking the name server for our own name may hang on a machine without a network.
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{metadata}",
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+asyncpg://{metadata}",
        "API__HOST": ports.LOOPBACK,
        "API__PORT": str(api_port()),
        "API__BASE_URL": address,
        "API__WORKERS": "1",
        "API__SECRET_KEY": secrets["airflow_api_secret"],
        "API__INSTANCE_NAME": "lead handoff",
        "API_AUTH__JWT_SECRET": secrets["airflow_jwt_secret"],
        "SCHEDULER__CATCHUP_BY_DEFAULT": "False",
        "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(home / "logs" / "dag_processor"),
        "LOGGING__COLORED_CONSOLE_LOG": "False",
        # Task logs may name rows; they are for the user who runs the pipeline.
        "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
        "METRICS__STATSD_ON": "False",
        "TRACES__OTEL_ON": "False",
    }
    return {
        **{f"AIRFLOW__{name}": value for name, value in variables.items()},
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, python_path))),
        "HANDOFF_HOME": str(settings.home()),
        **TELEMETRY_OFF,
    }


def api_port() -> int:
    """The port of Airflow's API server and UI, chosen once for a home and remembered."""
    return _remembered_port() or remember_port(ports.choose())


def remember_port(port: int) -> int:
    """Note the port that the API server is to use from now on."""
    write_json(settings.home() / "airflow.json", {"port": port})
    return port


def ensure_metadata(report: Callable[[str], None] = print) -> None:
    """Have Airflow's home folder and an up-to-date metadata database; quick when nothing is to do.

    Raises:
        AirflowHomeError: with the end of what Airflow's migration said.
    """
    home = airflow_home()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(settings.home() / ".airflow.lock"):
        password = ensure_secrets(settings.home())["airflow_admin"]
        if read_json(home / "passwords.json") != {ADMIN_USER: password}:
            write_json(home / "passwords.json", {ADMIN_USER: password}, mode=0o600)
        wanted = {"airflow": _airflow_version(), "revision": _database_revision()}
        if wanted["revision"] and read_json(home / "metadata.json") == wanted:
            return
        report("preparing Airflow's metadata database")
        outcome = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "airflow", "db", "migrate"],
            env=os.environ | airflow_env(),
            capture_output=True,
            text=True,
            check=False,
        )
        if outcome.returncode != 0:
            ending = "\n".join((outcome.stdout + outcome.stderr).splitlines()[-15:])
            raise AirflowHomeError(f"`airflow db migrate` failed:\n{ending}")
        write_json(home / "metadata.json", wanted | {"revision": _database_revision()})


@contextmanager
def applied_airflow_env() -> Iterator[None]:
    """Lay Airflow's variables over this process's environment for a while."""
    before = dict(os.environ)
    os.environ.update(airflow_env())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _remembered_port() -> int | None:
    port: int | None = read_json(settings.home() / "airflow.json").get("port")
    return port


def _airflow_version() -> str:
    from importlib.metadata import version

    return version("apache-airflow-core")


def _database_revision() -> str | None:
    """The metadata schema's revision as the database states it; None when it is empty."""
    import psycopg

    with psycopg.connect(settings.embedded_url(AIRFLOW_ROLE, AIRFLOW_DATABASE)) as connection:
        found = connection.execute("select to_regclass('public.alembic_version')").fetchone()
        if found is None or found[0] is None:
            return None
        rows = connection.execute("select version_num from alembic_version order by 1").fetchall()
    return json.dumps([version for (version,) in rows]) if rows else None
