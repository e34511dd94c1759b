"""Work out again which reviewer got which case, from a review's manifest alone.

Usage: python verify_reviewers.py manifest.json       (Python 3.11 or later and nothing else)
It answers "yes: ..." (exit status 0), "no: <first difference>" (1) or "unreadable: ..." (2).
Who took part in a case is taken from the manifest: it cannot be worked out from the seed.
"""

import hashlib
import json
import sys
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any


def first_difference(manifest: Any) -> str | None:
    """The first case with other reviewers than the seed gives it; None where there is none."""
    policy, seed = manifest["policy"], _sha256(manifest["seed"])
    roster = policy["reviewers"]
    load = {reviewer["id"]: 0 for reviewer in roster}
    parts: dict[int, list[Any]] = {}  # the draw's cases, then those that each extension added
    for case in manifest["sample"]:
        parts.setdefault(case.get("extension", 0), []).append(case)

    def least(free: list[Any], case: str) -> list[str]:
        order = [(load[one["id"]], _ticket(seed, f"{case} {one['id']}"), one["id"]) for one in free]
        return [min(order)[2]] if order else []

    for _, part in sorted(parts.items()):
        wanted = ceil(Fraction(policy["double_review_share"]) * len(part))
        for case in sorted(part, key=lambda case: _ticket(seed, case["handoff_id"] + " review")):
            name = case["handoff_id"]
            free = [one for one in roster if one["id"] not in case["took_part"]]
            chosen = least(free, name)
            sides = [
                least([one for one in free if one["function"] == side], name)
                for side in ("sales", "marketing")
            ]
            if wanted and all(sides):
                chosen, wanted = sides[0] + sides[1], wanted - 1
            for reviewer in chosen:
                load[reviewer] += 1
            expected = [one["id"] for one in roster if one["id"] in chosen]
            if expected != case["reviewers"]:
                return f"case {name} belongs to {expected}, the manifest says {case['reviewers']}"
    return None


def _ticket(seed_hash: str, text: str) -> str:
    return "0." + str(int(_sha256(seed_hash + text), 16)).zfill(64)[::-1]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main(path: str = "manifest.json") -> int:
    """Print the answer; return the exit status."""
    try:
        manifest = json.loads(Path(path).read_bytes())
        fault = first_difference(manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"unreadable: {type(error).__name__}: {error}")  # noqa: T201
        return 2
    print(f"no: {fault}" if fault else f"yes: all {len(manifest['sample'])} cases are theirs")  # noqa: T201
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
