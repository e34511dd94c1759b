"""The finding suite: how many open findings has each rule of the agreement?

Findings are made by the dbt models; here they are counted, compared with what the agreement
tolerates, and shown. However many there are, the night is published. Only a suite that cannot be
evaluated is an error.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, LiteralString, cast

from lead_handoff import settings
from lead_handoff.agreement.vocabulary import SEVERITIES, severity_weight
from lead_handoff.grades import by_grade
from lead_handoff.judging.engine import Outcome, Ready, run_suite
from lead_handoff.judging.night import SLOT, session_basics
from lead_handoff.judging.relations import connect, missing_relations
from lead_handoff.judging.results import FindingsResult, JudgingError
from lead_handoff.judging.suites import NAME, Expectation, Suite, load_suite, render

SUITE = "findings"
SQL_FILE = "shared/open_findings.sql"
TOLERATED = "open_findings"
"""The threshold of a rule that says how many open findings the agreement tolerates; 0 if unset."""

TYPED_REASON = re.compile(r", reason: .*", re.DOTALL)
"""The end of a message that repeats what a person typed; it stays in the marts."""


@dataclass(frozen=True)
class _Rules:
    """What the slot says, by rule: severity, tolerated number, open ids, number waived.

    `told` is what the Data Docs tell of the open ones, the newest first; `worst` is the severity of
    the most severe of them.
    """

    severities: Mapping[str, str]
    tolerated: Mapping[str, int]
    open: Mapping[str, Sequence[str]]
    waived: Mapping[str, int]
    enabled: frozenset[str]
    told: Mapping[str, Sequence[Mapping[str, str]]]
    worst: Mapping[str, str]


def run_findings(
    *,
    warehouse_url: str,
    slot: str,
    expectations_dir: Path | None = None,
    home: Path | None = None,
) -> FindingsResult:
    """Count the open findings of a slot, rule by rule, with all their ids.

    Judged are the rules of the suite that the agreement enables, and any other rule that has
    findings. Data Docs are written below ``home``.

    Raises:
        JudgingError: the findings cannot be judged (table missing, suite broken, a rule's
            expectation raised). Findings themselves raise nothing.
    """
    root = expectations_dir or settings.expectations_dir()
    suite = load_suite(root, SUITE)
    if not SLOT.fullmatch(slot):
        raise JudgingError(f"{slot!r} is no build slot; give slot_blue or slot_green")
    with connect(warehouse_url) as connection, connection.cursor() as cursor:
        missing = missing_relations(cursor, slot, (suite.anchor, *suite.tables))
        if missing:
            raise JudgingError(
                f"the findings of {slot} cannot be judged: {', '.join(missing)} missing; "
                "build the slot first"
            )
        rules = _read_rules(cursor, slot)
        cursor.execute(_in_slot("select night, as_of from {}", slot, "build_context"))
        context = cursor.fetchone()
    if context is None:
        raise JudgingError(f"{slot}.build_context is empty; build the slot first")
    night, as_of = context
    entries = _entries(suite, rules)
    ready = [
        Ready(entry.name, entry.says, render(root, entry, {}), entry.severity) for entry in entries
    ]
    tolerated = {"judging.tolerated": json.dumps(dict(rules.tolerated))}
    run = run_suite(
        SUITE,
        ready,
        url=warehouse_url,
        session_settings=session_basics(slot, night) | tolerated,
        anchor=(slot, suite.anchor),
    )
    names = [entry.name for entry in entries]
    _demand_answers(names, run.outcomes, rules)
    result = FindingsResult(
        counts={rule: len(rules.open.get(rule, ())) for rule in names},
        finding_ids={rule: tuple(rules.open.get(rule, ())) for rule in names},
        grades=Counter(one["grade"] for told in rules.told.values() for one in told),
        severities={entry.name: entry.severity for entry in entries},
        waived=dict(rules.waived),
        exceeded=tuple(rule for rule in names if not run.outcomes[rule].held),
        not_built=tuple(sorted(rules.enabled - set(names))),
    )
    docs = _docs(home, suite, entries, ready, run.validation, result, rules.told, night, as_of)
    return replace(result, docs=docs)


def _read_rules(cursor: Any, slot: str) -> _Rules:
    """The newest version's severity and tolerance of each rule; all findings that are open."""
    cursor.execute(
        _in_slot(
            "select rule, (array_agg(severity order by agreement_version desc))[1],"
            " bool_or(lower(is_enabled::text) in ('true', 't', 'yes', '1')) from {} group by rule",
            slot,
            "agreement_rules",
        )
    )
    agreed = cursor.fetchall()
    cursor.execute(
        _in_slot(
            "select rule, (array_agg(value::text order by agreement_version desc))[1]"
            " from {} where threshold = %s group by rule",
            slot,
            "agreement_thresholds",
        ),
        (TOLERATED,),
    )
    tolerated = {str(rule): _whole_number(rule, value) for rule, value in cursor.fetchall()}
    cursor.execute(
        _in_slot(
            "select finding.rule, finding.finding_id::text, finding.severity,"
            " exists (select from {} as waiver where waiver.finding_id = finding.finding_id),"
            " finding.message, finding.grade, coalesce(finding.team, ''),"
            " coalesce(finding.owner_id, ''), coalesce(finding.machine, '')"
            " from {} as finding where to_jsonb(finding) ->> 'resolved_at' is null"
            " order by finding.rule, finding.occurred_at desc, finding.finding_id",
            slot,
            "agreement_waivers",
            "fct_integrity_findings",
        )
    )
    severities: dict[str, str] = {}
    still_open: dict[str, list[str]] = {}
    waived: dict[str, int] = {}
    told: dict[str, list[Mapping[str, str]]] = {}
    worst: dict[str, str] = {}
    for rule, finding_id, severity, is_waived, message, grade, *more in cursor.fetchall():
        severities[rule] = severity
        still_open.setdefault(rule, [])
        if is_waived:
            waived[rule] = waived.get(rule, 0) + 1
        else:
            still_open[rule].append(finding_id)
            worst[rule] = min(worst.get(rule, severity), severity, key=severity_weight)
            sentence = TYPED_REASON.sub(".", message)
            told.setdefault(rule, []).append(
                {"finding_id": finding_id, "message": sentence, "grade": grade}
                | dict(zip(("team", "owner", "machine"), more, strict=True))
            )
    return _Rules(
        severities=severities | {rule: severity for rule, severity, _ in agreed},
        tolerated=tolerated,
        open=still_open,
        waived=waived,
        enabled=frozenset(rule for rule, _, is_enabled in agreed if is_enabled),
        told=told,
        worst=worst,
    )


def _entries(suite: Suite, rules: _Rules) -> list[Expectation]:
    """The expectations to run: the suite's rules that are in force, and any other with findings.

    Raises:
        JudgingError: there is none, or a rule's name is none.
    """
    known = {entry.name: entry for entry in suite.expectations}
    others = sorted(set(rules.open) - set(known))
    for rule in others:
        if not NAME.fullmatch(rule):
            raise JudgingError(f"{rule!r} is no name of a rule; use lower case and underscores")
    entries = [
        *(entry for name, entry in known.items() if name in rules.enabled or name in rules.open),
        *(_unknown_rule(suite, rule) for rule in others),
    ]
    if not entries:
        raise JudgingError(
            "the agreement enables none of the rules that the finding suite knows; "
            "see agreement_rules.csv"
        )
    return [_with_tolerance(entry, rules) for entry in entries]


def _unknown_rule(suite: Suite, rule: str) -> Expectation:
    return replace(
        suite.expectations[0],
        name=rule,
        says="A rule without a description in expectations/suites/findings.yml.",
    )


def _with_tolerance(entry: Expectation, rules: _Rules) -> Expectation:
    most = rules.tolerated.get(entry.name, 0)
    severity = rules.worst.get(entry.name) or rules.severities.get(entry.name, entry.severity)
    return replace(
        entry,
        says=f"{entry.says.rstrip('.')} (tolerated: {most})." if most else entry.says,
        severity=severity if severity in SEVERITIES else entry.severity,
        sql_file=SQL_FILE,
        names={"rule": entry.name},
    )


def _demand_answers(names: Sequence[str], outcomes: Mapping[str, Outcome], rules: _Rules) -> None:
    """Compare what Great Expectations counted with a plain count of the table."""
    for rule in names:
        outcome = outcomes[rule]
        if outcome.error:
            raise JudgingError(f"rule {rule} could not be counted: {outcome.error}")
        open_ids = sorted(rules.open.get(rule, ()))
        expected = open_ids if len(open_ids) > rules.tolerated.get(rule, 0) else []
        if sorted(key["finding_id"] for key in outcome.keys) != expected:
            raise JudgingError(
                f"rule {rule}: {len(expected)} open findings in the table, but Great Expectations "
                f"counted {len(outcome.keys)}; is another night building the slot?"
            )


def _whole_number(rule: str, value: str) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise JudgingError(
            f"agreement_thresholds.csv: {TOLERATED} of {rule} is {value!r}, not a whole number"
        ) from error
    return max(number, 0)


def _in_slot(statement: LiteralString, slot: str, *relations: str) -> Any:
    from psycopg import sql

    return sql.SQL(cast(LiteralString, statement)).format(
        *(sql.Identifier(slot, relation) for relation in relations)
    )


def _docs(
    home: Path | None,
    suite: Suite,
    entries: Sequence[Expectation],
    ready: Sequence[Ready],
    validation: Any,
    result: FindingsResult,
    told: Mapping[str, Sequence[Mapping[str, str]]],
    night: date,
    as_of: datetime,
) -> Path | None:
    from lead_handoff.judging.data_docs import Page, write_page

    return write_page(
        home or settings.home(),
        Page(
            suite=suite.name,
            purpose=suite.purpose,
            night=night,
            as_of=as_of,
            passed=not result.exceeded,
            verdict=_verdict(result),
            sql={entry.name: entry.sql for entry in ready},
            tables={entry.name: entry.table for entry in entries},
            remedies={entry.name: entry.remedy for entry in entries},
            severities=result.severities,
            notes={rule: _note(rule, result) for rule in result.counts},
            not_built=result.not_built,
            findings=told,
        ),
        validation,
    )


def _verdict(result: FindingsResult) -> str:
    rules = sum(count > 0 for count in result.counts.values())
    grades = by_grade(result.grades)
    return (
        f"{_some(result.total, 'open finding')} of {_some(rules, 'rule')}"
        f"{f' ({grades})' if grades else ''}, {sum(result.waived.values()):,} waived."
        " They do not hold the night back."
    )


def _some(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _note(rule: str, result: FindingsResult) -> str:
    """What the failing rows do not show: findings that are tolerated, and those waived."""
    tolerated = result.counts[rule] if rule not in result.exceeded else 0
    waived = result.waived.get(rule, 0)
    parts = [f"{tolerated} open" if tolerated else "", f"{waived} waived" if waived else ""]
    return ", ".join(part for part in parts if part)
