"""What a month's verdicts say about the whole month, and what follows from it by the agreed rule.

Everything is computed from the record (draws, sample, verdicts); the same record gives the same
files. Nobody is named: causes are counted, reviewers are a number.
"""

import hashlib
import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg

from lead_handoff.agreement.panel import lacks
from lead_handoff.review import evidence, files, ledger, publication
from lead_handoff.review.bounds import Bounds, Reviewed, bounds, combined
from lead_handoff.review.casefile import stratum_words
from lead_handoff.review.policy import Policy, read_policy
from lead_handoff.review.raters import agreement
from lead_handoff.review.standing import settled, standing

ESTIMATE_FILE, REPORT_FILE = "estimate.json", "estimate.md"
ESTIMATE_MANIFEST = "manifest-estimate.json"
"""Lists the two with their hashes, and names the draw's newest manifest with its own."""

_DECISIONS = {
    "mostly_valid": "more than half of the month's exits were right: look at the quality of what "
    "marketing hands over, or at criteria that are too wide",
    "mostly_invalid": "more than half of the month's exits were wrong: look at how sales works its "
    "leads (persistence, variety of channels, overqualification)",
    "open": "the verdicts do not tell yet whether more than half of the month's exits were right: "
    "review more cases, or decide those that could not be told",
}


def estimate_month(
    month: str, *, warehouse_url: str, out_dir: Path, agreement_dir: Path
) -> dict[str, Any]:
    """Estimate a drawn month and write the estimate, its report and their manifest to its folder.

    Raises:
        ReviewError: the month is not drawn.
        PolicyError: its policy cannot be read.
    """
    with ledger.month_transaction(warehouse_url, month) as connection:
        parts = publication.recorded(connection, month)
        draw = parts[-1].record
        cases = [case for part in parts for case in part.added]
        said = standing(connection, month)
        policy = read_policy(agreement_dir, draw["agreement_version"])
        confidence = Fraction(str(policy.confidence))
        estimate = estimated(draw, cases, said, confidence) | {
            "quorum": _quorum(draw, policy, said),
        }
        made = _files_of(estimate, parts[-1])
        with files.workspace(out_dir, month) as aside:
            for name, content in made.items():
                files.write(aside / name, [content])
            list(files.move(aside, out_dir / month, made))
        _log(connection, month, hashlib.sha256(made[ESTIMATE_MANIFEST]).hexdigest())
    return estimate


def _files_of(estimate: dict[str, Any], part: publication.Part) -> dict[str, bytes]:
    """The estimate's files; its manifest comes last."""
    made = {
        REPORT_FILE: report(estimate).encode(),
        ESTIMATE_FILE: _json(estimate),
    }
    manifest = {
        "draw_id": estimate["draw_id"],
        "estimates": {
            "file": publication.manifest_file(part.number),
            "sha256": hashlib.sha256(part.manifest.encode()).hexdigest(),
        },
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in made.items()},
        "month": estimate["month"],
        "verdicts_until": estimate["verdicts_until"],
    }
    return made | {ESTIMATE_MANIFEST: _json(manifest)}


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _log(connection: psycopg.Connection[Any], month: str, sha256: str) -> None:
    """Note which estimate was made, unless it is the one that was made last."""
    detail = {"manifest_sha256": sha256}
    last = connection.execute(
        "select detail from review.log where month = %s and event = 'estimated'"
        " order by entry desc limit 1",
        [month],
    ).fetchone()
    if last is None or last[0] != detail:
        ledger.append(connection, month, "estimated", detail)


def estimated(
    draw: dict[str, Any],
    cases: list[dict[str, Any]],
    said: list[dict[str, Any]],
    confidence: Fraction,
) -> dict[str, Any]:
    """The estimate of a drawn month from its cases and the verdicts that stand."""
    verdict_of = settled(said)
    found = {case["handoff_id"]: verdict_of.get(case["handoff_id"], "unreviewed") for case in cases}
    strata = []
    counts = []
    for each in draw["summary"]["strata"]:
        verdicts = Counter(
            found[case["handoff_id"]] for case in cases if case["stratum"] == each["stratum"]
        )
        told = verdicts["valid"] + verdicts["invalid"]
        count = Reviewed(
            each["population"], each["sample"], verdicts["invalid"], each["sample"] - told
        )
        counts.append(count)
        strata.append(
            {"stratum": stratum_words(each["stratum"], draw["policy"]["strata"])}
            | _counted(count, verdicts)
            | _shown(bounds(count, confidence))
        )
    whole = combined(counts, confidence)
    opinions: dict[str, dict[str, str]] = {}
    for row in said:
        if not row["is_adjudication"]:
            opinions.setdefault(row["handoff_id"], {})[row["reviewer"]] = row["verdict"]
    alike = agreement(list(opinions.values()), float(confidence))
    return {
        "month": draw["month"],
        "draw_id": draw["draw_id"],
        "confidence": float(confidence),
        "verdicts_until": evidence.utc_text(max(row["accepted_at"] for row in said))
        if said
        else None,
        "strata": strata,
        "month_as_a_whole": _shown(whole),
        "decision": _decision(whole),
        "causes": _causes(found, said),
        "agreement_of_reviewers": {
            "measure": alike.measure,
            "cases": alike.cases,
            "value": alike.value,
            "least": alike.least,
            "most": alike.most,
        },
    }


def _quorum(draw: dict[str, Any], policy: Policy, said: list[dict[str, Any]]) -> dict[str, Any]:
    """How many reviewers the review wants and has so far, and who is missing among these."""
    here = {row["reviewer"] for row in said if not row["is_adjudication"]}
    roster = draw["policy"].get("reviewers", [])
    return {
        "wanted": draw["policy"].get("quorum", policy.quorum),
        "reviewers": len(here),
        "missing": lacks(
            (each["function"], each["is_executive"]) for each in roster if each["id"] in here
        )
        if roster
        else [],
    }


def _counted(count: Reviewed, verdicts: Counter[str]) -> dict[str, int]:
    return {
        "population": count.population,
        "cases": count.cases,
        "valid": count.valid,
        "invalid": count.invalid,
        "cannot_tell": verdicts["cannot_tell"],
        "disputed": verdicts["disputed"],
        "unreviewed": verdicts["unreviewed"],
    }


def _shown(found: Bounds) -> dict[str, Any]:
    share = [
        round(number / found.population, 6) if found.population else None
        for number in (found.least, found.most)
    ]
    return {
        "invalid_at_least": found.least,
        "invalid_at_most": found.most,
        "share_at_least": share[0],
        "share_at_most": share[1],
    }


def _decision(whole: Bounds) -> dict[str, str]:
    name = "open"
    if whole.population and 2 * whole.most < whole.population:
        name = "mostly_valid"
    elif whole.population and 2 * whole.least >= whole.population:
        name = "mostly_invalid"
    return {"name": name, "words": _DECISIONS[name]}


def _causes(found: dict[str, str], said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In how many cases each cause was named for the verdict that counts."""
    named = {
        (row["handoff_id"], row["verdict"], row["cause"])
        for row in said
        if row["cause"] and row["verdict"] == found[row["handoff_id"]]
    }
    counted = Counter((verdict, cause) for _, verdict, cause in named)
    return [
        {"verdict": verdict, "cause": cause, "cases": number}
        for (verdict, cause), number in sorted(
            counted.items(), key=lambda item: (-item[1], item[0])
        )
    ]


def report(estimate: dict[str, Any]) -> str:
    """The estimate as a page for the review's meeting."""
    whole, alike, quorum = (
        estimate[key] for key in ("month_as_a_whole", "agreement_of_reviewers", "quorum")
    )
    percent = f"{estimate['confidence']:.0%}"
    lines = [
        f"# Review of {estimate['month']}",
        "",
        f"**{estimate['decision']['words'].capitalize()}.**",
        "",
        f"Of the whole month's exits between {_percent(whole['share_at_least'])} and "
        f"{_percent(whole['share_at_most'])} were wrong (exact bounds, right in at least {percent} "
        "of such reviews; what was not reviewed or could not be told may be either).",
        "",
        "| stratum | in the month | cases | valid | invalid | cannot tell | disputed | unreviewed "
        "| wrong, at least | at most |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in estimate["strata"]:
        numbers = (
            *("population", "cases", "valid", "invalid", "cannot_tell", "disputed"),
            "unreviewed",
        )
        cells = [each["stratum"].replace("|", "/"), *(str(each[name]) for name in numbers)]
        cells += [_percent(each["share_at_least"]), _percent(each["share_at_most"])]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| verdict | cause | cases |", "|---|---|---|"]
    lines += [
        f"| {each['verdict'].replace('_', ' ')} | {each['cause']} | {each['cases']} |"
        for each in estimate["causes"]
    ]
    between = (
        f", between {alike['least']:.2f} and {alike['most']:.2f}"
        if alike["least"] is not None
        else ", too few or too equal cases for an interval"
    )
    value = "cannot be told" if alike["value"] is None else f"{alike['value']:.2f}{between}"
    lines += [
        "",
        f"Reviewers' agreement over {alike['cases']} cases with several verdicts: "
        f"{alike['measure']} {value}.",
        "",
        f"Reviewers so far: {quorum['reviewers']}; the policy wants {quorum['wanted']}."
        + (f" Nobody yet for {' and '.join(quorum['missing'])}." if quorum["missing"] else ""),
    ]
    return "\n".join(lines) + "\n"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
