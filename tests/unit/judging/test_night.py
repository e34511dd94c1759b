"""What the gates know about days, sources and limits comes from the agreement and the limits."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from lead_handoff import settings
from lead_handoff.agreement import Agreement, AgreementError
from lead_handoff.agreement.vocabulary import FILES
from lead_handoff.judging.night import Night, read_days, read_sources

WEEK = "".join("v1,{calendar},UTC,%d,09:00,17:00\n" % day for day in range(1, 6))  # noqa: UP031


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two calendars; one has a holiday and, from the second version on, no Fridays."""
    with (settings.agreement_dir() / "agreement_versions.csv").open(newline="") as lines:
        version = next(csv.DictReader(lines))
    files = {
        "agreement_versions": ",".join(FILES["agreement_versions"].names)
        + "".join(
            "\n" + ",".join((version | {"agreement_version": name, "valid_from": day}).values())
            for name, day in (("v2", "2026-04-01"), ("v1", "2025-07-01"))
        )
        + "\n",
        "agreement_sources": (
            "source_system,role,time_zone,is_required\n"
            "salesforce,sfa,UTC,TRUE\nmarketo,map,UTC,false\n"
        ),
        "agreement_calendars": "agreement_version,calendar,time_zone,weekday,opens,closes\n"
        + WEEK.format(calendar="us")
        + WEEK.format(calendar="eu")
        + WEEK.format(calendar="us").replace("v1,", "v2,")
        + "".join(f"v2,eu,UTC,{day},09:00,17:00\n" for day in range(1, 5)),
        "agreement_holidays": (
            "agreement_version,calendar,holiday,name\nv1,us,2026-03-17,One calendar's holiday\n"
        ),
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text("\ufeff" + text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def agreement(folder: Path) -> Agreement:
    return Agreement(folder)


def quiet_days(agreement: Agreement, night: date, back: int) -> list[date]:
    return sorted(day for day, quiet in read_days(agreement, night)[:back] if quiet)


def test_the_newest_day_is_the_one_that_the_nights_folder_brings(agreement: Agreement) -> None:
    assert read_days(agreement, date(2026, 3, 18))[0][0] == date(2026, 3, 17)


def test_weekends_and_days_on_which_a_calendar_is_closed_are_quiet(agreement: Agreement) -> None:
    assert quiet_days(agreement, date(2026, 3, 23), 8) == [
        date(2026, 3, 15),
        date(2026, 3, 17),
        date(2026, 3, 21),
        date(2026, 3, 22),
    ]


def test_the_version_in_force_on_the_day_says_when_people_work(agreement: Agreement) -> None:
    fridays = [day for day in quiet_days(agreement, date(2026, 4, 13), 20) if day.weekday() == 4]
    assert fridays == [date(2026, 4, 3), date(2026, 4, 10)]


def test_before_the_first_version_its_calendars_serve(agreement: Agreement) -> None:
    assert quiet_days(agreement, date(2025, 1, 13), 7) == [date(2025, 1, 11), date(2025, 1, 12)]


def test_without_calendars_only_weekends_are_quiet(folder: Path) -> None:
    for name in ("agreement_calendars", "agreement_holidays"):
        file = folder / f"{name}.csv"
        file.write_text(file.read_text(encoding="utf-8-sig").splitlines()[0] + "\n")
    agreement = Agreement(folder)
    assert quiet_days(agreement, date(2026, 3, 23), 7) == [date(2026, 3, 21), date(2026, 3, 22)]


def test_sources_say_whether_the_night_can_do_without_them(agreement: Agreement) -> None:
    assert read_sources(agreement) == [
        {"source": "salesforce", "is_required": "true"},
        {"source": "marketo", "is_required": "false"},
    ]


def test_a_missing_file_of_the_agreement_is_named(folder: Path) -> None:
    (folder / "agreement_sources.csv").unlink()
    with pytest.raises(AgreementError, match=r"agreement_sources\.csv"):
        read_sources(Agreement(folder))


def test_the_example_agreement_can_be_read() -> None:
    example = Agreement(settings.dbt_project_dir() / "seeds" / "agreement")
    assert {entry["source"] for entry in read_sources(example)} >= {"salesforce", "marketo"}
    kinds = dict(read_days(example, date(2026, 5, 11)))
    assert kinds[date(2026, 5, 9)], "a Saturday"
    assert not kinds[date(2026, 5, 6)], "a Wednesday"


def test_before_the_first_publication_everything_is_news() -> None:
    night = Night(
        night=date(2026, 5, 1),
        as_of=datetime(2026, 5, 1, tzinfo=UTC),
        slot="slot_blue",
        after_night=None,
        after_time=None,
        published_slot=None,
        sources=(),
        days=(),
        limits={},
    )
    given = night.session_settings()
    assert given["judging.after_night"] == given["judging.after_time"] == "-infinity"
    assert given["default_transaction_read_only"] == "on"
    assert given["search_path"] == '"slot_blue"'
    assert night.night - timedelta(days=1) == date(2026, 4, 30)
