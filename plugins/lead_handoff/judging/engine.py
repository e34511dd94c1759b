"""Run rendered expectations through Great Expectations and say what each one came to.

Great Expectations by itself passes a suite that holds nothing, keeps silent about an expectation
it could not load, reports one that raised as an ordinary result, and cuts failing rows at 200.
This module therefore demands evidence: every expectation handed in comes back exactly once under
its own id, a planted expectation that must fail does fail, and the failing rows of the others are
fetched without the cap.

The context lives in memory for one run; nothing is written and nothing is sent anywhere.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lead_handoff.judging.results import JudgingError, Key

PLANTED = "a_planted_failure_is_seen"
PLANTED_SQL = "select 'planted' as key"

# SQLSTATE classes whose messages hold names of relations and columns, but never a row's values.
SPEAKABLE_CLASSES = ("08", "25", "26", "34", "3D", "3F", "42", "53", "55", "57", "58")


@dataclass(frozen=True)
class Ready:
    """An expectation ready to run: its name, the sentence it stands for, its rendered SQL."""

    name: str
    says: str
    sql: str
    severity: str


@dataclass(frozen=True)
class Outcome:
    """What one expectation came to: held, broken by ``keys``, or unanswered because ``error``."""

    name: str
    held: bool
    keys: tuple[Key, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Run:
    """All outcomes of a suite, and Great Expectations' own result with errors made anonymous."""

    outcomes: Mapping[str, Outcome]
    validation: Any


def run_suite(
    suite_name: str,
    ready: Sequence[Ready],
    *,
    url: str,
    session_settings: Mapping[str, str],
    anchor: tuple[str, str],
) -> Run:
    """Evaluate the expectations on the batch of ``anchor`` (schema, relation).

    An expectation that raises is an Outcome with ``error``; nothing is left out.

    Raises:
        JudgingError: Great Expectations did not do what it was asked (nothing was evaluated, ids
            differ, the planted failure went unseen) or the warehouse cannot be reached.
    """
    if not ready:
        raise JudgingError(f"the suite {suite_name} has no expectation to run; declare some")
    gx = great_expectations()
    context = memory_context()
    try:
        batch = _batch(context, url, session_settings, anchor)
    except Exception as error:
        raise JudgingError(
            f"Great Expectations cannot open {'.'.join(anchor)}: {speakable(error)}; "
            "see whether the warehouse runs and the relation is there"
        ) from error
    planted = Ready(PLANTED, "A planted failure is seen.", PLANTED_SQL, "critical")
    expectations = {
        entry.name: gx.expectations.UnexpectedRowsExpectation(
            unexpected_rows_query=_query(entry.sql),
            description=entry.says,
            severity=entry.severity,
            meta={"name": entry.name},
        )
        for entry in (*ready, planted)
    }
    if len(expectations) != len(ready) + 1:
        raise JudgingError(f"the suite {suite_name} declares a name twice; rename one")
    suite = context.suites.add(
        gx.ExpectationSuite(name=suite_name, expectations=list(expectations.values()))
    )
    loaded = {item.meta["name"]: item for item in suite.expectations}
    _demand_same("loaded", set(expectations), [item.meta["name"] for item in suite.expectations])
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=suite_name, data=batch, suite=suite)
    )
    validation = definition.run(result_format="BASIC")
    evaluated = [result.expectation_config.meta["name"] for result in validation.results]
    _demand_same("evaluated", set(expectations), evaluated)
    for result in validation.results:
        if result.expectation_config.id != loaded[result.expectation_config.meta["name"]].id:
            raise JudgingError("Great Expectations evaluated something else than it was given")

    outcomes = {}
    for result in validation.results:
        name = result.expectation_config.meta["name"]
        outcomes[name] = _outcome(definition, loaded[name], result)
        _make_anonymous(result, outcomes[name])
    seen = outcomes.pop(PLANTED)
    if seen.held or seen.error or len(seen.keys) != 1:
        raise JudgingError(
            "Great Expectations did not see a planted failure, so its other answers mean nothing: "
            f"{seen.error or 'it was reported as held'}"
        )
    validation.results = [
        result for result in validation.results if result.expectation_config.meta["name"] != PLANTED
    ]
    return Run(outcomes, validation)


def speakable(error: BaseException | str) -> str:
    """An error in one line that holds no value of any row.

    PostgreSQL's messages about data (a text that is no date, a key that exists twice) quote the
    data. Only messages about names, privileges and resources are passed on; of the others the
    kind remains.
    """
    text = str(error)
    if not isinstance(error, str):
        cause: BaseException | None = error
        while cause is not None:
            if getattr(cause, "sqlstate", None):
                text = f"(psycopg.errors.{type(cause).__name__}) {cause}"
                break
            cause = cause.__cause__ or cause.__context__
    found = re.search(r"\(psycopg\.(?:errors\.)?(\w+)\)\s*(.*)", text)
    if not found:
        return "an error outside the database" if isinstance(error, str) else type(error).__name__
    kind, first_line = found.group(1), found.group(2).strip()
    if _sqlstate(kind)[:2] in SPEAKABLE_CLASSES:
        return f"{kind}: {first_line[:300]}"
    return f"{kind} (the message is withheld, as it may quote a row; run the SQL to see it)"


def great_expectations() -> Any:
    """The library, imported on first use (several seconds), silent and sending nothing."""
    # Both switches of its usage statistics, before the import that may read them.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return gx


def memory_context(**config: Any) -> Any:
    """A context that lives in memory, with these settings of a DataContextConfig."""
    gx = great_expectations()
    from great_expectations.data_context.types import base

    settings: Any = base.DataContextConfig
    if not config:
        config = {"store_backend_defaults": base.InMemoryStoreBackendDefaults()}
    return gx.get_context(
        mode="ephemeral",
        project_config=settings(
            analytics_enabled=False,
            progress_bars={"globally": False, "metric_calculations": False},
            **config,
        ),
    )


def _batch(
    context: Any, url: str, session_settings: Mapping[str, str], anchor: tuple[str, str]
) -> Any:
    import sqlalchemy

    def prepare(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            for name, value in session_settings.items():
                cursor.execute("select set_config(%s, %s, false)", (name, value))
        # Committed, because the pool rolls back a session that is handed back.
        connection.commit()

    source = context.data_sources.add_postgres("warehouse", connection_string=driver_url(url))
    for engine in (source.get_engine(), source.get_execution_engine().engine):
        sqlalchemy.event.listen(engine, "connect", prepare)
        engine.dispose()
    schema, table = anchor
    with warnings.catch_warnings():
        # The schema would have to move into the address, which here serves several schemas.
        warnings.simplefilter("ignore", DeprecationWarning)
        asset = source.add_table_asset(table, table_name=table, schema_name=schema)
    return asset.add_batch_definition_whole_table("whole")


def driver_url(url: str) -> str:
    """A libpq URL as SQLAlchemy needs it: the driver named, nothing left to substitute."""
    scheme, found, rest = url.partition("://")
    if not found or scheme not in ("postgresql", "postgres"):
        raise JudgingError("the warehouse URL must start with postgresql:// and name no driver")
    # Great Expectations would take a dollar sign for the start of a variable.
    return "postgresql+psycopg://" + rest.replace("$", "%24")


def _query(sql: str) -> str:
    # Great Expectations formats the text: braces are its own unless doubled. It wants to see its
    # batch mentioned; the expectations here name their tables themselves.
    return "/* {batch} */\n" + sql.replace("{", "{{").replace("}", "}}")


def _demand_same(what: str, wanted: set[str], seen: Sequence[str]) -> None:
    if sorted(wanted) != sorted(seen):
        missing = ", ".join(sorted(wanted - set(seen))) or "none"
        raise JudgingError(
            f"Great Expectations {what} {len(seen)} of {len(wanted)} expectations; "
            f"missing: {missing}"
        )


def _outcome(definition: Any, expectation: Any, result: Any) -> Outcome:
    name = result.expectation_config.meta["name"]
    errors = _errors(result.exception_info)
    if errors:
        return Outcome(name, held=False, error=speakable(errors[0]))
    observed = (result.result or {}).get("observed_value")
    if not isinstance(observed, int) or result.success is not (observed == 0):
        return Outcome(name, held=False, error=f"no usable answer (observed {observed!r})")
    if observed == 0:
        return Outcome(name, held=True)
    try:
        # Without the cap of 200 that a result has. It draws a progress bar that cannot be refused.
        with contextlib.redirect_stderr(io.StringIO()):
            rows = definition.get_unexpected_rows(expectation)
    except Exception as error:
        return Outcome(name, held=False, error=speakable(error))
    if len(rows) != observed:
        unsteady = f"{observed} failing rows were counted and {len(rows)} fetched"
        return Outcome(name, held=False, keys=_keys(rows), error=unsteady)
    return Outcome(name, held=False, keys=_keys(rows))


def _keys(rows: Sequence[Mapping[str, Any]]) -> tuple[Key, ...]:
    keys = [
        {column: "(null)" if value is None else str(value) for column, value in row.items()}
        for row in rows
    ]
    return tuple(sorted(keys, key=lambda key: tuple(key.values())))


def _errors(exception_info: Any) -> list[str]:
    """Messages of what an evaluation raised; one entry of its own, or one per metric."""
    if not exception_info:
        return []
    entries = [exception_info] if "raised_exception" in exception_info else exception_info.values()
    return [
        str(entry.get("exception_message") or "raised without a message")
        for entry in entries
        if not isinstance(entry, dict) or entry.get("raised_exception")
    ]


def _make_anonymous(result: Any, outcome: Outcome) -> None:
    """Replace what may quote rows or show our paths by what the outcome says."""
    raised = outcome.error is not None
    result.success = outcome.held
    result.exception_info = {
        "raised_exception": raised,
        "exception_message": outcome.error,
        "exception_traceback": None,
    }
    result.result = {} if raised else {"observed_value": len(outcome.keys)}
    result.meta = {"keys": [dict(key) for key in outcome.keys]}


def _sqlstate(kind: str) -> str:
    import psycopg

    return str(getattr(getattr(psycopg.errors, kind, None), "sqlstate", None) or "")
