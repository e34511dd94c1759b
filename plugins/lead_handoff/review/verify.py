"""Redraw a review's sample from its manifest and population file, and say whether it is the same.

Usage: python verify.py manifest.json       (Python 3.11 or later and nothing else; any folder)
It answers "yes: ..." (exit status 0), "no: <first difference>" (1) or "unreadable: ..." (2).
Nothing of the program that made the draw is used: this is a second, independent reading.
"""

import hashlib
import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any
from unicodedata import is_normalized

COLUMNS = ["agreement_version", "decided_at", "exit_kind", "handoff_id", "team", "tier"]


def first_difference(manifest: Any, folder: Path) -> str | None:
    """What is not as the manifest says; None where the redrawn sample is the published one."""
    said, policy, seed = manifest["population"], manifest["policy"], _sha256(manifest["seed"])
    tickets: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    digest, last = hashlib.sha256(), ""
    if Path(said["file"]).name != said["file"]:
        return f"the population file {said['file']!r} is not a plain file name"
    with open(folder / said["file"], "rb") as file:
        for number, line in enumerate(file, 1):
            digest.update(line)
            if (row := _canonical(line)) is None:
                return f"line {number} of the population is not in canonical form"
            if (key := row["handoff_id"]) <= last or key != key.strip():
                return f"line {number} of the population: id {key!r} is repeated or out of order"
            stratum = tuple(row[column] or "" for column in policy["strata"])
            if "exit_kind" not in policy["strata"]:  # a machine's exits are apart all the same
                stratum += ("machine" if row["exit_kind"] == "machine" else "",)
            ticket = "0." + str(int(_sha256(seed + key), 16)).zfill(64)[::-1]
            tickets.setdefault(stratum, []).append((ticket, key))
            last = key
    sizes = {stratum: len(tickets[stratum]) for stratum in sorted(tickets)}
    if (digest.hexdigest(), sum(sizes.values())) != (said["sha256"], said["size"]):
        return f"the population has {sum(sizes.values())} members and SHA-256 {digest.hexdigest()}"
    wanted = _allocation(sizes, policy)
    counted = [[list(stratum), sizes[stratum], wanted[stratum]] for stratum in sizes]
    told = [[each["stratum"], each["population"], each["sample"]] for each in manifest["strata"]]
    drawn = [[key, tick] for s in sizes for tick, key in sorted(tickets[s])[: wanted[s]]]
    listed = [[case["handoff_id"], case["ticket"]] for case in manifest["sample"]]
    for name, ours, theirs in (("stratum", counted, told), ("case", drawn, listed)):
        for place in range(max(len(ours), len(theirs))):
            if (mine := ours[place : place + 1]) != (its := theirs[place : place + 1]):
                return f"{name} {place + 1} is {mine} when redrawn and {its} in the manifest"
    return None


def _canonical(line: bytes) -> Any:
    try:
        row = json.loads(line)
        text = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"
        well = text.encode() == line and list(row) == COLUMNS and bool(row["handoff_id"])
        return row if well and all(is_normalized("NFC", row[c] or "") for c in row) else None
    except (ValueError, TypeError):
        return None


def _allocation(sizes: dict[Any, int], policy: dict[str, Any]) -> dict[Any, int]:
    spread = {tuple(stratum): deviation for stratum, deviation in policy.get("deviations", ())}
    weights = {stratum: size * spread.get(stratum, 1) for stratum, size in sizes.items()}
    given = {s: min(size, policy["minimum_per_stratum"]) for s, size in sizes.items()}
    for _ in range(min(policy["sample_size"], sum(sizes.values())) - sum(given.values())):
        left = [stratum for stratum in given if given[stratum] < sizes[stratum]]
        given[max(left, key=lambda s: Fraction(weights[s], 2 * given[s] + 1))] += 1
    return given


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main(path: str = "manifest.json") -> int:
    """Print the answer; return the exit status."""
    try:
        manifest = json.loads(Path(path).read_bytes())
        fault = first_difference(manifest, Path(path).parent)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"unreadable: {type(error).__name__}: {error}")  # noqa: T201
        return 2
    print(f"no: {fault}" if fault else f"yes: all {len(manifest['sample'])} cases are redrawn")  # noqa: T201
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
