"""Draw the month's sample of rejected and ignored handoffs for the review.

**Purpose.** Senior people of both teams judge a random selection of the leads that sales rejected
or ignored. This freezes the month's population, asks the review's chair for a seed, draws the
sample by a published algorithm that anyone can repeat, and writes the case files.

**Inputs.** The published marts; the review policy in the agreement; the chair's seed.

**Outputs.** Under `HANDOFF_HOME/review`: the frozen population with its hash, the workbooks and CSV
of cases, and a manifest that the stand-alone verify command checks.

**Schedule.** After each published night (asset `published_marts`). A month comes due with the first
night whose as_of lies past the month's end and on or after the first business day that follows, in
the agreement's default calendar. Every other run is skipped, and `choose_month` says why. By hand:
trigger with `{"month": "2026-04"}`, which draws any month that is over, or `make sample
MONTH=2026-04`, which does not ask the chair.

**The chair.** `release` waits in the list of required actions. Its page names the population's
hash: tell both teams, then throw dice, type the digits and release. After three days
(`HANDOFF_REVIEW_ANSWER_DAYS`) without an answer the month is drawn all the same, with the seed that
the agreement names (`default_seed`). `HANDOFF_REVIEW_CHAIR` lists Airflow's ids of the users who
may answer.

**Owner.** revenue-operations.

**Triage.**

- Skipped: nothing is due; the log of `choose_month` says what it waits for.
- Refused because the month is not over: the last published night is too early; run
  nightly_lead_load for a later date, then clear this run.
- Refused because the month was drawn already: a draw is never repeated; its files still lie under
  the review folder.
- Refused because of the policy: correct agreement_review_policy.csv and clear the run.
- `release` failed: what was typed is no seed. It asks again; clear it if it has given up.
- The run timed out while Airflow was down: the month stays frozen, and the next published night
  asks for its seed again.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from lead_handoff.airflow import tasks
from lead_handoff.airflow.asking import ask_chair
from lead_handoff.airflow.assets import PUBLISHED_MARTS
from lead_handoff.airflow.tags import OWNER, Tag
from lead_handoff.airflow.windows import time_to_answer


@dag(
    dag_id="monthly_rejection_sample",
    schedule=[PUBLISHED_MARTS],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    # Steps and retries take an hour or two; the rest is for a scheduler that was down meanwhile.
    dagrun_timeout=time_to_answer() + timedelta(days=2),
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
            description="The month to draw, as YYYY-MM; empty for the one that is due.",
        ),
        "seed": Param(
            None,
            type=["null", "string"],
            description="Digits agreed by both teams after the population was frozen; with them "
            "the chair is not asked.",
        ),
        "at_once": Param(
            False,
            type="boolean",
            description="Draw without asking the chair.",
        ),
    },
)
def monthly_rejection_sample() -> None:
    """Wire the draw: choose >> freeze >> ask >> draw."""

    @task
    def choose_month() -> str:
        return tasks.choose_month(get_current_context())

    @task
    def freeze(month: str) -> dict[str, Any]:
        return tasks.freeze(get_current_context(), month)

    @task
    def draw(frozen: dict[str, Any], answer: dict[str, Any] | None) -> dict[str, Any]:
        return tasks.draw(get_current_context(), frozen, answer)

    frozen = freeze(choose_month())
    release = ask_chair("release", time_to_answer())
    drawn = draw(frozen, release.output)
    frozen >> release >> drawn


monthly_rejection_sample()
