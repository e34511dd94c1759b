"""Simulates a company of any size, part by part, so that memory does not grow with it."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from random import Random

from lead_handoff.simulate.delivery import Delivery, Horizon, write_manifests
from lead_handoff.simulate.honest import HonestLife
from lead_handoff.simulate.innocence import INNOCENT
from lead_handoff.simulate.life import Life
from lead_handoff.simulate.misconduct import company_line
from lead_handoff.simulate.plain import write_people
from lead_handoff.simulate.standing import (
    FOUNDED,
    write_damage,
    write_own_opportunities,
    write_standing,
)
from lead_handoff.simulate.truth import Truth
from lead_handoff.simulate.withheld import Withheld
from lead_handoff.simulate.world import World, make_world

PART_LEADS = 25_000
"""Leads per part. Parts are files of their own, whatever the number of processes, so that a
machine with more processors writes the same bytes."""


@dataclass(frozen=True)
class Company:
    """What to simulate: `leads` people from `start` on, and where to put it.

    A `trial` company plants every kind of misconduct that takes many leads to show, and what only
    looks like it, so that rules can be measured. An `innocent` one, named by its kind, plants none.
    """

    out: Path
    truth: Path
    leads: int
    seed: int
    start: date
    first_days: int = 90
    nights: int = 7
    noise: bool = True
    trial: bool = False
    part_leads: int = PART_LEADS
    innocent: str = ""

    def world(self) -> World:
        """What the leads of this company share."""
        horizon = Horizon(self.start, self.first_days, self.nights)
        return make_world(
            horizon,
            seed=self.seed,
            leads=self.leads,
            trial=self.trial,
            innocent=bool(self.innocent),
        )


def simulate(company: Company, progress: Callable[[str], None] = lambda text: None) -> Counter[str]:
    """Write the company's extracts under `out` and its truth to `truth`.

    Returns how often each rule was violated on purpose. The same arguments give the same bytes.
    """
    parts = range(max(1, -(-company.leads // company.part_leads)))
    company.truth.parent.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    with company.truth.open("wb") as truth:
        truth.write((company_line(company.world()) + "\n").encode())
        for part, counted in zip(parts, _counted(company, parts), strict=True):
            counts.update(counted)
            told = _truth_of(company, part)
            with told.open("rb") as lines:
                shutil.copyfileobj(lines, truth)
            told.unlink()
            done = min((part + 1) * company.part_leads, company.leads)
            progress(f"simulated {done} of {company.leads} leads")
    write_manifests(company.out, "marketo")
    return counts


def _counted(company: Company, parts: range) -> Iterator[Counter[str]]:
    """Write the parts, in several processes where there are several parts."""
    workers = min(len(parts), os.cpu_count() or 1)
    if workers == 1:
        for part in parts:
            yield _write_part(company, part)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(_write_part, [company] * len(parts), parts)


def _truth_of(company: Company, part: int) -> Path:
    return company.truth.with_name(f"{company.truth.name}.{part:04d}")


def _write_part(company: Company, part: int) -> Counter[str]:
    """Write one part's extracts, and its truth beside the whole truth's file."""
    world = company.world()
    out = _delivery(company, world, part)
    first = part * company.part_leads
    counts: Counter[str] = Counter()
    with _truth_of(company, part).open("w", encoding="utf-8") as truth:
        try:
            if part == 0:
                _write_standing(company, world, out)
            for number in range(first, min(first + company.part_leads, company.leads)):
                stream = Random((world.seed << 40) | number)  # noqa: S311 - must repeat, not hide
                lead = _live(company, world, out, stream, number)
                counts.update(lead.rules)
                truth.write(lead.line() + "\n")
            if part == 0:
                write_damage(out)
        finally:
            out.close()
    return counts


def _delivery(company: Company, world: World, part: int) -> Delivery:
    if not company.innocent:
        return Delivery(company.out, world.horizon, part, noise=company.noise)
    kind = INNOCENT[company.innocent]
    return Withheld(
        company.out, world.horizon, part, fact=kind.fact, amount=kind.amount, clock=kind.clock
    )


def _write_standing(company: Company, world: World, out: Delivery) -> None:
    """Write what no lead owns."""
    system = INNOCENT[company.innocent].system if company.innocent else "salesforce"
    if system != "salesforce":
        write_people(out, FOUNDED, system)
        return
    write_standing(world, out)
    write_own_opportunities(world, out)


def _live(company: Company, world: World, out: Delivery, stream: Random, number: int) -> Truth:
    if company.innocent:
        return HonestLife(world, out, stream, number, INNOCENT[company.innocent]).run()
    return Life(world, out, stream, number).run()
