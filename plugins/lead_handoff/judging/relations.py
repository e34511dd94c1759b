"""What the warehouse holds: a connection, and the relations there are to judge."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from lead_handoff.judging.engine import speakable
from lead_handoff.judging.results import JudgingError

if TYPE_CHECKING:
    import psycopg


def connect(url: str) -> AbstractContextManager[Any]:
    """A connection for reading what there is to judge.

    Raises:
        JudgingError: the warehouse cannot be reached.
    """
    import psycopg

    try:
        return psycopg.connect(url, application_name="lead_handoff:judge")
    except psycopg.OperationalError as error:
        raise JudgingError(
            f"the warehouse cannot be reached for judging ({speakable(error)}); "
            "start it with `make up` or check HANDOFF_WAREHOUSE_URL"
        ) from error


def raw_tables(cursor: psycopg.Cursor[Any]) -> list[dict[str, Any]]:
    """The landed tables: source, name, quoted relation, quoted literals, quoted boolean columns."""
    from psycopg import sql

    cursor.execute(
        r"""
        select
            substr(namespace.nspname, 5) as source,
            relation.relname as name,
            array_agg(attribute.attname order by attribute.attname) as columns
        from pg_class as relation
        inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
        inner join pg_attribute as attribute
            on attribute.attrelid = relation.oid and attribute.attnum > 0
            and not attribute.attisdropped
        where namespace.nspname like 'raw\_%' and relation.relkind in ('r', 'p')
        group by 1, 2
        having array_agg(attribute.attname::text)
            @> array['_key', '_stamp', '_content_hash', '_load_id', '_first_night']
        order by 1, 2
        """
    )
    booleans = ("is_deleted", "is_converted", "is_closed", "is_won", "is_active", "is_primary")
    connection = cursor.connection
    return [
        {
            "source": sql.Literal(source).as_string(connection),
            "schema": sql.Literal(f"raw_{source}").as_string(connection),
            "name": sql.Literal(name).as_string(connection),
            "of": (source, name),
            "columns": list(columns),
            "relation": sql.Identifier(f"raw_{source}", name).as_string(connection),
            "booleans": [
                {
                    "column": sql.Identifier(column).as_string(connection),
                    "literal": sql.Literal(column).as_string(connection),
                }
                for column in columns
                if column in booleans
            ],
        }
        for source, name, columns in cursor.fetchall()
    ]


def relations_in(cursor: psycopg.Cursor[Any], schema: str, column: str | None = None) -> list[str]:
    """Names of the relations in a schema, or only of those that have a column of this name."""
    cursor.execute(
        """
        select relation.relname
        from pg_class as relation
        inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
        where namespace.nspname = %(schema)s and relation.relkind in ('r', 'p', 'v', 'm', 'f')
            and (
                %(column)s::text is null
                or exists (
                    select from pg_attribute as attribute
                    where attribute.attrelid = relation.oid and attribute.attname = %(column)s
                        and not attribute.attisdropped
                )
            )
        order by 1
        """,
        {"schema": schema, "column": column},
    )
    return [str(row[0]) for row in cursor.fetchall()]


def missing_relations(
    cursor: psycopg.Cursor[Any], slot: str, tables: Iterable[str]
) -> tuple[str, ...]:
    """Those of the named relations (unqualified: in the slot) that the warehouse does not have."""
    missing = []
    for table in tables:
        schema, _, name = table.rpartition(".")
        cursor.execute(
            "select to_regclass(quote_ident(%s) || '.' || quote_ident(%s)) is not null",
            (schema or slot, name),
        )
        if cursor.fetchone() != (True,):
            missing.append(table)
    return tuple(missing)
