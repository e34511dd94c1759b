"""What the integrity rules see, on stories worked by hand."""

from pathlib import Path

from tests.oracle.agreements import Row, copy_agreement, pinned
from tests.oracle.stories import ALICE, TIMER, Story
from tests.oracle.test_handoffs import offer


def rules(story: Story, as_of: str) -> set[tuple[str, str]]:
    return {(found.rule, found.grade) for found in story.judged(as_of).findings.found}


def deleted(story: Story, when: str, flag: str = "true") -> None:
    story.lead(when, created="2026-04-01 12:00", IsDeleted=flag)


def test_a_lead_deleted_while_sales_owes_an_answer_is_a_finding(story: Story) -> None:
    offer(story)
    deleted(story, "2026-04-07 16:00")
    assert ("deleted_after_handoff", "certain") in rules(story, "2026-04-20 00:00")


def test_a_deletion_that_was_taken_back_is_none(story: Story) -> None:
    offer(story)
    deleted(story, "2026-04-07 16:00")
    deleted(story, "2026-04-07 17:00", flag="false")
    assert ("deleted_after_handoff", "certain") not in rules(story, "2026-04-20 00:00")


def test_of_two_deletions_the_one_that_stands_counts(story: Story) -> None:
    offer(story)
    deleted(story, "2026-04-02 12:00")
    deleted(story, "2026-04-03 12:00", flag="false")
    deleted(story, "2026-04-07 16:00")
    deleted(story, "2026-05-20 16:00")
    assert ("deleted_after_handoff", "certain") in rules(story, "2026-06-20 00:00")


def test_a_deletion_after_everything_fell_due_is_none(story: Story) -> None:
    offer(story)
    deleted(story, "2026-05-20 16:00")
    assert ("deleted_after_handoff", "certain") not in rules(story, "2026-06-20 00:00")


def test_many_touches_recorded_in_one_minute_are_padded(story: Story) -> None:
    offer(story)
    for second in range(5):
        when = f"2026-04-0{3 + second % 3} 1{second}:00"
        story.task(when, CreatedDate=f"2026-04-10T15:00:0{second}.000Z")
    (batch,) = [
        found
        for found in story.judged("2026-04-20 00:00").findings.found
        if found.rule == "padded_activity"
    ]
    assert batch.subject_type == "touch_batch"
    assert batch.subject_id.endswith("|2026-04-10T15:00:00Z")
    # Many at once, and all of them late.
    assert batch.grade == "likely"


def test_four_touches_in_a_minute_are_no_padding(story: Story) -> None:
    offer(story)
    for second in range(4):
        story.task(f"2026-04-05 1{second}:00", CreatedDate=f"2026-04-10T15:00:0{second}.000Z")
    assert "padded_activity" not in {rule for rule, _ in rules(story, "2026-04-20 00:00")}


def rejected_after(story: Story, *touches: tuple[str, str]) -> set[str]:
    """What is told of a rejection after these touches: tier B needs three of them."""
    offer(story)
    for when, kind in touches:
        story.task(when, kind=kind)
    story.status("2026-04-10 15:00", "Open", "Rejected")
    return {rule for rule, _ in rules(story, "2026-04-20 00:00")} & {
        "rejected_without_follow_up",
        "one_touch_abandonment",
    }


def test_one_touch_too_few_is_one_finding(story: Story) -> None:
    assert rejected_after(story, ("2026-04-08 15:00", "Call")) == {"rejected_without_follow_up"}


def test_the_promised_number_on_one_channel_is_an_abandonment(story: Story) -> None:
    calls = [(f"2026-04-08 1{hour}:00", "Call") for hour in range(5, 8)]
    assert rejected_after(story, *calls) == {"one_touch_abandonment"}


def test_the_promised_number_on_two_channels_is_in_order(story: Story) -> None:
    calls = [(f"2026-04-08 1{hour}:00", "Call") for hour in range(5, 7)]
    assert rejected_after(story, *calls, ("2026-04-08 18:00", "Email")) == set()


def promoted(story: Story, days: int, actor: str = ALICE, reason: str = "") -> str | None:
    """The grade of a silent promotion from sal to sql so many days after it."""
    offer(story)
    story.status("2026-04-08 15:00", "Open", "Accepted")
    story.status(f"2026-04-{8 + days:02} 15:00", "Accepted", "Converted", actor)
    found = story.judged("2026-05-20 00:00").findings.found
    graded = {one.grade for one in found if one.rule == "silent_auto_promotion"}
    assert len(graded) <= 1
    return next(iter(graded), None)


def test_silence_alone_is_no_signal(story: Story) -> None:
    assert promoted(story, 5) is None


def test_a_listed_timer_without_a_machine_is_possible_at_most(story: Story) -> None:
    assert promoted(story, 14) == "possible"


def test_a_machine_alone_is_possible(story: Story) -> None:
    assert promoted(story, 5, TIMER) == "possible"


def test_a_machine_by_a_timer_is_likely(story: Story) -> None:
    assert promoted(story, 14, TIMER) == "likely"


def test_a_possible_finding_is_one_step_less_severe(story: Story) -> None:
    assert promoted(story, 5, TIMER) == "possible"
    (found,) = [
        one
        for one in story.judged("2026-05-20 00:00").findings.found
        if one.rule == "silent_auto_promotion"
    ]
    # The example agreement calls the rule critical.
    assert found.severity == "warning"


def test_only_an_offer_unknown_to_its_authority_is_a_disagreement(tmp_path: Path) -> None:
    """A lead that only sales has: its mql tells a handoff of marketing's, its inquiry nothing."""

    def open_tells_inquiry(rows: list[Row]) -> list[Row]:
        told = {"stage": "inquiry", "is_authority": "false"}
        return [row | told if row["value"] == "Open" else row for row in rows]

    agreement = copy_agreement(
        tmp_path / "with_inquiry", {"stage_map": open_tells_inquiry}, pinned(tmp_path / "pinned")
    )
    story = Story(agreement)
    story.lead("2026-04-01 12:00", Status="Open")
    assert "systems_disagree" not in {rule for rule, _ in rules(story, "2026-04-05 00:00")}
    story.status("2026-04-06 12:00", "Open", "Marketing Qualified")
    assert ("systems_disagree", "certain") in rules(story, "2026-04-20 00:00")
