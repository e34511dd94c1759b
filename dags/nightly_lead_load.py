"""Load the night's extracts, build and judge the marts, and show them to readers.

**Purpose.** Everything analysts query comes from here: how leads pass from marketing to sales,
judged by the agreement in force.

**Inputs.** Extract files under `HANDOFF_EXTRACTS` (`<root>/<source>/<object>/<YYYY-MM-DD>/`), every
folder dated on or before the night that has not been loaded yet; the agreement in
`HANDOFF_AGREEMENT`. Where a connection `salesforce_default`, `marketo_default` or
`hubspot_default` exists, the night first pulls that source into such folders; a source in
`HANDOFF_ELT_LANDINGS` is read where an ELT service keeps it (both: docs/connecting.md).

**Outputs.** Raw tables `raw_<source>`, the record of loads and quarantined rows in `ops`, the views
in schema `marts` (and `restricted`), Data Docs under `HANDOFF_HOME/data_docs`; an event of the
asset `published_marts`, which monthly_rejection_sample waits for.

**Schedule.** Each midnight in `HANDOFF_SCHEDULE_ZONE` (UTC unless set). The run for a date has
as_of = midnight at the start of that date. By hand: trigger with `{"date": "2026-05-01"}`, or
`make nightly DATE=2026-05-01`. One run at a time.

**Owner.** revenue-operations.

**Triage.**

- `pull` failed for an object: the other objects and sources land all the same, but a night that
  lacks an object of a required source is not published. What may pass by itself was tried five
  times; a used-up quota was waited for. The message says what to do: docs/connecting.md lists them
  all. Then clear the run: what was pulled stays. `pull` skipped means that no connection exists.
- `open_night` failed: the message lists problems of the agreement by file, row and column, or names
  the run that holds the night. Correct the agreement, or wait for that run; then clear the run.
- `land` failed or `landed` names objects: the message names file and reason; rows that could not be
  read are in `ops.quarantine`. Replace the file in its folder and clear the run: what has landed is
  not read again.
- `landed` refuses a night earlier than the published one: its rows have landed, and the next night
  takes them in. A scheduled or backfill run ends skipped then. To go back in time all the same,
  trigger with `{"date": "2026-05-01", "earlier": true}`. The published night itself may be run
  again.
- `gate_raw` or `gate_marts` failed: the message names the expectation and the rows; the page in the
  Data Docs lists all of them. Readers keep the last night until it passes.
- `build` failed: the message names the model or test. After a change to a model the next build
  starts from the beginning by itself.
- `publish` waits or failed: the message names the sessions that hold the marts.
- `alert` failed: the marts are published, but a digest of new findings was not sent; the message
  names the connection. Correct it and clear the task.
- `close_night` is red whenever nothing was published; look at the first red task before it.
- A run that was killed needs no cleaning up: clear it, or start the night again. A night that was
  not published is published by the next run that succeeds.
- A retry of a task that was taken for dead is safe: the older one is refused its writes.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from lead_handoff.airflow import tasks
from lead_handoff.airflow.assets import PUBLISHED_MARTS
from lead_handoff.airflow.pulling import PullRetries
from lead_handoff.airflow.tags import OWNER, Tag
from lead_handoff.airflow.windows import nightly_schedule


@dag(
    dag_id="nightly_lead_load",
    schedule=nightly_schedule(),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    # A night loads every folder that is there, so missed nights need no runs of their own.
    catchup=False,
    max_active_runs=1,
    # Long enough for a source's daily quota, which begins anew hours after midnight in UTC.
    dagrun_timeout=timedelta(hours=12),
    doc_md=__doc__,
    tags=[Tag.IMPACT_READERS, Tag.AREA_NIGHT, Tag.RHYTHM_NIGHTLY],
    default_args={
        "owner": OWNER,
        "retries": 1,
        "retry_delay": timedelta(minutes=2),
        "execution_timeout": timedelta(hours=2),
    },
    params={
        "date": Param(
            None,
            type=["null", "string"],
            description="The night to build, as YYYY-MM-DD; empty for the run's own interval.",
        ),
        "take_over": Param(
            False,
            type="boolean",
            description="Take the night from another run that is still alive.",
        ),
        "earlier": Param(
            False,
            type="boolean",
            description="Show readers this night though a later one is published.",
        ),
        "rebuild": Param(
            False,
            type="boolean",
            description="Build the marts from the beginning instead of bringing a slot forward.",
        ),
    },
)
def nightly_lead_load() -> None:
    """Wire it: pull >> open >> land >> judge >> build >> judge >> publish >> tell >> close."""

    @task
    def connections() -> list[str]:
        return tasks.objects_to_pull(get_current_context())

    # A failing source must be given time without holding the night: it is opened after this.
    @task(
        max_active_tis_per_dagrun=4,
        map_index_template="{{ what }}",
        retries=4,
        retry_policy=PullRetries(),
    )
    def pull(what: str) -> dict[str, Any]:
        return tasks.pull(get_current_context(), what)

    @task(trigger_rule="all_done")
    def open_night() -> dict[str, Any]:
        return tasks.open_night(get_current_context())

    @task
    def sources_of(opened: dict[str, Any]) -> list[str]:
        return list(opened["sources"])

    @task(max_active_tis_per_dagrun=4)
    def land(source: str, opened: dict[str, Any]) -> dict[str, Any]:
        return tasks.land(get_current_context(), source, opened)

    @task(trigger_rule="all_done")
    def landed(opened: dict[str, Any]) -> list[str]:
        return tasks.landed(get_current_context(), opened)

    @task
    def gate_raw() -> None:
        tasks.gate(get_current_context(), "raw")

    @task
    def build(opened: dict[str, Any]) -> dict[str, Any]:
        return tasks.build(get_current_context(), opened)

    @task
    def gate_marts(built: dict[str, Any]) -> None:
        tasks.gate(get_current_context(), "marts", built)

    @task
    def find(built: dict[str, Any]) -> dict[str, int]:
        return tasks.find(get_current_context(), built)

    @task(outlets=[PUBLISHED_MARTS])
    def publish(built: dict[str, Any]) -> int:
        return tasks.publish(get_current_context(), built)

    @task(execution_timeout=timedelta(minutes=10))
    def alert() -> list[str]:
        return tasks.alert(get_current_context())

    @task(trigger_rule="all_done", retries=3, retry_delay=timedelta(seconds=10))
    def close_night() -> None:
        tasks.close_night(get_current_context())

    pulls = pull.expand(what=connections())
    opened = open_night()
    pulls >> opened
    loads = land.partial(opened=opened).expand(source=sources_of(opened))
    judged = landed(opened)
    built = build(opened)
    published = publish(built)
    (
        loads
        >> judged
        >> gate_raw()
        >> built
        >> gate_marts(built)
        >> find(built)
        >> published
        >> alert()
        >> close_night()
    )


nightly_lead_load()
