"""A small company in the warehouse, sound in every respect, for tests to break in one place."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from lead_handoff.judging import FindingsResult, GateResult, run_findings, run_gate

SLOT = "slot_blue"
FIRST_NIGHT = date(2026, 3, 2)  # a Monday
AGREEMENT = {
    "agreement_versions": (
        "agreement_version,valid_from,time_zone,default_calendar,handoff_stage,uses_tql,"
        "minimum_score,minimum_attributes,routing_grace_minutes,clock_restarts_on_transfer,"
        "warning_hours,marketing_signed_by,marketing_signed_on,sales_signed_by,sales_signed_on,"
        "executive_signed_by,executive_signed_on,executive_signature_required,note\n"
        "v1,2025-07-01,America/New_York,us,mql,false,50,4,15,false,4,,,,,,,false,\n"
    ),
    "agreement_sources": (
        "source_system,role,time_zone,is_required\n"
        "salesforce,sfa,UTC,true\nmarketo,map,UTC,true\ngeneric,both,UTC,false\n"
    ),
    "agreement_calendars": "agreement_version,calendar,time_zone,weekday,opens,closes\n"
    + "".join(f"v1,us,America/New_York,{day},09:00,17:00\n" for day in range(1, 6)),
    "agreement_holidays": (
        "agreement_version,calendar,holiday,name\nv1,us,2026-03-20,Founders Day\n"
    ),
    "agreement_stage_map": (
        "agreement_version,source_system,object,field,history_name,value,stage,is_authority\n"
    ),
    "agreement_fields": "agreement_version,source_system,object,role,field,history_name\n",
    "agreement_attributes": (
        "agreement_version,attribute,description,source_order,source_system,object,field,"
        "history_name,met_values\n"
    ),
}


def instant(night: date) -> datetime:
    """The as_of of a night: the midnight at the start of its date."""
    return datetime(night.year, night.month, night.day, tzinfo=UTC)


def write_agreement(folder: Path, **changed: str) -> Path:
    """The company's agreement as CSV files; a keyword replaces the text of one file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (AGREEMENT | changed).items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


class Company:
    """Extracts that have landed, and marts built from them."""

    rows_on_a_working_day = 90
    rows_on_a_quiet_day = 12
    objects: Sequence[tuple[str, str]] = (
        ("salesforce", "Lead"),
        ("salesforce", "LeadHistory"),
        ("marketo", "leads"),
        ("marketo", "activities"),
    )

    def __init__(self, url: str, agreement_dir: Path, home: Path, seed: int = 1) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)
        self.agreement_dir = write_agreement(agreement_dir)
        self.home = home
        self.random = random.Random(seed)
        self.sequence = 0

    def close(self) -> None:
        self.connection.close()

    def run(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Any statement, as the database's superuser."""
        cursor = self.connection.execute(statement, parameters or None)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []

    def spoil(self, statement: str, *parameters: Any) -> None:
        """A statement with which a test damages the slot; unqualified names mean its tables."""
        with self.connection.transaction():
            self.run(f"set local search_path = {SLOT}")
            self.run(statement, *parameters)

    # -- landing --------------------------------------------------------------------------------

    def land(
        self,
        source: str,
        name: str,
        night: date,
        rows: int | Sequence[tuple[str, datetime]],
        *,
        quarantined: int = 0,
        failed: str | None = None,
        day: date | None = None,
    ) -> int:
        """Land one object's folder: its versions, its account, its file; return the load's id.

        ``rows`` are (key, stamp) pairs, or how many to make up, dated on the day before the night.
        """
        if isinstance(rows, int):
            rows = self.versions(rows, day or night - timedelta(days=1))
        landed = [] if failed else list(rows)
        read = len(landed) + quarantined
        [(load_id,)] = self.run(
            "insert into ops.loads (fence, night, source, object, status, error_name, rows_read,"
            " rows_new, rows_quarantined, finished_at) values (1, %s, %s, %s, %s, %s, %s, %s, %s,"
            " clock_timestamp()) returning load_id",
            *(night, source, name, "failed" if failed else "loaded", failed),
            *(read, len(landed), quarantined),
        )
        self.run(
            "insert into ops.load_files (load_id, source, object, night, file_name, size_bytes,"
            " sha256, rows_read) values (%s, %s, %s, %s, 'part.csv', 1, '', %s)",
            *(load_id, source, name, night, read),
        )
        for _ in range(quarantined):
            self.run(
                "insert into ops.quarantine (load_id, source, object, night, file_name, reason)"
                " values (%s, %s, %s, %s, 'part.csv', 'bad_timestamp')",
                *(load_id, source, name, night),
            )
        table = sql.Identifier(f"raw_{source}", _table(name))
        copy = sql.SQL(
            "copy {} (_key, _stamp, _stamp_from_folder, _content_hash, _first_night, _load_id)"
            " from stdin"
        ).format(table)
        with self.connection.cursor() as cursor, cursor.copy(copy) as lines:
            for key, stamp in landed:
                lines.write_row((key, stamp, False, f"hash-{key}", night, load_id))
        return int(load_id)

    def versions(self, count: int, day: date) -> list[tuple[str, datetime]]:
        """That many new records, changed at any time of a day."""
        start = instant(day)
        made = []
        for _ in range(count):
            self.sequence += 1
            stamp = start + timedelta(seconds=self.random.randrange(86_400))
            made.append((f"00Q{self.sequence:012d}", stamp))
        return made

    def usual(self, night: date) -> int:
        """How many rows an object brings on a night like this one, with its chance variation."""
        day = night - timedelta(days=1)
        quiet = day.weekday() >= 5
        mean = self.rows_on_a_quiet_day if quiet else self.rows_on_a_working_day
        return max(0, round(self.random.gauss(mean, mean**0.5)))

    def live(self, nights: int, *, first: date = FIRST_NIGHT, history_days: int = 30) -> date:
        """A first load of some weeks, then good nights, each published; return the last night."""
        for source, name in self.objects:
            history = [
                version
                for back in range(history_days, 0, -1)
                for version in self.versions(
                    self.usual(first - timedelta(days=back - 1)), first - timedelta(days=back)
                )
            ]
            self.land(source, name, first, history)
        self.publish(first)
        night = first
        for _ in range(nights):
            night += timedelta(days=1)
            self.arrive(night)
            self.publish(night)
        return night

    def arrive(self, night: date, **instead: int | None) -> None:
        """One night's folders; a keyword (the table's name) sets an object's rows, None: absent."""
        for source, name in self.objects:
            rows = instead.get(f"{source}_{_table(name)}", self.usual(night))
            if rows is not None:
                self.land(source, name, night, rows)

    def publish(self, night: date, slot: str = "slot_green") -> None:
        """Record that readers were given this night."""
        self.run(
            "insert into ops.generations (slot, as_of, night, fence, run_id, models, is_full)"
            " values (%s, %s, %s, 1, 'test', 1, false)",
            *(slot, instant(night), night),
        )

    # -- marts ----------------------------------------------------------------------------------

    def build(self, night: date, leads: int = 40, slot: str = SLOT) -> None:
        """Sound marts of as many leads as have landed for them, in a slot."""
        for source, name in (("salesforce", "Lead"), ("marketo", "leads")):
            stamp = instant(night) - timedelta(days=9)
            self.land(source, name, night, [(f"{source}-{i}", stamp) for i in range(1, leads + 1)])
        self.run(f"drop schema if exists {slot} cascade; create schema {slot}")
        statements = MARTS.format(as_of=instant(night).isoformat(), night=night, leads=leads)
        with self.connection.transaction():
            self.run(f"set local search_path = {slot}")
            self.run(statements)

    # -- judging --------------------------------------------------------------------------------

    def gate(self, layer: Any, night: date, **changed: Any) -> GateResult:
        """Run a gate for a night."""
        arguments = {
            "warehouse_url": self.url,
            "slot": SLOT,
            "night": night,
            "as_of": instant(night),
            "agreement_dir": self.agreement_dir,
            "home": self.home,
        }
        return run_gate(layer, **(arguments | changed))

    def findings(self) -> FindingsResult:
        """Run the finding suite."""
        return run_findings(warehouse_url=self.url, slot=SLOT, home=self.home)


def failing(result: GateResult) -> set[str]:
    """Names of the expectations that failed."""
    return {failure.expectation for failure in result.failures}


def keys(result: GateResult, expectation: str) -> list[dict[str, str]]:
    """The failing keys of one expectation."""
    [failure] = [entry for entry in result.failures if entry.expectation == expectation]
    return [dict(key) for key in failure.keys]


def _table(name: str) -> str:
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


# Four kinds of leads in turn: accepted and worked; rejected before acceptance; ignored; handed over
# yesterday and pending. Each is an inquiry first, nine days before the night.
MARTS = """
create table build_context (
    as_of timestamptz, night date, previous_as_of timestamptz, previous_night date,
    since_load_id bigint, is_full boolean
);
insert into build_context values ('{as_of}', '{night}', null, null, 0, true);

create table lead_kinds as
select
    'lead-' || i as lead_id, i, (array['accepted', 'rejected', 'ignored', 'pending'])[i % 4 + 1]
    as outcome, '{as_of}'::timestamptz as run_as_of
from generate_series(1, {leads}) as i;

create table moves as
select lead_id, outcome, stage, position, at, run_as_of
from lead_kinds
cross join lateral (values
    ('inquiry', 1, run_as_of - interval '9 days'),
    ('mql', 2, run_as_of - interval '1 hour' * case outcome when 'pending' then 6 else 192 end),
    (
        case outcome when 'accepted' then 'sal' when 'rejected' then 'rejected' end, 3,
        run_as_of - interval '7 days'
    )
) as move (stage, position, at)
where stage is not null;

create table fct_stage_events as
select
    lead_id || ':' || stage as event_id, lead_id,
    case when position < 3 then 'marketo' else 'salesforce' end as source_system,
    lead_id || ':' || position as source_event_id, stage, at as occurred_at, at as recorded_at,
    'user-1' as actor_id, null::text as reason, true as is_authority, false as is_echo,
    false as is_repeat, run_as_of
from moves;

create table fct_stage_transitions as
select
    'move-' || lead_id || ':' || position as transition_id, lead_id, 1 as journey_number,
    position as transition_number, lag(stage) over per_lead as from_stage, stage as to_stage,
    case position when 1 then 'start' when 2 then 'forward' else
        case stage when 'rejected' then 'exit' else 'forward' end end as direction,
    0 as skipped_stages, at as entered_at, lead(at) over per_lead as exited_at,
    'user-1' as actor_id, 'human' as actor_type,
    case when position < 3 then 'marketo' else 'salesforce' end as source_system,
    lead_id || ':' || position as source_event_id, run_as_of
from moves
window per_lead as (partition by lead_id order by position);

create table fct_handoffs as
select
    'move-' || handed.lead_id || ':2' as handoff_id, handed.lead_id, 1 as journey_number,
    1 as handoff_number, handed.at as offered_at, 'v1'::text as agreement_version, 'A' as tier,
    handed.outcome, handed.at + interval '8 hours' as response_due_at, answer.at as responded_at,
    case when handed.outcome = 'accepted' then answer.at end as accepted_at,
    case when handed.outcome = 'accepted' then 'human' end as accepted_by_type,
    case when handed.outcome = 'rejected' then answer.at end as rejected_at,
    case when handed.outcome = 'rejected' then 'human' end as rejected_by_type, handed.run_as_of
from moves as handed
left join moves as answer on answer.lead_id = handed.lead_id and answer.position = 3
where handed.position = 2;

create table agreement_versions (agreement_version text, handoff_stage text);
insert into agreement_versions values ('v1', 'mql');
create table agreement_sla_terms (agreement_version text, tier text, clause text);
insert into agreement_sla_terms values
    ('v1', 'A', 'response'), ('v1', 'B', 'response'), ('v1', 'A', 'definition');
create table agreement_rules (agreement_version text, rule text, severity text, is_enabled text);
insert into agreement_rules values
    ('v1', 'ignored_handoff', 'warning', 'true'), ('v1', 'stalled_lead', 'critical', 'true'),
    ('v1', 'not_looked_for', 'info', 'true'), ('v1', 'skipped_stage', 'warning', 'false');
create table agreement_thresholds (agreement_version text, rule text, threshold text, value text);
create table agreement_waivers (finding_id text, waived_by text, waived_on text, reason text);

create table fct_sla_compliance as
select
    handoff_id, lead_id, clause, case clause when 'response' then 'sales' else 'marketing' end
    as party, agreement_version,
    case clause when 'response' then response_due_at else offered_at end as due_at,
    case clause when 'response' then responded_at else offered_at end as met_at,
    case when clause = 'definition' then 'met' when outcome = 'pending' then 'pending'
        else 'breached' end as status, run_as_of
from fct_handoffs
cross join (values ('response'), ('definition')) as clauses (clause);

create table fct_touches as
select
    'touch-' || lead_id as touch_id, lead_id, handoff_id, 'user-1' as user_id, 'call' as channel,
    offered_at + interval '1 hour' as occurred_at, offered_at as recorded_at, run_as_of
from fct_handoffs;

create table fct_integrity_findings as
select
    'finding-' || lead_id as finding_id, 'ignored_handoff' as rule, 'warning' as severity,
    'certain' as grade, 'handoff' as subject_type, handoff_id as subject_id, lead_id, handoff_id,
    null::text as owner_id, null::text as team, null::text as machine,
    response_due_at as occurred_at,
    '{{}}'::jsonb as evidence, 'No response when due.' as message, run_as_of
from fct_handoffs
where outcome = 'ignored';

create table dim_leads as
select
    lead_id, 'salesforce-' || i as salesforce_lead_id, 'marketo-' || i as marketo_lead_id,
    (
        select stage from moves where moves.lead_id = lead_kinds.lead_id
        order by position desc limit 1
    ) as current_stage,
    1 as journey_number, false as is_deleted, 0 as merged_count, run_as_of
from lead_kinds;

create table bridge_lead_ids as
select
    lead_id, system as source_system, system || '-' || i as source_id, true as is_survivor,
    run_as_of
from lead_kinds cross join (values ('salesforce'), ('marketo')) as systems (system);

create table dim_users as
select 'user-1' as user_id, 'salesforce' as source_system, '{as_of}'::timestamptz as run_as_of;

drop table moves;
drop table lead_kinds;
"""
