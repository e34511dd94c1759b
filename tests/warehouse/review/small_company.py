"""A small company's published marts and agreement, enough for the review and made by hand."""

import csv
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

AS_OF = datetime(2026, 6, 2, tzinfo=UTC)
TEN = [
    "vertical",
    "firmographics",
    "decision_makers",
    "environment",
    "engagement",
    "business_issues",
    "decision_process",
    "budget",
    "competition",
    "urgency",
]

_TABLES = """
create table {slot}.dim_agreement_versions (
    agreement_version text, valid_from timestamptz, time_zone text, minimum_score numeric,
    minimum_attributes integer, run_as_of timestamptz);
create table {slot}.dim_users (
    user_id text, source_system text, name text, role text, team text, manager_id text,
    is_active boolean, is_quota_bearing boolean, actor_type text, calendar text,
    run_as_of timestamptz);
create table {slot}.fct_handoffs (
    handoff_id text, lead_id text, journey_number integer, handoff_number integer,
    offered_at timestamptz, offered_by_id text, owner_id_at_offer text, team_at_offer text,
    score_at_offer numeric, attributes_met integer, met_definition boolean, tier text,
    agreement_version text, response_due_at timestamptz, responded_at timestamptz, outcome text,
    accepted_at timestamptz, accepted_by_id text, accepted_by_type text, accepted_by_owner boolean,
    implicit_acceptance boolean, rejected_at timestamptz, rejected_by_id text,
    rejected_by_type text, rejection_reason text, rejection_family text, sent_back_at timestamptz,
    sent_back_by_type text,
    expired boolean, transfers integer, first_touch_at timestamptz, touches integer,
    channels integer, touches_before_rejection integer, sql_at timestamptz, sql_actor_type text,
    won_at timestamptz, lost_at timestamptz, amount numeric, lead_source text, campaign_id text,
    run_as_of timestamptz);
create table {slot}.fct_stage_events (
    event_id text, lead_id text, source_system text, source_event_id text, stage text,
    occurred_at timestamptz, recorded_at timestamptz, actor_id text, actor_type text, reason text,
    is_authority boolean, is_echo boolean, is_repeat boolean, run_as_of timestamptz);
create table {slot}.fct_stage_transitions (
    transition_id text, lead_id text, journey_number integer, transition_number integer,
    from_stage text, to_stage text, direction text, skipped_stages integer,
    entered_at timestamptz, exited_at timestamptz, actor_id text, actor_type text,
    source_system text, source_event_id text, is_silent boolean, reason text,
    run_as_of timestamptz);
create table {slot}.fct_touches (
    touch_id text, lead_id text, handoff_id text, user_id text, channel text,
    occurred_at timestamptz, recorded_at timestamptz, is_late_logged boolean,
    run_as_of timestamptz);
create table {slot}.fct_sla_compliance (
    handoff_id text, clause text, status text, required numeric, actual numeric,
    run_as_of timestamptz);
create table {slot}.fct_handoff_attributes (
    handoff_id text, attribute text, is_met boolean, run_as_of timestamptz);
"""
_NAMES = (
    "dim_agreement_versions",
    "dim_users",
    "fct_handoffs",
    "fct_stage_events",
    "fct_stage_transitions",
    "fct_touches",
    "fct_sla_compliance",
    "fct_handoff_attributes",
)


@dataclass
class SmallCompany:
    """Rows of the marts by table; `publish` shows them to readers as of an instant."""

    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in _NAMES}
    )

    def add(self, table: str, **values: Any) -> dict[str, Any]:
        self.rows[table].append(values)
        return values

    def handoff(
        self,
        handoff_id: str,
        outcome: str,
        *,
        offered_at: datetime = datetime(2026, 5, 4, 14, tzinfo=UTC),
        due_hours: int = 8,
        exit_at: datetime | None = None,
        accepted_at: datetime | None = None,
        exit_by: str = "human",
        **values: Any,
    ) -> dict[str, Any]:
        """A handoff with its opening and its exit; `exit_by` is the actor type of the exit."""
        lead_id = values.pop("lead_id", f"lead of {handoff_id}")
        due = offered_at + timedelta(hours=due_hours)
        reason = values.get("rejection_reason")
        number = 1 + sum(
            1 for row in self.rows["fct_stage_transitions"] if row["lead_id"] == lead_id
        )
        moves = [("mql", offered_at, handoff_id, "marketing-automation", "automation", None)]
        if accepted_at:
            moves.append(("sal", accepted_at, f"{handoff_id} sal", "rep-1", "human", None))
        if exit_at:
            actor = {"automation": "robot", "human": "rep-1"}.get(exit_by)
            moves.append(("rejected", exit_at, f"{handoff_id} exit", actor, exit_by, reason))
        before = "inquiry"
        for stage, at, transition_id, actor, actor_type, why in moves:
            self.add(
                "fct_stage_transitions",
                transition_id=transition_id,
                lead_id=lead_id,
                journey_number=1,
                transition_number=number,
                from_stage=before,
                to_stage=stage,
                entered_at=at,
                actor_id=actor,
                actor_type=actor_type,
                source_system="marketo" if stage == "mql" else "salesforce",
                is_silent=False,
                reason=why,
            )
            before, number = stage, number + 1
        rejected = outcome == "rejected"
        base = {
            "handoff_id": handoff_id,
            "lead_id": lead_id,
            "journey_number": 1,
            "handoff_number": 1,
            "offered_at": offered_at,
            "owner_id_at_offer": "rep-1",
            "team_at_offer": "East",
            "score_at_offer": 72,
            "attributes_met": 5,
            "met_definition": True,
            "tier": "A",
            "agreement_version": "v2",
            "response_due_at": due,
            "outcome": outcome,
            "accepted_at": accepted_at,
            "rejected_at": exit_at if rejected else None,
            "rejected_by_type": exit_by if rejected else None,
            "sent_back_at": exit_at if outcome == "accepted" else None,
            "sent_back_by_type": exit_by if outcome == "accepted" and exit_at else None,
            "expired": False,
            "transfers": 0,
            "touches": 0,
            "channels": 0,
            "touches_before_rejection": 0 if exit_at else None,
            "lead_source": "webinar",
        }
        return self.add("fct_handoffs", **(base | values))

    def publish(self, owner_url: str, as_of: datetime = AS_OF, slot: str = "slot_blue") -> None:
        """Build in a slot and point the readers' views at it, as a night does."""
        with psycopg.connect(owner_url) as connection:
            connection.execute("set local role handoff_transformer")
            for name in _NAMES:
                connection.execute(f"drop table if exists {slot}.{name} cascade")
            connection.execute(_TABLES.format(slot=slot))
            for name, rows in self.rows.items():
                # All columns that any row names, so that one statement serves all rows.
                columns = sorted({column for row in rows for column in row})
                marks = ", ".join(["%s"] * (len(columns) + 1))
                connection.cursor().executemany(
                    f"insert into {slot}.{name} ({', '.join([*columns, 'run_as_of'])})"  # noqa: S608
                    f" values ({marks})",
                    [[*(row.get(column) for column in columns), as_of] for row in rows],
                )
                connection.execute(
                    f"create or replace view marts.{name} as select * from {slot}.{name}"  # noqa: S608
                )


def small_company() -> SmallCompany:
    """The company with its agreement's versions and its people, without any lead."""
    company = SmallCompany()
    for name, valid_from, score in (
        ("v1", "2025-07-01 00:00-04", 50),
        ("v2", "2026-04-01 00:00-04", 60),
    ):
        company.add(
            "dim_agreement_versions",
            agreement_version=name,
            valid_from=valid_from,
            time_zone="America/New_York",
            minimum_score=score,
            minimum_attributes=4,
        )
    people = (
        ("rep-1", "Alice Monroe", "rep", "East"),
        ("rep-2", "Felix Grant", "rep", "West"),
        ("rep-3", "Lars Nilsson", "rep", "Europe"),
        ("bdr-1", "Olivia Stone", "bdr", "East"),
        ("manager-1", "Marcus Doyle", "manager", "East"),
        ("robot", "Integration User", None, None),
    )
    for user_id, name, role, team in people:
        company.add(
            "dim_users",
            user_id=user_id,
            source_system="salesforce",
            name=name,
            role=role,
            team=team,
            actor_type="automation" if user_id == "robot" else "human",
        )
    return company


def may_of(company: SmallCompany, size: int, seed: int = 1) -> None:
    """Fill May 2026 with handoffs of all kinds, with touches, echoes and attributes."""
    dice = random.Random(seed)
    teams = {"East": "rep-1", "West": "rep-2", "Europe": "rep-3"}
    reasons = {
        "Wrong territory": "procedural",
        "Missing contact data": "clerical",
        "Below agreed definition": "definitional",
        "No budget": "other",
        "Timing: not this year, they asked to be called again in the autumn": "other",
    }
    for number in range(size):
        team = dice.choice(list(teams))
        rep = teams[team]
        kind = dice.choices(["rejected", "sent_back", "ignored", "machine"], [50, 15, 25, 10])[0]
        offered = datetime(2026, 5, 2, tzinfo=UTC) + timedelta(minutes=dice.randrange(60 * 24 * 20))
        reason = dice.choice(list(reasons)) if kind in ("rejected", "sent_back") else None
        accepted = offered + timedelta(hours=5) if kind == "sent_back" else None
        out = offered + timedelta(minutes=60 * 6 + dice.randrange(60 * 24 * 6))
        handoff_id = f"{dice.getrandbits(128):032x}"
        attributes = {name: dice.random() < 0.55 for name in TEN}
        score = dice.randrange(40, 99)
        met = sum(attributes.values())
        tier = "A" if score >= 80 and met >= 6 else "B"
        touches = 0 if kind == "ignored" else dice.randrange(6)
        row = company.handoff(
            handoff_id,
            {"sent_back": "accepted", "ignored": "ignored"}.get(kind, "rejected"),
            offered_at=offered,
            due_hours=30,
            accepted_at=accepted,
            exit_at=None if kind == "ignored" else out,
            exit_by="automation" if kind == "machine" else "human",
            team_at_offer=team,
            owner_id_at_offer=rep,
            rejection_reason=reason,
            rejection_family=reasons.get(reason or ""),
            score_at_offer=score,
            attributes_met=met,
            met_definition=score >= 60 and met >= 4,
            tier=tier,
            touches=touches,
        )
        company.add(
            "fct_stage_events",
            event_id=f"echo {number}",
            lead_id=row["lead_id"],
            source_system="salesforce",
            stage="mql",
            occurred_at=offered + timedelta(minutes=7),
            actor_type="automation",
            is_echo=True,
        )
        channels = set()
        for place in range(touches):
            channel = dice.choice(["call", "email", "email", "social"])
            channels.add(channel)
            company.add(
                "fct_touches",
                touch_id=f"touch {number} {place}",
                lead_id=row["lead_id"],
                handoff_id=handoff_id,
                user_id=dice.choice([rep, rep, "bdr-1"]),
                channel=channel,
                occurred_at=offered + (out - offered) * (place + 1) / (touches + 1),
                is_late_logged=dice.random() < 0.1,
            )
        row["channels"] = len(channels)
        if row["outcome"] != "ignored":
            company.add(
                "fct_sla_compliance",
                handoff_id=handoff_id,
                clause="follow_up_before_rejection",
                status="breached" if touches < 6 else "met",
                required=6 if tier == "A" else 3,
                actual=touches,
            )
        for name, is_met in attributes.items():
            company.add(
                "fct_handoff_attributes", handoff_id=handoff_id, attribute=name, is_met=is_met
            )


_LARGE_MAY = """
    insert into slot_blue.fct_handoffs (
        handoff_id, lead_id, offered_at, offered_by_id, owner_id_at_offer, team_at_offer, tier,
        agreement_version, outcome, response_due_at, rejected_at, rejected_by_type,
        rejection_reason, score_at_offer, attributes_met, met_definition, touches, channels,
        touches_before_rejection, run_as_of
    )
    select
        md5('handoff ' || number), md5('lead ' || number), at - interval '3 days', 'bdr-1',
        'rep-' || 1 + number %% 3, (array['East', 'West', 'Europe'])[1 + number %% 3],
        (array['A', 'B'])[1 + number %% 2], 'v2', 'rejected', at - interval '2 days', at,
        case when number %% 10 = 0 then 'automation' else 'human' end, 'No budget', 70, 5, true,
        2, 1, 2, timestamptz '2026-06-02 00:00Z'
    from generate_series(1, %s) as series (number)
    cross join lateral (
        select timestamptz '2026-05-02 00:00Z' + number %% 2400000 * interval '1 second' as at
    ) as moment
"""


def large_may(owner_url: str, exits: int) -> None:
    """Fill May 2026 of a published company with rejections that the database makes up itself."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("set role handoff_transformer")
        connection.execute(_LARGE_MAY, [exits])
        connection.execute("analyze slot_blue.fct_handoffs")


POLICY = {
    "strata": "team|exit_kind",
    "minimum_per_stratum": "2",
    "sample_size": "30",
    "census_below": "30",
    "census": "false",
    "allocation": "proportional",
    "personal_data": "none",
}


def write_agreement(folder: Path, **policy: str) -> Path:
    """The agreement's files that the review reads, with this policy in both versions."""
    folder.mkdir(parents=True, exist_ok=True)
    both = ("v1", "v2")
    settings = POLICY | policy
    _csv(
        folder / "agreement_review_policy.csv",
        "agreement_version,setting,value",
        [(version, *item) for version in both for item in settings.items()],
    )
    _csv(
        folder / "agreement_attributes.csv",
        "agreement_version,attribute,description,source_order,source_system,object,field,"
        "history_name,met_values",
        [
            (v, name, f"What we agreed on {name.replace('_', ' ')}", 1, "salesforce", "Lead", *x)
            for v in both
            for name in TEN
            for x in [(name, name, "")]
        ],
    )
    _csv(
        folder / "agreement_sla_terms.csv",
        "agreement_version,tier,clause,due_in,due_unit,touches,channels",
        [
            (v, *term)
            for v in both
            for term in (
                ("A", "response", 8, "business_hours", "", ""),
                ("A", "follow_up", 14, "days", 6, 3),
                ("B", "response", 16, "business_hours", "", ""),
                ("B", "follow_up", 21, "days", 3, 2),
            )
        ],
    )
    _csv(
        folder / "agreement_rejection_reasons.csv",
        "agreement_version,reason,family,needs_follow_up,is_overqualification",
        [
            (v, *reason)
            for v in both
            for reason in (
                ("Wrong territory", "procedural", "false", "false"),
                ("No budget", "other", "true", "true"),
            )
        ],
    )
    _csv(
        folder / "agreement_roster.csv",
        "agreement_version,source_system,user_id,name,function,role,team,manager_id,"
        "is_quota_bearing,calendar",
        [
            (v, "salesforce", user_id, user_id, function, role, team, "", "true", calendar)
            for v in both
            for user_id, function, role, team, calendar in (
                ("rep-1", "sales", "rep", "East", "us_east"),
                ("rep-2", "sales", "rep", "West", "us_west"),
                ("rep-3", "sales", "rep", "Europe", "europe"),
                ("ann", "marketing", "manager", "Marketing", "us_east"),
                ("bob", "sales", "manager", "East", "us_east"),
                ("chair", "executive", "executive", "Leadership", "us_east"),
            )
        ],
    )
    _csv(
        folder / "agreement_calendars.csv",
        "agreement_version,calendar,time_zone,weekday,opens,closes",
        [
            (v, calendar, zone, 1, "09:00", "17:00")
            for v in both
            for calendar, zone in (
                ("us_east", "America/New_York"),
                ("us_west", "America/Los_Angeles"),
                ("europe", "Europe/Berlin"),
            )
        ],
    )
    return folder


def _csv(path: Path, header: str, rows: Iterable[Iterable[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
