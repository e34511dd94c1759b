"""The production shape is valid, closed, and runs what the tests run."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lead_handoff import settings
from lead_handoff.local.airflow_home import TELEMETRY_OFF, airflow_env
from lead_handoff.local.server import EmbeddedServer
from tests.house.compose import MissingVariableError, compose_file, filled_in

ROOT = settings.project_root()
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
VARIABLES = {
    name: f"value-of-{name.lower()}" for name in re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE)
}
COMPOSE = compose_file()
FILLED = filled_in(COMPOSE, VARIABLES)
SERVICES: dict[str, dict[str, Any]] = FILLED["services"]
AIRFLOW_SERVICES = {name: service for name, service in SERVICES.items() if "build" in service}
LONG_RUNNING = {name for name, service in SERVICES.items() if service.get("restart") != "no"}


def image_folder(path: str) -> Path:
    """What stands in the checkout where the container sees the path."""
    for mount in AIRFLOW_SERVICES["scheduler"]["volumes"]:
        source, target, *_ = mount.split(":")
        if source.startswith("./") and (path == target or path.startswith(f"{target}/")):
            return Path(ROOT, source, path[len(target) :].lstrip("/"))
    raise AssertionError(f"nothing of the checkout is mounted at {path}")


def test_it_follows_the_compose_specification() -> None:
    schema = json.loads(
        (ROOT / "tests/recorded/compose-spec/compose-spec.json").read_text(encoding="utf-8")
    )
    for content in (COMPOSE, FILLED):
        errors = [
            f"{'/'.join(map(str, error.path))}: {error.message}"
            for error in Draft202012Validator(schema).iter_errors(content)
        ]
        assert errors == []


def test_the_schema_refuses_a_service_with_a_misspelt_key() -> None:
    schema = json.loads(
        (ROOT / "tests/recorded/compose-spec/compose-spec.json").read_text(encoding="utf-8")
    )
    broken = {"services": {"a": {"image": "b", "restrat": "no"}}}
    assert list(Draft202012Validator(schema).iter_errors(broken))


def test_it_holds_the_services_of_the_production_shape() -> None:
    assert set(SERVICES) == {
        *("warehouse", "metadata", "prepare"),
        *("api-server", "scheduler", "dag-processor", "triggerer"),
        *("worker", "redis"),
    }
    profiles = {name: service.get("profiles") for name, service in SERVICES.items()}
    assert {name for name, value in profiles.items() if value == ["celery"]} == {"worker", "redis"}
    assert all(value in (None, ["celery"]) for value in profiles.values())


@pytest.mark.parametrize("name", sorted(VARIABLES.keys() - {"HANDOFF_AGREEMENT"}))
def test_no_secret_has_a_default(name: str) -> None:
    without = {key: value for key, value in VARIABLES.items() if key != name}
    with pytest.raises(MissingVariableError, match=name):
        filled_in(COMPOSE, without)


def test_the_example_of_settings_names_every_variable_and_gives_no_value() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert used - named == {"LEAD_HANDOFF_TAG", "AIRFLOW_PARALLELISM"}
    assert not re.findall(r"^[A-Z_]+=\S+", EXAMPLE, re.MULTILINE)


def test_passwords_stand_only_where_a_variable_puts_them() -> None:
    for name, service in COMPOSE["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|URL", variable) and "@" in str(value):
                assert re.search(r":\$\{\w+:\?[^}]*\}@", value), f"{name}: {variable}"
            elif re.search("PASSWORD|SECRET|FERNET", variable):
                assert re.fullmatch(r"\$\{\w+:\?[^}]*\}", value), f"{name}: {variable}"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_closed(name: str) -> None:
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert service["user"].split(":")[0] not in ("root", "0")
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert "privileged" not in service
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert not any("docker.sock" in mount for mount in service.get("volumes", []))
    if name in LONG_RUNNING:
        assert service["restart"] == "unless-stopped"
        assert "test" in service["healthcheck"]
    code = [mount for mount in service.get("volumes", []) if mount.startswith("./")]
    assert all(mount.endswith(":ro") for mount in code)


def test_images_have_exact_versions_and_can_be_pinned_by_digest() -> None:
    for name, service in SERVICES.items():
        tag = service["image"].rpartition(":")[2]
        assert tag == "local" if "build" in service else re.match(r"\d+\.\d+", tag), name
        if "build" not in service:
            assert re.fullmatch(r"\$\{\w+_IMAGE:-[^}]+\}", COMPOSE["services"][name]["image"])
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.\d+\.\d+-slim-\w+$", dockerfile, re.MULTILINE)


def test_the_database_image_is_the_version_that_the_tests_run(tmp_path: Path) -> None:
    binary = EmbeddedServer(tmp_path).binaries / "postgres"
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    ours = re.search(r"\d+\.\d+", version.stdout)
    assert ours is not None
    for name in ("warehouse", "metadata"):
        assert SERVICES[name]["image"].startswith(f"postgres:{ours[0]}-")


def test_the_image_installs_the_locks_that_the_tests_run_with() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes" in dockerfile
    assert "-r requirements.txt -r requirements-celery.txt" in dockerfile
    base, extra = (_locked(ROOT / name) for name in ("requirements.txt", "requirements-celery.txt"))
    assert {name: extra[name] for name in base.keys() & extra.keys()} == {
        name: base[name] for name in base.keys() & extra.keys()
    }
    assert {"apache-airflow-providers-celery", "redis"} <= extra.keys()


def _locked(path: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([a-z0-9-]+)(?:\[.*\])?==([^ ;\\]+)", path.read_text(), re.M
    ):
        found.setdefault(name, set()).add(version)
    return found


def test_all_airflow_services_share_image_mounts_and_settings() -> None:
    shared = ("image", "build", "volumes", "user", "networks")
    scheduler = AIRFLOW_SERVICES["scheduler"]
    for name, service in AIRFLOW_SERVICES.items():
        assert {key: service[key] for key in shared} == {key: scheduler[key] for key in shared}
        own = service["environment"].keys() - scheduler["environment"].keys()
        expected = {"HANDOFF_WAREHOUSE_ADMIN_URL", "AIRFLOW_ADMIN_PASSWORD"}
        assert own == (expected if name == "prepare" else set())


def test_the_containers_see_the_dags_and_the_package_that_the_tests_run(
    handoff_home: Path, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_HOME", str(handoff_home))
    ours, theirs = airflow_env(), AIRFLOW_SERVICES["scheduler"]["environment"]
    for variable in ("AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__PLUGINS_FOLDER"):
        assert image_folder(theirs[variable]) == Path(ours[variable])
    assert image_folder(theirs["PYTHONPATH"]) == ROOT / "plugins"
    for folder in ("dags", "plugins", "dbt_project", "expectations", "docker"):
        assert image_folder(f"/opt/lead-handoff/{folder}") == ROOT / folder
        assert f"COPY {folder} {folder}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_containers_have_the_settings_that_the_tests_run_with(
    handoff_home: Path, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_HOME", str(handoff_home))
    ours, theirs = airflow_env(), AIRFLOW_SERVICES["scheduler"]["environment"]
    # Locally one user with a generated password; in production users and roles.
    local_only = {name for name in ours if "SIMPLE_AUTH_MANAGER" in name}
    production_only = {
        "AIRFLOW__CORE__AUTH_MANAGER",
        "AIRFLOW__CELERY__BROKER_URL",
        "AIRFLOW__CELERY__RESULT_BACKEND",
        "HANDOFF_EXTRACTS",
        "HANDOFF_AGREEMENT",
        "HANDOFF_JUDGING",
        "HANDOFF_ELT_LANDINGS",
        "HANDOFF_SCHEDULE_ZONE",
        "HANDOFF_REVIEW_ANSWER_DAYS",
        "HANDOFF_REVIEW_CHAIR",
        "HANDOFF_REVIEW_DELIVERY",
        "HANDOFF_WAREHOUSE_URL",
        *(f"HANDOFF_WAREHOUSE_URL_{role.upper()}" for role in settings.WAREHOUSE_ROLES),
    }
    assert ours.keys() - theirs.keys() == local_only
    assert theirs.keys() - ours.keys() == production_only
    differing = {name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]}
    assert {name for name in differing if not re.search("SECRET|FERNET|CONN|FOLDER|DIR", name)} == {
        "AIRFLOW_HOME",
        "HANDOFF_HOME",
        "PYTHONPATH",
        "AIRFLOW__API__BASE_URL",
        "AIRFLOW__API__HOST",
        "AIRFLOW__API__PORT",
        "AIRFLOW__API__WORKERS",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
        "AIRFLOW__CORE__PARALLELISM",
    }
    assert TELEMETRY_OFF.items() <= theirs.items()


def test_the_commands_are_ones_this_airflow_knows() -> None:
    from airflow.cli.cli_config import core_commands

    known = {command.name for command in core_commands} | {"celery"}
    for name in AIRFLOW_SERVICES.keys() - {"prepare"}:
        program, command, *_ = AIRFLOW_SERVICES[name]["command"]
        assert program == "airflow"
        assert command in known
    script = AIRFLOW_SERVICES["prepare"]["command"][1]
    assert image_folder(f"/opt/lead-handoff/{script}").is_file()
