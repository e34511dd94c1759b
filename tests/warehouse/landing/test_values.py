"""Values that no model could hold, that stand for none, or that other programs rewrote."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.warehouse.landing.conftest import Delivery

LEAD = {
    "lead_id": "odd",
    "created_at": "2026-04-05T08:00:00Z",
    "status": "mql",
    "updated_at": "2026-04-06T08:00:00Z",
}
ACTIVITY = {
    "marketoGUID": "odd",
    "leadId": "1",
    "activityDate": "2026-04-05T08:00:00Z",
    "activityTypeId": "13",
    "attributes": "{}",
}
CALL = {
    "id": "odd",
    "createdAt": "2026-04-05T08:00:00Z",
    "updatedAt": "2026-04-06T08:00:00Z",
    "hs_timestamp": "2026-04-05T08:00:00Z",
    "contact_ids": "[]",
}
EVENT = {
    "event_id": "odd",
    "lead_id": "7",
    "field": "owner_id",
    "old_value": "1",
    "new_value": "2",
    "occurred_at": "2026-04-05T08:00:00Z",
    "recorded_at": "2026-04-06T08:00:00Z",
}
OPPORTUNITY = {
    "opportunity_id": "odd",
    "lead_id": "7",
    "created_at": "2026-04-05T08:00:00Z",
    "updated_at": "2026-04-06T08:00:00Z",
    "is_closed": "false",
    "is_won": "false",
}
OBJECTS = {
    "generic.leads": LEAD,
    "generic.lead_events": EVENT,
    "generic.opportunities": OPPORTUNITY,
    "marketo.activities": ACTIVITY,
    "hubspot.calls": CALL,
}


def in_form(form: str, row: dict[str, str]) -> bytes:
    """One row as a file of a format."""
    if form == "jsonl":
        return json.dumps(row).encode()
    if form == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.table({name: pa.array([text]) for name, text in row.items()}), sink)
        return sink.getvalue()
    quoted = (('"' + text.replace('"', '""') + '"') for text in row.values())
    return f"{','.join(row)}\n{','.join(quoted)}\n".encode()


def land(delivery: Delivery, name: str, form: str, **changes: str) -> list[dict[str, Any]]:
    """Land a row of an object and give what is in its raw table."""
    source, object_name = name.split(".")
    row = OBJECTS[name] | changes
    delivery.put(source, object_name, f"odd.{form}", in_form(form, row))
    (load,) = delivery.land(source)
    assert load.status == "loaded", load.error_message
    return delivery.raw(f"raw_{source}.{object_name}")


USUAL = ("missing_optional_column", "parquet_type")
FORMS = pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
DEEP = "[" * 400 + "]" * 400


@FORMS
@pytest.mark.parametrize(
    ("name", "column", "value", "reason"),
    [
        ("marketo.activities", "activityTypeId", "2147483648", "number_out_of_range"),
        ("generic.opportunities", "amount", "1e-20000", "number_out_of_range"),
        ("generic.opportunities", "amount", "1e20", "number_out_of_range"),
        ("generic.leads", "score", "9" * 21, "number_out_of_range"),
        ("generic.leads", "owner_id", "x" * 3_000, "field_too_large"),
        ("generic.opportunities", "lead_id", "x" * 3_000, "field_too_large"),
        ("hubspot.calls", "contact_ids", json.dumps(["x" * 3_000]), "field_too_large"),
        ("marketo.activities", "attributes", json.dumps({"Merge IDs": "1" * 3_000}),
         "field_too_large"),
        ("marketo.activities", "attributes", f'{{"a": {DEEP}}}', "nested_too_deep"),
        ("hubspot.calls", "contact_ids", DEEP, "nested_too_deep"),
        ("marketo.activities", "attributes", '{"New Value": 1e-20000}', "number_out_of_range"),
        ("marketo.activities", "attributes", "7", "wrong_type"),
        ("marketo.activities", "attributes", '["New Value", "MQL"]', "wrong_type"),
        ("marketo.activities", "attributes", '[{"value": "MQL"}]', "wrong_type"),
        ("hubspot.calls", "contact_ids", '{"a": 1}', "wrong_type"),
        ("hubspot.calls", "contact_ids", "501;502", "wrong_type"),
        ("generic.leads", "lead_id", "5.00123E+17", "rewritten_id"),
        ("generic.leads", "owner_id", "5e+170", "rewritten_id"),
        ("generic.lead_events", "actor_id", "5,1E+17", "rewritten_id"),
        ("generic.lead_events", "new_value", "5.00123E+17", "rewritten_id"),
        ("hubspot.calls", "contact_ids", '["5.00123E+17"]', "rewritten_id"),
        ("generic.leads", "lead_id", "000000000000000", "missing_key"),
        ("generic.lead_events", "occurred_at", "1899-12-30T00:00:00Z", "unlikely_date"),
        ("generic.lead_events", "recorded_at", "0001-01-01", "unlikely_date"),
        ("marketo.activities", "activityDate", "1970-01-01T00:00:00Z", "unlikely_date"),
    ],
)  # fmt: skip
def test_what_no_model_can_hold_or_use_is_quarantined_by_name(
    delivery: Delivery, form: str, name: str, column: str, value: str, reason: str
) -> None:
    assert land(delivery, name, form, **{column: value}) == []
    (refused,) = delivery.quarantine()
    assert (refused["reason"], refused["detail"]) == (reason, column)


@FORMS
@pytest.mark.parametrize(
    ("name", "column", "value", "landed", "kind"),
    [
        ("generic.leads", "owner_id", "501.0", "501", "id_form"),
        ("generic.leads", "owner_id", '="00501"', "00501", "id_form"),
        ("generic.leads", "merged_into", "000000000000000AAA", None, "id_form"),
        ("generic.lead_events", "new_value", "501.0", "501", "id_form"),
        ("hubspot.calls", "contact_ids", "[501.0, 7]", "[501,7]", "id_form"),
        ("generic.opportunities", "closed_at", "0001-01-01T00:00:00+02:00",
         "0001-01-01T00:00:00+02:00", "unlikely_date"),
        ("generic.leads", "created_at", "1899-12-30", "1899-12-30", "unlikely_date"),
    ],
)  # fmt: skip
def test_what_can_be_put_right_lands_and_is_reported(
    delivery: Delivery, form: str, name: str, column: str, value: str, landed: str, kind: str
) -> None:
    (row,) = land(delivery, name, form, **{column: value})
    assert row[column] == landed
    assert delivery.report()[kind] == column


@FORMS
@pytest.mark.parametrize(
    "attributes",
    ["null", "[]", "{}", '""', '[{"name": "New Value", "value": "MQL"}]',
     json.dumps(json.dumps({"New Value": "MQL"}))],
)  # fmt: skip
def test_documents_in_the_shapes_that_the_models_read_land_as_they_are(
    delivery: Delivery, form: str, attributes: str
) -> None:
    (row,) = land(delivery, "marketo.activities", form, attributes=attributes)
    # Marketo's null is no value; in JSON lines the text is JSON already, not JSON in a string.
    assert row["attributes"] == (None if attributes == "null" else attributes)
    assert delivery.report(USUAL) == {}


@FORMS
def test_a_stamp_that_is_no_date_is_read_as_the_creation(delivery: Delivery, form: str) -> None:
    (row,) = land(delivery, "generic.leads", form, updated_at="1900-01-01T00:00:00Z")
    assert row["_stamp"] == datetime(2026, 4, 5, 8, tzinfo=UTC)
    assert row["updated_at"] == "1900-01-01T00:00:00Z"
    assert delivery.report(USUAL) == {"unlikely_date": "updated_at"}


def test_a_formula_may_stand_unquoted_where_an_id_is_due_and_nowhere_else(
    delivery: Delivery,
) -> None:
    head = b"lead_id,created_at,status,updated_at,owner_id,email\n"
    rest = b",2026-04-05T08:00:00Z,mql,2026-04-06T08:00:00Z,"
    content = head + b'="007"' + rest + b'="501",a@example.com\n'
    content += b"2" + rest + b'501,="b"\n' + b"3" + rest + b'="501"x,c@example.com\n'
    delivery.put("generic", "leads", "a.csv", content)
    delivery.land("generic")
    (row,) = delivery.raw("raw_generic.leads")
    assert (row["lead_id"], row["owner_id"]) == ("007", "501")
    assert [each["reason"] for each in delivery.quarantine()] == ["stray_quote", "stray_quote"]


def test_numbers_of_pandas_are_read_as_ids(delivery: Delivery) -> None:
    """A column of whole numbers with blanks becomes one of floats."""
    table = {name: pa.array([text] * 3) for name, text in LEAD.items()}
    table["lead_id"] = pa.array([1.0, 2.0, 5.00123e17])
    table["owner_id"] = pa.array([501.0, float("nan"), 502.0])
    sink = io.BytesIO()
    pq.write_table(pa.table(table), sink)
    delivery.put("generic", "leads", "a.parquet", sink.getvalue())
    delivery.land("generic")
    rows = delivery.raw("raw_generic.leads")
    assert [(row["lead_id"], row["owner_id"]) for row in rows] == [("1", "501"), ("2", None)]
    assert [each["reason"] for each in delivery.quarantine()] == ["rewritten_id"]


@pytest.mark.parametrize("number", ["5.00123E17", "5.00123E+17"])
def test_a_json_number_with_an_exponent_is_no_id(delivery: Delivery, number: str) -> None:
    line = json.dumps(LEAD | {"owner_id": "@"}).replace('"@"', number)
    delivery.put("generic", "leads", "a.jsonl", line.encode())
    delivery.land("generic")
    assert [each["reason"] for each in delivery.quarantine()] == ["rewritten_id"]


def test_dates_that_stand_for_none_do_not_refuse_a_file(delivery: Delivery) -> None:
    good, bad = [LEAD | {"lead_id": "good"}], []
    for number in range(30):
        bad.append(LEAD | {"lead_id": str(number), "created_at": "", "updated_at": "1900-01-01"})
        bad[-1]["created_at"] = "0001-01-01"
    lines = [json.dumps(row) for row in good + bad]
    delivery.put("generic", "leads", "a.jsonl", "\n".join(lines).encode())
    (load,) = delivery.land("generic")
    assert (load.status, load.rows_new, load.rows_quarantined) == ("loaded", 1, 30)


def test_columns_named_like_those_of_a_table_get_an_underscore(delivery: Delivery) -> None:
    names = ["ctid", "xmin", "tableoid", "_given_stamp", "_key", "_is_judged"]
    delivery.put("generic", "leads", "a.csv", in_form("csv", LEAD | dict.fromkeys(names, "x")))
    delivery.put("generic", "leads", "b.jsonl", in_form("jsonl", LEAD | {"cmax": "y"}))
    (load,) = delivery.land("generic")
    assert load.status == "loaded", load.error_message
    kept = [{k: v for k, v in row.items() if v in ("x", "y")} for row in
            delivery.raw("raw_generic.leads")]  # fmt: skip
    assert {name for row in kept for name in row} == {f"{name}_" for name in (*names, "cmax")}
    assert "column_renamed" in delivery.report()
