"""Staging reads what an ELT service keeps of Salesforce, under that service's own names.

Marketo is read too, through the views of docs/landings that put Fivetran's tables into its shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

from lead_handoff import settings
from lead_handoff.catalogue import CATALOGUE, ObjectSpec, snake_case
from lead_handoff.dbt import project, runner
from tests.conftest import _fresh_warehouse
from tests.oracle import Landed
from tests.oracle.company import clean, marketo_attributes
from tests.oracle.histories import NIGHT, random_company
from tests.oracle.values import parse_instant
from tests.warehouse.marts.nights import Marts, Nights, assert_same, in_folders_of, reference

SEED = 20260612
LEADS = 60
UTC = ZoneInfo("UTC")
TYPES = {"timestamp": "timestamptz", "date": "date", "boolean": "boolean", "number": "numeric"}
NEVER_SYNCED = "OpportunityHistory"
KEPT = ("salesforce", "marketo")
MARKETO = "fivetran_marketo"
ACTIVITIES = {
    "13": ("change_data_value", ("Old Value", "New Value", "Reason", "Modifying User")),
    "22": ("change_score", ("Old Value", "New Value", "Reason")),
    "32": ("merge_leads", ("Merge IDs",)),
    "37": ("delete_lead", ()),
}
"""Type -> the end of its table's name, and the attributes that are columns of it."""
SHAPES = settings.project_root() / "docs" / "landings" / "marketo_from_fivetran.sql"


def as_fivetran(name: str) -> str:
    """Fivetran: snake_case, and one underscore where a custom field has two."""
    return re.sub("__c$", "_c", snake_case(name))


@dataclass(frozen=True)
class Service:
    """How a service names what it lands, and the columns that it adds."""

    schema: str
    named: Callable[[str], str]
    adds: dict[str, str]


FIVETRAN = Service(
    "fivetran_salesforce",
    as_fivetran,
    {"_fivetran_synced": "timestamptz", "_fivetran_deleted": "boolean"},
)
AIRBYTE = Service(
    "airbyte_salesforce",
    str,
    {
        "_airbyte_raw_id": "text",
        "_airbyte_extracted_at": "timestamptz",
        "_airbyte_meta": "jsonb",
        "_airbyte_generation_id": "bigint",
    },
)
SERVICES = (FIVETRAN, AIRBYTE)


@dataclass(frozen=True)
class Told:
    """One company, told from what each of two services keeps of its Salesforce.

    Attributes:
        expected: the marts by the reference, as from files that came on the day of each stamp.
        marts: those built from Fivetran's tables, and whether that build started anew.
        staged: what the staging models say, by service.
    """

    expected: Marts
    marts: Marts
    is_anew: bool
    staged: dict[str, dict[str, list[str]]]
    nights: Nights
    slot: str


def newest(rows: list[Landed]) -> list[Landed]:
    """The last version of each record of a service, which is all that it keeps; others all."""
    others = [row for row in rows if row.source not in KEPT]
    last: dict[tuple[str, str], Landed] = {}
    for row in rows:
        if row.source in KEPT:
            key = row.object, row.row[CATALOGUE[row.source][row.object].key][:15]
            if key not in last or stamp_of(row) >= stamp_of(last[key]):
                last[key] = row
    return others + list(last.values())


def is_kept(row: Landed) -> bool:
    """Whether a service has a table for the row, or files bring it."""
    if row.object == "activity_types":
        return False
    if row.object == "activities" and row.source == "marketo":
        return row.row["activityTypeId"].strip() in ACTIVITIES
    return row.object != NEVER_SYNCED


def stamp_of(row: Landed) -> Any:
    spec = CATALOGUE[row.source][row.object]
    return parse_instant(clean(row.source, row.row)[spec.stamps[0]], UTC)


def keep(connection: psycopg.Connection[Any], service: Service, rows: list[Landed]) -> None:
    """Lay the rows into tables as the service would have them, typed."""
    schema = sql.Identifier(service.schema)
    connection.execute(sql.SQL("create schema {}").format(schema))
    for spec in CATALOGUE["salesforce"].values():
        if spec.name != NEVER_SYNCED:
            found = [clean("salesforce", r.row) for r in rows if r.object == spec.name]
            _keep_object(connection, service, spec, found)
    reader = sql.Identifier(settings.WAREHOUSE_ROLES["transformer"])
    connection.execute(sql.SQL("grant usage on schema {} to {}").format(schema, reader))
    connection.execute(
        sql.SQL("grant select on all tables in schema {} to {}").format(schema, reader)
    )


def keep_marketo(connection: psycopg.Connection[Any], rows: list[Landed]) -> None:
    """Lay Marketo's rows into Fivetran's tables, and make the views over them that docs give."""
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(MARKETO)))
    found = {
        name: [clean("marketo", row.row) for row in rows if row.object == name]
        for name in ("leads", "activities")
    }
    columns = CATALOGUE["marketo"]["leads"].columns
    kinds = {column.name: column.kind for column in columns}
    _keep_table(connection, FIVETRAN, sql.Identifier(MARKETO, "lead"), kinds, found["leads"])
    kinds = {c.name: c.kind for c in CATALOGUE["marketo"]["activities"].columns}
    kinds = {"id" if n == "marketoGUID" else n: k for n, k in kinds.items() if n != "attributes"}
    for number, (name, attributes) in ACTIVITIES.items():
        of_type = []
        for row in found["activities"]:
            if row["activityTypeId"] == number:
                told = marketo_attributes(row)
                values = {n: row.get("marketoGUID" if n == "id" else n) for n in kinds}
                of_type.append(
                    values | {n.replace(" ", "_").lower(): told.get(n) for n in attributes}
                )
        declared = kinds | {n.replace(" ", "_").lower(): "text" for n in attributes}
        table = sql.Identifier(MARKETO, f"activity_{name}")
        _keep_table(connection, FIVETRAN, table, declared, of_type)
    connection.execute(SHAPES.read_text(encoding="utf-8").encode())


def _keep_object(
    connection: psycopg.Connection[Any],
    service: Service,
    spec: ObjectSpec,
    rows: list[dict[str, str | None]],
) -> None:
    kinds = {column.name: column.kind for column in spec.columns}
    table = sql.Identifier(service.schema, service.named(spec.name))
    _keep_table(connection, service, table, kinds, rows)


def _keep_table(
    connection: psycopg.Connection[Any],
    service: Service,
    table: sql.Identifier,
    kinds: dict[str, str],
    rows: list[dict[str, str | None]],
) -> None:
    names = list(dict.fromkeys([*kinds, *(name for row in rows for name in row)]))
    declared = {service.named(n): TYPES.get(kinds.get(n, ""), "text") for n in names}
    connection.execute(
        sql.SQL("create table {} ({})").format(
            table,
            sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))  # type: ignore[arg-type]
                for name, kind in (declared | service.adds).items()
            ),
        )
    )
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        table,
        sql.SQL(", ").join(map(sql.Identifier, declared)),
        sql.SQL(", ").join([sql.Placeholder()] * len(declared)),
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            statement, [[_typed(kinds.get(n, ""), row.get(n)) for n in names] for row in rows]
        )


def _typed(kind: str, value: str | None) -> object:
    if value is None or value == "":
        return None
    if kind == "timestamp":
        return parse_instant(value, UTC)
    return value


@contextmanager
def reading(schema: str, **others: str) -> Iterator[None]:
    """The setting that points the models at a service's schema, and Marketo's at the views."""
    landings = {
        "salesforce": {"schema": schema, "without": [NEVER_SYNCED]},
        "marketo": {"schema": "marketo_landed", "without": ["activity_types"]},
    } | {source: {"schema": other} for source, other in others.items()}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HANDOFF_ELT_LANDINGS", json.dumps(landings))
        yield


def restage(nights: Nights, slot: str, *sources: str) -> None:
    """Make the staging views of sources anew by the project in force."""
    with nights.as_settings():
        runner.build(
            slot,
            full_refresh=False,
            fence=nights.fence(),
            select=[f"path:models/staging/{source},resource_type:model" for source in sources],
            with_seeds=False,
        )


def staged(
    connection: psycopg.Connection[Any], slot: str, source: str = "salesforce"
) -> dict[str, list[str]]:
    """Every row of the staging models of a source, as text."""
    connection.execute("set timezone = 'UTC'")
    views = connection.execute(
        "select viewname from pg_views where schemaname = %s and viewname like %s",
        (slot, f"stg_{source}%"),
    ).fetchall()
    return {
        name: sorted(
            str(row)
            for (row,) in connection.execute(
                sql.SQL(
                    "select (to_jsonb(v) - 'load_id' - 'version_night' #- '{{record,_load_id}}'"
                    " #- '{{record,_first_night}}' #- '{{record,_content_hash}}'"
                    " #- '{{record,_overflow}}')::text from {} as v"
                ).format(sql.Identifier(slot, name))
            ).fetchall()
        )
        for (name,) in views
    }


@pytest.fixture(scope="module")
def told(
    server: Any, warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    root = tmp_path_factory.mktemp("elt")
    company = in_folders_of(random_company(SEED, LEADS), [NIGHT])
    rows = newest([row for row in company if is_kept(row)])
    ours = [row for row in rows if row.source in KEPT]
    others = [row for row in rows if row.source not in KEPT]
    dated = [replace(row, folder_date=min(stamp_of(row).date(), NIGHT)) for row in ours]
    with pytest.MonkeyPatch.context() as patched:
        for warehouse in _fresh_warehouse(server, warehouse_template, patched):
            nights = Nights(warehouse, root / "extracts")
            nights.deliver(others, Random(SEED))
            nights.land(NIGHT)
            with psycopg.connect(warehouse.url("admin"), autocommit=True) as connection:
                for service in SERVICES:
                    keep(connection, service, [row for row in ours if row.source == "salesforce"])
                keep_marketo(connection, [row for row in ours if row.source == "marketo"])
                with reading(FIVETRAN.schema):
                    plan = nights.prepare(NIGHT, full=project.reads_elt_landings())
                    nights.publish(plan, nights.build(plan))
                both = {FIVETRAN.schema: staged(connection, plan.slot)}
                marts = nights.marts()
                with reading(AIRBYTE.schema):
                    restage(nights, plan.slot, "salesforce")
                both[AIRBYTE.schema] = staged(connection, plan.slot)
            expected = reference(others + dated, NIGHT)
            yield Told(expected, marts, plan.is_full, both, nights, plan.slot)


def test_the_marts_are_those_of_the_same_company_read_from_files(told: Told) -> None:
    native = [r for r in told.marts["bridge_lead_ids"] if r["source_system"] == "salesforce"]
    assert len(native) > 20
    assert sum(r["source_system"] == "marketo" for r in told.marts["bridge_lead_ids"]) > 20
    assert len(told.marts["fct_handoffs"]) > 5
    assert_same(told.expected, told.marts, SEED)


def test_the_models_say_the_same_whichever_service_keeps_the_rows(told: Told) -> None:
    one, other = told.staged[FIVETRAN.schema], told.staged[AIRBYTE.schema]
    assert len(one["stg_salesforce__leads"]) > 20
    assert len(one["stg_salesforce__lead_histories"]) > 20
    assert one == other


def test_tables_of_any_source_in_the_shape_of_its_raw_tables_are_read(told: Told) -> None:
    with psycopg.connect(told.nights.warehouse.url("admin"), autocommit=True) as connection:
        for source in ("generic", "hubspot"):
            schema = sql.Identifier(f"own_{source}")
            connection.execute(sql.SQL("create schema {}").format(schema))
            for spec in CATALOGUE[source].values():
                found = connection.execute(
                    "select column_name::text from information_schema.columns"
                    " where table_schema = %s and table_name = %s and column_name not like '\\_%%'",
                    (spec.schema, spec.table),
                ).fetchall()
                connection.execute(
                    sql.SQL("create table {} as select {} from {}").format(
                        sql.Identifier(f"own_{source}", spec.table),
                        sql.SQL(", ").join(sql.Identifier(name) for (name,) in found),
                        sql.Identifier(spec.schema, spec.table),
                    )
                )
            reader = sql.Identifier(settings.WAREHOUSE_ROLES["transformer"])
            for grant in ("usage on schema {}", "select on all tables in schema {}"):
                connection.execute(
                    sql.SQL("grant " + grant + " to {}").format(schema, reader)  # type: ignore[operator]
                )
            ours = staged(connection, told.slot, source)
            with reading(FIVETRAN.schema, **{source: f"own_{source}"}):
                restage(told.nights, told.slot, source)
            theirs = staged(connection, told.slot, source)
            unstamped = "stg_generic__users"  # its stamp is the folder's date, or that of the night
            assert len(ours.pop(unstamped, [])) == len(theirs.pop(unstamped, []))
            assert sum(map(len, ours.values())) > 20
            assert ours == theirs


def test_what_changes_in_place_is_built_anew_each_night(told: Told) -> None:
    assert told.is_anew
    assert not project.reads_elt_landings(), "without the setting, models read raw tables"
    delivered = project.code_hash()
    with reading(FIVETRAN.schema):
        assert project.code_hash() != delivered, "what was built from the one is not the other's"


def test_a_table_that_the_service_does_not_keep_is_named(told: Told) -> None:
    with psycopg.connect(told.nights.warehouse.url("admin"), autocommit=True) as connection:
        connection.execute('drop table airbyte_salesforce."LeadHistory" cascade')
    with reading(AIRBYTE.schema), pytest.raises(runner.BuildError):
        restage(told.nights, told.slot, "salesforce")
    results = (project.target_dir(told.slot) / "run_results.json").read_text(encoding="utf-8")
    assert "has 0 readable tables for lead_history, and needs one" in results
