"""Events, their order, transitions, journeys, identity."""

from tests.oracle.stories import ALICE, LEAD_15, TIMER, Story

OTHER = "00QHs0000000002"
DEAL = "006Hs0000000000001"
SECOND_DEAL = "006Hs0000000000002"


def test_marketing_speaks_for_mql_and_sales_for_sal(story: Story) -> None:
    story.marketo("2026-04-01 12:00", leadStatus="Inquiry")
    story.mql("2026-04-07 13:00")
    story.lead("2026-04-07 13:00", Status="Open")
    story.status("2026-04-07 13:00:05", "Open", "Marketing Qualified")
    story.status("2026-04-07 15:00", "Marketing Qualified", "Accepted")
    assert story.stages("2026-05-01 00:00") == ["inquiry", "mql", "sal"]
    (events,) = story.judged("2026-05-01 00:00").events.events.values()
    assert [e.stage for e in events if not e.is_authority] == ["mql"]


def test_at_one_instant_records_are_merged_head_by_head(story: Story) -> None:
    story.marketo("2026-04-01 12:00", leadStatus="Nurture")
    # Marketing: inquiry, then mql; sales: rejected, then accepted. All in one second.
    story.lead("2026-04-01 12:00", Status="Open")
    story.status("2026-04-07 13:00", "Open", "Rejected", event_id="017Hs0000000000009")
    story.status("2026-04-07 13:00", "Rejected", "Accepted", event_id="017Hs0000000000001")
    story.activity("2026-04-07 13:00", 13, "Lead Status", Old_Value="Nurture", New_Value="MQL")
    assert story.stages("2026-05-01 00:00") == ["mql", "rejected", "sal"]


def test_a_status_change_precedes_the_opportunity_of_the_same_second(story: Story) -> None:
    story.lead("2026-04-06 12:00", Status="Accepted")
    story.lead(
        "2026-04-07 12:00",
        created="2026-04-06 12:00",
        Status="Converted",
        ConvertedOpportunityId=DEAL,
    )
    event = story.status("2026-04-07 12:00", "Accepted", "Converted", event_id="zzz")
    story.opportunity("2026-04-07 12:00", DEAL)
    moves = story.moves("2026-05-01 00:00")
    assert [move.event.source_event_id for move in moves][1:] == [event]


def test_a_lead_that_comes_back_starts_a_journey(story: Story) -> None:
    story.lead("2026-04-01 12:00", Status="Accepted")
    story.status("2026-04-02 12:00", "Accepted", "Recycled")
    story.status("2026-04-03 12:00", "Recycled", "Accepted")
    moves = story.moves("2026-05-01 00:00")
    assert [move.direction for move in moves] == ["start", "exit", "reentry"]
    assert [move.journey_number for move in moves] == [1, 1, 2]


def test_the_status_at_creation_is_the_old_value_of_the_first_change(story: Story) -> None:
    story.lead("2026-04-01 12:00", Status="Rejected")
    story.status("2026-04-02 12:00", "Accepted", "Rejected")
    moves = story.moves("2026-05-01 00:00")
    assert [move.to_stage for move in moves] == ["sal", "rejected"]
    assert moves[0].event.source_event_id == "Lead:00QHs0000000001MAA:created"


def test_a_first_change_from_blank_means_no_status_at_creation(story: Story) -> None:
    story.lead("2026-04-01 12:00", Status="Rejected")
    story.status("2026-04-02 12:00", "", "Rejected")
    assert story.stages("2026-05-01 00:00") == ["rejected"]


def test_a_losers_changes_belong_to_the_survivor_but_a_late_creation_does_not_count(
    story: Story,
) -> None:
    story.lead("2026-04-01 12:00", Status="Accepted")
    story.lead(
        "2026-04-20 12:00",
        key=OTHER,
        created="2026-04-05 12:00",
        Status="Rejected",
        IsDeleted="true",
        MasterRecordId=LEAD_15,
    )
    story.status("2026-04-06 12:00", "Converted", "Rejected", key=OTHER)
    judged = story.judged("2026-05-01 00:00")
    (lead,) = judged.identity.leads
    assert lead.merged_count == 1
    assert lead.survivor_id("salesforce") == "00QHs0000000001MAA"
    # The loser was created as Converted after the survivor's first event: a repeat.
    assert story.stages("2026-05-01 00:00") == ["sal", "rejected"]


def test_chains_of_merges_end_at_one_survivor(story: Story) -> None:
    story.marketo("2026-04-01 12:00", key="1", link="")
    story.marketo("2026-04-02 12:00", key="2", link="")
    story.marketo("2026-04-03 12:00", key="3", link="")
    story.activity("2026-04-10 12:00", 32, "x", key="2", Merge_IDs="[1]")
    story.activity("2026-04-11 12:00", 32, "x", key="3", Merge_IDs="[2]")
    (lead,) = story.judged("2026-05-01 00:00").identity.leads
    assert lead.survivor_id("marketo") == "3"
    assert lead.merged_count == 2


def test_a_contact_links_a_marketo_lead_to_the_lead_it_was_converted_from(story: Story) -> None:
    story.lead("2026-04-01 12:00", ConvertedContactId="003Hs0000000001")
    story.marketo("2026-04-01 12:00", link="", sfdcContactId="003Hs0000000001IAA")
    assert len(story.judged("2026-05-01 00:00").identity.leads) == 1


def _converted(story: Story) -> None:
    story.lead("2026-04-01 12:00", Status="Accepted")
    story.lead(
        "2026-04-02 12:00",
        created="2026-04-01 12:00",
        Status="Accepted",
        ConvertedContactId="003Hs0000000001IAA",
        ConvertedOpportunityId=DEAL,
    )


def test_a_second_deal_lost_after_the_first_was_won_leaves_the_lead_won(story: Story) -> None:
    _converted(story)
    for key in (DEAL, SECOND_DEAL):
        story.opportunity("2026-04-02 12:00", key)
        story.land(
            "salesforce",
            "OpportunityContactRole",
            Id=f"00K{key[3:]}",
            OpportunityId=key,
            ContactId="003Hs0000000001IAA",
            CreatedDate="2026-04-02T12:00:00Z",
            SystemModstamp="2026-04-02T12:00:00Z",
        )
    story.stage("2026-04-03 12:00", DEAL, "Prospecting", "Closed Won")
    story.stage("2026-04-04 12:00", SECOND_DEAL, "Prospecting", "Closed Lost")
    assert story.stages("2026-05-01 00:00") == ["sal", "sql", "won"]
    events = [e for found in story.judged("2026-05-01 00:00").events.events.values() for e in found]
    assert "lost" in [event.stage for event in events]


def test_a_reopened_deal_may_be_lost_after_it_was_won(story: Story) -> None:
    _converted(story)
    story.opportunity("2026-04-02 12:00", DEAL)
    story.stage("2026-04-03 12:00", DEAL, "Prospecting", "Closed Won")
    story.stage("2026-04-04 12:00", DEAL, "Closed Won", "Proposal")
    story.stage("2026-04-05 12:00", DEAL, "Proposal", "Closed Lost")
    assert story.stages("2026-05-01 00:00") == ["sal", "sql", "won", "lost"]


def test_a_deal_created_when_it_closed_was_never_sql(story: Story) -> None:
    _converted(story)
    story.opportunity(
        "2026-04-02 12:00",
        DEAL,
        stage="Closed Won",
        IsClosed="true",
        IsWon="true",
        LastStageChangeDate="2026-04-02T12:00:00.000Z",
    )
    moves = story.moves("2026-05-01 00:00")
    assert [move.to_stage for move in moves] == ["sal", "won"]
    assert moves[1].skipped_stages == 1
    assert moves[1].event.source_event_id == f"Opportunity:{DEAL}:closed:2026-04-02T12:00:00Z"


def test_a_touch_in_the_second_of_a_move_lies_before_it(story: Story) -> None:
    story.lead("2026-04-01 12:00", Status="Accepted", ConvertedOpportunityId=DEAL)
    story.status("2026-04-07 12:00", "Accepted", "Converted", actor=TIMER)
    story.opportunity("2026-04-07 12:00", DEAL)
    story.task("2026-04-01 12:00")
    assert story.moves("2026-05-01 00:00")[1].is_silent
    story.task("2026-04-07 12:00", user=ALICE)
    assert not story.moves("2026-05-01 00:00")[1].is_silent
