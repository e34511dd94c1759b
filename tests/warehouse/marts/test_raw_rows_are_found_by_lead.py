"""A night asks raw tables for the rows of its leads, and an index answers each such question."""

import psycopg
import pytest
from psycopg import sql

from lead_handoff.catalogue import CATALOGUE, Column, ObjectSpec
from tests.warehouse.marts.conftest import Built

pytestmark = pytest.mark.slow

ASKED = {
    ("salesforce", "Lead", "Id"): ("stg_salesforce__leads", "lead_record_id"),
    ("salesforce", "LeadHistory", "LeadId"): ("stg_salesforce__lead_histories", "lead_record_id"),
    ("salesforce", "Task", "WhoId"): ("stg_salesforce__tasks", "who_id"),
    ("salesforce", "Event", "WhoId"): ("stg_salesforce__events", "who_id"),
    ("salesforce", "Opportunity", "Id"): ("stg_salesforce__opportunities", "opportunity_id"),
    ("salesforce", "OpportunityFieldHistory", "OpportunityId"): (
        "stg_salesforce__opportunity_field_histories",
        "opportunity_id",
    ),
    ("salesforce", "OpportunityHistory", "OpportunityId"): (
        "stg_salesforce__opportunity_histories",
        "opportunity_id",
    ),
    ("salesforce", "OpportunityContactRole", "ContactId"): (
        "stg_salesforce__opportunity_contact_roles",
        "contact_id",
    ),
    ("marketo", "leads", "id"): ("stg_marketo__leads", "lead_record_id"),
    ("marketo", "activities", "leadId"): ("stg_marketo__activities", "lead_record_id"),
    ("generic", "leads", "lead_id"): ("stg_generic__leads", "lead_record_id"),
    ("generic", "lead_events", "lead_id"): ("stg_generic__lead_events", "lead_record_id"),
    ("generic", "activities", "lead_id"): ("stg_generic__activities", "lead_record_id"),
    ("generic", "opportunities", "opportunity_id"): (
        "stg_generic__opportunities",
        "opportunity_id",
    ),
    ("generic", "opportunities", "lead_id"): ("stg_generic__opportunities", "lead_record_id"),
    ("hubspot", "contacts", "id"): ("stg_hubspot__contacts", "lead_record_id"),
    ("hubspot", "contact_property_history", "contactId"): (
        "stg_hubspot__contact_property_histories",
        "lead_record_id",
    ),
    ("hubspot", "calls", "id"): ("stg_hubspot__calls", "engagement_id"),
    ("hubspot", "emails", "id"): ("stg_hubspot__emails", "engagement_id"),
    ("hubspot", "meetings", "id"): ("stg_hubspot__meetings", "engagement_id"),
    ("hubspot", "tasks", "id"): ("stg_hubspot__tasks", "engagement_id"),
    ("hubspot", "deals", "id"): ("stg_hubspot__deals", "opportunity_id"),
    ("hubspot", "deal_property_history", "dealId"): (
        "stg_hubspot__deal_property_histories",
        "opportunity_id",
    ),
}

LOOKED_UP = [
    (spec, column)
    for specs in CATALOGUE.values()
    for spec in specs.values()
    for column in spec.columns
    if column.looked_up
]


def test_every_column_that_is_looked_up_is_asked_for_here() -> None:
    assert {(spec.source, spec.name, column.name) for spec, column in LOOKED_UP} == set(ASKED)


@pytest.mark.parametrize(
    ("spec", "column"), LOOKED_UP, ids=[f"{s.source}-{s.name}-{c.name}" for s, c in LOOKED_UP]
)
def test_an_index_finds_the_rows_of_one_lead(
    company: Built, spec: ObjectSpec, column: Column
) -> None:
    relation, asked = ASKED[spec.source, spec.name, column.name]
    with psycopg.connect(company.nights.warehouse.url("transformer")) as connection:
        slot = connection.execute(
            "select slot from ops.generations order by generation desc limit 1"
        ).fetchone()
        assert slot is not None
        # On a small table a scan is cheaper; what counts is whether the index could answer.
        connection.execute("set enable_seqscan = off")
        question = sql.SQL("explain select 1 from {} where {} = 'x'").format(
            sql.Identifier(slot[0], relation), sql.Identifier(asked)
        )
        plan = "\n".join(line for (line,) in connection.execute(question))
    assert f"{spec.table}_by_{column.landed}" in plan, plan
