"""Take in the case files that reviewers filled in, and record their verdicts.

**Purpose.** Reviewers return their workbook or CSV. Each file is guarded, read in a process
of its own, checked against the draw, and recorded whole or not at all; a later file replaces an
earlier one, and both are kept. Then the month is estimated anew.

**Inputs.** Files under `HANDOFF_HOME/review/intake/<user id>/`; decisions between reviewers who
differ under `HANDOFF_HOME/review/intake/<user id>/adjudication/`; the recorded draws.

**Outputs.** Rows of `review.verdicts`, which the next night's marts count; `estimate.json` and
`estimate.md` in the month's folder. The file moves to
`accepted`, or to `refused` with a text beside it that names sheet, row, column and remedy.

**Schedule.** Every five minutes. By hand: trigger it, or `make intake`.

**Owner.** revenue-operations.

**Triage.**

- A refused file does not fail the run: send the reviewer the text beside it in `refused`.
- `take_verdicts` fails where the policy or the warehouse cannot be read: its log says what to
  mend; clear the run, nothing was half recorded.
- A file that stays where it was put is still being written, or has no folder of a reviewer.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, get_current_context, task

from lead_handoff.airflow import tasks
from lead_handoff.airflow.tags import OWNER, Tag
from lead_handoff.airflow.windows import intake_schedule


@dag(
    dag_id="review_verdict_intake",
    schedule=intake_schedule(),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    doc_md=__doc__,
    tags=[Tag.IMPACT_REVIEW, Tag.AREA_REVIEW, Tag.RHYTHM_MINUTES],
    default_args={
        "owner": OWNER,
        "retries": 2,
        "retry_delay": timedelta(minutes=2),
        "execution_timeout": timedelta(minutes=30),
    },
)
def review_verdict_intake() -> None:
    """Wire the intake."""

    @task
    def take_verdicts() -> dict[str, int]:
        return tasks.take_verdicts(get_current_context())

    take_verdicts()


review_verdict_intake()
