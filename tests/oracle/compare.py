"""Cell-by-cell comparison of two sets of marts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

KEYS: dict[str, tuple[str, ...]] = {
    "dim_leads": ("lead_id",),
    "bridge_lead_ids": ("source_system", "source_id"),
    "fct_stage_events": ("event_id",),
    "fct_stage_transitions": ("transition_id",),
    "fct_handoffs": ("handoff_id",),
    "fct_handoff_legs": ("handoff_id", "leg_number"),
    "fct_touches": ("touch_id",),
    "fct_sla_compliance": ("handoff_id", "clause", "period_start", "due_at", "segment"),
    "fct_integrity_findings": ("rule", "subject_type", "subject_id"),
    "agg_waterfall_monthly": ("month", "basis", "segment"),
    "agg_scoring_feedback": ("agreement_version", "dimension", "value"),
    "agg_marketing_commitments": ("period_kind", "period_start", "segment"),
    "agg_bdr_scorecard": ("month", "leg", "source_system", "user_id"),
    "agg_tier_mix_monthly": ("month", "tier"),
    "agg_source_revenue": ("month", "lead_source", "campaign_id", "currency"),
    "agg_pipeline_sources_monthly": ("month", "currency"),
    "agg_rejected_fate": ("month", "exit_kind", "rejection_family", "rejection_reason"),
    "agg_rejected_losses": (
        "month",
        "exit_kind",
        "rejection_family",
        "rejection_reason",
        "loss_reason",
    ),
    "fct_dropped_leads": ("lead_id",),
    "agg_acceptance_trend": ("month",),
    "agg_sal_comparison_monthly": ("month", "sal_stage"),
    "agg_sal_adoption_monthly": ("month", "segment"),
    "agg_agreement_changes": ("agreement_version", "measure"),
    "agg_review_monthly": ("month", "exit_kind", "segment"),
    "agg_sla_weekly": ("week_start", "owner_id"),
    "fct_open_clauses": ("handoff_id", "clause"),
    "agg_stage_velocity_monthly": ("month", "from_stage", "to_stage", "segment"),
    "agg_stage_aging": ("stage", "segment"),
    "agg_follow_up_monthly": ("month", "team", "owner_id", "tier"),
    "agg_source_freshness": ("source_system", "object_name"),
}
"""What names a row of each mart; due_at and segment count for volume only."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One cell, or a row that only one side has (column is None)."""

    mart: str
    key: tuple[Any, ...]
    column: str | None
    expected: Any
    actual: Any

    def __str__(self) -> str:
        if self.column is None:
            side = "missing" if self.actual is None else "unexpected"
            return f"{self.mart} {self.key}: row {side}"
        return (
            f"{self.mart} {self.key} {self.column}: "
            f"expected {self.expected!r}, found {self.actual!r}"
        )


def plain(value: Any) -> Any:
    """One form for equal values: instants in UTC, numbers as decimals without trailing zeros."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, (int, Decimal)):
        number = Decimal(value)
        return Decimal(0) if number == 0 else number.normalize()
    if isinstance(value, float):
        return plain(round(Decimal(value), 6))
    return value


def key_of(mart: str, row: Row) -> tuple[Any, ...]:
    """The row's key; a handoff's clause is named by handoff and clause alone."""
    if mart == "fct_sla_compliance" and row["handoff_id"] is not None:
        return (row["handoff_id"], row["clause"])
    return tuple(plain(row[column]) for column in KEYS[mart])


def differences(
    mart: str, expected: Iterable[Row], actual: Iterable[Row], ignore: Iterable[str] = ()
) -> list[Difference]:
    """Compare two row sets on the columns that the expected rows have, less the ignored ones.

    Raises:
        ValueError: a key stands twice on one side.
    """
    left, right = _by_key(mart, expected), _by_key(mart, actual)
    ignored = set(ignore)
    found = [
        Difference(mart, key, None, row, None) for key, row in left.items() if key not in right
    ]
    found += [
        Difference(mart, key, None, None, row) for key, row in right.items() if key not in left
    ]
    for key, row in left.items():
        if key not in right:
            continue
        for column in row:
            if column in ignored:
                continue
            one, other = plain(row[column]), plain(right[key].get(column))
            if one != other:
                found.append(Difference(mart, key, column, one, other))
    return found


def _by_key(mart: str, rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    result: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = key_of(mart, row)
        if key in result:
            raise ValueError(f"{mart} has two rows {key}")
        result[key] = row
    return result
