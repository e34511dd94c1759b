"""What is built from a company's files is what the independent reference makes of its rows."""

import psycopg
import pytest

from tests.oracle.compare import KEYS
from tests.oracle.histories import NIGHT
from tests.warehouse.marts.conftest import FIXED_SEEDS, Built, built
from tests.warehouse.marts.nights import Nights, assert_same, midnight, reference, thorough

pytestmark = pytest.mark.slow

PROMISED = {
    "dim_leads": "lead_id salesforce_lead_id marketo_lead_id hubspot_contact_id generic_lead_id"
    " company lead_source created_at current_stage current_owner_id journey_number is_deleted"
    " merged_count",
    "bridge_lead_ids": "lead_id source_system source_id is_survivor",
    "dim_users": "user_id source_system name role team manager_id is_active is_quota_bearing"
    " actor_type calendar",
    "dim_agreement_versions": "agreement_version scoring_rule_version",
    "dim_sla_terms": "agreement_version tier clause",
    "dim_stages": "stage",
    "dim_dates": "",
    "fct_stage_events": "event_id lead_id source_system source_event_id stage occurred_at"
    " has_time_of_day recorded_at actor_id actor_type reason raw_value is_authority is_echo"
    " is_repeat",
    "fct_stage_transitions": "transition_id lead_id journey_number transition_number from_stage"
    " to_stage direction skipped_stages entered_at has_time_of_day exited_at hours_in_stage"
    " business_hours_in_stage hours_so_far actor_id actor_type source_system source_event_id"
    " touches_since_previous is_silent reason",
    "fct_handoffs": "handoff_id lead_id journey_number handoff_number offered_at has_time_of_day"
    " offered_by_id"
    " owner_id_at_offer team_at_offer score_at_offer fit_score_at_offer"
    " engagement_score_at_offer attributes_met met_definition tier scoring_rule_version"
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
    "fct_touches": "touch_id lead_id handoff_id user_id channel occurred_at has_time_of_day"
    " recorded_at is_late_logged",
    "fct_integrity_findings": "finding_id rule severity grade subject_type subject_id lead_id"
    " handoff_id owner_id team occurred_at first_seen last_seen resolved_at waived_by"
    " waiver_reason evidence message",
    "agg_waterfall_monthly": "month basis segment inquiries mqls handoffs accepted"
    " accepted_by_person accepted_by_machine rejected ignored sqls won lost amount_won"
    " acceptance_rate acceptance_rate_low acceptance_rate_high closed_won_per_1000_inquiries"
    " closed_won_per_1000_inquiries_low closed_won_per_1000_inquiries_high"
    " acceptance_rate_benchmark acceptance_rate_target closed_won_per_1000_inquiries_benchmark"
    " closed_won_per_1000_inquiries_target closed_won_per_1000_inquiries_without_sal_benchmark"
    " accepted_restated accepted_by_person_restated sqls_restated won_restated"
    " acceptance_rate_restated acceptance_rate_restated_low acceptance_rate_restated_high"
    " closed_won_per_1000_inquiries_restated closed_won_per_1000_inquiries_restated_low"
    " closed_won_per_1000_inquiries_restated_high is_mature is_mature_restated",
    "agg_scoring_feedback": "agreement_version dimension value score_from"
    " scoring_rule_version handoffs accepted accepted_by_person accepted_by_machine rejected"
    " rejected_procedural rejected_clerical rejected_definitional rejected_other"
    " rejected_by_machine sent_back ignored sqls sqls_by_person won acceptance_rate"
    " acceptance_rate_low acceptance_rate_high is_mature",
    "agg_bdr_scorecard": "month leg source_system user_id handoffs met_definition"
    " definition_rate definition_rate_low definition_rate_high accepted accepted_by_person"
    " accepted_by_machine acceptance_rate acceptance_rate_low acceptance_rate_high rejected"
    " rejected_procedural rejected_clerical rejected_definitional rejected_other"
    " rejected_by_machine sent_back ignored sqls sqls_by_person won amount_won currency"
    " currencies is_mature",
    "agg_marketing_commitments": "period_kind period_start segment agreement_version"
    " promised delivered qualified shortfall quality quality_low quality_high accepted"
    " accepted_by_person accepted_by_machine acceptance_rate acceptance_rate_low"
    " acceptance_rate_high status met_at share_of_period_gone is_period_over is_mature",
    "agg_tier_mix_monthly": "month tier handoffs handoffs_of_all_tiers share share_low"
    " share_high is_one_bucket is_mature",
    "agg_source_revenue": "month lead_source campaign_id currency handoffs won"
    " won_without_amount amount_won is_mature",
    "agg_pipeline_sources_monthly": "month currency opportunities marketing_sourced"
    " marketing_sourced_share marketing_sourced_share_low marketing_sourced_share_high amount"
    " amount_marketing_sourced too_good_share too_good_minimum_opportunities is_too_good"
    " is_mature",
    "agg_rejected_fate": "month exit_kind rejection_family rejection_reason rejected"
    " leads handed_over_again reopened accepted_later sql_later won_later"
    " won_through_marketing won_otherwise lost_later still_closed open_now won_later_rate"
    " won_later_rate_low won_later_rate_high median_days_until_handed_over_again"
    " median_days_until_accepted median_days_until_sql median_days_until_won"
    " median_days_until_lost is_mature",
    "agg_rejected_losses": "month exit_kind rejection_family rejection_reason loss_reason"
    " lost_later leads median_days_until_lost is_mature",
    "fct_dropped_leads": "lead_id handoff_id dropped_as dropped_at hours_since_dropped"
    " dropped_by_type rejection_reason rejection_family owner_id_at_offer team_at_offer"
    " manager_id_at_offer current_owner_id current_stage last_touch_at tier score_at_offer"
    " met_definition lead_source campaign_id is_deleted",
    "agg_acceptance_trend": "month handoffs due accepted_by_person accepted_by_machine"
    " accepted_by_unknown rejected ignored acceptance_rate acceptance_rate_low"
    " acceptance_rate_high machine_acceptance_rate machine_acceptance_rate_low"
    " machine_acceptance_rate_high rejected_share rejected_share_low rejected_share_high"
    " ignored_share ignored_share_low ignored_share_high rolling_due rolling_acceptance_rate"
    " rolling_acceptance_rate_low rolling_acceptance_rate_high acceptance_rate_change"
    " acceptance_rate_change_low acceptance_rate_change_high acceptance_rate_benchmark"
    " acceptance_rate_target is_review_month reviews_held_before is_mature",
    "agg_sal_comparison_monthly": "month sal_stage journeys inquiries mqls handoffs sqls won"
    " open_journeys closed_won_per_1000_inquiries closed_won_per_1000_inquiries_low"
    " closed_won_per_1000_inquiries_high close_rate close_rate_low close_rate_high"
    " median_hours_to_sql median_hours_to_won closed_won_per_1000_inquiries_benchmark"
    " closed_won_per_1000_inquiries_without_sal_benchmark is_mature",
    "agg_sal_adoption_monthly": "month segment accepted sal_by_person sal_by_machine"
    " sal_by_unknown sal_skipped sal_skipped_by_person sal_by_person_share"
    " sal_by_person_share_low sal_by_person_share_high sal_by_machine_share"
    " sal_by_machine_share_low sal_by_machine_share_high sal_skipped_share"
    " sal_skipped_share_low sal_skipped_share_high is_mature",
    "agg_agreement_changes": "agreement_version previous_version valid_from measure unit"
    " window_days before_from_at after_to_at before_successes before_handoffs before_value"
    " before_low before_high after_successes after_handoffs after_value after_low after_high"
    " difference difference_low difference_high is_mature",
    "agg_review_monthly": "month exit_kind segment population frozen_population drawn reviewed"
    " valid invalid cannot_tell disputed unreviewed frozen_at drawn_at is_mature",
    "agg_sla_weekly": "week_start iso_year iso_week owner_id manager_id team machine_responses"
    " is_mature "
    + " ".join(
        f"{clause}_{column}"
        for clause in (
            *("response", "first_touch", "follow_up", "follow_up_before_rejection"),
            *("decision", "no_stall"),
        )
        for column in (
            *("due", "met", "breached", "open", "rate", "rate_low", "rate_high"),
            *("due_last_week", "met_last_week", "rate_last_week"),
        )
    ),
    "fct_open_clauses": "handoff_id lead_id clause urgency status at_risk started_at due_at"
    " hours_to_due owner_id team manager_id tier agreement_version current_stage"
    " current_owner_id escalation escalate_to_id",
    "agg_stage_velocity_monthly": "month from_stage to_stage segment direction moves"
    " moves_by_person moves_by_machine median_hours p90_hours median_business_hours"
    " p90_business_hours stays_entered stays_converted conversion_rate conversion_rate_low"
    " conversion_rate_high is_mature",
    "agg_stage_aging": "stage segment team owner_id open_leads days_0_to_7 days_8_to_30"
    " days_31_to_60 days_61_to_90 days_over_90 over_stall_limit stalled_share stalled_share_low"
    " stalled_share_high stalled_share_benchmark",
    "agg_follow_up_monthly": "month team owner_id tier handoffs handoffs_owed touches_needed"
    " channels_needed touches mean_touches median_touches reached_touches reached_touches_rate"
    " reached_channels reached_channels_rate touched one_channel_only one_channel_only_rate"
    " dropped dropped_after_one_touch dropped_after_one_touch_rate"
    " median_hours_between_touches is_mature",
}
"""The columns that BI tools rely on, by mart; run_as_of stands on every one."""

FEW = {"agg_acceptance_trend": 3, "agg_agreement_changes": 6, "agg_rejected_losses": 1}
"""Marts with a row per month, per measure of the one change, or of what is rare."""


def test_every_cell_equals_the_reference(company: Built) -> None:
    assert_same(reference(company.rows, NIGHT), company.marts, company.seed)


@pytest.mark.parametrize("seed", thorough(FIXED_SEEDS))
def test_companies_of_fixed_seeds_equal_the_reference(small_nights: Nights, seed: int) -> None:
    found = built(small_nights, seed)
    assert_same(reference(found.rows, NIGHT), found.marts, seed)


def test_the_reference_says_something_about_every_mart(company: Built) -> None:
    expected = reference(company.rows, NIGHT)
    assert set(expected) == set(KEYS)
    assert [mart for mart, rows in expected.items() if len(rows) < FEW.get(mart, 5)] == []


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
