"""Which members are drawn, as what case, and who reviews them; nothing is written here."""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, cast

import psycopg
from psycopg.rows import dict_row

from lead_handoff.agreement import Agreement, AgreementError
from lead_handoff.agreement.panel import Reviewer
from lead_handoff.review import evidence, files, population
from lead_handoff.review.allocation import allocate, stratum_of
from lead_handoff.review.assignment import assign
from lead_handoff.review.errors import PolicyError, PopulationChangedError
from lead_handoff.review.roster import took_part
from lead_handoff.review.sampler import Ticket, draw_strata

Stratum = tuple[str, ...]


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


def strata_of(
    connection: psycopg.Connection[Any], frozen: population.Frozen, sample_size: int | None = None
) -> tuple[StratumCount, ...]:
    """The frozen population's strata with their cases, by the policy or for another size."""
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
    size = frozen.policy["sample_size"] if sample_size is None else sample_size
    deviations = {tuple(name): value for name, value in frozen.policy.get("deviations", ())}
    given = allocate(sizes, size, frozen.policy["minimum_per_stratum"], deviations)
    return tuple(StratumCount(stratum, sizes[stratum], given[stratum]) for stratum in given)


def drawn_tickets(
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


def cases_of(
    connection: psycopg.Connection[Any],
    frozen: population.Frozen,
    strata: tuple[StratumCount, ...],
    tickets: dict[Stratum, list[Ticket]],
    out_dir: Path,
    earlier: Collection[str] = (),
) -> list[dict[str, Any]]:
    """The drawn cases in order of stratum and ticket, with what was frozen of them.

    ``earlier`` are cases that were drawn before: they are left out, and the numbers go on.
    """
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
            if ticket.id in earlier:
                continue
            cases.append(
                frozen_rows[ticket.id]
                | {
                    "case_number": len(earlier) + len(cases) + 1,
                    "case_token": _token(key, frozen.month, ticket.id),
                    "stratum": list(count.stratum),
                    "rank": rank,
                    "ticket": ticket.number,
                    "stratum_population": count.population,
                    "stratum_sample": count.sample,
                    "extension": 0,
                    "extended_at": None,
                }
            )
    return cases


def _token(key: bytes, month: str, handoff_id: str) -> str:
    """A case's pseudonym: 80 bits of HMAC-SHA256 over month and id, in groups of four letters."""
    code = hmac.digest(key, f"{month}\n{handoff_id}".encode(), "sha256")[:10]
    letters = base64.b32encode(code).decode()
    return "-".join(letters[place : place + 4] for place in range(0, len(letters), 4))


def assign_reviewers(
    connection: psycopg.Connection[Any],
    frozen: population.Frozen,
    seed: str,
    cases: list[dict[str, Any]],
    load: Mapping[str, int] | None = None,
) -> None:
    """Put to each case who reviews it, and which reviewers took part in it.

    ``load`` are the cases that reviewers have from the same month already.
    """
    reviewers = [Reviewer(**each) for each in frozen.policy.get("reviewers", [])]
    ids = [case["handoff_id"] for case in cases]
    people = took_part(connection, frozen.month, ids) if reviewers else {}
    share = Fraction(frozen.policy.get("double_review_share", "0"))
    given = assign(ids, seed, reviewers, people, share, load or {})
    for case in cases:
        case["reviewers"] = list(given[case["handoff_id"]])
        case["took_part"] = sorted(
            reviewer.id for reviewer in reviewers if reviewer.id in people[case["handoff_id"]]
        )


def gather_evidence(
    connection: psycopg.Connection[Any],
    frozen: population.Frozen,
    strata: tuple[StratumCount, ...],
    cases: list[dict[str, Any]],
    agreement_dir: Path,
) -> dict[str, Any]:
    """Put each case's evidence to it; return what the case file says about the draw as a whole."""
    agreement = Agreement(agreement_dir)
    versions = [*(case["agreement_version"] for case in cases), frozen.agreement_version]
    try:
        gathered = evidence.gather(connection, agreement, cases, frozen.run_as_of, frozen.time_zone)
        definitions = evidence.definitions(connection, agreement, versions)
    except AgreementError as error:
        raise PolicyError(str(error)) from error
    for case in cases:
        # As it will be read back from the record, so that files made later are the same.
        case["evidence_json"] = json.dumps(gathered[case["handoff_id"]])
        case["evidence"] = json.loads(case["evidence_json"])
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
        "definitions": definitions,
    }
    return cast(dict[str, Any], json.loads(json.dumps(summary)))
