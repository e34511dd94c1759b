"""The steps of a night, as plain functions that the DAG's tasks call.

Every step works for one run, named by its run id, and only while that run holds the night. Steps
that work alone (everything but landing) raise the fence first: whatever is left of earlier steps
or attempts may write no more. Other parts are imported where they are used: the scheduler reads
the DAG files every half minute, and imports of seconds do not belong there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lead_handoff import settings
from lead_handoff.airflow.telling import teller
from lead_handoff.airflow.windows import Night
from lead_handoff.errors import HandoffError
from lead_handoff.grades import by_grade

LEASE_SECONDS = 1800
"""How long a run under a scheduler counts as alive between two tasks, retries included."""

PROBLEMS_SHOWN = 30


class NightError(HandoffError):
    """A step of the night cannot be done; the message names what and the remedy."""


class EarlierNightError(NightError):
    """A later night is published: this one's rows have landed, and that is all."""


@dataclass(frozen=True)
class Run:
    """The run a step works for.

    Attributes:
        run_id: the DagRun's id.
        night: what it builds.
        lease_seconds: 0 when one process drives the whole run and so shows that it is alive.
        take_over: whether to take the night from a living run.
        is_rebuild: whether to build from the beginning, whatever the slot holds.
        is_earlier_meant: whether readers are to see this night though a later one is published.
    """

    run_id: str
    night: Night
    lease_seconds: float = LEASE_SECONDS
    take_over: bool = False
    is_rebuild: bool = False
    is_earlier_meant: bool = False

    @property
    def is_driven(self) -> bool:
        """Whether one process drives the whole run."""
        return self.lease_seconds == 0


@contextmanager
def at_work(run: Run) -> Iterator[None]:
    """Show that the run is alive while a step works, and for its lease after that."""
    import psycopg

    from lead_handoff.warehouse import night_lock

    url = settings.warehouse_url("owner")
    with night_lock.holding(url, run.run_id):
        try:
            yield
        finally:
            if not run.is_driven:
                with psycopg.connect(url, autocommit=True) as connection:
                    night_lock.renew(connection, run.run_id, run.lease_seconds)


def take(run: Run) -> int:
    """Take the night for a run; returns its fence. Raises NightLockedError naming the holder."""
    import psycopg

    from lead_handoff.warehouse import night_lock

    with psycopg.connect(settings.warehouse_url("owner"), autocommit=True) as connection:
        return night_lock.acquire(
            connection,
            run.run_id,
            run.lease_seconds,
            as_of=run.night.as_of,
            take_over=run.take_over,
        )


def give_back(run: Run) -> None:
    """Give the night back, if the run still holds it."""
    import psycopg

    from lead_handoff.warehouse import night_lock

    with psycopg.connect(settings.warehouse_url("owner"), autocommit=True) as connection:
        night_lock.release(connection, run.run_id)


def open_night(run: Run) -> dict[str, Any]:
    """Check the agreement, take the night, list the sources.

    Returns the fence and the sources to land.
    Raises NightError naming every problem of the agreement, NightLockedError naming the holder.
    """
    from lead_handoff.landing import note_strangers
    from lead_handoff.warehouse.bootstrap import bootstrap

    tell = teller("open")
    bootstrap(settings.warehouse_url("owner"), roles=not settings.uses_own_warehouse())
    agreement = _checked_agreement()
    with at_work(run):
        fence = take(run)
    if run.is_driven:
        from lead_handoff.dbt.runner import stand_by

        stand_by()
    sources = _sources()
    if _has_extracts():
        strangers = note_strangers(
            run.night.night,
            extracts_root=settings.extracts_root(),
            warehouse_url=settings.warehouse_url("loader"),
            fence=fence,
            progress=teller("open", is_passing=True),
        )
        if strangers:
            tell(f"beside the sources: {strangers.error_message}")
    tell(
        f"night {run.night.night} (as of {run.night.as_of:%Y-%m-%dT%H:%MZ}),"
        f" sources {', '.join(sources)}"
    )
    return {"fence": fence, "sources": sources, "agreement_hash": agreement}


def land(run: Run, source: str, fence: int) -> dict[str, Any]:
    """Load every folder of one source up to the night that has not been loaded yet.

    An object that fails does not stop the others; it is named in the result. What an ELT service
    lands is left to it, whether or not there are folders of it.
    """
    from lead_handoff.catalogue import CATALOGUE
    from lead_handoff.landing import land_source

    tell = teller(f"land {source}")
    service = settings.elt_landings().get(source)
    kept = [name for name in CATALOGUE[source] if service.keeps(name)] if service else []
    if service:
        others = [name for name in CATALOGUE[source] if name not in kept]
        tell(
            f"{len(kept)} objects are read where an ELT service keeps them, in schema "
            f"{service.schema}; from files: {', '.join(others) or 'none'}"
        )
        if not _has_extracts():
            return {"source": source, "loads": 0, "failures": []}
    with at_work(run):
        loads = land_source(
            source,
            run.night.night,
            extracts_root=settings.extracts_root(),
            warehouse_url=settings.warehouse_url("loader"),
            fence=fence,
            agreement_dir=settings.agreement_dir(),
            progress=teller(f"land {source}", is_passing=True),
            kept_elsewhere=kept,
        )
    failed = [load for load in loads if load.status == "failed"]
    for load in loads:
        if load.status == "ignored":
            tell(f"{load.object or 'beside the objects'}: {load.error_message}")
    quarantined = sum(load.rows_quarantined for load in loads)
    tell(
        f"{sum(load.rows_read for load in loads):,} rows read, "
        f"{sum(load.rows_new for load in loads):,} new"
        + (f", {quarantined:,} quarantined" if quarantined else "")
        + (f"; {len(failed)} object(s) refused" if failed else "")
    )
    return {
        "source": source,
        "loads": len(loads),
        "failures": [
            f"{load.source}.{load.object} of {load.night}: {load.error_name}: {load.error_message}"
            for load in failed
        ],
    }


def judge_landing(
    run: Run,
    sources: Sequence[str],
    landed: Sequence[Mapping[str, Any]],
    not_pulled: Sequence[str] | None = (),
) -> list[str]:
    """Decide whether the night may go on with what has landed.

    A source that the agreement requires must have been pulled, where it is, and landed whole; one
    that it does not require may have failed, which is said. ``not_pulled`` names the objects
    (``<source>.<object>``) whose pull failed, None where it is not even known what to pull.
    Raises NightError naming each required source and object that failed.
    """
    tell = teller("landed")
    required = _required_sources()
    results = {str(result["source"]): result for result in landed}
    stopping: list[str] = []
    remarks: list[str] = []
    for source in sources:
        result = results.get(source)
        problems = (
            list(result["failures"])
            if result is not None
            else [f"{source}: the task that lands it failed; its log says why"]
        )
        (stopping if source in required else remarks).extend(problems)
    if not_pulled is None:
        stopping.append("what to pull is not known: the task that reads the connections failed")
    for what in not_pulled or ():
        problem = f"{what}: the task that pulls it failed; its log says why"
        (stopping if what.partition(".")[0] in required else remarks).append(problem)
    if not results:
        stopping = stopping or ["no source has landed at all"]
    for remark in remarks:
        tell(f"goes on without {remark}")
    if stopping:
        raise NightError(
            "The night is not published, because sources that the agreement requires did not land "
            "whole:\n"
            + "\n".join(f"  - {problem}" for problem in stopping[:PROBLEMS_SHOWN])
            + "\nMend this and run the night again; what was pulled and what has landed stays. "
            "A source that may be missing has is_required false in agreement_sources.csv."
        )
    return remarks


def refuse_earlier_night(run: Run) -> None:
    """Raise EarlierNightError where a later night is published, unless that is meant."""
    refusal = earlier_than_published(run)
    if refusal is not None:
        raise refusal


def earlier_than_published(run: Run) -> EarlierNightError | None:
    """Why a night that came late, or is repeated, only lands its rows; None where it may be built.

    Readers do not go back in time by accident. The published night itself may be run again.
    """
    shown = published()
    if shown is None or run.is_earlier_meant or run.night.as_of >= shown["as_of"]:
        return None
    return EarlierNightError(
        f"The night {run.night.night} is neither built nor published, because readers see the "
        f"later night {shown['night']}. Its rows have landed, and the next night takes them in. To "
        f"show readers the world as of {run.night.night} all the same, say so: "
        f"`make nightly DATE={run.night.night} ARGS=--earlier`, or trigger the DAG with "
        f'{{"date": "{run.night.night}", "earlier": true}}.'
    )


def gate(run: Run, layer: Literal["raw", "marts"], slot: str | None = None) -> None:
    """Judge the raw tables, or the marts in their slot.

    Raises GateFailedError naming the expectations that failed, their rows and the remedy.
    """
    from lead_handoff import judging

    tell = teller(f"gate {layer}")
    with at_work(run):
        result = judging.run_gate(
            layer,
            warehouse_url=settings.warehouse_url("transformer"),
            slot=slot or _next_slot(),
            night=run.night.night,
            as_of=run.night.as_of,
        )
        judging.require(result)
    tell(f"{result.executed} expectations hold")


def build(run: Run, agreement_hash: str | None = None) -> dict[str, Any]:
    """Build the slot that readers do not see, with the agreement as it was at the beginning.

    Returns the slot, what is to be published from it, and the number of tests passed.
    Raises EarlierNightError where a later night is published and this one is not meant.
    """
    from lead_handoff.agreement import agreement_hash as hash_of
    from lead_handoff.dbt import project, runner
    from lead_handoff.warehouse import night_lock, slots, steps

    tell = teller("build")
    refuse_earlier_night(run)
    with at_work(run):
        fence = _advance(run)
        laid_out = project.lay_out() / project.AGREEMENT
        agreement = hash_of(laid_out)
        if agreement_hash is not None and agreement != agreement_hash:
            raise NightError(
                "The agreement was changed while the night was running. Run the night again, so "
                "that all of it is judged by one agreement."
            )
        plan = slots.prepare_build(
            settings.warehouse_url("transformer"),
            fence=fence,
            as_of=run.night.as_of,
            night=run.night.night,
            agreement_hash=agreement,
            code_hash=project.code_hash(),
            full_because=_full_because(run),
        )
        how = "from the beginning" if plan.is_full else "incrementally"
        tell(f"{plan.slot} {how}: {plan.reason}")
        steps.reached("build.before_dbt")
        try:
            result = runner.build(
                plan.slot,
                full_refresh=plan.is_full,
                fence=fence,
                with_seeds=plan.is_full,
                is_laid_out=True,
                progress=teller("build", is_passing=True),
                finished=lambda name: steps.reached(f"build.after_model.{name}"),
            )
        except runner.BuildError as error:
            if night_lock.is_stale(settings.warehouse_url("owner"), fence):
                raise night_lock.StaleNightError(night_lock.stale_message(fence)) from error
            raise
        steps.reached("build.after_dbt")
    if run.is_driven:
        runner.stand_by()  # for the next night, while this one is judged and published
    tell(f"{result.models} models, {result.tests} tests passed in {result.seconds:.1f} s")
    return {
        "slot": plan.slot,
        "is_full": plan.is_full,
        "tests": result.tests,
        "published": [[model.schema, model.name] for model in result.published],
    }


def find(run: Run, slot: str) -> dict[str, int]:
    """Judge the findings of the night and write the Data Docs; returns open findings by rule."""
    from lead_handoff import judging

    tell = teller("find")
    with at_work(run):
        result = judging.run_findings(
            warehouse_url=settings.warehouse_url("transformer"), slot=slot
        )
    counts = _counts(result)
    rules = sum(1 for count in counts.values() if count)
    grades = f" ({by_grade(result.grades)})" if result.grades else ""
    tell(f"{sum(counts.values()):,} findings of {rules} rules{grades}")
    return counts


def publish(run: Run, built: Mapping[str, Any]) -> int:
    """Mark the slot as whole and show it to readers; returns the generation."""
    from lead_handoff.warehouse import publish as publication
    from lead_handoff.warehouse import slots

    tell = teller("publish")
    url = settings.warehouse_url("transformer")
    with at_work(run):
        fence = _advance(run)
        slots.complete_build(url, fence=fence, slot=built["slot"])
        done = publication.publish(
            url,
            fence=fence,
            run_id=run.run_id,
            slot=built["slot"],
            marts=[publication.Mart(name, schema) for schema, name in built["published"]],
            tests=built["tests"],
            progress=tell,
        )
    tell(f"generation {done.generation}: {done.views} marts as of {done.as_of:%Y-%m-%dT%H:%MZ}")
    return done.generation


def close_night(run: Run) -> None:
    """Give the night back, whatever became of it.

    Raises NightError when the run has published nothing, so that its DagRun is a failed one.
    """
    import psycopg

    from lead_handoff.warehouse import steps

    steps.reached("close.before")
    give_back(run)
    with psycopg.connect(settings.warehouse_url("owner")) as connection:
        row = connection.execute(
            "select generation from ops.generations where run_id = %s order by 1 desc limit 1",
            (run.run_id,),
        ).fetchone()
    steps.reached("close.after")
    if row is None:
        raise NightError(
            "This run has published nothing; readers still see the last published night. The step "
            "that failed says why."
        )


def published() -> dict[str, Any] | None:
    """The published generation: generation, as_of, night; None before the first."""
    import psycopg

    with psycopg.connect(settings.warehouse_url("owner")) as connection:
        row = connection.execute(
            "select generation, as_of, night from ops.generations order by generation desc limit 1"
        ).fetchone()
    return None if row is None else {"generation": row[0], "as_of": row[1], "night": row[2]}


def _next_slot() -> str:
    import psycopg

    from lead_handoff.warehouse import slots

    with (
        psycopg.connect(settings.warehouse_url("transformer")) as connection,
        connection.cursor() as cursor,
    ):
        return slots.unpublished_slot(cursor)


def _full_because(run: Run) -> str | None:
    from lead_handoff.dbt import project

    if run.is_rebuild:
        return "asked for"
    if project.reads_elt_landings():
        return "nothing tells what is new in the tables of an ELT service"
    return None


def _advance(run: Run) -> int:
    import psycopg

    from lead_handoff.warehouse import night_lock

    with psycopg.connect(settings.warehouse_url("owner"), autocommit=True) as connection:
        return night_lock.advance(connection, run.run_id, run.lease_seconds)


def _checked_agreement() -> str:
    from lead_handoff.agreement import agreement_hash, agreement_warnings, check_agreement, told

    folder = settings.agreement_dir()
    problems = check_agreement(folder)
    if problems:
        lines = told(problems)
        shown = "\n".join(f"  - {line}" for line in lines[:PROBLEMS_SHOWN])
        more = len(lines) - PROBLEMS_SHOWN
        raise NightError(
            f"The agreement in {folder} has {len(problems)} problem(s), so nothing was started:\n"
            f"{shown}" + (f"\n  … and {more} more kinds" if more > 0 else "")
        )
    tell = teller("agreement", is_passing=True)
    for line in told(agreement_warnings(folder, delivering())):
        tell(line)
    return str(agreement_hash(folder))


def _required_sources() -> set[str]:
    from lead_handoff.agreement import Agreement

    sources = Agreement(settings.agreement_dir()).rows("agreement_sources")
    return {row["source_system"] for row in sources if row["is_required"] == "true"}


def delivering() -> set[str]:
    """The sources of which something comes: those with extracts, and those of an ELT service."""
    from lead_handoff.landing import discover_sources

    extracts = discover_sources(settings.extracts_root()) if _has_extracts() else []
    return {*extracts, *settings.elt_landings()}


def _sources() -> list[str]:
    """Sources to land: those that deliver, and those that the agreement requires."""
    kept, required = set(settings.elt_landings()), _required_sources()
    if _has_extracts():
        return sorted(delivering() | required)
    if kept and required <= kept:
        return sorted(kept)
    raise NightError(
        f"There is no folder of extracts at {settings.extracts_root()}. Set HANDOFF_EXTRACTS to "
        "the root of the extracts (<root>/<source>/<object>/<YYYY-MM-DD>/…), or run `make demo` "
        "first. Only where an ELT service lands every required source none is needed "
        "(HANDOFF_ELT_LANDINGS)."
    )


def _has_extracts() -> bool:
    root = settings.extracts_root()
    return "://" in root or Path(root).is_dir()


def _counts(result: Any) -> dict[str, int]:
    counts: Mapping[str, int] = result.counts
    return {str(rule): int(count) for rule, count in counts.items()}
