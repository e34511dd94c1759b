"""What one monstrous lead costs, beside the same rows spread over many leads.

    make bench-monster                100,000 changes, 50,000 touches, 6,000 merges
    make bench-monster SCALE=0.1      a tenth of them

The lead has changes of status, owner and score, ten thousand of them in one second; touches; a
chain of merges, each loser the survivor of the one before; and leads that are all merged into it.
The same rows are then dealt to 10,000 leads. A night whose cost is near-linear in what one record
brings takes at most twice as long for the one as for the many.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from nights import Bench, Cost, say, server_of_its_own, table

from lead_handoff import settings

NIGHT = date(2026, 6, 1)
FIRST = datetime(2024, 10, 1, tzinfo=UTC)
DAYS = 600
AIM = 2.0
STATUSES = ("inquiry", "mql", "sal", "sql", "rejected", "mql", "rejected", "recycled")
REPS = tuple(f"rep-{number}" for number in range(20))
ATTRIBUTES = ("vertical", "firmographics", "decision_makers", "environment")


@dataclass(frozen=True)
class Size:
    """How much there is: all of it on one lead, or spread over many."""

    changes: int
    in_one_second: int
    touches: int
    chain: int
    merged: int
    leads: int

    @classmethod
    def scaled(cls, scale: float) -> Size:
        """The monstrous lead of the aim, or a share of it."""
        numbers = (100_000, 10_000, 50_000, 1_000, 5_000, 10_000)
        return cls(*(max(10, round(number * scale)) for number in numbers))


def stamp(moment: datetime) -> str:
    """As the plain route writes an instant."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def write(out: Path, size: Size, *, is_one: bool) -> None:
    """Write the extracts of one night."""
    hubs = ["hub-0"] if is_one else [f"hub-{number}" for number in range(size.leads)]
    _write(out, "users", ({"user_id": rep, "name": rep, "is_active": "true"} for rep in REPS))
    _write(out, "leads", _leads(size, hubs))
    _write(out, "lead_events", _changes(size, hubs))
    _write(out, "activities", _touches(size, hubs))


def _leads(size: Size, hubs: list[str]) -> Iterable[dict[str, str]]:
    common = {"created_at": stamp(FIRST), "updated_at": stamp(FIRST), "status": "inquiry"}
    common |= {"owner_id": REPS[0], "score": "0"} | dict.fromkeys(ATTRIBUTES, "yes")
    for hub in hubs:
        yield common | {"lead_id": hub}
    for number in range(size.chain):
        is_last = number + 1 == size.chain or len(hubs) > 1
        survivor = hubs[number % len(hubs)] if is_last else f"chain-{number + 1}"
        yield common | {"lead_id": f"chain-{number}", "merged_into": survivor}
    for number in range(size.merged):
        survivor = hubs[(size.chain + number) % len(hubs)]
        yield common | {"lead_id": f"merged-{number}", "merged_into": survivor}


def _changes(size: Size, hubs: list[str]) -> Iterable[dict[str, str]]:
    """A fifth of status, a fifth of owner, the rest of score; each goes on from the one before."""
    values = {hub: {"status": 0, "owner_id": 0, "score": 0} for hub in hubs}
    step = timedelta(days=DAYS) / size.changes
    rush = FIRST + timedelta(days=DAYS / 2, microseconds=1)
    for number in range(size.changes):
        hub = hubs[(number // 10) % len(hubs)]
        field = ("status", "owner_id", "score", "score", "score")[number % 5]
        moment = FIRST + timedelta(hours=1) + step * number
        if field == "score" and number % 5 == 4 and values[hub]["score"] > 0:
            moment = rush if number // 5 < size.in_one_second // 2 else moment
        at = values[hub][field]
        values[hub][field] = at + 1
        yield {
            "event_id": f"e{number}",
            "lead_id": hub,
            "field": field,
            "old_value": _value(field, at),
            "new_value": _value(field, at + 1),
            "occurred_at": stamp(moment),
            "recorded_at": stamp(moment),
            "actor_id": REPS[number % len(REPS)],
        }


def _value(field: str, at: int) -> str:
    if field == "status":
        return STATUSES[at % len(STATUSES)]
    return REPS[at % len(REPS)] if field == "owner_id" else str(at)


def _touches(size: Size, hubs: list[str]) -> Iterable[dict[str, str]]:
    step = timedelta(days=DAYS) / size.touches
    for number in range(size.touches):
        moment = stamp(FIRST + timedelta(hours=2) + step * number)
        yield {
            "activity_id": f"a{number}",
            "lead_id": hubs[(number // 5) % len(hubs)],
            "user_id": REPS[number % len(REPS)],
            "channel": ("call", "email", "meeting")[number % 3],
            "status": "completed",
            "occurred_at": moment,
            "recorded_at": moment,
        }


def _write(out: Path, name: str, rows: Iterable[dict[str, str]]) -> None:
    folder = out / "generic" / name / NIGHT.isoformat()
    folder.mkdir(parents=True)
    found = list(rows)
    columns = list(dict.fromkeys(column for row in found for column in row))
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(found)


def agreement_with_reps(home: Path) -> Path:
    """The example, in whose roster the company's salespeople stand."""
    folder = home / "agreement"
    shutil.copytree(settings.agreement_dir(), folder)
    path = folder / "agreement_roster.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    versions = dict.fromkeys(row["agreement_version"] for row in rows)
    like = next(row for row in rows if row["function"] == "sales")
    for version in versions:
        for rep in REPS:
            rows.append(
                like
                | {"agreement_version": version, "source_system": "generic", "user_id": rep}
                | {"name": rep, "manager_id": ""}
            )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def main() -> int:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    size = Size.scaled(options.scale)
    costs: dict[str, Cost] = {}
    with server_of_its_own() as (server, home):
        os.environ["HANDOFF_AGREEMENT"] = str(agreement_with_reps(home))
        for name, is_one in (("many", False), ("one", True)):
            extracts = home / f"bench_{name}"
            started = time.monotonic()
            write(extracts, size, is_one=is_one)
            say(f"{name}: written in {time.monotonic() - started:.1f} s")
            costs[name] = Bench(server, extracts, NIGHT).night(NIGHT)
    rows = [("", "many leads", "one lead", "ratio")]
    for part in ("land", "build", "total"):
        many, one = getattr(costs["many"], part), getattr(costs["one"], part)
        rows.append((part, f"{many:.1f} s", f"{one:.1f} s", f"{one / many:.2f}"))
    print(f"\n{size}\n\n{table(rows)}\n")
    for name, cost in costs.items():
        slow = ", ".join(f"{model} {seconds:.1f} s" for model, seconds in cost.slowest[:12])
        print(f"slowest with {name}: {slow}")
    return 0 if costs["one"].total <= AIM * costs["many"].total else 1


if __name__ == "__main__":
    sys.exit(main())
