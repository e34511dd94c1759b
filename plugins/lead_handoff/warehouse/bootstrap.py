"""Bring a database to the state the pipeline expects: schemas, bookkeeping tables, grants.

May run any number of times, by several processes at once; a database that is already in that
state is recognised by a fingerprint and left alone.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from lead_handoff.errors import HandoffError

OWNER = "handoff_owner"
LOADER = "handoff_loader"
TRANSFORMER = "handoff_transformer"
ANALYST = "handoff_analyst"
ROLES = (OWNER, LOADER, TRANSFORMER, ANALYST)

SLOTS = ("slot_blue", "slot_green")
TRANSFORMER_SCHEMAS = (*SLOTS, "marts", "restricted")

# Any constant will do, as long as every bootstrap uses the same.
BOOTSTRAP_LOCK = 7_215_940_331

# What the marts read of the review's record: no evidence, no case tokens, no free text.
REVIEW_COLUMNS = {
    "draws": ("month", "draw_id", "frozen_at", "population_size", "drawn_at", "sample_size"),
    "population": ("month", "handoff_id", "exit_kind", "decided_at", "team", "tier"),
    "sample": ("month", "handoff_id", "case_number", "extended_at"),
    "verdicts": (
        *("verdict_id", "month", "handoff_id", "reviewer", "is_adjudication"),
        *("verdict", "cause", "remedy", "accepted_at"),
    ),
}

SCHEMA_COMMENTS = {
    "slot_blue": "Build slot: a night is built and checked here before readers are shown it.",
    "slot_green": "Build slot: a night is built and checked here before readers are shown it.",
    "marts": "What analysts query: views onto the last published night.",
    "restricted": "Personal data of leads (names, e-mail, phone): views for the few who may.",
}


class BootstrapError(HandoffError):
    """The database cannot be brought to the expected state; the message says what is missing."""


def ensure_roles(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Create the pipeline's roles, or give existing ones these passwords.

    ``passwords`` maps role name to password. Only for a server where the pipeline may create
    roles (the embedded one, the compose file's). The owner is a member of loader and transformer,
    so that it may end their sessions and hold their objects; no role may create roles.
    """
    with psycopg.connect(superuser_url) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", (BOOTSTRAP_LOCK,))
        # A SCRAM verifier instead of the password: statement logs then hold no secret.
        for role, password in passwords.items():
            verifier = connection.pgconn.encrypt_password(
                password.encode(), role.encode(), b"scram-sha-256"
            ).decode()
            cursor.execute("select 1 from pg_roles where rolname = %s", (role,))
            verb = "alter role {} " if cursor.fetchone() else "create role {} "
            cursor.execute(
                sql.SQL(verb + "login nosuperuser nocreaterole password {}").format(
                    sql.Identifier(role), sql.Literal(verifier)
                )
            )
        for role in (LOADER, TRANSFORMER):
            if role in passwords and OWNER in passwords:
                cursor.execute(
                    sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(OWNER))
                )


def bootstrap(url: str, roles: bool = True) -> bool:
    """Create what is missing; return whether anything had to be applied.

    ``url`` connects as the database's owner. With ``roles`` the four roles exist: raw schemas go
    to the loader, slots and marts to the transformer, which also reads columns of the review's
    record; analysts read marts only and PUBLIC nothing.
    Without, every schema belongs to the one user of ``url`` (a database of the user's own, where
    roles cannot be created) and privileges are left as they are.
    Raises BootstrapError when the roles are asked for but missing, or a privilege is lacking.
    """
    ddl = _part("lead_handoff.landing", "raw_ddl") + _part("lead_handoff.review.ddl", "review_ddl")
    wanted = _fingerprint(ddl, roles)
    with (
        psycopg.connect(url, application_name="lead_handoff:bootstrap") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select pg_advisory_xact_lock(%s)", (BOOTSTRAP_LOCK,))
        if _applied_fingerprint(cursor) == wanted:
            return False
        try:
            _apply(cursor, ddl, roles)
        except psycopg.errors.InsufficientPrivilege as error:
            raise BootstrapError(
                "The warehouse user lacks a privilege for setting up the schemas: "
                f"{error.diag.message_primary}. Connect as the database's owner, or grant it "
                "CREATE on the database."
            ) from error
        cursor.execute("delete from ops.bootstrap")
        cursor.execute("insert into ops.bootstrap (fingerprint) values (%s)", (wanted,))
    return True


def _part(module: str, function: str) -> str:
    """SQL of the schemas that another part owns, or nothing while that part is not installed.

    Looked up by name: landing and review stand on the warehouse, not the other way round.
    """
    try:
        part = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        return ""
    return str(getattr(part, function)()) if hasattr(part, function) else ""


def _schema_sql() -> str:
    return (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")


def _fingerprint(ddl: str, roles: bool) -> str:
    parts = (_schema_sql(), ddl, str(roles), Path(__file__).read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _applied_fingerprint(cursor: psycopg.Cursor) -> str | None:
    cursor.execute("select to_regclass('ops.bootstrap') is not null")
    if cursor.fetchone() != (True,):
        return None
    cursor.execute("select fingerprint from ops.bootstrap")
    row = cursor.fetchone()
    return str(row[0]) if row else None


def _apply(cursor: psycopg.Cursor, ddl: str, roles: bool) -> None:
    if roles:
        _demand_roles(cursor)
        # A superuser may connect as well: everything is the owner's all the same.
        cursor.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
    cursor.execute(_schema_sql())
    cursor.execute(
        "create table if not exists ops.bootstrap ("
        " fingerprint text primary key, applied_at timestamptz not null default now())"
    )
    for schema in TRANSFORMER_SCHEMAS:
        cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        cursor.execute(
            sql.SQL("comment on schema {} is {}").format(
                sql.Identifier(schema), sql.Literal(SCHEMA_COMMENTS[schema])
            )
        )
    if ddl:
        cursor.execute(ddl)
    if roles:
        _assign_owners(cursor)
        _grant(cursor)


def _has_review(cursor: psycopg.Cursor) -> bool:
    cursor.execute("select to_regclass('review.verdicts') is not null")
    return cursor.fetchone() == (True,)


def _demand_roles(cursor: psycopg.Cursor) -> None:
    cursor.execute("select rolname from pg_roles where rolname = any(%s)", (list(ROLES),))
    present = {str(row[0]) for row in cursor.fetchall()}
    missing = [role for role in ROLES if role not in present]
    if missing:
        raise BootstrapError(
            f"The warehouse lacks the role(s) {', '.join(missing)}. Create them, or run with one "
            "user for everything by setting HANDOFF_WAREHOUSE_URL."
        )


def _raw_schemas(cursor: psycopg.Cursor) -> list[str]:
    cursor.execute(r"select nspname from pg_namespace where nspname like 'raw\_%' order by 1")
    return [str(row[0]) for row in cursor.fetchall()]


def _assign_owners(cursor: psycopg.Cursor) -> None:
    """Give each schema and what lies in it to its role; a change only where it differs."""
    owners = dict.fromkeys(_raw_schemas(cursor), LOADER)
    owners |= dict.fromkeys(TRANSFORMER_SCHEMAS, TRANSFORMER)
    owners["ops"] = OWNER
    for schema, owner in owners.items():
        cursor.execute(
            "select pg_get_userbyid(nspowner) = %s from pg_namespace where nspname = %s",
            (owner, schema),
        )
        if cursor.fetchone() != (True,):
            cursor.execute(
                sql.SQL("alter schema {} owner to {}").format(
                    sql.Identifier(schema), sql.Identifier(owner)
                )
            )
    cursor.execute(
        "select n.nspname, c.relname, c.relkind in ('v', 'm')"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        r" where n.nspname like 'raw\_%%' and c.relkind in ('r', 'p', 'v')"
        "   and pg_get_userbyid(c.relowner) <> %s",
        (LOADER,),
    )
    for schema, relation, is_view in cursor.fetchall():
        cursor.execute(
            sql.SQL(
                "alter view {} owner to {}" if is_view else "alter table {} owner to {}"
            ).format(sql.Identifier(schema, relation), sql.Identifier(LOADER))
        )


def _grant(cursor: psycopg.Cursor) -> None:
    """Each role exactly what its work needs; default privileges keep it so for new relations."""
    database = sql.Identifier(cursor.connection.info.dbname)
    statements: list[sql.Composed] = []

    def add(text: LiteralString, **names: str) -> None:
        parts = {key: sql.Identifier(value) for key, value in names.items()}
        statements.append(sql.SQL(text).format(database=database, **parts))

    add("revoke all on database {database} from public")
    for role in ROLES:
        add("grant connect on database {database} to {role}", role=role)
    add("grant temporary on database {database} to {role}", role=LOADER)
    add("grant temporary on database {database} to {role}", role=TRANSFORMER)
    add("revoke all on schema public from public")
    add("revoke all on all functions in schema ops from public")

    add("grant usage on schema ops to {a}, {b}", a=LOADER, b=TRANSFORMER)
    add("grant execute on all functions in schema ops to {a}, {b}", a=LOADER, b=TRANSFORMER)
    add("grant select on all tables in schema ops to {a}, {b}", a=LOADER, b=TRANSFORMER)
    add("grant usage on all sequences in schema ops to {a}, {b}", a=LOADER, b=TRANSFORMER)
    for table in ("loads", "load_files", "quarantine", "load_report", "purged_days"):
        add("grant insert, update, delete on ops.{table} to {role}", table=table, role=LOADER)
    add("grant insert on ops.withdrawals to {role}", role=LOADER)
    for table in ("slots", "generations", "findings_ledger", "former_ids"):
        add("grant insert, update, delete on ops.{table} to {role}", table=table, role=TRANSFORMER)
    add("grant insert on ops.finding_changes to {role}", role=TRANSFORMER)

    for schema in _raw_schemas(cursor):
        add("grant usage on schema {schema} to {role}", schema=schema, role=TRANSFORMER)
        add(
            "grant select on all tables in schema {schema} to {role}",
            schema=schema,
            role=TRANSFORMER,
        )
        add(
            "alter default privileges for role {owner} in schema {schema}"
            " grant select on tables to {role}",
            owner=LOADER,
            schema=schema,
            role=TRANSFORMER,
        )
    if _has_review(cursor):
        add("grant usage on schema review to {role}", role=TRANSFORMER)
        for table, columns in REVIEW_COLUMNS.items():
            statements.append(
                sql.SQL("grant select ({columns}) on {table} to {role}").format(
                    columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                    table=sql.Identifier("review", table),
                    role=sql.Identifier(TRANSFORMER),
                )
            )
    add("grant usage on schema {schema} to {role}", schema="marts", role=ANALYST)
    add("grant select on all tables in schema {schema} to {role}", schema="marts", role=ANALYST)
    add(
        "alter default privileges for role {owner} in schema {schema}"
        " grant select on tables to {role}",
        owner=TRANSFORMER,
        schema="marts",
        role=ANALYST,
    )
    for owner in (LOADER, TRANSFORMER, OWNER):
        add(
            "alter default privileges for role {owner} revoke execute on functions from public",
            owner=owner,
        )
    for statement in statements:
        cursor.execute(statement)
