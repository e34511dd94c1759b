"""A simulated HubSpot that holds a random company, and the same company as rows of files."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import Any

from lead_handoff.catalogue import CATALOGUE
from lead_handoff.extracts.hubspot import HISTORIES, OF_RECORD, entry_of
from tests.oracle.company import Landed
from tests.simulators.hubspot import ENGAGEMENTS, Account

Rows = dict[str, list[dict[str, Any]]]


def account_of(landed: list[Landed], midnight: datetime) -> tuple[Account, Rows]:
    """What HubSpot holds at a midnight: the newest version of each record, and all of its history.

    HubSpot tells nobody that a meeting was archived, so none is.
    """
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in sorted((_dated(one) for one in landed), key=lambda dated: dated[0]):
        at, name, values = row
        if at < midnight and not (name == "meetings" and values.get("archivedAt")):
            found[name][values["id"]] = values
    account = Account(
        {name: [] for name in ("contacts", "deals", *ENGAGEMENTS)},
        own={"decision_makers", "budget", "engagement", "rejection_reason"},
        list_page=20,
        now=midnight,
    )
    rows: Rows = {"owners": [_owner(each) for each in found["owners"].values()]}
    account.owners = rows["owners"]
    for name in account.records:
        _fill(account, rows, name, list(found[name].values()))
    for history, (name, of) in HISTORIES.items():
        records = {each["id"]: each for each in account.records[name]}
        rows[history] = []
        for entry in found[history].values():
            told = {k: v or None for k, v in entry.items() if k not in ("id", of, "property")}
            record = records.get(entry[of])
            if record is not None:
                record["history"].setdefault(entry["property"], []).append(told)
                rows[history].append(entry_of(entry[of], of, entry["property"], told))
    return account, rows


def _dated(one: Landed) -> tuple[datetime, str, dict[str, Any]]:
    row = dict(one.row)
    stamp = row.get("timestamp") or row.get("archivedAt") or row["updatedAt"]
    return datetime.fromisoformat(stamp), one.object, row


def _owner(row: dict[str, Any]) -> dict[str, Any]:
    names = [column.name for column in CATALOGUE["hubspot"]["owners"].columns]
    return {name: row.get(name) or None for name in names} | {"archived": row["archived"] == "true"}


def _fill(account: Account, rows: Rows, name: str, found: list[dict[str, Any]]) -> None:
    """Records of one object, and their rows; every record has all properties."""
    modified = "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"
    catalogue = [column.name for column in CATALOGUE["hubspot"][name].columns]
    names = [each for each in catalogue if each not in (*OF_RECORD, "contact_ids", modified)]
    names += sorted({each for row in found for each in row} & account.own)
    rows[name] = []
    for row in found:
        properties = {each: row.get(each) or None for each in names} | {modified: row["updatedAt"]}
        of_record = {each: row.get(each) or None for each in OF_RECORD}
        of_record["archived"] = row["archived"] == "true"
        account.records[name].append(of_record | {"properties": properties, "history": {}})
        flat = of_record | properties
        if "contact_ids" in catalogue:
            contacts = sorted(json.loads(row["contact_ids"]), key=int)
            account.contacts_of[name, row["id"]] = contacts
            flat["contact_ids"] = contacts
        rows[name].append(flat)
