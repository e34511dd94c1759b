"""Run DAGs in this process, without a scheduler beside it.

Airflow's own task runner executes every task, its DagRun decides what may run next, and both are
written to the metadata database, as with ``airflow dags test``; unlike that, runs keep a name of
their own, older runs stay, and any number of runs share one start of Airflow.

While a scheduler is running against the same metadata, it would take up the tasks of our run as
well; then the run is handed to it and only followed.

Import this module only with Airflow's environment in place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import timezone
from airflow.sdk.definitions.dag import _run_task
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType

from lead_handoff.airflow.tasks import DRIVEN
from lead_handoff.errors import HandoffError

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG
    from sqlalchemy.orm import Session

POLL_SECONDS = 2.0
SCHEDULER_ALIVE_SECONDS = 30
SHOWN_STATES = frozenset({"running", "success", "failed", "up_for_retry", "upstream_failed"})


class DriverError(HandoffError):
    """A DAG cannot be run from here; the message says why."""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        run_id: the DagRun's id.
        is_success: whether Airflow calls it a success.
        failed_tasks: ids of the tasks that failed themselves, in the order they ended.
        results: what each task returned, by task id, mapped tasks left out.
        task_seconds: how long each task took, summed over mapped copies.
    """

    run_id: str
    is_success: bool
    failed_tasks: tuple[str, ...]
    results: Mapping[str, Any]
    task_seconds: Mapping[str, float]


class Driver:
    """One start of Airflow for any number of runs."""

    def __init__(self) -> None:
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

        self.dags: dict[str, DAG] = {}
        manager = DagBundlesManager()
        with _session() as session:
            manager.sync_bundles_to_db(session=session)
        for bundle in manager.get_all_dag_bundles():
            if not bundle.is_initialized:
                bundle.initialize()
            bag = BundleDagBag(
                dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name
            )
            if bag.import_errors:
                raise DriverError(
                    "A DAG file cannot be imported:\n"
                    + "\n".join(f"{path}: {text}" for path, text in bag.import_errors.items())
                )
            sync_bag_to_db(bag, bundle.name, bundle.version)
            self.dags |= bag.dags

    def run(
        self,
        dag_id: str,
        run_id: str,
        conf: Mapping[str, Any],
        progress: Callable[[str, str], None] = lambda step, line: None,
    ) -> RunOutcome:
        """Run one DAG to its end.

        ``progress`` gets (task, state) where a scheduler does the work and its steps cannot be
        heard from here. Raises DriverError when the DAG is not there.
        """
        if dag_id not in self.dags:
            raise DriverError(
                f"There is no DAG {dag_id}; there are {', '.join(sorted(self.dags))}."
            )
        if self.has_scheduler():
            return self._follow(dag_id, run_id, conf, progress)
        return self._drive(self.dags[dag_id], run_id, {**conf, DRIVEN: True})

    def has_scheduler(self) -> bool:
        """Whether a scheduler is alive on this metadata database."""
        from airflow.jobs.job import Job
        from sqlalchemy import select

        with _session() as session:
            job = session.scalars(
                select(Job)
                .where(Job.job_type == "SchedulerJob", Job.state == "running")
                .order_by(Job.latest_heartbeat.desc())
                .limit(1)
            ).first()
            if job is None or job.latest_heartbeat is None:
                return False
            age = timezone.utcnow() - job.latest_heartbeat
            return bool(age.total_seconds() < SCHEDULER_ALIVE_SECONDS)

    def _drive(self, dag: DAG, run_id: str, conf: Mapping[str, Any]) -> RunOutcome:
        from airflow.serialization.serialized_objects import DagSerialization

        retries = {task_id: task.retries for task_id, task in dag.task_dict.items()}
        try:
            # A person is watching: they start again themselves, and need not wait for it.
            for task in dag.task_dict.values():
                task.retries = 0
            scheduler_dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
            with _session() as session:
                dag_run = self._create(scheduler_dag, run_id, conf, DagRunState.RUNNING, session)
                dag_run.dag = scheduler_dag
                while dag_run.state == DagRunState.RUNNING:
                    session.expire_all()
                    self._step(dag, dag_run, session)
                return self._outcome(dag_run, session)
        finally:
            for task_id, count in retries.items():
                dag.task_dict[task_id].retries = count

    def _step(self, dag: DAG, dag_run: DagRun, session: Session) -> None:
        """Ask Airflow what may run now, and run it."""
        schedulable, _ = dag_run.update_state(session=session)
        for instance in schedulable:
            instance.try_number += 1
            instance.state = TaskInstanceState.SCHEDULED
            instance.scheduled_dttm = timezone.utcnow()
        session.commit()
        ready = [
            instance
            for instance in dag_run.get_task_instances(session=session)
            if instance.state == TaskInstanceState.SCHEDULED
        ]
        for instance in ready:
            _run_task(ti=instance, task=dag.task_dict[instance.task_id])
        if not ready and dag_run.state == DagRunState.RUNNING:
            self._end_overdue_questions()
            time.sleep(0.2)

    def _end_overdue_questions(self) -> None:
        """What a scheduler does for tasks that wait for a person longer than they may."""
        from airflow.jobs.job import Job
        from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

        SchedulerJobRunner(job=Job()).check_awaiting_input_timeouts()

    def _follow(
        self,
        dag_id: str,
        run_id: str,
        conf: Mapping[str, Any],
        progress: Callable[[str, str], None],
    ) -> RunOutcome:
        from airflow.models.dagbag import DBDagBag
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        with _session() as session:
            scheduler_dag = DBDagBag().get_latest_version_of_dag(dag_id, session=session)
            if scheduler_dag is None:
                raise DriverError(f"The scheduler does not know {dag_id} yet; try again shortly.")
            self._create(scheduler_dag, run_id, conf, DagRunState.QUEUED, session)
            session.commit()
        progress("airflow", "a scheduler is running; it does the work, its logs are in the UI")
        told: dict[tuple[str, int], str] = {}
        while True:
            with _session() as session:
                dag_run = session.scalars(
                    select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
                ).one()
                for instance in dag_run.get_task_instances(session=session):
                    key = (instance.task_id, instance.map_index)
                    if instance.state and told.get(key) != instance.state:
                        told[key] = str(instance.state)
                        if instance.state in SHOWN_STATES:
                            progress(instance.task_id, str(instance.state))
                if dag_run.state in (DagRunState.SUCCESS, DagRunState.FAILED):
                    return self._outcome(dag_run, session)
            time.sleep(POLL_SECONDS)

    def _create(
        self,
        scheduler_dag: Any,
        run_id: str,
        conf: Mapping[str, Any],
        state: DagRunState,
        session: Session,
    ) -> DagRun:
        now = timezone.utcnow()
        dag_run: DagRun = scheduler_dag.create_dagrun(
            run_id=run_id,
            run_after=now,
            conf=dict(conf),
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.CLI,
            triggering_user_name="command line",
            state=state,
            start_date=now if state == DagRunState.RUNNING else None,
            session=session,
        )
        return dag_run

    def _outcome(self, dag_run: DagRun, session: Session) -> RunOutcome:
        instances = sorted(
            dag_run.get_task_instances(session=session),
            key=lambda instance: (instance.end_date is None, instance.end_date),
        )
        seconds: dict[str, float] = {}
        for instance in instances:
            seconds[instance.task_id] = seconds.get(instance.task_id, 0) + (instance.duration or 0)
        return RunOutcome(
            run_id=dag_run.run_id,
            is_success=dag_run.state == DagRunState.SUCCESS,
            failed_tasks=tuple(
                instance.task_id
                for instance in instances
                if instance.state == TaskInstanceState.FAILED
            ),
            results={
                instance.task_id: instance.xcom_pull(task_ids=instance.task_id, session=session)
                for instance in instances
                if instance.state == TaskInstanceState.SUCCESS and instance.map_index < 0
            },
            task_seconds=seconds,
        )


@contextmanager
def _session() -> Iterator[Session]:
    from airflow.utils.session import create_session

    with create_session() as session:
        yield session
