"""Draw a month's sample: freeze, draw once, write the case files.

Two transactions, each whole or not at all. The first copies the month's exits out of the published
marts and records their hash. The second checks that hash, takes the seed, draws, records sample,
evidence and manifest. Files are made in a folder aside, and named in the manifest with their hashes
before the second transaction is committed; they are renamed into place after it. Calling again for
the same month finishes what an interrupted call left undone and otherwise changes nothing: it gives
the same draw, puts back files that are missing, and lists what arrived late.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from lead_handoff.review import casefile, files, ledger, population, publication, workbook
from lead_handoff.review.errors import (
    NoMartsError,
    RedrawError,
    ReviewError,
)
from lead_handoff.review.policy import agreed_seed, read_policy
from lead_handoff.review.publication import (
    LATE_FILE,
    POPULATION_FILE,
    VERIFY_FILES,
    Part,
    case_files,
    manifest_file,
    manifest_text,
    workbook_file,
)
from lead_handoff.review.roster import read_roster
from lead_handoff.review.sampler import checked_seed
from lead_handoff.review.selection import (
    StratumCount,
    assign_reviewers,
    cases_of,
    drawn_tickets,
    gather_evidence,
    strata_of,
)
from lead_handoff.warehouse.steps import reached

Progress = Callable[[str], None]


@dataclass(frozen=True)
class DrawResult:
    """A month's draw and where its files lie.

    ``newly_drawn`` is False where the month had been drawn before. ``late_arrivals``, ``changed``
    and ``gone`` count handoffs in which the published marts differ from the frozen population by
    now. ``kept_files`` are case files that somebody has changed since (filled in): left alone.
    ``unassigned`` counts the cases that no reviewer may judge, as all of them took part.
    """

    month: str
    draw_id: str
    seed: str
    seed_origin: str
    population_size: int
    population_sha256: str
    sample_size: int
    strata: tuple[StratumCount, ...]
    folder: Path
    workbook: Path
    manifest: Path
    files: tuple[Path, ...]
    newly_drawn: bool
    late_arrivals: int
    changed: int
    gone: int
    kept_files: tuple[str, ...]
    unassigned: int


def freeze_month(
    month: str,
    *,
    warehouse_url: str,
    agreement_dir: Path,
    progress: Progress | None = None,
) -> population.Frozen:
    """Freeze a month's population without drawing, so that its hash is known before the seed.

    Idempotent: a month that is frozen stays as it is, whatever was published since.

    Raises:
        ReviewError: BadMonthError, NoMartsError, OpenMonthError, PolicyError, BadIdError or
            DuplicateIdError; nothing is frozen then, and the attempt stands in the log.
    """
    tell = progress or silent
    population.check_month(month)
    ledger.apply_schema(warehouse_url)
    with refusals_logged(warehouse_url, month):
        return _freeze(month, warehouse_url, agreement_dir, tell)[0]


def draw_month(
    month: str,
    *,
    warehouse_url: str,
    out_dir: Path,
    seed: str | None = None,
    is_seed_early: bool = False,
    released_by: str | None = None,
    agreement_dir: Path,
    progress: Progress | None = None,
) -> DrawResult:
    """Freeze and draw the month called YYYY-MM and write its files to ``out_dir``/YYYY-MM.

    Args:
        month: a month of the agreement's time zone that was over by the published as_of.
        warehouse_url: libpq URL of the warehouse's owner.
        out_dir: folder of all months; made with mode 0700, files get 0600.
        seed: text that the review's chair gives; None or empty: the policy's default_seed with
            the month, as they were frozen, or, without one, 20 digits that the system's generator
            makes after the freeze.
        is_seed_early: the seed was told before this call and before the freeze.
        released_by: who released the draw, for the log.
        agreement_dir: folder with the agreement's CSV files.
        progress: called with a line for people at each step.

    Raises:
        ReviewError: what freeze_month raises; BadSeedError; RedrawError for a second seed;
            PopulationChangedError where the frozen rows no longer have the recorded hash;
            FilesChangedError where the folder holds another draw or altered evidence;
            CaseFileTooLargeError. Nothing of the attempt is recorded but a line in the log.
    """
    tell = progress or silent
    population.check_month(month)
    ledger.apply_schema(warehouse_url)
    with refusals_logged(warehouse_url, month):
        wanted = checked_seed(seed) if seed else None
        frozen, fresh = _freeze(month, warehouse_url, agreement_dir, tell)
        newly_drawn = False
        with files.workspace(out_dir, month) as aside:
            with ledger.month_transaction(warehouse_url, month) as connection:
                frozen = population.find(connection, month) or frozen
                if frozen.seed is None:
                    newly_drawn = True
                    tell(f"{month}: drawing from {frozen.population_size} handoffs")
                    origin = "given_with_freeze" if fresh or is_seed_early else "given"
                    chosen = (wanted, origin) if wanted else _seed_of_nobody(frozen)
                    _draw(connection, frozen, chosen, released_by, out_dir, agreement_dir, aside)
                elif wanted not in (None, frozen.seed):
                    raise RedrawError(
                        f"{month} was drawn with seed {frozen.seed!r} and is not drawn again with "
                        "another; leave the seed out to have that draw again"
                    )
            return _deliver(month, warehouse_url, out_dir, aside, newly_drawn, tell)


def _freeze(
    month: str, warehouse_url: str, agreement_dir: Path, tell: Progress
) -> tuple[population.Frozen, bool]:
    """The month's freeze, and whether this call made it."""
    with ledger.month_transaction(warehouse_url, month) as connection:
        frozen = population.find(connection, month)
        if frozen is not None:
            return frozen, False
        tell(f"{month}: freezing the population")
        frozen = population.freeze(
            connection,
            month,
            lambda version: read_policy(agreement_dir, version),
            lambda policy: read_roster(agreement_dir, policy),
        )
        reached("review.before_freeze_commit")
    reached("review.after_freeze_commit")
    tell(f"{month}: {frozen.population_size} handoffs frozen, SHA-256 {frozen.population_sha256}")
    return frozen, True


def _draw(
    connection: psycopg.Connection[Any],
    frozen: population.Frozen,
    chosen: tuple[str, str],
    released_by: str | None,
    out_dir: Path,
    agreement_dir: Path,
    aside: Path,
) -> None:
    """Draw from the frozen population and record everything; the caller commits."""
    month = frozen.month
    seed, origin = chosen
    names = [POPULATION_FILE, manifest_file(), workbook_file(month)]
    files.refuse_occupied(out_dir / month, names)
    strata = strata_of(connection, frozen)
    tickets = drawn_tickets(connection, frozen, seed, strata, aside / POPULATION_FILE)
    cases = cases_of(connection, frozen, strata, tickets, out_dir)
    drawn_at = datetime.now(UTC)
    summary = gather_evidence(connection, frozen, strata, cases, agreement_dir)
    assign_reviewers(connection, frozen, seed, cases)
    record = {
        "month": month,
        "draw_id": frozen.draw_id,
        "time_zone": frozen.time_zone,
        "run_as_of": frozen.run_as_of,
        "agreement_version": frozen.agreement_version,
        "policy": frozen.policy,
        "population_size": frozen.population_size,
        "population_sha256": frozen.population_sha256,
        "seed": seed,
        "seed_origin": origin,
        "summary": summary,
    }
    hashes = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in case_files(record, cases).items()
    }
    manifest = manifest_text(frozen, record, drawn_at, strata, cases, hashes)
    reached("review.before_sample_recorded")
    connection.execute(
        "update review.draws set seed = %s, seed_origin = %s, drawn_at = %s, sample_size = %s,"
        " summary = %s, manifest = %s where month = %s",
        [seed, origin, drawn_at, len(cases), Jsonb(summary), manifest, month],
    )
    with connection.cursor() as cursor:
        cursor.executemany(INSERT_CASE, cases)
    ledger.append(
        connection,
        month,
        "drawn",
        {
            "draw_id": frozen.draw_id,
            "seed": seed,
            "seed_origin": origin,
            "sample_size": len(cases),
            "manifest_sha256": hashlib.sha256(manifest.encode()).hexdigest(),
            "released_by": released_by,
        },
    )
    reached("review.before_draw_commit")


def _seed_of_nobody(frozen: population.Frozen) -> tuple[str, str]:
    """Seed and origin where nobody gives a seed; the agreed text is the one that was frozen."""
    agreed = frozen.policy.get("default_seed")
    if agreed:
        return agreed_seed(agreed, frozen.month), "agreed"
    return f"{secrets.randbelow(10**20):020d}", "system"


INSERT_CASE = """
    insert into review.sample (month, handoff_id, case_number, case_token, stratum, rank, ticket,
        stratum_population, stratum_sample, inclusion_weight, evidence, reviewers, took_part,
        extension, extended_at)
    values (%(month)s, %(handoff_id)s, %(case_number)s, %(case_token)s, %(stratum)s, %(rank)s,
        %(ticket)s, %(stratum_population)s, %(stratum_sample)s,
        %(stratum_population)s::numeric / %(stratum_sample)s, %(evidence_json)s::jsonb,
        %(reviewers)s, %(took_part)s, %(extension)s, %(extended_at)s)
"""


def _deliver(
    month: str,
    warehouse_url: str,
    out_dir: Path,
    aside: Path,
    newly_drawn: bool,
    tell: Progress,
) -> DrawResult:
    """Put the recorded draw's files in place and compare the frozen population with the marts."""
    reached("review.after_draw_commit")
    folder = out_dir / month
    with ledger.month_transaction(warehouse_url, month) as connection:
        parts = publication.recorded(connection, month)
        changed = publication.put_in_place(connection, parts, folder, aside, tell)
        drift = population.Drift(0, 0, 0)
        if not newly_drawn:
            drift = _compare(connection, month, folder, aside, tell)
    return result_of(parts[0], folder, newly_drawn, drift, changed)


def _compare(
    connection: psycopg.Connection[Any], month: str, folder: Path, aside: Path, tell: Progress
) -> population.Drift:
    frozen = population.find(connection, month)
    if frozen is None:
        raise ReviewError(f"{month} is not frozen; nothing can be compared")
    try:
        drift = population.drift(connection, frozen)
    except NoMartsError as error:
        tell(f"{month}: late arrivals are not known: {error}")
        return population.Drift(0, 0, 0)
    late = population.late_arrivals(connection, month)
    if late:
        files.write(aside / LATE_FILE, [workbook.csv_bytes(casefile.late_arrivals(late))])
        list(files.move(aside, folder, [LATE_FILE]))
    return drift


def result_of(
    part: Part, folder: Path, newly_drawn: bool, drift: population.Drift, changed: list[str]
) -> DrawResult:
    """What a call tells of a draw or of an extension, whose files are in place."""
    record, manifest = part.record, json.loads(part.manifest)
    named = manifest_file(part.number)
    names = [named, POPULATION_FILE, *VERIFY_FILES, *manifest["files"]]
    if (folder / LATE_FILE).exists():
        names.append(LATE_FILE)
    return DrawResult(
        month=record["month"],
        draw_id=record["draw_id"],
        seed=record["seed"],
        seed_origin=record["seed_origin"],
        population_size=record["population_size"],
        population_sha256=record["population_sha256"],
        sample_size=record["sample_size"],
        strata=tuple(
            StratumCount(tuple(each["stratum"]), each["population"], each["sample"])
            for each in manifest["strata"]
        ),
        folder=folder,
        workbook=folder / workbook_file(record["month"], part.number),
        manifest=folder / named,
        files=tuple(folder / name for name in sorted(names)),
        newly_drawn=newly_drawn,
        late_arrivals=drift.late,
        changed=drift.changed,
        gone=drift.gone,
        kept_files=tuple(changed),
        unassigned=sum(
            bool(manifest["policy"].get("reviewers")) and not case["reviewers"]
            for case in manifest["sample"]
        ),
    )


@contextmanager
def refusals_logged(warehouse_url: str, month: str) -> Iterator[None]:
    """Leave a line in the log where the block refuses to go on."""
    try:
        yield
    except ReviewError as error:
        ledger.append_refusal(warehouse_url, month, error)
        raise


def silent(line: str) -> None:
    """Tell nobody."""
