"""The files of an agreement, their columns, and the words that each column may hold."""

from collections.abc import Mapping
from dataclasses import dataclass

STAGES = (
    "inquiry",
    "mql",
    "tql",
    "sal",
    "sql",
    "won",
    "lost",
    "rejected",
    "recycled",
    "disqualified",
)
CLAUSES = (
    "response",
    "first_touch",
    "follow_up",
    "follow_up_before_rejection",
    "decision",
    "no_stall",
    "definition",
)
CHANNELS = ("call", "email", "meeting", "social", "other", "none")
ROLES_OF_SOURCES = ("map", "sfa", "both")
FIELD_ROLES = (
    "score",
    "fit_score",
    "engagement_score",
    "owner",
    "reason",
    "lead_source",
    "company",
    "loss_reason",
)
FUNCTIONS = ("sales", "marketing", "teleservices", "executive", "operations")
FAMILIES_WITHOUT_FOLLOW_UP = ("procedural", "clerical", "definitional")
"""Families of reasons that need no follow-up first; any other family does."""
SEVERITIES = ("critical", "warning", "info")


def severity_weight(severity: str) -> int:
    """Place of a severity, the most severe first; one that nobody knows comes last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


CLAUSE_TERMS: dict[str, tuple[str, bool]] = {
    "response": ("business_hours", False),
    "first_touch": ("business_hours", False),
    "follow_up": ("days", True),
    "follow_up_before_rejection": ("", True),
    "decision": ("days", False),
    "no_stall": ("days", False),
    "definition": ("", False),
}
"""Clause -> (unit of its due time, or none; whether it counts touches and channels)."""

THRESHOLDS: dict[str, dict[str, str]] = {
    "silent_auto_promotion": {
        "timer_days": "days",
        "tolerance_days": "days",
        "batch_size": "transitions",
        "batch_minutes": "minutes",
    },
    "auto_acceptance": {"batch_size": "transitions", "batch_minutes": "minutes"},
    "auto_expiry_accepts": {"tolerance_days": "days"},
    "rubber_stamp": {
        "accepted_within_seconds": "seconds",
        "batch_size": "transitions",
        "batch_minutes": "minutes",
        "acceptance_rate": "share",
        "minimum_handoffs": "handoffs",
        "significance": "probability",
    },
    "collusive_pair": {
        "acceptance_rate": "share",
        "minimum_handoffs": "handoffs",
        "significance": "probability",
    },
    "late_acceptance": {"conversation_channels": "channels"},
    "rejected_without_follow_up": {},
    "ignored_handoff": {},
    "stalled_lead": {"stall_days": "days", "share": "share", "minimum_leads": "leads"},
    "cherry_picking": {
        "edge_days": "days",
        "minimum_events": "events",
        "significance": "probability",
    },
    "mql_flood": {"edge_days": "days", "minimum_events": "events", "significance": "probability"},
    "below_definition": {},
    "missing_score": {},
    "skipped_stage": {},
    "backward_move": {},
    "impossible_move": {},
    "future_or_backdated": {"future_minutes": "minutes", "backdated_days": "days"},
    "history_gap": {},
    "systems_disagree": {"before_hours": "hours", "after_hours": "hours"},
    "one_touch_abandonment": {"channels": "channels_count"},
    "padded_activity": {"batch_size": "touches", "batch_minutes": "minutes", "late_days": "days"},
    "rejection_without_reason": {},
    "overqualified_rejection": {},
    "deleted_after_handoff": {},
    "owner_inactive": {},
    "no_owner": {},
    "too_good_pipeline": {
        "share": "share",
        "minimum_opportunities": "opportunities",
        "velocity_days": "days",
    },
    "engaged_but_unfit": {"engagement_score": "points", "fit_score": "points"},
    "unsigned_agreement": {},
    "unmapped_stage_value": {},
    "duplicate_live_record": {},
    "not_delivered": {},
}
"""Every integrity rule with the thresholds it needs and their units."""

OPTIONAL_THRESHOLDS: dict[str, dict[str, str]] = {
    "silent_auto_promotion": {
        "significance": "probability",
        "minimum_moves": "transitions",
        "excess": "factor",
    },
    "rubber_stamp": {"progress_share": "share", "window_days": "days"},
    "collusive_pair": {"progress_share": "share", "window_days": "days"},
    "cherry_picking": {"excess": "factor"},
    "mql_flood": {"excess": "factor", "fit_share": "share"},
    # Read no more: too few touches are told by rejected_without_follow_up. Older folders name it.
    "one_touch_abandonment": {"touches": "touches"},
    "delivery": {
        "valued_records": "count",
        "named_actors": "count",
        "activities": "count",
        "activities_within_days": "days",
        "thin_handoffs": "handoffs",
        "thin_share": "share",
        "pause_days": "days",
        "pause_factor": "factor",
        "pause_window_days": "days",
        "working_days_before": "days",
        "parent_versions": "count",
        "filled_nights": "count",
        "filled_share": "share",
        "blank_versions": "count",
    },
    "time_of_day": {"share": "share", "rows": "count", "days": "days"},
}
"""Thresholds that a version may leave out; the models then take their default.

``delivery`` and ``time_of_day`` are no rules: they say from when on anything is judged at all.
"""

REVIEW_SETTINGS: dict[str, str] = {
    "strata": "text",
    "sample_size": "count",
    "minimum_per_stratum": "count",
    "census_below": "count",
    "census": "boolean",
    "allocation": "text",
    "half_width": "share",
    "confidence": "share",
    "reviewers": "text",
    "quorum": "count",
    "double_review_share": "share",
    "personal_data": "text",
    "default_seed": "seed",
    "months_reviewed_from": "month",
}
"""Every setting of the review's policy and the kind of its value."""
REVIEW_STRATA = ("team", "exit_kind", "tier")
REVIEW_ALLOCATIONS = ("proportional", "neyman")


@dataclass(frozen=True)
class Column:
    """One column: its name, the kind of its values, whether it may be blank, what it may hold.

    `may_be_absent`: a folder written before there was such a column stays good; it counts as blank.
    `kind_by`: the column whose value says of which kind this one is, by `REVIEW_SETTINGS`.
    """

    name: str
    kind: str = "text"
    optional: bool = False
    choices: tuple[str, ...] = ()
    may_be_absent: bool = False
    kind_by: str = ""

    def kind_in(self, row: Mapping[str, str]) -> str:
        """The kind of this column's value in a row."""
        return REVIEW_SETTINGS.get(row[self.kind_by], "text") if self.kind_by else self.kind


@dataclass(frozen=True)
class File:
    """One file: its columns, in order, and the columns that tell its rows apart."""

    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def is_versioned(self) -> bool:
        """Whether each row belongs to a version of the agreement."""
        return self.columns[0].name == "agreement_version"


def _text(name: str, *, optional: bool = False) -> Column:
    return Column(name, optional=optional)


def _choice(name: str, *choices: str, optional: bool = False) -> Column:
    return Column(name, "choice", optional, choices)


_VERSION = Column("agreement_version")
_SOURCE = Column("source_system")
_V = "agreement_version"

FILES: dict[str, File] = {
    "agreement_versions": File(
        (
            _VERSION,
            Column("valid_from", "date"),
            Column("time_zone", "zone"),
            _text("default_calendar"),
            _choice("handoff_stage", "mql", "tql"),
            Column("uses_tql", "boolean"),
            Column("minimum_score", "number"),
            Column("minimum_attributes", "count"),
            Column("routing_grace_minutes", "count"),
            Column("clock_restarts_on_transfer", "boolean"),
            Column("warning_hours", "number"),
            _text("marketing_signed_by", optional=True),
            Column("marketing_signed_on", "date", optional=True),
            _text("sales_signed_by", optional=True),
            Column("sales_signed_on", "date", optional=True),
            _text("executive_signed_by", optional=True),
            Column("executive_signed_on", "date", optional=True),
            Column("executive_signature_required", "boolean"),
            _text("note", optional=True),
            Column("scoring_rule_version", optional=True, may_be_absent=True),
        ),
        (_V,),
    ),
    "agreement_sources": File(
        (
            _SOURCE,
            _choice("role", *ROLES_OF_SOURCES),
            Column("time_zone", "zone"),
            Column("is_required", "boolean"),
        ),
        ("source_system",),
    ),
    "agreement_stage_map": File(
        (
            _VERSION,
            _SOURCE,
            _text("object"),
            _text("field"),
            _text("history_name", optional=True),
            _text("value"),
            _choice("stage", *STAGES, "none"),
            Column("is_authority", "boolean"),
        ),
        (_V, "source_system", "object", "field", "value"),
    ),
    "agreement_fields": File(
        (
            _VERSION,
            _SOURCE,
            _text("object"),
            _choice("role", *FIELD_ROLES),
            _text("field"),
            _text("history_name", optional=True),
        ),
        (_V, "source_system", "object", "role"),
    ),
    "agreement_attributes": File(
        (
            _VERSION,
            _text("attribute"),
            _text("description"),
            Column("source_order", "count"),
            _SOURCE,
            _text("object"),
            _text("field"),
            _text("history_name", optional=True),
            _text("met_values", optional=True),
        ),
        (_V, "attribute", "source_order"),
    ),
    "agreement_tiers": File(
        (
            _VERSION,
            Column("tier_order", "count"),
            _text("tier"),
            Column("minimum_score", "number"),
            Column("minimum_attributes", "count"),
        ),
        (_V, "tier"),
    ),
    "agreement_sla_terms": File(
        (
            _VERSION,
            _text("tier"),
            _choice("clause", *CLAUSES),
            Column("due_in", "number", optional=True),
            _choice("due_unit", "business_hours", "days", optional=True),
            Column("touches", "count", optional=True),
            Column("channels", "count", optional=True),
        ),
        (_V, "tier", "clause"),
    ),
    "agreement_rejection_reasons": File(
        (
            _VERSION,
            _text("reason"),
            _text("family"),
            Column("needs_follow_up", "boolean"),
            Column("is_overqualification", "boolean"),
        ),
        (_V, "reason"),
    ),
    "agreement_channel_map": File(
        (
            _VERSION,
            Column("line", "count"),
            _SOURCE,
            _text("object"),
            _text("field"),
            _text("value"),
            _choice("channel", *CHANNELS),
        ),
        (_V, "line"),
    ),
    "agreement_calendars": File(
        (
            _VERSION,
            _text("calendar"),
            Column("time_zone", "zone"),
            _choice("weekday", *"1234567"),
            Column("opens", "time"),
            Column("closes", "time"),
        ),
        (_V, "calendar", "weekday", "opens"),
    ),
    "agreement_holidays": File(
        (_VERSION, _text("calendar"), Column("holiday", "date"), _text("name")),
        (_V, "calendar", "holiday"),
    ),
    "agreement_roster": File(
        (
            _VERSION,
            _SOURCE,
            _text("user_id"),
            _text("name"),
            _choice("function", *FUNCTIONS),
            _text("role"),
            _text("team"),
            _text("manager_id", optional=True),
            Column("is_quota_bearing", "boolean"),
            _text("calendar", optional=True),
        ),
        (_V, "source_system", "user_id"),
    ),
    "agreement_automation_users": File(
        (
            _VERSION,
            _SOURCE,
            _text("user_id"),
            _choice("kind", "integration", "automation"),
            _text("description", optional=True),
        ),
        (_V, "source_system", "user_id"),
    ),
    "agreement_allowed_automations": File(
        (
            _VERSION,
            _SOURCE,
            _text("user_id", optional=True),
            _text("campaign", optional=True),
            _choice("from_stage", *STAGES, optional=True),
            _choice("to_stage", *STAGES, optional=True),
            _text("description"),
        ),
        (_V, "source_system", "user_id", "campaign", "from_stage", "to_stage"),
    ),
    "agreement_commitments": File(
        (
            _VERSION,
            _choice("period_kind", "month", "quarter"),
            _text("segment"),
            Column("qualified_handoffs", "count"),
            Column("month", "month", optional=True, may_be_absent=True),
        ),
        (_V, "period_kind", "segment", "month"),
    ),
    "agreement_rules": File(
        (
            _VERSION,
            _choice("rule", *THRESHOLDS),
            _choice("severity", *SEVERITIES),
            Column("is_enabled", "boolean"),
        ),
        (_V, "rule"),
    ),
    "agreement_thresholds": File(
        (
            _VERSION,
            _choice("rule", *(THRESHOLDS | OPTIONAL_THRESHOLDS)),
            _text("threshold"),
            _text("value"),
            _text("unit", optional=True),
        ),
        (_V, "rule", "threshold"),
    ),
    "agreement_review_policy": File(
        (
            _VERSION,
            _choice("setting", *REVIEW_SETTINGS),
            Column("value", optional=True, kind_by="setting"),
        ),
        (_V, "setting"),
    ),
    "agreement_benchmarks": File(
        (
            _VERSION,
            _text("metric"),
            _choice("kind", "benchmark", "target"),
            Column("value", "number"),
            _text("source"),
        ),
        (_V, "metric", "kind"),
    ),
    "agreement_waivers": File(
        (_text("finding_id"), _text("waived_by"), Column("waived_on", "date"), _text("reason")),
        ("finding_id",),
    ),
}
"""File stem -> what it holds."""

NEEDED_IN_EVERY_VERSION = (
    "agreement_stage_map",
    "agreement_tiers",
    "agreement_calendars",
    "agreement_rules",
    "agreement_review_policy",
)
"""Files in which a version without rows would leave the pipeline nothing to judge by."""
