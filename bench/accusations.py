"""How often an innocent company is accused: findings against somebody where there is nothing to find.

Each kind of `lead_handoff.simulate.innocence` is simulated with several seeds, landed and judged. What
is measured is kept, a line each, under a hash of the code that made it: a bench that is stopped goes on
where it was, and code that has changed is measured anew.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from itertools import product
from pathlib import Path

import psycopg
from nights import Bench, say, table
from psycopg import sql

from lead_handoff import settings
from lead_handoff.dbt import project
from lead_handoff.local.server import EmbeddedServer
from lead_handoff.simulate.innocence import INNOCENT
from lead_handoff.simulate.run import Company

START, DAYS = date(2026, 2, 1), 175
JUDGED = ("fct_integrity_findings", "fct_handoffs")
ABOUT_NOBODY = ("unsigned_agreement", "not_delivered")
"""Rules that say what is missing, and are right."""
AIMED_AT = {
    "silent_auto_promotion",
    "rubber_stamp",
    "collusive_pair",
    "cherry_picking",
    "mql_flood",
    "too_good_pipeline",
}
"""Rules that weigh patterns: none of their findings may be certain or likely in any kind."""
GRADES = ("certain", "likely", "possible")


@dataclass(frozen=True)
class Accused:
    """What was found in one innocent company: findings by `rule|grade`."""

    code: str
    kind: str
    seed: int
    leads: int
    handoffs: int
    findings: dict[str, int]
    seconds: float


def measured(
    kinds: Iterable[str],
    seeds: Iterable[int],
    leads: int,
    kept: Path,
    home: Path,
    server: EmbeddedServer,
) -> list[Accused]:
    """Measure what has not been measured yet, and return all that was asked for."""
    code = code_of()
    results = {
        (one.kind, one.seed): one for one in _kept(kept) if (one.code, one.leads) == (code, leads)
    }
    # Seed by seed, so that a bench that is stopped has something of each kind.
    wanted = [(kind, seed) for seed, kind in product(seeds, kinds)]
    missing = [case for case in wanted if case not in results]
    if len(missing) < len(wanted):
        say(f"{len(wanted) - len(missing)} of {len(wanted)} companies are known from {kept}")
    started = time.monotonic()
    for number, (kind, seed) in enumerate(missing, 1):
        result = accuse(code, kind, seed, leads, home, server)
        results[kind, seed] = result
        with kept.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(result)) + "\n")
        each = (time.monotonic() - started) / number
        left = each * (len(missing) - number) / 60
        say(
            f"{kind}, seed {seed} ({number} of {len(missing)}): {_in_words(result)};"
            f" {each:.0f} s a company, {left:.0f} min left"
        )
    return [results[case] for case in wanted]


def accuse(
    code: str, kind: str, seed: int, leads: int, home: Path, server: EmbeddedServer
) -> Accused:
    """Simulate, land and judge one company."""
    started = time.monotonic()
    # One name for all, which is that of the database too: dbt parses its project anew for another.
    out, truth = home / "innocent", home / "innocent.truth"
    company = Company(out, truth, leads, seed, START, DAYS, nights=0, noise=False, innocent=kind)
    bench = Bench(server, company)
    try:
        slot = bench.built(bench.first_night, [f"+{model}" for model in JUDGED])
        with psycopg.connect(settings.warehouse_url("owner")) as connection:
            handoffs, findings = _read(connection, slot)
    finally:
        truth.unlink(missing_ok=True)
        bench.drop(server)
    return Accused(code, kind, seed, leads, handoffs, findings, time.monotonic() - started)


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


@cache
def code_of() -> str:
    """A hash of all that decides the result: models, landing, simulator and agreement."""
    digest = hashlib.sha256(project.code_hash().encode())
    package = Path(settings.__file__).parent
    for part in (package / "simulate", package / "landing", settings.agreement_dir()):
        for path in sorted(part.rglob("*")):
            if path.suffix in (".py", ".csv", ".sql"):
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _kept(kept: Path) -> Iterator[Accused]:
    if kept.exists():
        with kept.open(encoding="utf-8") as lines:
            for line in lines:
                yield Accused(**json.loads(line))


def _in_words(result: Accused) -> str:
    found = ", ".join(f"{count} {name}" for name, count in sorted(result.findings.items()))
    return f"{result.handoffs} handoffs, {found or 'nobody accused'}"


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
        rules = sorted({rule for rule, _ in found})
        for rule in rules:
            counts = [found[rule, grade] for grade in GRADES]
            rows.append((*head, rule, *(f"{count:,}" for count in counts)))
            head = ("", "", "")
            if why := _misses(kind, rule, counts, handoffs):
                missed.append(f"{kind}: {rule}: {why}")
        if not rules:
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


def _misses(kind: str, rule: str, counts: list[int], handoffs: int) -> str:
    """Why the findings of a rule miss the aim; empty if they do not."""
    certain, likely, possible = counts
    if certain or likely:
        return f"{certain + likely} certain or likely in {kind}"
    if possible * 1_000 > handoffs:
        return f"{possible} possible of {handoffs} handoffs in {kind}"
    return ""


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
