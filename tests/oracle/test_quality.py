"""What became of leads and what they brought, on stories worked by hand."""

from typing import Any

from tests.oracle.quality import Quality, median
from tests.oracle.stories import ALICE, TIMER, Story, at
from tests.oracle.test_handoffs import END, offer

Row = dict[str, Any]


def tables(story: Story, as_of: str = END) -> dict[str, list[Row]]:
    judged = story.judged(as_of)
    return Quality(
        judged.company,
        judged.identity,
        judged.events,
        judged.transitions,
        judged.touches,
        judged.handoffs,
        judged.compliance,
        judged.as_of,
    ).rows()


def recycled_and_handed_over_again(story: Story) -> None:
    """Rejected in April for its budget, handed over again in May."""
    offer(story)
    story.status("2026-04-07 15:00", "Open", "Rejected")
    story.history("2026-04-07 15:00", "Rejection_Reason__c", "", "No budget")
    story.activity("2026-04-20 14:00", 13, "Lead Status", Old_Value="MQL", New_Value="Inquiry")
    story.mql("2026-05-04 15:00", score=None)


def test_a_rejected_lead_is_lost_later_for_the_reason_its_deal_names(story: Story) -> None:
    recycled_and_handed_over_again(story)
    story.status("2026-05-05 15:00", "Rejected", "Accepted")
    story.status("2026-05-06 15:00", "Accepted", "Converted")
    story.lead(
        "2026-05-06 15:00",
        created="2026-04-01 12:00",
        Status="Converted",
        ConvertedOpportunityId="006000000000001",
    )
    story.opportunity("2026-05-06 15:00", "006000000000001", Loss_Reason__c="Competitor")
    story.stage("2026-05-08 15:00", "006000000000001", "Prospecting", "Closed Lost")
    (loss,) = tables(story, "2026-06-10 00:00")["agg_rejected_losses"]
    assert (loss["rejection_reason"], loss["loss_reason"]) == ("No budget", "Competitor")
    assert (loss["lost_later"], loss["leads"], loss["median_days_until_lost"]) == (1, 1, 31)


def test_a_recycled_lead_that_is_won_later_was_won_through_marketing(story: Story) -> None:
    recycled_and_handed_over_again(story)
    story.status("2026-05-05 15:00", "Rejected", "Accepted")
    story.status("2026-05-06 15:00", "Accepted", "Converted")
    story.lead(
        "2026-05-06 15:00",
        created="2026-04-01 12:00",
        Status="Converted",
        ConvertedOpportunityId="006000000000001",
    )
    story.opportunity("2026-05-06 15:00", "006000000000001", Amount="50", CurrencyIsoCode="EUR")
    story.stage("2026-05-08 15:00", "006000000000001", "Prospecting", "Closed Won")
    found = tables(story, "2026-06-10 00:00")
    (fate,) = found["agg_rejected_fate"]
    assert fate["rejection_reason"] == "No budget"
    assert (fate["rejected"], fate["handed_over_again"], fate["won_later"]) == (1, 1, 1)
    assert (fate["won_through_marketing"], fate["won_otherwise"]) == (1, 0)
    assert (fate["still_closed"], fate["open_now"], fate["is_mature"]) == (0, 0, True)
    assert fate["median_days_until_handed_over_again"] == 27
    assert fate["median_days_until_won"] == 31
    months = {row["month"].month: row for row in found["agg_source_revenue"]}
    assert (months[4]["handoffs"], months[4]["won"], months[4]["currency"]) == (1, 0, "none")
    assert (months[5]["won"], months[5]["amount_won"], months[5]["currency"]) == (1, 50, "EUR")
    pipeline = {row["currency"]: row for row in found["agg_pipeline_sources_monthly"]}
    assert {(row["opportunities"], row["marketing_sourced"]) for row in pipeline.values()} == {
        (1, 1)
    }
    assert found["fct_dropped_leads"] == []


def test_a_rejected_lead_is_dropped_until_somebody_touches_it(story: Story) -> None:
    offer(story)
    story.task("2026-04-07 14:00")
    story.status("2026-04-07 15:00", "Open", "Rejected")
    (row,) = tables(story)["fct_dropped_leads"]
    assert (row["dropped_as"], row["dropped_at"]) == ("rejected", at("2026-04-07 15:00"))
    assert (row["dropped_by_type"], row["owner_id_at_offer"]) == ("human", ALICE)
    assert row["last_touch_at"] == at("2026-04-07 14:00")
    story.task("2026-04-07 15:01")
    assert tables(story)["fct_dropped_leads"] == []


def test_a_machines_exit_is_nobodys_reason(story: Story) -> None:
    offer(story)
    story.status("2026-04-07 16:00", "Open", "Rejected", TIMER)
    story.history("2026-04-07 16:00", "Rejection_Reason__c", "", "Wrong territory", TIMER)
    found = tables(story)
    (fate,) = found["agg_rejected_fate"]
    assert (fate["rejection_family"], fate["rejection_reason"]) == ("automation", "none")
    rows = [row for row in found["agg_scoring_feedback"] if row["dimension"] == "score_band"]
    assert [(row["value"], row["rejected"], row["rejected_by_machine"]) for row in rows] == [
        ("80 to 89", 1, 1)
    ]
    assert [row["rejected_procedural"] for row in rows] == [0]


def test_a_pipeline_without_handoffs_is_not_marketings(story: Story) -> None:
    story.opportunity("2026-04-06 15:00", "006000000000009", Amount="7", CurrencyIsoCode="EUR")
    story.opportunity("2026-04-07 15:00", "006000000000008", Amount="5", CurrencyIsoCode="USD")
    rows = {row["currency"]: row for row in tables(story)["agg_pipeline_sources_monthly"]}
    assert (rows["all"]["opportunities"], rows["all"]["amount"]) == (2, None)
    assert (rows["EUR"]["amount"], rows["USD"]["amount"]) == (7, 5)
    assert {row["marketing_sourced"] for row in rows.values()} == {0}


def test_the_median_of_two_is_between_them() -> None:
    assert (median([]), median([3]), median([4, 1]), median([9, 1, 2])) == (None, 3, 2.5, 2)
