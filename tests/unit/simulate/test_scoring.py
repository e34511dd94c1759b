"""Findings are held against the truth case by case: nothing is right by being one of many."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from lead_handoff.simulate.scoring import Case, Finding, Score, Tally, read_truth, score


def company(*leads: dict[str, Any], **more: Any) -> list[str]:
    head = {
        "planted": [],
        "look_alikes": [],
        "teams": {"rep1": "East", "rep2": "East", "rep3": "West"},
        "end_at": "2026-07-15T00:00:00Z",
        "own_opportunities": [],
    } | more
    blank = {"marketo_id": None, "planted": [], "look_alikes": [], "handoffs": []}
    return [json.dumps(head), *(json.dumps(blank | lead) for lead in leads)]


def lead(name: str, **more: Any) -> dict[str, Any]:
    return {"salesforce_id": name, **more}


def plant(rule: str, subject: str = "lead", detail: str = "") -> dict[str, str]:
    return {"rule": rule, "subject": subject, "detail": detail}


def scored(lines: list[str], *findings: tuple[str, str, str, str | None]) -> Score:
    ids = {name: f"id-{name}" for name in "abcdefghijklmnopqrstuvwxyz"}
    return score(read_truth(lines, ids), [Finding(*finding) for finding in findings])


def test_a_finding_is_right_only_for_the_lead_and_the_rule_that_were_meant() -> None:
    lines = company(lead("a", planted=[plant("no_owner")]), lead("b"))
    found = scored(
        lines, ("no_owner", "handoff", "h1", "id-b"), ("skipped_stage", "transition", "t", "id-a")
    )
    assert found.tallies["no_owner", "lead"] == Tally(planted=1, found=1, right=0)
    assert found.tallies["skipped_stage", "lead"] == Tally(planted=0, found=1, right=0)
    assert set(found.missed) == {Case("no_owner", "lead", "id-a")}
    assert len(found.wrong) == 2


def test_a_lead_that_breaks_a_rule_twice_must_be_found_twice() -> None:
    lines = company(lead("a", planted=[plant("ignored_handoff")] * 2))
    once = scored(lines, ("ignored_handoff", "handoff", "h1", "id-a"))
    assert once.tallies["ignored_handoff", "lead"] == Tally(planted=2, found=1, right=1)
    thrice = scored(lines, *[("ignored_handoff", "handoff", f"h{n}", "id-a") for n in range(3)])
    assert thrice.tallies["ignored_handoff", "lead"] == Tally(planted=2, found=3, right=2)


def test_reps_pairs_and_periods_are_matched_by_their_own_spelling() -> None:
    head = [{"rule": "collusive_pair", "subject_type": "pair", "subject": "bdr|rep1"}]
    lines = company(planted=head)
    assert scored(lines, ("collusive_pair", "pair", "bdr|rep1", None)).tallies[
        "collusive_pair", "pair"
    ] == Tally(planted=1, found=1, right=1)
    assert scored(lines, ("collusive_pair", "pair", "bdr|rep2", None)).tallies[
        "collusive_pair", "pair"
    ] == Tally(planted=1, found=1, right=0)


def opportunity(opened_at: str, owner: str, days: int) -> dict[str, Any]:
    """A lead handed over at the start of 2026, with an opportunity that took so many days."""
    opened = datetime.fromisoformat(opened_at)
    return lead(
        "a",
        handoffs=[{"offered_at": "2026-01-01T00:00:00Z"}],
        opportunity={"opened_at": opened_at, "owner": owner},
        deals=[{"closed_at": (opened + timedelta(days)).isoformat()}],
    )


def too_good(*leads: dict[str, Any], **more: Any) -> set[str]:
    planted = scored(company(*leads, **more)).missed
    return {case.subject for case in planted if case.rule == "too_good_pipeline"}


def test_a_pipeline_of_marketings_alone_that_takes_long_is_too_good() -> None:
    slow = [opportunity("2026-03-02T12:00:00Z", "rep3", 61) for _ in range(20)]
    month, team = "month|2026-03-01", "month|2026-03-01|team:West"
    assert too_good(*slow) == {month, team}
    assert too_good(*slow[:19]) == set()
    quick = [opportunity("2026-03-02T12:00:00Z", "rep3", 60) for _ in range(20)]
    assert too_good(*quick) == set()
    own = {"opened_at": "2026-03-03T12:00:00Z", "closed_at": None, "owner": "rep1"}
    assert too_good(*slow, own_opportunities=[own]) == {month, team}
    assert too_good(*slow, own_opportunities=[own, own]) == {team}


def test_a_month_is_headquarters_own_and_has_to_be_over() -> None:
    late_april = [opportunity("2026-05-01T03:59:59Z", "rep3", 90) for _ in range(20)]
    assert {subject[:16] for subject in too_good(*late_april)} == {"month|2026-04-01"}
    assert too_good(*late_april, end_at="2026-05-01T03:59:59Z") == set()


def test_what_shows_only_over_many_leads_is_no_case_of_one() -> None:
    lines = company(
        lead("a", planted=[plant("rubber_stamp", "rep"), plant("mql_flood", "company")])
    )
    assert scored(lines).tallies == {}


def test_a_look_alike_counts_as_flagged_only_beyond_what_was_planted() -> None:
    both = {"planted": [plant("silent_auto_promotion")]}
    look = {"look_alikes": [{"rule": "silent_auto_promotion", "subject": "lead", "why": "day 14"}]}
    finding = ("silent_auto_promotion", "transition", "t", "id-a")
    flagged = scored(company(lead("a", **look)), finding)
    assert flagged.tallies["silent_auto_promotion", "lead"].look_alikes == {"day 14": (1, 1)}
    meant = scored(company(lead("a", **both, **look)), finding)
    assert meant.tallies["silent_auto_promotion", "lead"].look_alikes == {"day 14": (0, 1)}


def test_recall_is_told_by_kind_as_well() -> None:
    lines = company(
        lead("a", planted=[plant("systems_disagree", detail="late")]),
        lead("b", planted=[plant("systems_disagree", detail="unknown")]),
    )
    kinds = (
        scored(lines, ("systems_disagree", "event", "e", "id-b"))
        .tallies["systems_disagree", "lead"]
        .kinds
    )
    assert kinds == {"late": (0, 1), "unknown": (1, 1)}


@pytest.mark.parametrize(("leads", "cases"), [(9, 0), (10, 10)])
def test_unread_acceptances_in_one_go_are_cases_when_there_are_ten(leads: int, cases: int) -> None:
    handoff = {
        "response": "accepted",
        "responded_by": "rep1",
        "responded_at": "2026-03-02T14:05:10Z",
        "unread": True,
    }
    lines = company(*(lead("abcdefghijklm"[n], handoffs=[handoff]) for n in range(leads)))
    found = scored(lines).tallies.get(("rubber_stamp", "lead"), Tally())
    assert found.planted == cases


def test_touches_of_two_leads_in_one_minute_add_up_to_padding() -> None:
    logged = [{"user": "rep1", "minute_at": "2026-03-06T21:30:00Z", "touches": 3}]
    subject = "salesforce|rep1|2026-03-06T21:30:00Z"
    alone = scored(company(lead("a", logged=logged)))
    assert alone.tallies == {}
    both = scored(
        company(lead("a", logged=logged), lead("b", logged=logged)),
        ("padded_activity", "touch_batch", subject, None),
    )
    assert both.tallies["padded_activity", "touch_batch"] == Tally(planted=1, found=1, right=1)


@pytest.mark.parametrize(("stalled", "is_case"), [(6, False), (7, True)])
def test_a_portfolio_has_stalled_when_more_than_the_share_of_it_has(
    stalled: int, is_case: bool
) -> None:
    held = [
        lead(name, stands={"owner": "rep1", "stalled": number < stalled})
        for number, name in enumerate("abcdefghij")
    ]
    tally = scored(company(*held)).tallies["stalled_lead", "portfolio"]
    assert tally.planted == (3 if is_case else 0)  # the owner's, the team's and all
    assert bool(tally.look_alikes) is not is_case
