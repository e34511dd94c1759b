"""How sure a finding is, and how a number of findings is told: by grade."""

from collections.abc import Mapping

GRADES = ("certain", "likely", "possible")
"""The surest first."""


def by_grade(counts: Mapping[str, int]) -> str:
    """The counts as people read them: ``4 certain, 1 possible``; no grade without any."""
    return ", ".join(f"{counts[grade]:,} {grade}" for grade in GRADES if counts.get(grade))
