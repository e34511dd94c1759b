"""Cases go to reviewers by the seed: evenly, never to who took part, and some of them twice."""

import json
import random
from dataclasses import asdict
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from lead_handoff.agreement.panel import Reviewer
from lead_handoff.review import verify_reviewers
from lead_handoff.review.assignment import assign

ROSTER = (
    Reviewer("chair", "executive", True),
    Reviewer("ann", "marketing", True),
    Reviewer("bob", "sales", False),
    Reviewer("tom", "marketing", False),
)
SIDES = {reviewer.id: reviewer.function for reviewer in ROSTER}
SEED = "01382438112797316654"
FIFTH = Fraction(1, 5)


def cases(number: int) -> list[str]:
    return [f"case-{place:03d}" for place in range(number)]


def own(ids: list[str], dice: random.Random, share: float) -> dict[str, set[str]]:
    return {
        case: {reviewer.id for reviewer in ROSTER if dice.random() < share} | {"some rep"}
        for case in ids
    }


@pytest.mark.parametrize("number", [0, 1, 2, 7, 30, 31, 250])
def test_everybody_gets_about_as_much_and_the_agreed_share_is_seen_by_both_sides(
    number: int,
) -> None:
    given = assign(cases(number), SEED, ROSTER, {}, FIFTH)
    assert set(given) == set(cases(number))
    twice = [who for who in given.values() if len(who) == 2]
    assert len(twice) == ceil(number / 5)
    assert all({SIDES[one] for one in who} == {"sales", "marketing"} for who in twice)
    load = [sum(reviewer.id in who for who in given.values()) for reviewer in ROSTER]
    assert max(load) - min(load) <= 1


def test_nobody_gets_a_case_that_they_took_part_in() -> None:
    for number in range(40):
        dice = random.Random(number)
        ids = cases(dice.randrange(60))
        took_part = own(ids, dice, 0.5)
        given = assign(ids, str(number), ROSTER, took_part, FIFTH)
        assert all(not set(who) & took_part[case] for case, who in given.items())
        nobody = [case for case, who in given.items() if not who]
        assert nobody == [case for case in given if took_part[case] >= set(SIDES)]


def test_where_one_side_took_part_another_case_is_seen_by_both_instead() -> None:
    ids = cases(10)
    first = [case for case, who in assign(ids, SEED, ROSTER, {}, FIFTH).items() if len(who) == 2]
    given = assign(ids, SEED, ROSTER, {first[0]: {"bob"}}, FIFTH)
    twice = [case for case, who in given.items() if len(who) == 2]
    assert first[0] not in twice
    assert len(twice) == 2


def test_the_order_of_cases_does_not_matter_and_the_seed_does() -> None:
    ids = cases(60)
    shuffled = random.Random(3).sample(ids, len(ids))
    took_part = own(ids, random.Random(4), 0.2)
    given = assign(ids, SEED, ROSTER, took_part, FIFTH)
    assert assign(shuffled, SEED, ROSTER, took_part, FIFTH) == given
    assert assign(ids, SEED + "1", ROSTER, took_part, FIFTH) != given


def test_one_side_alone_doubles_nothing_and_no_roster_assigns_nothing() -> None:
    given = assign(cases(10), SEED, ROSTER[:2], {}, FIFTH)
    assert {len(who) for who in given.values()} == {1}
    assert set(assign(cases(10), SEED, (), {}, FIFTH).values()) == {()}


def published(folder: Path, number: int) -> Path:
    dice = random.Random(number)
    ids = cases(dice.randrange(1, 80))
    took_part = own(ids, dice, dice.choice([0, 0.1, 0.5]))
    share = dice.choice(["0", "0.1", "0.25", "0.99"])
    given = assign(ids, str(number), ROSTER, took_part, Fraction(share))
    sample = [
        {"handoff_id": case, "took_part": sorted(took_part[case]), "reviewers": list(given[case])}
        for case in ids
    ]
    policy = {"reviewers": [asdict(one) for one in ROSTER], "double_review_share": share}
    path = folder / f"{number}.json"
    path.write_text(json.dumps({"seed": str(number), "policy": policy, "sample": sample}))
    return path


def test_the_second_reading_of_the_rule_agrees_a_hundred_times(tmp_path: Path) -> None:
    assert [verify_reviewers.main(str(published(tmp_path, number))) for number in range(100)] == (
        [0] * 100
    )


def _move(content: Any) -> None:
    case = next(case for case in content["sample"] if len(case["reviewers"]) == 1)
    case["reviewers"] = [next(each for each in SIDES if each not in case["reviewers"])]


@pytest.mark.parametrize(
    "change",
    [
        _move,
        lambda content: content.update(seed="another"),
        lambda content: content["policy"].update(double_review_share="0.5"),
        lambda content: content["policy"]["reviewers"].pop(),
    ],
)
def test_an_assignment_that_is_not_the_seeds_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any
) -> None:
    path = published(tmp_path, 7)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    assert verify_reviewers.main(str(path)) == 1
    assert capsys.readouterr().out.startswith("no: case ")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"seed": "1", "policy": {}, "sample": []}'])
def test_what_is_no_manifest_is_unreadable(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    assert verify_reviewers.main(str(tmp_path / "manifest.json")) == 2
