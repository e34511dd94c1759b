"""Each column of a file has one place, the same in any company and any order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_handoff.catalogue import CATALOGUE, METADATA_COLUMNS, snake_case
from lead_handoff.landing.plan import landed_names, plan_file

LEADS = CATALOGUE["generic"]["leads"]
names = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=70).filter(lambda text: text.strip() == text != ""),
        st.sampled_from(["My Field", "my_field", "MyField", "_key", "Status!", "É", "x" * 64]),
    ),
    max_size=8,
    unique_by=lambda name: name.strip().casefold(),
).filter(lambda given: not {n.strip().casefold() for n in given} & set(LEADS.by_folded_name))


@given(names)
def test_no_two_columns_meet(given_names: list[str]) -> None:
    landed = landed_names(LEADS, given_names)
    assert len(set(landed.values())) == len(given_names)
    assert not set(landed.values()) & {*METADATA_COLUMNS, *(c.landed for c in LEADS.columns)}
    assert all(0 < len(name.encode()) <= 63 for name in landed.values())


@given(names, st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_change_their_places(
    given_names: list[str], r: object
) -> None:
    shuffled = list(given_names)
    r.shuffle(shuffled)  # type: ignore[attr-defined]
    assert landed_names(LEADS, shuffled) == landed_names(LEADS, given_names)


def test_a_full_table_sends_further_columns_to_the_overflow() -> None:
    plan = plan_file(LEADS, ["lead_id", "new", "old"], ["lead_id", "old"], 2)
    assert plan.targets == ("lead_id", None, "old")


@pytest.mark.parametrize(
    ("name", "landed"),
    [("SystemModstamp", "system_modstamp"), ("marketoGUID", "marketo_guid"),
     ("Lead_Score__c", "lead_score__c"), ("sfdcLeadId", "sfdc_lead_id"),
     ("IsDeleted", "is_deleted"), ("leadStatus", "lead_status"), ("e-mail", "e_mail")],
)  # fmt: skip
def test_names_are_landed_in_snake_case(name: str, landed: str) -> None:
    assert snake_case(name) == landed
