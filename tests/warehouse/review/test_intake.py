"""Returned case files become verdicts of the right cases, whole or not at all."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from lead_handoff.review.draw import DrawResult
from lead_handoff.review.errors import RefusedFileError
from lead_handoff.review.intake import Accepted, accept_file, take_in
from tests.warehouse.review.small_company import write_agreement

Accept = Callable[..., Accepted]


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return write_agreement(
        tmp_path / "agreement",
        reviewers="ann|bob|rep-1|chair",
        quorum="2",
        double_review_share="0.2",
    )


@pytest.fixture
def accept(warehouse: Any, agreement: Path) -> Accept:
    def call(path: Path, reviewer: str = "ann", **more: Any) -> Accepted:
        return accept_file(
            path, reviewer=reviewer, warehouse_url=warehouse.url(), agreement_dir=agreement, **more
        )

    return call


def rows_of(drawn: DrawResult, reviewer: str = "ann") -> list[dict[str, str]]:
    """The rows that a reviewer was given; "" for the whole draw's."""
    (path,) = drawn.folder.glob(f"cases-?-{reviewer}.csv" if reviewer else "cases.csv")
    text = path.read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def doubled(drawn: DrawResult) -> dict[str, str]:
    """A case's row that both ann and bob were given."""
    tokens = {row["Token"] for row in rows_of(drawn, "bob")}
    return next(row for row in rows_of(drawn) if row["Token"] in tokens)


def save(path: Path, rows: list[dict[str, str]]) -> Path:
    """The table as LibreOffice saves a CSV: quotes where needed, line feeds."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def filled(drawn: DrawResult, reviewer: str = "ann", **answers: str) -> list[dict[str, str]]:
    return [row | ({"Verdict": "valid"} | answers) for row in rows_of(drawn, reviewer)]


def book_of(drawn: DrawResult) -> Any:
    """The workbook, as a spreadsheet program other than the one that wrote it holds it."""
    (path,) = drawn.folder.glob("review-*-ann.xlsx")
    return openpyxl.load_workbook(path)


def column_of(sheet: Any, title: str) -> int:
    return next(cell.column for cell in sheet[1] if cell.value == title)


def verdicts(warehouse: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(warehouse.url()) as connection:
        return connection.execute(
            "select sample.case_token, verdicts.verdict, cause, comment, reviewer, supersedes,"
            " verdict_id from review.verdicts join review.sample using (month, handoff_id)"
            " order by verdict_id"
        ).fetchall()


def refusal(accept: Accept, path: Path, reviewer: str = "ann", **more: Any) -> RefusedFileError:
    with pytest.raises(RefusedFileError) as refused:
        accept(path, reviewer, **more)
    return refused.value


def test_a_filled_workbook_is_recorded(
    warehouse: Any, drawn: DrawResult, accept: Accept, tmp_path: Path
) -> None:
    book = book_of(drawn)
    sheet = book["Cases"]
    for row, answer in ((2, "valid"), (3, "Invalid"), (5, "cannot tell")):
        sheet.cell(row, column_of(sheet, "Verdict")).value = answer
    sheet.cell(3, column_of(sheet, "Cause")).value = "too little follow-up"
    sheet.cell(3, column_of(sheet, "Comment")).value = "two calls only"
    book.save(tmp_path / "ann.xlsx")
    assert accept(tmp_path / "ann.xlsx").verdicts == 3
    tokens = [row["Token"] for row in rows_of(drawn)]
    assert [row[:5] for row in verdicts(warehouse)] == [
        (tokens[0], "valid", None, None, "ann"),
        (tokens[1], "invalid", "too little follow-up", "two calls only", "ann"),
        (tokens[3], "cannot_tell", None, None, "ann"),
    ]


def test_rows_and_columns_may_stand_in_any_order_and_rows_may_be_missing(
    warehouse: Any, drawn: DrawResult, accept: Accept, tmp_path: Path
) -> None:
    rows = filled(drawn)
    rows[4]["Verdict"] = "invalid"
    token = rows[4]["Token"]
    turned = [dict(reversed(list(row.items()))) for row in reversed(rows[2:6])]
    accept(save(tmp_path / "turned.csv", turned))
    found = {row[0]: row[1] for row in verdicts(warehouse)}
    assert len(found) == 4
    assert [which for which, verdict in found.items() if verdict == "invalid"] == [token]


def test_a_csv_saved_in_another_country_is_the_same_evidence(
    drawn: DrawResult, accept: Accept, tmp_path: Path
) -> None:
    rows = filled(drawn)
    for row in rows:
        for title in ("Handed over", "Decided", "Response due"):
            if row[title]:
                day, clock = row[title].split(" ")
                year, month, of_month = day.split("-")
                row[title] = f"{of_month}.{month}.{year} {clock[:5]}"
        row["Weight"] = row["Weight"].replace(".", ",")
    text = save(tmp_path / "a.csv", rows).read_text(encoding="utf-8")
    table = list(csv.reader(io.StringIO(text, newline="")))
    with (tmp_path / "b.csv").open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows(table)
    assert accept(tmp_path / "b.csv").verdicts == len(rows)


def test_a_later_file_supersedes_and_both_are_kept(
    warehouse: Any, drawn: DrawResult, accept: Accept, tmp_path: Path
) -> None:
    rows = filled(drawn)[:2]
    accept(save(tmp_path / "first.csv", rows))
    rows[0]["Verdict"], rows[1]["Verdict"] = "invalid", ""
    second = accept(save(tmp_path / "second.csv", rows))
    assert (second.verdicts, second.superseded) == (1, 2)
    kept = verdicts(warehouse)
    assert [row[1] for row in kept] == ["valid", "valid", "invalid", None]
    assert [row[5] for row in kept] == [None, None, kept[0][6], kept[1][6]]


def test_the_same_file_again_records_nothing(
    warehouse: Any, drawn: DrawResult, accept: Accept, tmp_path: Path
) -> None:
    path = save(tmp_path / "first.csv", filled(drawn))
    accept(path)
    assert accept(path).is_repeat
    assert len(verdicts(warehouse)) == len(rows_of(drawn))


def test_two_reviewers_who_differ_are_both_kept_until_the_chair_decides(
    warehouse: Any, drawn: DrawResult, accept: Accept, tmp_path: Path
) -> None:
    case = doubled(drawn)
    accept(save(tmp_path / "ann.csv", filled(drawn)))
    accept(save(tmp_path / "bob.csv", [case | {"Verdict": "invalid"}]), "bob")
    assert [row[1] for row in verdicts(warehouse)][-2:] == ["valid", "invalid"]
    error = refusal(accept, save(tmp_path / "a.csv", filled(drawn)), "chair", is_adjudication=True)
    assert error.names == ("not_disputed",)
    one = save(tmp_path / "one.csv", [case | {"Verdict": "invalid"}])
    assert accept(one, "chair", is_adjudication=True).verdicts == 1


ALTERATIONS: dict[str, tuple[str, str, Callable[[list[dict[str, str]]], None]]] = {
    "altered evidence": ("altered_evidence", "Team", lambda rows: rows[1].update(Team="North")),
    "an emptied cell": ("altered_evidence", "Team", lambda rows: rows[1].update(Team="")),
    "another moment": (
        "altered_evidence",
        "Decided",
        lambda rows: rows[1].update(Decided="2026-05-31 23:00:00"),
    ),
    "another weight": ("altered_evidence", "Weight", lambda rows: rows[1].update(Weight="9")),
    "a token of nowhere": (
        "unknown_case",
        "Token",
        lambda rows: rows[1].update(Token="AAAA-AAAA-AAAA-AAAA"),
    ),
    "no token": ("unknown_case", "Token", lambda rows: rows[1].update(Token="")),
    "a shifted column": (
        "altered_evidence",
        "Case",
        lambda rows: rows[1].update(Case=rows[2]["Case"]),
    ),
    "a case twice": ("doubled_case", "Token", lambda rows: rows[1].update(rows[0])),
    "a case of another month": (
        "wrong_month",
        "Case",
        lambda rows: rows[1].update(Case="2026-04-002"),
    ),
    "an unknown verdict": (
        "value_not_allowed",
        "Verdict",
        lambda rows: rows[1].update(Verdict="ok"),
    ),
    "an unknown cause": ("value_not_allowed", "Cause", lambda rows: rows[1].update(Cause="=1+1")),
    "a cause without verdict": (
        "verdict_missing",
        "Verdict",
        lambda rows: rows[1].update(Verdict="", Comment="hm"),
    ),
    "an endless comment": (
        "comment_too_long",
        "Comment",
        lambda rows: rows[1].update(Comment="x" * 5000),
    ),
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_what_is_wrong_is_named_with_row_and_column_and_nothing_is_recorded(
    warehouse: Any, drawn: DrawResult, accept: Accept, tmp_path: Path, what: str
) -> None:
    name, column, change = ALTERATIONS[what]
    rows = filled(drawn)
    change(rows)
    error = refusal(accept, save(tmp_path / "file.csv", rows))
    assert name in error.names
    assert any(
        line.startswith(f"{name}: sheet Cases, row 3, column {column}: ") for line in error.problems
    )
    assert verdicts(warehouse) == []
    with psycopg.connect(warehouse.url()) as connection:
        last = connection.execute(
            "select event from review.log order by entry desc limit 1"
        ).fetchone()
    assert last == ("refused",)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("missing_column", lambda row: {k: v for k, v in row.items() if k != "Remedy"}),
        ("unknown_column", lambda row: row | {"Rep": "x"}),
        ("no_cases", lambda row: {k: v for k, v in row.items() if k != "Token"}),
    ],
)
def test_columns_are_those_that_were_handed_out(
    drawn: DrawResult,
    accept: Accept,
    tmp_path: Path,
    name: str,
    change: Callable[[dict[str, str]], dict[str, str]],
) -> None:
    error = refusal(accept, save(tmp_path / "f.csv", [change(row) for row in filled(drawn)]))
    assert error.names == (name,)


def test_a_workbook_with_a_formula_or_of_another_draw_is_refused(
    warehouse: Any, drawn: DrawResult, accept: Accept, tmp_path: Path
) -> None:
    book = book_of(drawn)
    book["Cases"].cell(2, column_of(book["Cases"], "Comment")).value = "=1+1"
    for row in book["Summary"].iter_rows():
        if row[0].value == "Draw":
            row[1].value = "2026-05-ffffffffffff"
    book.save(tmp_path / "f.xlsx")
    assert refusal(accept, tmp_path / "f.xlsx").names == ("formula", "wrong_draw")
    assert verdicts(warehouse) == []


def test_a_verdict_counts_from_whom_the_case_was_assigned_to(
    warehouse: Any, drawn: DrawResult, accept: Accept, tmp_path: Path
) -> None:
    mine, all_cases = rows_of(drawn), filled(drawn, "")
    foreign = [row for row in all_cases if row["Token"] not in {each["Token"] for each in mine}]
    error = refusal(accept, save(tmp_path / "all.csv", all_cases))
    assert error.names == ("not_assigned",)
    first = all_cases.index(foreign[0]) + 2
    assert error.problems[0].startswith(f"not_assigned: sheet Cases, row {first}, column Verdict: ")
    assert len(error.problems) == len(foreign)
    assert verdicts(warehouse) == []
    for row in foreign:
        row["Verdict"] = ""
    assert accept(save(tmp_path / "mine.csv", all_cases)).verdicts == len(mine)


def test_nobody_reviews_an_own_case(
    warehouse: Any, drawn: DrawResult, accept: Accept, tmp_path: Path
) -> None:
    path = save(tmp_path / "f.csv", filled(drawn, ""))
    assert refusal(accept, path, "rep-1").names == ("not_assigned", "own_case")
    assert refusal(accept, path, "stranger").names == ("not_assigned", "unknown_reviewer")
    with psycopg.connect(warehouse.url()) as connection:
        own = connection.execute(
            "select count(*) filter (where owner_id = 'rep-1'),"
            " count(*) filter (where owner_id = 'rep-1' and 'rep-1' = any(reviewers)),"
            " count(*) filter (where owner_id = 'rep-1' and not 'rep-1' = any(took_part))"
            " from review.sample join review.population using (month, handoff_id)"
        ).fetchone()
    assert own is not None
    assert own[0] > 3
    assert own[1:] == (0, 0)


def test_the_intake_folder_is_worked_off_and_a_hostile_file_stops_nobody(
    warehouse: Any, drawn: DrawResult, agreement: Path, tmp_path: Path
) -> None:
    intake = tmp_path / "review" / "intake"
    for reviewer in ("ann", "bob"):
        (intake / reviewer).mkdir(parents=True)
    (intake / "ann" / "a.xlsx").write_bytes(b"\xd0\xcf\x11\xe0")
    (intake / "ann" / "link.csv").symlink_to("/etc/passwd")
    save(intake / "bob" / "b.csv", filled(drawn, "bob"))
    (intake / "bob" / ".b.csv.part").write_bytes(b"half")
    accepted, refused = take_in(
        tmp_path / "review", warehouse_url=warehouse.url(), agreement_dir=agreement
    )
    assert [(each.reviewer, each.verdicts) for each in accepted] == [
        ("bob", len(rows_of(drawn, "bob")))
    ]
    assert [error.names for error in refused] == [("encrypted",), ("no_regular_file",)]
    assert sorted(path.name for path in (intake / "refused").iterdir()) == [
        "ann-0001-a.xlsx",
        "ann-0001-a.xlsx.txt",
        "ann-0001-link.csv",
        "ann-0001-link.csv.txt",
    ]
    assert [path.name for path in (intake / "bob").iterdir()] == [".b.csv.part"]
    assert take_in(tmp_path / "review", warehouse_url=warehouse.url(), agreement_dir=agreement) == (
        [],
        [],
    )
