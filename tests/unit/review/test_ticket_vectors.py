"""The draw by hand: each step written out, worked out with nothing but the library's SHA-256."""

import hashlib
from typing import NamedTuple

import pytest

from lead_handoff.review.sampler import draw_strata, hash_seed, ticket_number


class Vector(NamedTuple):
    """A seed and an id, and what comes out of each step."""

    seed: str
    id: str
    seed_hash: str
    digest: str
    integer: str
    ticket: str


VECTORS = {
    "the published one": Vector(
        "01382438112797316654",
        "AB-130",
        "a9c6a8879a42dc078b0393ba293718410cde1dd546180fe1fb41caab3b7c7ca0",
        "654b3e71876e34e6e350128e0e20df65f0e285727c12837a8c7fdd28ff907b5e",
        "45816542205778254214068552445152559351799536664579244570561480083822141799262",
        "0.26299714122838008416507544297546663599715395525154425586041245287750224561854",
    ),
    "an agreed seed": Vector(
        "26143352461532616435/2026-05",
        "handoff-1",
        "6b10985730dbbdd96dc4b3c12dc1177e5ae2147fa0b268057e9f2a2d31cc67f8",
        "cadcf1cb5b02b46f3be86d29b03eb76926f740d20fb03ac270d587ee1c8449f3",
        "91757570571394336202565017559440286816842094596839199938103856471894873360883",
        "0.38806337849817465830183999193869549024861868204495571056520263349317507575719",
    ),
    "an integer that ends in zeros": Vector(
        "4163225513",
        "zeros-1855",
        "9a0405e270aef54f0219995036ca9f70fbd702961a07f7681710da9f33694e6c",
        "cf7193394524a825e2a2fa049e439b40b8aaf5b2009a0c10d8c61c94fc3f4318",
        "93829429475767665932531885374270165590022351562275960304672315274126279263000",
        "0.00036297262147251327640306957226515322009556107247358813523956676757492492839",
    ),
    "a short integer": Vector(
        "4163225513",
        "short-1128",
        "9a0405e270aef54f0219995036ca9f70fbd702961a07f7681710da9f33694e6c",
        "0014a37ec1890a3ed201d0f59bb1485740d7a3f62907f2be2f2e14037189737d",
        "36465343285021896299529446059883832110289623952926244942437267057479873405",
        "0.50437897475076273424944262925932698201123838895064492599269812058234356463",
    ),
    "an id beyond ASCII": Vector(
        "dice",
        "Köln/京-7",
        "e1e025805cd63af3eaf1de7c010a537df1fa24009c5d332f3a068cd382e46ca7",
        "ae6a33e327555d416d0ebc95e4fd9e1cd516e1d541e0ee83d74af4e7b6a06cc3",
        "78890079555468736280683244481067402843608379126421894556702984205739904494787",
        "0.78749440993750248920765549812462197380634820476018444238608263786455597009887",
    ),
    "a seed beyond ASCII": Vector(
        "Würfel",
        "00Q5g000001XyZaEAK",
        "b53263308c73625f2d682ad7f6110612b8b2a5815b27f82b8d67a424932b4eb7",
        "b206e6833efd7e8b14b1585525578331343b06fd6cb1126e3a70e84199f8038f",
        "80523879070256506256753337957193255079013540365301777695317602182023985234831",
        "0.13843258932028120671359677710356304531097055239175973335765260565207097832508",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_each_step_of_a_ticket_comes_out_as_written(name: str) -> None:
    vector = VECTORS[name]
    assert hashlib.sha256(vector.seed.encode()).hexdigest() == vector.seed_hash
    assert hashlib.sha256((vector.seed_hash + vector.id).encode()).hexdigest() == vector.digest
    assert int(vector.digest, 16) == int(vector.integer)
    assert "0." + vector.integer[::-1] == vector.ticket
    assert hash_seed(vector.seed) == vector.seed_hash
    assert ticket_number(vector.seed_hash, vector.id) == vector.ticket


def test_a_hash_of_few_digits_is_padded_before_it_is_reversed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No id is known whose hash has under 64 digits, so one is made up."""

    class Small:
        def digest(self) -> bytes:
            return (120).to_bytes(32, "big")

    monkeypatch.setattr(hashlib, "sha256", lambda data: Small())
    assert ticket_number("", "any") == "0." + "021" + "0" * 61


def test_a_small_draw_by_hand_comes_out() -> None:
    """Two strata under one seed: the smallest tickets of each, compared as text."""
    strata = {"East": ["e1", "e2", "e3", "e4", "e5"], "West": ["w1", "w2", "w3"]}
    sizes = {"East": 2, "West": 1}
    seed_hash = hashlib.sha256(b"3142361543").hexdigest()
    tickets = {
        id_: "0." + str(int(hashlib.sha256((seed_hash + id_).encode()).hexdigest(), 16))[::-1]
        for ids in strata.values()
        for id_ in ids
    }
    by_hand = {
        name: sorted(ids, key=lambda id_: tickets[id_])[: sizes[name]]
        for name, ids in strata.items()
    }
    members = [(id_, name) for name, ids in strata.items() for id_ in ids]
    drawn = draw_strata(members, "3142361543", sizes)
    assert {name: [ticket.id for ticket in found] for name, found in drawn.items()} == by_hand
    assert by_hand == {"East": ["e1", "e4"], "West": ["w2"]}
