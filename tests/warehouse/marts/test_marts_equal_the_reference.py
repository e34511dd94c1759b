"""What is built from a company's files is what the independent reference makes of its rows."""

import psycopg
import pytest

from tests.oracle.compare import KEYS
from tests.oracle.histories import NIGHT
from tests.warehouse.marts.conftest import FIXED_SEEDS, Built, built
from tests.warehouse.marts.nights import Nights, assert_same, midnight, reference

pytestmark = pytest.mark.slow

PROMISED = {
    "dim_leads": "lead_id salesforce_lead_id marketo_lead_id hubspot_contact_id generic_lead_id"
    " company lead_source created_at current_stage current_owner_id journey_number is_deleted"
    " merged_count",
    "bridge_lead_ids": "lead_id source_system source_id is_survivor",
    "dim_users": "user_id source_system name role team manager_id is_active is_quota_bearing"
    " actor_type calendar",
    "dim_agreement_versions": "agreement_version",
    "dim_sla_terms": "agreement_version tier clause",
    "dim_stages": "stage",
    "dim_dates": "",
    "fct_stage_events": "event_id lead_id source_system source_event_id stage occurred_at"
    " recorded_at actor_id actor_type reason raw_value is_authority is_echo is_repeat",
    "fct_stage_transitions": "transition_id lead_id journey_number transition_number from_stage"
    " to_stage direction skipped_stages entered_at exited_at hours_in_stage"
    " business_hours_in_stage hours_so_far actor_id actor_type source_system source_event_id"
    " touches_since_previous is_silent reason",
    "fct_handoffs": "handoff_id lead_id journey_number handoff_number offered_at offered_by_id"
    " owner_id_at_offer team_at_offer score_at_offer attributes_met met_definition tier"
    " agreement_version response_due_at responded_at outcome accepted_at accepted_by_id"
    " accepted_by_type accepted_by_owner implicit_acceptance rejected_at rejected_by_id"
    " rejected_by_type rejection_reason rejection_family sent_back_at expired transfers"
    " first_touch_at touches channels touches_before_rejection sql_at sql_actor_type won_at"
    " lost_at amount currency lead_source campaign_id",
    "fct_handoff_legs": "handoff_id leg_number owner_id from_at to_at business_hours_held"
    " responded",
    "fct_sla_compliance": "handoff_id lead_id clause party owner_id team manager_id tier"
    " agreement_version period_start segment started_at due_at met_at status at_risk required"
    " actual margin",
    "fct_touches": "touch_id lead_id handoff_id user_id channel occurred_at recorded_at"
    " is_late_logged",
    "fct_integrity_findings": "finding_id rule severity grade subject_type subject_id lead_id"
    " handoff_id owner_id team occurred_at first_seen last_seen resolved_at waived_by"
    " waiver_reason evidence message",
    "agg_waterfall_monthly": "month basis segment inquiries mqls handoffs accepted"
    " accepted_by_person accepted_by_machine rejected ignored sqls won lost amount_won"
    " acceptance_rate acceptance_rate_low acceptance_rate_high closed_won_per_1000_inquiries"
    " is_mature",
}
"""The columns that BI tools rely on, by mart; run_as_of stands on every one."""


def test_every_cell_equals_the_reference(company: Built) -> None:
    assert_same(reference(company.rows, NIGHT), company.marts, company.seed)


@pytest.mark.parametrize("seed", FIXED_SEEDS)
def test_companies_of_fixed_seeds_equal_the_reference(small_nights: Nights, seed: int) -> None:
    found = built(small_nights, seed)
    assert_same(reference(found.rows, NIGHT), found.marts, seed)


def test_the_reference_says_something_about_every_mart(company: Built) -> None:
    expected = reference(company.rows, NIGHT)
    assert set(expected) == set(KEYS)
    assert [mart for mart, rows in expected.items() if len(rows) < 10] == []


@pytest.mark.parametrize("mart", PROMISED)
def test_the_columns_that_readers_rely_on_are_there(company: Built, mart: str) -> None:
    with psycopg.connect(company.nights.warehouse.url("analyst")) as connection:
        columns = {
            name
            for (name,) in connection.execute(
                "select column_name from information_schema.columns"
                " where table_schema = 'marts' and table_name = %s",
                (mart,),
            )
        }
    assert {*PROMISED[mart].split(), "run_as_of"} - columns == set()


def test_every_mart_says_which_night_it_is_of(company: Built) -> None:
    for mart, rows in company.marts.items():
        column = "as_of" if mart == "generation" else "run_as_of"
        assert {row[column] for row in rows} <= {midnight(NIGHT)}, mart


def test_every_mart_and_column_is_described_in_the_database(company: Built) -> None:
    with psycopg.connect(company.nights.warehouse.url("analyst")) as connection:
        bare = connection.execute(
            "select c.relname, a.attname from pg_class c"
            " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
            " where c.relnamespace = 'marts'::regnamespace and c.relkind = 'v'"
            "   and (coalesce(col_description(c.oid, a.attnum), '') = ''"
            "     or coalesce(obj_description(c.oid, 'pg_class'), '') = '')"
        ).fetchall()
    assert bare == []
