"""The one step of a DAG that a person does: the review's chair gives the seed.

The question waits in Airflow's list of required actions. It takes no worker and needs no
triggerer: the answer, or the scheduler once the time is over, sets the run going again.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param

from lead_handoff.airflow import tasks

if TYPE_CHECKING:
    from airflow.sdk import Context

RELEASE = "Release"
CHAIR_VARIABLE = "HANDOFF_REVIEW_CHAIR"

SHORTEST_SEED, LONGEST_SEED = 10, 100
"""Digits: ten dice can fall in sixty million ways, too many to try out beforehand."""


class AskChair(HITLOperator):
    """Ask the review's chair for the seed, and go on without one when the time is over.

    Returns nothing, without asking, where a person has released the draw already.
    """

    def execute(self, context: Context) -> Any:
        """Put the question, unless there is nothing to ask."""
        if not tasks.must_ask(context):
            return None
        return super().execute(context)

    def validate_params_input(self, params_input: Mapping[str, Any]) -> None:
        """Check what was typed, and forget it: one process may put several runs' questions."""
        asked, self.params = self.params, copy.deepcopy(self.params)
        try:
            super().validate_params_input(params_input)
        finally:
            self.params = asked


def ask_chair(task_id: str, time_to_answer: timedelta) -> AskChair:
    """The step in which the chair releases the month that the step ``freeze`` froze."""
    return AskChair(
        task_id=task_id,
        subject="Review of {{ ti.xcom_pull(task_ids='freeze')['month'] }}: give the seed",
        body="{{ ti.xcom_pull(task_ids='freeze')['notice'] }}",
        options=[RELEASE],
        defaults=[RELEASE],
        response_timeout=time_to_answer,
        assigned_users=[{"id": user, "name": user} for user in chair()] or None,
        params={
            tasks.DICE: Param(
                "",
                type="string",
                pattern=f"^([0-9]{{{SHORTEST_SEED},{LONGEST_SEED}}})?$",
                title="Seed",
                description=f"The digits of at least {SHORTEST_SEED} dice, thrown now. Empty: the "
                "seed that the notice names for the case that nobody answers.",
            )
        },
        # What was typed wrongly is asked for again soon.
        retry_delay=timedelta(seconds=10),
    )


def chair() -> list[str]:
    """Who may answer: Airflow's names of users, joined by commas; empty for all who may edit."""
    return [name.strip() for name in os.environ.get(CHAIR_VARIABLE, "").split(",") if name.strip()]
