"""Draw the month's sample of rejected and ignored handoffs for the review.

**Purpose.** Senior people of both teams judge a random selection of the leads that sales rejected
or ignored. This freezes the month's population, draws the sample by a published algorithm that
anyone can repeat, and writes the case files.

**Inputs.** The published marts; the review policy in the agreement; optionally a seed.

**Outputs.** Under `HANDOFF_HOME/review`: the frozen population with its hash, the workbook and CSV
of cases, and a manifest that the stand-alone verify command checks.

**Schedule.** Six o'clock on the second of each month in `HANDOFF_SCHEDULE_ZONE`: the first night
whose as_of lies past the month's end in every time zone. By hand: trigger with
`{"month": "2026-04"}`, or `make sample MONTH=2026-04`.

**Owner.** revenue-operations.

**Triage.**

- Refused because the month is not over: the last published night is too early; run
  nightly_lead_load for a later date, then clear this run.
- Refused because the month was drawn already: a draw is never repeated; its files still lie under
  the review folder.
- Refused because of the policy: correct agreement_review_policy.csv and clear the run.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from lead_handoff.airflow import tasks
from lead_handoff.airflow.tags import OWNER, Tag
from lead_handoff.airflow.windows import monthly_schedule


@dag(
    dag_id="monthly_rejection_sample",
    schedule=monthly_schedule(),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    doc_md=__doc__,
    tags=[Tag.IMPACT_REVIEW, Tag.AREA_REVIEW, Tag.RHYTHM_MONTHLY],
    default_args={
        "owner": OWNER,
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(minutes=30),
    },
    params={
        "month": Param(
            None,
            type=["null", "string"],
            description="The month to draw, as YYYY-MM; empty for the last full month.",
        ),
        "seed": Param(
            None,
            type=["null", "string"],
            description="Digits agreed by both teams after the population was frozen.",
        ),
    },
)
def monthly_rejection_sample() -> None:
    """Wire the draw."""

    @task
    def choose_month() -> str:
        return tasks.choose_month(get_current_context())

    @task
    def draw(month: str) -> dict[str, Any]:
        return tasks.draw(get_current_context(), month)

    draw(choose_month())


monthly_rejection_sample()
