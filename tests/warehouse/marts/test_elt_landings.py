"""Staging reads what an ELT service keeps of Salesforce, under that service's own names."""

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
from lead_handoff.dbt import project, runner
from lead_handoff.landing.catalogue import CATALOGUE, ObjectSpec, snake_case
from tests.conftest import _fresh_warehouse
from tests.oracle import Landed
from tests.oracle.company import clean
from tests.oracle.histories import NIGHT, random_company
from tests.oracle.values import parse_instant
from tests.warehouse.marts.nights import Marts, Nights, assert_same, in_folders_of, reference

SEED = 20260612
LEADS = 60
UTC = ZoneInfo("UTC")
TYPES = {"timestamp": "timestamptz", "date": "date", "boolean": "boolean", "number": "numeric"}
NEVER_SYNCED = "OpportunityHistory"


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
    """The last version of each Salesforce record, which is all that a service keeps; others all."""
    others = [row for row in rows if row.source != "salesforce"]
    last: dict[tuple[str, str], Landed] = {}
    for row in rows:
        if row.source == "salesforce":
            key = row.object, row.row["Id"][:15]
            if key not in last or stamp_of(row) >= stamp_of(last[key]):
                last[key] = row
    return others + list(last.values())


def stamp_of(row: Landed) -> Any:
    spec = CATALOGUE["salesforce"][row.object]
    return parse_instant(clean("salesforce", row.row)[spec.stamps[0]], UTC)


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


def _keep_object(
    connection: psycopg.Connection[Any],
    service: Service,
    spec: ObjectSpec,
    rows: list[dict[str, str | None]],
) -> None:
    kinds = {column.name: column.kind for column in spec.columns}
    names = list(dict.fromkeys([*kinds, *(name for row in rows for name in row)]))
    declared = {service.named(n): TYPES.get(kinds.get(n, ""), "text") for n in names}
    table = sql.Identifier(service.schema, service.named(spec.name))
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
def reading(schema: str) -> Iterator[None]:
    """The setting that points Salesforce's models at a service's schema."""
    landings = {"salesforce": {"schema": schema, "without": [NEVER_SYNCED]}}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HANDOFF_ELT_LANDINGS", json.dumps(landings))
        yield


def restage(nights: Nights, slot: str) -> None:
    """Make the staging views of Salesforce anew by the project in force."""
    with nights.as_settings():
        runner.build(
            slot,
            full_refresh=False,
            fence=nights.fence(),
            select=["path:models/staging/salesforce,resource_type:model"],
            with_seeds=False,
        )


def staged(connection: psycopg.Connection[Any], slot: str) -> dict[str, list[str]]:
    """Every row of the staging models of Salesforce, as text."""
    connection.execute("set timezone = 'UTC'")
    views = connection.execute(
        "select viewname from pg_views where schemaname = %s and viewname like 'stg_salesforce%%'",
        (slot,),
    ).fetchall()
    return {
        name: sorted(
            str(row)
            for (row,) in connection.execute(
                sql.SQL("select to_jsonb(v)::text from {} as v").format(sql.Identifier(slot, name))
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
    rows = newest([row for row in company if row.object != NEVER_SYNCED])
    ours = [row for row in rows if row.source == "salesforce"]
    others = [row for row in rows if row.source != "salesforce"]
    dated = [replace(row, folder_date=min(stamp_of(row).date(), NIGHT)) for row in ours]
    with pytest.MonkeyPatch.context() as patched:
        for warehouse in _fresh_warehouse(server, warehouse_template, patched):
            nights = Nights(warehouse, root / "extracts")
            nights.deliver(others, Random(SEED))
            nights.land(NIGHT)
            with psycopg.connect(warehouse.url("admin"), autocommit=True) as connection:
                for service in SERVICES:
                    keep(connection, service, ours)
                with reading(FIVETRAN.schema):
                    plan = nights.prepare(NIGHT, full=project.reads_elt_landings())
                    nights.publish(plan, nights.build(plan))
                both = {FIVETRAN.schema: staged(connection, plan.slot)}
                marts = nights.marts()
                with reading(AIRBYTE.schema):
                    restage(nights, plan.slot)
                both[AIRBYTE.schema] = staged(connection, plan.slot)
            expected = reference(others + dated, NIGHT)
            yield Told(expected, marts, plan.is_full, both, nights, plan.slot)


def test_the_marts_are_those_of_the_same_company_read_from_files(told: Told) -> None:
    native = [r for r in told.marts["bridge_lead_ids"] if r["source_system"] == "salesforce"]
    assert len(native) > 20
    assert len(told.marts["fct_handoffs"]) > 5
    assert_same(told.expected, told.marts, SEED)


def test_the_models_say_the_same_whichever_service_keeps_the_rows(told: Told) -> None:
    one, other = told.staged[FIVETRAN.schema], told.staged[AIRBYTE.schema]
    assert len(one["stg_salesforce__leads"]) > 20
    assert len(one["stg_salesforce__lead_histories"]) > 20
    assert one == other


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
        restage(told.nights, told.slot)
    results = (project.target_dir(told.slot) / "run_results.json").read_text(encoding="utf-8")
    assert "has 0 readable tables for lead_history, and needs one" in results
