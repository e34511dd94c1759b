"""A pull streams: its memory does not grow with the table."""

import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.simulators import hubspot, marketo, salesforce

ROOT = Path(__file__).resolve().parents[3]
LIMIT_MB = 100
ROWS = 10_000
WIDE = "x" * 11_000
STAMP = "2026-04-30T12:00:00Z"

CHILD = """
import json, re, sys
from datetime import date
from pathlib import Path
from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.connectors import CONNECTORS
from lead_handoff.extracts.http import Patience

source, name, root, address, login, password = sys.argv[1:]
connection = Connection(f"{source}_default", address, login, password, {"since": "2026-04-29"})
connector = CONNECTORS[source]
with connector.session(connection, Patience(sleep=lambda _: None)) as session:
    pulled = connector.pull(session, name, date(2026, 5, 2), Path(root))
# Not getrusage: that one begins with the memory of the process that started this one.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"rows": pulled.rows, "peak_mb": peak}))
"""


class ManyRows:
    """The same row many times, without a list of them; only its key differs."""

    def __init__(self, row: dict[str, object], key: str) -> None:
        self.row, self.key = row, key

    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(ROWS))]
        if at >= ROWS:
            raise IndexError
        return self.row | {self.key: f"{at:018d}"}


def a_large_salesforce() -> tuple[AbstractContextManager[str], str, str, str]:
    row = {"Id": "", "Status": "New", "CreatedDate": STAMP, "SystemModstamp": STAMP, "W__c": WIDE}
    org = salesforce.Organisation({"Lead": ManyRows(row, "Id")})  # type: ignore[dict-item]
    org.select = lambda soql: (list(row), org.records["Lead"])  # type: ignore[method-assign]
    return salesforce.serving(org), "Lead", org.client_id, org.client_secret


def a_large_marketo() -> tuple[AbstractContextManager[str], str, str, str]:
    row = {"id": "", "leadStatus": "New", "createdAt": STAMP, "updatedAt": STAMP, "wide": WIDE}
    rows = ManyRows(row, "id")
    world = marketo.Subscription(rows, [], now=datetime(2026, 5, 2, tzinfo=UTC))  # type: ignore[arg-type]
    return marketo.serving(world), "leads", world.client_id, world.client_secret


class WideContacts(hubspot.Account):
    """An account whose contacts are made when they are asked for; more than a search can show."""

    def found(self, first: int, rows: int) -> list[dict[str, Any]]:
        return [self.records["contacts"][0] | {"id": str(n)} for n in range(first, first + rows)]


class WideHandler(hubspot.Handler):
    """Answers as the account would, without a list of its contacts."""

    world: WideContacts

    def search(self, name: str, body: dict[str, Any]) -> None:
        (after,) = [
            int(each["value"])
            for each in body["filterGroups"][0]["filters"]
            if each["propertyName"] == "hs_object_id"
        ]
        rows = min(body["limit"], ROWS - after)
        page = [self.shown(each, {}) for each in self.world.found(after + 1, rows)]
        self.send_json({"total": ROWS - after, "results": page})

    def batch(self, name: str, body: dict[str, Any], archived: bool) -> None:
        found = [self.world.found(int(each["id"]), 1)[0] for each in body["inputs"]]
        self.send_json({"results": [self.shown(each, body) for each in found]})


def a_large_hubspot() -> tuple[AbstractContextManager[str], str, str, str]:
    names = ("lifecyclestage", "hs_lead_status", "hubspot_owner_id", "createdate")
    row = {
        "id": "1",
        "createdAt": STAMP,
        "updatedAt": STAMP,
        "archived": False,
        "properties": dict.fromkeys(names, STAMP) | {"own_wide": WIDE},
    }
    world = WideContacts({"contacts": [row]}, now=datetime(2026, 5, 2, tzinfo=UTC))
    return hubspot.faulty.serving(world, WideHandler), "contacts", "", world.token


@pytest.mark.slow
@pytest.mark.parametrize("large", [a_large_salesforce, a_large_marketo, a_large_hubspot])
def test_the_memory_of_a_pull_stays_small_however_large_the_table(
    large: Any, tmp_path: Path
) -> None:
    serving, name, login, secret = large()
    source = large.__name__.rpartition("_")[2]
    with serving as address:
        ended = subprocess.run(
            [sys.executable, "-c", CHILD, source, name, str(tmp_path), address, login, secret],
            env=os.environ | {"PYTHONPATH": str(ROOT / "plugins")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr[-2000:]
    found = json.loads(ended.stdout)
    size = sum(path.stat().st_size for path in tmp_path.rglob("page-*"))
    assert found["rows"] == ROWS
    assert size > LIMIT_MB * 2**20  # otherwise the limit would say nothing
    assert found["peak_mb"] < LIMIT_MB
