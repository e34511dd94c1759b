"""Salesforce-shaped record ids: 15 case-sensitive characters and the 3 of their checksum."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ORGANISATION = "Hs00000"
_LIMIT = 62**5


def _upper_bits(text: str) -> int:
    """Bit i is set where character i of `text` is an upper-case letter."""
    return sum(1 << place for place, character in enumerate(text) if character.isupper())


def expand(short: str) -> str:
    """Lengthen a 15-character id to its 18-character form: a checksum per five characters."""
    return short + "".join(_CHECKSUM[_upper_bits(short[at : at + 5])] for at in (0, 5, 10))


# Ids are made by the million: the last five characters come from two tables, not from division
# by division.
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_PAIR_BITS = [_upper_bits(pair) for pair in _PAIRS]
_TRIPLES = [a + pair for a in _ALPHABET for pair in _PAIRS]
_TRIPLE_BITS = [_upper_bits(triple) << 2 for triple in _TRIPLES]
_HEADS: dict[str, tuple[str, str]] = {}


def salesforce_id(prefix: str, number: int) -> str:
    """Make the 18-character id of the `number`-th record of a kind.

    `prefix` is the kind's three characters (005 User, 00Q Lead, ...). Raises ValueError unless
    `number` is at least 0 and below 62**5.
    """
    if not 0 <= number < _LIMIT:
        raise ValueError(f"record number {number} is outside 0..{_LIMIT - 1}")
    found = _HEADS.get(prefix)
    if found is None:
        head = prefix + _ORGANISATION
        found = _HEADS[prefix] = (head, expand(head + "00000")[15:17])
    high, low = divmod(number, 238_328)
    checksum = _CHECKSUM[_PAIR_BITS[high] | _TRIPLE_BITS[low]]
    return found[0] + _PAIRS[high] + _TRIPLES[low] + found[1] + checksum
