"""HubSpot's objects land in its own shape, and what is malformed has the outcome promised."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lead_handoff.extracts import hubspot
from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.http import Patience
from lead_handoff.extracts.pulling import Pace
from tests.simulators.hubspot import Account, serving
from tests.warehouse.landing.conftest import NIGHT, Delivery

CONTACT = {
    "id": "101",
    "createdAt": "2026-04-01T08:00:00.123Z",
    "updatedAt": "2026-04-02T08:00:00.456Z",
    "archived": False,
    "archivedAt": None,
    "email": "a@example.com",
    "lifecyclestage": "marketingqualifiedlead",
    "hs_lead_status": "NEW",
    "hubspot_owner_id": "77",
    "hubspotscore": "41",
    "createdate": "2026-04-01T08:00:00.123Z",
}
ENTRY = {
    "id": "e1",
    "contactId": "101",
    "property": "lifecyclestage",
    "value": "marketingqualifiedlead",
    "timestamp": "2026-04-01T09:00:00.001Z",
    "sourceType": "AUTOMATION_PLATFORM",
    "sourceId": "enrollmentId:5;actionExecutionIndex:0",
}
CALL = {
    "id": "501",
    "updatedAt": "2026-04-02T10:00:00Z",
    "archived": False,
    "hs_timestamp": "2026-04-02T09:58:00Z",
    "hubspot_owner_id": "77",
    "contact_ids": ["101", "102"],
}
DEAL = {
    "id": "901",
    "updatedAt": "2026-04-09T10:00:00Z",
    "createdate": "2026-04-08T10:00:00Z",
    "dealstage": "closedwon",
    "amount": "1200.50",
    "hs_is_closed": "true",
    "hs_is_closed_won": "true",
    "contact_ids": ["101"],
}


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in records)


def test_a_contact_lands_with_its_properties_and_those_of_the_company(delivery: Delivery) -> None:
    delivery.put("hubspot", "contacts", "a.jsonl", lines(CONTACT | {"Fit_Grade": "B"}))
    (load,) = delivery.land("hubspot")
    assert (load.status, load.rows_new) == ("loaded", 1)
    (row,) = delivery.raw("raw_hubspot.contacts")
    assert row["created_at"] == "2026-04-01T08:00:00.123Z"
    assert row["createdate"] == "2026-04-01T08:00:00.123Z"
    assert row["lifecyclestage"] == "marketingqualifiedlead"
    assert row["fit_grade"] == "B"
    assert row["_stamp"] == datetime(2026, 4, 2, 8, 0, 0, 456000, UTC)
    assert "Fit_Grade" in str(delivery.report())


def test_an_archived_contact_is_a_newer_version_though_it_was_not_changed(
    delivery: Delivery,
) -> None:
    archived = CONTACT | {"archived": True, "archivedAt": "2026-04-20T08:00:00Z"}
    delivery.put("hubspot", "contacts", "a.jsonl", lines(archived, CONTACT))
    delivery.land("hubspot")
    versions = delivery.raw("raw_hubspot.contacts")
    assert [row["archived"] for row in sorted(versions, key=lambda row: row["_stamp"])] == [
        "false",
        "true",
    ]


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("contact_property_history", ENTRY),
        ("deal_property_history", {**ENTRY, "dealId": "901", "property": "dealstage"}),
        ("calls", CALL),
        ("emails", CALL),
        ("meetings", CALL),
        ("tasks", CALL | {"hs_task_status": "COMPLETED"}),
        ("deals", DEAL),
        ("owners", {"id": "77", "updatedAt": "2026-01-01T00:00:00Z", "teams": [{"id": "1"}]}),
    ],
)
def test_each_object_lands_once_however_often_it_comes(
    delivery: Delivery, name: str, record: dict[str, Any]
) -> None:
    delivery.put("hubspot", name, "a.jsonl", lines(record, record))
    delivery.put("hubspot", name, "b.jsonl", lines(record))
    (load,) = delivery.land("hubspot")
    assert (load.status, load.rows_read, load.rows_new) == ("loaded", 3, 1), load.error_message
    (row,) = delivery.raw(f"raw_hubspot.{name}")
    for field in ("contact_ids", "teams"):
        if field in record:
            assert json.loads(row[field]) == record[field]


@pytest.mark.parametrize(
    ("name", "good", "change", "reason"),
    [
        ("contacts", CONTACT, {"updatedAt": None}, "missing_timestamp"),
        ("contacts", CONTACT, {"id": ""}, "missing_key"),
        ("contacts", CONTACT, {"createdate": "1775000000000"}, "bad_timestamp"),
        ("contacts", CONTACT, {"hubspotscore": "41 points"}, "wrong_type"),
        ("contacts", CONTACT, {"archived": "perhaps"}, "wrong_type"),
        ("contact_property_history", ENTRY, {"timestamp": None}, "missing_timestamp"),
        ("contact_property_history", ENTRY, {"timestamp": "yesterday"}, "wrong_type"),
        ("calls", CALL, {"contact_ids": "[101"}, "wrong_type"),
        ("deals", DEAL, {"amount": "1.200,50"}, "wrong_type"),
        ("deals", DEAL, {"hs_is_closed": "won"}, "wrong_type"),
    ],
)
def test_a_row_that_cannot_be_read_is_quarantined_and_the_rest_lands(
    delivery: Delivery, name: str, good: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    odd = good | {"id": "odd"} | change
    content = lines(good, odd, good | {"id": "last"})
    delivery.put("hubspot", name, "a.jsonl", content)
    (load,) = delivery.land("hubspot")
    assert (load.status, load.rows_new, load.rows_quarantined) == ("loaded", 2, 1)
    (kept,) = delivery.quarantine()
    assert (kept["file_name"], kept["line_number"], kept["reason"]) == ("a.jsonl", 2, reason)
    assert json.loads(kept["raw_text"]) == odd


@pytest.mark.parametrize(
    ("name", "good", "column"),
    [
        ("contacts", CONTACT, "lifecyclestage"),
        ("contacts", CONTACT, "updatedAt"),
        ("contact_property_history", ENTRY, "sourceType"),
        ("calls", CALL, "contact_ids"),
        ("deals", DEAL, "dealstage"),
    ],
)
def test_a_file_without_a_required_column_is_refused_by_name(
    delivery: Delivery, name: str, good: dict[str, Any], column: str
) -> None:
    without = {key: value for key, value in good.items() if key != column}
    delivery.put("hubspot", name, "a.jsonl", lines(without))
    (load,) = delivery.land("hubspot")
    assert (load.status, load.error_name) == ("failed", "missing_column")
    assert column in str(load.error_message)
    assert not delivery.raw(f"raw_hubspot.{name}")


def small_account(seed: int) -> Account:
    """Values of the kinds that HubSpot has; everything in it is text, as in its answers."""
    properties = {key: value for key, value in CONTACT.items() if key.islower() and key != "id"}
    changed = {"lastmodifieddate": CONTACT["updatedAt"], "hs_lastmodifieddate": DEAL["updatedAt"]}
    of = {
        "contacts": properties,
        "deals": {key: DEAL[key] for key in DEAL if key.islower()} | {"hubspot_owner_id": "77"},
        **{
            each: {"hs_timestamp": CALL["hs_timestamp"]} for each in ("calls", "emails", "meetings")
        },
        "tasks": {"hs_timestamp": CALL["hs_timestamp"], "hs_task_status": "COMPLETED"},
    }
    entry = {key: ENTRY[key] for key in ("value", "timestamp", "sourceType", "sourceId")}
    records = {
        name: [
            {
                "id": str(number),
                "createdAt": CONTACT["createdAt"],
                "updatedAt": CONTACT["updatedAt"],
                "archived": number > 10,
                "archivedAt": "2026-04-20T08:00:00Z" if number > 10 else None,
                "properties": given | changed,
                "history": {
                    kept: [entry, entry | {"value": "b", "timestamp": "2026-03-01T09:00:00Z"}]
                    for kept in hubspot.KEPT.get(name, ())[:1]
                },
            }
            for number in range(1, 13)
        ]
        for name, given in of.items()
    }
    owner = {"id": "77", "email": "o@example.com", "archived": False, "teams": [{"id": "1"}]}
    owners = [owner | {"createdAt": CONTACT["createdAt"], "updatedAt": CONTACT["updatedAt"]}]
    contacts_of = {(name, "1"): ["101", "102", "103"] for name in of}
    return Account(records, owners, contacts_of, now=datetime(2026, 5, 2, tzinfo=UTC), seed=seed)


def test_what_is_pulled_through_faults_lands_whole_and_once(delivery: Delivery) -> None:
    account = small_account(seed=3)
    patience = Patience(attempts=12, first=0.0001, sleep=lambda _: None)
    with serving(account) as address:
        given = Connection("hubspot_default", address, password=account.token)
        with hubspot.session(given, patience) as session:
            for name in hubspot.objects():
                hubspot.pull(session, name, NIGHT, delivery.root, Pace(page_rows=3))
    assert account.faults.drawn
    loads = delivery.land("hubspot")
    assert {(load.status, load.rows_quarantined) for load in loads} == {("loaded", 0)}
    for name in account.records:
        rows = delivery.raw(f"raw_hubspot.{name}")
        assert sorted(int(row["_key"]) for row in rows) == list(range(1, 13))
        assert [row["_key"] for row in rows if row["archived"] == "true"] == ["11", "12"]
        if name != "contacts":
            (first,) = [row for row in rows if row["_key"] == "1"]
            assert json.loads(first["contact_ids"]) == ["101", "102", "103"]
    for name in hubspot.HISTORIES:
        rows = delivery.raw(f"raw_hubspot.{name}")
        assert len(rows) == 12 * 2
    assert len(delivery.raw("raw_hubspot.owners")) == 1
