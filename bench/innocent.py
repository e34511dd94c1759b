"""How often innocent companies are accused: findings where there is nothing to find.

Each kind of `lead_handoff.simulate.innocence` is simulated with several seeds, landed and judged.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path

import psycopg
from kept import Kept, Remaining
from nights import Bench, say, table
from psycopg import sql

from lead_handoff import settings
from lead_handoff.local.server import EmbeddedServer
from lead_handoff.simulate.innocence import INNOCENT
from lead_handoff.simulate.plain import agreement_of
from lead_handoff.simulate.run import Company
from lead_handoff.simulate.scoring import ABOUT_NOBODY, GRADES, false_accusations

START, DAYS = date(2026, 2, 1), 175
JUDGED = ("fct_integrity_findings", "fct_handoffs")
SEEDS, LEADS = list(range(1, 21)), 2_000


@dataclass(frozen=True)
class Accused:
    """What was found in one innocent company: findings by `rule|grade`."""

    kind: str
    seed: int
    handoffs: int
    findings: dict[str, int]


def measured(
    kinds: Iterable[str],
    seeds: Iterable[int],
    leads: int,
    kept: Kept,
    home: Path,
    server: EmbeddedServer,
) -> list[Accused]:
    """Measure what has not been measured yet, and return all that was asked for."""
    # Seed by seed, so that a bench that is stopped has something of each kind.
    wanted = [(kind, seed) for seed, kind in product(seeds, kinds)]
    known = kept.records(part="innocent", leads=leads)
    remaining = Remaining(len([case for case in wanted if _key(*case) not in known]))
    results = []
    for kind, seed in wanted:
        key = _key(kind, seed)
        if key not in known:
            handoffs, findings = accuse(kind, seed, leads, home, server)
            known[key] = kept.add(
                part="innocent", leads=leads, key=key, handoffs=handoffs, findings=findings
            )
            say(f"{kind}, seed {seed}: {_in_words(handoffs, findings)}; {remaining.in_words()}")
        record = known[key]
        results.append(Accused(kind, seed, record["handoffs"], record["findings"]))
    return results


def _key(kind: str, seed: int) -> str:
    return f"{kind} {seed}"


def accuse(
    kind: str, seed: int, leads: int, home: Path, server: EmbeddedServer
) -> tuple[int, dict[str, int]]:
    """Simulate, land and judge one company: its handoffs, and the findings by rule and grade."""
    # One name for all, which is that of the database too: dbt parses its project anew for another.
    out, truth = home / "innocent", home / "innocent.truth"
    company = Company(out, truth, leads, seed, START, DAYS, nights=0, noise=False, innocent=kind)
    agreement = settings.agreement_dir()
    system = INNOCENT[kind].system
    if system != "salesforce":
        os.environ["HANDOFF_AGREEMENT"] = str(agreement_of(system, agreement, home / "agreement"))
    bench = Bench.of(server, company)
    try:
        slot = bench.built(bench.first_night, [f"+{model}" for model in JUDGED])
        with psycopg.connect(settings.warehouse_url("owner")) as connection:
            return _read(connection, slot)
    finally:
        os.environ["HANDOFF_AGREEMENT"] = str(agreement)
        shutil.rmtree(home / "agreement", ignore_errors=True)
        truth.unlink(missing_ok=True)
        bench.drop(server)


def _read(connection: psycopg.Connection, slot: str) -> tuple[int, dict[str, int]]:
    """The number of handoffs, and the findings by rule and grade."""
    schema = sql.Identifier(slot)
    handoffs = connection.execute(
        sql.SQL("select count(*) from {}.fct_handoffs").format(schema)
    ).fetchone()
    findings = connection.execute(
        sql.SQL(
            "select rule || '|' || grade, count(*) from {}.fct_integrity_findings"
            " where rule != all(%s) group by 1 order by 1"
        ).format(schema),
        (list(ABOUT_NOBODY),),
    ).fetchall()
    return (handoffs or (0,))[0], dict(findings)


def _in_words(handoffs: int, findings: Mapping[str, int]) -> str:
    found = ", ".join(f"{count} {name}" for name, count in sorted(findings.items()))
    return f"{handoffs} handoffs, {found or 'nobody accused'}"


def report(results: Iterable[Accused]) -> str:
    """The table, kind by rule, for a person; and what misses the aim."""
    of_kind: dict[str, list[Accused]] = defaultdict(list)
    for result in results:
        of_kind[result.kind].append(result)
    rows = [("innocent companies", "seeds", "handoffs", "accused by", *GRADES)]
    missed = []
    for kind, companies in of_kind.items():
        handoffs = sum(one.handoffs for one in companies)
        found = _summed(companies)
        head = (kind, str(len(companies)), f"{handoffs:,}")
        for rule in sorted({rule for rule, _ in found}):
            counts = (f"{found[rule, grade]:,}" for grade in GRADES)
            rows.append((*head, rule, *counts))
            head = ("", "", "")
        missed += [f"  {kind}: {why}" for why in false_accusations(found, handoffs)]
        if not found:
            rows.append((*head, "nobody", "0", "0", "0"))
    aims = "\n".join(["Misses the aim:", *missed]) if missed else "The aim is met."
    return f"{table(rows)}\n\n{aims}"


def _summed(companies: Iterable[Accused]) -> Mapping[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for company in companies:
        for name, count in company.findings.items():
            rule, _, grade = name.partition("|")
            found[rule, grade] += count
    return found


def kinds_of(names: Iterable[str]) -> list[str]:
    """The kinds that are asked for; all of them if none is named.

    Raises:
        SystemExit: one of them is no kind.
    """
    chosen = list(names) or list(INNOCENT)
    if unknown := set(chosen) - set(INNOCENT):
        raise SystemExit(
            f"no such kind: {', '.join(sorted(unknown))}; there are {', '.join(INNOCENT)}"
        )
    return chosen
