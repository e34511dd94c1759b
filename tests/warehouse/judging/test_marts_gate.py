"""The gate on the marts: sound marts pass, each planted defect shuts it by its own name."""

from datetime import date, timedelta

import pytest

from tests.warehouse.judging.company import FIRST_NIGHT, SLOT, Company, failing, instant, keys

NIGHT = FIRST_NIGHT + timedelta(days=30)


def test_sound_marts_pass(company: Company) -> None:
    company.build(NIGHT)
    result = company.gate("marts", NIGHT)
    assert result.passed, str(result)


def test_marts_of_an_empty_company_pass(company: Company) -> None:
    company.build(NIGHT, leads=0)
    assert company.gate("marts", NIGHT).passed


def test_marts_of_a_company_with_one_lead_pass(company: Company) -> None:
    company.build(NIGHT, leads=1)
    assert company.gate("marts", NIGHT).passed


def test_leads_that_changed_only_after_the_nights_end_may_wait(company: Company) -> None:
    company.build(NIGHT)
    company.land("marketo", "leads", NIGHT, [("later", instant(NIGHT))])
    assert company.gate("marts", NIGHT).passed


# defect -> (what to do to the slot, expectation, a key that it must name)
DEFECTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "the slot was built for another instant": (
        "update build_context set as_of = as_of + interval '1 hour'",
        "the_build_is_tonights",
        {"what": "another night"},
    ),
    "the slot was built twice": (
        "insert into build_context select * from build_context",
        "the_build_is_tonights",
        {"what": "rows: 2"},
    ),
    "a model was skipped": (
        "update fct_touches set run_as_of = run_as_of - interval '1 day'",
        "every_mart_is_tonights",
        {"mart": "fct_touches"},
    ),
    "a mart does not say of which night it is": (
        "alter table dim_users drop column run_as_of",
        "every_mart_is_tonights",
        {"mart": "dim_users"},
    ),
    "a landed lead is in no mart": (
        "delete from bridge_lead_ids where source_id = 'marketo-7'",
        "every_landed_lead_is_in_the_marts",
        {"source": "marketo", "source_id": "marketo-7"},
    ),
    "all marts are empty although leads have landed": (
        "truncate dim_leads, bridge_lead_ids, fct_stage_events, fct_stage_transitions,"
        " fct_handoffs, fct_sla_compliance, fct_touches, fct_integrity_findings",
        "every_landed_lead_is_in_the_marts",
        {"source": "salesforce", "source_id": "salesforce-40"},
    ),
    "no status is on the stage map": (
        "truncate fct_stage_events",
        "leads_have_stage_events",
        {"leads": "40"},
    ),
    "a lead stands twice": (
        "insert into dim_leads select * from dim_leads where lead_id = 'lead-5'",
        "leads_are_unique",
        {"lead_id": "lead-5", "rows": "2"},
    ),
    "a source record stands twice": (
        "insert into bridge_lead_ids select * from bridge_lead_ids where source_id = 'marketo-5'",
        "source_records_are_unique",
        {"source_system": "marketo", "source_id": "marketo-5"},
    ),
    "a user stands twice": (
        "insert into dim_users select * from dim_users",
        "users_are_unique",
        {"user_id": "user-1"},
    ),
    "an event stands twice": (
        "insert into fct_stage_events select * from fct_stage_events where event_id = 'lead-1:mql'",
        "stage_events_are_unique",
        {"event_id": "lead-1:mql"},
    ),
    "a transition stands twice": (
        "insert into fct_stage_transitions"
        " select * from fct_stage_transitions where transition_id = 'move-lead-1:2'",
        "transitions_are_unique",
        {"transition_id": "move-lead-1:2"},
    ),
    "a handoff stands twice": (
        "insert into fct_handoffs select * from fct_handoffs where lead_id = 'lead-1'",
        "handoffs_are_unique",
        {"handoff_id": "move-lead-1:2"},
    ),
    "a touch stands twice": (
        "insert into fct_touches select * from fct_touches where lead_id = 'lead-1'",
        "touches_are_unique",
        {"touch_id": "touch-lead-1"},
    ),
    "a finding stands twice": (
        "insert into fct_integrity_findings"
        " select * from fct_integrity_findings where lead_id = 'lead-2'",
        "findings_are_unique",
        {"finding_id": "finding-lead-2"},
    ),
    "a lead does not say whether it was deleted": (
        "update dim_leads set is_deleted = null where lead_id = 'lead-3'",
        "leads_are_complete",
        {"lead_id": "lead-3", "without": "is_deleted"},
    ),
    "a source record has no lead": (
        "update bridge_lead_ids set lead_id = null where source_id = 'marketo-3'",
        "source_records_are_complete",
        {"source_id": "marketo-3", "without": "lead_id"},
    ),
    "an event has no stage": (
        "update fct_stage_events set stage = null where event_id = 'lead-3:mql'",
        "stage_events_are_complete",
        {"event_id": "lead-3:mql", "without": "stage"},
    ),
    "a transition has no time": (
        "update fct_stage_transitions set entered_at = null where transition_id = 'move-lead-3:2'",
        "transitions_are_complete",
        {"transition_id": "move-lead-3:2", "without": "entered_at"},
    ),
    "a handoff has neither outcome nor time": (
        "update fct_handoffs set outcome = null, offered_at = null where lead_id = 'lead-3'",
        "handoffs_are_complete",
        {"handoff_id": "move-lead-3:2", "without": "offered_at, outcome"},
    ),
    "a clause has no status": (
        "update fct_sla_compliance set status = null"
        " where handoff_id = 'move-lead-3:2' and clause = 'response'",
        "clauses_are_complete",
        {"handoff_id": "move-lead-3:2", "clause": "response", "without": "status"},
    ),
    "a touch has no channel": (
        "update fct_touches set channel = null where touch_id = 'touch-lead-3'",
        "touches_are_complete",
        {"touch_id": "touch-lead-3", "without": "channel"},
    ),
    "a finding says nothing": (
        "update fct_integrity_findings set message = null where lead_id = 'lead-2'",
        "findings_are_complete",
        {"finding_id": "finding-lead-2", "without": "message"},
    ),
    "an event is of nobody": (
        "update fct_stage_events set lead_id = 'nobody' where event_id = 'lead-3:mql'",
        "events_have_their_lead",
        {"event_id": "lead-3:mql", "lead_id": "nobody"},
    ),
    "a transition is of nobody": (
        "update fct_stage_transitions set lead_id = 'nobody' where lead_id = 'lead-3'",
        "transitions_have_their_lead",
        {"lead_id": "nobody"},
    ),
    "a handoff is of nobody": (
        "delete from dim_leads where lead_id = 'lead-3'",
        "handoffs_have_their_lead",
        {"handoff_id": "move-lead-3:2", "lead_id": "lead-3"},
    ),
    "a touch is of nobody": (
        "update fct_touches set lead_id = 'nobody' where lead_id = 'lead-3'",
        "touches_have_their_lead",
        {"touch_id": "touch-lead-3"},
    ),
    "a touch names a handoff that is none": (
        "update fct_touches set handoff_id = 'none' where lead_id = 'lead-3'",
        "touches_have_their_handoff",
        {"touch_id": "touch-lead-3", "handoff_id": "none"},
    ),
    "a clause names a handoff that is none": (
        "update fct_sla_compliance set handoff_id = 'none' where handoff_id = 'move-lead-3:2'",
        "clauses_have_their_handoff",
        {"handoff_id": "none"},
    ),
    "a source record is of nobody": (
        "update bridge_lead_ids set lead_id = 'nobody' where source_id = 'marketo-3'",
        "source_records_have_their_lead",
        {"source_id": "marketo-3", "lead_id": "nobody"},
    ),
    "a lead has no source record": (
        "delete from bridge_lead_ids where lead_id = 'lead-3'",
        "leads_have_source_records",
        {"lead_id": "lead-3", "what": "no source record"},
    ),
    "a lead has two survivors in one system": (
        "update bridge_lead_ids set lead_id = 'lead-3' where source_id = 'marketo-4'",
        "leads_have_source_records",
        {"lead_id": "lead-3", "what": "several survivors in marketo"},
    ),
    "a transition is made by an echo": (
        "update fct_stage_events set is_echo = true where event_id = 'lead-3:mql'",
        "transitions_come_from_events",
        {"transition_id": "move-lead-3:2"},
    ),
    "a lead with an event has no transition": (
        "delete from fct_stage_transitions where lead_id = 'lead-3'",
        "leads_with_events_have_transitions",
        {"lead_id": "lead-3"},
    ),
    "a transition's number is left out": (
        "update fct_stage_transitions set transition_number = 4"
        " where transition_id in ('move-lead-4:3', 'move-lead-1:3')",
        "transitions_have_no_gap",
        {"transition_number": "4"},
    ),
    "a stage ends before the next begins": (
        "update fct_stage_transitions set exited_at = exited_at - interval '1 second'"
        " where transition_id = 'move-lead-3:1'",
        "transitions_have_no_gap",
        {"transition_id": "move-lead-3:2"},
    ),
    "the last stage has ended": (
        "update fct_stage_transitions set exited_at = run_as_of"
        " where transition_id = 'move-lead-2:2'",
        "transitions_have_no_gap",
        {"transition_id": "move-lead-2:2"},
    ),
    "a stage begins where another ended": (
        "update fct_stage_transitions set from_stage = 'sal' where transition_id = 'move-lead-3:2'",
        "transitions_have_no_gap",
        {"transition_id": "move-lead-3:2"},
    ),
    "a journey begins without a reentry": (
        "update fct_stage_transitions set journey_number = 2 where transition_id = 'move-lead-3:2'",
        "journeys_begin_at_reentries",
        {"transition_id": "move-lead-3:2", "journey_number": "2"},
    ),
    "a lead stands where no transition put it": (
        "update dim_leads set current_stage = 'won' where lead_id = 'lead-3'",
        "leads_stand_where_their_last_transition_put_them",
        {"lead_id": "lead-3", "current_stage": "won"},
    ),
    "a handoff is both accepted and rejected": (
        "update fct_handoffs set rejected_at = accepted_at where outcome = 'accepted'",
        "every_handoff_has_one_outcome",
        {"outcome": "accepted"},
    ),
    "an outcome is none of the five": (
        "update fct_handoffs set outcome = 'lost' where lead_id = 'lead-3'",
        "every_handoff_has_one_outcome",
        {"handoff_id": "move-lead-3:2", "outcome": "lost"},
    ),
    "a handoff is ignored before it was due": (
        "update fct_handoffs set outcome = 'ignored' where outcome = 'pending'",
        "outcomes_are_judged_at_the_right_time",
        {"outcome": "ignored"},
    ),
    "a handoff is pending after it was due": (
        "update fct_handoffs set outcome = 'pending' where outcome = 'ignored'",
        "outcomes_are_judged_at_the_right_time",
        {"outcome": "pending"},
    ),
    "a handoff's number is left out": (
        "update fct_handoffs set handoff_number = 2 where lead_id = 'lead-3'",
        "handoffs_are_numbered_without_a_gap",
        {"handoff_id": "move-lead-3:2", "handoff_number": "2"},
    ),
    "a handoff opens at no transition": (
        "update fct_handoffs set offered_at = offered_at + interval '1 second'"
        " where lead_id = 'lead-3'",
        "handoffs_open_at_transitions",
        {"handoff_id": "move-lead-3:2", "what": "opens at no transition"},
    ),
    "a transition into the handoff stage opened none": (
        "delete from fct_handoffs where lead_id = 'lead-3'",
        "handoffs_open_at_transitions",
        {"handoff_id": "move-lead-3:2", "what": "opened no handoff"},
    ),
    "a clause is not judged": (
        "delete from fct_sla_compliance where handoff_id = 'move-lead-3:2' and clause = 'response'",
        "every_clause_is_judged_once",
        {"handoff_id": "move-lead-3:2", "clause": "response", "rows": "0"},
    ),
    "a clause is judged twice": (
        "insert into fct_sla_compliance select * from fct_sla_compliance"
        " where handoff_id = 'move-lead-3:2' and clause = 'response'",
        "every_clause_is_judged_once",
        {"handoff_id": "move-lead-3:2", "clause": "response", "rows": "2"},
    ),
    "a clause is judged that nobody promised": (
        "update fct_sla_compliance set clause = 'volume' where handoff_id = 'move-lead-3:2'"
        " and clause = 'definition'",
        "every_clause_is_judged_once",
        {"handoff_id": "move-lead-3:2", "clause": "volume"},
    ),
    "a clause is breached before it was due": (
        "update fct_sla_compliance set status = 'breached' where status = 'pending'",
        "clauses_are_judged_at_the_right_time",
        {"clause": "response", "status": "breached"},
    ),
    "a clause is met after it was due": (
        "update fct_sla_compliance set met_at = due_at + interval '1 second'"
        " where clause = 'definition'",
        "clauses_are_judged_at_the_right_time",
        {"clause": "definition", "status": "met"},
    ),
    "a touch lies after the night's end": (
        "update fct_touches set occurred_at = run_as_of where touch_id = 'touch-lead-3'",
        "nothing_happens_after_the_nights_end",
        {"mart": "fct_touches", "id": "touch-lead-3"},
    ),
    "a finding is of a rule that nobody agreed on": (
        "update fct_integrity_findings set rule = 'made_up' where lead_id = 'lead-2'",
        "findings_belong_to_agreed_rules",
        {"finding_id": "finding-lead-2", "rule": "made_up"},
    ),
}


@pytest.fixture(scope="module")
def spoiled(module_company: Company) -> Company:
    """Sound marts, of which each test gets a fresh copy in the slot."""
    module_company.build(NIGHT)
    module_company.run(f"alter schema {SLOT} rename to sound")
    return module_company


def restore(company: Company) -> None:
    company.run(f"drop schema if exists {SLOT} cascade; create schema {SLOT}")
    for (table,) in company.run("select tablename from pg_tables where schemaname = 'sound'"):
        company.run(f"create table {SLOT}.{table} as table sound.{table}")


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_shuts_the_gate_and_its_rows_are_named(spoiled: Company, defect: str) -> None:
    statement, expectation, key = DEFECTS[defect]
    restore(spoiled)
    spoiled.spoil(statement)
    result = spoiled.gate("marts", NIGHT)
    assert not result.passed
    assert expectation in failing(result), str(result)
    assert any(key.items() <= row.items() for row in keys(result, expectation)), str(result)


def test_the_defects_cover_every_expectation(company: Company) -> None:
    from lead_handoff import settings
    from lead_handoff.judging.suites import load_suite

    declared = {
        entry.name for entry in load_suite(settings.expectations_dir(), "marts").expectations
    }
    planted = {expectation for _, expectation, _ in DEFECTS.values()}
    assert declared - planted == {"marts_have_not_shrunk"}, "tested below"


def publish_larger_marts(company: Company, as_of: str) -> None:
    """What readers see holds three times as many leads as the slot that is built."""
    company.build(NIGHT, leads=120, slot="slot_green")
    company.run("truncate ops.loads, ops.load_files, ops.quarantine, ops.load_report")
    company.run("truncate raw_salesforce.lead, raw_marketo.leads")
    company.build(NIGHT, leads=40)
    company.run(
        "insert into ops.generations"
        " (slot, as_of, night, fence, run_id, models, is_full, agreement_hash)"
        " values ('slot_green', %s, %s, 1, 'test', 1, false, 'agreed')",
        *(as_of, NIGHT - timedelta(days=1)),
    )
    company.run("update ops.slots set attempt_agreement_hash = 'agreed'")


def test_marts_that_lost_most_of_their_rows_are_not_shown(company: Company) -> None:
    publish_larger_marts(company, "2026-03-31T00:00Z")
    result = company.gate("marts", NIGHT)
    assert failing(result) == {"marts_have_not_shrunk"}
    assert {"mart": "bridge_lead_ids", "rows": "80", "rows_published": "240"} in keys(
        result, "marts_have_not_shrunk"
    )


def test_under_another_agreement_the_marts_may_shrink(company: Company) -> None:
    publish_larger_marts(company, "2026-03-31T00:00Z")
    company.run("update ops.slots set attempt_agreement_hash = 'another'")
    assert company.gate("marts", NIGHT).passed


def test_marts_of_an_earlier_night_may_be_smaller(company: Company) -> None:
    publish_larger_marts(company, "2026-05-31T00:00Z")
    assert company.gate("marts", NIGHT).passed


@pytest.mark.parametrize("table", ["fct_handoffs", "build_context", "agreement_sla_terms"])
def test_a_missing_table_shuts_the_gate(company: Company, table: str) -> None:
    company.build(NIGHT)
    company.spoil(f"drop table {table}")
    result = company.gate("marts", NIGHT)
    assert not result.passed
    assert result.executed == 0
    assert [failure.table for failure in result.failures] == [table]


def test_a_slot_that_was_never_built_shuts_the_gate(company: Company) -> None:
    result = company.gate("marts", NIGHT, slot="slot_green")
    assert not result.passed
    assert "fct_handoffs" in {failure.table for failure in result.failures}


def test_a_gate_asked_about_another_night_stays_shut(company: Company) -> None:
    company.build(NIGHT)
    other = date(2026, 4, 2)
    result = company.gate("marts", other, as_of=instant(other))
    assert {"the_build_is_tonights", "every_mart_is_tonights"} <= failing(result)


def test_all_keys_come_back_for_a_thousand_failing_rows(company: Company) -> None:
    company.build(NIGHT, leads=1000)
    company.spoil("update fct_handoffs set outcome = 'lost'")
    result = company.gate("marts", NIGHT)
    failed = keys(result, "every_handoff_has_one_outcome")
    assert {key["handoff_id"] for key in failed} == {f"move-lead-{i}:2" for i in range(1, 1001)}
