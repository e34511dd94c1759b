"""A night that the DAG pulls has the raw rows and the marts of one that reads files."""

import csv
import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from lead_handoff import settings
from lead_handoff.extracts import salesforce
from tests.conftest import Warehouse, _fresh_warehouse
from tests.oracle.hubspot_histories import hubspot_alone
from tests.simulators import hubspot, marketo
from tests.simulators.hubspot_account import account_of
from tests.simulators.salesforce import Organisation, serving
from tests.warehouse.marts.nights import Marts, fingerprint
from tests.warehouse.marts.nights import Nights as BuiltNights

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
START = date(2026, 4, 10)
FIRST_DAYS = 21
NIGHT = START + timedelta(days=FIRST_DAYS)
MARKETO_SINCE = NIGHT - timedelta(days=29)
"""So that one job brings each object: a session waits before it makes a thirteenth call."""
SECRET = "s3cr3t-of-the-app"
MARKETO_SECRET = "s3cr3t-of-the-service"


@dataclass(frozen=True)
class Outcome:
    """How a night ended, and what it said."""

    status: int
    said: str


@dataclass(frozen=True)
class Nights:
    """A night of one company, loaded in two ways.

    Attributes:
        filed: what lands of files alone.
        filed_marts: what analysts read of it.
        refused: the night while Salesforce refused the login.
        landed_then: what had landed in that night all the same.
        again: the same night run again with the right secret.
        pulled: what has landed after it.
        pulled_marts: what analysts read after it.
        requests: what each source was asked in that last run.
    """

    filed: dict[str, Counter[str]]
    filed_marts: Marts
    refused: Outcome
    landed_then: set[str]
    again: Outcome
    pulled: dict[str, Counter[str]]
    pulled_marts: Marts
    requests: dict[str, list[str]]


def rows_of(folder: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for path in sorted(folder.iterdir()):
        opened = gzip.open if path.suffix == ".gz" else open
        if path.name == "manifest.json":
            continue
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            if ".jsonl" in path.name:
                rows += [json.loads(line) for line in file]
            else:
                rows += csv.DictReader(file)  # type: ignore[arg-type]
    return rows


def organisation_of(extracts: Path) -> Organisation:
    """A Salesforce that holds what the files hold."""
    folders = {path.name: path / NIGHT.isoformat() for path in (extracts / "salesforce").iterdir()}
    return Organisation(
        {name: rows_of(folder) for name, folder in folders.items()},
        # The files reach up to midnight, and a pull stays a few minutes behind the clock.
        now=datetime.combine(NIGHT, time(0, 10), UTC),
        rest_page=200,
        client_secret=SECRET,
    )


def subscription_of(extracts: Path) -> marketo.Subscription:
    """A Marketo that holds what the files hold, which are made to begin when it begins."""
    folders = [
        extracts / "marketo" / name / NIGHT.isoformat()
        for name in ("leads", "activities", "activity_types")
    ]
    leads, activities, types = map(rows_of, folders)
    leads = [row for row in leads if str(row["createdAt"]) >= MARKETO_SINCE.isoformat()]
    known = {row["id"] for row in leads}
    activities = [row for row in activities if row["leadId"] in known]
    for folder, rows in zip(folders, (leads, activities), strict=False):
        for path in folder.iterdir():
            path.unlink()
        with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    for row in activities:
        row["activityTypeId"] = int(str(row["activityTypeId"]))
    return marketo.Subscription(
        leads,
        activities,
        types={int(str(row["id"])): str(row["name"]) for row in types},
        now=datetime.combine(NIGHT, time(0, 15), UTC),
        client_secret=MARKETO_SECRET,
    )


def hubspot_of(files: Path) -> hubspot.Account:
    """A HubSpot with a company of its own, of which the files hold the same rows."""
    account, rows = account_of(hubspot_alone(5, 25), datetime.combine(NIGHT, time(0), UTC))
    for name, found in rows.items():
        folder = files / "hubspot" / name / NIGHT.isoformat()
        folder.mkdir(parents=True)
        text = "".join(json.dumps(row) + "\n" for row in found)
        (folder / "rows.jsonl").write_text(text, encoding="utf-8")
    account.now = datetime.combine(NIGHT, time(0, 15), UTC)
    return account


def run_night(environment: dict[str, str], **more: str) -> Outcome:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "lead_handoff.cli", "nightly", "--date", str(NIGHT)],
        env=environment | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=400,
        check=False,
    )
    return Outcome(ended.returncode, ended.stdout)


def raw_rows(url: str) -> dict[str, Counter[str]]:
    """Every version of every row that landed, as text, but for the number of its load."""
    found = {}
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select table_schema, table_name, array_agg(column_name::text order by column_name)"
            " from information_schema.columns where table_schema in"
            " ('raw_salesforce', 'raw_marketo', 'raw_hubspot') and column_name <> '_load_id'"
            " group by 1, 2"
        ).fetchall()
        for schema, name, columns in tables:
            query = sql.SQL("select row({})::text from {}").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(schema, name)
            )
            rows = connection.execute(query).fetchall()
            found[f"{schema}.{name}"] = Counter(row for (row,) in rows)
    return found


@pytest.fixture(scope="module")
def filed_warehouse(module_warehouse: Warehouse, warehouse_template: str) -> Iterator[Warehouse]:
    """A second one, for the files; settings name it, where subprocesses are told the other."""
    with pytest.MonkeyPatch.context() as patched:
        yield from _fresh_warehouse(module_warehouse.server, warehouse_template, patched)


@pytest.fixture(scope="module")
def nights(
    module_warehouse: Warehouse,
    filed_warehouse: Warehouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Nights]:
    home = tmp_path_factory.mktemp("company")
    path = [str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    subprocess.run(
        [
            *(sys.executable, "-m", "lead_handoff.simulate", "--leads", "60", "--seed", "1"),
            *("--out", str(home / "files"), "--truth", str(home / "truth.jsonl"), "--clean"),
            *("--start", START.isoformat(), "--first-days", str(FIRST_DAYS), "--nights", "0"),
        ],
        env=environment,
        check=True,
        capture_output=True,
    )
    account, org = hubspot_of(home / "files"), organisation_of(home / "files")
    subscription = subscription_of(home / "files")
    from_files = BuiltNights(filed_warehouse, home / "files")
    from_files.run(NIGHT)

    pulling = environment | {
        "HANDOFF_WAREHOUSE_DATABASE": module_warehouse.database,
        "HANDOFF_EXTRACTS": str(home / "pulled"),
    }
    with (
        serving(org) as address,
        marketo.serving(subscription) as marketo_address,
        hubspot.serving(account) as hubspot_address,
    ):
        of_salesforce = {
            "conn_type": "salesforce",
            "host": address,
            "login": org.client_id,
            "password": "another-secret",
            "extra": {"leave_out": sorted(set(salesforce.objects()) - set(org.records))},
        }
        of_marketo = {
            "conn_type": "http",
            "host": marketo_address,
            "login": subscription.client_id,
            "password": MARKETO_SECRET,
            "extra": {"since": MARKETO_SINCE.isoformat(), "poll_seconds": 0.2},
        }
        of_hubspot = {
            "conn_type": "http",
            "host": hubspot_address,
            "password": account.token,
            "extra": {"history_of_contacts": ["rejection_reason"]},
        }
        pulling["AIRFLOW_CONN_MARKETO_DEFAULT"] = json.dumps(of_marketo)
        refused = run_night(pulling, AIRFLOW_CONN_SALESFORCE_DEFAULT=json.dumps(of_salesforce))
        with psycopg.connect(module_warehouse.url()) as connection:
            landed = connection.execute("select distinct source from ops.loads").fetchall()
        requests = {
            "salesforce": org.requests,
            "marketo": subscription.requests,
            "hubspot": account.requests,
        }
        org.requests.clear()
        again = run_night(
            pulling,
            AIRFLOW_CONN_SALESFORCE_DEFAULT=json.dumps(of_salesforce | {"password": SECRET}),
            AIRFLOW_CONN_HUBSPOT_DEFAULT=json.dumps(of_hubspot),
        )
    return Nights(
        raw_rows(from_files.warehouse.url("owner")),
        from_files.marts(),
        refused,
        {source for (source,) in landed},
        again,
        raw_rows(module_warehouse.url()),
        BuiltNights(module_warehouse, home / "pulled").marts(),
        requests,
    )


def test_a_source_that_refuses_is_named_and_the_other_one_lands(nights: Nights) -> None:
    assert nights.refused.status == 1
    assert "login_refused: salesforce_default" in nights.refused.said
    assert "salesforce.Lead: the task that pulls it failed" in nights.refused.said
    assert nights.landed_then == {"marketo"}


def test_the_same_night_run_again_pulls_and_is_published(nights: Nights) -> None:
    assert nights.again.status == 0, nights.again.said[-4000:]
    assert "pull salesforce.Lead" in nights.again.said
    assert any("/jobs/query" in request for request in nights.requests["salesforce"])
    assert any("/leads/export/" in request for request in nights.requests["marketo"])
    assert any("/contacts/search" in request for request in nights.requests["hubspot"])


def test_what_landed_is_what_lands_of_the_same_company_from_files(nights: Nights) -> None:
    assert nights.filed["raw_salesforce.lead"].total() > 30
    assert nights.filed["raw_salesforce.lead_history"].total() > 30
    assert nights.filed["raw_hubspot.contact_property_history"].total() > 30
    assert all(nights.filed[f"raw_hubspot.{name}"] for name in ("contacts", "deals", "owners"))
    assert nights.filed.keys() == nights.pulled.keys()
    differing = {
        table: [sorted(rows - nights.pulled[table])[:2], sorted(nights.pulled[table] - rows)[:2]]
        for table, rows in nights.filed.items()
        if rows != nights.pulled[table]
    }
    assert differing == {}


def test_the_marts_are_those_of_the_same_company_from_files(nights: Nights) -> None:
    leads = {row["lead_id"]: row for row in nights.filed_marts["dim_leads"]}
    moved = [leads[row["lead_id"]] for row in nights.filed_marts["fct_stage_transitions"]]
    for of in ("salesforce_lead_id", "marketo_lead_id", "hubspot_contact_id"):
        assert len({lead[of] for lead in moved} - {None}) > 10, of
    assert len(nights.filed_marts["fct_handoffs"]) > 5
    assert nights.filed_marts.keys() == nights.pulled_marts.keys()
    assert fingerprint(nights.pulled_marts) == fingerprint(nights.filed_marts)


def test_no_secret_is_said(nights: Nights) -> None:
    for said in (nights.refused.said, nights.again.said):
        assert SECRET not in said
        assert MARKETO_SECRET not in said
        assert "another-secret" not in said
    for log in (settings.home() / "logs").glob("cli-*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        assert SECRET not in text
        assert MARKETO_SECRET not in text
        assert "00D-token" not in text
