"""What one record, one second and one id may bring: the night ends, and says what is right."""

from datetime import date
from random import Random
from typing import Any

import psycopg
import pytest

from tests.oracle import small_cases
from tests.oracle.stories import Story, at
from tests.warehouse.marts.nights import Marts, Nights, assert_same, reference

pytestmark = pytest.mark.slow

NIGHT = date(2026, 6, 18)


@pytest.fixture(scope="module")
def nights(module_warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """The small cases in one company, built in one night; their story is its `story`."""
    agreement = small_cases.small_agreement(tmp_path_factory.mktemp("agreement"))
    nights = Nights(module_warehouse, tmp_path_factory.mktemp("small") / "extracts", agreement)
    nights.deliver(story_of(nights).rows, Random(1))
    nights.run(NIGHT)
    return nights


@pytest.fixture(scope="module")
def marts(nights: Nights) -> Marts:
    return nights.marts()


def story_of(nights: Nights) -> Story:
    story = Story(nights.agreement)
    small_cases.many_changes_in_one_second(story)
    small_cases.one_id_in_two_objects(story)
    small_cases.a_closing_mapped_to_none(story)
    small_cases.stages_of_plain_deals(story)
    return story


def lead_of(marts: Marts, source: str, key: str) -> str:
    (row,) = [
        row
        for row in marts["bridge_lead_ids"]
        if (row["source_system"], row["source_id"]) == (source, key)
    ]
    return str(row["lead_id"])


def moves(marts: Marts, source: str, key: str) -> list[tuple[str, str]]:
    lead = lead_of(marts, source, key)
    found = [row for row in marts["fct_stage_transitions"] if row["lead_id"] == lead]
    found.sort(key=lambda row: row["transition_number"])
    return [(row["to_stage"], f"{row['entered_at']:%m-%d %H:%M}") for row in found]


def test_the_night_is_what_the_reference_makes_of_it(nights: Nights, marts: Marts) -> None:
    assert_same(reference(story_of(nights).rows, NIGHT, nights.agreement), marts, "small cases")


def test_a_score_that_rises_in_one_second_stands_at_its_last_value(nights: Nights) -> None:
    with psycopg.connect(nights.warehouse.url("transformer")) as connection:
        rows = connection.execute(
            "select spans.value, spans.set_at from slot_blue.int_fields__spans as spans"
            " inner join slot_blue.int_identity__all_lead_ids as ids using (lead_id)"
            " where ids.source_system = 'marketo' and ids.record_id = %s"
            " and spans.history_name = 'Lead Score' and spans.from_at < spans.to_at"
            " order by spans.position",
            (small_cases.SCANNER,),
        ).fetchall()
    assert [value for value, _ in rows] == ["0", "240"]
    assert rows[1][1] == at("2026-06-05 09:30")


def test_a_lead_and_an_opportunity_of_one_id_are_two_records(marts: Marts) -> None:
    assert moves(marts, "generic", "1") == [
        ("mql", "06-01 09:00"),
        ("sql", "06-03 09:00"),
        ("lost", "06-05 09:00"),
    ]


def test_a_closing_mapped_to_none_accuses_nobody(marts: Marts) -> None:
    key = ("salesforce", small_cases.LOSES_WITH_ITS_DEAL)
    assert [stage for stage, _ in moves(marts, *key)] == ["mql", "sal", "sql", "rejected"]
    lead = lead_of(marts, *key)
    accused = {row["rule"] for row in marts["fct_integrity_findings"] if row["lead_id"] == lead}
    assert not accused & {"systems_disagree", "future_or_backdated"}
