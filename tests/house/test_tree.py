"""The tree: every room where a newcomer looks for it, and nothing in it that names one machine."""

import re
import subprocess
from pathlib import Path

import pytest

from lead_handoff import settings
from lead_handoff.local.airflow_home import TELEMETRY_OFF
from tests.conftest import LONGEST_FIRST, SHARED_BUILDS

ROOT = settings.project_root()

ROOMS = {
    *("bench", "dags", "dashboards", "dbt_project", "docker", "docs", "expectations"),
    *("plugins", "tests", "tools", ".ci"),
}
DOCUMENTS = {
    *("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml"),
    *("Dockerfile", "docker-compose.yml", "dbt-bouncer.yml"),
    *(".dockerignore", ".env.example", ".gitignore", ".importlinter"),
    *(".pre-commit-config.yaml", ".sqlfluff", ".sqlfluffignore"),
}
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|/simple\b"
    r"|--(?:extra-)?index-url|--find-links|https?://\S+\.whl"
)
PERSONAL_PATH = re.compile(r"(?<![\w$}/.~-])/(?:root|home/\w+|Users/\w+|work|opt/pypi\S*)/")


def tracked() -> list[str]:
    """Paths of the files under version control, or of all files where there is no git."""
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=False
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout: what is tracked cannot be told")
    return [path for path in listing.stdout.split("\0") if path and (ROOT / path).exists()]


def texts() -> dict[str, str]:
    """Tracked text files by path, without this one, whose patterns would find themselves."""
    found = {}
    for path in tracked():
        if path == "tests/house/test_tree.py":
            continue
        try:
            found[path] = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def test_the_top_of_the_tree_holds_known_rooms_and_documents_only() -> None:
    tops = {Path(path).parts[0] for path in tracked()}
    locks = {name for name in tops if re.fullmatch(r"requirements(-\w+)?\.(in|txt)", name)}
    assert tops - ROOMS - DOCUMENTS - locks == set()


def test_dags_are_single_files_named_as_their_dag() -> None:
    for path in tracked():
        if path.startswith("dags/") and not path.endswith(".airflowignore"):
            assert re.fullmatch(r"dags/[a-z_]+\.py", path), path
            assert not path.endswith("__init__.py")
            text = (ROOT / path).read_text(encoding="utf-8")
            assert f'dag_id="{Path(path).stem}"' in text


def test_plugins_hold_one_package_that_airflow_does_not_import_file_by_file() -> None:
    inside = {Path(path).parts[1] for path in tracked() if path.startswith("plugins/")}
    assert inside <= {"lead_handoff", "lead_handoff_ui.py", ".airflowignore"}
    ignored = (ROOT / "plugins/.airflowignore").read_text().splitlines()
    assert "lead_handoff/" in ignored


def test_no_module_is_named_so_that_dbt_or_a_reader_takes_it_for_another() -> None:
    for path in tracked():
        name = Path(path).name
        assert not re.fullmatch(r"dbt_\w+\.py", name), f"{path}: dbt imports every dbt_* module"
        assert not re.match(r"(utils|helpers|common|misc)\b", name), f"{path} says nothing"
        assert path != "dbt_project/__init__.py"


@pytest.mark.parametrize("pattern", [REGISTRY, PERSONAL_PATH], ids=["registry", "path"])
def test_no_tracked_file_names_a_package_registry_or_a_path_of_one_machine(
    pattern: re.Pattern[str],
) -> None:
    found = [
        f"{path}: {match[0]}" for path, text in texts().items() for match in pattern.finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    ["--index-url https://example.org/simple", "see /root/project/x", "open('/home/anna/data')"],
)
def test_the_patterns_find_what_they_are_for(planted: str) -> None:
    assert REGISTRY.search(planted) or PERSONAL_PATH.search(planted)


def test_no_tracked_file_looks_like_it_holds_a_secret() -> None:
    key = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b")
    assert [path for path, text in texts().items() if key.search(text)] == []
    assert ".env" not in tracked()
    assert not [path for path in tracked() if path.endswith("secrets.json")]


def test_no_library_reports_its_use_from_a_make_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name, value in TELEMETRY_OFF.items():
        assert f"export {name} := {value}\n" in makefile


def test_nothing_large_is_tracked() -> None:
    large = {path for path in tracked() if (ROOT / path).stat().st_size > 500_000}
    assert large == set()


def test_the_groups_that_share_builds_or_begin_first_are_files_that_there_are() -> None:
    shared = {
        f"tests/warehouse/marts/{name}.py" for names in SHARED_BUILDS.values() for name in names
    }
    longest = {group for group in LONGEST_FIRST if group not in SHARED_BUILDS}
    assert set(tracked()) >= shared | longest
    assert not longest & shared
