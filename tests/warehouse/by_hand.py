# ruff: noqa: S608 - statements of tests are put together from names of their own
"""Nights whose marts are written by hand, as the models would write them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg import sql

from lead_handoff.warehouse import night_lock, slots
from lead_handoff.warehouse.publish import Mart, publish

FIRST = date(2026, 5, 1)
FINDING_COLUMNS = """
    finding_id text, rule text, severity text, subject_type text, subject_id text, lead_id text,
    handoff_id text, owner_id text, team text, machine text, occurred_at timestamptz, grade text,
    evidence jsonb, message text, run_as_of timestamptz
"""


class Nights:
    """Builds nights into slots by hand, as the models would."""

    def __init__(self, warehouse: Any) -> None:
        self.warehouse = warehouse
        self.url = warehouse.url("transformer")
        self.owner = psycopg.connect(warehouse.url("owner"), autocommit=True)
        self.fence = night_lock.acquire(self.owner, "night")
        self.slot = ""

    def build(self, night: date, tables: dict[str, str]) -> str:
        """Build one night: each table from a select; ``{night}`` stands for the date."""
        as_of = datetime(night.year, night.month, night.day, tzinfo=UTC)
        plan = slots.prepare_build(
            self.url,
            fence=self.fence,
            as_of=as_of,
            night=night,
            agreement_hash="a",
            code_hash="c",
            full_because="asked for",
        )
        with psycopg.connect(self.url) as connection:
            for name, query in tables.items():
                connection.execute(
                    f"create table {plan.slot}.{name} as {query.format(night=night)}"
                )
        slots.complete_build(self.url, fence=self.fence, slot=plan.slot)
        self.slot = plan.slot
        return plan.slot

    def publish(self, *names: str, **more: Any) -> int:
        marts = [Mart(name, "restricted" if name == "persons" else "marts") for name in names]
        return publish(
            self.url, fence=self.fence, run_id="night", slot=self.slot, marts=marts, **more
        ).generation

    def read(self, query: str, role: str = "analyst") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.url(role)) as connection:
            return connection.execute(query).fetchall()

    def build_findings(
        self,
        night: date,
        findings: Iterable[Mapping[str, str | None]],
        waiver: tuple[str, str] = ("Ann", "known"),
        former_ids: Mapping[str, str] | None = None,
    ) -> None:
        """Build a night's findings, each given by the columns that matter.

        The finding with id `waived` is waived, by whom and why; nothing is where nobody is named.
        `former_ids` names findings' ids by those that they had.
        """
        rows = [{"run_as_of": f"{night}T00:00Z"} | finding for finding in findings]
        by, reason = waiver
        self.build(
            night,
            {
                "fct_integrity_findings": _select(FINDING_COLUMNS, rows),
                "agreement_waivers": _select(
                    "finding_id text, waived_by text, waived_on text, reason text",
                    [
                        {
                            "finding_id": "waived",
                            "waived_by": by,
                            "waived_on": "2026-05-02",
                            "reason": reason,
                        }
                    ]
                    if by
                    else [],
                ),
                "bridge_event_ids": _select(
                    "former_id text, current_id text, kind text, run_as_of timestamptz",
                    [
                        {"former_id": old, "current_id": new, "kind": "finding"}
                        for old, new in (former_ids or {}).items()
                    ],
                ),
            },
        )


def _select(columns: str, rows: Iterable[Mapping[str, str | None]]) -> str:
    """A statement that gives these rows; braces are doubled, as `build` takes them."""
    named = [column.split() for column in columns.split(",")]
    selects = [
        ", ".join(
            f"{sql.Literal(row.get(name)).as_string(None)}::{kind} as {name}"
            for name, kind in named
        )
        for row in [*rows, {}]
    ]
    found = " union all ".join(f"select {one}" for one in selects)
    key = named[0][0]
    return f"select * from ({found}) as given where {key} is not null".replace("{", "{{").replace(
        "}", "}}"
    )


def nights_by_hand(warehouse: Any) -> Iterator[Nights]:
    """The body of a fixture."""
    nights = Nights(warehouse)
    yield nights
    nights.owner.close()
