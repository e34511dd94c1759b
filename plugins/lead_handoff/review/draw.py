"""Draw a month's sample: freeze, draw once, write the case files.

Two transactions, each whole or not at all. The first copies the month's exits out of the published
marts and records their hash. The second checks that hash, takes the seed, draws, records sample,
evidence and manifest. Files are made in a folder aside, and named in the manifest with their hashes
before the second transaction is committed; they are renamed into place after it. Calling again for
the same month finishes what an interrupted call left undone and otherwise changes nothing: it gives
the same draw, puts back files that are missing, and lists what arrived late.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, cast

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

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
from lead_handoff.review.allocation import allocate
from lead_handoff.review.assignment import assign
from lead_handoff.review.errors import (
    FilesChangedError,
    NoMartsError,
    PopulationChangedError,
    RedrawError,
    ReviewError,
)
from lead_handoff.review.policy import agreed_seed, read_policy
from lead_handoff.review.roster import Reviewer, read_roster, took_part
from lead_handoff.review.sampler import Ticket, checked_seed, draw_strata
from lead_handoff.warehouse.steps import reached

ALGORITHM = (
    "Rivest's consistent sampler, without replacement: h = lower-case hex SHA-256 of the seed; "
    "ticket = '0.' + reversed decimal digits (at least 64, zero-padded) of SHA-256(h + id); "
    "the smallest tickets of each stratum, compared as strings"
)
ALLOCATION = (
    "minimum_per_stratum first, then one case at a time to the stratum with the largest "
    "population / (2 * cases + 1), ties to the first by name, until sample_size is reached"
)
POPULATION_FILE = "population.jsonl"
MANIFEST_FILE = "manifest.json"
VERIFY_FILES = {
    "verify.py": Path(verify.__file__),
    "verify_reviewers.py": Path(verify_reviewers.__file__),
}
"""Name -> source of the scripts that anyone can check the draw and the assignment with."""
LATE_FILE = "late_arrivals.csv"

Stratum = tuple[str, ...]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class StratumCount:
    """One stratum: its members, its cases, and how many members each case stands for."""

    stratum: Stratum
    population: int
    sample: int

    @property
    def inclusion_weight(self) -> Fraction | None:
        """Population / sample; None where the stratum gives no case."""
        return Fraction(self.population, self.sample) if self.sample else None


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


def workbook_file(month: str) -> str:
    """Name of a month's workbook."""
    return f"review-{month}.xlsx"


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
    tell = progress or _silent
    population.check_month(month)
    ledger.apply_schema(warehouse_url)
    with _refusals_logged(warehouse_url, month):
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
    tell = progress or _silent
    population.check_month(month)
    ledger.apply_schema(warehouse_url)
    with _refusals_logged(warehouse_url, month):
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


def stratum_of(
    columns: Sequence[str], team: str | None, exit_kind: str, tier: str | None
) -> Stratum:
    """The stratum of a member; a machine's exits are apart under every policy."""
    values = {"team": team or "", "exit_kind": exit_kind, "tier": tier or ""}
    stratum = tuple(values[column] for column in columns)
    if "exit_kind" not in columns:
        stratum += ("machine" if exit_kind == "machine" else "",)
    return stratum


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
    names = [POPULATION_FILE, MANIFEST_FILE, workbook_file(month)]
    files.refuse_occupied(out_dir / month, names)
    strata = _strata(connection, frozen)
    tickets = _drawn(connection, frozen, seed, strata, aside / POPULATION_FILE)
    cases = _cases(connection, frozen, strata, tickets, out_dir)
    drawn_at = datetime.now(UTC)
    summary = _gather_evidence(connection, frozen, strata, cases, agreement_dir)
    _assign(connection, frozen, seed, cases)
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
        for name, content in _case_files(record, cases).items()
    }
    manifest = _manifest(frozen, record, drawn_at, strata, cases, hashes)
    reached("review.before_sample_recorded")
    connection.execute(
        "update review.draws set seed = %s, seed_origin = %s, drawn_at = %s, sample_size = %s,"
        " summary = %s, manifest = %s where month = %s",
        [seed, origin, drawn_at, len(cases), Jsonb(summary), manifest, month],
    )
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT_CASE, cases)
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


_INSERT_CASE = """
    insert into review.sample (month, handoff_id, case_number, case_token, stratum, rank, ticket,
        stratum_population, stratum_sample, inclusion_weight, evidence, reviewers, took_part)
    values (%(month)s, %(handoff_id)s, %(case_number)s, %(case_token)s, %(stratum)s, %(rank)s,
        %(ticket)s, %(stratum_population)s, %(stratum_sample)s,
        %(stratum_population)s::numeric / %(stratum_sample)s, %(evidence_json)s::jsonb,
        %(reviewers)s, %(took_part)s)
"""


def _strata(
    connection: psycopg.Connection[Any], frozen: population.Frozen
) -> tuple[StratumCount, ...]:
    columns = frozen.policy["strata"]
    sizes: dict[Stratum, int] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        counted = cursor.execute(
            "select team, exit_kind, tier, count(*) as members from review.population"
            " where month = %s group by team, exit_kind, tier",
            [frozen.month],
        )
        for row in counted:
            stratum = stratum_of(columns, row["team"], row["exit_kind"], row["tier"])
            sizes[stratum] = sizes.get(stratum, 0) + row["members"]
    given = allocate(sizes, frozen.policy["sample_size"], frozen.policy["minimum_per_stratum"])
    return tuple(StratumCount(stratum, sizes[stratum], given[stratum]) for stratum in given)


def _drawn(
    connection: psycopg.Connection[Any],
    frozen: population.Frozen,
    seed: str,
    strata: tuple[StratumCount, ...],
    path: Path,
) -> dict[Stratum, list[Ticket]]:
    """Draw while the population is checked against its hash and written to a file, in one pass."""
    columns = frozen.policy["strata"]
    known: dict[tuple[str | None, str, str | None], Stratum] = {}
    digest = hashlib.sha256()

    def placed(rows: Iterator[population.Member], file: BinaryIO) -> Iterator[tuple[str, Stratum]]:
        for member in rows:
            line = population.canonical_line(member)
            digest.update(line)
            file.write(line)
            place = (member.team, member.exit_kind, member.tier)
            if place not in known:
                known[place] = stratum_of(columns, *place)
            yield member.handoff_id, known[place]

    sizes = {count.stratum: count.sample for count in strata}
    with files.new_file(path) as file, population.members(connection, frozen.month) as rows:
        tickets = draw_strata(placed(rows, file), seed, sizes, ids_ascend=True)
    if digest.hexdigest() != frozen.population_sha256:
        raise PopulationChangedError(
            f"the frozen population of {frozen.month} has SHA-256 {digest.hexdigest()}, recorded "
            f"was {frozen.population_sha256}: somebody changed review.population; restore it from "
            "a backup"
        )
    return tickets


def _cases(
    connection: psycopg.Connection[Any],
    frozen: population.Frozen,
    strata: tuple[StratumCount, ...],
    tickets: dict[Stratum, list[Ticket]],
    out_dir: Path,
) -> list[dict[str, Any]]:
    """The drawn cases in order of stratum and ticket, with what was frozen of them."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "select * from review.population where month = %s and handoff_id = any(%s)",
            [frozen.month, [ticket.id for drawn in tickets.values() for ticket in drawn]],
        )
        frozen_rows = {row["handoff_id"]: row for row in cursor}
    key = files.pseudonym_key(out_dir)
    cases: list[dict[str, Any]] = []
    for count in strata:
        for rank, ticket in enumerate(tickets[count.stratum], 1):
            cases.append(
                frozen_rows[ticket.id]
                | {
                    "case_number": len(cases) + 1,
                    "case_token": _token(key, frozen.month, ticket.id),
                    "stratum": list(count.stratum),
                    "rank": rank,
                    "ticket": ticket.number,
                    "stratum_population": count.population,
                    "stratum_sample": count.sample,
                }
            )
    return cases


def _token(key: bytes, month: str, handoff_id: str) -> str:
    """A case's pseudonym: 80 bits of HMAC-SHA256 over month and id, in groups of four letters."""
    code = hmac.digest(key, f"{month}\n{handoff_id}".encode(), "sha256")[:10]
    letters = base64.b32encode(code).decode()
    return "-".join(letters[place : place + 4] for place in range(0, len(letters), 4))


def _assign(
    connection: psycopg.Connection[Any],
    frozen: population.Frozen,
    seed: str,
    cases: list[dict[str, Any]],
) -> None:
    """Put to each case who reviews it, and which reviewers took part in it."""
    reviewers = [Reviewer(**each) for each in frozen.policy.get("reviewers", [])]
    ids = [case["handoff_id"] for case in cases]
    people = took_part(connection, frozen.month, ids) if reviewers else {}
    share = Fraction(frozen.policy.get("double_review_share", "0"))
    given = assign(ids, seed, reviewers, people, share)
    for case in cases:
        case["reviewers"] = list(given[case["handoff_id"]])
        case["took_part"] = sorted(
            reviewer.id for reviewer in reviewers if reviewer.id in people[case["handoff_id"]]
        )


def _gather_evidence(
    connection: psycopg.Connection[Any],
    frozen: population.Frozen,
    strata: tuple[StratumCount, ...],
    cases: list[dict[str, Any]],
    agreement_dir: Path,
) -> dict[str, Any]:
    """Put each case's evidence to it; return what the case file says about the draw as a whole."""
    agreement = evidence.read_agreement(agreement_dir, frozen.time_zone)
    gathered = evidence.gather(connection, agreement, cases, frozen.run_as_of)
    for case in cases:
        # As it will be read back from the record, so that files made later are the same.
        case["evidence_json"] = json.dumps(gathered[case["handoff_id"]])
        case["evidence"] = json.loads(case["evidence_json"])
    versions = [case["agreement_version"] for case in cases]
    summary = {
        "run_as_of": evidence.utc_text(frozen.run_as_of),
        "strata": [
            {
                "stratum": list(count.stratum),
                "population": count.population,
                "sample": count.sample,
            }
            for count in strata
        ],
        "definitions": evidence.definitions(
            connection, agreement, [*versions, frozen.agreement_version]
        ),
    }
    return cast(dict[str, Any], json.loads(json.dumps(summary)))


def _case_files(record: dict[str, Any], cases: list[dict[str, Any]]) -> dict[str, bytes]:
    """Workbook and CSV files of a recorded draw: name -> bytes, the same for the same record.

    One workbook and one CSV of cases for each reviewer, and those of all cases for the chair.
    """
    case_file = casefile.build(record, cases)
    made = {f"{sheet.name.lower()}.csv": workbook.csv_bytes(sheet) for sheet in case_file.tables}
    made[workbook_file(record["month"])] = workbook.workbook_bytes(case_file)
    for number, reviewer in enumerate(record["policy"].get("reviewers", []), 1):
        theirs = casefile.build(record, cases, reviewer["id"])
        end = f"{number}-{_UNSAFE.sub('_', reviewer['id'])[:60]}"
        made[f"cases-{end}.csv"] = workbook.csv_bytes(theirs.cases)
        made[f"review-{record['month']}-{end}.xlsx"] = workbook.workbook_bytes(theirs)
    return made


# What a user id may bear and a file name should not.
_UNSAFE = re.compile(r"[^A-Za-z0-9.@_-]")


def _manifest(
    frozen: population.Frozen,
    record: dict[str, Any],
    drawn_at: datetime,
    strata: tuple[StratumCount, ...],
    cases: list[dict[str, Any]],
    hashes: dict[str, str],
) -> str:
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
        "policy": frozen.policy,
        "population": {
            "file": POPULATION_FILE,
            "sha256": frozen.population_sha256,
            "size": frozen.population_size,
        },
        "run_as_of": evidence.utc_text(frozen.run_as_of),
        "sample": [
            {
                key: case[key]
                for key in ("handoff_id", "rank", "reviewers", "stratum", "ticket", "took_part")
            }
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
    }
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


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
        record, cases = _recorded(connection, month)
        manifest = json.loads(record["manifest"])
        expected = {
            POPULATION_FILE: record["population_sha256"],
            **manifest["files"],
            MANIFEST_FILE: hashlib.sha256(record["manifest"].encode()).hexdigest(),
        }
        missing, different = files.standing(folder, expected)
        altered = sorted({POPULATION_FILE, MANIFEST_FILE} & set(different))
        if altered:
            raise FilesChangedError(
                f"{folder / altered[0]} is not the file of draw {record['draw_id']}; move it away "
                "and repeat the call, and it is written again from the record"
            )
        missing += [name for name in VERIFY_FILES if not (folder / name).exists()]
        if missing:
            tell(f"{month}: writing {', '.join(missing)} to {folder}")
            _write_files(connection, record, cases, expected, missing, folder, aside)
        drift = population.Drift(0, 0, 0)
        if not newly_drawn:
            drift = _compare(connection, month, folder, aside, tell)
    return _result(record, manifest, folder, newly_drawn, drift, different)


def _recorded(
    connection: psycopg.Connection[Any], month: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        record = cursor.execute("select * from review.draws where month = %s", [month]).fetchone()
        cases = cursor.execute(
            "select * from review.sample where month = %s order by case_number", [month]
        ).fetchall()
    if record is None or record["manifest"] is None:
        raise ReviewError(f"{month} is not drawn; nothing can be delivered")
    return record, cases


def _write_files(
    connection: psycopg.Connection[Any],
    record: dict[str, Any],
    cases: list[dict[str, Any]],
    expected: dict[str, str],
    missing: list[str],
    folder: Path,
    aside: Path,
) -> None:
    month = record["month"]
    made = _case_files(record, cases) if set(missing) & set(expected) else {}
    made[MANIFEST_FILE] = record["manifest"].encode()
    made |= {name: source.read_bytes() for name, source in VERIFY_FILES.items()}
    # The manifest comes last: where it stands, everything else does.
    ordered = sorted(missing, key=lambda name: (name == MANIFEST_FILE, name))
    for name in ordered:
        if name != POPULATION_FILE:
            files.write(aside / name, [made[name]])
        elif not (aside / name).exists():  # else this very call has drawn and written it
            with population.members(connection, month) as rows:
                files.write(aside / name, map(population.canonical_line, rows))
        if name in expected and files.sha256_of(aside / name) != expected[name]:
            raise FilesChangedError(
                f"{name} of {month} cannot be written again byte for byte: the record in schema "
                "review, or the library that writes workbooks, is not what it was; restore the "
                "file from a backup"
            )
    reached("review.before_files")
    for name in files.move(aside, folder, ordered):
        reached(f"review.after_{name}")
    ledger.append(connection, month, "written", {"files": ordered})


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


def _result(
    record: dict[str, Any],
    manifest: dict[str, Any],
    folder: Path,
    newly_drawn: bool,
    drift: population.Drift,
    different: list[str],
) -> DrawResult:
    names = [MANIFEST_FILE, POPULATION_FILE, *VERIFY_FILES, *manifest["files"]]
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
        workbook=folder / workbook_file(record["month"]),
        manifest=folder / MANIFEST_FILE,
        files=tuple(folder / name for name in sorted(names)),
        newly_drawn=newly_drawn,
        late_arrivals=drift.late,
        changed=drift.changed,
        gone=drift.gone,
        kept_files=tuple(different),
        unassigned=sum(
            bool(manifest["policy"].get("reviewers")) and not case["reviewers"]
            for case in manifest["sample"]
        ),
    )


@contextmanager
def _refusals_logged(warehouse_url: str, month: str) -> Iterator[None]:
    try:
        yield
    except ReviewError as error:
        ledger.append_refusal(warehouse_url, month, error)
        raise


def _silent(line: str) -> None:
    """Tell nobody."""
