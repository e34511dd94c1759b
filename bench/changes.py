"""The news of a night: some leads get a new version, a change of status and a touch."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from lead_handoff.catalogue import snake_case
from lead_handoff.simulate.catalogue import COLUMNS

NEXT_STATUS = {
    "Open": "Marketing Qualified",
    "Marketing Qualified": "Accepted",
    "Accepted": "Rejected",
    "Rejected": "Recycled",
    "Recycled": "Marketing Qualified",
}


def deliver(url: str, extracts: Path, night: date, leads: int) -> None:
    """Write a night's folders for so many leads, the same ones in every run."""
    at = datetime.combine(night, time(), UTC) - timedelta(hours=9)
    with psycopg.connect(url, row_factory=dict_row) as connection:
        chosen = connection.execute(
            "select to_jsonb(newest) as row from ("
            "  select distinct on (id) * from raw_salesforce.lead order by id, _stamp desc"
            ") as newest"
            " where newest.is_deleted = 'false' and newest.master_record_id is null"
            " order by md5(id || %s) limit %s",
            [night.isoformat(), leads],
        ).fetchall()
    people, history, tasks = [], [], []
    for number, found in enumerate(chosen):
        row = found["row"]
        moment = (at + timedelta(seconds=number % 3600)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        new = {name: row.get(snake_case(name)) or "" for name in COLUMNS["salesforce", "Lead"]}
        old_status = new["Status"]
        new["Status"] = NEXT_STATUS.get(old_status, old_status)
        new["SystemModstamp"] = new["LastModifiedDate"] = moment
        people.append(new)
        if new["Status"] != old_status:
            history.append(
                {
                    "Id": _id("017", night, number),
                    "IsDeleted": "false",
                    "LeadId": new["Id"],
                    "CreatedById": new["OwnerId"],
                    "CreatedDate": moment,
                    "Field": "Status",
                    "DataType": "Picklist",
                    "OldValue": old_status,
                    "NewValue": new["Status"],
                }
            )
        tasks.append(
            {
                "Id": _id("00T", night, number),
                "IsDeleted": "false",
                "WhoId": new["Id"],
                "OwnerId": new["OwnerId"],
                "Subject": "Call",
                "TaskSubtype": "Call",
                "Type": "Call",
                "Status": "Completed",
                "IsClosed": "true",
                "CompletedDateTime": moment,
                "CreatedDate": moment,
                "CreatedById": new["OwnerId"],
                "SystemModstamp": moment,
            }
        )
    for name, rows in (("Lead", people), ("LeadHistory", history), ("Task", tasks)):
        _write(extracts, name, night, rows)


def _id(prefix: str, night: date, number: int) -> str:
    """An id of 18 characters that no simulated record has."""
    return f"{prefix}Bn{night:%m%d}{number:06d}AAA"


def _write(extracts: Path, name: str, night: date, rows: Iterable[dict[str, Any]]) -> None:
    folder = extracts / "salesforce" / name / night.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "changes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS["salesforce", name], restval="")
        writer.writeheader()
        writer.writerows(rows)
