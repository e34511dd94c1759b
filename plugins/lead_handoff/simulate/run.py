"""Simulates a company of any size, part by part, so that memory does not grow with it."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from lead_handoff.simulate.delivery import Delivery, Horizon, write_manifests
from lead_handoff.simulate.life import Life
from lead_handoff.simulate.standing import (
    write_damage,
    write_own_opportunities,
    write_standing,
)
from lead_handoff.simulate.world import World, make_world

PART_LEADS = 25_000
"""Leads per part. Parts are files of their own, whatever the number of processes."""


@dataclass(frozen=True)
class Company:
    """What to simulate: `leads` people from `start` on, and where to put it."""

    out: Path
    truth: Path
    leads: int
    seed: int
    start: date
    first_days: int = 90
    nights: int = 7
    noise: bool = True


def simulate(company: Company, progress: Callable[[str], None] = lambda text: None) -> Counter[str]:
    """Write the company's extracts under `out` and its truth to `truth`.

    Returns how often each rule was violated on purpose. The same arguments give the same bytes.
    """
    horizon = Horizon(company.start, company.first_days, company.nights)
    world = make_world(horizon, seed=company.seed, leads=company.leads)
    company.truth.parent.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    with company.truth.open("w", encoding="utf-8") as truth:
        truth.write(_company_line(world))
        for part, first in enumerate(range(0, max(company.leads, 1), PART_LEADS)):
            last = min(first + PART_LEADS, company.leads)
            counts.update(_write_part(company, world, part, range(first, last), truth.write))
            progress(f"simulated {last} of {company.leads} leads")
    write_manifests(company.out, "marketo")
    return counts


def _write_part(
    company: Company, world: World, part: int, numbers: range, tell: Callable[[str], object]
) -> Counter[str]:
    out = Delivery(company.out, world.horizon, part, noise=company.noise)
    counts: Counter[str] = Counter()
    try:
        if part == 0:
            write_standing(world, out)
            write_own_opportunities(world, out)
        for number in numbers:
            stream = Random((world.seed << 40) | number)  # noqa: S311 - must repeat, not hide
            truth = Life(world, out, stream, number).run()
            counts.update(truth.rules)
            tell(truth.line() + "\n")
        if part == 0:
            write_damage(out)
    finally:
        out.close()
    return counts


def _company_line(world: World) -> str:
    """The first line of the truth: who behaves how, and what only shows over many leads."""
    bdr, rep = world.colluding
    return (
        json.dumps(
            {
                "kind": "company",
                "seed": world.seed,
                "leads": world.leads,
                "conducts": world.conducts,
                "planted": [
                    {"rule": "collusive_pair", "bdr": bdr, "rep": rep},
                    {"rule": "unsigned_agreement", "agreement_version": "v1"},
                    {"rule": "too_good_pipeline", "team": "West"},
                ],
            }
        )
        + "\n"
    )
