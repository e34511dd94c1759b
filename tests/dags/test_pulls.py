"""What a night pulls, when a failed pull is tried again, and what its failure means."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lead_handoff.extracts.errors import MAY_PASS, ExtractError


@pytest.fixture
def pulling(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """The module under test, with an Airflow home that is nobody's."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    from lead_handoff.airflow import pulling

    return pulling


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What Airflow's store answers, without a database behind it."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    connections: dict[str, Any] = {}

    def get(conn_id: str) -> Any:
        if conn_id not in connections:
            raise AirflowNotFoundException(conn_id)
        if isinstance(connections[conn_id], Exception):
            raise connections[conn_id]
        return connections[conn_id]

    monkeypatch.setattr(Connection, "get", staticmethod(get))
    return lambda conn_id, value: connections.__setitem__(conn_id, value)


def airflow_connection(conn_id: str, **given: object) -> Any:
    from airflow.sdk import Connection

    return Connection(conn_id=conn_id, conn_type="http", **given)


def test_without_a_connection_nothing_is_pulled_and_the_reason_is_told(
    pulling: Any, known: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert pulling.objects_to_pull() == []
    names = "salesforce_default or marketo_default or hubspot_default"
    assert f"files only: no connection {names} exists" in caplog.text


def test_each_object_of_each_connection_is_pulled_unless_left_out(pulling: Any, known: Any) -> None:
    leave_out = json.dumps({"leave_out": "Campaign, CampaignMember"})
    known("salesforce_default", airflow_connection("salesforce_default", extra=leave_out))
    known("marketo_default", airflow_connection("marketo_default"))
    known("hubspot_default", airflow_connection("hubspot_default"))
    found = pulling.objects_to_pull()
    assert {"salesforce.Lead", "marketo.leads", "marketo.activity_types"} <= set(found)
    assert {"hubspot.contacts", "hubspot.contact_property_history"} <= set(found)
    assert not {"salesforce.Campaign", "salesforce.CampaignMember"} & set(found)
    wrong = json.dumps({"leave_out": ["Campaing"]})
    known("salesforce_default", airflow_connection("salesforce_default", extra=wrong))
    with pytest.raises(ExtractError, match="leave_out names Campaing"):
        pulling.objects_to_pull()


def test_no_source_waits_for_the_last_object_of_another(pulling: Any, known: Any) -> None:
    for source in ("salesforce", "marketo", "hubspot"):
        known(f"{source}_default", airflow_connection(f"{source}_default"))
    found = pulling.objects_to_pull()
    assert found[:3] == ["salesforce.Lead", "marketo.leads", "hubspot.contacts"]
    assert found.index("marketo.activity_types") < 9
    assert len(found) == len(set(found))


def test_what_an_elt_service_lands_is_not_pulled_as_well(
    pulling: Any, known: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    landings = {"salesforce": {"schema": "fivetran", "without": ["lead_history", "Task"]}}
    monkeypatch.setenv("HANDOFF_ELT_LANDINGS", json.dumps(landings))
    known("salesforce_default", airflow_connection("salesforce_default"))
    known("marketo_default", airflow_connection("marketo_default"))
    found = pulling.objects_to_pull()
    of_salesforce = {name for name in found if name.startswith("salesforce.")}
    assert of_salesforce == {"salesforce.LeadHistory", "salesforce.Task"}
    assert "marketo.leads" in found


def test_a_connection_is_read_as_airflow_keeps_it(pulling: Any, known: Any) -> None:
    known(
        "marketo_default",
        airflow_connection(
            "marketo_default", host="127.0.0.1", port=8080, schema="http", login="i", password="s",
            extra='{"since": "2026-01-01"}',
        ),
    )  # fmt: skip
    found = pulling.connection_named("marketo_default")
    assert found.address == "http://127.0.0.1:8080"
    assert (found.login, found.password, found.extra) == ("i", "s", {"since": "2026-01-01"})
    assert pulling.connection_named("salesforce_default") is None


def test_a_store_that_cannot_be_asked_does_not_pass_for_an_empty_one(
    pulling: Any, known: Any
) -> None:
    known("salesforce_default", ConnectionError("no answer"))
    with pytest.raises(ConnectionError):
        pulling.objects_to_pull()


@pytest.mark.parametrize("name", ["login_refused", "field_not_visible", "bad_connection", "new"])
def test_what_needs_a_person_is_not_tried_again(pulling: Any, name: str) -> None:
    decision = pulling.PullRetries().evaluate(ExtractError(name, "x"), 1, 4)
    assert decision.action.value == "fail"


@pytest.mark.parametrize(
    "error", [*(ExtractError(name, "x") for name in sorted(MAY_PASS)), OSError("cut"), ValueError()]
)
def test_pauses_before_another_attempt_double_and_scatter(pulling: Any, error: Exception) -> None:
    policy = pulling.PullRetries()
    for attempt, longest in ((1, 60), (2, 120), (3, 240), (4, 480), (9, 1800)):
        pauses = {policy.evaluate(error, attempt, 4).retry_delay.total_seconds() for _ in range(20)}
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


def test_a_used_up_quota_is_waited_for_if_it_comes_back_tonight(pulling: Any) -> None:
    policy = pulling.PullRetries()

    def decide(wait: timedelta) -> Any:
        error = ExtractError("quota_used_up", "x", datetime.now(UTC) + wait)
        return policy.evaluate(error, 1, 4)

    decision = decide(timedelta(hours=5))
    assert decision.action.value == "retry"
    assert timedelta(hours=5) < decision.retry_delay < timedelta(hours=5, minutes=6)
    assert decide(timedelta(hours=-1)).retry_delay < timedelta(minutes=6)
    assert decide(timedelta(hours=9)).action.value == "fail"


def test_an_object_of_a_required_source_that_was_not_pulled_stops_the_night(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from lead_handoff.airflow import night

    monkeypatch.setattr(night, "_required_sources", lambda: {"salesforce"})
    run: Any = None
    landed = [{"source": "salesforce", "failures": []}]

    def judge(not_pulled: list[str] | None) -> list[str]:
        return night.judge_landing(run, ["salesforce"], landed, not_pulled)

    assert judge([]) == []
    assert judge(["marketo.leads"]) == [
        "marketo.leads: the task that pulls it failed; its log says why"
    ]
    with pytest.raises(night.NightError, match=r"salesforce\.Task: the task that pulls it failed"):
        judge(["salesforce.Task"])
    with pytest.raises(night.NightError, match="what to pull is not known"):
        judge(None)
