"""How many events it takes to see cherry picking: precision and recall by their number."""

from __future__ import annotations

from random import Random

from nights import table

from lead_handoff.report import Share
from lead_handoff.simulate.picking import HELD, accused, quarter

SIZES = (10, 15, 20, 30, 40, 50, 75, 100, 150, 200)
STRENGTHS = (1.0, 0.5, 0.25)
"""Of the leads that a picker could hold back, the share that is."""
PICKER = "0"


def report(companies: int = 1_000) -> str:
    """The table: one picker in each company, and as many companies without one."""
    rows = [("events", "held back", "companies", "precision", "recall", "innocent ones accused")]
    for events in SIZES:
        rng = Random(events)
        innocent = sum(bool(accused(quarter(rng, events, 0.0))) for _ in range(companies))
        for strength in STRENGTHS:
            right = wrong = 0
            for _ in range(companies):
                found = accused(quarter(rng, events, strength))
                right += PICKER in found
                wrong += len(found - {PICKER})
            rates = (_rate(right, right + wrong), _rate(right, companies))
            head = (f"{events}", f"{strength:.0%}", f"{companies:,}")
            rows.append((*head, *rates, _rate(innocent, companies)))
    note = f"held back: of the leads that arrive in a quarter's last {HELD} days"
    return f"cherry_picking by the events of a rep in a quarter\n\n{table(rows)}\n\n{note}"


def _rate(part: int, whole: int) -> str:
    """A share with its 95 % interval (Wilson)."""
    if not whole:
        return "nothing found"
    low, high = Share(part, whole).interval
    return f"{part / whole:.3f} ({max(low, 0):.3f}-{high:.3f})"
