"""A pull brings what Marketo holds, whatever happens on the way."""

import json
import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lead_handoff.catalogue import CATALOGUE
from lead_handoff.extracts import marketo, marketo_check
from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import Patience
from lead_handoff.extracts.marketo_session import LOOK_EVERY, Rate, Session
from lead_handoff.extracts.pulling import Pace
from lead_handoff.landing.discovery import find_nights
from tests.simulators.marketo import (
    FAULTS,
    TYPES,
    Handler,
    Subscription,
    api_name,
    as_exported,
    serving,
)
from tests.unit.extracts.folders import AWKWARD, SCHEDULES, everything_shown, rows_of

NIGHT = date(2026, 5, 2)
NOW = datetime(2026, 5, 2, tzinfo=UTC)
SINCE = "2026-02-01"
QUICK = Patience(attempts=12, first=0.0001, timeout=5, sleep=lambda _: None)
SMALL = Pace(lag=timedelta(minutes=10), longest=timedelta(days=30), poll=0, piece_bytes=150)
STRANGE = [*AWKWARD, "nul\x00inside", None, "null and more", 7, 2.5, True]


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def lead(number: int, created: datetime, updated: datetime, random: Random) -> dict[str, object]:
    row: dict[str, object] = {
        each.name: random.choice(STRANGE) for each in CATALOGUE["marketo"]["leads"].columns
    }
    stamps = {"createdAt": moment(created), "updatedAt": moment(updated)}
    return row | {"id": number, "fitScore": random.choice(STRANGE)} | stamps


def activity(number: int, at: datetime, kind: int, random: Random) -> dict[str, object]:
    return {
        "marketoGUID": str(number),
        "leadId": random.randint(1, 9),
        "activityDate": moment(at),
        "activityTypeId": kind,
        "campaignId": random.choice([None, 8497]),
        "primaryAttributeValueId": random.randint(1, 2000),
        "primaryAttributeValue": random.choice(STRANGE),
        "attributes": {"Old Value": random.choice(AWKWARD), "New Value": "MQL"},
    }


def deletion(number: int, at: datetime) -> dict[str, object]:
    return {
        "id": number,
        "marketoGUID": str(number),
        "leadId": number,
        "activityDate": f"{at:%Y-%m-%dT%H:%M:%S}+0000",
        "activityTypeId": 37,
        "primaryAttributeValueId": number,
        "primaryAttributeValue": "Owyliphys Iledil",
        "attributes": [{"name": "Reason", "value": "cleaned up"}],
    }


def subscription(seed: int | None = None, rows: int = 10) -> Subscription:
    random = Random(seed)

    def some_day() -> datetime:
        return NOW - timedelta(seconds=random.randint(4_000, 80 * 86_400))

    leads = []
    for number in range(rows):
        first, second = sorted([some_day(), some_day()])
        leads.append(lead(number + 1, first, second, random))
    kinds = [kind for kind in TYPES if kind not in (1, 37)]
    return Subscription(
        leads,
        [activity(n, some_day(), random.choice(kinds), random) for n in range(rows)],
        [deletion(900 + n, NOW - timedelta(days=n, hours=2)) for n in range(min(rows, 7))],
        now=NOW,
        seed=seed,
    )


def connection(address: str, **extra: object) -> Connection:
    given = {"since": SINCE, **extra}
    return Connection("marketo_default", address, "client-id", "s3cr3t-of-the-service", given)


def pulled(
    world: Subscription,
    root: Path,
    name: str,
    night: date = NIGHT,
    pace: Pace = SMALL,
    tell: Callable[[str], None] = lambda line: None,
    **extra: object,
) -> Any:
    with serving(world) as address, marketo.session(connection(address, **extra), QUICK) as session:
        return marketo.pull(session, name, night, root, pace, tell)


def as_text(row: dict[str, object], names: list[str]) -> tuple[str, ...]:
    """A row as an export writes it, whichever way it came."""
    return tuple(str(as_exported(row.get(name))) for name in names)


def truth(world: Subscription, name: str) -> Counter[tuple[str, ...]]:
    names = columns(world, name)
    if name == "leads":
        rows = list(world.leads)
    elif name == "activities":
        deleted = [
            row | {"attributes": {each["name"]: each["value"] for each in row["attributes"]}}  # type: ignore[attr-defined]
            for row in world.deletions
        ]
        rows = [*world.activities, *deleted]
    else:
        rows = [
            {"id": number, "name": kind, "apiName": api_name(kind)}
            for number, kind in world.types.items()
        ]
    return Counter(as_text(row, names) for row in rows)


def columns(world: Subscription, name: str) -> list[str]:
    if name == "leads":
        return world.lead_fields()
    return [each.name for each in CATALOGUE["marketo"][name].columns]


def brought(world: Subscription, folder: Path, name: str) -> Counter[tuple[str, ...]]:
    names = columns(world, name)
    return Counter(as_text(row, names) for row in rows_of(folder))


@pytest.mark.parametrize("name", marketo.objects())
def test_every_record_and_every_field_comes_whole(name: str, tmp_path: Path) -> None:
    world = subscription(rows=12)
    done = pulled(world, tmp_path, name)
    assert brought(world, done.folder, name) == truth(world, name)
    (night,) = find_nights(str(tmp_path), "marketo", NIGHT)
    assert getattr(night, "night", None) == NIGHT


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_no_schedule_of_faults_loses_or_doubles_a_row(seed: int, tmp_path: Path) -> None:
    world = subscription(seed=seed, rows=Random(seed).randint(1, 14))
    world.has_updated_filter = seed % 4 != 0
    passing = {"result_gone", "source_unreachable", "quota_used_up", "checksum_mismatch"}
    for name in marketo.objects():
        was_shown = False
        with serving(world) as address, marketo.session(connection(address), QUICK) as session:
            session.rate = Rate(10_000)
            for _ in range(20):
                try:
                    done = marketo.pull(session, name, NIGHT, tmp_path, SMALL)
                    break
                except ExtractError as error:
                    if error.name not in passing:
                        raise
                    was_shown |= (tmp_path / "marketo" / name / NIGHT.isoformat()).exists()
        assert not was_shown
        assert done is not None
        assert brought(world, done.folder, name) == truth(world, name)


def test_the_schedules_hold_every_fault() -> None:
    drawn = set()
    for seed in range(30):
        world = Subscription([], [], seed=seed)
        drawn |= {world.faults.draw() for _ in range(200)}
    assert drawn >= set(FAULTS)


def test_no_window_is_longer_than_marketo_takes_and_progress_is_told(tmp_path: Path) -> None:
    world = subscription()
    told: list[str] = []
    pulled(world, tmp_path, "activities", tell=told.append, since="2025-01-01")
    assert len(world.jobs) == 17
    parts = [line for line in told if "(part" in line]
    assert len(parts) == 18
    assert "changes from 2025-01-01 to 2025-01-31: 0 rows (part 1 of 18)" in parts[0]
    assert "deletions from" in parts[-1]
    (lost,) = [line for line in told if line not in parts]
    assert "activities of 2025-01-01 to 2026-01-31 can no longer be had" in lost


def test_a_record_on_the_seam_of_two_windows_comes_at_least_once(tmp_path: Path) -> None:
    world = subscription(rows=1)
    seam = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=30)
    on_the_seam = activity(77, seam, 13, Random(1))
    world.activities.append(on_the_seam)
    rows = rows_of(pulled(world, tmp_path, "activities").folder)
    assert "77" in {row["marketoGUID"] for row in rows}


def test_the_next_night_reads_what_changed_since_with_an_overlap(tmp_path: Path) -> None:
    world = subscription(rows=0)
    random = Random(1)
    reach = NOW - SMALL.lag
    stamps = {
        "before the overlap": reach - timedelta(minutes=46),
        "in the overlap": reach - timedelta(minutes=44),
        "after the window": reach + timedelta(minutes=1),
    }
    world.leads = [lead(n + 1, at, at, random) for n, at in enumerate(stamps.values())]
    first = rows_of(pulled(world, tmp_path, "leads").folder)
    assert {row["id"] for row in first} == {"1", "2"}
    world.now = NOW + timedelta(days=1)
    done = pulled(world, tmp_path, "leads", NIGHT + timedelta(days=1))
    assert {row["id"] for row in rows_of(done.folder)} == {"2", "3"}
    assert pulled(world, tmp_path, "leads", NIGHT + timedelta(days=1)) is None


def test_without_the_filter_for_updates_every_lead_is_read_each_night(tmp_path: Path) -> None:
    world = subscription(rows=6)
    world.has_updated_filter = False
    pulled(world, tmp_path, "leads")
    world.now = NOW + timedelta(days=1)
    world.leads[0]["leadStatus"] = "SAL"
    done = pulled(world, tmp_path, "leads", NIGHT + timedelta(days=1))
    assert brought(world, done.folder, "leads") == truth(world, "leads")


def test_a_night_without_changes_is_a_night_that_was_pulled(tmp_path: Path) -> None:
    world = subscription(rows=3)
    pulled(world, tmp_path, "activities")
    world.activities, world.deletions = [], []
    world.now = NOW + timedelta(days=1)
    done = pulled(world, tmp_path, "activities", NIGHT + timedelta(days=1))
    assert (done.rows, rows_of(done.folder)) == (0, [])
    world.now = NOW + timedelta(days=2)
    world.activities = [activity(5, NOW + timedelta(hours=3), 13, Random(2))]
    done = pulled(world, tmp_path, "activities", NIGHT + timedelta(days=2))
    assert rows_of(done.folder) == []
    assert "2026-05-02T23:05:00" in (done.folder / "manifest.json").read_text()


def gone(folder: Path) -> list[tuple[str, str, str, bool]]:
    """What a night's manifest says to be gone: what, first and last day, whole or not."""
    return [
        (each["what"], each["first_day"], each["last_day"], each["is_whole"])
        for each in json.loads((folder / "manifest.json").read_text())["gone"]
    ]


def test_a_hole_that_purging_left_is_told_and_stands_in_the_manifest(tmp_path: Path) -> None:
    world = subscription(rows=3)
    lines: list[str] = []
    first = pulled(world, tmp_path, "activities", tell=lines.append)
    assert gone(first.folder) == []
    world.now = NOW + timedelta(days=20)
    after_20 = pulled(world, tmp_path, "activities", NIGHT + timedelta(days=20), tell=lines.append)
    # The first pull reached 23:50 of the first of May; the eighth is fourteen days ago.
    assert gone(after_20.folder) == [("deletions", "2026-05-01", "2026-05-07", False)]
    (said,) = [line for line in lines if "no longer be had" in line]
    assert "marketo activities: deletions of 2026-05-01 to 2026-05-07" in said
    world.now = NOW + timedelta(days=120)
    after_120 = pulled(world, tmp_path, "activities", NIGHT + timedelta(days=120))
    assert gone(after_120.folder) == [
        ("deletions", "2026-05-21", "2026-08-15", False),
        ("activities", "2026-05-21", "2026-05-31", True),
    ]
    leads = pulled(world, tmp_path, "leads", NIGHT + timedelta(days=120))
    assert gone(leads.folder) == []


def test_a_file_with_a_single_wrong_bit_is_not_landed(tmp_path: Path) -> None:
    world = subscription(rows=1)
    # It is wrong, elsewhere, each time that it is asked for, and nothing else ever happens.
    world.faults.draw = lambda possible=(): "wrong_bytes" * ("wrong_bytes" in possible)
    pace = Pace(poll=0, longest=timedelta(days=30), restarts=0)
    with (
        serving(world) as address,
        marketo.session(connection(address, since="2026-01-30"), QUICK) as session,
    ):
        session.rate = Rate(10_000)
        for number in range(50):
            root = tmp_path / str(number)
            with pytest.raises(ExtractError, match="checksum_mismatch"):
                marketo.pull(session, "leads", NIGHT, root, pace)
            assert list(find_nights(str(root), "marketo", NIGHT)) == []


@pytest.mark.parametrize("cut_at", [0, 1, 97, 283, 500])
def test_a_cut_download_goes_on_at_its_byte(cut_at: int, tmp_path: Path) -> None:
    world = subscription(rows=9)
    world.leads = [row | {"createdAt": SINCE + "T00:00:00Z"} for row in world.leads]
    world.has_updated_filter = False
    world.cut_first_file_at = cut_at
    done = pulled(world, tmp_path, "leads", pace=Pace(poll=0, longest=timedelta(days=31)))
    assert brought(world, done.folder, "leads") == truth(world, "leads")
    assert [each.partition("-")[0] for each in world.ranges] == ["bytes=0", f"bytes={cut_at}"]


def test_a_source_that_ignores_ranges_sends_the_file_from_its_beginning(tmp_path: Path) -> None:
    world = subscription(rows=9)
    world.ignores_range, world.cut_first_file_at = True, 97
    done = pulled(world, tmp_path, "leads", since="2026-04-05")
    in_window = [row for row in world.leads if str(row["updatedAt"]) >= "2026-04-05"]
    assert done.rows == len(in_window) > 0
    # Taken for the rest, it would have made a file of another hash, and a third request.
    assert len(world.ranges) == 2


def test_a_new_attempt_goes_on_with_the_job_and_the_bytes_that_are_there(tmp_path: Path) -> None:
    world = subscription(rows=9)
    world.refuse_all, world.refuse_path = ("603", "Access denied"), "file.json"
    with pytest.raises(ExtractError, match="access_denied"):
        pulled(world, tmp_path, "leads")
    assert list(find_nights(str(tmp_path), "marketo", NIGHT)) == []
    world.refuse_all = None
    world.requests.clear()
    done = pulled(world, tmp_path, "leads")
    assert brought(world, done.folder, "leads") == truth(world, "leads")
    windows = [job.document["filter"]["updatedAt"]["startAt"] for job in world.jobs.values()]
    assert len(windows) == len(set(windows)) == 3
    assert not any("describe" in each for each in world.requests)


def test_rows_that_marketo_itself_wrote_badly_are_left_to_landing(tmp_path: Path) -> None:
    world = subscription(rows=4)
    world.extra_bytes = b'99,"never closed'
    done = pulled(world, tmp_path, "activities")
    listed = json.loads((done.folder / "manifest.json").read_text())["files"]
    exported = [each for each in listed if each["name"].endswith(".csv")]
    assert exported
    assert [each for each in exported if "rows" in each] == []
    assert all((done.folder / each["name"]).read_bytes().endswith(b"closed") for each in exported)


def test_a_full_queue_is_waited_for(tmp_path: Path) -> None:
    world = subscription(rows=4)
    world.queued_by_others = 13
    done = pulled(world, tmp_path, "leads")
    assert brought(world, done.folder, "leads") == truth(world, "leads")
    assert sum("enqueue" in each for each in world.requests) > 4


@pytest.mark.parametrize(
    ("now", "resets"),
    [
        (datetime(2026, 1, 10, 5, 59, 59, tzinfo=UTC), datetime(2026, 1, 10, 6, tzinfo=UTC)),
        (datetime(2026, 1, 10, 6, tzinfo=UTC), datetime(2026, 1, 11, 6, tzinfo=UTC)),
        (datetime(2026, 7, 1, 0, 0, tzinfo=UTC), datetime(2026, 7, 1, 5, tzinfo=UTC)),
        (datetime(2026, 3, 8, 7, 0, tzinfo=UTC), datetime(2026, 3, 9, 5, tzinfo=UTC)),
        (datetime(2026, 11, 1, 6, 0, tzinfo=UTC), datetime(2026, 11, 2, 6, tzinfo=UTC)),
    ],
)
def test_a_used_up_quota_names_midnight_in_central_time(
    now: datetime, resets: datetime, tmp_path: Path
) -> None:
    world = subscription(rows=4)
    world.now, world.quota_is_used_up = now, True
    with pytest.raises(ExtractError, match="quota_used_up") as caught:
        pulled(world, tmp_path, "activities", now.date(), since="2025-12-20")
    assert caught.value.resumes_at == resets
    assert f"{resets:%Y-%m-%d %H:%MZ}" in str(caught.value)


def test_a_pull_stops_before_it_takes_the_calls_of_others(tmp_path: Path) -> None:
    world = subscription()
    world.used = 8_001
    with pytest.raises(ExtractError, match=r"quota_low: 8001 of the day's 10000"):
        pulled(world, tmp_path, "leads", daily_calls=10_000)
    world.used = None
    assert pulled(world, tmp_path, "leads", daily_calls=10_000).rows == 10


def test_a_long_pull_looks_again_how_much_of_the_day_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, route = subscription(rows=1), Handler.route
    world.deletions = [deletion(900 + n, NOW - timedelta(hours=2 + n)) for n in range(150)]
    world.page = 1

    def taken_by_others(self: Handler, path: str, query: dict[str, str], body: str) -> None:
        route(self, path, query, body)
        world.used = 9_000 if path.endswith("usage.json") else world.used

    monkeypatch.setattr(Handler, "route", taken_by_others)
    with pytest.raises(ExtractError, match=r"quota_low: 9000 of the day's 10000"):
        pulled(world, tmp_path, "activities", daily_calls=10_000)
    assert LOOK_EVERY <= len(world.requests) <= LOOK_EVERY + 5
    monkeypatch.undo()
    world.used = 100
    done = pulled(world, tmp_path, "activities", daily_calls=10_000)
    assert brought(world, done.folder, "activities") == truth(world, "activities")


def test_no_more_calls_are_made_than_one_session_may() -> None:
    now = [1000.0]
    rate = Rate(calls=12, seconds=20, clock=lambda: now[0])
    made = []
    for _ in range(100):
        now[0] += rate.wait()
        made.append(now[0])
        now[0] += 0.3
    for at in made:
        assert sum(at <= other < at + 20 for other in made) <= 12
    assert made[-1] - made[0] < 100 / 12 * 20 + 20


def test_a_token_too_long_for_an_address_is_sent_as_a_form(tmp_path: Path) -> None:
    world = subscription(rows=7)
    world.long_tokens = True
    done = pulled(world, tmp_path, "activities")
    assert brought(world, done.folder, "activities") == truth(world, "activities")
    assert any(each.startswith("POST /rest/v1/activities/deletedleads") for each in world.requests)


def test_a_number_that_means_another_activity_here_stops_the_pull(tmp_path: Path) -> None:
    world = subscription()
    world.types[13] = "Something Else"
    del world.types[22]
    with pytest.raises(ExtractError, match=r"activity_types_differ: .*13 is Something Else") as c:
        pulled(world, tmp_path, "activities")
    assert "22 is missing, not Change Score" in str(c.value)


def test_the_fields_can_be_named_and_a_wrong_name_is_said(tmp_path: Path) -> None:
    world = subscription()
    done = pulled(world, tmp_path, "leads", fields="fitScore")
    assert "fitScore" in rows_of(done.folder)[0]
    with pytest.raises(ExtractError, match=r"field_not_visible: leads: .*noSuchField"):
        pulled(world, tmp_path / "x", "leads", fields=["noSuchField"])


def test_a_field_removed_between_nights_is_not_asked_for_again(tmp_path: Path) -> None:
    world = subscription(rows=4)
    assert "fitScore" in rows_of(pulled(world, tmp_path, "leads").folder)[0]
    world.hidden, world.now = {"fitScore"}, NOW + timedelta(days=1)
    world.leads = [lead(9, NOW, NOW + timedelta(hours=1), Random(1))]
    done = pulled(world, tmp_path, "leads", NIGHT + timedelta(days=1))
    assert brought(world, done.folder, "leads") == truth(world, "leads")
    assert "fitScore" not in rows_of(done.folder)[0]


def test_a_job_is_looked_at_once_a_minute_unless_the_connection_says_otherwise() -> None:
    assert marketo.pace_of(connection("x")) == marketo.PACE
    assert marketo.pace_of(connection("x", poll_seconds="7.5")).poll == 7.5
    for wrong in (0, -1, "often", "nan", "inf", [60]):
        with pytest.raises(ExtractError, match=r"bad_connection.*poll_seconds must be a number"):
            marketo.pace_of(connection("x", poll_seconds=wrong))


def test_a_first_pull_needs_to_know_where_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match=r"bad_connection: .*since, the date"):
        pulled(subscription(), tmp_path, "leads", since="soon")


def fail_by_wrong_secret(world: Subscription, session: Session, root: Path) -> None:
    world.client_secret = "another"
    session.login()


def fail_by_refusal(world: Subscription, session: Session, root: Path) -> None:
    world.refuse_all = ("609", "Invalid JSON")
    marketo.pull(session, "leads", NIGHT, root, SMALL)


def fail_by_silence(world: Subscription, session: Session, root: Path) -> None:
    session.login()
    session._base = "http://127.0.0.1:9"
    marketo.pull(session, "activity_types", NIGHT, root, SMALL)


def fail_half_way(world: Subscription, session: Session, root: Path) -> None:
    world.refuse_all, world.refuse_path = ("607", "Daily quota reached"), "file.json"
    marketo.pull(session, "activities", NIGHT, root, SMALL)


@pytest.mark.parametrize(
    "fail", [fail_by_wrong_secret, fail_by_refusal, fail_by_silence, fail_half_way]
)
def test_no_secret_shows_in_a_log_an_error_a_repr_or_a_file(
    fail: Callable[[Subscription, Session, Path], None],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    world = subscription()
    with serving(world) as address, marketo.session(connection(address), QUICK) as session:
        with pytest.raises(ExtractError) as caught:
            fail(world, session, tmp_path)
        shown = repr(session) + repr(session.connection)
    shown = everything_shown(caught.value, tmp_path, shown, caplog.text)
    for secret in ["s3cr3t-of-the-service", "cdf01657", *world.tokens]:
        assert secret not in shown


def test_the_check_names_what_an_administrator_has_to_do() -> None:
    world = subscription()
    with serving(world) as address:

        def problems(**extra: object) -> list[str]:
            with marketo.session(connection(address, **extra), QUICK) as session:
                session.rate = Rate(10_000)
                return marketo_check.problems_of(session)

        assert problems() == []
        world.used = 45_000
        (problem,) = problems()
        assert problem.startswith("45000 of the day's 50000 API calls are used")
        assert "Wait until 2026-05-02 05:00Z" in problem
        world.used, world.has_updated_filter = 10, False
        (problem,) = problems()
        assert "Ask Marketo Support to enable the filter updatedAt" in problem
        world.has_updated_filter, world.hidden = True, {"leadStatus"}
        (problem,) = problems(since="2025-01-01")
        assert "no field leadStatus for REST; see Admin, Field Management" in problem
        world.hidden.clear()
        world.refuse_all, world.refuse_path = ("603", "Access denied"), "/activities"
        problems_found = problems(since="")
        assert [each.partition(":")[0] for each in problems_found] == [
            *("connection", "activity_types", "activities", "activities"),
        ]
        assert "give the API user's role the permission" in problems_found[1]
        assert all(job.status == "Cancelled" for job in world.jobs.values())
