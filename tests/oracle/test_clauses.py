"""Clauses and findings, worked by hand; the setting is that of test_handoffs."""

from decimal import Decimal

import pytest

from tests.oracle.sla import Clause
from tests.oracle.stories import ALICE, ELENA, OLIVIA, TIMER, Story, at
from tests.oracle.test_handoffs import END, FULL, offer

DEAL = "006Hs0000000000001"


def clause(story: Story, name: str, as_of: str = END, place: int = 0) -> Clause:
    """The clause of the first (or another) handoff of the story."""
    judged = story.judged(as_of)
    handoff = sorted(judged.handoffs.all(), key=lambda one: one.offered_at)[place]
    return judged.compliance.by_handoff[handoff.handoff_id, name]


def rules(story: Story, as_of: str = END) -> set[str]:
    return {finding.rule for finding in story.judged(as_of).findings.found}


def test_every_handoff_has_one_row_per_clause(story: Story) -> None:
    offer(story)
    rows = [row.clause for row in story.judged(END).compliance.rows if row.handoff]
    assert sorted(rows) == [
        "decision",
        "definition",
        "first_touch",
        "follow_up",
        "follow_up_before_rejection",
        "no_stall",
        "response",
    ]


def test_the_response_is_measured_in_business_hours(story: Story) -> None:
    offer(story)
    story.status("2026-04-08 13:30", "Open", "Accepted")
    row = clause(story, "response")
    assert (row.status, row.met_at) == ("met", at("2026-04-08 13:30"))
    assert [row.required, row.actual, row.margin] == [16, Decimal("7.5"), Decimal("8.5")]


def test_required_actual_and_margin_are_each_exact_until_they_are_stored(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-04-07 15:02:15", "Accepted", "Rejected")
    row = clause(story, "decision")
    # 135 s are 0.0015625 days: both ways the half is rounded away from zero.
    assert [row.actual, row.margin] == [Decimal("0.001563"), Decimal("13.998438")]


def test_a_machines_acceptance_does_not_meet_the_response_but_a_later_human_move_does(
    story: Story,
) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted", actor=TIMER)
    assert clause(story, "response", as_of="2026-04-08 00:00").status == "pending"
    story.status("2026-04-08 15:00", "Accepted", "Converted")
    row = clause(story, "response")
    assert (row.status, row.met_at) == ("met", at("2026-04-08 15:00"))
    assert "auto_acceptance" in rules(story)


def test_an_unknown_actor_counts_as_a_person_for_the_response_only(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Converted", actor="005Hs000000ZZ9zIAC")
    assert clause(story, "response").status == "met"
    assert clause(story, "follow_up").met_at is None


@pytest.mark.parametrize(
    ("as_of", "at_risk"), [("2026-04-09 09:59:59", False), ("2026-04-09 10:00", True)]
)
def test_a_pending_clause_is_at_risk_within_the_warning_time(
    story: Story, as_of: str, at_risk: bool
) -> None:
    offer(story)
    row = clause(story, "response", as_of)
    assert (row.status, row.at_risk) == ("pending", at_risk)


def test_an_unmet_clause_due_at_or_after_the_next_offer_is_superseded(story: Story) -> None:
    offer(story)
    story.activity("2026-04-08 12:00", 13, "Lead Status", Old_Value="MQL", New_Value="Inquiry")
    story.mql("2026-04-09 14:00")
    row = clause(story, "response")
    assert (row.status, row.due_at) == ("not_applicable", at("2026-04-09 14:00"))
    assert (row.because, row.actual) == ("superseded", None)


def test_clauses_that_never_start_have_no_times(story: Story) -> None:
    offer(story)
    story.status("2026-04-08 13:30", "Open", "Rejected")
    for name in ("first_touch", "follow_up", "decision", "no_stall"):
        row = clause(story, name)
        assert (row.status, row.started_at, row.due_at) == ("not_applicable", None, None)
        assert row.because == "not_started"


def test_what_a_machine_closed_before_it_was_due_was_nobodys_to_keep(story: Story) -> None:
    offer(story)
    story.status("2026-04-08 13:30", "Open", "Recycled", actor=TIMER)
    row = clause(story, "response")
    assert (row.status, row.because, row.due_at) == (
        "not_applicable",
        "by_machine",
        at("2026-04-09 14:00"),
    )
    assert clause(story, "follow_up_before_rejection").because == "by_machine"


def test_what_a_machine_closed_when_it_was_due_was_broken(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-04-21 15:00", "Accepted", "Recycled", actor=TIMER)
    assert clause(story, "decision").status == "breached"
    assert clause(story, "follow_up").because == "by_machine"


def test_what_was_kept_stays_kept_though_a_machine_closed_the_lead(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.task("2026-04-07 16:00")
    story.status("2026-04-07 17:00", "Accepted", "Recycled", actor=TIMER)
    assert clause(story, "first_touch").status == "met"


def test_a_touch_before_the_acceptance_is_a_first_touch(story: Story) -> None:
    offer(story)
    story.task("2026-04-07 14:00")
    story.status("2026-04-07 15:00", "Open", "Accepted")
    row = clause(story, "first_touch")
    assert (row.status, row.met_at) == ("met", at("2026-04-07 14:00"))
    assert row.actual == Decimal(0)
    assert "late_acceptance" in rules(story)


def test_a_clause_runs_on_the_calendar_of_the_owner_at_its_start(story: Story) -> None:
    offer(story)
    story.owner("2026-04-07 15:00", ALICE, ELENA)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    row = clause(story, "first_touch")
    assert (row.owner_id, row.due_at) == (ELENA, at("2026-04-08 00:00"))


def test_follow_up_needs_number_and_channels(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    for day in (8, 9, 10):
        story.task(f"2026-04-{day:02} 15:00")
    row = clause(story, "follow_up", as_of="2026-04-20 00:00")
    assert (row.status, row.actual, row.margin) == ("pending", Decimal(3), Decimal(0))
    story.task("2026-04-11 15:00", kind="Email")
    row = clause(story, "follow_up")
    assert (row.status, row.met_at) == ("met", at("2026-04-11 15:00"))


def test_a_human_sql_ends_the_follow_up_and_a_machines_does_not(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-04-09 15:00", "Accepted", "Converted", actor=TIMER)
    assert clause(story, "follow_up", as_of="2026-04-29 00:00").status == "breached"
    story.status("2026-04-10 15:00", "Converted", "Accepted")
    story.status("2026-04-11 15:00", "Accepted", "Converted")
    row = clause(story, "follow_up")
    assert (row.status, row.met_at) == ("met", at("2026-04-11 15:00"))


@pytest.mark.parametrize(
    ("reason", "status"), [("Wrong territory", "not_applicable"), ("Unresponsive", "breached")]
)
def test_a_send_back_for_a_procedural_reason_ends_the_follow_up(
    story: Story, reason: str, status: str
) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-04-09 15:00", "Accepted", "Rejected")
    story.history("2026-04-09 15:00", "Rejection_Reason__c", "", reason)
    for name in ("follow_up", "follow_up_before_rejection"):
        row = clause(story, name)
        assert row.status == status
        assert row.because == ("excused" if status == "not_applicable" else None)


def test_touches_up_to_the_second_of_the_rejection_count(story: Story) -> None:
    offer(story)
    for when, kind in (("08 13:00", "Call"), ("08 14:00", "Email"), ("08 15:00", "Call")):
        story.task(f"2026-04-{when}", kind=kind)
    story.status("2026-04-08 15:00", "Open", "Rejected")
    row = clause(story, "follow_up_before_rejection")
    assert (row.status, row.required, row.actual) == ("met", Decimal(3), Decimal(3))
    assert "rejected_without_follow_up" not in rules(story)


def test_the_decision_is_a_humans(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-04-08 15:00", "Accepted", "Converted", actor=TIMER)
    row = clause(story, "decision", as_of="2026-04-21 15:00")
    assert (row.status, row.due_at) == ("pending", at("2026-04-21 15:00"))
    story.status("2026-04-21 15:00", "Converted", "Disqualified")
    row = clause(story, "decision")
    assert (row.status, row.margin) == ("met", Decimal(0))


def test_days_are_24_hours_over_a_clock_change(story: Story) -> None:
    story.marketo("2026-02-01 12:00", leadStatus="Inquiry")
    story.lead("2026-02-01 12:00")
    story.mql("2026-03-02 14:00")
    story.status("2026-03-02 15:00", "Open", "Accepted")
    assert clause(story, "decision").due_at == at("2026-03-16 15:00")


def test_an_expired_handoff_that_is_picked_up_later_still_owes_a_decision(story: Story) -> None:
    offer(story)
    story.status("2026-04-10 15:00", "Open", "Recycled", actor=TIMER)
    story.status("2026-04-11 15:00", "Recycled", "Accepted")
    assert clause(story, "decision").started_at == at("2026-04-11 15:00")
    assert clause(story, "first_touch").status == "not_applicable"
    row = clause(story, "response")
    assert (row.status, row.met_at) == ("breached", at("2026-04-11 15:00"))


def test_no_stall_shows_the_first_stay_that_lasted_too_long(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-07-06 15:00:01", "Accepted", "Converted")
    row = clause(story, "no_stall", as_of="2026-07-07 00:00")
    assert (row.status, row.started_at) == ("breached", at("2026-04-07 15:00"))


def test_no_stall_shows_the_running_stay_where_none_lasted_too_long(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-04-08 15:00", "Accepted", "Converted")
    row = clause(story, "no_stall")
    assert (row.status, row.started_at) == ("pending", at("2026-04-08 15:00"))


def test_volume_is_met_by_the_handoff_that_reaches_the_commitment(story: Story) -> None:
    offer(story, **FULL)
    rows = [row for row in story.judged(END).compliance.rows if row.clause == "volume"]
    row = next(one for one in rows if one.segment == "all" and one.due_at == at("2026-05-01 04:00"))
    assert (row.status, row.actual, row.party) == ("pending", Decimal(1), "marketing")


def test_a_commitment_that_names_a_month_is_for_that_month_alone(story: Story) -> None:
    (story.agreement / "agreement_commitments.csv").write_text(
        "agreement_version,period_kind,segment,qualified_handoffs,month\n"
        "v2,month,all,1,2026-04\nv2,month,all,9,2026-06\nv2,month,tier:A,3,\n",
        encoding="utf-8",
    )
    offer(story, **FULL)
    rows = [row for row in story.judged("2026-07-02").compliance.rows if row.clause == "volume"]
    found = sorted((row.segment, str(row.period_start), row.required, row.status) for row in rows)
    assert found == [
        ("all", "2026-04-01", 1, "met"),
        ("all", "2026-06-01", 9, "breached"),
        ("tier:A", "2026-04-01", 3, "breached"),
        ("tier:A", "2026-05-01", 3, "breached"),
        ("tier:A", "2026-06-01", 3, "breached"),
        ("tier:A", "2026-07-01", 3, "pending"),
    ]


# -- findings ------------------------------------------------------------------------------


def test_a_promotion_by_a_timer_without_a_touch_is_found(story: Story) -> None:
    offer(story, ConvertedOpportunityId=DEAL)
    story.opportunity("2026-04-21 15:00", DEAL)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-04-21 15:00", "Accepted", "Converted", actor=TIMER)
    grades = [
        finding.grade
        for finding in story.judged(END).findings.found
        if finding.rule == "silent_auto_promotion"
    ]
    assert grades == ["likely"]
    story.task("2026-04-21 15:00", user=OLIVIA)
    assert "silent_auto_promotion" not in rules(story)


def test_a_broken_chain_is_a_gap_at_the_change_after_it(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    after = story.status("2026-04-08 15:00", "Converted", "Rejected")
    found = [f for f in story.judged(END).findings.found if f.rule == "history_gap"]
    (event,) = [
        e
        for events in story.judged(END).events.events.values()
        for e in events
        if e.source_event_id == after
    ]
    assert [finding.subject_id for finding in found] == [event.event_id]


def test_a_score_is_missing_or_too_low_but_never_both(story: Story) -> None:
    story.marketo("2026-04-01 12:00", leadStatus="Inquiry", leadScore="10")
    story.mql("2026-04-07 14:00", score=None)
    assert "below_definition" in rules(story)
    assert "missing_score" not in rules(story)


def test_a_value_without_a_mapping_is_found_once(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Odd")
    story.status("2026-04-07 16:00", "Odd", "Open")
    story.status("2026-04-07 17:00", "Open", "Odd")
    found = [f for f in story.judged(END).findings.found if f.rule == "unmapped_stage_value"]
    assert [finding.subject_id for finding in found] == ["salesforce|Lead|Status|Odd"]


def test_a_sales_system_that_tells_mql_of_an_unknown_lead_disagrees(story: Story) -> None:
    story.lead("2026-04-01 12:00", Status="Marketing Qualified")
    judged = story.judged(END)
    assert judged.handoffs.all() == []
    assert "systems_disagree" in rules(story)


@pytest.mark.parametrize(("hours", "agree"), [(24, True), (25, False)])
def test_an_echo_within_a_day_agrees(story: Story, hours: int, agree: bool) -> None:
    offer(story, Status="Open")
    story.status(f"2026-04-08 {14 + hours - 24}:00", "Open", "Marketing Qualified")
    judged = story.judged(END)
    (handoff,) = judged.handoffs.all()
    subjects = {f.subject_id for f in judged.findings.found if f.rule == "systems_disagree"}
    assert (handoff.handoff_id not in subjects) is agree


def test_the_future_is_found_before_its_event_counts(story: Story) -> None:
    offer(story)
    story.status("2026-05-02 00:00:01", "Open", "Accepted")
    assert "future_or_backdated" in rules(story)
    assert story.stages(END) == ["inquiry", "mql"]
