"""Salesforce-shaped record ids: 15 case-sensitive characters and the 3 of their checksum."""

from functools import lru_cache

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ORGANISATION = "Hs"


@lru_cache(maxsize=None)
def _checksum_character(chunk: str) -> str:
    """The checksum of five characters: bit i is set where character i is an upper-case letter."""
    bits = sum(1 << place for place, character in enumerate(chunk) if character.isupper())
    return _CHECKSUM[bits]


def expand(short: str) -> str:
    """Lengthen a 15-character id to its 18-character form."""
    return short + "".join(_checksum_character(short[at : at + 5]) for at in (0, 5, 10))


def salesforce_id(prefix: str, number: int) -> str:
    """Make the 18-character id of the `number`-th record of a kind.

    `prefix` is the kind's three characters (005 User, 00Q Lead, ...); `number` is at least 0 and
    below 62**5, so that the ten characters after the prefix begin with the organisation's.
    """
    if not 0 <= number < 62**5:
        raise ValueError(f"record number {number} is outside 0..{62**5 - 1}")
    digits = ""
    for _ in range(5):
        number, remainder = divmod(number, 62)
        digits = _ALPHABET[remainder] + digits
    return _sealed(prefix, digits)


def _sealed(prefix: str, digits: str) -> str:
    middle = f"{_ORGANISATION}00000"
    short = prefix + middle + digits
    return (
        short
        + _checksum_character(short[:5])
        + _checksum_character(short[5:10])
        + _checksum_character(digits)
    )
