"""Histories, and the objects whose fields they tell: what contradicts itself when one stops.

A history that stops while its parent goes on cannot be told from quiet days by itself. The parent's
versions can: they show changes of fields that the history used to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from lead_handoff.agreement import Agreement
from lead_handoff.catalogue import CATALOGUE, snake_case
from lead_handoff.settings import folded

if TYPE_CHECKING:
    import psycopg

FIELD_FILES: Final = ("agreement_stage_map", "agreement_fields", "agreement_attributes")
"""The agreement's files that name fields, each beside its name in the history."""

HISTORIES: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("salesforce", "LeadHistory"): ("Lead", "history.field"),
    ("salesforce", "OpportunityFieldHistory"): ("Opportunity", "history.field"),
    ("salesforce", "OpportunityHistory"): ("Opportunity", "'StageName'"),
    ("marketo", "activities"): (
        "leads",
        "case when history.activity_type_id in ('13', '22') then history.primary_attribute_value"
        " end",
    ),
    ("hubspot", "contact_property_history"): ("contacts", "history.property"),
    ("hubspot", "deal_property_history"): ("deals", "history.property"),
    ("generic", "lead_events"): ("leads", "history.field"),
}
"""History of a source -> its parent, and what a row of it says that it tells of."""


def agreed_fields(agreement: Agreement) -> dict[tuple[str, str], dict[str, str]]:
    """(source, object) -> field -> its name in the history, of all versions of the agreement."""
    fields: dict[tuple[str, str], dict[str, str]] = {}
    for file in FIELD_FILES:
        for row in agreement.rows(file):
            place = row["source_system"], folded(row["object"])
            fields.setdefault(place, {})[row["field"]] = row["history_name"] or row["field"]
    return fields


def streams(
    cursor: psycopg.Cursor[Any],
    landed: Sequence[Mapping[str, Any]],
    fields: Mapping[tuple[str, str], Mapping[str, str]],
) -> list[dict[str, Any]]:
    """The histories that can be judged, as templates need them: quoted literals and relations.

    ``landed`` are the tables that staging reads; a history or parent that is not among them, or of
    which the agreement names no field, is left out.
    """
    from psycopg import sql

    def literal(text: str) -> str:
        return sql.Literal(text).as_string(cursor.connection)

    tables = {table["of"]: table for table in landed}
    found = []
    for (source, name), (parent_name, told) in HISTORIES.items():
        spec, parent_spec = CATALOGUE[source][name], CATALOGUE[source][parent_name]
        history, parent = tables.get((source, spec.table)), tables.get((source, parent_spec.table))
        if history is None or parent is None:
            continue
        columns = {folded(column): column for column in parent["columns"]}
        known = [
            {
                "column": sql.Identifier(columns[folded(landed_name)]).as_string(cursor.connection),
                "told": literal(in_history.strip().lower()),
            }
            for field, in_history in fields.get((source, folded(parent_name)), {}).items()
            if folded(landed_name := snake_case(field)) in columns
        ]
        if known:
            found.append(
                {
                    "source": literal(source),
                    "object": literal(name),
                    "parent": literal(parent_name),
                    "history": history["relation"],
                    "versions": parent["relation"],
                    "told": told,
                    "fields": known,
                }
            )
    return found
