"""Between Airflow's tasks and the steps of a night: reads the context, tells a retry from a defeat.

An error that a second attempt cannot mend fails its task at once; anything else (a lost
connection, a server restart, another run in the way) is left to Airflow's retries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from airflow.exceptions import AirflowFailException, AirflowSkipException

from lead_handoff.airflow import monthly, night
from lead_handoff.airflow.telling import teller
from lead_handoff.airflow.windows import month_given, night_of
from lead_handoff.errors import HandoffError

Context = Mapping[str, Any]
Result = TypeVar("Result")

DICE = "dice"
"""The field of the form in which the chair gives the seed."""

BACKFILL = "backfill"
"""Set in the configuration of a run that the command line makes for one night of a period."""

SKIPPED = "skipped"
"""Under which the step that skips a night leaves its sentence for the last one."""

DRIVEN = "driven"
"""Set in the configuration of a run that one process drives from beginning to end."""


def run_of(context: Context) -> night.Run:
    """The run a task works for."""
    dag_run = context["dag_run"]
    conf = dag_run.conf or {}
    return night.Run(
        run_id=dag_run.run_id,
        night=night_of(dag_run),
        lease_seconds=0 if conf.get(DRIVEN) else night.LEASE_SECONDS,
        take_over=bool(conf.get("take_over")),
        is_rebuild=bool(conf.get("rebuild")),
        is_earlier_meant=bool(conf.get("earlier")),
    )


def _nobody_waits(context: Context) -> bool:
    """Whether the run is one of many that a schedule or a backfill made."""
    dag_run = context["dag_run"]
    conf = dag_run.conf or {}
    kind = getattr(dag_run.run_type, "value", dag_run.run_type)
    return bool(conf.get(BACKFILL)) or kind in ("scheduled", "backfill")


def objects_to_pull(context: Context) -> list[str]:
    """See pulling.objects_to_pull."""
    from lead_handoff.airflow import pulling

    return _final(context, pulling.objects_to_pull)


def pull(context: Context, what: str) -> dict[str, Any]:
    """See pulling.pull; which failures are final is for the task's retry policy to say."""
    from lead_handoff.airflow import pulling

    # Airflow shows this in place of the mapped task's number. Contexts are typed as read-only here.
    context["what"] = what  # type: ignore[index]
    try:
        return pulling.pull(what, run_of(context).night.night)
    except HandoffError as error:
        teller(f"pull {what} failed")(str(error))
        raise


def open_night(context: Context) -> dict[str, Any]:
    """See night.open_night."""
    return _final(context, lambda: night.open_night(run_of(context)))


def land(context: Context, source: str, opened: Mapping[str, Any]) -> dict[str, Any]:
    """See night.land."""
    return _final(context, lambda: night.land(run_of(context), source, opened["fence"]))


def landed(context: Context, opened: Mapping[str, Any] | None) -> list[str]:
    """See night.judge_landing; takes what the mapped pulling and landing tasks returned."""
    if opened is None:  # this step runs even where landing failed, so it has to look
        raise AirflowFailException("The night was not opened; open_night says why.")
    ti = context["ti"]
    results = [result for result in ti.xcom_pull(task_ids=["land"]) or [] if result]
    wanted = ti.xcom_pull(task_ids="connections")
    pulled = {each["what"] for each in ti.xcom_pull(task_ids=["pull"]) or [] if each}
    not_pulled = None if wanted is None else [what for what in wanted if what not in pulled]
    run = run_of(context)
    remarks = _final(
        context, lambda: night.judge_landing(run, opened["sources"], results, not_pulled)
    )
    refusal = night.earlier_than_published(run)
    if refusal is not None and _nobody_waits(context):
        teller("landed")(str(refusal))
        ti.xcom_push(key=SKIPPED, value=str(refusal))
        raise AirflowSkipException(str(refusal))
    _final(context, lambda: night.refuse_earlier_night(run))
    return remarks


def gate(
    context: Context, layer: Literal["raw", "marts"], built: Mapping[str, Any] | None = None
) -> None:
    """See night.gate."""
    slot = built["slot"] if built is not None else None
    _final(context, lambda: night.gate(run_of(context), layer, slot))


def build(context: Context, opened: Mapping[str, Any]) -> dict[str, Any]:
    """See night.build."""
    return _final(context, lambda: night.build(run_of(context), opened["agreement_hash"]))


def find(context: Context, built: Mapping[str, Any]) -> dict[str, int]:
    """See night.find."""
    return _final(context, lambda: night.find(run_of(context), built["slot"]))


def publish(context: Context, built: Mapping[str, Any]) -> int:
    """See night.publish."""
    return _final(context, lambda: night.publish(run_of(context), built))


def alert(context: Context) -> list[str]:
    """See alerting.send_digest."""
    from lead_handoff.airflow import alerting

    shown = night.published()
    if shown is None or shown["as_of"] != run_of(context).night.as_of:
        return []  # a later night has been published since, and has told of itself
    return alerting.send_digest(shown)


def close_night(context: Context) -> None:
    """See night.close_night; a run whose night was skipped ends as skipped too."""
    skipped = context["ti"].xcom_pull(task_ids="landed", key=SKIPPED)
    if not skipped:
        _final(context, lambda: night.close_night(run_of(context)))
        return
    night.give_back(run_of(context))
    raise AirflowSkipException(str(skipped))


def choose_month(context: Context) -> str:
    """The month this run of the monthly draw is for; the run is skipped where none is due."""
    given = _final(context, lambda: month_given(context["dag_run"]))
    if given is not None:
        return given
    due, reason = _final(context, monthly.month_due)
    teller("choose month")(reason)
    if due is None:
        raise AirflowSkipException(reason)
    return due


def freeze(context: Context, month: str) -> dict[str, Any]:
    """See monthly.freeze."""
    return _final(context, lambda: monthly.freeze(month, context["dag_run"].run_after))


def must_ask(context: Context) -> bool:
    """Whether the chair has to release the draw: not for a drawn month, nor where a person did."""
    conf = context["dag_run"].conf or {}
    frozen = context["ti"].xcom_pull(task_ids="freeze")
    return not (conf.get("seed") or conf.get("at_once") or frozen["is_drawn"])


def draw(
    context: Context, frozen: Mapping[str, Any], answer: Mapping[str, Any] | None
) -> dict[str, Any]:
    """See monthly.draw; the seed is the run's own, else the chair's, else nobody's."""
    given = (context["dag_run"].conf or {}).get("seed")
    typed = answer["params_input"].get(DICE) if answer else None
    chair = answer.get("responded_by_user") if answer else None
    if answer:
        teller("release")(
            f"{frozen['month']}: released by {chair['name']}"
            if chair
            else f"{frozen['month']}: nobody answered in time, so it is drawn without the chair"
        )
    return _final(
        context,
        lambda: monthly.draw(
            frozen["month"],
            str(given or typed or "") or None,
            is_seed_early=bool(given) and frozen["is_fresh"],
            released_by=str(chair["id"]) if chair else None,
        ),
    )


def take_verdicts(context: Context) -> dict[str, int]:
    """See monthly.take_verdicts."""
    return _final(context, monthly.take_verdicts)


def _final(context: Context, work: Callable[[], Result]) -> Result:
    """Do the work; most errors of ours need a person, so Airflow is told not to try again."""
    try:
        return work()
    except HandoffError as error:
        from lead_handoff.warehouse.night_lock import NightLockedError
        from lead_handoff.warehouse.publish import PublishBlockedError

        teller(f"{context['ti'].task_id} failed")(str(error))
        if isinstance(error, (NightLockedError, PublishBlockedError)):
            raise  # somebody is in the way, who may be gone at the next attempt
        raise AirflowFailException(str(error)) from error
    except KeyboardInterrupt:
        teller(f"{context['ti'].task_id} failed")("stopped by hand")
        raise
    except Exception as error:
        teller(f"{context['ti'].task_id} failed")(f"{type(error).__name__}: {error}")
        raise
