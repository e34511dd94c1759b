"""A recorded draw's files: made from the record alone, whole in the folder or not there.

A month's record is its draw and the extensions that followed; each of these has case files and a
manifest of its own. The manifest is written last: where it stands, everything else does.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from lead_handoff.review import (
    casefile,
    evidence,
    files,
    ledger,
    population,
    verify,
    verify_reviewers,
    workbook,
)
from lead_handoff.review.errors import FilesChangedError, ReviewError
from lead_handoff.review.selection import StratumCount
from lead_handoff.warehouse.steps import reached

ALGORITHM = (
    "Rivest's consistent sampler, without replacement: h = lower-case hex SHA-256 of the seed; "
    "ticket = '0.' + reversed decimal digits (at least 64, zero-padded) of SHA-256(h + id); "
    "the smallest tickets of each stratum, compared as strings"
)
ALLOCATION = (
    "minimum_per_stratum first, then one case at a time to the stratum with the largest "
    "population / (2 * cases + 1), ties to the first by name, until sample_size is reached; where "
    "the policy has deviations, population counts times the stratum's deviation"
)
POPULATION_FILE = "population.jsonl"
LATE_FILE = "late_arrivals.csv"
MANIFEST_FILE = "manifest.json"
VERIFY_FILES = {
    "verify.py": Path(verify.__file__),
    "verify_reviewers.py": Path(verify_reviewers.__file__),
}
"""Name -> source of the scripts that anyone can check the draw and the assignment with."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """A recorded draw, or one of its extensions (``number`` above 0).

    ``record`` is the row of review.draws, with what the extension made of it; ``added`` are the
    cases that this part brought, and ``manifest`` is its manifest as it is published.
    """

    number: int
    record: dict[str, Any]
    added: list[dict[str, Any]]
    manifest: str


def workbook_file(month: str, number: int = 0) -> str:
    """Name of the workbook of a month's draw, or of its extension of this number."""
    return f"review-{month}{_mark(number)}.xlsx"


def manifest_file(number: int = 0) -> str:
    """Name of the manifest of a draw, or of its extension of this number."""
    return f"manifest{_mark(number)}.json"


def recorded(connection: psycopg.Connection[Any], month: str) -> list[Part]:
    """A month's draw and its extensions, in order, as they are recorded.

    Raises:
        ReviewError: the month is not drawn.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        draw = cursor.execute("select * from review.draws where month = %s", [month]).fetchone()
        extensions = cursor.execute(
            "select extension, policy, sample_size, summary, manifest from review.extensions"
            " where month = %s order by extension",
            [month],
        ).fetchall()
        cases = cursor.execute(
            "select * from review.sample where month = %s order by case_number", [month]
        ).fetchall()
    if draw is None or draw["manifest"] is None:
        raise ReviewError(f"{month} is not drawn; draw it first")
    return [
        Part(
            number,
            draw | change,
            [case for case in cases if case["extension"] == number],
            (draw | change)["manifest"],
        )
        for number, change in enumerate(({}, *extensions))
    ]


def case_files(
    record: dict[str, Any], cases: list[dict[str, Any]], number: int = 0
) -> dict[str, bytes]:
    """Workbook and CSV files of a recorded draw: name -> bytes, the same for the same record.

    One workbook and one CSV of cases for each reviewer, and those of all cases for the chair. Those
    of an extension (``number`` above 0) hold the cases that it added.
    """
    mark = _mark(number)
    case_file = casefile.build(record, cases, extension=number)
    made = {
        f"{sheet.name.lower()}{mark}.csv": workbook.csv_bytes(sheet) for sheet in case_file.tables
    }
    made[workbook_file(record["month"], number)] = workbook.workbook_bytes(case_file)
    for place, reviewer in enumerate(record["policy"].get("reviewers", []), 1):
        theirs = casefile.build(record, cases, reviewer["id"], extension=number)
        end = f"{mark}-{place}-{_UNSAFE.sub('_', reviewer['id'])[:60]}"
        made[f"cases{end}.csv"] = workbook.csv_bytes(theirs.cases)
        made[f"review-{record['month']}{end}.xlsx"] = workbook.workbook_bytes(theirs)
    return made


# What a user id may bear and a file name should not.
_UNSAFE = re.compile(r"[^A-Za-z0-9.@_-]")


def _mark(number: int) -> str:
    return f"-extension-{number}" if number else ""


def manifest_text(
    frozen: population.Frozen,
    record: dict[str, Any],
    drawn_at: datetime,
    strata: tuple[StratumCount, ...],
    cases: list[dict[str, Any]],
    hashes: dict[str, str],
    extends: dict[str, Any] | None = None,
) -> str:
    """The manifest of a draw, or of an extension that ``extends`` an earlier manifest.

    ``cases`` are all that are drawn by then, in the order of strata and tickets.
    """
    keys = ("handoff_id", "rank", "reviewers", "stratum", "ticket", "took_part")
    content = {
        "algorithm": ALGORITHM,
        "allocation": ALLOCATION,
        "agreement_version": frozen.agreement_version,
        "draw_id": frozen.draw_id,
        "drawn_at": evidence.utc_text(drawn_at),
        "files": hashes,
        "frozen_at": evidence.utc_text(frozen.frozen_at),
        "month": frozen.month,
        "month_end": evidence.utc_text(frozen.month_end),
        "month_start": evidence.utc_text(frozen.month_start),
        "policy": record["policy"],
        "population": {
            "file": POPULATION_FILE,
            "sha256": frozen.population_sha256,
            "size": frozen.population_size,
        },
        "run_as_of": evidence.utc_text(frozen.run_as_of),
        "sample": [
            {key: case[key] for key in keys}
            | ({"extension": case["extension"]} if case.get("extension") else {})
            for case in cases
        ],
        "seed": record["seed"],
        "seed_origin": record["seed_origin"],
        "strata": [
            {
                "population": count.population,
                "sample": count.sample,
                "stratum": list(count.stratum),
            }
            for count in strata
        ],
        "time_zone": frozen.time_zone,
    } | ({"extends": extends} if extends else {})
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def put_in_place(
    connection: psycopg.Connection[Any],
    parts: list[Part],
    folder: Path,
    aside: Path,
    tell: Progress,
    *,
    with_new_scripts: bool = False,
) -> list[str]:
    """Write what is missing of a month's files; return the case files that somebody changed.

    ``with_new_scripts`` replaces verifiers that an earlier release of this program wrote.

    Raises:
        FilesChangedError: population or manifest is not the recorded one, or a file cannot be
            written again as it was.
    """
    changed: list[str] = []
    for part in parts:
        listed = {POPULATION_FILE: part.record["population_sha256"]}
        listed |= json.loads(part.manifest)["files"]
        listed[manifest_file(part.number)] = hashlib.sha256(part.manifest.encode()).hexdigest()
        missing, different = files.standing(folder, listed)
        altered = sorted({POPULATION_FILE, manifest_file(part.number)} & set(different))
        if altered:
            raise FilesChangedError(
                f"{folder / altered[0]} is not the file of draw {part.record['draw_id']}; move it "
                "away and repeat the call, and it is written again from the record"
            )
        changed += different
        for name, source in VERIFY_FILES.items():
            path = folder / name
            is_old = with_new_scripts and path.exists() and path.read_bytes() != source.read_bytes()
            if is_old or not path.exists():
                missing.append(name)
        if missing:
            tell(f"{part.record['month']}: writing {', '.join(missing)} to {folder}")
            _write_files(connection, part, listed, missing, folder, aside)
    return changed


def _write_files(
    connection: psycopg.Connection[Any],
    part: Part,
    listed: dict[str, str],
    missing: list[str],
    folder: Path,
    aside: Path,
) -> None:
    month, manifest = part.record["month"], manifest_file(part.number)
    made = case_files(part.record, part.added, part.number) if set(missing) & set(listed) else {}
    made[manifest] = part.manifest.encode()
    made |= {name: source.read_bytes() for name, source in VERIFY_FILES.items()}
    # The manifest comes last: where it stands, everything else does.
    ordered = sorted(missing, key=lambda name: (name == manifest, name))
    for name in ordered:
        if name != POPULATION_FILE:
            files.write(aside / name, [made[name]])
        elif not (aside / name).exists():  # else this very call has drawn and written it
            with population.members(connection, month) as rows:
                files.write(aside / name, map(population.canonical_line, rows))
        if name in listed and files.sha256_of(aside / name) != listed[name]:
            raise FilesChangedError(
                f"{name} of {month} cannot be written again byte for byte: the record in schema "
                "review, or the library that writes workbooks, is not what it was; restore the "
                "file from a backup"
            )
    reached("review.before_files")
    for name in files.move(aside, folder, ordered):
        reached(f"review.after_{name}")
    ledger.append(connection, month, "written", {"files": ordered})
