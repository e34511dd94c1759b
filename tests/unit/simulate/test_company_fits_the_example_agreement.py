"""The simulated company and the example agreement speak of the same people, words and terms."""

from datetime import date
from pathlib import Path

import pytest

from lead_handoff.agreement import Agreement
from lead_handoff.simulate.calendars import OFFICE_HOURS, holidays_of
from lead_handoff.simulate.catalogue import (
    ATTRIBUTE_VALUES,
    ATTRIBUTES,
    LEAD_STATUSES,
    OVERQUALIFYING_REASONS,
    REASONS_AFTER_FOLLOW_UP,
    REASONS_NOT_LISTED,
    REASONS_WITHOUT_FOLLOW_UP,
    UNMET_VALUES,
)
from lead_handoff.simulate.company import PARTNER_USER, PEOPLE, SYNC_USER, TIMER_USER
from lead_handoff.simulate.plot import definition_score
from lead_handoff.simulate.run import Company
from lead_handoff.simulate.scoring import (
    BATCH_SECONDS,
    BATCH_SIZE,
    PADDED_SIZE,
    PIPELINE_DAYS,
    PIPELINE_OPPORTUNITIES,
    PIPELINE_SHARE,
    STALLED_LEADS,
    STALLED_SHARE,
)
from lead_handoff.simulate.truth import STALL_DAYS, UNREAD_SECONDS
from lead_handoff.simulate.world import AGREEMENT_CHANGED_ON, PROMISES

EXAMPLE = Agreement(Path(__file__).parents[3] / "dbt_project" / "seeds" / "agreement")
VERSIONS = ("v1", "v2")


def rows(stem: str, version: str, **match: str) -> list[dict[str, str]]:
    return [
        {name: value or "" for name, value in row.items()}
        for row in EXAMPLE.rows(stem)
        if row["agreement_version"] == version
        and all(row[name] == value for name, value in match.items())
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_roster_lists_the_company_s_people(version: str) -> None:
    roster = {
        row["user_id"]: (
            row["name"],
            row["function"],
            row["role"],
            row["team"],
            row["manager_id"],
            row["is_quota_bearing"] == "true",
            row["calendar"],
        )
        for row in rows("agreement_roster", version, source_system="salesforce")
    }
    assert roster == {
        p.user_id: (
            p.name,
            p.function,
            p.role,
            p.team,
            p.manager_id,
            p.is_quota_bearing,
            p.calendar,
        )
        for p in PEOPLE
        if p.on_roster and not (version == "v2" and p.left_on)
    }
    machines = {row["user_id"] for row in rows("agreement_automation_users", version)}
    assert machines == {SYNC_USER, TIMER_USER, PARTNER_USER}


def test_the_terms_changed_on_the_day_the_second_version_begins() -> None:
    starts = {row["agreement_version"]: row["valid_from"] for row in EXAMPLE.versions}
    assert starts["v2"] == AGREEMENT_CHANGED_ON.isoformat()


def test_the_definition_asks_for_the_score_the_plots_know() -> None:
    world = Company(Path("x"), Path("y"), leads=0, seed=1, start=date(2026, 2, 1)).world()
    for row in EXAMPLE.versions:
        begins = world.agreement_changed_at - (0 if row["agreement_version"] == "v2" else 1)
        assert int(row["minimum_score"] or 0) == definition_score(world, begins)
        assert row["minimum_attributes"] == "4"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_promises_are_the_agreement_s_terms(version: str) -> None:
    for tier in ("A", "B"):
        terms = {row["clause"]: row for row in rows("agreement_sla_terms", version, tier=tier)}
        promise = PROMISES[version == "v2", tier]
        assert int(terms["response"]["due_in"]) == promise.response_hours
        assert int(terms["first_touch"]["due_in"]) == promise.first_touch_hours
        assert int(terms["follow_up"]["due_in"]) == promise.follow_up_days
        for clause in ("follow_up", "follow_up_before_rejection"):
            assert int(terms[clause]["touches"]) == promise.touches
            assert int(terms[clause]["channels"]) == promise.channels


@pytest.mark.parametrize("version", VERSIONS)
def test_the_offices_keep_the_agreement_s_hours_and_holidays(version: str) -> None:
    for calendar, (zone, hours) in OFFICE_HOURS.items():
        given = rows("agreement_calendars", version, calendar=calendar)
        assert {row["time_zone"] for row in given} == {zone}
        assert {(r["weekday"], r["opens"], r["closes"]) for r in given} == {
            (str(day), f"{opens:02d}:00", f"{closes:02d}:00")
            for day in range(1, 6)
            for opens, closes in hours
        }
        closed = {
            date.fromisoformat(row["holiday"])
            for row in rows("agreement_holidays", version, calendar=calendar)
        }
        assert closed == {day for year in (2025, 2026, 2027) for day in holidays_of(calendar, year)}


@pytest.mark.parametrize("version", VERSIONS)
def test_only_working_is_a_status_that_the_agreement_does_not_know(version: str) -> None:
    known = {row["value"] for row in rows("agreement_stage_map", version, object="Lead")}
    assert set(LEAD_STATUSES) - known == {"Working"}


@pytest.mark.parametrize("version", VERSIONS)
def test_reasons_stand_in_the_families_the_plots_take_them_for(version: str) -> None:
    listed = {row["reason"]: row for row in rows("agreement_rejection_reasons", version)}
    for reason in REASONS_WITHOUT_FOLLOW_UP:
        assert listed[reason]["needs_follow_up"] == "false"
    for reason in (*REASONS_AFTER_FOLLOW_UP, *OVERQUALIFYING_REASONS):
        assert listed[reason]["needs_follow_up"] == "true"
        over = listed[reason]["is_overqualification"] == "true"
        assert over == (reason in OVERQUALIFYING_REASONS)
    assert not set(REASONS_NOT_LISTED) & set(listed)


@pytest.mark.parametrize("version", VERSIONS)
def test_attribute_values_meet_the_agreement_or_do_not_as_meant(version: str) -> None:
    blanks = {"", "no", "false", "0", "unknown", "none", "n/a", "null"}
    assert {value.lower() for value in UNMET_VALUES} <= blanks
    for (salesforce, marketo, name), values in zip(ATTRIBUTES, ATTRIBUTE_VALUES, strict=True):
        (first,) = rows("agreement_attributes", version, field=salesforce)
        (second,) = [
            row
            for row in rows("agreement_attributes", version, field=marketo)
            if row["source_system"] == "marketo"
        ]
        assert second["history_name"] == name
        for row in (first, second):
            allowed = row["met_values"].split("|") if row["met_values"] else values
            assert set(values) <= set(allowed)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_truth_judges_by_the_agreement_s_thresholds(version: str) -> None:
    agreed = {
        (row["rule"], row["threshold"]): float(row["value"])
        for row in rows("agreement_thresholds", version)
        if row["value"].replace(".", "").isdigit()
    }
    assert agreed["stalled_lead", "stall_days"] == STALL_DAYS
    assert agreed["stalled_lead", "share"] == STALLED_SHARE
    assert agreed["stalled_lead", "minimum_leads"] == STALLED_LEADS
    assert agreed["padded_activity", "batch_size"] == PADDED_SIZE
    assert agreed["too_good_pipeline", "share"] == PIPELINE_SHARE
    assert agreed["too_good_pipeline", "minimum_opportunities"] == PIPELINE_OPPORTUNITIES
    assert agreed["too_good_pipeline", "velocity_days"] == PIPELINE_DAYS
    assert agreed["rubber_stamp", "batch_size"] == BATCH_SIZE
    assert agreed["rubber_stamp", "batch_minutes"] * 60 == BATCH_SECONDS
    assert agreed["rubber_stamp", "accepted_within_seconds"] == UNREAD_SECONDS
