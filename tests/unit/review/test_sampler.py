"""The draw is Rivest's consistent sampler and keeps its laws."""

import hashlib
import random
import unicodedata

import pytest
from consistent_sampler import sampler as reference_sampler
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_handoff.review.errors import BadIdError, BadSeedError, DuplicateIdError
from lead_handoff.review.sampler import (
    canonical_id,
    checked_seed,
    draw_order,
    draw_strata,
    hash_seed,
    ticket_number,
)

PUBLISHED_SEED = "01382438112797316654"

ids = st.lists(
    st.text(st.characters(blacklist_categories=("Cs",)), min_size=1).filter(str.strip),
    min_size=1,
    max_size=40,
    unique_by=canonical_id,
)
seeds = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


def order(population: list[str], seed: str) -> list[str]:
    return [ticket.id for ticket in draw_order(population, seed)]


def test_the_published_ticket_comes_out() -> None:
    assert (
        ticket_number(hash_seed(PUBLISHED_SEED), "AB-130")
        == "0.26299714122838008416507544297546663599715395525154425586041245287750224561854"
    )


def test_a_ticket_worked_out_by_hand_comes_out() -> None:
    seed_hash = hashlib.sha256(b"dice").hexdigest()
    number = int(hashlib.sha256((seed_hash + "é-1").encode()).hexdigest(), 16)
    digits = ""
    while number:
        number, digit = divmod(number, 10)
        digits += str(digit)
    assert ticket_number(hash_seed("dice"), "é-1") == "0." + digits


def test_300_random_populations_are_drawn_in_the_order_of_the_reference() -> None:
    dice = random.Random(20260501)
    for _ in range(300):
        seed = str(dice.getrandbits(66))
        strata = [f"s{number}" for number in range(dice.randrange(1, 5))]
        population = {
            f"{dice.getrandbits(64):x}{dice.choice(['', '-ü', '/京', ' x'])}": dice.choice(strata)
            for _ in range(dice.randrange(1, 80))
        }
        reference = list(reference_sampler(list(population), seed=seed, output="id"))
        assert order(list(population), seed) == reference
        sizes = {stratum: dice.randrange(0, 30) for stratum in strata}
        drawn = draw_strata(population.items(), seed, sizes)
        for stratum, size in sizes.items():
            in_stratum = [key for key in reference if population[key] == stratum]
            assert [ticket.id for ticket in drawn[stratum]] == in_stratum[:size]


def test_a_plain_sort_by_hash_is_another_order() -> None:
    different = 0
    for number in range(200):
        population = [f"{number}-{place}" for place in range(20)]
        plain = sorted(population, key=lambda key: hashlib.sha256(key.encode()).digest())
        different += plain != order(population, "7")
    assert different == 200


def test_tickets_are_as_wide_as_the_hash() -> None:
    seed_hash = hash_seed("width")
    tickets = {ticket_number(seed_hash, str(number)) for number in range(2000)}
    assert len(tickets) == 2000
    assert min(map(len, tickets)) >= 2 + 70


@given(ids, seeds, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    population: list[str], seed: str, dice: random.Random
) -> None:
    shuffled = population[:]
    dice.shuffle(shuffled)
    assert order(shuffled, seed) == order(population, seed)


@given(ids, seeds, st.data())
def test_a_larger_sample_starts_with_the_smaller_one(
    population: list[str], seed: str, data: st.DataObject
) -> None:
    more = data.draw(st.integers(0, len(population)))
    fewer = data.draw(st.integers(0, more))
    members = [(key, "all") for key in population]
    large = draw_strata(members, seed, {"all": more})["all"]
    small = draw_strata(members, seed, {"all": fewer})["all"]
    assert large[:fewer] == small
    assert len(large) == more


@given(ids, seeds, st.data())
def test_leaving_ids_out_leaves_the_rest_in_order(
    population: list[str], seed: str, data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from(population)))
    names = {canonical_id(key) for key in kept}
    assert order(list(kept), seed) == [key for key in order(population, seed) if key in names]


@given(ids, seeds)
def test_an_id_counts_in_any_spelling_of_the_same_text(population: list[str], seed: str) -> None:
    spelled = [f"  {unicodedata.normalize('NFD', key)}\t" for key in population]
    assert order(spelled, seed) == order(population, seed)


@given(ids, seeds, st.data())
def test_a_repeated_id_is_refused(population: list[str], seed: str, data: st.DataObject) -> None:
    repeat = data.draw(st.sampled_from(population))
    with pytest.raises(DuplicateIdError):
        draw_order([*population, f" {unicodedata.normalize('NFD', repeat)}"], seed)
    with pytest.raises(DuplicateIdError):
        draw_strata([(repeat, "a"), (repeat, "b")], seed, {"a": 1, "b": 1})


@given(ids, seeds)
def test_sorted_ids_need_no_memory_and_give_the_same(population: list[str], seed: str) -> None:
    members = [(key, "all") for key in sorted(map(canonical_id, population))]
    sizes = {"all": 3}
    assert draw_strata(members, seed, sizes, ids_ascend=True) == draw_strata(members, seed, sizes)
    with pytest.raises(DuplicateIdError):
        draw_strata([*members, members[-1]], seed, sizes, ids_ascend=True)


@given(st.integers(1, 400), st.integers(0, 60), seeds)
@settings(max_examples=25)
def test_a_long_stream_is_cut_without_losing_anybody(size: int, take: int, seed: str) -> None:
    population = [str(number) for number in range(size * 25)]
    drawn = draw_strata(((key, "all") for key in population), seed, {"all": take})["all"]
    assert drawn == draw_order(population, seed)[:take]


def test_an_empty_stratum_gives_nobody_and_a_whole_one_everybody() -> None:
    members = [(str(number), "whole") for number in range(5)]
    drawn = draw_strata(members, "1", {"whole": 5, "empty": 0, "absent": 3})
    assert {ticket.id for ticket in drawn["whole"]} == {"0", "1", "2", "3", "4"}
    assert drawn["empty"] == drawn["absent"] == []


@pytest.mark.parametrize("text", ["", "  ", "\t\n"])
def test_an_empty_id_is_refused(text: str) -> None:
    with pytest.raises(BadIdError):
        canonical_id(text)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(BadIdError):
        canonical_id("a\ud800")


@pytest.mark.parametrize("seed", ["", " 1", "1 ", "1\n", "a\x00b", "9" * 201])
def test_a_seed_that_cannot_be_read_aloud_is_refused(seed: str) -> None:
    with pytest.raises(BadSeedError):
        checked_seed(seed)


def test_leading_zeros_of_a_seed_count() -> None:
    population = [str(number) for number in range(10)]
    assert checked_seed("007") == "007"
    assert order(population, "007") != order(population, "7")
