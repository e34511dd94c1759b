"""What the integrity rules see, on stories worked by hand."""

from fractions import Fraction

from tests.oracle.findings import _binomial_tail
from tests.oracle.stories import Story
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


def test_the_binomial_tail_counts_ways() -> None:
    assert _binomial_tail(8, 9, 9) == Fraction(9 * 8 + 1, 9**9)
    assert _binomial_tail(0, 3, 2) == 1
