"""Add cases to a drawn month: same population, same seed, more of the smallest tickets.

Nothing that was drawn changes. The cases that were there keep number, token, reviewers and
verdicts; the added ones get files and a manifest of their own, which lists all cases, so that
anyone can redraw both samples and see that one holds the other.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from lead_handoff.review import files, ledger, population, publication
from lead_handoff.review.draw import (
    INSERT_CASE,
    DrawResult,
    Progress,
    refusals_logged,
    result_of,
    silent,
)
from lead_handoff.review.errors import ExtensionError, PopulationChangedError
from lead_handoff.review.publication import (
    POPULATION_FILE,
    Part,
    case_files,
    manifest_file,
    manifest_text,
    workbook_file,
)
from lead_handoff.review.selection import (
    assign_reviewers,
    cases_of,
    drawn_tickets,
    gather_evidence,
    strata_of,
)
from lead_handoff.warehouse.steps import reached


def extend_month(
    month: str,
    size: int,
    *,
    warehouse_url: str,
    out_dir: Path,
    agreement_dir: Path,
    asked_by: str | None = None,
    progress: Progress | None = None,
) -> DrawResult:
    """Extend a drawn month's sample to ``size`` cases (more where minimums need more).

    The same call again changes nothing and puts back files that are missing.

    Args:
        month: a drawn month, YYYY-MM.
        size: cases altogether, those drawn before included.
        warehouse_url: libpq URL of the warehouse's owner.
        out_dir: folder of all months.
        agreement_dir: folder with the agreement's CSV files.
        asked_by: who asked for it, for the log.
        progress: called with a line for people at each step.

    Raises:
        ReviewError: BadMonthError; ExtensionError where the sample has that many cases already
            and was asked for more, or the whole population is drawn; and what draw_month raises.
            Nothing of the attempt is recorded but a line in the log.
    """
    tell = progress or silent
    population.check_month(month)
    ledger.apply_schema(warehouse_url)
    with refusals_logged(warehouse_url, month), files.workspace(out_dir, month) as aside:
        with ledger.month_transaction(warehouse_url, month) as connection:
            frozen = population.find(connection, month)
            if frozen is None or frozen.seed is None:
                raise ExtensionError(f"{month} is not drawn; draw it before it is extended")
            parts = publication.recorded(connection, month)
            asked = parts[-1].record["policy"]["sample_size"]
            newly_extended = size != asked or len(parts) == 1
            if newly_extended:
                _refuse_smaller(parts[-1].record, asked, size)
                tell(f"{month}: extending from {parts[-1].record['sample_size']} cases")
                _extend(connection, frozen, parts, size, asked_by, out_dir, agreement_dir, aside)
        reached("review.after_extension_commit")
        with ledger.month_transaction(warehouse_url, month) as connection:
            parts = publication.recorded(connection, month)
            folder = out_dir / month
            changed = publication.put_in_place(
                connection, parts, folder, aside, tell, with_new_scripts=True
            )
        return result_of(parts[-1], folder, newly_extended, population.Drift(0, 0, 0), changed)


def _refuse_smaller(record: Mapping[str, Any], asked: int, size: int) -> None:
    month, drawn = record["month"], record["sample_size"]
    if drawn >= record["population_size"]:
        raise ExtensionError(f"all {drawn} handoffs of {month} are drawn; there is nobody to add")
    if size <= max(asked, drawn):
        raise ExtensionError(
            f"{month} has {drawn} cases already; give a size above {max(asked, drawn)}"
        )


def _extend(
    connection: psycopg.Connection[Any],
    frozen: population.Frozen,
    parts: list[Part],
    size: int,
    asked_by: str | None,
    out_dir: Path,
    agreement_dir: Path,
    aside: Path,
) -> None:
    """Draw the added cases and record them; the caller commits."""
    month, number = frozen.month, len(parts)
    folder = out_dir / month
    files.refuse_occupied(folder, [manifest_file(number), workbook_file(month, number)])
    before = parts[-1].record
    earlier = {case["handoff_id"]: case for part in parts for case in part.added}
    seed = str(before["seed"])
    strata = strata_of(connection, frozen, size)
    tickets = drawn_tickets(connection, frozen, seed, strata, aside / POPULATION_FILE)
    lost = earlier.keys() - {ticket.id for drawn in tickets.values() for ticket in drawn}
    if lost:
        raise PopulationChangedError(
            f"{len(lost)} cases of {month} would not be drawn again: schema review holds another "
            "sample than its seed gives; restore it from a backup"
        )
    added = cases_of(connection, frozen, strata, tickets, out_dir, earlier)
    if not added:
        raise ExtensionError(
            f"{size} cases of {month} are those that are drawn; give a larger size"
        )
    summary = gather_evidence(connection, frozen, strata, added, agreement_dir)
    load = Counter(reviewer for case in earlier.values() for reviewer in case["reviewers"])
    assign_reviewers(connection, frozen, seed, added, load)
    extended_at = datetime.now(UTC)
    for case in added:
        case |= {"extension": number, "extended_at": extended_at}
    record = before | {
        "policy": frozen.policy | {"sample_size": size},
        "sample_size": len(earlier) + len(added),
        "summary": summary,
    }
    hashes = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in case_files(record, added, number).items()
    }
    by_id = earlier | {case["handoff_id"]: case for case in added}
    ordered = [by_id[ticket.id] for count in strata for ticket in tickets[count.stratum]]
    extends = {
        "extension": number,
        "file": manifest_file(number - 1),
        "sample_size": before["sample_size"],
        "sha256": hashlib.sha256(parts[-1].manifest.encode()).hexdigest(),
    }
    manifest = manifest_text(frozen, record, extended_at, strata, ordered, hashes, extends)
    connection.execute(
        "insert into review.extensions (month, extension, extended_at, sample_size, policy,"
        " summary, manifest) values (%s, %s, %s, %s, %s, %s, %s)",
        [
            *(month, number, extended_at, record["sample_size"]),
            *(Jsonb(record["policy"]), Jsonb(summary), manifest),
        ],
    )
    with connection.cursor() as cursor:
        cursor.executemany(INSERT_CASE, added)
    ledger.append(
        connection,
        month,
        "extended",
        {
            "draw_id": frozen.draw_id,
            "extension": number,
            "sample_size": record["sample_size"],
            "manifest_sha256": hashlib.sha256(manifest.encode()).hexdigest(),
            "asked_by": asked_by,
        },
    )
    reached("review.before_extension_commit")
