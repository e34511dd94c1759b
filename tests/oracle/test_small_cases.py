"""The right outcome of each small case, worked out by hand."""

import pytest

from tests.oracle import small_cases
from tests.oracle.company import Timeline
from tests.oracle.oracle import Judged
from tests.oracle.stories import Story, at


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """All of the small cases in one company."""
    story = Story(small_cases.small_agreement(tmp_path_factory.mktemp("agreement")))
    small_cases.many_changes_in_one_second(story)
    small_cases.one_id_in_two_objects(story)
    small_cases.a_closing_mapped_to_none(story)
    small_cases.stages_of_plain_deals(story)
    return story.judged("2026-06-18 00:00")


def moves(judged: Judged, source: str, key: str) -> list[tuple[str, str]]:
    lead = judged.identity.lead_of[source, key]
    found = judged.transitions[lead.lead_id]
    return [(move.to_stage, f"{move.entered_at:%m-%d %H:%M}") for move in found]


def score(judged: Judged) -> Timeline:
    return judged.company.timeline(
        "marketo", "leads", small_cases.SCANNER, "leadScore", "Lead Score"
    )


def test_a_score_that_rises_in_one_second_goes_from_first_to_last(judged: Judged) -> None:
    line = score(judged)
    assert line.value_at(at("2026-06-05 09:29:59")) == "0"
    assert line.value_at(at("2026-06-05 09:30")) == "240"
    olds = [change.old for change in line.changes]
    assert olds == [str(10 * click) for click in range(small_cases.CLICKS)]


def test_a_lead_and_an_opportunity_of_one_id_are_two_records(judged: Judged) -> None:
    assert moves(judged, "generic", "1") == [
        ("mql", "06-01 09:00"),
        ("sql", "06-03 09:00"),
        ("lost", "06-05 09:00"),
    ]


def test_what_is_mapped_to_none_comes_back_by_no_flag(judged: Judged) -> None:
    key = ("salesforce", small_cases.LOSES_WITH_ITS_DEAL)
    assert [stage for stage, _ in moves(judged, *key)] == ["mql", "sal", "sql", "rejected"]
    events = judged.events.events[judged.identity.lead_of[key].lead_id]
    of_deal = [event for event in events if event.opportunity_id is not None]
    assert [(event.stage, event.is_repeat) for event in of_deal] == [("sql", True)]


@pytest.mark.parametrize(
    ("key", "stages"),
    [
        ("71", ["mql", "sql", "won"]),
        ("72", ["mql", "sql"]),
        ("73", ["mql", "sql"]),
        ("74", ["mql", "sql", "won"]),
        ("75", ["mql", "sql"]),
    ],
)
def test_a_plain_deals_stage_is_read_by_the_map_and_else_by_its_flags(
    judged: Judged, key: str, stages: list[str]
) -> None:
    assert [stage for stage, _ in moves(judged, "generic", key)] == stages
