"""Commands for the local services; the Makefile's targets call them.

Progress goes to standard error, so that standard output holds the answer and nothing else.
"""

import argparse
import os
import sys
from urllib.parse import unquote, urlsplit

from lead_handoff import settings
from lead_handoff.errors import HandoffError
from lead_handoff.local import airflow_home, provision, services
from lead_handoff.local.secrets import ensure_secrets
from lead_handoff.local.server import embedded_server


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lead_handoff.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="start the embedded PostgreSQL")
    commands.add_parser("up", help="start PostgreSQL and Airflow with its UI")
    commands.add_parser("down", help="stop Airflow and PostgreSQL")
    for name, text in (("url", "print the warehouse's DSN"), ("psql", "open psql on it")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--role", default="owner", choices=settings.WAREHOUSE_ROLES)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "down":
            down()
            return 0
        provision.ensure_running(_report)
        if chosen.command == "up":
            up()
        elif chosen.command == "url":
            print(settings.warehouse_url(chosen.role))
        elif chosen.command == "psql":
            psql(chosen.role)
    except HandoffError as error:
        _report(f"error: {error}")
        return 1
    return 0


def up() -> None:
    """Start all of Airflow and say how to get in."""
    airflow_home.ensure_metadata(_report)
    address = services.start(_report)
    password = ensure_secrets(settings.home())["airflow_admin"]
    print(f"Airflow:   {address}")
    print(f"user:      {airflow_home.ADMIN_USER}")
    print(f"password:  {password}")
    print("stop with: make down")


def down() -> None:
    """Stop all of Airflow, then the server."""
    stopped = services.stop(_report)
    stopped = embedded_server(_report).stop() or stopped
    _report("stopped" if stopped else "nothing was running")


def psql(role: str) -> None:
    """Become psql. Its password goes by the environment: arguments show in the process list."""
    parts = urlsplit(settings.warehouse_url(role))
    user = unquote(parts.username or "")
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    environment = os.environ | {"PGUSER": user, "PGPASSWORD": unquote(parts.password or "")}
    program = embedded_server().binaries / "psql"
    os.execve(program, [str(program), address], environment)  # noqa: S606 (no shell)


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
