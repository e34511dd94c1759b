"""A pull brings what Salesforce holds, whatever happens on the way."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lead_handoff.catalogue import CATALOGUE
from lead_handoff.extracts import salesforce, salesforce_check
from lead_handoff.extracts.connection import Connection, from_environment
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import Patience
from lead_handoff.extracts.night_folder import ObjectFolder
from lead_handoff.extracts.pulling import Pace
from lead_handoff.landing.discovery import NightFolder, find_nights
from tests.simulators.salesforce import FAULTS, Organisation, serving
from tests.unit.extracts.folders import AWKWARD, SCHEDULES, everything_shown, rows_of

NIGHT = date(2026, 5, 2)
NOW = datetime(2026, 5, 2, tzinfo=UTC)
QUICK = Patience(attempts=12, first=0.0001, timeout=5, sleep=lambda _: None)
SMALL = Pace(page_rows=3, poll=0, restarts=3)


def record(name: str, number: int, changed: datetime, random: Random) -> dict[str, object]:
    """A record of every field that the catalogue knows and one custom field."""
    spec = CATALOGUE["salesforce"][name]
    row: dict[str, object] = {
        each.name: changed.isoformat().replace("+00:00", "Z")
        if each.kind == "timestamp"
        else random.choice(AWKWARD)
        for each in spec.columns
    }
    return row | {"Id": f"00Q{number:012d}", "Fit__c": random.choice(AWKWARD)}


def organisation(seed: int | None = None, rows: int = 10) -> Organisation:
    random = Random(seed)
    return Organisation(
        {
            name: [
                record(name, n, NOW - timedelta(hours=random.randint(1, 900)), random)
                for n in range(rows)
            ]
            for name in salesforce.objects()
        },
        now=NOW,
        seed=seed,
    )


def test_what_the_recycle_bin_and_the_history_forget_is_known_of_each_object() -> None:
    kept = {
        name: [(each.what, each.days) for each in salesforce.reader_of(None, name).kept]  # type: ignore[arg-type]
        for name in salesforce.objects()
    }
    assert kept["Lead"] == kept["Task"] == kept["Opportunity"] == [("deletions and merges", 15)]
    assert kept["LeadHistory"] == [("changes", 540)]
    assert kept["User"] == kept["LeadStatus"] == []


def connection(address: str, **changes: object) -> Connection:
    given = {"login": "consumer-key", "password": "s3cr3t-of-the-app", **changes}
    return Connection("salesforce_default", address, **given)  # type: ignore[arg-type]


def pulled(
    org: Organisation, root: Path, name: str, night: date = NIGHT, pace: Pace = SMALL
) -> Any:
    with serving(org) as address, salesforce.session(connection(address), QUICK) as session:
        return salesforce.pull(session, name, night, root, pace)


def truth(org: Organisation, name: str) -> list[dict[str, object]]:
    return sorted(org.records[name], key=lambda row: str(row["Id"]))


def by_id(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: str(row["Id"]))


@pytest.mark.parametrize("name", salesforce.objects())
def test_every_record_and_every_custom_field_comes_whole(name: str, tmp_path: Path) -> None:
    org = organisation()
    done = pulled(org, tmp_path, name)
    assert by_id(rows_of(done.folder)) == truth(org, name)
    (night,) = find_nights(str(tmp_path), "salesforce", NIGHT)
    assert isinstance(night, NightFolder)
    assert night.night == NIGHT


def test_pages_that_come_without_a_header_are_landable_too(tmp_path: Path) -> None:
    org = organisation()
    org.repeats_header = False
    done = pulled(org, tmp_path, "Lead")
    assert done.pages > 1
    assert by_id(rows_of(done.folder)) == truth(org, "Lead")


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_no_schedule_of_faults_loses_or_doubles_a_row(seed: int, tmp_path: Path) -> None:
    org = organisation(seed=seed, rows=Random(seed).randint(0, 14) or 1)
    org.repeats_header = seed % 2 == 0
    for name in ("Lead", "LeadHistory", "User"):
        with serving(org) as address, salesforce.session(connection(address), QUICK) as session:
            was_shown = False
            for _ in range(20):
                try:
                    done = salesforce.pull(session, name, NIGHT, tmp_path, SMALL)
                    break
                except ExtractError as error:
                    if error.name not in ("result_gone", "source_unreachable"):
                        raise
                    refused_folder = tmp_path / "salesforce" / name / NIGHT.isoformat()
                    was_shown |= refused_folder.exists()
        assert not was_shown
        assert by_id(rows_of(done.folder)) == truth(org, name)


def test_the_schedules_hold_every_fault() -> None:
    drawn = set()
    for seed in range(30):
        org = Organisation({}, seed=seed)
        drawn |= {org.fault("/jobs/query/1/results?locator=3") for _ in range(100)}
    assert drawn >= set(FAULTS)


def test_a_retry_goes_on_at_the_page_where_the_first_attempt_ended(tmp_path: Path) -> None:
    org = organisation()
    org.allowed_pages = 2
    with pytest.raises(ExtractError, match="request_refused"):
        pulled(org, tmp_path, "Lead")
    assert list(find_nights(str(tmp_path), "salesforce", NIGHT)) == []
    org.allowed_pages = None
    org.requests.clear()
    done = pulled(org, tmp_path, "Lead")
    fetched = [each for each in org.requests if "/results" in each]
    assert [each.partition("locator=")[2] for each in fetched] == ["6", "9"]
    assert not any(each.startswith("POST /services/data") for each in org.requests)
    assert by_id(rows_of(done.folder)) == truth(org, "Lead")


def test_the_next_night_reads_what_changed_since_with_an_overlap(tmp_path: Path) -> None:
    org = organisation()
    reach = NOW - SMALL.lag
    stamps = {
        "in the overlap": reach - timedelta(minutes=44),
        "before it": reach - timedelta(minutes=46),
        "at the end of the window": reach,
        "a second before it": reach - timedelta(seconds=1),
    }
    random = Random(1)
    extra = [record("Lead", 100 + n, at, random) for n, at in enumerate(stamps.values())]
    org.records["Lead"] += extra
    first = {row["Id"] for row in rows_of(pulled(org, tmp_path, "Lead").folder)}
    assert extra[2]["Id"] not in first
    assert {extra[0]["Id"], extra[1]["Id"], extra[3]["Id"]} <= first
    org.now = NOW + timedelta(days=1)
    done = pulled(org, tmp_path, "Lead", NIGHT + timedelta(days=1))
    assert {row["Id"] for row in rows_of(done.folder)} == {extra[n]["Id"] for n in (0, 2, 3)}
    assert pulled(org, tmp_path, "Lead", NIGHT + timedelta(days=1)) is None


def test_a_state_from_the_future_stops_the_pull_and_is_named(tmp_path: Path) -> None:
    org = organisation()
    pulled(org, tmp_path, "Lead")
    org.now = NOW - timedelta(hours=3)
    with pytest.raises(ExtractError, match=r"state_ahead: .*2026-05-02"):
        pulled(org, tmp_path, "Lead", NIGHT + timedelta(days=1))
    org.now = NOW
    (tmp_path / "salesforce/Lead/2026-05-02").rename(tmp_path / "salesforce/Lead/2099-01-01")
    with pytest.raises(ExtractError, match=r"state_ahead: .*2099-01-01"):
        pulled(org, tmp_path, "Lead", NIGHT + timedelta(days=1))


def test_a_night_to_come_is_not_pulled(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match=r"night_ahead: .*2026-05-01, and 2026-05-04"):
        pulled(organisation(), tmp_path, "Lead", NIGHT + timedelta(days=2))


def test_a_night_before_one_that_was_pulled_needs_nothing_more(tmp_path: Path) -> None:
    org = organisation()
    pulled(org, tmp_path, "Lead")
    assert pulled(org, tmp_path, "Lead", NIGHT - timedelta(days=5)) is None


def test_two_pulls_of_an_object_do_not_run_at_once(tmp_path: Path) -> None:
    with ObjectFolder(tmp_path / "salesforce" / "Lead").held():
        with pytest.raises(ExtractError, match="pull_running") as caught:
            pulled(organisation(), tmp_path, "Lead")
        assert caught.value.may_pass
        assert pulled(organisation(), tmp_path, "User").rows == 10


def test_the_years_before_a_first_pull_come_in_parts_and_are_told(tmp_path: Path) -> None:
    org = organisation()
    random = Random(4)
    org.records["Lead"] = [
        record("Lead", n, NOW - timedelta(days=70 * n + 1), random) for n in range(20)
    ]
    told: list[str] = []
    with serving(org) as address, salesforce.session(connection(address), QUICK) as session:
        done = salesforce.pull(session, "Lead", NIGHT, tmp_path, SMALL, told.append)
    assert done is not None
    assert by_id(rows_of(done.folder)) == truth(org, "Lead")
    assert len(org.jobs) == 8
    assert len(told) == 8
    assert told[0].startswith("changes from 2022-09-09 to 2023-03-08: 3 rows (part 1 of 8)")
    assert told[-1].endswith("(part 8 of 8)")
    jobs = [job[0] for job in org.jobs.values()]
    for earlier, later in pairwise(jobs):
        assert earlier.rpartition("< ")[2] == later.partition(">= ")[2].partition(" AND")[0]


def test_a_part_that_salesforce_cannot_bring_is_cut_in_halves(tmp_path: Path) -> None:
    org = organisation()
    org.longest = timedelta(days=10)
    done = pulled(org, tmp_path, "Lead")
    assert by_id(rows_of(done.folder)) == truth(org, "Lead")
    assert len(org.jobs) > 2


def test_delivered_files_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "salesforce/Lead" / NIGHT.isoformat()).mkdir(parents=True)
    with pytest.raises(ExtractError, match="folder_taken"):
        pulled(organisation(), tmp_path, "Lead")


def test_a_pull_stops_before_it_takes_the_requests_of_the_company(tmp_path: Path) -> None:
    org = organisation()
    org.usage = (801, 1000)
    with pytest.raises(ExtractError, match="quota_low"):
        pulled(org, tmp_path, "Lead")


def test_a_field_that_nothing_works_without_is_named(tmp_path: Path) -> None:
    org = organisation()
    org.hidden = {("Lead", "Status")}
    with pytest.raises(ExtractError, match=r"field_not_visible: Lead: .* Status"):
        pulled(org, tmp_path, "Lead")


@pytest.mark.parametrize("name", ["Lead", "User"])
def test_a_field_removed_between_nights_is_not_asked_for_again(name: str, tmp_path: Path) -> None:
    org = organisation()
    assert "Fit__c" in rows_of(pulled(org, tmp_path, name).folder)[0]
    org.hidden = {(name, "Fit__c")}
    org.now = NOW + timedelta(days=1)
    org.records[name] = [record(name, 77, NOW + timedelta(hours=1), Random(1))]
    (row,) = rows_of(pulled(org, tmp_path, name, NIGHT + timedelta(days=1)).folder)
    wanted = dict(org.records[name][0])
    del wanted["Fit__c"]
    assert row == wanted


@pytest.mark.parametrize("name", ["Lead", "User"])
def test_a_field_removed_while_it_is_pulled_is_named_and_left_out_by_a_new_attempt(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = organisation()
    plan = salesforce.Reader.plan

    def plan_and_remove(*given: Any) -> Any:
        planned = plan(*given)
        org.hidden = {(name, "Fit__c")}
        return planned

    monkeypatch.setattr(salesforce.Reader, "plan", plan_and_remove)
    with pytest.raises(ExtractError, match=r"field_not_visible: .*removed or hidden"):
        pulled(org, tmp_path, name)
    assert list(find_nights(str(tmp_path), "salesforce", NIGHT)) == []
    rows = rows_of(pulled(org, tmp_path, name).folder)
    assert len(rows) == len(truth(org, name))
    assert not any("Fit__c" in row for row in rows)


def test_values_of_another_type_than_yesterday_come_as_they_are(tmp_path: Path) -> None:
    org = organisation()
    drifted = [5, "5", 2.5, True, "true", None, "five"]
    for name in ("Lead", "User"):
        for row, value in zip(org.records[name], drifted, strict=False):
            row["Fit__c"] = value
    users = {row["Id"]: row["Fit__c"] for row in rows_of(pulled(org, tmp_path, "User").folder)}
    assert users == {row["Id"]: row["Fit__c"] for row in org.records["User"]}
    leads = {row["Id"]: row["Fit__c"] for row in rows_of(pulled(org, tmp_path, "Lead").folder)}
    assert [leads[row["Id"]] for row in org.records["Lead"][:7]] == [
        *("5", "5", "2.5", "true", "true", "", "five")
    ]


def test_a_signed_assertion_logs_in_without_a_shared_secret(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    org = organisation()
    org.public_key = key.public_key()
    extra = {"private_key": pem, "subject": "pull@example.com"}
    with (
        serving(org) as address,
        salesforce.session(connection(address, password="", extra=extra), QUICK) as session,
    ):
        assert salesforce.pull(session, "User", NIGHT, tmp_path, SMALL).rows == 10
    assert len(org.assertions) == 1


def test_a_token_is_not_sent_without_encryption_or_to_another_host() -> None:
    for host in ("http://example.com", "https://user:word@example.com", ""):
        with pytest.raises(ExtractError, match="unsafe_address"):
            _ = Connection("c", host).address
    with (
        serving(organisation()) as address,
        salesforce.session(connection(address), QUICK) as session,
        pytest.raises(ExtractError, match="bad_answer"),
    ):
        session.get("https://example.com/services/data")


def fail_by_wrong_secret(org: Organisation, address: str, root: Path) -> None:
    org.client_secret = "another"
    with salesforce.session(connection(address), QUICK) as session:
        session.login()


def fail_by_refusal(org: Organisation, address: str, root: Path) -> None:
    del org.records["Lead"]
    with salesforce.session(connection(address), QUICK) as session:
        salesforce.pull(session, "Lead", NIGHT, root, SMALL)


def fail_by_silence(org: Organisation, address: str, root: Path) -> None:
    with salesforce.session(connection(address), QUICK) as session:
        session.login()
        session._base = "http://127.0.0.1:9"
        salesforce.pull(session, "Lead", NIGHT, root, SMALL)


def fail_by_key(org: Organisation, address: str, root: Path) -> None:
    extra = {"private_key": "s3cr3t-of-the-app"}
    with salesforce.session(connection(address, extra=extra), QUICK) as session:
        session.login()


@pytest.mark.parametrize(
    "fail", [fail_by_wrong_secret, fail_by_refusal, fail_by_silence, fail_by_key]
)
def test_no_secret_shows_in_a_log_an_error_or_a_repr(
    fail: Callable[[Organisation, str, Path], None],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    org = organisation()
    with serving(org) as address:
        with pytest.raises(ExtractError) as caught:
            fail(org, address, tmp_path)
        with salesforce.session(connection(address), QUICK) as session:
            shown = repr(session) + repr(session.connection)
    shown = everything_shown(caught.value, tmp_path, shown, caplog.text)
    for secret in ["s3cr3t-of-the-app", "00D-token", *org.tokens]:
        assert secret not in shown


def test_the_command_pulls_every_object_and_names_the_one_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from lead_handoff import cli

    org = organisation()
    del org.records["Task"]
    monkeypatch.setenv("HANDOFF_EXTRACTS", str(tmp_path))
    with serving(org) as address:
        document = {"host": address, "login": "consumer-key", "password": org.client_secret}
        monkeypatch.setenv("AIRFLOW_CONN_SALESFORCE_DEFAULT", json.dumps(document))
        monkeypatch.setattr(salesforce, "Pace", lambda: SMALL)
        status = cli.main(["pull", "--date", "2026-05-02"])
    said = capfd.readouterr().out
    assert status == 1
    assert "Task: request_refused" in said
    assert org.client_secret not in said
    landed = {path.name for path in (tmp_path / "salesforce").iterdir() if list(path.glob("2*"))}
    assert landed == set(salesforce.objects()) - {"Task"}


def test_a_connection_reads_as_airflow_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ("https://acme.my.salesforce.com", "key", "p/w")
    for text in (
        '{"conn_type": "salesforce", "host": "acme.my.salesforce.com", "login": "key",'
        ' "password": "p/w", "extra": "{\\"subject\\": \\"a\\"}"}',
        "salesforce://key:p%2Fw@acme.my.salesforce.com?subject=a",
    ):
        monkeypatch.setenv("AIRFLOW_CONN_SALESFORCE_DEFAULT", text)
        made = from_environment("salesforce_default")
        assert (made.address, made.login, made.password) == wanted
        assert made.extra == {"subject": "a"}
    for text in ('{"password": "s3cr3t', "s3cr3t", '["s3cr3t"]'):
        monkeypatch.setenv("AIRFLOW_CONN_SALESFORCE_DEFAULT", text)
        with pytest.raises(ExtractError) as caught:
            from_environment("salesforce_default")
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert "s3cr3t" not in str(caught.value)


def test_the_check_names_what_an_administrator_has_to_do() -> None:
    org = organisation()
    org.hidden = {("Task", "IsClosed")}
    org.usage = (900, 1000)
    org.tracked = {("Lead", "Status"), ("Opportunity", "StageName"), ("Opportunity", "OwnerId")}
    with serving(org) as address, salesforce.session(connection(address), QUICK) as session:
        (problem,) = salesforce_check.problems_of(session)
        assert problem.startswith("Only 100 of the day's 1000 API requests")
        org.usage = (10, 1000)
        problems = salesforce_check.problems_of(session)
        assert len(problems) == 2
        assert "IsClosed" in problems[0]
        assert "history of OwnerId is not kept" in problems[1]
        org.hidden.clear()
        org.tracked.add(("Lead", "OwnerId"))
        assert salesforce_check.problems_of(session) == []
