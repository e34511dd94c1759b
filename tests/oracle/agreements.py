"""Agreements for tests: the example with pinned terms, and variants that turn on rarer rules."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

Row = dict[str, str]
Edit = Callable[[list[Row]], list[Row]]

EXAMPLE = Path(__file__).parents[2] / "dbt_project" / "seeds" / "agreement"


def copy_agreement(target: Path, edits: dict[str, Edit], source: Path = EXAMPLE) -> Path:
    """Copy an agreement's files, each passed through its edit if it has one; return the target."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("agreement_*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            names = list(reader.fieldnames or [])
            rows = list(reader)
        edit = edits.get(path.stem.removeprefix("agreement_"))
        with (target / path.name).open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(edit(rows) if edit else rows)
    return target


def setting(**values: str) -> Edit:
    """An edit that sets columns on every row."""
    return lambda rows: [row | values for row in rows]


def _pinned_terms(rows: list[Row]) -> list[Row]:
    wanted = {
        ("A", "response"): ("8", "business_hours", "", ""),
        ("B", "response"): ("16", "business_hours", "", ""),
        ("A", "first_touch"): ("4", "business_hours", "", ""),
        ("B", "first_touch"): ("8", "business_hours", "", ""),
        ("A", "follow_up"): ("14", "days", "6", "3"),
        ("B", "follow_up"): ("21", "days", "3", "2"),
        ("A", "follow_up_before_rejection"): ("", "", "6", "3"),
        ("B", "follow_up_before_rejection"): ("", "", "3", "2"),
        ("A", "decision"): ("14", "days", "", ""),
        ("B", "decision"): ("14", "days", "", ""),
        ("A", "no_stall"): ("90", "days", "", ""),
        ("B", "no_stall"): ("90", "days", "", ""),
        ("A", "definition"): ("", "", "", ""),
        ("B", "definition"): ("", "", "", ""),
    }
    versions = dict.fromkeys(row["agreement_version"] for row in rows)
    return [
        {
            "agreement_version": version,
            "tier": tier,
            "clause": clause,
            "due_in": due_in,
            "due_unit": unit,
            "touches": touches,
            "channels": channels,
        }
        for version in versions
        for (tier, clause), (due_in, unit, touches, channels) in wanted.items()
    ]


def _pinned_versions(rows: list[Row]) -> list[Row]:
    pinned = setting(
        time_zone="America/New_York",
        default_calendar="us_east",
        handoff_stage="mql",
        uses_tql="false",
        minimum_score="60",
        minimum_attributes="4",
        routing_grace_minutes="15",
        clock_restarts_on_transfer="false",
        warning_hours="4",
    )(rows)
    return [
        row | {"valid_from": day}
        for row, day in zip(pinned, ("2025-07-01", "2026-04-01"), strict=True)
    ]


def all_is_delivered(rows: list[Row]) -> list[Row]:
    """Facts count as delivered from the beginning, however few of them a story tells."""
    return rows + [
        {
            "agreement_version": version,
            "rule": "delivery",
            "threshold": name,
            "value": "0",
            "unit": "count",
        }
        for version in dict.fromkeys(row["agreement_version"] for row in rows)
        for name in ("valued_records", "activities")
    ]


def pinned(target: Path, **versions: str) -> Path:
    """The example with the terms that the hand-worked tests reckon with.

    Response 8 and 16 business hours for tiers A and B, first touch 4 and 8, six touches over
    three channels in 14 days and three over two in 21, decision 14 days, stall 90 days; minimum
    score 60 and four attributes; versions from 2025-07-01 and 2026-04-01 at New York.
    What a story does not tell did not happen: all kinds of facts count as delivered throughout.
    Keyword arguments set columns of all versions.
    """
    return copy_agreement(
        target,
        {
            "versions": lambda rows: setting(**versions)(_pinned_versions(rows)),
            "sla_terms": _pinned_terms,
            "thresholds": all_is_delivered,
        },
    )


def _others_roster(rows: list[Row]) -> list[Row]:
    """People of the plain route and of HubSpot, whom the example does not list."""
    versions = dict.fromkeys(row["agreement_version"] for row in rows)
    people = [
        ("generic", "g-anna", "rep", "true", "always"),
        ("generic", "g-bert", "bdr", "false", "europe"),
        ("hubspot", "8801", "rep", "true", "always"),
        ("hubspot", "8803", "bdr", "false", "europe"),
    ]
    return rows + [
        {
            "agreement_version": version,
            "source_system": source,
            "user_id": user,
            "name": user,
            "function": "sales",
            "role": role,
            "team": "Plain",
            "manager_id": "",
            "is_quota_bearing": quota,
            "calendar": calendar,
        }
        for version in versions
        for source, user, role, quota, calendar in people
    ]


def _always_open(rows: list[Row]) -> list[Row]:
    versions = dict.fromkeys(row["agreement_version"] for row in rows)
    return rows + [
        {
            "agreement_version": version,
            "calendar": "always",
            "time_zone": "Europe/Berlin",
            "weekday": str(weekday),
            "opens": "00:00",
            "closes": "24:00",
        }
        for version in versions
        for weekday in range(1, 8)
    ]


def _with_tql(rows: list[Row]) -> list[Row]:
    """Marketing's own MQL value tells tql; the plain route gains a tql value."""
    result = []
    for row in rows:
        if row["source_system"] == "marketo" and row["value"] == "Nurture":
            row = row | {"stage": "tql", "is_authority": "true"}
        result.append(row)
        if row["source_system"] == "generic" and row["value"] == "mql":
            result.append(row | {"value": "tql-ish", "stage": "tql"})
    return result


def _plain_leads_never_have_an_owner(rows: list[Row]) -> list[Row]:
    """The owner is said to stand in a field that the plain route does not deliver."""
    elsewhere = {"field": "owned_by", "history_name": "owned_by"}
    return [
        row | elsewhere if (row["source_system"], row["role"]) == ("generic", "owner") else row
        for row in rows
    ]


def _lead_source_was_elsewhere(rows: list[Row]) -> list[Row]:
    """The first version reads Salesforce's lead source from another field than the second."""
    before = ("v1", "salesforce", "lead_source")
    return [
        row | {"field": "Company", "history_name": "Company"}
        if (row["agreement_version"], row["source_system"], row["role"]) == before
        else row
        for row in rows
    ]


def _only_some_clauses(rows: list[Row]) -> list[Row]:
    """No decision in the first version, no first_touch in the second, half an hour for tier A."""
    result = []
    for row in rows:
        if (row["agreement_version"], row["clause"]) in (("v1", "decision"), ("v2", "first_touch")):
            continue
        if (row["tier"], row["clause"]) == ("A", "response"):
            row = row | {"due_in": "0.5"}
        result.append(row)
    return result


def _limits_are_soon_reached(rows: list[Row]) -> list[Row]:
    """Few leads make a portfolio, few touches in half an hour a batch; a low limit for the pipeline
    first, and then none.
    """
    limits = {
        "too_good_pipeline": {"share": "0.3", "minimum_opportunities": "5"},
        "stalled_lead": {"stall_days": "20", "share": "0.4", "minimum_leads": "3"},
        "padded_activity": {"batch_minutes": "30", "batch_size": "2"},
    }
    return [
        row | {"value": limits.get(row["rule"], {}).get(row["threshold"], row["value"])}
        for row in rows
        if (row["agreement_version"], row["rule"]) != ("v2", "too_good_pipeline")
    ]


def _few_are_in_the_best_tier(rows: list[Row]) -> list[Row]:
    return [row | {"minimum_score": "99"} if row["tier"] == "A" else row for row in rows]


def _moved_to_berlin(rows: list[Row]) -> list[Row]:
    """The second version lives at Berlin, from the day on which the clocks go forward there."""
    first, second, *others = rows
    return [first, second | {"valid_from": "2026-03-29", "time_zone": "Europe/Berlin"}, *others]


def _promised_month_by_month(rows: list[Row]) -> list[Row]:
    """Each month of the spring has a number of its own; the quarter's is for the second alone."""
    kept = [row for row in rows if (row["agreement_version"], row["segment"]) != ("v2", "all")]
    month = next(row for row in rows if row not in kept and row["period_kind"] == "month")
    named = {"2026-04": "3", "2026-05": "2", "2026-06": "5"}
    kept += [month | {"month": name, "qualified_handoffs": many} for name, many in named.items()]
    quarter = {"period_kind": "quarter", "month": "2026-04", "qualified_handoffs": "6"}
    return [*kept, month | quarter]


def _with_target(rows: list[Row]) -> list[Row]:
    """A target for deals per inquiry, which the example has none of; no target for acceptance."""
    metric = {"metric": "closed_won_per_1000_inquiries", "kind": "target", "value": "12.5"}
    kept = [row for row in rows if (row["metric"], row["kind"]) != ("acceptance_rate", "target")]
    return kept + [row | metric for row in rows if row["metric"] == "stalled_share"]


VARIANTS: dict[str, dict[str, Edit]] = {
    "restarting_clock": {
        "versions": setting(clock_restarts_on_transfer="true", routing_grace_minutes="60"),
        "roster": _others_roster,
        "calendars": _always_open,
    },
    "teleservices": {
        "versions": setting(handoff_stage="tql", uses_tql="true"),
        "stage_map": _with_tql,
        "fields": _plain_leads_never_have_an_owner,
    },
    "some_clauses": {
        "sla_terms": _only_some_clauses,
        "commitments": setting(qualified_handoffs="2"),
        "thresholds": _limits_are_soon_reached,
        "tiers": _few_are_in_the_best_tier,
        # A long warning, so that much of what is pending is at risk.
        "versions": setting(warning_hours="600"),
    },
    "plain_source_in_new_york": {
        "sources": lambda rows: [
            row | {"time_zone": "America/New_York"} if row["source_system"] == "generic" else row
            for row in rows
        ],
        "roster": _others_roster,
        "calendars": _always_open,
        "versions": setting(default_calendar="always"),
    },
    "changed_on_a_clock_change": {
        "versions": _moved_to_berlin,
        "commitments": _promised_month_by_month,
        "benchmarks": _with_target,
        "fields": _lead_source_was_elsewhere,
    },
}
"""Names of variants of the example and their edits; each turns on rules that it leaves off."""


def variant(name: str, target: Path) -> Path:
    """Write one of the variants of the example."""
    return copy_agreement(target, VARIANTS[name])
