"""Fixtures for all tests: one throw-away PostgreSQL server a session, one fresh database a test."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lead_handoff import settings
from lead_handoff.local import provision, services
from lead_handoff.local.server import EmbeddedServer
from lead_handoff.warehouse.bootstrap import bootstrap

THROW_AWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
    "autovacuum": "off",
    # dbt opens a connection for each model, and stretching the password is most of what that costs.
    "scram_iterations": "1",
}
"""What a server may do without when its data is not worth a crash or a theft."""

HOME_PREFIX = "handoff-test-"

SHARED_BUILDS = {
    "history": ("test_incremental_equals_full", "test_killed_build", "test_time_travel"),
    "company": (
        "test_lead_timeline",
        "test_marts_equal_the_reference",
        "test_metrics",
        "test_order_of_rows_does_not_matter",
        "test_planted_defects",
        "test_raw_rows_are_found_by_lead",
        "test_the_comparison_has_teeth",
    ),
}
"""Files of tests/warehouse/marts that share marts which take long to build, by fixture."""

LONGEST_FIRST = (
    "company",
    "history",
    "tests/warehouse/marts/test_agreement_variants.py",
    "tests/dags/test_nights_end_to_end.py",
    "tests/warehouse/marts/test_review_record.py",
    "tests/dags/test_pulled_nights.py",
    "tests/dags/test_real_leads.py",
    "tests/warehouse/marts/test_dbt_unit_tests.py",
    "tests/warehouse/marts/test_elt_landings.py",
    "tests/warehouse/marts/test_innocent_companies.py",
)
"""Groups that take a minute or more, begun before all others that need a server: else one process
would still be at such a group when the other has nothing left to do."""
FAST = ("tests/house/", "tests/unit/", "tests/oracle/")
"""What needs no server and comes first, so that a slip is told within a minute or two."""


# The session's new seed, chosen once: several processes then name the same tests.
os.environ.setdefault("HANDOFF_SESSION_SEED", str(Random().randrange(1_000_000_000)))


def group_of(nodeid: str) -> str:
    """What stays together in one process: a file's tests, and those that share a build."""
    file = nodeid.split("::")[0]
    for fixture, names in SHARED_BUILDS.items():
        if file in {f"tests/warehouse/marts/{name}.py" for name in names}:
            return fixture
    return file


def turn_of(nodeid: str) -> int:
    """When a test has its turn where processes share the work."""
    if nodeid.startswith(FAST):
        return 0
    group = group_of(nodeid)
    rest = len(LONGEST_FIRST)
    return 1 + (LONGEST_FIRST.index(group) if group in LONGEST_FIRST else rest)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the groups into their order; within one, and in a single process, nothing moves."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: turn_of(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand tests out to processes by `group_of`.

    The library's own marks for this (`--dist loadgroup`) are ignored under pytest 9.2, see
    https://github.com/pytest-dev/pytest-xdist/issues/1386.
    """
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return GroupScheduling(config, log)


@dataclass(frozen=True)
class Warehouse:
    """A database with the warehouse's schema and no rows."""

    server: EmbeddedServer
    database: str

    def url(self, role: str = "owner") -> str:
        """libpq URL for owner, loader, transformer, analyst, or `admin` (superuser)."""
        names = settings.WAREHOUSE_ROLES | {"admin": "handoff_admin"}
        return self.server.url(names[role], self.database)


@pytest.fixture(scope="session")
def handoff_home() -> Iterator[Path]:
    """A HANDOFF_HOME for this session, deleted afterwards."""
    _sweep_abandoned_homes()
    # Not pytest's own folder: that is closed to other users, and as root the server runs as one.
    home = Path(tempfile.mkdtemp(prefix=HOME_PREFIX)).resolve()
    (home / "pid").write_text(str(os.getpid()))
    yield home
    _end(home)


@pytest.fixture
def scratch_home(handoff_home: Path) -> Iterator[Path]:
    """A HANDOFF_HOME of this test's own; whatever is started in it is stopped."""
    yield from _scratch_home(handoff_home)


@pytest.fixture(scope="module")
def module_scratch_home(handoff_home: Path) -> Iterator[Path]:
    """Like `scratch_home`, but shared by one module's tests."""
    yield from _scratch_home(handoff_home)


def _scratch_home(handoff_home: Path) -> Iterator[Path]:
    home = handoff_home / "scratch" / uuid.uuid4().hex[:12]
    home.mkdir(parents=True)
    yield home
    _end(home)


@pytest.fixture(scope="session")
def server(handoff_home: Path) -> EmbeddedServer:
    """The session's PostgreSQL server, with all roles."""
    server = EmbeddedServer(handoff_home, THROW_AWAY, report=lambda line: None)
    server.ensure_running()
    provision.ensure_roles(server)
    return server


@pytest.fixture(scope="session")
def warehouse_template(server: EmbeddedServer) -> str:
    """Name of a database with the schema applied, from which tests get their copies."""
    name = "warehouse_template"
    provision.ensure_database(server, name, settings.WAREHOUSE_ROLES["owner"])
    bootstrap(server.url(settings.WAREHOUSE_ROLES["owner"], name))
    return name


@pytest.fixture
def warehouse(
    server: EmbeddedServer, warehouse_template: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Warehouse]:
    """A fresh empty warehouse of this test's own; settings point at it too.

    One bears the name of the one before: dbt, whose parsed project holds the database's name, need
    not parse all models anew for each test.
    """
    yield from _fresh_warehouse(server, warehouse_template, monkeypatch, "test_of_its_own")


@pytest.fixture(scope="module")
def module_warehouse(server: EmbeddedServer, warehouse_template: str) -> Iterator[Warehouse]:
    """Like `warehouse`, but shared by one module's tests, for set-ups that take long."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from _fresh_warehouse(server, warehouse_template, monkeypatch)


def _fresh_warehouse(
    server: EmbeddedServer, template: str, monkeypatch: pytest.MonkeyPatch, name: str | None = None
) -> Iterator[Warehouse]:
    database = name or f"test_{uuid.uuid4().hex[:12]}"
    _drop(server, database)
    provision.ensure_database(server, database, settings.WAREHOUSE_ROLES["owner"], template)
    monkeypatch.setenv("HANDOFF_HOME", str(server.home))
    monkeypatch.setenv("HANDOFF_WAREHOUSE_DATABASE", database)
    monkeypatch.delenv("HANDOFF_WAREHOUSE_URL", raising=False)
    yield Warehouse(server, database)
    _drop(server, database)


def _drop(server: EmbeddedServer, database: str) -> None:
    import psycopg
    from psycopg import sql

    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
        )


def _sweep_abandoned_homes() -> None:
    """Stop and delete what test sessions that were killed have left behind."""
    for home in Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}*"):
        try:
            os.kill(int((home / "pid").read_text()), 0)
        except (ProcessLookupError, ValueError):
            _end(home)
        except OSError:
            continue  # being made just now, or another user's


def _end(home: Path) -> None:
    """Stop every service and server whose home is this folder or lies in it, then delete it."""
    for state in home.rglob("services.json"):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setenv("HANDOFF_HOME", str(state.parent))
            services.stop(lambda line: None)
    for state in home.rglob("postgres.json"):
        EmbeddedServer(state.parent).stop()
    shutil.rmtree(home, ignore_errors=True)
