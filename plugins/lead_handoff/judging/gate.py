"""The gates: is tonight's data sound enough to be built on, and to be shown?

A gate closes unless it has positive evidence. A table that is missing, an expectation that
raises, a suite that lost its entries or an engine that evaluates less than it was given all keep
the night from being published, each with a message that names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from lead_handoff import settings
from lead_handoff.judging.accepted import Acceptance, read_accepted, split
from lead_handoff.judging.elt import landed_tables
from lead_handoff.judging.engine import Outcome, Ready, run_suite
from lead_handoff.judging.night import Night, read_night
from lead_handoff.judging.relations import connect, missing_relations, raw_tables, relations_in
from lead_handoff.judging.results import (
    GateFailedError,
    GateFailure,
    GateResult,
    JudgingError,
    Key,
)
from lead_handoff.judging.streams import streams
from lead_handoff.judging.suites import Expectation, Suite, load_suite, render

Layer = Literal["raw", "marts"]
LAYERS: tuple[Layer, ...] = ("raw", "marts")
MART_PREFIXES = ("dim_", "fct_", "agg_", "bridge_", "brg_", "rpt_")


def run_gate(
    layer: Layer,
    *,
    warehouse_url: str,
    slot: str,
    night: date,
    as_of: datetime,
    agreement_dir: Path | None = None,
    expectations_dir: Path | None = None,
    home: Path | None = None,
) -> GateResult:
    """Judge the landed rows (``raw``) or the slot's marts (``marts``) of one night.

    Reads only. The folders default to the settings'; Data Docs are written below ``home``.

    Raises:
        JudgingError: the gate itself could not be run (suite missing or broken, warehouse not
            reachable, Great Expectations not answering for every expectation). Treat it as a gate
            that failed: do not publish.
    """
    if layer not in LAYERS:
        raise JudgingError(f"there is no gate {layer!r}; the gates are {', '.join(LAYERS)}")
    root = expectations_dir or settings.expectations_dir()
    suites = {name: load_suite(root, name) for name in LAYERS}
    suite = suites[layer]
    judging = settings.judging_dir() if expectations_dir is None else root
    acceptances = read_accepted(judging, list(suites.values()))
    with connect(warehouse_url) as connection, connection.cursor() as cursor:
        missing = missing_relations(cursor, slot, (suite.anchor, *suite.tables))
        if missing:
            return _without_tables(suite, night, missing)
        facts = read_night(
            cursor,
            night=night,
            as_of=as_of,
            slot=slot,
            agreement_dir=agreement_dir or settings.agreement_dir(),
            expectations_dir=root,
            judging_dir=judging,
            landings=settings.elt_landings(),
        )
        names = _names(cursor, facts)
    ready = [_ready(root, entry, names) for entry in suite.expectations]
    run = run_suite(
        suite.name,
        ready,
        url=warehouse_url,
        session_settings=facts.session_settings(),
        anchor=_anchor(suite, slot),
    )
    result = _result(suite, facts, run.outcomes, acceptances)
    return replace(result, docs=_docs(home, suite, facts, ready, run.validation, result))


def require(result: GateResult) -> None:
    """Stop the night unless the gate passed.

    Raises:
        GateFailedError: names every expectation that failed, its rows and the remedy.
    """
    if result.passed:
        return
    text = str(result)
    if not result.failures:
        text += "\nfewer expectations were evaluated than declared; nothing was proven"
    where = f" All failing rows: {result.docs}" if result.docs else ""
    raise GateFailedError(
        f"{text}\nThe night is not published; readers keep the last good one.{where}", result
    )


def _names(cursor: Any, facts: Night) -> dict[str, Any]:
    """What SQL templates may refer to besides their own names: quoted identifiers and literals."""
    from psycopg import sql

    def quoted(schema: str, relation: str) -> dict[str, str]:
        return {
            "name": sql.Literal(relation).as_string(cursor.connection),
            "relation": sql.Identifier(schema, relation).as_string(cursor.connection),
        }

    raw = raw_tables(cursor)
    landed = landed_tables(cursor, raw, facts.landings)
    published = facts.published_slot if facts.published_slot != facts.slot else None
    return {
        "raw_tables": raw,
        "landed_tables": landed,
        "streams": streams(cursor, landed, facts.fields),
        "marts": [
            quoted(facts.slot, name)
            for name in relations_in(cursor, facts.slot, "run_as_of")
            if name.startswith(MART_PREFIXES)
        ],
        "published": {
            name: quoted(published, name) for name in relations_in(cursor, published, "run_as_of")
        }
        if published
        else {},
    }


def _ready(root: Path, expectation: Expectation, names: Mapping[str, Any]) -> Ready:
    return Ready(
        name=expectation.name,
        says=expectation.says,
        sql=render(root, expectation, names),
        severity=expectation.severity,
    )


def _anchor(suite: Suite, slot: str) -> tuple[str, str]:
    schema, _, relation = suite.anchor.rpartition(".")
    return schema or slot, relation


def _without_tables(suite: Suite, night: date, missing: Sequence[str]) -> GateResult:
    return GateResult(
        layer=suite.name,
        night=night,
        declared=len(suite.expectations),
        executed=0,
        failures=tuple(
            GateFailure(
                expectation="tables_are_present",
                table=table,
                message=f"the table {table} is missing, so nothing was judged",
                keys=({"table": table},),
                remedy="find out which step left it out (its log says so), then repeat the night",
            )
            for table in missing
        ),
    )


def _result(
    suite: Suite, facts: Night, outcomes: Mapping[str, Outcome], acceptances: Sequence[Acceptance]
) -> GateResult:
    failures: list[GateFailure] = []
    accepted: list[GateFailure] = []
    for entry in suite.expectations:
        outcome = outcomes[entry.name]
        if outcome.held:
            continue
        failing, let_through = split(acceptances, entry.name, outcome.keys)
        for key, decision in let_through:
            message = (
                f"{entry.says} Not so here, accepted by {decision.accepted_by} on "
                f"{decision.accepted_on.isoformat()}: {decision.reason}"
            )
            accepted.append(GateFailure(entry.name, entry.table, message, (key,)))
        if outcome.error or failing:
            failures.append(_failure(entry, outcome.error, failing))
    return GateResult(
        layer=suite.name,
        night=facts.night,
        declared=len(suite.expectations),
        executed=sum(outcome.error is None for outcome in outcomes.values()),
        failures=tuple(failures),
        accepted=tuple(accepted),
    )


def _failure(entry: Expectation, error: str | None, keys: Sequence[Key]) -> GateFailure:
    if error:
        return GateFailure(
            expectation=entry.name,
            table=entry.table,
            message=f"could not be evaluated: {error}",
            keys=tuple(keys),
            remedy="repair the table or the expectation's SQL; unanswered, the gate stays shut",
        )
    return GateFailure(entry.name, entry.table, f"not so: {entry.says}", tuple(keys), entry.remedy)


def _docs(
    home: Path | None,
    suite: Suite,
    facts: Night,
    ready: Sequence[Ready],
    validation: Any,
    result: GateResult,
) -> Path | None:
    from lead_handoff.judging.data_docs import Page, write_page

    details = {entry.name: entry for entry in suite.expectations}
    return write_page(
        home or settings.home(),
        Page(
            suite=suite.name,
            purpose=suite.purpose,
            night=facts.night,
            as_of=facts.as_of,
            passed=result.passed,
            verdict="The night may be published." if result.passed else "The night is held back.",
            sql={entry.name: entry.sql for entry in ready},
            tables={name: entry.table for name, entry in details.items()},
            remedies={name: entry.remedy for name, entry in details.items()},
            severities={name: entry.severity for name, entry in details.items()},
            notes={failure.expectation: failure.message for failure in result.accepted},
        ),
        validation,
    )
