"""Take returned case files: guarded, read, checked against the draw, recorded whole or not at all.

A reviewer's files lie in ``intake/<user id>/``, a decision between reviewers who differ in
``intake/<user id>/adjudication/``; who may write into a folder is who the verdicts are from. A file
goes to ``intake/accepted`` or ``intake/refused`` afterwards, the refused one with a text beside it.
"""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from lead_handoff.review import casefile, files, ledger, policy, roster
from lead_handoff.review.errors import RefusedFileError, ReviewError
from lead_handoff.review.guard import GuardError
from lead_handoff.review.reading import Tables, bytes_of, read_tables
from lead_handoff.review.standing import differing, standing
from lead_handoff.review.verdicts import (
    NO_CASES,
    Problem,
    Verdict,
    read_verdicts,
    summary_of,
    tokens_of,
)

INTAKE_FOLDER = "intake"
ADJUDICATION_FOLDER = "adjudication"
ACCEPTED_FOLDER, REFUSED_FOLDER = "accepted", "refused"


@dataclass(frozen=True)
class Accepted:
    """An accepted file: verdicts given, and earlier ones that it replaces or takes back.

    ``is_repeat``: this reviewer had returned the same bytes before; nothing was recorded.
    """

    file: str
    month: str
    reviewer: str
    verdicts: int
    superseded: int
    is_repeat: bool


def accept_file(
    path: Path,
    *,
    reviewer: str,
    warehouse_url: str,
    agreement_dir: Path,
    is_adjudication: bool = False,
) -> Accepted:
    """Record the verdicts of one returned workbook (.xlsx) or CSV (.csv).

    Args:
        path: the file; links and devices are refused.
        reviewer: user id of whom the file is from, one of the policy's reviewers.
        warehouse_url: libpq URL of the warehouse's owner.
        agreement_dir: folder with the agreement's CSV files.
        is_adjudication: the file decides cases on which reviewers differ.

    Raises:
        RefusedFileError: with every problem by name; nothing of the file was recorded.
    """
    try:
        content = bytes_of(path)
        tables = read_tables(content, is_csv=path.suffix.lower() == ".csv")
    except GuardError as error:
        raise _refused(path, [Problem(error.refusal, str(error))]) from error
    month = _month_of(path, tables, warehouse_url)
    try:
        with ledger.month_transaction(warehouse_url, month) as connection:
            draw = _Draw(connection, month)
            verdicts, problems = read_verdicts(tables, draw.case_file.cases, month)
            given = draw.reviewers(agreement_dir)
            if reviewer not in given:
                problems.append(
                    Problem("unknown_reviewer", f"{reviewer!r} is not among the policy's reviewers")
                )
            problems += draw.wrong_draw(summary_of(tables).get("Draw"))
            problems += draw.not_theirs(verdicts, reviewer)
            if is_adjudication:
                problems += draw.not_disputed(verdicts)
            else:
                problems += draw.not_assigned(verdicts, reviewer)
            if problems:
                raise _refused(path, problems)
            return draw.record(
                verdicts, reviewer, is_adjudication, path.name, hashlib.sha256(content).hexdigest()
            )
    except RefusedFileError as error:
        ledger.append_refusal(warehouse_url, month, error)
        raise


def take_in(
    review_dir: Path, *, warehouse_url: str, agreement_dir: Path
) -> tuple[list[Accepted], list[RefusedFileError]]:
    """Accept or refuse every file in the intake folder, by name, and put it away."""
    ledger.apply_schema(warehouse_url)
    intake = review_dir / INTAKE_FOLDER
    for folder in (intake, intake / ACCEPTED_FOLDER, intake / REFUSED_FOLDER):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    accepted: list[Accepted] = []
    refused: list[RefusedFileError] = []
    for path, reviewer, is_adjudication in _waiting(intake):
        try:
            accepted.append(
                accept_file(
                    path,
                    reviewer=reviewer,
                    warehouse_url=warehouse_url,
                    agreement_dir=agreement_dir,
                    is_adjudication=is_adjudication,
                )
            )
        except RefusedFileError as error:
            refused.append(error)
            kept = _put_away(path, intake / REFUSED_FOLDER, reviewer)
            files.write(kept.with_name(kept.name + ".txt"), [f"{error}\n".encode()])
        else:
            _put_away(path, intake / ACCEPTED_FOLDER, reviewer)
    return accepted, refused


def _waiting(intake: Path) -> list[tuple[Path, str, bool]]:
    """Files to read: path, reviewer, whether an adjudication; unfinished and hidden ones wait."""
    found = []
    for folder in sorted(intake.iterdir()):
        if folder.name in (ACCEPTED_FOLDER, REFUSED_FOLDER) or folder.is_symlink():
            continue
        if not folder.is_dir():
            continue
        for place in (folder, folder / ADJUDICATION_FOLDER):
            if place.is_symlink() or not place.is_dir():
                continue
            found += [
                (path, folder.name, place is not folder)
                for path in sorted(place.iterdir())
                if path.suffix.lower() in (".xlsx", ".csv", ".xlsm", ".xls")
                and not path.name.startswith((".", "~"))
            ]
    return found


def _put_away(path: Path, folder: Path, reviewer: str) -> Path:
    number = 1
    while os.path.lexists(target := folder / f"{reviewer}-{number:04d}-{path.name[-150:]}"):
        number += 1
    os.replace(path, target)
    with suppress(OSError, NotImplementedError):
        os.chmod(target, 0o600, follow_symlinks=False)
    return target


def _refused(path: Path, problems: list[Problem]) -> RefusedFileError:
    names = tuple(sorted({problem.name for problem in problems}))
    return RefusedFileError(path.name, names, tuple(map(str, problems)))


def _month_of(path: Path, tables: Tables, warehouse_url: str) -> str:
    """The month whose draw handed out most of the file's tokens."""
    tokens = tokens_of(tables)
    if tokens is None:
        raise _refused(path, [NO_CASES])
    with psycopg.connect(warehouse_url, application_name="lead_handoff:review") as connection:
        found = connection.execute(
            "select month from review.sample where case_token = any(%s)"
            " group by month order by count(*) desc, month limit 1",
            [[token for token in tokens if "\0" not in token]],
        ).fetchone()
    if found is None:
        problem = Problem(
            "unknown_draw",
            "no row bears a token that any draw handed out; fill in a case file as it was made",
        )
        raise _refused(path, [problem])
    return str(found[0])


class _Draw:
    """A recorded draw within a month's transaction."""

    def __init__(self, connection: psycopg.Connection[Any], month: str) -> None:
        self.connection, self.month = connection, month
        with connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute("select * from review.draws where month = %s", [month]).fetchone()
            if row is None:
                raise ReviewError(f"{month} has a sample and no draw: restore schema review")
            self.row = row
            sample = cursor.execute(
                "select * from review.sample where month = %s", [month]
            ).fetchall()
        self.case_file = casefile.build(self.row, sample)
        self.handoffs: dict[str, str] = {row["case_token"]: row["handoff_id"] for row in sample}
        self.assigned = {str(row["handoff_id"]): list(row["reviewers"]) for row in sample}
        self.people = roster.took_part(connection, month, self.assigned)
        for row in sample:
            self.people[row["handoff_id"]] |= set(row["took_part"])

    def reviewers(self, agreement_dir: Path) -> tuple[str, ...]:
        """Those that were frozen with the month, else the policy's: older draws froze none."""
        frozen = tuple(str(each["id"]) for each in self.row["policy"].get("reviewers", []))
        version = self.row["agreement_version"]
        return frozen or policy.read_policy(agreement_dir, version).reviewers

    def not_assigned(self, verdicts: list[Verdict], reviewer: str) -> list[Problem]:
        if not self.row["policy"].get("reviewers"):
            return []
        return [
            Problem(
                "not_assigned",
                "the case is assigned to another reviewer; empty the row and use your own file",
                verdict.row,
                "Verdict",
            )
            for verdict in verdicts
            if verdict.verdict and reviewer not in self.assigned[self.handoffs[verdict.token]]
        ]

    def wrong_draw(self, said: str | None) -> list[Problem]:
        if said in (None, self.row["draw_id"]):
            return []
        return [
            Problem("wrong_draw", f"Summary names another draw, {said!r:.60}; use its own file")
        ]

    def not_theirs(self, verdicts: list[Verdict], reviewer: str) -> list[Problem]:
        return [
            Problem(
                "own_case",
                "the reviewer took part in this case; empty the row and leave it to another",
                verdict.row,
                "Verdict",
            )
            for verdict in verdicts
            if verdict.verdict and reviewer in self.people[self.handoffs[verdict.token]]
        ]

    def not_disputed(self, verdicts: list[Verdict]) -> list[Problem]:
        disputed = differing(standing(self.connection, self.month))
        return [
            Problem(
                "not_disputed",
                "reviewers do not differ on this case; empty the row",
                verdict.row,
                "Verdict",
            )
            for verdict in verdicts
            if verdict.verdict and self.handoffs[verdict.token] not in disputed
        ]

    def record(
        self,
        verdicts: list[Verdict],
        reviewer: str,
        is_adjudication: bool,
        file_name: str,
        file_sha256: str,
    ) -> Accepted:
        earlier: Mapping[str, tuple[int, str | None, str]] = {
            handoff_id: (verdict_id, verdict, sha256)
            for handoff_id, verdict_id, verdict, sha256 in self.connection.execute(
                "select distinct on (handoff_id) handoff_id, verdict_id, verdict, file_sha256"
                " from review.verdicts where month = %s and reviewer = %s and is_adjudication = %s"
                " order by handoff_id, verdict_id desc",
                [self.month, reviewer, is_adjudication],
            )
        }
        newest = max(earlier.values(), default=(0, None, ""))[2]
        if newest == file_sha256:
            return Accepted(file_name, self.month, reviewer, 0, 0, is_repeat=True)
        rows = []
        superseded = 0
        for verdict in verdicts:
            handoff_id = self.handoffs[verdict.token]
            before = earlier.get(handoff_id)
            if verdict.verdict is None and (before is None or before[1] is None):
                continue  # nothing said, and nothing to take back
            superseded += before is not None
            rows.append(
                (
                    *(self.month, handoff_id, reviewer, is_adjudication, verdict.verdict),
                    *(verdict.cause, verdict.remedy, verdict.comment, file_name, file_sha256),
                    before[0] if before else None,
                )
            )
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "insert into review.verdicts (month, handoff_id, reviewer, is_adjudication,"
                " verdict, cause, remedy, comment, file_name, file_sha256, supersedes)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                rows,
            )
        ledger.append(
            self.connection,
            self.month,
            "verdicts",
            {
                "reviewer": reviewer,
                "file_sha256": file_sha256,
                "verdicts": len(rows),
                "is_adjudication": is_adjudication,
                "superseded": superseded,
            },
        )
        given = sum(row[4] is not None for row in rows)
        return Accepted(file_name, self.month, reviewer, given, superseded, is_repeat=False)
