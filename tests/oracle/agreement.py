"""The agreement as its CSV files say it, and what of it is in force at an instant."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.oracle.business_time import BusinessCalendar, WorkingDay
from tests.oracle.values import first_instant_of_day, parse_boolean, parse_number

STAGE_RANK = {
    "inquiry": 10,
    "mql": 20,
    "tql": 30,
    "sal": 40,
    "sql": 50,
    "won": 60,
    "lost": 60,
    "rejected": 70,
    "recycled": 70,
    "disqualified": 70,
}
OPEN_STAGES = frozenset({"inquiry", "mql", "tql", "sal", "sql"})
CLOSED_STAGES = frozenset(STAGE_RANK) - OPEN_STAGES
BLANK_ATTRIBUTE_VALUES = frozenset({"no", "false", "0", "unknown", "none", "n/a", "null"})

Row = dict[str, str]


@dataclass(frozen=True)
class Mapping:
    """One line of the stage map: a source's value and the stage it means (None: none)."""

    stage: str | None
    is_authority: bool


@dataclass(frozen=True)
class Term:
    """A clause's terms for one tier; due_in in the unit that due_unit names."""

    due_in: Decimal | None
    due_unit: str | None
    touches: int | None
    channels: int | None


@dataclass
class Version:
    """One version of the agreement, with all that it says."""

    name: str
    valid_from: datetime
    row: Row
    tables: dict[str, list[Row]] = field(repr=False)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.row["time_zone"])

    @property
    def handoff_stage(self) -> str:
        return self.row["handoff_stage"]

    @property
    def default_calendar(self) -> str:
        return self.row["default_calendar"]

    @cached_property
    def path(self) -> list[str]:
        """The agreed path of stages; tql is on it only where the agreement uses it."""
        stages = ["inquiry", "mql", "tql", "sal", "sql", "won"]
        return [s for s in stages if s != "tql" or parse_boolean(self.row["uses_tql"])]

    @cached_property
    def stage_map(self) -> dict[tuple[str, str, str, str], Mapping]:
        result = {}
        for row in self.tables["stage_map"]:
            stage = None if row["stage"] in ("", "none") else row["stage"]
            key = (row["source_system"], row["object"], row["field"], row["value"])
            result[key] = Mapping(stage, parse_boolean(row["is_authority"]))
        return result

    @cached_property
    def status_fields(self) -> dict[tuple[str, str], dict[str, str]]:
        """(source, object) -> {field: history name} of the mapped status fields."""
        result: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for row in self.tables["stage_map"]:
            result[row["source_system"], row["object"]][row["field"]] = row["history_name"]
        return result

    @cached_property
    def mapped_stages(self) -> dict[tuple[str, str], set[str]]:
        """(source, object) -> stages that it can tell."""
        result: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self.tables["stage_map"]:
            if row["stage"] not in ("", "none"):
                result[row["source_system"], row["object"]].add(row["stage"])
        return result

    def fields(self, role: str) -> list[Row]:
        return [row for row in self.tables["fields"] if row["role"] == role]

    @cached_property
    def attributes(self) -> dict[str, list[Row]]:
        result: dict[str, list[Row]] = defaultdict(list)
        rows = sorted(self.tables["attributes"], key=lambda row: int(row["source_order"] or 0))
        for row in rows:
            result[row["attribute"]].append(row)
        return result

    @property
    def minimum_score(self) -> Decimal | None:
        """The agreed minimum; blank and 0 are none."""
        return parse_number(self.row["minimum_score"]) or None

    @property
    def minimum_attributes(self) -> int:
        """The agreed minimum; 0, as blank, is none."""
        return int(self.row["minimum_attributes"] or 0)

    @cached_property
    def tiers(self) -> list[Row]:
        return sorted(self.tables["tiers"], key=lambda row: int(row["tier_order"]))

    def tier_of(self, score: Decimal | None, attributes_met: int) -> str | None:
        """Return the first tier that score and attributes reach, else the last one."""
        for row in self.tiers:
            minimum = parse_number(row["minimum_score"])
            if minimum and (score is None or score < minimum):
                continue
            if attributes_met >= int(row["minimum_attributes"] or 0):
                return row["tier"]
        return self.tiers[-1]["tier"] if self.tiers else None

    @cached_property
    def terms(self) -> dict[tuple[str, str], Term]:
        """(tier, clause) -> terms."""
        result = {}
        for row in self.tables["sla_terms"]:
            result[row["tier"], row["clause"]] = Term(
                parse_number(row["due_in"] or None),
                row["due_unit"] or None,
                int(row["touches"]) if row["touches"] else None,
                int(row["channels"]) if row["channels"] else None,
            )
        return result

    @cached_property
    def clauses(self) -> list[str]:
        return sorted({row["clause"] for row in self.tables["sla_terms"]})

    @cached_property
    def reasons(self) -> dict[str, Row]:
        return {row["reason"]: row for row in self.tables["rejection_reasons"]}

    def needs_follow_up(self, reason: str | None) -> bool:
        """A missing or unlisted reason needs follow-up."""
        row = self.reasons.get(reason or "")
        return True if row is None else parse_boolean(row["needs_follow_up"])

    @cached_property
    def channel_lines(self) -> list[Row]:
        return sorted(self.tables["channel_map"], key=lambda row: int(row["line"]))

    @cached_property
    def roster(self) -> dict[tuple[str, str], Row]:
        return {(row["source_system"], row["user_id"]): row for row in self.tables["roster"]}

    @cached_property
    def automation_users(self) -> set[tuple[str, str]]:
        return {(row["source_system"], row["user_id"]) for row in self.tables["automation_users"]}

    @cached_property
    def calendars(self) -> dict[str, BusinessCalendar]:
        holidays: dict[str, set[date]] = defaultdict(set)
        for row in self.tables["holidays"]:
            holidays[row["calendar"]].add(date.fromisoformat(row["holiday"]))
        hours: dict[str, list[WorkingDay]] = defaultdict(list)
        zones: dict[str, ZoneInfo] = {}
        for row in self.tables["calendars"]:
            zones[row["calendar"]] = ZoneInfo(row["time_zone"])
            hours[row["calendar"]].append(
                WorkingDay(int(row["weekday"]), row["opens"], row["closes"])
            )
        return {
            name: BusinessCalendar(zone, hours[name], holidays[name])
            for name, zone in zones.items()
        }

    def calendar_of(self, source: str | None, user_id: str | None) -> BusinessCalendar:
        """The calendar of a user on the roster, else the agreement's default calendar."""
        row = self.roster.get((source or "", user_id or ""))
        name = (row["calendar"] if row else "") or self.default_calendar
        return self.calendars[name]

    def threshold(self, rule: str, name: str) -> str | None:
        for row in self.tables["thresholds"]:
            if row["rule"] == rule and row["threshold"] == name:
                return row["value"]
        return None

    def number_threshold(self, rule: str, name: str, otherwise: str) -> Decimal:
        return Decimal(self.threshold(rule, name) or otherwise)

    def is_rule_enabled(self, rule: str) -> bool:
        rows = [row for row in self.tables["rules"] if row["rule"] == rule]
        return bool(rows) and parse_boolean(rows[0]["is_enabled"])

    def severity(self, rule: str) -> str | None:
        rows = [row for row in self.tables["rules"] if row["rule"] == rule]
        return rows[0]["severity"] if rows else None


_TABLES = (
    "stage_map",
    "fields",
    "attributes",
    "tiers",
    "sla_terms",
    "rejection_reasons",
    "channel_map",
    "calendars",
    "holidays",
    "roster",
    "automation_users",
    "allowed_automations",
    "commitments",
    "rules",
    "thresholds",
    "review_policy",
    "benchmarks",
)


def _read(folder: Path, name: str) -> list[Row]:
    path = folder / f"agreement_{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return [
            {key: (value or "").strip() for key, value in row.items()}
            for row in csv.DictReader(lines)
        ]


def looked_up(version: Version, user: str | None, name: str) -> str | None:
    """What the roster says of a user id, whatever the source; the smallest value of several."""
    values = [row[name] for (_, known), row in version.roster.items() if known == user]
    return min((value for value in values if value), default=None)


class Agreement:
    """All versions of an agreement and the sources it knows."""

    def __init__(self, folder: Path) -> None:
        sources = _read(folder, "sources")
        self.roles = {row["source_system"]: row["role"] for row in sources}
        self.required = {row["source_system"]: parse_boolean(row["is_required"]) for row in sources}
        self.zones = {row["source_system"]: ZoneInfo(row["time_zone"] or "UTC") for row in sources}
        self.waivers = {row["finding_id"]: row for row in _read(folder, "waivers")}
        tables = {name: _read(folder, name) for name in _TABLES}
        self.versions: list[Version] = []
        for row in _read(folder, "versions"):
            name = row["agreement_version"]
            own = {
                table: [line for line in lines if line["agreement_version"] == name]
                for table, lines in tables.items()
            }
            valid_from = first_instant_of_day(
                date.fromisoformat(row["valid_from"]), ZoneInfo(row["time_zone"])
            )
            self.versions.append(Version(name, valid_from, row, own))
        self.versions.sort(key=lambda version: version.valid_from)

    def in_force(self, at: datetime) -> Version | None:
        """The version in force at an instant; None before the first one."""
        result = None
        for version in self.versions:
            if version.valid_from <= at:
                result = version
        return result

    def judging(self, at: datetime) -> Version:
        """The version that reads an event at an instant: the first serves for anything earlier."""
        return self.in_force(at) or self.versions[0]

    def of_day(self, day: date) -> Version:
        """The version in force when a day begins where it lives; the first one before all."""
        known = [v for v in self.versions if date.fromisoformat(v.row["valid_from"]) <= day]
        return known[-1] if known else self.versions[0]

    def beginning(self, day: date) -> datetime:
        """The midnight with which a day begins where the version in force then lives."""
        return first_instant_of_day(day, self.of_day(day).zone)

    def sources_by_role(self, side: str) -> list[str]:
        """Sources that play a side (sfa or map): its own system before one that plays both.

        The rules do not say which comes first where a company has several systems of a side;
        one that plays only that side is nearer to it, and names settle the rest.
        """
        own = sorted(source for source, role in self.roles.items() if role == side)
        return own + sorted(source for source, role in self.roles.items() if role == "both")
