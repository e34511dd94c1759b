"""The embedded server, on a home of its own: it starts from any state it can be left in."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from lead_handoff.local import ports
from lead_handoff.local.server import EmbeddedServer, ServerError

QUICK = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "20"}


@pytest.fixture
def home(scratch_home: Path) -> Path:
    # A deep folder below one that is closed to others, as a home directory is.
    scratch_home.chmod(0o700)
    return scratch_home / ("deep-" * 10) / ("deeper-" * 10) / "state"


@pytest.fixture
def server(home: Path) -> EmbeddedServer:
    server = EmbeddedServer(home, QUICK, report=lambda line: None)
    server.ensure_running()
    return server


def answer(server: EmbeddedServer, query: str) -> str:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])


def postmaster(server: EmbeddedServer) -> int:
    return int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])


def test_it_listens_on_loopback_alone_and_asks_for_passwords(server: EmbeddedServer) -> None:
    assert answer(server, "show listen_addresses") == "127.0.0.1"
    assert answer(server, "show unix_socket_directories") == ""
    assert answer(server, "show password_encryption") == "scram-sha-256"
    assert answer(server, "show timezone") == "UTC"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url().replace("handoff_admin:", "handoff_admin:wrong"))
    methods = answer(server, "select string_agg(distinct auth_method, ',') from pg_hba_file_rules")
    assert methods == "scram-sha-256"


def test_a_second_start_changes_nothing(server: EmbeddedServer) -> None:
    before = postmaster(server), server.port
    server.ensure_running()
    assert (postmaster(server), server.port) == before


def test_it_outlives_the_process_that_started_it(home: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from lead_handoff.local.server import EmbeddedServer\n"
        f"EmbeddedServer(Path(sys.argv[1]), {QUICK!r}).ensure_running()"
    )
    subprocess.run([sys.executable, "-c", script, str(home)], check=True, env=_with_plugins())
    assert EmbeddedServer(home).is_running()


def test_the_port_stays_over_a_restart_and_changes_when_it_is_taken(server: EmbeddedServer) -> None:
    port = server.port
    assert port is not None
    assert server.stop()
    server.ensure_running()
    assert server.port == port
    server.stop()
    with socket.create_server((ports.LOOPBACK, port)):
        server.ensure_running()
    assert server.port != port
    assert answer(server, "select 1") == "1"


def test_stopping_twice_is_no_error(server: EmbeddedServer) -> None:
    assert server.stop()
    assert not server.stop()


def test_it_recovers_after_being_killed_under_load(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create table kept as select 1 as one")
    busy = psycopg.connect(server.url(), autocommit=True)
    busy.execute("select set_config('application_name', 'busy', false)")
    os.kill(postmaster(server), signal.SIGKILL)
    server.ensure_running()
    assert answer(server, "select one from kept") == "1"


def test_a_process_id_taken_over_by_another_program_is_not_mistaken_for_the_server(
    server: EmbeddedServer,
) -> None:
    server.stop()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (server.data_dir / "postmaster.pid").write_text(
            f"{stranger.pid}\n{server.data_dir}\n{int(time.time())}\n{server.port}\n\n127.0.0.1\n"
        )
        assert not server.is_running()
        server.ensure_running()
        assert answer(server, "select 1") == "1"
        assert stranger.poll() is None, "the stranger is left alone"
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_creation_is_begun_anew(home: Path) -> None:
    half = home / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedServer(home, QUICK, report=lambda line: None)
    server.ensure_running()
    assert answer(server, "select 1") == "1"


def test_many_starts_at_once_make_one_server(home: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from lead_handoff.local.server import EmbeddedServer\n"
        f"EmbeddedServer(Path(sys.argv[1]), {QUICK!r}).ensure_running()"
    )
    starts = [
        subprocess.Popen([sys.executable, "-c", script, str(home)], env=_with_plugins())
        for _ in range(4)
    ]
    assert [start.wait(timeout=60) for start in starts] == [0, 0, 0, 0]
    assert answer(EmbeddedServer(home), "select 1") == "1"


def test_two_homes_run_side_by_side(server: EmbeddedServer, home: Path) -> None:
    other = EmbeddedServer(home.with_name("other"), QUICK, report=lambda line: None)
    other.ensure_running()
    try:
        assert other.port != server.port
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url().replace(f":{server.port}/", f":{other.port}/"))
    finally:
        other.stop()


def test_a_server_that_cannot_start_says_what_its_log_says(home: Path) -> None:
    server = EmbeddedServer(home, QUICK | {"shared_buffers": "lots"}, report=lambda line: None)
    with pytest.raises(ServerError, match="shared_buffers"):
        server.ensure_running()


def test_errors_do_not_write_rows_to_the_log(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create table people (email text primary key)")
        connection.execute("insert into people values ('canary@example.com')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into people values ('canary@example.com')")
        with (
            pytest.raises(psycopg.errors.BadCopyFileFormat),
            connection.cursor().copy("copy people from stdin") as copy,
        ):
            copy.write("canary@example.com\ttoo\tmany\n")
    log = server.log_file.read_text()
    assert "ERROR" in log, "errors themselves are logged"
    assert "canary" not in log


def _with_plugins() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3] / "plugins")}
