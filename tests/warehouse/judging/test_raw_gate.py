"""The gate on the raw tables: good nights pass, each planted defect shuts it by its own name."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from psycopg import sql

from lead_handoff.judging.results import JudgingError
from tests.warehouse.judging.company import (
    FIRST_NIGHT,
    Company,
    failing,
    instant,
    keys,
    write_agreement,
)
from tests.warehouse.judging.expectations_copy import copy_expectations

DAY = timedelta(days=1)
RAW_TABLES = (
    ("salesforce", "lead"),
    ("salesforce", "lead_history"),
    ("marketo", "leads"),
    ("marketo", "activities"),
)


HOLIDAY = date(2026, 3, 20)


@pytest.mark.slow
def test_thirty_good_nights_pass_weekends_and_a_holiday_among_them(company: Company) -> None:
    night = company.live(3)
    for _ in range(30):
        night += DAY
        # A holiday brings as few rows as a Sunday.
        few = {f"{source}_{table}": 12 for source, table in RAW_TABLES}
        company.arrive(night, **(few if night - DAY == HOLIDAY else {}))
        result = company.gate("raw", night)
        assert result.passed, str(result)
        company.publish(night)
    assert night > HOLIDAY + 7 * DAY


def test_as_few_rows_on_a_working_day_are_no_good_night(company: Company) -> None:
    night = company.live(16)
    assert night == HOLIDAY - 2 * DAY
    company.arrive(night + DAY, **{f"{source}_{table}": 12 for source, table in RAW_TABLES})
    assert failing(company.gate("raw", night + DAY)) == {"no_object_has_collapsed"}


def test_the_very_first_night_of_an_empty_warehouse_passes(company: Company) -> None:
    for source, name in company.objects:
        company.land(source, name, FIRST_NIGHT, 300)
    assert company.gate("raw", FIRST_NIGHT).passed


def test_a_company_with_one_source_and_a_handful_of_leads_passes(company: Company) -> None:
    write_agreement(
        company.agreement_dir,
        agreement_sources="source_system,role,time_zone,is_required\ngeneric,both,UTC,true\n",
    )
    night = FIRST_NIGHT
    company.land("generic", "leads", night, 3)
    company.land("generic", "lead_events", night, 0)
    for rows in (0, 1, 0, 0, 2, 0, 0, 0, 1):
        assert company.gate("raw", night).passed, night
        company.publish(night)
        night += DAY
        company.land("generic", "leads", night, rows)
        company.land("generic", "lead_events", night, 0)


def test_one_old_file_of_a_required_source_is_no_stale_source(company: Company) -> None:
    write_agreement(
        company.agreement_dir,
        agreement_sources="source_system,role,time_zone,is_required\ngeneric,both,UTC,true\n",
    )
    for back in range(200, 100, -3):
        company.land("generic", "leads", FIRST_NIGHT, 5, day=FIRST_NIGHT - back * DAY)
    assert company.gate("raw", FIRST_NIGHT).passed


def test_a_version_that_somebody_withdrew_is_accounted_for(company: Company) -> None:
    company.arrive(FIRST_NIGHT)
    company.run(
        "with gone as (delete from raw_marketo.leads where _key = (select min(_key) from"
        " raw_marketo.leads) returning *) insert into ops.withdrawals (load_id, source, object,"
        " table_name, key, stamp, content_hash, first_night, withdrawn_by, reason)"
        " select 10000, 'marketo', 'leads', 'leads', _key, _stamp, _content_hash, _first_night,"
        " 'Jo', 'wrong' from gone"
    )
    assert company.gate("raw", FIRST_NIGHT).passed


# -- each defect, the expectation that must name it, and the keys it must name --------------------

Plant = Callable[[Company, date], None]


def _quarantine(company: Company, night: date) -> None:
    company.arrive(night, marketo_activities=None)
    company.land("marketo", "activities", night, 90, quarantined=60)


def _failed(company: Company, night: date) -> None:
    company.arrive(night, marketo_leads=None)
    company.land("marketo", "leads", night, 0, failed="not_utf8")


def _wrong_account(company: Company, night: date) -> None:
    company.arrive(night)
    company.run("alter table ops.loads drop constraint loads_rows_add_up")
    company.run("update ops.loads set rows_read = rows_read + 1 where night = %s", night)


def _lost_quarantine(company: Company, night: date) -> None:
    company.arrive(night, marketo_leads=None)
    company.land("marketo", "leads", night, 90, quarantined=2)
    company.run("delete from ops.quarantine where quarantine_id = 1")


def _lost_row(company: Company, night: date) -> None:
    company.arrive(night)
    company.run(
        "delete from raw_marketo.leads where _key = (select min(_key) from raw_marketo.leads)"
    )


def _lost_table(company: Company, night: date) -> None:
    company.arrive(night)
    company.run("drop table raw_salesforce.lead_history")


def _null_key(company: Company, night: date) -> None:
    company.arrive(night)
    company.run("alter table raw_salesforce.lead alter column _key drop not null")
    company.run(
        "update raw_salesforce.lead set _key = null where ctid in"
        " (select ctid from raw_salesforce.lead where _first_night = %s limit 1)",
        night,
    )


def _all_null_keys(company: Company, night: date) -> None:
    company.arrive(night)
    company.run("alter table raw_salesforce.lead alter column _key drop not null")
    company.run("update raw_salesforce.lead set _key = null where _first_night = %s", night)


def _blank_key(company: Company, night: date) -> None:
    company.arrive(night)
    company.run(
        "update raw_marketo.leads set _key = ' ' where _key ="
        " (select max(_key) from raw_marketo.leads)"
    )


def _duplicated_version(company: Company, night: date) -> None:
    company.arrive(night)
    company.run("drop index raw_marketo.leads_version")
    company.run(
        "insert into raw_marketo.leads"
        " select * from raw_marketo.leads where _first_night = %s limit 1",
        night,
    )


def _constraint_gone(company: Company, night: date) -> None:
    company.arrive(night)
    company.run("drop index raw_salesforce.lead_version")


def _foreign_word(company: Company, night: date) -> None:
    company.arrive(night)
    company.run(
        "update raw_salesforce.lead set is_deleted = 'gelöscht' where _key ="
        " (select max(_key) from raw_salesforce.lead)"
    )


def _unknown_types(company: Company, night: date) -> None:
    company.arrive(night)
    company.run(
        "update raw_marketo.activities set activity_type_id = '99' where _first_night = %s", night
    )
    company.land("marketo", "activity_types", night, 1)
    company.run("update raw_marketo.activity_types set id = '13'")


def _future(company: Company, night: date) -> None:
    company.arrive(night, marketo_activities=None)
    company.land("marketo", "activities", night, 90, day=night + 5 * DAY)


def _no_folder(company: Company, night: date) -> None:
    company.arrive(night, marketo_leads=None, marketo_activities=None)


def _stuck_export(company: Company, night: date) -> None:
    # The export still delivers every night, but nothing newer than a week ago.
    company.run(
        "update raw_marketo.leads set _stamp = _stamp - interval '6 days';"
        " update raw_marketo.activities set _stamp = _stamp - interval '6 days'"
    )
    company.arrive(night, marketo_leads=None, marketo_activities=None)
    for name in ("leads", "activities"):
        company.land("marketo", name, night, 90, day=night - 7 * DAY)


def _half(company: Company, night: date) -> None:
    company.arrive(night, salesforce_lead_history=30)


def _empty(company: Company, night: date) -> None:
    company.arrive(night, salesforce_lead_history=0)


def _no_leads(company: Company, night: date) -> None:
    company.arrive(night)
    company.run("truncate raw_marketo.leads")


def _never_landed(company: Company, night: date) -> None:
    company.arrive(night)
    company.run(
        "delete from ops.load_files where source = 'marketo';"
        " delete from ops.loads where source = 'marketo'"
    )


def _too_long_away(company: Company, night: date) -> None:
    company.run(
        "update ops.loads set night = night - 20 where source = 'marketo';"
        " delete from ops.generations"
    )
    company.arrive(night, marketo_leads=None, marketo_activities=None)


DEFECTS: dict[str, tuple[Plant, str, dict[str, str]]] = {
    "a required source never landed": (
        _never_landed,
        "required_sources_have_landed",
        {"source": "marketo"},
    ),
    "a required source has no leads": (
        _no_leads,
        "required_sources_have_leads",
        {"source": "marketo"},
    ),
    "a nightly source brought no folder": (
        _no_folder,
        "required_sources_keep_delivering",
        {"source": "marketo", "working_days_left_out": "1"},
    ),
    "a source stayed away for weeks": (
        _too_long_away,
        "required_sources_keep_delivering",
        {"source": "marketo"},
    ),
    "an export brings nothing new": (
        _stuck_export,
        "required_sources_are_fresh",
        {"source": "marketo", "days_old": "7"},
    ),
    "an object failed": (
        _failed,
        "no_required_object_failed",
        {"source": "marketo", "object": "leads", "error_name": "not_utf8"},
    ),
    "an account does not add up": (_wrong_account, "accounts_add_up", {"object": "Lead"}),
    "a quarantined row is gone": (
        _lost_quarantine,
        "quarantine_is_complete",
        {"object": "leads"},
    ),
    "a landed row is gone": (
        _lost_row,
        "raw_tables_hold_what_was_accounted",
        {"source": "marketo", "table_name": "leads"},
    ),
    "a raw table is gone": (
        _lost_table,
        "landed_tables_exist",
        {"source": "salesforce", "table_name": "lead_history"},
    ),
    "an object came empty": (
        _empty,
        "no_object_is_empty",
        {"source": "salesforce", "object": "LeadHistory"},
    ),
    "an object came by half": (
        _half,
        "no_object_has_collapsed",
        {"source": "salesforce", "object": "LeadHistory", "rows": "30"},
    ),
    "two fifths of the rows were quarantined": (
        _quarantine,
        "quarantined_share_is_low",
        {"object": "activities", "rows_quarantined": "60"},
    ),
    "a key is null": (_null_key, "keys_are_present", {"table_name": "lead", "key": "(null)"}),
    "all keys are null": (_all_null_keys, "keys_are_present", {"table_name": "lead"}),
    "a key is blank": (_blank_key, "keys_are_present", {"table_name": "leads", "key": " "}),
    "a version stands twice": (
        _duplicated_version,
        "versions_are_unique",
        {"source": "marketo", "table_name": "leads"},
    ),
    "a constraint was dropped": (
        _constraint_gone,
        "raw_constraints_are_in_force",
        {"table_name": "lead", "missing": "unique version"},
    ),
    "yes and no in another language": (
        _foreign_word,
        "yes_and_no_are_spelled_as_known",
        {"table_name": "lead", "column_name": "is_deleted"},
    ),
    "activities of an unknown type": (
        _unknown_types,
        "activity_types_are_known",
        {"activity_type_id": "99"},
    ),
    "a clock goes days ahead": (
        _future,
        "rows_are_not_from_the_future",
        {"table_name": "activities"},
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_shuts_the_gate_and_its_rows_are_named(company: Company, defect: str) -> None:
    plant, expectation, key = DEFECTS[defect]
    night = company.live(16) + DAY
    plant(company, night)
    result = company.gate("raw", night)
    assert not result.passed
    assert expectation in failing(result), str(result)
    assert any(key.items() <= row.items() for row in keys(result, expectation)), str(result)


def test_an_object_that_came_empty_is_seen_on_the_first_night_after_the_first_load(
    company: Company,
) -> None:
    night = company.live(0) + DAY
    company.arrive(night, marketo_activities=0)
    result = company.gate("raw", night)
    assert failing(result) == {"no_object_is_empty"}
    assert keys(result, "no_object_is_empty") == [
        {"source": "marketo", "object": "activities", "night": night.isoformat()}
    ]


def test_the_uneven_nights_of_a_backfill_are_no_collapse(company: Company) -> None:
    """Nights are compared once ten comparable ones are there: fewer show no rhythm."""
    night = company.live(8) + DAY
    company.arrive(night, salesforce_lead=20, marketo_leads=3)
    assert company.gate("raw", night).passed


def test_a_source_that_left_out_a_day_after_a_few_nights_has_no_rhythm_yet(
    company: Company,
) -> None:
    night = company.live(4) + DAY
    for source, name in company.objects:
        if source == "salesforce":
            company.land(source, name, night, 90)
    assert company.gate("raw", night).passed


def test_an_empty_object_of_a_night_that_was_held_back_still_holds_back_the_next(
    company: Company,
) -> None:
    night = company.live(16) + DAY
    company.arrive(night, salesforce_lead=0)
    company.arrive(night + DAY)
    result = company.gate("raw", night + DAY)
    assert keys(result, "no_object_is_empty") == [
        {"source": "salesforce", "object": "Lead", "night": night.isoformat()}
    ]


def test_a_folder_delivered_again_with_its_rows_opens_the_gate(company: Company) -> None:
    night = company.live(16) + DAY
    company.arrive(night, salesforce_lead=0)
    assert not company.gate("raw", night).passed
    company.land("salesforce", "Lead", night, 90)
    assert company.gate("raw", night).passed


def test_an_object_that_failed_and_then_loaded_is_no_failure(company: Company) -> None:
    night = company.live(16) + DAY
    company.arrive(night, marketo_leads=None)
    company.land("marketo", "leads", night, 0, failed="checksum_mismatch")
    assert failing(company.gate("raw", night)) == {"no_required_object_failed"}
    company.land("marketo", "leads", night, 90)
    assert company.gate("raw", night).passed


def test_a_late_folder_that_fails_holds_back_the_night_that_tried_it(company: Company) -> None:
    night = company.live(16) + DAY
    company.arrive(night)
    late = night - 6 * DAY
    company.land("salesforce", "Task", late, 0, failed="row_count_mismatch")
    result = company.gate("raw", night)
    assert keys(result, "no_required_object_failed") == [
        {
            "source": "salesforce",
            "object": "Task",
            "night": late.isoformat(),
            "error_name": "row_count_mismatch",
        }
    ]


def test_a_failure_of_a_source_that_is_not_required_holds_nothing_back(company: Company) -> None:
    night = company.live(16) + DAY
    company.arrive(night)
    company.land("generic", "leads", night, 0, failed="not_utf8")
    assert company.gate("raw", night).passed


def test_folders_of_later_nights_are_not_this_nights_business(company: Company) -> None:
    night = company.live(16) + DAY
    company.arrive(night)
    company.land("salesforce", "Lead", night + DAY, 0, failed="not_utf8")
    assert company.gate("raw", night).passed


def test_a_dozen_rows_from_the_future_are_no_matter_for_the_gate(company: Company) -> None:
    night = company.live(16) + DAY
    company.arrive(night)
    company.land("salesforce", "Task", night, 12, day=night + 9 * DAY)
    assert company.gate("raw", night).passed


def test_all_keys_come_back_for_a_thousand_failing_rows(company: Company) -> None:
    night = company.live(3) + DAY
    company.arrive(night, marketo_leads=None)
    versions = [(f"lead-{i}", instant(night) - DAY) for i in range(1000)]
    company.land("marketo", "leads", night, versions)
    company.run("update raw_marketo.leads set _content_hash = '' where _first_night = %s", night)
    result = company.gate("raw", night)
    [failure] = result.failures
    assert {key["key"] for key in failure.keys} == {f"lead-{i}" for i in range(1000)}
    assert "1000 row(s)" in str(failure)
    assert "and 980 more" in str(failure)


def accept(root: Path, night: date) -> None:
    (root / "accepted.yml").write_text(
        "- expectation: no_object_has_collapsed\n"
        f"  key: {{source: salesforce, object: LeadHistory, night: {night.isoformat()}}}\n"
        "  accepted_by: Jo Smith\n"
        "  accepted_on: 2026-03-14\n"
        "  reason: the webinar programme ended\n"
    )


def test_a_person_may_let_a_collapse_through(company: Company, tmp_path: Path) -> None:
    night = company.live(16) + DAY
    company.arrive(night, salesforce_lead_history=30)
    root = copy_expectations(tmp_path)
    accept(root, night)
    result = company.gate("raw", night, expectations_dir=root)
    assert result.passed
    [accepted] = result.accepted
    assert "Jo Smith" in accepted.message


def test_what_was_let_through_opens_the_gate_for_nothing_else(
    company: Company, tmp_path: Path
) -> None:
    night = company.live(16) + DAY
    company.arrive(night, salesforce_lead_history=30, marketo_leads=30)
    root = copy_expectations(tmp_path)
    accept(root, night)
    result = company.gate("raw", night, expectations_dir=root)
    assert [key["object"] for key in keys(result, "no_object_has_collapsed")] == ["leads"]


# -- where an ELT service lands a source ----------------------------------------------------------

SCHEMA = "fivetran_salesforce"
ELT_STAMPS = {"lead": "system_modstamp", "task": "system_modstamp", "lead_history": "created_date"}


@pytest.fixture
def elt_company(company: Company, monkeypatch: pytest.MonkeyPatch) -> Company:
    """Marketo comes as files; Salesforce lies where Fivetran keeps it, and has no folder."""
    landings = {"salesforce": {"schema": SCHEMA, "without": ["opportunity_history"]}}
    monkeypatch.setenv("HANDOFF_ELT_LANDINGS", json.dumps(landings))
    company.objects = (("marketo", "leads"), ("marketo", "activities"))
    company.run(f"create schema {SCHEMA}")
    for table, stamp in ELT_STAMPS.items():
        company.run(f"create table {SCHEMA}.{table} (id text, {stamp} timestamptz)")
    return company


def at_service(company: Company, statement: str | sql.Composed, *parameters: object) -> None:
    """A statement in the service's schema."""
    with company.connection.transaction():
        company.run(f"set local search_path = {SCHEMA}")
        company.run(statement, *parameters)  # type: ignore[arg-type]


def sync(company: Company, until: date, *, days: int = 30, without: tuple[str, ...] = ()) -> None:
    """Fivetran's tables with a change on each of the days before a night."""
    insert = sql.SQL(
        "insert into {} select 'row-' || day, %s - day * interval '1 day'"
        " from generate_series(1, %s) as day"
    )
    for table in ELT_STAMPS:
        if table not in without:
            at_service(company, insert.format(sql.Identifier(table)), instant(until), days)


def test_a_source_of_an_elt_service_needs_no_extracts(elt_company: Company) -> None:
    night = elt_company.live(3)
    sync(elt_company, night)
    result = elt_company.gate("raw", night)
    assert result.passed, str(result)

    # What was delivered before the service was there, and failed, is nobody's business any more.
    elt_company.land("salesforce", "LeadHistory", night, 0, failed="not_utf8")
    assert elt_company.gate("raw", night).passed
    elt_company.land("salesforce", "OpportunityHistory", night, 0, failed="not_utf8")
    assert failing(elt_company.gate("raw", night)) == {"no_required_object_failed"}


def test_a_stale_elt_table_shuts_the_gate_and_is_named_with_its_newest_stamp(
    elt_company: Company,
) -> None:
    night = elt_company.live(3)
    sync(elt_company, night, without=("lead_history",))
    sync(elt_company, night - 6 * DAY, without=("lead", "task"))
    result = elt_company.gate("raw", night)
    assert failing(result) == {"required_sources_are_fresh"}
    newest = f"{night - 7 * DAY}T00:00:00Z"
    assert keys(result, "required_sources_are_fresh") == [
        {
            "source": "salesforce",
            "schema_name": SCHEMA,
            "table_name": "lead_history",
            "newest_change": newest,
            "days_old": "7",
        }
    ]
    assert f"table_name=lead_history, newest_change={newest}" in str(result)


def test_elt_tables_that_seldom_change_are_stale_by_their_own_rhythm(elt_company: Company) -> None:
    night = elt_company.live(3)
    sync(elt_company, night, without=("task", "lead_history"))
    # Four changes show no rhythm; nine, a week apart from each other, show one of weeks.
    sync(elt_company, night - 20 * DAY, days=4, without=("lead", "lead_history"))
    sync(elt_company, night - 13 * DAY, days=57, without=("lead", "task"))
    at_service(elt_company, "delete from lead_history where split_part(id, '-', 2)::int % 7 <> 1")
    assert elt_company.gate("raw", night).passed
    assert keys(elt_company.gate("raw", night + DAY), "required_sources_are_fresh") == [
        {
            "source": "salesforce",
            "schema_name": SCHEMA,
            "table_name": "lead_history",
            "newest_change": f"{night - 14 * DAY}T00:00:00Z",
            "days_old": "15",
        }
    ]


def test_a_schema_of_which_nothing_can_be_read_is_named(
    elt_company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    landings = {"salesforce": {"schema": "fivetran_salesforc"}}
    monkeypatch.setenv("HANDOFF_ELT_LANDINGS", json.dumps(landings))
    with pytest.raises(JudgingError, match=r"fivetran_salesforc, where .* may read no table"):
        elt_company.gate("raw", FIRST_NIGHT)


def test_an_elt_service_may_be_the_only_source_and_needs_leads(elt_company: Company) -> None:
    write_agreement(
        elt_company.agreement_dir,
        agreement_sources="source_system,role,time_zone,is_required\nsalesforce,both,UTC,true\n",
    )
    at_service(elt_company, 'alter table lead rename to "Lead"')
    at_service(elt_company, 'alter table "Lead" rename system_modstamp to "SystemModstamp"')
    at_service(elt_company, 'alter table "Lead" alter "SystemModstamp" type text')
    result = elt_company.gate("raw", FIRST_NIGHT)
    assert failing(result) == {"required_sources_have_leads", "required_sources_are_fresh"}
    sync(elt_company, FIRST_NIGHT, without=("lead",))
    at_service(elt_company, """insert into "Lead" values ('00Q1', '2026-03-01T10:00:00.000Z')""")
    assert elt_company.gate("raw", FIRST_NIGHT).passed
