"""A night that the DAG pulls is told from the same rows as one that reads files.

Raw rows are compared and not marts: marts are a function of them, as tests/warehouse/marts shows,
and a second night would take as long as all else here.
"""

import csv
import gzip
import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lead_handoff import settings
from lead_handoff.landing import land_source
from lead_handoff.local import provision
from tests.oracle.hubspot_histories import hubspot_alone
from tests.simulators import hubspot
from tests.simulators.hubspot_account import account_of
from tests.simulators.salesforce import Organisation, serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
START = date(2026, 3, 20)
FIRST_DAYS = 42
NIGHT = START + timedelta(days=FIRST_DAYS)
SECRET = "s3cr3t-of-the-app"


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
        refused: the night while Salesforce refused the login.
        landed_then: what had landed in that night all the same.
        again: the same night run again with the right secret.
        pulled: what has landed after it.
        url: the warehouse of the pulled night.
        requests: what Salesforce was asked in that last run.
    """

    filed: dict[str, Counter[str]]
    refused: Outcome
    landed_then: set[str]
    again: Outcome
    pulled: dict[str, Counter[str]]
    url: str
    requests: list[str]
    hubspot_requests: list[str]


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


def published(url: str, mart: str) -> int:
    """How many rows readers see."""
    with psycopg.connect(url) as connection:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier("marts", mart))
        (count,) = connection.execute(query).fetchone() or (0,)
    return int(count)


@pytest.fixture(scope="module")
def nights(
    module_warehouse: Any, warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nights]:
    home = tmp_path_factory.mktemp("company")
    path = [str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    subprocess.run(
        [
            *(sys.executable, "-m", "lead_handoff.simulate", "--leads", "60", "--seed", "5"),
            *("--out", str(home / "files"), "--truth", str(home / "truth.jsonl"), "--clean"),
            *("--start", START.isoformat(), "--first-days", str(FIRST_DAYS), "--nights", "0"),
        ],
        env=environment,
        check=True,
        capture_output=True,
    )
    account = hubspot_of(home / "files")
    for source in ("salesforce", "marketo", "hubspot"):
        land_source(
            source,
            NIGHT,
            extracts_root=str(home / "files"),
            warehouse_url=module_warehouse.url("loader"),
            fence=0,
            agreement_dir=settings.agreement_dir(),
            progress=lambda line: None,
        )

    server, database = module_warehouse.server, f"test_{uuid.uuid4().hex[:12]}"
    owner = settings.WAREHOUSE_ROLES["owner"]
    provision.ensure_database(server, database, owner, warehouse_template)
    copytree(home / "files" / "marketo", home / "pulled" / "marketo")
    org = organisation_of(home / "files")
    with serving(org) as address, hubspot.serving(account) as hubspot_address:
        known = set(org.records)
        document = {
            "conn_type": "salesforce",
            "host": address,
            "login": org.client_id,
            "password": "another-secret",
            "extra": {"leave_out": sorted(set(objects()) - known)},
        }
        pulling = environment | {
            "HANDOFF_WAREHOUSE_DATABASE": database,
            "HANDOFF_EXTRACTS": str(home / "pulled"),
        }
        refused = run_night(pulling, AIRFLOW_CONN_SALESFORCE_DEFAULT=json.dumps(document))
        url = server.url(owner, database)
        with psycopg.connect(url) as connection:
            landed = connection.execute("select distinct source from ops.loads").fetchall()
        document["password"] = SECRET
        org.requests.clear()
        other = {
            "conn_type": "http",
            "host": hubspot_address,
            "password": account.token,
            "extra": {"history_of_contacts": ["rejection_reason"]},
        }
        again = run_night(
            pulling,
            AIRFLOW_CONN_SALESFORCE_DEFAULT=json.dumps(document),
            AIRFLOW_CONN_HUBSPOT_DEFAULT=json.dumps(other),
        )
    yield Nights(
        raw_rows(module_warehouse.url("owner")),
        refused,
        {source for (source,) in landed},
        again,
        raw_rows(url),
        url,
        org.requests,
        account.requests,
    )
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
        )


def objects() -> list[str]:
    from lead_handoff.extracts import salesforce

    return salesforce.objects()


def test_a_source_that_refuses_is_named_and_the_other_one_lands(nights: Nights) -> None:
    assert nights.refused.status == 1
    assert "login_refused: salesforce_default" in nights.refused.said
    assert "salesforce.Lead: the task that pulls it failed" in nights.refused.said
    assert nights.landed_then == {"marketo"}


def test_the_same_night_run_again_pulls_and_is_published(nights: Nights) -> None:
    assert nights.again.status == 0, nights.again.said[-4000:]
    assert "pull salesforce.Lead" in nights.again.said
    assert any("/jobs/query" in request for request in nights.requests)
    assert any("/contacts/search" in request for request in nights.hubspot_requests)


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


def test_the_marts_are_told_from_it(nights: Nights) -> None:
    assert published(nights.url, "dim_leads") > 30
    assert published(nights.url, "fct_handoffs") > 5
    with psycopg.connect(nights.url) as connection:
        (from_hubspot,) = connection.execute(
            "select count(distinct lead_id) from marts.fct_stage_transitions"
            " inner join marts.dim_leads using (lead_id) where hubspot_contact_id is not null"
        ).fetchone() or (0,)
    assert from_hubspot > 10


def test_no_secret_is_said(nights: Nights) -> None:
    for said in (nights.refused.said, nights.again.said):
        assert SECRET not in said
        assert "another-secret" not in said
    for log in (settings.home() / "logs").glob("cli-*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        assert SECRET not in text
        assert "00D-token" not in text
