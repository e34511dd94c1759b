"""Run monthly_rejection_sample as Airflow does, with a chair who answers over the REST API.

Started as a process of its own by test_monthly_draw, since Airflow takes its settings from the
environment when it is first imported. Prints one JSON object: what became of each run.
"""

import json
import os
import sys
import threading
import time
from dataclasses import asdict
from datetime import timedelta
from typing import Any

DAG_ID = "monthly_rejection_sample"
DICE = "41632255136441526634"


def main() -> None:
    """Play the months in the order of the test's statements."""
    from lead_handoff import settings
    from lead_handoff.local.airflow_home import ADMIN_USER, airflow_env, ensure_metadata
    from lead_handoff.local.provision import ensure_running
    from lead_handoff.local.secrets import ensure_secrets

    ensure_running(lambda line: None)
    ensure_metadata(lambda line: None)
    os.environ.update(airflow_env())
    password = ensure_secrets(settings.home())["airflow_admin"]

    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    from lead_handoff.airflow.driver import Driver

    driver = Driver()
    told: dict[str, Any] = {}
    with TestClient(create_app(), base_url="http://127.0.0.1") as client:
        asked_for = client.post("/auth/token", json={"username": ADMIN_USER, "password": password})
        client.headers["Authorization"] = f"Bearer {asked_for.json()['access_token']}"

        def play(name: str, conf: dict[str, Any], dice: str | None) -> None:
            chair = Chair(client, name, dice)
            chair.start()
            outcome = driver.run(DAG_ID, name, conf)
            chair.is_over.set()
            chair.join()
            told[name] = asdict(outcome) | {"asked": chair.asked, "states": states(client, name)}

        play("typed-wrongly", {}, "six ones")
        play("answered", {}, DICE)
        play("drawn-already", {}, DICE)
        driver.dags[DAG_ID].task_dict["release"].response_timeout = timedelta(seconds=3)
        play("unanswered", {"month": "2026-04"}, None)
        play("by-command", {"month": "2026-03", "seed": "7", "at_once": True}, DICE)
    sys.stdout.write(f"TOLD{json.dumps(told, default=str)}\n")


class Chair(threading.Thread):
    """Waits for the question of a run and answers it, if given dice to answer with."""

    def __init__(self, client: Any, run_id: str, dice: str | None) -> None:
        super().__init__(daemon=True)
        self.client, self.run_id, self.dice = client, run_id, dice
        self.asked: dict[str, Any] | None = None
        self.is_over = threading.Event()

    def run(self) -> None:
        """Look until the run is over or the question was answered."""
        place = f"/api/v2/dags/{DAG_ID}/dagRuns/{self.run_id}/taskInstances/release/-1/hitlDetails"
        while True:
            is_over = self.is_over.is_set()
            question = self.client.get(place)
            if question.status_code == 200:
                self.asked = question.json()
                if self.dice is not None:
                    answer = {"chosen_options": ["Release"], "params_input": {"dice": self.dice}}
                    done = self.client.patch(place, json=answer)
                    assert done.status_code == 200, done.text
                return
            if is_over:
                return
            time.sleep(0.2)


def states(client: Any, run_id: str) -> dict[str, str]:
    """Each task's state at the end."""
    listed = client.get(f"/api/v2/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances").json()
    return {task["task_id"]: task["state"] for task in listed["task_instances"]}


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Airflow's and its libraries' farewells take seconds
