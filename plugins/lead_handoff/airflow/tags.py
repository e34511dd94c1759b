"""The tags a DAG may carry."""

from enum import StrEnum


class Tag(StrEnum):
    """Every DAG has exactly one ``impact/`` tag: what it means for readers when the DAG fails."""

    IMPACT_READERS = "impact/readers"
    """Readers' marts stay at the last night."""
    IMPACT_REVIEW = "impact/review"
    """The monthly review has no cases."""
    IMPACT_NONE = "impact/none"
    """Nobody notices before the next scheduled run."""

    AREA_NIGHT = "area/night"
    AREA_REVIEW = "area/review"

    RHYTHM_NIGHTLY = "rhythm/nightly"
    RHYTHM_MONTHLY = "rhythm/monthly"
    RHYTHM_MINUTES = "rhythm/minutes"
    RHYTHM_MANUAL = "rhythm/manual"


OWNER = "revenue-operations"
"""Owner of every task: the team that reads the marts and keeps the agreement."""
