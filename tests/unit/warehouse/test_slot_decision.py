"""When a build slot may be brought forward, and when it has to start empty."""

from dataclasses import replace
from datetime import UTC, datetime

from lead_handoff.warehouse.slots import Slot, decide

MAY_1 = datetime(2026, 5, 1, tzinfo=UTC)
MAY_2 = datetime(2026, 5, 2, tzinfo=UTC)
MAY_3 = datetime(2026, 5, 3, tzinfo=UTC)

CLEAN = Slot(
    slot="slot_blue",
    state="clean",
    as_of=MAY_1,
    night=MAY_1.date(),
    since_load_id=7,
    agreement_hash="signed",
    code_hash="models",
)


def why_full(slot: Slot, as_of: datetime = MAY_3) -> str | None:
    return decide(slot, as_of=as_of, agreement_hash="signed", code_hash="models")


BROKEN_OFF = replace(CLEAN, state="building")


def test_a_slot_that_holds_an_earlier_night_whole_is_brought_forward() -> None:
    assert why_full(CLEAN) is None


def test_a_night_may_be_repeated_in_the_slot_that_holds_it() -> None:
    assert why_full(CLEAN, as_of=MAY_1) is None


def test_an_empty_slot_starts_from_the_beginning() -> None:
    assert "no complete night" in str(why_full(replace(CLEAN, state="empty", as_of=None)))


def test_a_slot_whose_full_build_broke_off_starts_from_the_beginning_again() -> None:
    assert why_full(replace(BROKEN_OFF, as_of=None)) is not None


def test_a_changed_agreement_judges_every_lead_anew() -> None:
    assert "agreement" in str(why_full(replace(CLEAN, agreement_hash="older")))


def test_changed_models_build_everything_anew() -> None:
    assert "models" in str(why_full(replace(CLEAN, code_hash="older")))


def test_an_earlier_night_than_the_slot_holds_is_built_from_the_beginning() -> None:
    assert "later night" in str(why_full(replace(CLEAN, as_of=MAY_3), as_of=MAY_2))


def test_a_slot_in_which_an_attempt_broke_off_is_never_built_upon() -> None:
    for night in (MAY_1, MAY_2, MAY_3):
        assert "broken off" in str(why_full(BROKEN_OFF, as_of=night))
