"""What is not delivered is not judged, worked by hand; the setting is that of test_handoffs.

Here two records with a value, or two touches within five days, are enough to be delivered.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.oracle import marts
from tests.oracle.agreements import EXAMPLE, Row, copy_agreement, pinned, setting
from tests.oracle.company import Landed
from tests.oracle.histories import AS_OF, NIGHT, random_company
from tests.oracle.oracle import Judged, judge
from tests.oracle.sla import Clause
from tests.oracle.stories import ALICE, TIMER, Story, at
from tests.oracle.test_handoffs import FULL

END = "2026-05-01 00:00"
LIMITS = {
    "valued_records": "2",
    "activities": "2",
    "activities_within_days": "5",
    "thin_handoffs": "2",
    "thin_share": "0.5",
}
StoryUnder = Callable[..., Story]


@pytest.fixture
def story_under(tmp_path: Path) -> StoryUnder:
    """Make a story under the pinned agreement with these limits and columns of its versions."""

    def thresholds(rows: list[Row]) -> list[Row]:
        versions = dict.fromkeys(row["agreement_version"] for row in rows)
        kept = [row for row in rows if row["rule"] != "delivery"]
        return kept + [
            {"agreement_version": version, "rule": "delivery", "threshold": name, "value": value}
            for version in versions
            for name, value in LIMITS.items()
        ]

    def make(**versions: str) -> Story:
        base = pinned(tmp_path / "pinned", **versions)
        return Story(copy_agreement(tmp_path / "agreement", {"thresholds": thresholds}, base))

    return make


@pytest.fixture
def story(story_under: StoryUnder) -> Story:
    return story_under()


def handed_over(
    story: Story, number: int, when: str = "2026-04-07 14:00", score: str | None = "85", **lead: str
) -> str:
    """One of several leads of both systems, handed over at a time; its Salesforce id."""
    key = f"00QHs000000000{number}"
    story.lead("2026-04-01 12:00", key=key, **lead)
    story.marketo("2026-04-01 12:00", key=str(number), link=key, leadStatus="Inquiry")
    story.mql(when, score=score, key=str(number))
    return key


def clause(judged: Judged, name: str, place: int = 0) -> Clause:
    handoff = sorted(judged.handoffs.all(), key=lambda one: one.offered_at)[place]
    return judged.compliance.by_handoff[handoff.handoff_id, name]


def found(judged: Judged, rule: str) -> list[str]:
    return sorted(one.subject_id for one in judged.findings.found if one.rule == rule)


# -- activities ----------------------------------------------------------------------------


def test_without_activities_nobody_broke_a_promise_of_touches(story: Story) -> None:
    key = handed_over(story, 1)
    story.status("2026-04-07 15:00", "Open", "Accepted", key=key)
    story.status("2026-04-27 15:00", "Accepted", "Rejected", key=key)
    judged = story.judged(END)
    for name in ("first_touch", "follow_up", "follow_up_before_rejection"):
        row = clause(judged, name)
        assert (row.status, row.because) == ("not_applicable", "not_delivered")
        assert (row.met_at, row.required, row.margin) == (None, None, None)
    assert clause(judged, "response").status == "met"
    assert found(judged, "rejected_without_follow_up") == []
    assert "activities|v2" in found(judged, "not_delivered")


def test_touches_are_known_from_the_offer_to_the_last_due_time(story: Story) -> None:
    first = handed_over(story, 1)
    second = handed_over(story, 2, "2026-04-10 14:00")
    for key, when in ((first, "2026-04-07 15:00"), (second, "2026-04-10 15:00")):
        story.status(when, "Open", "Accepted", key=key)
    story.task("2026-04-01 12:00", WhoId=first)
    # Two within five days only now: the handoff of the 7th is not judged, that of the 10th is.
    story.task("2026-04-08 12:00", WhoId=first)
    story.task("2026-04-09 12:00", WhoId=first)
    judged = story.judged(END)
    assert judged.delivery.begins["activities"] == at("2026-04-09 12:00")
    assert [clause(judged, "first_touch", place).status for place in (0, 1)] == [
        "not_applicable",
        "breached",
    ]
    rows = marts(story.rows, story.agreement, at(END), at(END).date())["fct_handoffs"]
    rows.sort(key=lambda row: row["offered_at"])
    assert [(row["touches"], row["first_touch_at"]) for row in rows] == [(None, None), (0, None)]


def test_few_touches_of_many_accepted_handoffs_are_thin(story: Story) -> None:
    for number in (1, 2, 3):
        key = handed_over(story, number, f"2026-04-0{number + 6} 14:00")
        story.status(f"2026-04-0{number + 6} 15:00", "Open", "Accepted", key=key)
        if number == 1:
            story.task("2026-04-01 12:00", WhoId=key)
            story.task("2026-04-02 12:00", WhoId=key)
            story.task("2026-04-07 16:00", WhoId=key)
    judged = story.judged(END)
    assert judged.delivery.thin == {"v2"}
    # Also the touch that was made is not judged.
    assert clause(judged, "first_touch").because == "not_delivered"
    assert "activities|v2" in found(judged, "not_delivered")


@pytest.mark.parametrize(("actor", "grades"), [(TIMER, ["possible"]), (ALICE, [])])
def test_without_activities_a_machines_move_alone_may_have_been_silent(
    story: Story, actor: str, grades: list[str]
) -> None:
    key = handed_over(story, 1)
    story.status("2026-04-07 15:00", "Open", "Accepted", key=key)
    story.status("2026-04-21 15:00", "Accepted", "Converted", actor=actor, key=key)
    judged = story.judged(END)
    assert [move.is_silent for moves in judged.transitions.values() for move in moves] == [
        False,
        None,
        None,
        None,
    ]
    assert [
        one.grade for one in judged.findings.found if one.rule == "silent_auto_promotion"
    ] == grades


# -- what the definition asks for ----------------------------------------------------------


def test_without_scores_marketing_breaks_no_promise(story: Story) -> None:
    handed_over(story, 1, score=None, **FULL)
    handed_over(story, 2, score=None, **FULL)
    judged = story.judged(END)
    row = clause(judged, "definition")
    assert (row.status, row.because, row.margin) == ("not_applicable", "not_delivered", None)
    assert {one.met_definition for one in judged.handoffs.all()} == {None}
    for rule in ("missing_score", "below_definition"):
        assert found(judged, rule) == []
    # Owners and attributes are delivered, users are not, and nobody was judged by the rest.
    assert found(judged, "not_delivered") == ["scores|v2", "users|v2"]


def test_a_score_is_missing_only_once_scores_come_in(story: Story) -> None:
    handed_over(story, 1, "2026-04-07 14:00", score=None)
    handed_over(story, 2, "2026-04-08 14:00")
    handed_over(story, 3, "2026-04-09 14:00")
    handed_over(story, 4, "2026-04-10 14:00", score=None)
    judged = story.judged(END)
    assert judged.delivery.begins["scores"] == at("2026-04-09 14:00")
    last = max(judged.handoffs.all(), key=lambda one: one.offered_at)
    assert found(judged, "missing_score") == [last.handoff_id]


@pytest.mark.parametrize("minimum", ["", "0"])
def test_a_blank_or_a_0_is_no_minimum(story_under: StoryUnder, minimum: str) -> None:
    story = story_under(minimum_score=minimum, minimum_attributes=minimum)
    handed_over(story, 1, score=None)
    judged = story.judged(END)
    row = clause(judged, "definition")
    assert (row.status, row.required, row.actual, row.margin) == ("met", None, Decimal(0), None)
    for rule in ("missing_score", "below_definition", "not_delivered"):
        subjects = found(judged, rule)
        assert [one for one in subjects if one.startswith(("scores", "attributes"))] == []
    assert found(judged, "missing_score") == []


def test_a_tier_with_a_score_of_0_takes_who_has_none(story: Story, tmp_path: Path) -> None:
    no_score = setting(minimum_score="0", minimum_attributes="0")
    story.agreement = copy_agreement(tmp_path / "tiers", {"tiers": no_score}, story.agreement)
    handed_over(story, 1, score=None)
    assert [one.tier for one in story.judged(END).handoffs.all()] == ["A"]


def test_a_volume_that_the_unknown_could_decide_is_not_judged(story: Story, tmp_path: Path) -> None:
    promised = setting(qualified_handoffs="2")
    story.agreement = copy_agreement(tmp_path / "two", {"commitments": promised}, story.agreement)
    for number in (1, 2):
        handed_over(story, number, score=None, **FULL)
    judged = story.judged("2026-05-10 00:00")
    rows = [row for row in judged.compliance.rows if row.clause == "volume"]
    april = [row for row in rows if row.due_at == at("2026-05-01 04:00") and row.segment == "all"]
    assert [(row.status, row.because) for row in april] == [("not_applicable", "not_delivered")]


# -- the others ----------------------------------------------------------------------------


def test_where_no_reasons_come_in_none_is_missing(story: Story) -> None:
    key = handed_over(story, 1)
    story.status("2026-04-08 15:00", "Open", "Rejected", key=key)
    judged = story.judged(END)
    assert found(judged, "rejection_without_reason") == []
    assert "reasons|v2" in found(judged, "not_delivered")


def test_a_company_that_never_names_an_owner_hands_nothing_to_nobody(story: Story) -> None:
    handed_over(story, 1, OwnerId="")
    judged = story.judged(END)
    assert found(judged, "no_owner") == []
    assert "owners|v2" in found(judged, "not_delivered")


@pytest.mark.parametrize(("month", "is_judged"), [("2025-06", False), ("2025-07", True)])
def test_nothing_is_judged_that_lies_before_the_first_version(
    story: Story, month: str, is_judged: bool
) -> None:
    key = handed_over(story, 1, f"{month}-10 14:00")
    story.status(f"{month}-20 15:00", "Open", "Converted", actor=TIMER, key=key)
    rules = {one.rule for one in story.judged(END).findings.found}
    judged = {"auto_expiry_accepts", "skipped_stage", "stalled_lead"}
    assert rules & judged == (judged if is_judged else set())
    # What the data are worth is said in any case.
    assert "future_or_backdated" in rules


# -- a law ---------------------------------------------------------------------------------

ACTIVITIES = {
    ("salesforce", "Task"),
    ("salesforce", "Event"),
    ("generic", "activities"),
    *(("hubspot", name) for name in ("calls", "emails", "meetings", "tasks")),
}
FIELDS = {
    "owners": {"OwnerId", "Owner", "owner_id", "hubspot_owner_id"},
    "scores": {"leadScore", "Lead Score", "score", "hubspotscore"},
    "reasons": {"Rejection_Reason__c", "rejection_reason", "reason"},
}


def without(kind: str, rows: list[Landed]) -> list[Landed]:
    """A company's rows less all that tells a kind of fact."""
    if kind == "activities":
        return [row for row in rows if (row.source, row.object) not in ACTIVITIES]
    if kind == "users":
        return [row for row in rows if row.object not in ("User", "users", "owners")]
    names = FIELDS[kind]
    return [
        Landed(
            row.source,
            row.object,
            row.folder_date,
            {name: "" if name in names else value for name, value in row.row.items()},
        )
        for row in rows
        if not names & {row.row.get("Field"), row.row.get("primaryAttributeValue")}
        and not names & {row.row.get("field"), row.row.get("property")}
    ]


def accused(rows: list[Landed]) -> set[tuple[str, str]]:
    """What is held against somebody, and not just possible."""
    return {
        (one.rule, one.subject_id)
        for one in judge(rows, EXAMPLE, AS_OF, NIGHT).findings.found
        if one.grade in ("certain", "likely") and one.rule != "not_delivered"
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_taken_away_accuses_nobody(seed: int) -> None:
    """Less is known of the company, so no more may be held against anybody in it."""
    rows = random_company(seed, 100)
    before = accused(rows)
    for kind in ("activities", "users", *FIELDS):
        assert accused(without(kind, rows)) - before == set(), kind
