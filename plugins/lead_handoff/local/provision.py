"""Databases and roles on the embedded server, and the warehouse's own schema in them."""

from collections.abc import Callable

from lead_handoff import settings
from lead_handoff.local.secrets import ensure_secrets
from lead_handoff.local.server import EmbeddedServer, embedded_server

AIRFLOW_ROLE = "airflow"
AIRFLOW_DATABASE = "airflow"


def ensure_running(report: Callable[[str], None] = print) -> EmbeddedServer:
    """Have the embedded server run, with both databases, all roles and the warehouse's schema.

    With a warehouse of the user's own, only its schema is brought up to date there; the embedded
    server then holds Airflow's metadata alone.

    Raises:
        ServerError: the server does not start.
        BootstrapError, psycopg.Error: a database cannot be reached or refuses the schema.
    """
    from lead_handoff.warehouse.bootstrap import bootstrap

    server = embedded_server(report)
    server.ensure_running()
    ensure_roles(server)
    ensure_database(server, AIRFLOW_DATABASE, AIRFLOW_ROLE)
    if not settings.uses_own_warehouse():
        ensure_database(server, settings.warehouse_database(), settings.WAREHOUSE_ROLES["owner"])
    bootstrap(settings.warehouse_url("owner"), roles=settings.separates_roles())
    return server


def ensure_roles(server: EmbeddedServer) -> None:
    """Create the roles that are missing, each with its generated password and no special right."""
    import psycopg

    from lead_handoff.warehouse.bootstrap import ensure_roles as create_roles

    secrets = ensure_secrets(server.home)
    wanted = {AIRFLOW_ROLE, *settings.WAREHOUSE_ROLES.values()}
    with psycopg.connect(server.url(), autocommit=True) as connection:
        present = {name for (name,) in connection.execute("select rolname from pg_roles")}
    if not wanted <= present:
        create_roles(server.url(), {role: secrets[role] for role in wanted})


def ensure_database(
    server: EmbeddedServer, database: str, owner: str, template: str = "template0"
) -> None:
    """Create a database that only its users may connect to, unless it is there."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(server.url(), autocommit=True) as connection:
        if connection.execute(
            "select 1 from pg_database where datname = %s", [database]
        ).fetchone():
            return
        name = sql.Identifier(database)
        connection.execute(
            sql.SQL("create database {} owner {} template {} strategy {}").format(
                name,
                sql.Identifier(owner),
                sql.Identifier(template),
                # Copying files needs a checkpoint: cheap only on a server that holds nothing.
                sql.Literal("wal_log" if template == "template0" else "file_copy"),
            )
        )
        # A database's own privileges are not copied from its template, so they are given here.
        connection.execute(sql.SQL("revoke all on database {} from public").format(name))
        if owner != AIRFLOW_ROLE:
            connection.execute(
                sql.SQL(
                    "grant connect on database {} to handoff_loader, handoff_transformer,"
                    " handoff_analyst"
                ).format(name)
            )
            connection.execute(
                sql.SQL(
                    "grant temporary on database {} to handoff_loader, handoff_transformer"
                ).format(name)
            )
