"""Which times tell a day and no time of day, worked by hand.

The pinned agreement lives in New York; its sources write UTC. 2026-04-07 is a Tuesday.
"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.oracle.handoffs import Handoff
from tests.oracle.sla import Clause
from tests.oracle.stories import ALICE, TIMER, Story, at
from tests.oracle.times_of_day import Day

END = "2026-05-01 00:00"
HISTORY = ("salesforce", "LeadHistory", "CreatedDate")


def day_of(story: Story, when: str) -> Day | None:
    return story.judged(END).company.times.day_of(HISTORY, at(when))


def write_at_nine(story: Story, days: int, times: int, actor: str = ALICE) -> None:
    """So many changes of owner, spread over so many days, each at 09:00 UTC."""
    for number in range(times):
        moment = datetime(2026, 4, 1 + number % days, 9, tzinfo=UTC)
        story.history(f"{moment:%Y-%m-%d %H:%M}", "Rating", "", "hot", actor)


@pytest.mark.parametrize(
    ("when", "first"),
    [
        ("2026-04-07 00:00:00", "2026-04-07 00:00"),
        # Midnight in New York, where the agreement lives.
        ("2026-04-07 04:00:00", "2026-04-07 04:00"),
    ],
)
def test_midnight_is_no_time_of_day(story: Story, when: str, first: str) -> None:
    day = day_of(story, when)
    assert day == Day(at(first), at(first) + timedelta(days=1))
    assert day.last == at(first) + timedelta(days=1) - timedelta(seconds=1)


@pytest.mark.parametrize("when", ["2026-04-07 00:00:01", "2026-04-07 09:00", "2026-04-07 05:00"])
def test_another_time_is_one(story: Story, when: str) -> None:
    assert day_of(story, when) is None


def test_a_day_is_as_long_as_its_zone_makes_it(story: Story) -> None:
    """Clocks in New York went forward on this Sunday."""
    assert day_of(story, "2026-03-08 05:00") == Day(at("2026-03-08 05:00"), at("2026-03-09 04:00"))


def test_the_one_time_that_a_column_shows_is_none(story: Story) -> None:
    write_at_nine(story, days=10, times=20)
    assert day_of(story, "2026-04-20 09:00") == Day(at("2026-04-20 00:00"), at("2026-04-21 00:00"))
    assert day_of(story, "2026-04-20 09:01") is None


@pytest.mark.parametrize(("days", "times"), [(9, 20), (10, 19)])
def test_few_rows_or_days_show_nothing(story: Story, days: int, times: int) -> None:
    write_at_nine(story, days, times)
    assert day_of(story, "2026-04-20 09:00") is None


@pytest.mark.parametrize(("others", "is_one"), [(2, True), (3, False)])
def test_nine_in_ten_rows_have_to_show_it(story: Story, others: int, is_one: bool) -> None:
    write_at_nine(story, days=10, times=20)
    for number in range(others):
        story.history(f"2026-04-0{number + 1} 15:0{number}", "Rating", "", "cold")
    assert (day_of(story, "2026-04-20 09:00") is not None) == is_one


def test_what_a_machine_writes_every_night_is_its_own_hour(story: Story) -> None:
    write_at_nine(story, days=10, times=20, actor=TIMER)
    assert day_of(story, "2026-04-20 09:00") is None
    # Two rows of people at other times are not enough to tell anything.
    story.history("2026-04-01 15:00", "Rating", "", "cold")
    assert day_of(story, "2026-04-20 09:00") is None


# -- what days decide, and what they do not ----------------------------------------------------


def offered(story: Story, when: str, score: str | None = "85") -> None:
    """A lead of both systems, with six attributes, that marketing hands over."""
    story.marketo("2026-04-01 12:00", leadStatus="Inquiry")
    attributes = ("Vertical", "Firmographics", "Environment", "Engagement", "Decision_Makers")
    story.lead(
        "2026-04-01 12:00",
        Business_Issues__c="yes",
        **{f"{name}__c": "7372" if name == "Vertical" else "yes" for name in attributes},
    )
    story.mql(when, score=score)


def handoff(story: Story, as_of: str = END) -> Handoff:
    (one,) = story.judged(as_of).handoffs.all()
    return one


def clause(story: Story, name: str, as_of: str = END) -> Clause:
    (row,) = [row for row in story.judged(as_of).compliance.rows if row.clause == name]
    return row


def rules(story: Story, as_of: str = END) -> set[str]:
    return {finding.rule for finding in story.judged(as_of).findings.found}


def test_what_tells_a_day_takes_the_time_of_what_it_follows(story: Story) -> None:
    """The acceptance of that day comes after the offer of two o'clock: sal has the higher rank."""
    offered(story, "2026-04-07 14:00")
    story.status("2026-04-07 00:00", "Open", "Accepted")
    one = handoff(story)
    assert one.accepted_at == at("2026-04-07 14:00")
    assert clause(story, "response").status == "met"


def test_changes_of_a_day_stand_where_they_break_the_chain_least(story: Story) -> None:
    offered(story, "2026-04-07 08:00")
    story.status("2026-04-07 09:00", "Open", "Accepted")
    story.status("2026-04-07 17:00", "Recycled", "Disqualified")
    story.status("2026-04-07 00:00", "Accepted", "Recycled")
    moves = story.moves(END)
    assert [(move.to_stage, move.entered_at) for move in moves[-3:]] == [
        ("sal", at("2026-04-07 09:00")),
        ("recycled", at("2026-04-07 09:00")),
        ("disqualified", at("2026-04-07 17:00")),
    ]
    assert (moves[-2].earliest_at, moves[-2].latest_at) == (
        at("2026-04-07 09:00"),
        at("2026-04-07 17:00"),
    )


def test_own_time_is_not_later_than_what_comes_after(story: Story) -> None:
    """All of Marketo's changes tell nine o'clock; sales took the lead at eight."""
    for number in range(20):
        moment = f"2026-03-{1 + number % 10:02} 09:00"
        story.activity(moment, 13, "Rating", Old_Value="", New_Value="hot")
    offered(story, "2026-04-07 09:00", score=None)
    story.status("2026-04-07 08:00", "Open", "Accepted")
    one = handoff(story)
    assert (one.offered_at, one.accepted_at) == (at("2026-04-07 08:00"), at("2026-04-07 08:00"))


def test_a_clause_that_hangs_on_the_moment_is_not_judged(story: Story) -> None:
    """Due on Wednesday at two o'clock, answered on Wednesday."""
    offered(story, "2026-04-07 14:00")
    story.status("2026-04-08 00:00", "Open", "Accepted")
    row = clause(story, "response")
    assert row.due_at == at("2026-04-08 14:00")
    assert (row.status, row.because, row.margin) == ("not_applicable", "no_time_of_day", None)
    assert handoff(story).outcome == "accepted"


def test_nothing_is_ignored_before_the_latest_due_time(story: Story) -> None:
    """Eight working hours from the first moment of Tuesday end on Tuesday, from its last on
    Wednesday at nine in the evening."""
    offered(story, "2026-04-07 00:00")
    assert handoff(story).response_due_at == at("2026-04-08 21:00")
    assert handoff(story, "2026-04-08 20:00").outcome == "pending"
    assert clause(story, "response", "2026-04-08 20:00").status == "pending"
    assert handoff(story, "2026-04-08 21:00:01").outcome == "ignored"
    assert clause(story, "response", "2026-04-08 21:00:01").status == "breached"


def test_an_offer_without_a_time_is_read_at_the_end_of_its_day(story: Story) -> None:
    offered(story, "2026-04-07 00:00", score=None)
    story.activity("2026-04-03 10:00", 22, "Lead Score", Old_Value="", New_Value="85")
    story.activity("2026-04-07 10:00", 22, "Lead Score", Old_Value="85", New_Value="90")
    one = handoff(story)
    assert (one.score, one.met_definition, one.is_definition_open) == (90, True, False)
    assert clause(story, "definition").status == "met"


def test_a_definition_met_at_one_moment_of_the_day_is_not_judged(story: Story) -> None:
    offered(story, "2026-04-07 00:00", score=None)
    story.activity("2026-04-03 10:00", 22, "Lead Score", Old_Value="", New_Value="85")
    story.activity("2026-04-07 10:00", 22, "Lead Score", Old_Value="85", New_Value="1")
    one = handoff(story)
    assert (one.score, one.met_definition) == (1, False)
    row = clause(story, "definition")
    assert (row.status, row.because) == ("not_applicable", "no_time_of_day")
    assert "below_definition" not in rules(story)


def test_a_touch_of_the_day_may_have_come_in_time(story: Story) -> None:
    """A call of the day of the offer belongs to it; whether it came before the rejection of that
    day nobody knows."""
    offered(story, "2026-04-07 14:00")
    story.task("2026-04-07 00:00")
    story.status("2026-04-07 20:00", "Open", "Rejected")
    one = handoff(story)
    assert len(one.counted_touches) == 1
    assert one.counted_touches[0].occurred_at == at("2026-04-07 00:00")
    assert "one_touch_abandonment" not in rules(story)


def test_two_calls_of_a_day_are_two(story: Story) -> None:
    offered(story, "2026-04-07 14:00")
    story.task("2026-04-08 00:00")
    story.task("2026-04-08 00:00")
    assert len(handoff(story).counted_touches) == 2


def test_a_conversation_of_the_day_accuses_nobody(story: Story) -> None:
    offered(story, "2026-04-07 14:00")
    story.task("2026-04-08 00:00")
    story.status("2026-04-08 20:00", "Open", "Accepted")
    assert "late_acceptance" not in rules(story)
    story.task("2026-04-08 19:00")
    assert "late_acceptance" in rules(story)


def test_what_was_recorded_on_a_day_is_no_batch(story: Story) -> None:
    offered(story, "2026-04-07 14:00")
    for hour in range(6):
        story.task(f"2026-04-08 {10 + hour}:00", CreatedDate="2026-04-09")
    assert "padded_activity" not in rules(story)
    for hour in range(6):
        story.task(f"2026-04-08 {10 + hour}:30", CreatedDate="2026-04-09T00:00:01Z")
    assert "padded_activity" in rules(story)


def test_a_deal_closed_on_the_day_it_was_made_may_have_been_open(story: Story) -> None:
    """CloseDate is a date: made at two and closed that day, it was sql before it was won."""
    offered(story, "2026-04-07 08:00")
    story.status("2026-04-07 09:00", "Open", "Accepted")
    story.lead("2026-04-07 14:00", created="2026-04-01 12:00", ConvertedOpportunityId="006A")
    story.opportunity(
        "2026-04-07 14:00",
        "006A",
        "Closed Won",
        IsClosed="true",
        IsWon="true",
        CloseDate="2026-04-07",
    )
    assert story.stages(END)[-2:] == ["sql", "won"]
    assert story.moves(END)[-1].entered_at == at("2026-04-07 14:00")
