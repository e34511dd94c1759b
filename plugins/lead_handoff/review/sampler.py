"""Rivest's consistent sampler, without replacement.

Each id gets a ticket that depends on the seed and the id alone, and the smallest tickets are the
sample. So the order of the input does not matter, adding ids moves nobody, a larger sample starts
with the smaller one, and a stratum's order is the whole order restricted to it: one seed serves
all strata.

The ticket of an id: h is the SHA-256 of the seed as lower-case hex; the ticket is "0." and then the
decimal digits of the integer SHA-256(h + id), padded with zeros to at least 64 digits, in reverse
order. Tickets compare as strings. Sorting by the hash itself is another order, not this sampler.
"""

import hashlib
import unicodedata
from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from lead_handoff.review.errors import BadIdError, BadSeedError, DuplicateIdError

LONGEST_SEED = 200
"""Characters. A seed is read aloud and typed; anything longer is a mistake."""

# How many tickets beyond the wanted ones a stratum may hold before it is sorted and cut.
_SLACK = 4096

Stratum = TypeVar("Stratum", bound=Hashable)


class Ticket(NamedTuple):
    """One drawn id; sorts in the order of the draw."""

    number: str
    id: str


def canonical_id(given: str) -> str:
    """The id as it is drawn: Unicode NFC, without outer spaces.

    Raises:
        BadIdError: nothing is left, or the text holds half a surrogate pair.
    """
    if given.isascii():
        text = given.strip()
    else:
        text = unicodedata.normalize("NFC", given).strip()
        if not _is_utf8(text):
            raise BadIdError(f"the id {given!r} cannot be written as UTF-8; correct it first")
    if not text:
        raise BadIdError("an id is empty; every member of the population needs an id of its own")
    return text


def checked_seed(given: str) -> str:
    """The seed as it is used: NFC text, never altered otherwise, leading zeros included.

    Raises:
        BadSeedError: empty, over LONGEST_SEED characters, blanks around it, or unprintable.
    """
    seed = unicodedata.normalize("NFC", given)
    if not seed or len(seed) > LONGEST_SEED or seed != seed.strip() or not seed.isprintable():
        raise BadSeedError(
            f"the seed {given!r} cannot be used; give 1 to {LONGEST_SEED} printable characters "
            "without blanks around them"
        )
    return seed


def hash_seed(seed: str) -> str:
    """SHA-256 of the seed as lower-case hex, which every ticket starts from."""
    return hashlib.sha256(seed.encode()).hexdigest()


def ticket_number(seed_hash: str, canonical: str) -> str:
    """The ticket of an id that is canonical already, as "0." and at least 64 digits."""
    digest = hashlib.sha256((seed_hash + canonical).encode()).digest()
    return "0." + str(int.from_bytes(digest, "big")).zfill(64)[::-1]


def draw_order(ids: Iterable[str], seed: str) -> list[Ticket]:
    """All ids in the order in which they are drawn.

    Raises:
        BadIdError, DuplicateIdError: see canonical_id; ids are compared in canonical form.
        BadSeedError: see checked_seed.
    """
    seed_hash = hash_seed(checked_seed(seed))
    tickets = []
    seen: set[str] = set()
    for given in ids:
        canonical = canonical_id(given)
        _refuse_repeat(canonical, seen)
        tickets.append(Ticket(ticket_number(seed_hash, canonical), canonical))
    return sorted(tickets)


def draw_strata(
    members: Iterable[tuple[str, Stratum]],
    seed: str,
    sizes: Mapping[Stratum, int],
    *,
    ids_ascend: bool = False,
) -> dict[Stratum, list[Ticket]]:
    """The smallest tickets of each stratum, in the order of the draw, in one pass.

    Memory grows with the sample, and with the population only by the set that finds repeated ids;
    where the ids come in strictly ascending order (``ids_ascend``) that set is not needed and
    any id that does not ascend is refused.

    Args:
        members: (id, stratum) in any order; strata without a size give nobody.
        seed: one seed for all strata.
        sizes: how many ids each stratum gives, at most all it has.
        ids_ascend: the ids come sorted by code point.

    Raises:
        BadIdError, DuplicateIdError, BadSeedError: as in draw_order.
    """
    seed_hash = hash_seed(checked_seed(seed))
    held: dict[Stratum, list[Ticket]] = {stratum: [] for stratum in sizes}
    bars: dict[Stratum, str] = dict.fromkeys(sizes, "1")
    seen: set[str] = set()
    last = ""
    for given, stratum in members:
        canonical = canonical_id(given)
        if not ids_ascend:
            _refuse_repeat(canonical, seen)
        elif canonical <= last:
            raise DuplicateIdError(
                f"the id {canonical!r} does not come after {last!r}: repeated, or out of order"
            )
        last = canonical
        bar = bars.get(stratum)
        if bar is None:
            continue
        number = ticket_number(seed_hash, canonical)
        if number < bar:
            tickets = held[stratum]
            tickets.append(Ticket(number, canonical))
            if len(tickets) > sizes[stratum] + _SLACK:
                bars[stratum] = _cut(tickets, sizes[stratum])
    for stratum, tickets in held.items():
        _cut(tickets, sizes[stratum])
    return held


def _cut(tickets: list[Ticket], size: int) -> str:
    """Keep the smallest tickets only; return the bar that a further ticket has to get under."""
    tickets.sort()
    del tickets[size:]
    return tickets[-1].number if tickets else "0"


def _refuse_repeat(canonical: str, seen: set[str]) -> None:
    if canonical in seen:
        raise DuplicateIdError(
            f"the id {canonical!r} stands in the population twice; remove the repeat"
        )
    seen.add(canonical)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
