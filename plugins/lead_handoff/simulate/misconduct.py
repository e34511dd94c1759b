"""The truth's first line: what the company as a whole does, and what it only seems to do.

Subjects are spelled as the rules spell theirs: `<bdr>|<rep>`, `<rep>|<quarter>`, `month|<day>`.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise

from lead_handoff.simulate.company import PEOPLE
from lead_handoff.simulate.delivery import DAY, marketo_time
from lead_handoff.simulate.plan import HEADQUARTERS, PICKERS, Plan, midnight
from lead_handoff.simulate.standing import own_opportunities
from lead_handoff.simulate.world import World

SLOW_DAYS = 60
"""A month's opportunities are slow only when they have had so many days."""

Named = dict[str, str]
"""A rule and its subject; a look-alike also says why it is none."""


def company_line(world: World) -> str:
    """Who behaves how, and the subjects of the rules that only show over many leads."""
    plan = world.plan
    end = world.horizon.end
    planted = [
        *_pairs(plan),
        *(_named("rubber_stamp", "rep", rep) for rep in plan.reps_who("rubber_stamp")),
        *_picked_quarters(plan, end),
        *(_named("mql_flood", "period", _month(at)) for at in plan.floods),
        _named("unsigned_agreement", "agreement_version", "v1"),
    ]
    return json.dumps(
        {
            "kind": "company",
            "seed": world.seed,
            "leads": world.leads,
            "conducts": plan.conducts,
            "teams": {
                p.user_id: p.team
                for p in PEOPLE
                if p.team and world.left_at.get(p.user_id, end) >= end
            },
            "planted": planted,
            "look_alikes": [*_look_alikes(plan, end)],
            "end_at": marketo_time(end),
            "own_opportunities": [*_own_opportunities(world)],
        }
    )


def _named(rule: str, subject_type: str, subject: str, **more: str) -> Named:
    return {"rule": rule, "subject_type": subject_type, "subject": subject, **more}


def _pairs(plan: Plan) -> Iterator[Named]:
    for bdr, reps in plan.colluding.items():
        for rep in reps:
            yield _named("collusive_pair", "pair", f"{bdr}|{rep}")


def _picked_quarters(plan: Plan, end: int) -> Iterator[Named]:
    """Each cherry picker's quarters, as far as they are over."""
    quarters = _quarters(plan, end)
    for conduct, what in PICKERS.items():
        for rep in plan.reps_who(conduct):
            side = plan.sides.get(rep, "last")
            for quarter_end in plan.quarter_ends:
                at = quarter_end - (1 if side == "last" else 0)
                for start, until in quarters:
                    if start <= at < until:
                        subject, kind = f"{rep}|{_day(start)}", f"{what} in the {side} days"
                        yield _named("cherry_picking", "rep", subject, kind=kind)


def _quarters(plan: Plan, end: int) -> list[tuple[int, int]]:
    """The quarters that touch the company's time and are over: start and end."""
    ends = [at for at in plan.quarter_ends if _day(at)[5:] in QUARTER_STARTS and at <= end]
    before = [_quarter_start(at - DAY) for at in ends[:1]]
    return list(pairwise([*before, *ends]))


QUARTER_STARTS = ("01-01", "04-01", "07-01", "10-01")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, HEADQUARTERS).date().isoformat()


def _quarter_start(at: int) -> int:
    day = date.fromisoformat(_day(at))
    return midnight(day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1))


def _month(at: int) -> str:
    """The month that ends at `at`, as a rule spells a period."""
    return f"month|{date.fromisoformat(_day(at - 1)).replace(day=1)}"


def _own_opportunities(world: World) -> Iterator[dict[str, str | None]]:
    end = world.horizon.end
    for own in own_opportunities(world):
        if own.opened_at < end:
            yield {
                "opened_at": marketo_time(own.opened_at),
                "closed_at": marketo_time(own.closed_at) if own.closed_at < end else None,
                "owner": own.rep.user_id,
            }


def _grown_months(plan: Plan, end: int) -> Iterator[tuple[int, str]]:
    """The months whose opportunities have all had the time to be slow."""
    for (start, kind), (until, _) in pairwise(plan.pipelines):
        if until + SLOW_DAYS * DAY <= end:
            yield start, kind


def _look_alikes(plan: Plan, end: int) -> Iterator[Named]:
    yield from _fair_reps(plan)
    for at in plan.campaigns:
        why = "many at once, and as fit as ever"
        yield _named("mql_flood", "period", _month(at), why=why)
    for start, kind in _grown_months(plan, end):
        if kind in PIPELINE_WHYS:
            period = f"month|{_day(start)}"
            yield _named("too_good_pipeline", "period", period, why=PIPELINE_WHYS[kind])
    for start, until in _quarters(plan, end):
        for rep, conduct in plan.conducts.items():
            if until in plan.rushes and conduct not in PICKERS:
                why = "a busy last week for everybody"
                yield _named("cherry_picking", "rep", f"{rep}|{_day(start)}", why=why)


PIPELINE_WHYS = {"own": "none of sales' own, but quick", "slow": "slow, but some are sales' own"}


def _fair_reps(plan: Plan) -> Iterator[Named]:
    bdrs = {p.team: p.user_id for p in PEOPLE if p.role == "bdr"}
    teams = {p.user_id: p.team for p in PEOPLE}
    for rep in plan.reps_who("swift"):
        yield _named("rubber_stamp", "rep", rep, why="fast, and works every lead")
    for rep in plan.reps_who("generous"):
        pair = f"{bdrs[teams[rep]]}|{rep}"
        yield _named("rubber_stamp", "rep", rep, why="accepts nearly all, and works them")
        yield _named("collusive_pair", "pair", pair, why="accepts nearly all, and works them")
    for rep in plan.reps_who("rubber_stamp"):
        pair = f"{bdrs[teams[rep]]}|{rep}"
        yield _named("collusive_pair", "pair", pair, why="accepts everything from everybody")
