"""The rows that no lead owns: users, queue, statuses, campaigns, and sales' own opportunities."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from lead_handoff.simulate.catalogue import (
    ACTIVITY_TYPES,
    CAMPAIGN_TYPES,
    COMPANY_HEADS,
    COMPANY_TAILS,
    LEAD_STATUSES,
)
from lead_handoff.simulate.company import INBOUND_QUEUE, PEOPLE, SYNC_USER, Person
from lead_handoff.simulate.delivery import DAY, Delivery, salesforce_time
from lead_handoff.simulate.identifiers import salesforce_id
from lead_handoff.simulate.records import OPPORTUNITY, move_opportunity, start_opportunity
from lead_handoff.simulate.world import World

FOUNDED = int(datetime(2025, 6, 2, 12, tzinfo=UTC).timestamp())
OWN_OPPORTUNITIES = 0.02
"""Opportunities that sales found itself, per lead, in the teams that look for any."""


def write_standing(world: World, out: Delivery) -> None:
    """Write users, queue, statuses, campaigns and activity types, each when it last changed."""
    for person in PEOPLE:
        row = (
            person.user_id,
            person.name,
            person.email,
            person.email,
            "true",
            person.user_type,
            person.manager_id,
            person.team,
            person.title,
            salesforce_id("00e", 12),
            salesforce_time(FOUNDED),
            salesforce_time(FOUNDED),
        )
        out.row(("salesforce", "User"), FOUNDED, row)
        if person.user_id in world.left_at:
            left = world.left_at[person.user_id]
            gone = (*row[:4], "false", *row[5:10], salesforce_time(left), row[11])
            out.row(("salesforce", "User"), left, gone)
    out.row(
        ("salesforce", "Group"),
        FOUNDED,
        (INBOUND_QUEUE, "Inbound Queue", "Queue", salesforce_time(FOUNDED)),
    )
    for order, status in enumerate(LEAD_STATUSES, 1):
        out.row(
            ("salesforce", "LeadStatus"),
            FOUNDED,
            (
                salesforce_id("01J", 100 + order),
                status,
                status,
                "true" if status == "Converted" else "false",
                order,
                salesforce_time(FOUNDED),
            ),
        )
    for source, campaign in world.campaigns.items():
        out.row(
            ("salesforce", "Campaign"),
            FOUNDED,
            (campaign, "false", f"{source} 2026", CAMPAIGN_TYPES[source], salesforce_time(FOUNDED)),
        )
    for kind in ACTIVITY_TYPES:
        out.row(("marketo", "activity_types"), FOUNDED, kind)


class OwnOpportunity(NamedTuple):
    """An opportunity that sales found itself; instants are epoch seconds."""

    number: int
    opened_at: int
    closed_at: int
    rep: Person
    name: str
    amount: int
    is_won: bool


def own_opportunities(world: World) -> Iterator[OwnOpportunity]:
    """Those without a lead; West finds none, so marketing seems to feed it all."""
    horizon = world.horizon
    for number in range(int(world.leads * OWN_OPPORTUNITIES)):
        rng = Random((world.seed << 40) | (1 << 39) | number)  # noqa: S311 - must repeat
        draw = rng.random
        reps = world.reps["East" if draw() < 0.5 else "Europe"]
        rep = reps[int(draw() * len(reps))]
        at = horizon.start_at + int(draw() * (horizon.end - horizon.start_at))
        at = world.calendars[rep.calendar].open_at(at)
        if not world.plan.has_own_pipeline(at):
            continue
        head = COMPANY_HEADS[int(draw() * len(COMPANY_HEADS))]
        tail = COMPANY_TAILS[int(draw() * len(COMPANY_TAILS))]
        amount = 6_000 + int(draw() * 60_000)
        closed = at + int((10 + draw() * 50) * DAY)
        name = f"{head} {tail} - renewal"
        yield OwnOpportunity(number, at, closed, rep, name, amount, is_won=draw() < 0.3)


def write_own_opportunities(world: World, out: Delivery) -> None:
    """Write the opportunities without a lead."""
    for own in own_opportunities(world):
        changes: list[tuple[int, dict[str, object]]] = []
        start_opportunity(
            changes,
            own.opened_at,
            opportunity_id=salesforce_id("006", 500_000_000 + own.number),
            name=own.name,
            owner=own.rep.user_id,
            actor=own.rep.user_id,
            amount=own.amount,
            currency="EUR" if own.rep.team == "Europe" else "USD",
            campaign="",
            source="Sales prospecting",
        )
        closing = "Closed Won" if own.is_won else "Closed Lost"
        move_opportunity(changes, own.closed_at, closing)
        out.versions(OPPORTUNITY, changes, _stamp)


def _stamp(at: int) -> dict[str, object]:
    return {"SystemModstamp": salesforce_time(at)}


def write_damage(out: Delivery) -> None:
    """Spoil a few lines per delivery, as feeds do; none of them is a real row."""
    for night in range(out.horizon.nights + 1):
        for copy in range(3 if night == 0 else 1):
            number = 800_000_000 + night * 10 + copy
            lead, history = salesforce_id("00Q", number), salesforce_id("017", number)
            bad = "2026-02-30T10:00:00.000Z" if copy % 2 == 0 else "yesterday"
            out.damage(
                ("salesforce", "LeadHistory"),
                night,
                f"{history},false,{lead},{SYNC_USER},{bad},Status,Text,Open,Accepted",
            )
            task = salesforce_id("00T", number)
            out.damage(("salesforce", "Task"), night, f"{task},false,{lead}")
            out.damage(
                ("marketo", "activities"),
                night,
                f"{90_000_000_000 + number},77,2026-03-04 24:61,13,null,1063,Lead Status,{{}}",
            )
