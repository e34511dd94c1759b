"""Each reviewer gets the cases that the seed gives them, and a review needs both sides."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from lead_handoff.review import files
from lead_handoff.review.draw import DrawResult
from lead_handoff.review.errors import (
    CompositionError,
    PolicyError,
    QuorumError,
    UnknownReviewerError,
)
from tests.warehouse.review.small_company import SmallCompany, may_of, write_agreement

Draw = Callable[..., DrawResult]


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return write_agreement(
        tmp_path / "agreement",
        reviewers="chair|ann|bob",
        quorum="3",
        double_review_share="0.2",
    )


def tokens(path: Path) -> set[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["Token"] for row in csv.DictReader(file)}


def test_each_reviewer_gets_a_workbook_of_their_own_cases(drawn: DrawResult) -> None:
    manifest = json.loads(drawn.manifest.read_text(encoding="utf-8"))
    names = {f"review-2026-05-{n}-{who}.xlsx" for n, who in enumerate(("chair", "ann", "bob"), 1)}
    assert names | {"cases-1-chair.csv", "cases-2-ann.csv"} <= set(manifest["files"])
    theirs = {who: tokens(next(drawn.folder.glob(f"cases-?-{who}.csv"))) for who in ("ann", "bob")}
    theirs["chair"] = tokens(drawn.folder / "cases-1-chair.csv")
    assert set().union(*theirs.values()) == tokens(drawn.folder / "cases.csv")
    twice = sum(map(len, theirs.values())) - drawn.sample_size
    assert twice == len(theirs["ann"] & theirs["bob"]) == 6  # a fifth of thirty
    book = openpyxl.load_workbook(drawn.folder / "review-2026-05-2-ann.xlsx", read_only=True)
    numbers = {row[0].value for row in book["Cases"].iter_rows(min_row=2)}
    assert len(numbers) == len(theirs["ann"])
    for name in ("Timeline", "Attributes"):
        assert {row[0].value for row in book[name].iter_rows(min_row=2)} == numbers
    summary = {row[0].value: row[1].value for row in book["Summary"].iter_rows() if len(row) > 1}
    assert summary["In this file"] == f"{len(numbers)} of 30 cases, for reviewer 2 of 3"
    assert summary["Cases to review"] == 30


def test_the_manifest_names_each_file_with_its_hash(drawn: DrawResult) -> None:
    listed = json.loads(drawn.manifest.read_text(encoding="utf-8"))["files"]
    found = {path.name: files.sha256_of(path) for path in drawn.folder.iterdir()}
    apart = {"manifest.json", "population.jsonl", "verify.py", "verify_reviewers.py"}
    assert listed == {name: sha256 for name, sha256 in found.items() if name not in apart}


def test_anyone_can_work_the_assignment_out_again(drawn: DrawResult) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-I", "-S"),
            *(str(drawn.folder / "verify_reviewers.py"), str(drawn.manifest)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "yes: all 30 cases are theirs\n")


def test_whoever_owned_offered_touched_or_answered_a_case_does_not_review_it(
    warehouse: Any, company: SmallCompany, draw: Draw, agreement: Path
) -> None:
    """Five cases, in each of which bob took part in another way; the sixth is free."""
    write_agreement(agreement, reviewers="chair|ann|bob", census="true")
    may_of(company, 6)
    rows = company.rows["fct_handoffs"]
    rows[0]["owner_id_at_offer"] = "bob"
    rows[1]["offered_by_id"] = "bob"
    rows[2]["accepted_by_id"] = "bob"
    rows[3]["rejected_by_id"] = "bob"
    company.add("fct_touches", touch_id="call", handoff_id=rows[4]["handoff_id"], user_id="bob")
    company.publish(warehouse.url())
    draw()
    with psycopg.connect(warehouse.url()) as connection:
        found = dict(
            connection.execute("select handoff_id, 'bob' = any(took_part) from review.sample")
        )
        theirs = connection.execute(
            "select handoff_id from review.sample where 'bob' = any(reviewers)"
        ).fetchall()
    assert [found[row["handoff_id"]] for row in rows] == [True] * 5 + [False]
    assert {handoff_id for (handoff_id,) in theirs} <= {rows[5]["handoff_id"]}


def test_a_case_in_which_all_reviewers_took_part_is_drawn_and_said_to_be_nobodys(
    warehouse: Any, company: SmallCompany, draw: Draw
) -> None:
    may_of(company, 5)
    row = company.rows["fct_handoffs"][0]
    row |= {"offered_by_id": "ann", "accepted_by_id": "bob", "rejected_by_id": "chair"}
    company.publish(warehouse.url())
    assert draw().unassigned == 1


@pytest.mark.parametrize(
    ("policy", "error", "said"),
    [
        (
            {"reviewers": "chair|ann|nobody"},
            UnknownReviewerError,
            "not on the roster of that version: nobody",
        ),
        ({"reviewers": "chair|ann|bob|ann"}, UnknownReviewerError, "twice"),
        ({"reviewers": "chair|ann|bob", "quorum": "4"}, QuorumError, "the quorum is 4"),
        ({"reviewers": "chair|ann"}, CompositionError, "nobody stands for sales"),
        ({"reviewers": "chair|bob"}, CompositionError, "nobody stands for marketing"),
        ({"reviewers": "ann|bob"}, CompositionError, "nobody stands for an executive"),
    ],
)
def test_a_review_needs_known_people_a_quorum_both_functions_and_an_executive(
    warehouse: Any,
    company: SmallCompany,
    draw: Draw,
    agreement: Path,
    policy: dict[str, str],
    error: type[PolicyError],
    said: str,
) -> None:
    company.publish(warehouse.url())
    write_agreement(agreement, **policy)
    with pytest.raises(error, match=said):
        draw()
    with psycopg.connect(warehouse.url()) as connection:
        assert connection.execute("select count(*) from review.draws").fetchone() == (0,)


def test_the_roster_of_the_freeze_stays_whatever_the_agreement_says_later(
    warehouse: Any, drawn: DrawResult, agreement: Path, draw: Draw
) -> None:
    names = {path.name for path in drawn.files}
    write_agreement(agreement, reviewers="rep-1|ann|chair")
    assert {path.name for path in draw().files} == names
