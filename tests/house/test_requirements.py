"""The supply of packages: everything locked, everything hashed, nothing that is not asked for."""

import re

import pytest

from lead_handoff import settings

ROOT = settings.project_root()
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.txt"))
ENTRY = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)(\[[\w,-]+\])?==(?P<version>[^\s;\\]+)")


def entries(lock: str) -> list[str]:
    """The requirements of a lock file, each with its continuation lines, without comments."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def test_there_is_a_lock_for_each_list_of_requirements() -> None:
    assert {name.removesuffix(".in") for name in (path.name for path in ROOT.glob("*.in"))} == {
        name.removesuffix(".txt") for name in LOCKS
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_and_hashed(lock: str) -> None:
    assert entries(lock)
    for entry in entries(lock):
        assert ENTRY.match(entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_asked_for_is_in_the_lock_at_the_version_asked_for(lock: str) -> None:
    locked: dict[str, set[str]] = {}
    for entry in entries(lock):
        match = ENTRY.match(entry)
        assert match is not None
        locked.setdefault(match["name"], set()).add(match["version"])
    wanted = (ROOT / lock).with_suffix(".in").read_text(encoding="utf-8")
    for line in wanted.splitlines():
        line = line.partition("#")[0].strip()
        if not line or line.startswith("-"):
            continue
        name, _, version = re.sub(r"\[.*\]", "", line).partition("==")
        versions = locked[re.sub(r"[-_.]+", "-", name.strip()).lower()]
        if version:
            assert versions == {version}


def test_dbt_stays_below_the_release_that_cannot_be_installed_from_hashes() -> None:
    (version,) = (
        ENTRY.match(entry)["version"]  # type: ignore[index]
        for entry in entries("requirements.txt")
        if entry.startswith("dbt-core==")
    )
    assert tuple(map(int, version.split(".")[:2])) < (1, 12)
    assert "below" in (ROOT / "requirements.in").read_text(encoding="utf-8")


OVERRIDDEN = {("dbt-metricflow", "halo")}
"""Who is given another version than it asks for; pyproject.toml says why."""


def test_what_is_installed_fits_together() -> None:
    """The installers are told not to resolve anything, so nobody else looks."""
    from importlib.metadata import distributions

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    present = {canonicalize_name(one.metadata["Name"]): one for one in distributions()}
    unmet = set()
    for name, distribution in present.items():
        for text in distribution.requires or ():
            wanted = Requirement(text)
            if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
                continue
            needed = canonicalize_name(wanted.name)
            found = present.get(needed)
            if found is None or not wanted.specifier.contains(found.version, prereleases=True):
                unmet.add((str(name), str(needed)))
    assert unmet == OVERRIDDEN, "run `make setup`"


def test_what_runs_is_what_is_locked() -> None:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    differing = {}
    for entry in entries("requirements.txt"):
        match = ENTRY.match(entry)
        assert match is not None
        if ";" in entry.partition("--hash")[0]:
            continue  # for other systems or versions of Python
        try:
            found = installed(match["name"])
        except PackageNotFoundError:
            found = "missing"
        if found != match["version"]:
            differing[match["name"]] = (found, match["version"])
    assert differing == {}, "run `make setup`"
