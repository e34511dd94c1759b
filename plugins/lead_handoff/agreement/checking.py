"""Finds what is wrong with an agreement as a whole: between rows, files and versions."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from itertools import pairwise
from pathlib import Path

from lead_handoff import months
from lead_handoff.agreement.panel import Unfit, panel_of
from lead_handoff.agreement.problems import AgreementProblem
from lead_handoff.agreement.reading import Row, Tables, read_tables
from lead_handoff.agreement.values import is_number
from lead_handoff.agreement.vocabulary import (
    CHANNELS,
    CLAUSE_TERMS,
    FAMILIES_WITHOUT_FOLLOW_UP,
    FILES,
    NEEDED_IN_EVERY_VERSION,
    OPTIONAL_THRESHOLDS,
    REVIEW_ALLOCATIONS,
    REVIEW_STRATA,
    THRESHOLDS,
)

_V = "agreement_version"


def check_agreement(folder: Path) -> list[AgreementProblem]:
    """Every mistake in the agreement in `folder`, by file and row; empty when it can be used."""
    tables = read_tables(folder)
    for check in _CHECKS:
        check(tables)
    return sorted(set(tables.problems))


def agreement_warnings(folder: Path, delivering: Collection[str] = ()) -> list[AgreementProblem]:
    """What the agreement may say but a reader should know: unsigned versions and the like.

    Args:
        folder: the agreement's.
        delivering: sources of which something comes; those that are required are taken for such.
    """
    tables = read_tables(folder)
    tables.problems.clear()
    _warn_unsigned(tables)
    _warn_one_tier(tables)
    _warn_rules_not_judged(tables)
    _warn_missing_clauses(tables)
    _warn_machines_on_roster(tables)
    _warn_versions_without_people(tables)
    _warn_sources_without_stages(tables, delivering)
    _warn_calendars_of_nobody(tables)
    return sorted(set(tables.problems))


def _by_version(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row[_V]].append(row)
    return grouped


def _versions(tables: Tables) -> list[str]:
    return [row[_V] for row in tables.of("agreement_versions") if row[_V]]


def _known(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "none yet"


def _decimal(value: str) -> float:
    return float(value) if is_number(value) else 0.0


def _count(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() else 0


# Versions


def _check_versions(tables: Tables) -> None:
    stem = "agreement_versions"
    rows = tables.of(stem)
    if stem in tables.rows and not rows:
        tables.report(stem, 0, "", "names no version; an agreement needs at least one")
    started: dict[str, Row] = {}
    calendars = {(r[_V], r["calendar"]) for r in tables.of("agreement_calendars")}
    attributes = defaultdict(set)
    for row in tables.of("agreement_attributes"):
        attributes[row[_V]].add(row["attribute"])
    for row in rows:
        first = started.setdefault(row["valid_from"], row)
        if first is not row and row["valid_from"]:
            tables.report(
                stem,
                row.number,
                "valid_from",
                f"versions {first[_V]} and {row[_V]} both begin on {row['valid_from']}, so that "
                "they overlap; give each its own first day",
            )
        if row["handoff_stage"] == "tql" and row["uses_tql"] == "false":
            tables.report(
                stem, row.number, "uses_tql", "must be true where the handoff stage is tql"
            )
        if (row[_V], row["default_calendar"]) not in calendars and row["default_calendar"]:
            tables.report(
                stem,
                row.number,
                "default_calendar",
                f"{row['default_calendar']!r} has no hours in version {row[_V]}; known are "
                + _known(name for version, name in calendars if version == row[_V]),
            )
        if _count(row["minimum_attributes"]) > len(attributes[row[_V]]):
            tables.report(
                stem,
                row.number,
                "minimum_attributes",
                f"asks for {row['minimum_attributes']} attributes where agreement_attributes.csv "
                f"lists {len(attributes[row[_V]])} for version {row[_V]}",
            )
        for side in ("marketing", "sales", "executive"):
            by, on = f"{side}_signed_by", f"{side}_signed_on"
            if bool(row[by]) != bool(row[on]):
                missing = on if row[by] else by
                tables.report(stem, row.number, missing, "a signature needs both name and date")


def _check_version_references(tables: Tables) -> None:
    versions = _versions(tables)
    for stem, file in FILES.items():
        if not file.is_versioned or stem == "agreement_versions":
            continue
        used = set()
        for row in tables.of(stem):
            used.add(row[_V])
            if row[_V] and row[_V] not in versions:
                tables.report(
                    stem,
                    row.number,
                    _V,
                    f"{row[_V]!r} is no version; agreement_versions.csv has {_known(versions)}",
                )
        if stem in NEEDED_IN_EVERY_VERSION and stem in tables.rows:
            for version in dict.fromkeys(versions):
                if version not in used:
                    tables.report(stem, 0, _V, f"has no row for version {version}")


def _check_sources(tables: Tables) -> None:
    rows = tables.of("agreement_sources")
    known = {row["source_system"] for row in rows}
    roles = {row["role"] for row in rows}
    if rows and not ("both" in roles or {"map", "sfa"} <= roles):
        tables.report(
            "agreement_sources",
            0,
            "role",
            "needs a source with role map and one with role sfa, or one with role both",
        )
    for stem, file in FILES.items():
        if "source_system" not in file.names or stem == "agreement_sources":
            continue
        for row in tables.of(stem):
            if row["source_system"] and row["source_system"] not in known:
                tables.report(
                    stem,
                    row.number,
                    "source_system",
                    f"{row['source_system']!r} is not in agreement_sources.csv, which has "
                    + _known(known),
                )


# Stages and definition


def _check_stage_map(tables: Tables) -> None:
    stem = "agreement_stage_map"
    roles = {r["source_system"]: r["role"] for r in tables.of("agreement_sources")}
    handoff_stages = {
        r[_V]: (r.number, r["handoff_stage"]) for r in tables.of("agreement_versions")
    }
    for version, rows in _by_version(tables.of(stem)).items():
        histories: dict[tuple[str, str, str], Row] = {}
        authorities: dict[str, Row] = {}
        for row in rows:
            place = (row["source_system"], row["object"], row["field"])
            first = histories.setdefault(place, row)
            if first["history_name"] != row["history_name"]:
                tables.report(
                    stem,
                    row.number,
                    "history_name",
                    f"row {first.number} calls the same field {first['history_name']!r}; "
                    "one field has one name in the history",
                )
            if row["is_authority"] != "true":
                continue
            if row["stage"] == "none":
                tables.report(
                    stem, row.number, "is_authority", "must be false where the stage is none"
                )
            if roles.get(row["source_system"]) not in ("map", "sfa"):
                continue
            other = authorities.setdefault(row["stage"], row)
            if other["source_system"] != row["source_system"]:
                tables.report(
                    stem,
                    row.number,
                    "is_authority",
                    f"{row['source_system']} and (row {other.number}) {other['source_system']} "
                    f"are both the authority for {row['stage']}; only one may be",
                )
        number, stage = handoff_stages.get(version, (0, ""))
        mapped = any(r["stage"] == stage and r["is_authority"] == "true" for r in rows)
        if stage and not mapped:
            tables.report(
                "agreement_versions",
                number,
                "handoff_stage",
                f"no value of an authority is mapped to {stage} in version {version}, so that no "
                "handoff would ever open",
            )


def _check_attributes(tables: Tables) -> None:
    stem = "agreement_attributes"
    descriptions: dict[tuple[str, str], Row] = {}
    fields: dict[tuple[str, ...], Row] = {}
    for row in tables.of(stem):
        first = descriptions.setdefault((row[_V], row["attribute"]), row)
        if first["description"] != row["description"]:
            tables.report(
                stem, row.number, "description", f"differs from row {first.number}, same attribute"
            )
        place = (row[_V], row["source_system"], row["object"], row["field"])
        other = fields.setdefault(place, row)
        if other is not row:
            tables.report(
                stem, row.number, "field", f"row {other.number} already reads {row['field']!r}"
            )
        if row["met_values"] and not all(v.strip() for v in row["met_values"].split("|")):
            tables.report(stem, row.number, "met_values", "has an empty value between two bars (|)")


def _check_tiers(tables: Tables) -> None:
    stem = "agreement_tiers"
    attributes = defaultdict(set)
    for row in tables.of("agreement_attributes"):
        attributes[row[_V]].add(row["attribute"])
    for version, rows in _by_version(tables.of(stem)).items():
        ordered = sorted(rows, key=lambda row: _count(row["tier_order"]))
        orders = [_count(row["tier_order"]) for row in ordered]
        if orders != list(range(1, len(orders) + 1)):
            tables.report(
                stem,
                ordered[0].number,
                "tier_order",
                f"version {version} has {orders}; number the tiers 1, 2, ... from the best",
            )
        last = ordered[-1]
        if _decimal(last["minimum_score"]) or _count(last["minimum_attributes"]):
            tables.report(
                stem,
                last.number,
                "minimum_score",
                f"the last tier of version {version} takes every other lead; its minimums must "
                "be 0",
            )
        for at, row in enumerate(ordered):
            if _count(row["minimum_attributes"]) > len(attributes[version]):
                tables.report(
                    stem,
                    row.number,
                    "minimum_attributes",
                    f"no lead can meet {row['minimum_attributes']} attributes of the "
                    f"{len(attributes[version])} that version {version} lists",
                )
            for better in ordered[:at]:
                if _decimal(better["minimum_score"]) <= _decimal(row["minimum_score"]) and _count(
                    better["minimum_attributes"]
                ) <= _count(row["minimum_attributes"]):
                    tables.report(
                        stem,
                        row.number,
                        "tier",
                        f"no lead falls into {row['tier']!r}: tier {better['tier']!r} (row "
                        f"{better.number}) takes them all first",
                    )
                    break


# Terms


def _check_sla_terms(tables: Tables) -> None:
    stem = "agreement_sla_terms"
    tiers: dict[str, list[str]] = defaultdict(list)
    for row in tables.of("agreement_tiers"):
        tiers[row[_V]].append(row["tier"])
    for version, rows in _by_version(tables.of(stem)).items():
        given: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            given[row["clause"]].add(row["tier"])
            if row["tier"] and row["tier"] not in tiers[version]:
                tables.report(
                    stem,
                    row.number,
                    "tier",
                    f"{row['tier']!r} is no tier of version {version}, which has "
                    + _known(tiers[version]),
                )
            if row["clause"] in CLAUSE_TERMS:
                _check_term(tables, row)
        for clause, with_terms in given.items():
            for tier in tiers[version]:
                if tier not in with_terms and clause in CLAUSE_TERMS:
                    tables.report(
                        stem,
                        0,
                        "tier",
                        f"version {version} has {clause} for {_known(with_terms)} but not for "
                        f"tier {tier!r}; add that row, or leave the clause out for all",
                    )


def _check_term(tables: Tables, row: Row) -> None:
    """A clause has exactly the numbers that it is judged by."""
    stem = "agreement_sla_terms"
    unit, counts = CLAUSE_TERMS[row["clause"]]
    if unit and not row["due_in"]:
        tables.report(stem, row.number, "due_in", f"{row['clause']} needs a number of {unit}")
    if row["due_unit"] != unit:
        wanted = f"must be {unit}" if unit else "must be blank"
        tables.report(stem, row.number, "due_unit", f"{wanted} for {row['clause']}")
    if not unit and row["due_in"]:
        tables.report(stem, row.number, "due_in", f"must be blank for {row['clause']}")
    for column in ("touches", "channels"):
        if counts and not row[column]:
            tables.report(stem, row.number, column, f"{row['clause']} needs a number here")
        if not counts and row[column]:
            tables.report(stem, row.number, column, f"must be blank for {row['clause']}")
    if not counts:
        return
    countable = len(CHANNELS) - 1
    channels, touches = _count(row["channels"]), _count(row["touches"])
    if channels > touches:
        tables.report(
            stem, row.number, "channels", f"{touches} touches cannot use {channels} channels"
        )
    elif channels > countable:
        tables.report(stem, row.number, "channels", f"there are only {countable} channels")


def _check_reasons(tables: Tables) -> None:
    stem = "agreement_rejection_reasons"
    spelled: dict[tuple[str, str], Row] = {}
    for row in tables.of(stem):
        other = spelled.setdefault((row[_V], row["reason"].lower()), row)
        if other is not row and other["reason"] != row["reason"]:
            tables.report(
                stem, row.number, "reason", f"differs from row {other.number} only in capitals"
            )
        needs = row["family"] not in FAMILIES_WITHOUT_FOLLOW_UP
        if row["needs_follow_up"] in ("true", "false") and needs != (
            row["needs_follow_up"] == "true"
        ):
            tables.report(
                stem,
                row.number,
                "needs_follow_up",
                f"must be {str(needs).lower()} for family {row['family']!r}: "
                f"{', '.join(FAMILIES_WITHOUT_FOLLOW_UP)} need no follow-up first, others do",
            )


# Calendars


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return _count(hours) * 60 + _count(minutes)


def _check_calendars(tables: Tables) -> None:
    stem = "agreement_calendars"
    zones: dict[tuple[str, str], Row] = {}
    days: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in tables.of(stem):
        first = zones.setdefault((row[_V], row["calendar"]), row)
        if first["time_zone"] != row["time_zone"]:
            tables.report(
                stem,
                row.number,
                "time_zone",
                f"row {first.number} puts calendar {row['calendar']!r} into {first['time_zone']}; "
                "a calendar has one time zone",
            )
        if row["opens"] and row["closes"] and _minutes(row["opens"]) >= _minutes(row["closes"]):
            tables.report(stem, row.number, "closes", f"must be later than opens ({row['opens']})")
        days[row[_V], row["calendar"], row["weekday"]].append(row)
    for rows in days.values():
        rows.sort(key=lambda row: _minutes(row["opens"]))
        for before, after in pairwise(rows):
            if _minutes(after["opens"]) < _minutes(before["closes"]):
                tables.report(
                    stem,
                    after.number,
                    "opens",
                    f"overlaps row {before.number}, which is open until {before['closes']}",
                )
    for stem in ("agreement_holidays", "agreement_roster"):
        for row in tables.of(stem):
            if row["calendar"] and (row[_V], row["calendar"]) not in zones:
                tables.report(
                    stem,
                    row.number,
                    "calendar",
                    f"{row['calendar']!r} has no hours in agreement_calendars.csv for version "
                    f"{row[_V]}; known are "
                    + _known(name for version, name in zones if version == row[_V]),
                )


# People and machines


def _check_roster(tables: Tables) -> None:
    stem = "agreement_roster"
    people = {(r[_V], r["source_system"], r["user_id"]): r for r in tables.of(stem)}
    looped: set[tuple[str, str, str]] = set()
    for key, row in people.items():
        if not row["manager_id"]:
            continue
        if (*key[:2], row["manager_id"]) not in people:
            tables.report(
                stem,
                row.number,
                "manager_id",
                f"{row['manager_id']!r} is not on the {row['source_system']} roster of version "
                f"{row[_V]}",
            )
            continue
        path = [key]
        while True:
            manager = people[path[-1]]["manager_id"]
            following = (*key[:2], manager)
            if not manager or following not in people or following in path[1:]:
                break
            if following == key:
                if key not in looped:
                    looped.update(path)
                    names = " -> ".join(people[k]["name"] or k[2] for k in [*path, key])
                    tables.report(
                        stem, row.number, "manager_id", f"the managers form a loop: {names}"
                    )
                break
            path.append(following)


def _check_allowed_automations(tables: Tables) -> None:
    stem = "agreement_allowed_automations"
    known = {
        (row[_V], row["source_system"], row["user_id"])
        for other in ("agreement_automation_users", "agreement_roster")
        for row in tables.of(other)
    }
    for row in tables.of(stem):
        if not row["user_id"] and not row["campaign"]:
            tables.report(stem, row.number, "user_id", "name a user or a campaign")
        elif row["user_id"] and (row[_V], row["source_system"], row["user_id"]) not in known:
            tables.report(
                stem,
                row.number,
                "user_id",
                f"{row['user_id']!r} is neither an automation user nor on the roster of version "
                f"{row[_V]}",
            )


def _check_commitments(tables: Tables) -> None:
    stem = "agreement_commitments"
    tiers = {(row[_V], row["tier"]) for row in tables.of("agreement_tiers")}
    for row in tables.of(stem):
        kind, colon, name = row["segment"].partition(":")
        if not (
            row["segment"] == "all" or (kind in ("tier", "lead_source") and colon and name.strip())
        ):
            tables.report(
                stem,
                row.number,
                "segment",
                f"{row['segment']!r} is not allowed; give all, tier:<tier> or lead_source:<source>",
            )
        elif kind == "tier" and (row[_V], name) not in tiers:
            tables.report(
                stem,
                row.number,
                "segment",
                f"{name!r} is no tier of version {row[_V]}, which has "
                + _known(tier for version, tier in tiers if version == row[_V]),
            )
    _check_months_of_commitments(tables)


def _check_months_of_commitments(tables: Tables) -> None:
    """A commitment's month lies in its version, and no month is promised twice."""
    stem = "agreement_commitments"
    begins = sorted(
        (row["valid_from"], row[_V]) for row in tables.of("agreement_versions") if row["valid_from"]
    )
    ends = {name: end for (_, name), (end, _) in pairwise([*begins, ("", "")])}
    starts = {name: start for start, name in begins}
    every: dict[tuple[str, str, str], Row] = {
        (row[_V], row["period_kind"], row["segment"]): row
        for row in tables.of(stem)
        if not row["month"]
    }
    for row in tables.of(stem):
        try:
            first = months.first_day(row["month"])
        except months.MonthError:
            continue
        if row["period_kind"] == "quarter" and first.month % 3 != 1:
            tables.report(
                stem,
                row.number,
                "month",
                f"{row['month']!r} begins no quarter; name a quarter by its first month",
            )
        start, end = starts.get(row[_V], ""), ends.get(row[_V], "")
        if first.isoformat() < start or (end and first.isoformat() >= end):
            until = f" to before {end}" if end else " on"
            tables.report(
                stem,
                row.number,
                "month",
                f"{row['month']!r} does not begin under version {row[_V]}, which is in force from "
                f"{start}{until}; put the row under the version of that day",
            )
        other = every.get((row[_V], row["period_kind"], row["segment"]))
        if other is not None:
            tables.report(
                stem,
                row.number,
                "month",
                f"overlaps row {other.number}, which promises every {row['period_kind']}; leave "
                "that row out, or name a month in each",
            )


# Rules and review


def _check_thresholds(tables: Tables) -> None:
    stem = "agreement_thresholds"
    given = set()
    for row in tables.of(stem):
        given.add((row[_V], row["rule"], row["threshold"]))
        units = THRESHOLDS.get(row["rule"], {}) | OPTIONAL_THRESHOLDS.get(row["rule"], {})
        if not units and row["rule"] not in THRESHOLDS:
            continue
        unit = units.get(row["threshold"])
        if unit is None:
            tables.report(
                stem,
                row.number,
                "threshold",
                f"{row['threshold']!r} is no threshold of {row['rule']}, which has "
                + _known(units),
            )
        elif problem := _threshold_problem(unit, row["value"]):
            tables.report(stem, row.number, "value", f"{row['value']!r} is not allowed; {problem}")
    for row in tables.of("agreement_rules"):
        if row["is_enabled"] != "true":
            continue
        for name in THRESHOLDS.get(row["rule"], {}):
            if (row[_V], row["rule"], name) not in given:
                tables.report(
                    stem,
                    0,
                    "threshold",
                    f"version {row[_V]} judges {row['rule']} (agreement_rules.csv, row "
                    f"{row.number}) without its threshold {name}",
                )


def _threshold_problem(unit: str, value: str) -> str:
    """What is wrong with a threshold's value, or nothing."""
    if unit == "channels":
        countable = [channel for channel in CHANNELS if channel != "none"]
        if all(part in countable for part in value.split("|")):
            return ""
        return f"join some of {', '.join(countable)} by bars (|)"
    if not is_number(value) or value.startswith("-"):
        return f"give a number of {unit}, 0 or more"
    if unit in ("share", "probability") and float(value) > 1:
        return "give a number from 0 to 1, as 0.65 for 65 %"
    return ""


def _check_review_policy(tables: Tables) -> None:
    stem = "agreement_review_policy"
    rosters = _by_version(tables.of("agreement_roster"))
    for version, rows in _by_version(tables.of(stem)).items():
        settings = {row["setting"]: row for row in rows if row["value"]}
        if "strata" not in settings:
            tables.report(stem, 0, "setting", f"version {version} has no setting strata")
        if "sample_size" not in settings and "half_width" not in settings:
            tables.report(
                stem,
                0,
                "setting",
                f"version {version} needs sample_size (cases a month) or half_width (precision)",
            )
        for setting, row in settings.items():
            if problem := _setting_problem(setting, row["value"]):
                tables.report(
                    stem,
                    row.number,
                    "value",
                    f"{setting}: {row['value']!r} is not allowed; {problem}",
                )
        if reviewers := settings.get("reviewers"):
            quorum = settings["quorum"]["value"] if "quorum" in settings else ""
            panel = panel_of(
                [part.strip() for part in reviewers["value"].split("|")],
                _count(quorum),
                [row.values for row in rosters.get(version, [])],
            )
            if isinstance(panel, Unfit):
                tables.report(stem, reviewers.number, "value", f"reviewers: {panel.message}")


def _setting_problem(setting: str, value: str) -> str:
    """What a review setting's value, which is of its kind, may not be; or nothing."""
    parts = value.split("|")
    match setting:
        case "strata" if set(parts) - set(REVIEW_STRATA) or len(set(parts)) < len(parts):
            return f"join some of {', '.join(REVIEW_STRATA)} by bars (|), each once"
        case "allocation" if value not in REVIEW_ALLOCATIONS:
            return "allowed are " + ", ".join(REVIEW_ALLOCATIONS)
        case "personal_data" if value != "none":
            return "only none is offered: case files hold no personal data"
        case "sample_size" if value == "0":
            return "give a number above 0"
    return ""


# Warnings


def _warn_unsigned(tables: Tables) -> None:
    for row in tables.of("agreement_versions"):
        sides = ["marketing", "sales"]
        if row["executive_signature_required"] == "true":
            sides.append("executive")
        for side in sides:
            if not row[f"{side}_signed_by"]:
                tables.report(
                    "agreement_versions",
                    row.number,
                    f"{side}_signed_by",
                    f"version {row[_V]} is not signed by {side}; from its first day on that is a "
                    "finding",
                )


def _warn_one_tier(tables: Tables) -> None:
    for version, rows in _by_version(tables.of("agreement_tiers")).items():
        if len(rows) == 1:
            tables.report(
                "agreement_tiers",
                rows[0].number,
                "tier",
                f"every lead of version {version} falls into {rows[0]['tier']!r}: with one tier "
                "the best leads are promised no more than the others",
            )


def _warn_rules_not_judged(tables: Tables) -> None:
    for version, rows in _by_version(tables.of("agreement_rules")).items():
        missing = set(THRESHOLDS) - {row["rule"] for row in rows}
        if missing:
            tables.report(
                "agreement_rules", 0, "rule", f"version {version} does not judge {_known(missing)}"
            )


def _warn_missing_clauses(tables: Tables) -> None:
    given = _by_version(tables.of("agreement_sla_terms"))
    for version in dict.fromkeys(_versions(tables)):
        missing = set(CLAUSE_TERMS) - {row["clause"] for row in given.get(version, [])}
        if missing:
            tables.report(
                "agreement_sla_terms",
                0,
                "clause",
                f"version {version} leaves out {_known(missing)}",
            )


def _warn_machines_on_roster(tables: Tables) -> None:
    machines = {
        (row[_V], row["source_system"], row["user_id"])
        for row in tables.of("agreement_automation_users")
    }
    for row in tables.of("agreement_roster"):
        if (row[_V], row["source_system"], row["user_id"]) in machines:
            tables.report(
                "agreement_roster",
                row.number,
                "user_id",
                f"{row['name']} is also an automation user and counts as a machine everywhere",
            )


def _warn_versions_without_people(tables: Tables) -> None:
    for stem, lacks in (
        (
            "agreement_roster",
            "nobody is of sales, no activity counts as a touch, and no promise about touches can "
            "be kept",
        ),
        ("agreement_channel_map", "no activity counts as a touch, whoever did it"),
    ):
        used = {row[_V] for row in tables.of(stem)}
        for version in dict.fromkeys(_versions(tables)):
            if version not in used:
                tables.report(stem, 0, _V, f"has no row for version {version}: {lacks}")


def _warn_sources_without_stages(tables: Tables, delivering: Collection[str]) -> None:
    sources = {row["source_system"]: row for row in tables.of("agreement_sources")}
    for source in sorted(set(delivering) - set(sources)):
        tables.report(
            "agreement_sources",
            0,
            "source_system",
            f"{source} delivers and is not listed: nothing of it is judged",
        )
    required = {name for name, row in sources.items() if row["is_required"] == "true"}
    for source in sorted(required | (set(delivering) & set(sources))):
        mapped = {r[_V] for r in tables.of("agreement_stage_map") if r["source_system"] == source}
        for version in dict.fromkeys(_versions(tables)):
            if version not in mapped:
                tables.report(
                    "agreement_stage_map",
                    0,
                    "source_system",
                    f"version {version} has no row for {source}: no status of it means a stage",
                )


def _warn_calendars_of_nobody(tables: Tables) -> None:
    rosters = _by_version(tables.of("agreement_roster"))
    calendars = _by_version(tables.of("agreement_calendars"))
    for row in tables.of("agreement_versions"):
        used = {person["calendar"] for person in rosters.get(row[_V], [])}
        used.add(row["default_calendar"])
        zones = {}
        for line in calendars.get(row[_V], []):
            if line["calendar"] in used:
                zones[line["time_zone"]] = line["calendar"]
            elif line["calendar"]:
                tables.report(
                    "agreement_calendars",
                    0,
                    "calendar",
                    f"{line['calendar']!r} ({line['time_zone']}) is used by nobody in version "
                    f"{row[_V]}: neither the roster nor default_calendar names it",
                )
        if zones and row["time_zone"] not in zones:
            tables.report(
                "agreement_versions",
                row.number,
                "time_zone",
                f"nobody works in {row['time_zone']}: the calendars in use are in "
                f"{_known(zones)}, and days and months begin at another hour than theirs",
            )


_CHECKS: tuple[Callable[[Tables], None], ...] = (
    _check_versions,
    _check_version_references,
    _check_sources,
    _check_stage_map,
    _check_attributes,
    _check_tiers,
    _check_sla_terms,
    _check_reasons,
    _check_calendars,
    _check_roster,
    _check_allowed_automations,
    _check_commitments,
    _check_thresholds,
    _check_review_policy,
)
