"""What landing accepts, every cast can hold, in every column of every object: a night ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lead_handoff.catalogue import CATALOGUE, ObjectSpec
from lead_handoff.dbt import runner
from lead_handoff.landing import ObjectLoad, land_source
from lead_handoff.landing.limits import Limits
from tests.odd_values import BY_KIND, GOOD
from tests.warehouse.marts.nights import EXAMPLE, Nights

pytestmark = pytest.mark.slow

NIGHT = date(2026, 5, 1)
SCORE = {"generic": "score", "salesforce": "Lead_Score__c", "hubspot": "hubspotscore"}
KEYS_TRIED_ELSEWHERE = ("OpportunityFieldHistory", "OpportunityHistory", "deal_property_history")
"""Their ids would be those of the leads' changes: one id in two objects is another matter."""
CANNOT_HOLD = ("invalid input", "out of range", "exceeds", "overflow", "invalid byte", "too long")
LONG_SCORES = ["9" * 200_000, "1." + "0" * 20_000, "1e-20000"]


def odd_rows(spec: ObjectSpec) -> Iterator[dict[str, str]]:
    """A row for each odd value of each column, the others being good."""
    good = {column.name: GOOD[column.kind] for column in spec.columns}
    moments = count()

    def one(**odd: str) -> dict[str, str]:
        """A row of a second of its own: how changes of one second are ordered is another matter."""
        at = datetime(2026, 4, 1, 8, tzinfo=UTC) + timedelta(seconds=61 * next(moments))
        times = {c.name: at.isoformat() for c in spec.columns if c.kind == "timestamp"}
        return good | times | odd

    if spec.name in ("leads", "Lead", "contacts"):
        # Records that share a link are one person: each is a person of its own.
        good |= {c.name: "" for c in spec.columns if c.kind in ("id", "ids")}
        yield one(**{spec.key: GOOD["id"]})
    for at, column in enumerate(spec.columns):
        if column.name == spec.key and spec.name in KEYS_TRIED_ELSEWHERE:
            continue
        for number, value in enumerate(BY_KIND[column.kind]):
            yield one(**{spec.key: f"{spec.name}-{at}-{number}", column.name: value})
    if spec.history:
        field, *values = spec.history
        for number, score in enumerate(LONG_SCORES):
            told = {field: SCORE[spec.source]} | dict.fromkeys(values, score)
            yield one(**{spec.key: f"{spec.name}-score-{number}", **told})


def deliver(root: Path, spec: ObjectSpec) -> None:
    folder = root / spec.source / spec.name / str(NIGHT)
    folder.mkdir(parents=True)
    lines = [json.dumps(row) for row in odd_rows(spec)]
    (folder / "odd.jsonl").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def landed(
    module_warehouse: Any, module_scratch_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Nights, list[ObjectLoad]]:
    root = tmp_path_factory.mktemp("odd") / "extracts"
    nights = Nights(module_warehouse, root)
    loads = []
    for source, objects in CATALOGUE.items():
        for spec in objects.values():
            deliver(root, spec)
        loads += land_source(
            source,
            NIGHT,
            extracts_root=str(root),
            warehouse_url=module_warehouse.url("loader"),
            fence=nights.fence(),
            agreement_dir=EXAMPLE,
            progress=lambda line: None,
            limits=Limits(bad_row_share=1),
        )
    return nights, loads


def test_odd_values_never_refuse_a_folder(landed: tuple[Nights, list[ObjectLoad]]) -> None:
    _, loads = landed
    assert len(loads) == sum(len(objects) for objects in CATALOGUE.values())
    assert {load.status for load in loads} == {"loaded"}, [load.error_message for load in loads]
    assert all(load.rows_new and load.rows_quarantined for load in loads if load.rows_read > 60)


def test_every_cast_of_staging_holds_and_the_night_is_built(
    landed: tuple[Nights, list[ObjectLoad]],
) -> None:
    nights, _ = landed
    plan = nights.prepare(NIGHT, full=True)
    failure = ""
    try:
        nights.build(plan)
    except runner.BuildError as error:
        failure = str(error)
    # Such a company has ids that collide, so the build may find fault with it; but no model may
    # meet a value that it cannot hold.
    assert not [word for word in CANNOT_HOLD if word in failure], failure
    with psycopg.connect(nights.warehouse.url("transformer")) as connection:
        views = connection.execute(
            "select table_name from information_schema.tables where table_schema = %s"
            " and table_name like 'stg%%'",
            (plan.slot,),
        ).fetchall()
        assert len(views) > 30
        for (name,) in views:
            view = sql.Identifier(plan.slot, name)
            # Rows as one text: every column of every row is worked out.
            connection.execute(
                sql.SQL("select count(length(each::text)) from {} as each").format(view)
            )


def test_no_mart_holds_a_date_outside_the_limits(
    landed: tuple[Nights, list[ObjectLoad]],
) -> None:
    nights, _ = landed
    with psycopg.connect(nights.warehouse.url("transformer")) as connection:
        columns = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
            " where table_schema like 'slot%%' and data_type in"
            " ('timestamp with time zone', 'date') and table_name ~ '^(fct|dim|agg|bridge)_'"
        ).fetchall()
        assert columns
        for schema, table, column in columns:
            (outside,) = connection.execute(
                sql.SQL(
                    # A month of the agreement's zone may begin before the first real instant.
                    "select count(*) from {} where {} < '1989-12-01' or {} > '2200-01-01'"
                ).format(sql.Identifier(schema, table), *[sql.Identifier(column)] * 2)
            ).fetchone() or (None,)
            assert outside == 0, f"{table}.{column}"
