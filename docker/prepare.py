"""Bring both databases of a deployment to the state the services expect; then end.

Runs before every start of the services and may run any number of times: it creates the warehouse's
roles (or gives them the passwords of the environment), applies the warehouse's schema, migrates
Airflow's metadata and makes Airflow's first user.
"""

import os
import subprocess
import sys
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from lead_handoff import settings
from lead_handoff.errors import HandoffError
from lead_handoff.warehouse.bootstrap import bootstrap, ensure_roles


def main() -> int:
    """Prepare all of it; returns the exit status."""
    try:
        prepare_warehouse()
    except (HandoffError, psycopg.Error) as error:
        print(f"error: the warehouse could not be prepared: {error}", file=sys.stderr)
        return 1
    return prepare_airflow()


def prepare_warehouse() -> None:
    """Roles, ownership and schema."""
    admin_url = os.environ["HANDOFF_WAREHOUSE_ADMIN_URL"]
    urls = [urlsplit(settings.warehouse_url(role)) for role in settings.WAREHOUSE_ROLES]
    ensure_roles(
        admin_url, {unquote(url.username or ""): unquote(url.password or "") for url in urls}
    )
    owner = urlsplit(settings.warehouse_url("owner"))
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("alter database {} owner to {}").format(
                sql.Identifier(owner.path.lstrip("/")),
                sql.Identifier(unquote(owner.username or "")),
            )
        )
    changed = bootstrap(settings.warehouse_url("owner"), roles=True)
    print("the warehouse's schema is", "brought up to date" if changed else "up to date")


def prepare_airflow() -> int:
    """Metadata and the first user; a user that exists keeps password and role."""
    migration = subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=False)
    if migration.returncode != 0:
        return migration.returncode
    password = os.environ["AIRFLOW_ADMIN_PASSWORD"]
    user = subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-m", "airflow", "users", "create"),
            *("--username", "admin", "--firstname", "Airflow", "--lastname", "Admin"),
            *("--role", "Admin", "--email", "admin@localhost"),
        ],
        # By standard input: an argument would show in the process list.
        input=f"{password}\n{password}\n",
        text=True,
        check=False,
    )
    return user.returncode


if __name__ == "__main__":
    sys.exit(main())
