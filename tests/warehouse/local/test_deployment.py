"""What the production shape runs before its services, run here with the same settings."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from lead_handoff import settings
from lead_handoff.local import provision
from lead_handoff.local.secrets import ensure_secrets
from lead_handoff.local.server import EmbeddedServer
from tests.house.compose import compose_file, filled_in

ROOT = settings.project_root()


@pytest.fixture(scope="module")
def deployment(module_scratch_home: Path) -> tuple[EmbeddedServer, dict[str, str]]:
    """A server for both databases, and the container's environment put on this machine."""
    home = module_scratch_home
    server = EmbeddedServer(home, {"fsync": "off"}, report=lambda line: None)
    server.ensure_running()
    provision.ensure_roles(server)
    provision.ensure_database(server, "airflow", "airflow")
    provision.ensure_database(server, "warehouse", "handoff_admin")
    secrets = ensure_secrets(home)
    variables = {
        "HANDOFF_EXTRACTS": str(home / "extracts"),
        "REDIS_PASSWORD": "unused-here",
        "WAREHOUSE_ADMIN_PASSWORD": secrets["handoff_admin"],
        "AIRFLOW_DATABASE_PASSWORD": secrets["airflow"],
        "AIRFLOW_ADMIN_PASSWORD": "first-password",
        "AIRFLOW_FERNET_KEY": secrets["airflow_fernet_key"],
        "AIRFLOW_API_SECRET": secrets["airflow_api_secret"],
        "AIRFLOW_JWT_SECRET": secrets["airflow_jwt_secret"],
        **{f"WAREHOUSE_{role.upper()}_PASSWORD": f"pw-{role}" for role in settings.WAREHOUSE_ROLES},
    }
    environment = filled_in(compose_file(), variables)["services"]["prepare"]["environment"]
    here = {
        "@warehouse:5432": f"@127.0.0.1:{server.port}",
        "@metadata:5432": f"@127.0.0.1:{server.port}",
        "/var/lib/lead-handoff": str(home),
        "/opt/lead-handoff": str(ROOT),
    }
    for name, value in environment.items():
        for theirs, ours in here.items():
            value = value.replace(theirs, ours)
        environment[name] = value
    return server, environment


def prepare(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    bare = {name: os.environ[name] for name in ("PATH",)}
    return subprocess.run(
        [sys.executable, ROOT / "docker" / "prepare.py"],
        env=bare | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_deployment_is_prepared_and_may_be_prepared_again(
    deployment: tuple[EmbeddedServer, dict[str, str]],
) -> None:
    server, environment = deployment
    for attempt in ("first", "second"):
        outcome = prepare(environment)
        assert outcome.returncode == 0, f"{attempt}: {outcome.stdout}\n{outcome.stderr}"

    for role, name in settings.WAREHOUSE_ROLES.items():
        url = environment[f"HANDOFF_WAREHOUSE_URL_{role.upper()}"]
        with psycopg.connect(url) as connection:
            assert connection.execute("select current_user").fetchone() == (name,)
    with psycopg.connect(server.url(database="warehouse")) as connection:
        owned = connection.execute(
            "select pg_get_userbyid(datdba), to_regclass('ops.loads') is not null"
            " from pg_database where datname = 'warehouse'"
        ).fetchone()
        assert owned == ("handoff_owner", True)
    with psycopg.connect(server.url(database="airflow")) as connection:
        users = connection.execute(
            "select u.username, r.name from ab_user u join ab_user_role ur on ur.user_id = u.id"
            " join ab_role r on r.id = ur.role_id"
        ).fetchall()
        assert users == [("admin", "Admin")]


def test_no_password_shows_in_what_preparing_says(
    deployment: tuple[EmbeddedServer, dict[str, str]],
) -> None:
    _, environment = deployment
    outcome = prepare(
        environment | {"HANDOFF_WAREHOUSE_ADMIN_URL": "postgresql://x:canary@127.0.0.1:1/y"}
    )
    assert outcome.returncode == 1
    assert "the warehouse could not be prepared" in outcome.stderr
    assert "canary" not in outcome.stderr + outcome.stdout
