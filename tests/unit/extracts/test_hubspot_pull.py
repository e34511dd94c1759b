"""A pull brings what HubSpot holds, whatever happens on the way."""

import json
import logging
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lead_handoff.catalogue import CATALOGUE
from lead_handoff.extracts import hubspot, hubspot_check
from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import Patience
from lead_handoff.extracts.hubspot_session import INTERVAL
from lead_handoff.extracts.pulling import Pace
from tests.simulators.hubspot import ENGAGEMENTS, FAULTS, Account, Handler, serving
from tests.unit.extracts.folders import AWKWARD, SCHEDULES, everything_shown, rows_of

NIGHT = date(2026, 5, 2)
NOW = datetime(2026, 5, 2, tzinfo=UTC)
QUICK = Patience(attempts=12, first=0.0001, timeout=5, sleep=lambda _: None)
SMALL = Pace(page_rows=3, restarts=3)
# HubSpot writes every value as text; a number, and a date in milliseconds, come from elsewhere.
STRANGE = [*AWKWARD, None, 7, "7", 2.5, True, 1_777_000_000_000, "1777000000000"]
RECORDED = ("contacts", "deals", *ENGAGEMENTS)


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moments(at: datetime) -> list[object]:
    """A moment as HubSpot writes it, and in milliseconds as number and text."""
    milliseconds = int(at.timestamp() * 1000)
    return [stamp(at), milliseconds, str(milliseconds)]


def record(
    name: str, number: int, changed: datetime, random: Random, archived: bool = False
) -> dict[str, Any]:
    """A record of every property that the catalogue knows and one of the company's own."""
    spec = CATALOGUE["hubspot"][name]
    modified = "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"
    own = {"id", "createdAt", "updatedAt", "archived", "archivedAt", "contact_ids"}
    properties: dict[str, Any] = {
        each.name: random.choice(moments(changed) if each.kind == "timestamp" else STRANGE)
        for each in spec.columns
        if each.name not in own
    }
    properties |= {modified: stamp(changed), "own_fit": random.choice(STRANGE), "hs_x": "1"}
    kept = hubspot.KEPT.get(name, ())
    return {
        "id": str(number),
        "createdAt": stamp(changed - timedelta(days=1)),
        "updatedAt": stamp(changed),
        "archived": archived,
        "archivedAt": random.choice(moments(changed)) if archived else None,
        "properties": properties,
        "history": {
            each: [
                {
                    "value": random.choice(STRANGE),
                    "timestamp": stamp(changed - timedelta(seconds=nth)),
                    "sourceType": random.choice(["CRM_UI", "AUTOMATION_PLATFORM"]),
                    "sourceId": f"userId:{nth}",
                    "updatedByUserId": nth,
                }
                for nth in range(random.randint(0, 4))
            ]
            for each in kept
        },
    }


def account(seed: int | None = None, rows: int = 10, archived: int = 3) -> Account:
    random = Random(seed)
    made: dict[str, list[dict[str, Any]]] = {}
    contacts_of: dict[tuple[str, str], list[str]] = {}
    for name in RECORDED:
        # Ids of several lengths: in the order of text they would come otherwise.
        ids = random.sample(range(1, 2000), rows + archived)
        made[name] = [
            record(name, n, NOW - timedelta(hours=random.randint(1, 900)), random, at >= rows)
            for at, n in enumerate(ids)
        ]
        for n in ids:
            contacts_of[name, str(n)] = [str(7 + c) for c in range(random.randint(0, 5))]
    owners = [
        {"id": str(n), "email": "x@example.com", "firstName": "A", "lastName": "B", "userId": n,
         "type": "PERSON", "teams": [{"id": "1"}], "createdAt": stamp(NOW),
         "updatedAt": stamp(NOW), "archived": n % 3 == 0}
        for n in range(rows)
    ]  # fmt: skip
    return Account(made, owners, contacts_of, now=NOW, seed=seed)


def connection(address: str, oauth: bool = False, **extra: Any) -> Connection:
    if oauth:
        given = {"refresh_token": "s3cr3t-refresh", **extra}
        return Connection("hubspot_default", address, "client", "s3cr3t-of-the-app", given)
    return Connection("hubspot_default", address, "", "pat-eu1-s3cr3t", extra)


def pulled(
    world: Account, root: Path, name: str, night: date = NIGHT, pace: Pace = SMALL, **extra: Any
) -> Any:
    with serving(world) as address, hubspot.session(connection(address, **extra), QUICK) as session:
        return hubspot.pull(session, name, night, root, pace)


def truth(world: Account, name: str) -> list[dict[str, Any]]:
    """What a first night must hold of an object, by id."""
    spec = CATALOGUE["hubspot"][name]
    names = [each.name for each in spec.columns]
    if name == "owners":
        rows = [{n: each.get(n) for n in names} for each in world.owners]
    elif name in hubspot.HISTORIES:
        of, column = hubspot.HISTORIES[name]
        rows = [
            hubspot.entry_of(each["id"], column, kept, entry)
            for each in world.records[of]
            for kept, entries in each["history"].items()
            for entry in entries
        ]
    else:
        rows = []
        for each in world.records[name]:
            row = {n: each["properties"].get(n) for n in [*names, "own_fit"]}
            row |= {n: each[n] for n in hubspot.OF_RECORD}
            if "contact_ids" in row:
                row["contact_ids"] = world.contacts_of[name, each["id"]]
            rows.append(row)
    return by_id(rows)


def by_id(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["id"]))


@pytest.mark.parametrize("name", hubspot.objects())
def test_every_record_and_every_property_of_the_company_comes_whole(
    name: str, tmp_path: Path
) -> None:
    world = account()
    world.list_page = 2
    done = pulled(world, tmp_path, name)
    found = by_id(rows_of(done.folder))
    assert found == truth(world, name)
    assert found
    if name in hubspot.HISTORIES:
        assert len({row["id"] for row in found}) == len(found)


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_no_schedule_of_faults_loses_or_doubles_a_row(seed: int, tmp_path: Path) -> None:
    world = account(seed, rows=Random(seed).randint(1, 9), archived=seed % 4)
    world.list_page = 2
    for name in ("contacts", "contact_property_history", "calls", "owners"):
        was_shown = False
        for _ in range(20):
            try:
                done = pulled(world, tmp_path, name, oauth=seed % 2 == 0)
                break
            except ExtractError as error:
                if error.name != "source_unreachable":
                    raise
                was_shown |= (tmp_path / "hubspot" / name / NIGHT.isoformat()).exists()
        assert not was_shown
        assert by_id(rows_of(done.folder)) == truth(world, name)


def test_the_schedules_hold_every_fault() -> None:
    drawn = set()
    for seed in range(30):
        world = Account({}, seed=seed)
        drawn |= {world.faults.draw() for _ in range(100)}
    assert drawn >= set(FAULTS)


def test_more_records_than_a_search_can_show_come_all_the_same(tmp_path: Path) -> None:
    world = account(rows=40, archived=0)
    world.searchable = 7
    done = pulled(world, tmp_path, "contacts")
    assert by_id(rows_of(done.folder)) == truth(world, "contacts")


def test_a_batch_is_never_larger_than_allowed(tmp_path: Path) -> None:
    world = account(rows=230, archived=0)
    pulled(world, tmp_path, "contacts", pace=hubspot.PACE)
    assert world.most_asked == 100
    world.most_asked = 0
    pulled(world, tmp_path, "contact_property_history", pace=hubspot.PACE)
    assert world.most_asked == 50


def test_a_retry_goes_on_at_the_page_where_the_first_attempt_ended(tmp_path: Path) -> None:
    world = account(rows=10, archived=0)
    world.allowed_batches = 2
    with pytest.raises(ExtractError, match="request_refused"):
        pulled(world, tmp_path, "calls")
    assert not (tmp_path / "hubspot/calls" / NIGHT.isoformat()).exists()
    world.allowed_batches = None
    world.requests.clear()
    done = pulled(world, tmp_path, "calls")
    assert by_id(rows_of(done.folder)) == truth(world, "calls")
    assert sum("/batch/read" in each and "objects" in each for each in world.requests) == 2


def test_a_record_that_changes_while_others_are_read_loses_none_of_them(tmp_path: Path) -> None:
    world = account(rows=10, archived=0)
    ordered = sorted(world.records["contacts"], key=lambda each: int(each["id"]))
    world.allowed_batches = 1
    with pytest.raises(ExtractError):
        pulled(world, tmp_path, "contacts")
    # Were the search paged, the page after this one would begin a record too late.
    ordered[0]["properties"]["lastmodifieddate"] = stamp(NOW)
    world.allowed_batches = None
    done = pulled(world, tmp_path, "contacts")
    assert {row["id"] for row in rows_of(done.folder)} == {each["id"] for each in ordered}


def test_a_record_deleted_for_good_between_search_and_read_is_left_out(tmp_path: Path) -> None:
    world = account(rows=5, archived=0)
    with serving(world) as address, hubspot.session(connection(address), QUICK) as session:
        reader = hubspot.reader_of(session, "contacts")
        gone = world.records["contacts"].pop()["id"]
        ids = [each["id"] for each in world.records["contacts"]]
        rows = list(reader.rows([*ids, gone], {"properties": ["email"]}, False))
    assert sorted(row["id"] for row in rows) == sorted(ids)


@pytest.mark.parametrize(
    ("lacking", "category"), [("results", ""), ("errors", ""), ("errors", "SOMETHING_ELSE")]
)
def test_a_record_whose_associations_were_left_out_is_not_taken_for_one_without(
    lacking: str, category: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, send_json = account(rows=3, archived=0), Handler.send_json
    with_contacts, without = [each["id"] for each in world.records["calls"]][:2]
    world.contacts_of = {("calls", with_contacts): ["8", "9"]}
    done = pulled(world, tmp_path / "complete", "calls")
    found = {row["id"]: row["contact_ids"] for row in rows_of(done.folder)}
    assert (found[with_contacts], found[without]) == (["8", "9"], [])

    left_out = with_contacts if lacking == "results" else without
    other = {"category": category, "context": {"fromObjectId": [left_out]}}

    def incomplete(self: Handler, document: Any, status: int = 200, **headers: str) -> None:
        if "/associations/" in self.path:
            kept = [each for each in document[lacking] if left_out not in json.dumps(each)]
            document |= {lacking: [*kept, other] if category else kept}
        send_json(self, document, status, **headers)

    monkeypatch.setattr(Handler, "send_json", incomplete)
    with pytest.raises(ExtractError, match="associations that lack records") as caught:
        pulled(world, tmp_path / "incomplete", "calls")
    assert caught.value.may_pass
    assert not list((tmp_path / "incomplete/hubspot/calls").glob("2*"))


def test_the_next_night_reads_what_changed_or_was_archived_since(tmp_path: Path) -> None:
    world = account(rows=4, archived=2)
    pulled(world, tmp_path, "contacts")
    random, reach = Random(1), NOW - SMALL.lag
    stamps = {9001: reach - timedelta(minutes=44), 9002: reach - timedelta(minutes=46), 9003: reach}
    world.records["contacts"] += [record("contacts", n, at, random) for n, at in stamps.items()]
    archived = record("contacts", 9004, reach + timedelta(hours=1), random, archived=True)
    world.records["contacts"].append(archived)
    world.now = NOW + timedelta(days=1)
    done = pulled(world, tmp_path, "contacts", NIGHT + timedelta(days=1))
    found = {row["id"]: row["archived"] for row in rows_of(done.folder)}
    assert found == {"9001": False, "9003": False, "9004": True}
    assert pulled(world, tmp_path, "contacts", NIGHT + timedelta(days=1)) is None


def test_values_of_another_type_than_yesterday_come_as_they_are(tmp_path: Path) -> None:
    world = account(rows=len(STRANGE), archived=0)
    for each, value in zip(world.records["contacts"], STRANGE, strict=True):
        each["properties"]["hubspotscore"] = value
    rows = {row["id"]: row for row in rows_of(pulled(world, tmp_path, "contacts").folder)}
    scores = [rows[each["id"]]["hubspotscore"] for each in world.records["contacts"]]
    assert [(type(each), each) for each in scores] == [(type(each), each) for each in STRANGE]


def test_when_a_record_was_archived_may_be_told_in_another_form_or_not_at_all(
    tmp_path: Path,
) -> None:
    world = account(rows=1, archived=0)
    pulled(world, tmp_path, "contacts")
    reach, random = NOW - SMALL.lag, Random(1)
    before, inside = reach - timedelta(minutes=46), reach + timedelta(hours=1)
    unclear = [None, "", "soon", "9" * 40, "2026-05-01T00:00:00"]
    world.records["contacts"] = [
        record("contacts", 101 + n, before, random, archived=True) | {"archivedAt": at}
        for n, at in enumerate([*moments(before), *moments(inside), *unclear])
    ]
    world.now = NOW + timedelta(days=1)
    done = pulled(world, tmp_path, "contacts", NIGHT + timedelta(days=1))
    assert by_id(rows_of(done.folder)) == truth(world, "contacts")[3:]


@pytest.mark.parametrize("name", hubspot.HISTORIES)
def test_what_changed_before_a_record_was_archived_is_in_its_history(
    name: str, tmp_path: Path
) -> None:
    of, column = hubspot.HISTORIES[name]
    kept = hubspot.KEPT[of][0]
    world = account(rows=2, archived=0)
    pulled(world, tmp_path, name)
    changed, gone = world.records[of]
    for each, hour in ((changed, 3), (gone, 4)):
        at = stamp(NOW + timedelta(hours=hour))
        entry = {"value": "last", "timestamp": at, "sourceType": "CRM_UI", "sourceId": "userId:1"}
        each["history"][kept].insert(0, entry)
        modified = "lastmodifieddate" if of == "contacts" else "hs_lastmodifieddate"
        each["properties"][modified] = at
    gone |= {"archived": True, "archivedAt": stamp(NOW + timedelta(hours=5))}
    world.now = NOW + timedelta(days=1)
    rows = rows_of(pulled(world, tmp_path, name, NIGHT + timedelta(days=1)).folder)
    assert {row[column] for row in rows if row["value"] == "last"} == {changed["id"], gone["id"]}
    assert by_id(rows) == truth(world, name)


def test_meetings_come_though_hubspot_lists_none_that_were_archived(tmp_path: Path) -> None:
    world = account(rows=4, archived=2)
    world.unlisted = {"meetings"}
    found = by_id(rows_of(pulled(world, tmp_path, "meetings").folder))
    assert found == [row for row in truth(world, "meetings") if not row["archived"]]
    with serving(world) as address, hubspot.session(connection(address), QUICK) as session:
        assert hubspot_check.problems_of(session) == []


def test_properties_named_in_the_connection_have_their_history_read_too(tmp_path: Path) -> None:
    world = account(rows=2, archived=0)
    entry = {"value": "A", "timestamp": stamp(NOW), "sourceType": "FORM", "sourceId": "f"}
    world.records["contacts"][0]["history"]["own_fit"] = [entry]
    done = pulled(world, tmp_path, "contact_property_history", history_of_contacts="own_fit, email")
    assert [row["value"] for row in rows_of(done.folder) if row["property"] == "own_fit"] == ["A"]
    with pytest.raises(ExtractError, match=r"field_not_visible: .* no_such of contacts"):
        pulled(world, tmp_path / "2", "contact_property_history", history_of_contacts=["no_such"])


def test_a_property_that_nothing_works_without_is_named(tmp_path: Path) -> None:
    world = account()
    world.hidden = {("contacts", "lifecyclestage")}
    with pytest.raises(ExtractError, match=r"field_not_visible: contacts: .* lifecyclestage"):
        pulled(world, tmp_path, "contacts")
    world.hidden = {("contacts", "hubspotscore")}
    done = pulled(world, tmp_path, "contacts")
    assert "hubspotscore" not in rows_of(done.folder)[0]


def test_a_limit_of_seconds_is_waited_for_and_that_of_the_day_is_not(tmp_path: Path) -> None:
    world = account()
    world.daily_used_up = True
    with pytest.raises(ExtractError, match="quota_used_up") as caught:
        pulled(world, tmp_path, "contacts")
    assert caught.value.may_pass
    assert len(world.requests) == 1
    world.daily_used_up, world.daily = False, (1000, 199)
    with pytest.raises(ExtractError, match="quota_low: only 199 of the day's 1000"):
        pulled(world, tmp_path, "contacts")


@pytest.mark.parametrize(
    ("fault", "asked_for"), [("limit_secondly", 1.0), ("limit_ten_secondly", 10.0)]
)
def test_the_pause_is_as_long_as_the_limit_that_was_reached(
    fault: str, asked_for: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = account()
    drawn = iter([fault])
    monkeypatch.setattr(world.faults, "draw", lambda possible=None: next(drawn, None))
    slept: list[float] = []
    patience = Patience(attempts=3, first=0.0001, sleep=slept.append)
    with serving(world) as address, hubspot.session(connection(address), patience) as session:
        session.get("/crm/owners/2026-09", {"limit": "1"})
    assert max(slept) == asked_for


def test_four_objects_at_once_keep_to_a_hundred_requests_in_ten_seconds() -> None:
    world = account()
    slept: list[float] = []
    patience = Patience(sleep=slept.append)
    with serving(world) as address, hubspot.session(connection(address), patience) as session:
        session.monotonic = lambda: 100.0
        for _ in range(3):
            session.get("/crm/owners/2026-09", {"limit": "1"})
    assert slept == pytest.approx([INTERVAL, INTERVAL])
    assert 4 * math.ceil(10 / INTERVAL) <= 100


def test_four_objects_at_once_search_four_times_in_a_second_at_most() -> None:
    now, searched = [100.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    world = account()
    with (
        serving(world) as address,
        hubspot.session(connection(address), Patience(sleep=sleep)) as session,
    ):
        session.monotonic = lambda: now[0]
        reader = hubspot.reader_of(session, "contacts")
        for _ in range(3):
            reader.search(None, NOW, 0)
            searched.append(now[0])
            session.get("/crm/owners/2026-09", {"limit": "1"})
    assert all(later - earlier > 1 for earlier, later in pairwise(searched))


def fail_by_wrong_token(world: Account, address: str, root: Path) -> None:
    world.token = "another"
    with hubspot.session(connection(address), QUICK) as session:
        hubspot.pull(session, "contacts", NIGHT, root, SMALL)


def fail_by_wrong_secret(world: Account, address: str, root: Path) -> None:
    world.client_secret = "another"
    with hubspot.session(connection(address, oauth=True), QUICK) as session:
        session.login()


def fail_by_refusal(world: Account, address: str, root: Path) -> None:
    del world.records["contacts"]
    with hubspot.session(connection(address, oauth=True), QUICK) as session:
        hubspot.pull(session, "contacts", NIGHT, root, SMALL)


def fail_by_silence(world: Account, address: str, root: Path) -> None:
    with hubspot.session(connection(address), QUICK) as session:
        session.login()
        session._base = "http://127.0.0.1:9"
        hubspot.pull(session, "contacts", NIGHT, root, SMALL)


def fail_by_scope(world: Account, address: str, root: Path) -> None:
    world.scopes_missing = {"contacts": "pat-eu1-s3cr3t of this app"}
    with hubspot.session(connection(address), QUICK) as session:
        hubspot.pull(session, "contacts", NIGHT, root, SMALL)


@pytest.mark.parametrize(
    "fail",
    [fail_by_wrong_token, fail_by_wrong_secret, fail_by_refusal, fail_by_silence, fail_by_scope],
)
def test_no_secret_shows_in_a_log_an_error_or_a_repr(
    fail: Callable[[Account, str, Path], None],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    world = account()
    with serving(world) as address:
        with pytest.raises(ExtractError) as caught:
            fail(world, address, tmp_path)
        with hubspot.session(connection(address, oauth=True), QUICK) as session:
            shown = repr(session) + repr(session.connection)
    shown = everything_shown(caught.value, tmp_path, shown, caplog.text)
    for secret in ["s3cr3t", "oauth-token", *world.issued]:
        assert secret not in shown


def test_a_connection_without_a_token_says_what_it_needs() -> None:
    with (
        hubspot.session(Connection("hubspot_default", "https://api.hubapi.com"), QUICK) as session,
        pytest.raises(ExtractError, match=r"bad_connection: .* service key as password"),
    ):
        session.login()


def test_the_check_names_what_an_administrator_has_to_do() -> None:
    world = account()
    with serving(world) as address, hubspot.session(connection(address), QUICK) as session:
        assert hubspot_check.problems_of(session) == []
        world.scopes_missing = {"/2026-09/deals": "crm.objects.deals.read"}
        world.hidden = {("tasks", "hs_task_status")}
        problems = hubspot_check.problems_of(session)
        assert [each.partition(":")[0] for each in problems] == [
            "tasks", "deals", "deal_property_history",
        ]  # fmt: skip
        assert "hs_task_status" in problems[0]
        assert "the service key or app needs the scope crm.objects.deals.read" in problems[1]
        world.daily = (1000, 100)
        (problem,) = hubspot_check.problems_of(session)
        assert "only 100 of the day's 1000 API requests are left" in problem
        world.token, world.daily = "another", (1000, 900)
        with pytest.raises(ExtractError, match=r"token_refused: .*copy it again"):
            hubspot_check.problems_of(session)
