"""How good the rules are on guilty companies: precision and recall against a truth they never see.

Each seed is a company of its own, simulated with every kind of misconduct and with what only looks
like it, landed and built as a night is. Seeds up to 120 have been used to set thresholds, those
from 121 on are for measuring.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path

import psycopg
from kept import Kept, Remaining
from nights import Bench, say, table

from lead_handoff import settings
from lead_handoff.agreement import Agreement
from lead_handoff.local.server import EmbeddedServer
from lead_handoff.report import Share
from lead_handoff.simulate.run import Company
from lead_handoff.simulate.scoring import Case, Finding, Score, Tally, read_truth, score

START, DAYS = date(2026, 2, 1), 175
"""Two quarters end, five months end, and leads of the first weeks have had the time to stall."""

SEEDS, LEADS = list(range(121, 141)), 8_000

Tallies = dict[tuple[str, str], Tally]


def measured(
    seeds: list[int], leads: int, kept: Kept, home: Path, server: EmbeddedServer, explain: int = 0
) -> Tallies:
    """Measure what has not been measured yet, and add all of it up.

    `explain` cases of each rule that disagree are named.
    """
    tallies: Tallies = defaultdict(Tally)
    known = kept.records(part="guilty", leads=leads)
    remaining = Remaining(len([seed for seed in seeds if seed not in known]))
    for seed in seeds:
        if seed not in known or explain:
            scored = measure(seed, leads, home, server)
            show_disagreement(seed, scored, explain)
            said = f"{scored.missed.total()} missed, {scored.wrong.total()} wrong"
            tallied = [[*key, asdict(tally)] for key, tally in scored.tallies.items()]
            known[seed] = kept.add(part="guilty", leads=leads, key=seed, tallies=tallied)
            say(f"seed {seed}: {said}; {remaining.in_words()}")
        for rule, scope, tally in known[seed]["tallies"]:
            tallies[rule, scope] += Tally(**tally)
    for row in Agreement(settings.agreement_dir()).rows("agreement_rules"):
        if not any(rule == row["rule"] for rule, _ in tallies):
            tallies[str(row["rule"]), "-"] = Tally()
    return tallies


def measure(seed: int, leads: int, home: Path, server: EmbeddedServer) -> Score:
    """One company, built and held against its truth."""
    truth_file = home / f"integrity_{seed}.truth"
    company = Company(
        home / f"integrity_{seed}",
        truth_file,
        leads,
        seed,
        START,
        DAYS,
        nights=0,
        noise=False,
        trial=True,
    )
    bench = Bench.of(server, company)
    bench.night(bench.first_night)
    with psycopg.connect(settings.warehouse_url("owner")) as connection:
        ids = {
            str(source_id): str(lead_id)
            for source_id, lead_id in connection.execute(
                "select source_id, lead_id from marts.bridge_lead_ids"
            )
        }
        findings = [
            Finding(*row)
            for row in connection.execute(
                "select rule, subject_type, subject_id, lead_id from marts.fct_integrity_findings"
                " where resolved_at is null"
            )
        ]
    with truth_file.open(encoding="utf-8") as lines:
        scored = score(read_truth(lines, ids), findings)
    truth_file.unlink()
    bench.drop(server)
    return scored


def report(tallies: Tallies) -> str:
    """What came out, for a person."""
    rows = [("rule", "judged by", "cases", "found", "precision", "recall")]
    for (rule, scope), tally in sorted(tallies.items()):
        rows.append(
            (
                rule,
                scope,
                f"{tally.planted:,}",
                f"{tally.found:,}",
                _rate(tally.right, tally.found, "nothing found"),
                _rate(tally.right, tally.planted, "no case"),
            )
        )
    kinds = [("recall by kind", "", "cases", "found", "recall")]
    look_alikes = [("look-alike", "", "cases", "flagged", "share")]
    for (rule, _), tally in sorted(tallies.items()):
        for name, (hits, cases) in sorted(tally.kinds.items()):
            kinds.append((rule, name, f"{cases:,}", f"{hits:,}", _rate(hits, cases, "")))
        for name, (hits, cases) in sorted(tally.look_alikes.items()):
            look_alikes.append((rule, name, f"{cases:,}", f"{hits:,}", _rate(hits, cases, "")))
    return "\n\n".join(table(part) for part in (rows, kinds, look_alikes))


def _rate(part: int, whole: int, without: str) -> str:
    """A share with its 95 % interval (Wilson), or in words that there is nothing to judge by."""
    if not whole:
        return without
    low, high = Share(part, whole).interval
    return f"{part / whole:.3f} ({max(low, 0):.3f}-{high:.3f})"


def as_json(tallies: Tallies, seeds: Iterable[int], leads: int) -> str:
    """The same for a program."""
    rules = []
    for (rule, scope), tally in sorted(tallies.items()):
        shares = {
            "precision": Share(tally.right, tally.found),
            "recall": Share(tally.right, tally.planted),
        }
        rules.append(
            {"rule": rule, "scope": scope, **asdict(tally)}
            | {
                name: {"value": share.value, "interval": share.interval} if share.whole else None
                for name, share in shares.items()
            }
        )
    return json.dumps({"leads": leads, "seeds": list(seeds), "rules": rules}, indent=2) + "\n"


def show_disagreement(seed: int, scored: Score, limit: int) -> None:
    """Name the cases of one company that were missed or wrongly found, a few of each rule."""
    for word, cases in (("missed", scored.missed), ("wrong", scored.wrong)):
        of_rule: dict[tuple[str, str], list[Case]] = defaultdict(list)
        for case in cases:
            of_rule[case.rule, case.scope].append(case)
        for (rule, scope), some in sorted(of_rule.items()):
            names = ", ".join(case.subject for case in some[:limit])
            say(f"seed {seed}: {word} {len(some)} {rule} ({scope}): {names}")
