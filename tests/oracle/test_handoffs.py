"""Offers, owners, responses, reasons and what followed, worked by hand.

2026-04-07 is a Tuesday; East works 13:00 to 21:00 UTC. Tier B has 16 business hours to respond,
tier A (score 80, six attributes) has 8.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.oracle.handoffs import Handoff, is_attribute_met
from tests.oracle.stories import ALICE, ELENA, LEAD_15, OLIVIA, QUEUE, TIMER, Story, at

FULL = {
    "Vertical__c": "7372",
    "Firmographics__c": "yes",
    "Decision_Makers__c": "yes",
    "Environment__c": "yes",
    "Engagement__c": "yes",
    "Business_Issues__c": "yes",
}
END = "2026-05-01 00:00"
StoryUnder = Callable[..., Story]


def offer(story: Story, **lead: str) -> None:
    """A lead of both systems that marketing hands over on Tuesday at 14:00 UTC."""
    story.marketo("2026-04-01 12:00", leadStatus="Inquiry")
    story.lead("2026-04-01 12:00", **lead)
    story.mql("2026-04-07 14:00")


def handoffs(story: Story, as_of: str = END) -> list[Handoff]:
    return story.judged(as_of).handoffs.all()


def only(story: Story, as_of: str = END) -> Handoff:
    (handoff,) = handoffs(story, as_of)
    return handoff


def test_tier_and_due_time_follow_from_score_and_attributes(story: Story) -> None:
    offer(story, **FULL)
    handoff = only(story)
    assert (handoff.tier, handoff.score, handoff.attributes_met) == ("A", Decimal(85), 6)
    assert handoff.met_definition
    assert handoff.response_due_at == at("2026-04-08 14:00")


def test_attributes_are_read_as_they_were_at_the_offer(story: Story) -> None:
    offer(story, **FULL)
    story.history("2026-04-09 12:00", "Vertical__c", "unknown", "7372")
    assert only(story).attributes_met == 5


@pytest.mark.parametrize(
    ("value", "listed", "met"),
    [
        ("yes", "", True),
        (" N/A ", "", False),
        ("0", "", False),
        (None, "", False),
        ("approved", "Approved|Planned", True),
        ("yes", "Approved|Planned", False),
    ],
)
def test_an_attribute_is_met_by_a_value_that_says_something(
    value: str | None, listed: str, met: bool
) -> None:
    assert is_attribute_met(value, listed) is met


@pytest.mark.parametrize(
    ("as_of", "outcome"),
    [("2026-04-09 14:00", "pending"), ("2026-04-09 14:00:01", "ignored")],
)
def test_without_a_response_a_handoff_is_pending_until_it_is_past_due(
    story: Story, as_of: str, outcome: str
) -> None:
    offer(story)
    assert only(story, as_of).outcome == outcome


@pytest.mark.parametrize(
    ("again", "outcome"),
    [("2026-04-09 14:00", "withdrawn"), ("2026-04-09 14:00:01", "ignored")],
)
def test_a_handoff_superseded_by_the_next_is_withdrawn_up_to_its_due_time(
    story: Story, again: str, outcome: str
) -> None:
    offer(story)
    story.activity("2026-04-08 12:00", 13, "Lead Status", Old_Value="MQL", New_Value="Inquiry")
    story.mql(again)
    assert handoffs(story)[0].outcome == outcome


def test_an_exit_by_a_machine_after_the_due_time_is_no_response(story: Story) -> None:
    offer(story)
    story.status("2026-04-09 14:00:01", "Open", "Recycled", actor=TIMER)
    handoff = only(story)
    assert (handoff.outcome, handoff.expired, handoff.response) == ("ignored", True, None)
    assert handoff.rejection is None
    assert handoff.legs[-1].to_at == at("2026-04-09 14:00:01")


def test_an_exit_by_a_machine_at_the_due_time_is_a_rejection(story: Story) -> None:
    offer(story)
    story.status("2026-04-09 14:00", "Open", "Recycled", actor=TIMER)
    handoff = only(story)
    assert (handoff.outcome, handoff.expired, handoff.reason) == ("rejected", False, None)


def test_a_send_back_by_a_machine_expires_when_the_decision_had_run_out(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-04-21 15:00:01", "Accepted", "Recycled", actor=TIMER)
    handoff = only(story)
    assert (handoff.outcome, handoff.expired) == ("accepted", True)


def test_a_send_back_by_a_machine_after_a_human_decision_does_not_expire(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.status("2026-04-08 15:00", "Accepted", "Converted")
    story.status("2026-04-21 15:00:01", "Converted", "Recycled", actor=TIMER)
    assert not only(story).expired


def test_a_lead_of_nobody_belongs_to_the_first_owner_within_the_grace(story: Story) -> None:
    offer(story, OwnerId="")
    story.owner("2026-04-07 14:15", "", ELENA)
    handoff = only(story)
    assert (handoff.owner_id, len(handoff.transfers)) == (ELENA, 0)
    # Elena's hours are 16:00 to 24:00 UTC: the clock starts at the offer, on her calendar.
    assert handoff.response_due_at == at("2026-04-09 00:00")


def test_an_owner_given_after_the_grace_comes_too_late(story: Story) -> None:
    offer(story, OwnerId="")
    story.owner("2026-04-07 14:15:01", "", ELENA)
    handoff = only(story)
    assert handoff.owner_id is None
    assert [leg.owner_id for leg in handoff.legs] == [None, ELENA]
    assert len(handoff.transfers) == 0


def test_a_queue_is_an_owner_and_leaving_it_is_a_transfer(story: Story) -> None:
    offer(story, OwnerId=QUEUE)
    story.owner("2026-04-07 15:00", QUEUE, ELENA)
    story.owner("2026-04-07 16:00", ELENA, ALICE)
    story.status("2026-04-07 16:00", "Open", "Accepted")
    handoff = only(story)
    assert handoff.owner_id == QUEUE
    # The change in the second of the acceptance is no longer before it.
    assert [owner for _, owner in handoff.transfers] == [ELENA]
    assert [leg.responded for leg in handoff.legs] == [False, True]
    assert handoff.accepted_by_owner is True


def test_of_two_owners_shown_for_one_second_only_the_one_that_stayed_is_a_leg(
    story: Story,
) -> None:
    offer(story)
    story.lead("2026-04-08 15:00", OwnerId=QUEUE)
    story.lead("2026-04-08 15:00", OwnerId=ELENA)
    handoff = only(story)
    assert [owner for _, owner in handoff.transfers] == [QUEUE]
    assert [leg.owner_id for leg in handoff.legs] == [ALICE, QUEUE]


def test_owners_of_one_second_stand_in_their_order_whatever_fractions_say(story: Story) -> None:
    offer(story)
    story.owner("2026-04-07 15:00:00.400", ALICE, QUEUE)
    story.owner("2026-04-07 15:00:00.000", QUEUE, ELENA)
    handoff = only(story)
    later = at("2026-04-07 15:00:00.400")
    assert handoff.transfers == [(later, QUEUE), (later, ELENA)]
    assert [(leg.owner_id, leg.from_at, leg.to_at) for leg in handoff.legs] == [
        (ALICE, handoff.offered_at, later),
        (QUEUE, later, later),
        (ELENA, later, None),
    ]


def test_what_is_asked_for_in_a_second_is_the_last_value_of_that_second(story: Story) -> None:
    story.marketo("2026-04-01 12:00", leadStatus="Inquiry")
    story.lead("2026-04-01 12:00")
    story.owner("2026-04-07 14:00:00.900", ALICE, ELENA)
    story.mql("2026-04-07 14:00:00.100")
    story.owner("2026-04-07 16:00:00.100", ELENA, OLIVIA)
    story.status("2026-04-07 16:00:00.900", "Open", "Accepted", OLIVIA)
    handoff = only(story)
    # What is no earlier second than the offer's, and none before the response's, is no transfer.
    assert (handoff.owner_id, handoff.transfers) == (ELENA, [])


def test_a_move_is_not_entered_before_the_one_that_it_follows(story: Story) -> None:
    story.marketo("2026-04-01 12:00", leadStatus="Inquiry")
    story.lead("2026-04-01 12:00")
    story.mql("2026-04-07 14:00:00.700")
    story.status("2026-04-07 14:00:00.200", "Open", "Accepted")
    handoff = only(story)
    assert handoff.accepted_at == handoff.offered_at == at("2026-04-07 14:00:00.700")


def test_a_clock_that_restarts_twice_in_a_second_runs_for_the_last_owner(
    story_under: StoryUnder,
) -> None:
    story = story_under(clock_restarts_on_transfer="true")
    offer(story)
    story.owner("2026-04-07 20:00", ALICE, QUEUE)
    story.owner("2026-04-07 20:00", QUEUE, ELENA)
    assert only(story).response_owner_id == ELENA


def test_the_clock_goes_on_at_a_transfer(story: Story) -> None:
    offer(story)
    story.owner("2026-04-07 20:00", ALICE, ELENA)
    assert only(story).response_due_at == at("2026-04-09 14:00")


def test_where_agreed_the_clock_restarts_at_transfers_before_the_due_time(
    story_under: StoryUnder,
) -> None:
    story = story_under(clock_restarts_on_transfer="true")
    offer(story)
    story.owner("2026-04-07 20:00", ALICE, ELENA)
    story.owner("2026-04-15 20:00", ELENA, ALICE)
    # 16 hours of West from 20:00 UTC: 4 on Tuesday, 8 on Wednesday, 4 on Thursday.
    assert only(story).response_due_at == at("2026-04-09 20:00")


def test_only_a_quota_bearing_human_owner_is_the_right_acceptor(story: Story) -> None:
    offer(story, OwnerId=OLIVIA)
    story.status("2026-04-07 15:00", "Open", "Accepted", actor=OLIVIA)
    assert only(story).accepted_by_owner is False


def test_sal_skipped_is_an_implicit_acceptance(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Converted")
    handoff = only(story)
    assert handoff.is_accepted
    assert handoff.response is not None
    assert handoff.response.to_stage == "sql"


def reject(story: Story, *reasons: tuple[str, str, str], actor: str = ALICE) -> Handoff:
    """A rejection on Wednesday at noon, with these changes (time, old, new) of the reason."""
    offer(story)
    story.status("2026-04-08 12:00", "Open", "Rejected", actor=actor)
    for when, old, new in reasons:
        story.history(when, "Rejection_Reason__c", old, new)
    return only(story)


def test_the_reason_is_the_fields_value_in_the_second_of_the_exit(story: Story) -> None:
    handoff = reject(story, ("2026-04-08 12:00", "", "Wrong territory"))
    assert (handoff.reason, handoff.family) == ("Wrong territory", "procedural")


def test_a_reason_given_later_counts_until_the_next_move(story: Story) -> None:
    story.status("2026-04-10 12:00", "Rejected", "Disqualified")
    late = ("2026-04-10 12:00", "", "Unresponsive")
    assert reject(story, late).reason is None
    story.history("2026-04-09 12:00", "Rejection_Reason__c", "", "No budget")
    assert only(story).reason == "No budget"


def test_a_reason_from_before_the_handoff_says_nothing(story: Story) -> None:
    assert reject(story, ("2026-04-02 12:00", "", "No budget")).reason is None


def test_a_machine_gives_no_reason(story: Story) -> None:
    handoff = reject(story, ("2026-04-08 12:00", "", "No budget"), actor=TIMER)
    assert handoff.reason is None


def test_an_offer_before_the_first_version_has_no_clauses(story: Story) -> None:
    story.marketo("2025-05-01 12:00", leadStatus="Inquiry")
    story.mql("2025-06-30 12:00")
    judged = story.judged(END)
    (handoff,) = judged.handoffs.all()
    assert handoff.agreement_version is None
    assert handoff.tier == "B"
    assert handoff.response_due_at is not None
    assert [row for row in judged.compliance.rows if row.handoff] == []


def test_a_version_starts_at_midnight_of_its_own_zone(story: Story) -> None:
    story.marketo("2026-03-01 12:00", leadStatus="Inquiry")
    story.mql("2026-04-01 03:59:58")
    story.activity("2026-04-01 03:59:59", 13, "Lead Status", Old_Value="MQL", New_Value="Inquiry")
    story.mql("2026-04-01 04:00:00")
    assert [handoff.agreement_version for handoff in handoffs(story)] == ["v1", "v2"]


def test_touches_are_counted_once_a_minute_and_channel(story: Story) -> None:
    offer(story)
    story.task("2026-04-08 13:00:01")
    story.task("2026-04-08 13:00:59")
    story.task("2026-04-08 13:00:30", kind="Email")
    story.task("2026-04-08 13:01:00")
    story.task("2026-04-08 13:05:00", IsClosed="false")
    story.task("2026-04-08 13:06:00", kind="Inbound")
    story.task("2026-04-08 13:07:00", user="")
    touches = only(story).touches
    assert [touch.occurred_at.minute for touch in touches] == [0, 0, 1, 7]
    assert len(only(story).counted_touches) == 3


def test_a_task_written_down_done_and_due_days_before_is_logged_late(story: Story) -> None:
    offer(story)
    story.task("2026-04-09 03:00", ActivityDate="2026-04-07")
    story.task("2026-04-09 05:00", ActivityDate="2026-04-07")
    # At 03:00 UTC it is still the 8th at New York: a day after; at 05:00 it is two.
    assert [touch.is_late_logged for touch in only(story).touches] == [False, True]


def test_a_task_on_the_contact_of_a_converted_lead_is_on_the_lead(story: Story) -> None:
    offer(story, ConvertedContactId="003Hs0000000001")
    story.task("2026-04-08 13:00", WhoId="003Hs0000000001IAA")
    assert len(only(story).touches) == 1


def test_the_amount_is_of_the_first_opportunity_of_the_window(story: Story) -> None:
    key = "006Hs0000000000001"
    offer(story, ConvertedOpportunityId=key)
    story.status("2026-04-07 15:00", "Open", "Accepted")
    story.opportunity("2026-04-08 12:00", key, Amount="10", CurrencyIsoCode="EUR")
    story.opportunity(
        "2026-04-09 12:00",
        key,
        Amount="25.5",
        CurrencyIsoCode="EUR",
        CreatedDate="2026-04-08T12:00:00Z",
    )
    opportunity = only(story).opportunity
    assert opportunity is not None
    assert (opportunity.amount, opportunity.currency) == (Decimal("25.5"), "EUR")


def test_lead_ids_do_not_hang_on_what_comes_later(story: Story) -> None:
    offer(story)
    before = only(story).lead.lead_id
    story.marketo("2026-04-09 12:00", key="2", link=LEAD_15)
    assert only(story).lead.lead_id == before
