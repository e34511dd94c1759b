"""An agreement that was kept with a spreadsheet program is read, or refused with the way out."""

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lead_handoff.agreement import Agreement, agreement_hash, check_agreement, written
from lead_handoff.agreement.check import checked
from lead_handoff.agreement.values import BadValueError, read_value
from lead_handoff.agreement.vocabulary import FILES
from lead_handoff.review.errors import PolicyError
from lead_handoff.review.policy import read_policy

EXAMPLE = Path(__file__).parents[3] / "dbt_project" / "seeds" / "agreement"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@pytest.mark.parametrize(
    ("kind", "given", "means"),
    [
        ("boolean", "TRUE", "true"),
        ("boolean", "False", "false"),
        ("time", "9:00", "09:00"),
        ("time", "09:00:00", "09:00"),
        ("time", "9:00 AM", "09:00"),
        ("time", "5:30:00 PM", "17:30"),
        ("time", "12:00 AM", "00:00"),
        ("time", "12:15 pm", "12:15"),
        ("time", "5:00\N{NARROW NO-BREAK SPACE}PM", "17:00"),
        ("time", "24:00:00", "24:00"),
        ("date", "2026-04-01", "2026-04-01"),
        ("date", "2026-04-01 00:00:00", "2026-04-01"),
        ("date", "2026-04-01T00:00:00.000", "2026-04-01"),
        ("month", "2026-04", "2026-04"),
        ("month", "2026-04-01", "2026-04"),
        ("count", "8.0", "8"),
        ("number", "0.05", "0.05"),
        ("seed", "26143412345678901234", "26143412345678901234"),
    ],
)
def test_what_has_one_meaning_only_is_read(kind: str, given: str, means: str) -> None:
    assert read_value(kind, given) == means


@pytest.mark.parametrize(
    ("kind", "given", "way_out"),
    [
        ("date", "4/1/2026", "yyyy-mm-dd"),
        ("date", "01.04.2026", "yyyy-mm-dd"),
        ("date", "1-Apr-26", "yyyy-mm-dd"),
        ("date", "46113", "counts days"),
        ("date", "2026-04-01 09:00:00", "yyyy-mm-dd"),
        ("month", "Apr-26", "yyyy-mm"),
        ("month", "4/2026", "yyyy-mm"),
        ("month", "2026-04-02", "yyyy-mm"),
        ("time", "9", "09:00"),
        ("time", "0.375", "09:00"),
        ("time", "13:00 PM", "09:00"),
        ("time", "09:00:30", "09:00"),
        ("time", "25:00", "24:00"),
        ("boolean", "WAHR", "true or false"),
        ("seed", "2.61434E+19", "format Text"),
        ("seed", "2,61434E+19", "format Text"),
        ("seed", "26143412345678900000", "format Text"),
        ("text", "5.00123E+17", "format Text"),
        ("text", "005A|1.2e+11", "format Text"),
        ("number", "1E+05", "format Text"),
        ("count", "1.5", "whole number"),
    ],
)
def test_what_lost_something_or_has_two_meanings_is_refused(
    kind: str, given: str, way_out: str
) -> None:
    with pytest.raises(BadValueError, match=re.escape(way_out)):
        read_value(kind, given)


def as_saved(folder: Path, change: Callable[[str], str], delimiter: str = ",") -> Path:
    """The example as a spreadsheet program saves it: BOM, CRLF, values its own way."""
    folder.mkdir()
    for path in EXAMPLE.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
        with (folder / path.name).open("w", encoding="utf-8-sig", newline="") as saved:
            writer = csv.writer(saved, delimiter=delimiter)
            writer.writerows([header, *([change(cell) for cell in row] for row in rows)])
    return folder


def harmless(cell: str) -> str:
    """TRUE, 9:00 and 24:00:00 for what was typed."""
    if cell in ("true", "false"):
        return cell.upper()
    found = re.fullmatch(r"(\d\d):(\d\d)", cell)
    if found is None:
        return cell
    return f"{int(found[1])}:{found[2]}" + (":00" if cell == "24:00" else "")


def harmful(cell: str) -> str:
    """As `harmless`, and 4/1/2026, Apr-26 and 2.61434E+19 too."""
    if day := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", cell):
        return f"{int(day[2])}/{int(day[3])}/{day[1]}"
    if month := re.fullmatch(r"(\d{4})-(\d\d)", cell):
        return f"{MONTHS[int(month[2]) - 1]}-{month[1][2:]}"
    if re.fullmatch(r"\d{12,}", cell):
        return f"{float(cell):.5E}"
    return harmless(cell)


def test_what_was_saved_with_one_meaning_says_the_same_to_all(tmp_path: Path) -> None:
    saved = as_saved(tmp_path / "saved", harmless)
    assert check_agreement(saved) == []
    assert agreement_hash(saved) == agreement_hash(EXAMPLE)
    for stem in FILES:
        assert Agreement(saved).rows(stem) == Agreement(EXAMPLE).rows(stem), stem
        # What the models are given is what the check has read.
        assert written(saved, stem) == written(EXAMPLE, stem), stem


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_cells_that_semicolons_or_tabs_separate_say_the_same(
    tmp_path: Path, delimiter: str
) -> None:
    saved = as_saved(tmp_path / "saved", harmless, delimiter)
    assert check_agreement(saved) == []
    assert agreement_hash(saved) == agreement_hash(EXAMPLE)
    assert written(saved, "agreement_roster") == written(EXAMPLE, "agreement_roster")


def test_a_workbook_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "agreement"))
    (folder / "agreement_tiers.csv").rename(folder / "agreement_tiers.xlsx")
    said = [p.message for p in check_agreement(folder) if p.file == "agreement_tiers.csv"]
    assert any("agreement_tiers.xlsx lies there: save it as CSV UTF-8" in line for line in said)


def test_dates_of_two_meanings_and_lost_digits_are_one_line_a_kind(tmp_path: Path) -> None:
    saved = as_saved(tmp_path / "saved", harmful)
    problems = check_agreement(saved)
    for column, value in [
        ("valid_from", "'4/1/2026'"),
        ("holiday", "'1/1/2025'"),
        ("waived_on", ""),
        ("value", "default_seed: '2."),
        ("value", "months_reviewed_from: '"),
    ]:
        if value:
            assert any(p.column == column and value in p.message for p in problems), value
    is_sound, lines = checked(saved)
    assert not is_sound
    dates = [line for line in lines if "yyyy-mm-dd" in line]
    assert len(dates) == 1, dates
    assert re.match(
        r"to correct: \d{2,} places \(agreement_holidays.csv, row 2, column holiday; ", dates[0]
    )
    assert len([line for line in lines if line.startswith("to correct")]) < 8


def test_a_seed_that_lost_its_digits_is_drawn_with_by_nobody(tmp_path: Path) -> None:
    saved = Path(shutil.copytree(EXAMPLE, tmp_path / "saved"))
    path = saved / "agreement_review_policy.csv"
    path.write_text(re.sub(r"(default_seed,)\d+", r"\g<1>2.61434E+19", path.read_text()))
    with pytest.raises(PolicyError, match=r"default_seed: '2\.61434E"):
        read_policy(saved, "v2")


def test_a_commitment_may_name_a_month_of_its_version(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "agreement"))

    def promise(*lines: str) -> list[tuple[int, str]]:
        header = "agreement_version,period_kind,segment,qualified_handoffs,month"
        (folder / "agreement_commitments.csv").write_text("\n".join([header, *lines]) + "\n")
        return [(p.row, p.message) for p in check_agreement(folder)]

    assert promise("v2,month,all,9,2026-04", "v2,month,all,8,2026-05", "v2,quarter,all,3,") == []
    assert promise("v2,quarter,all,9,2026-07", "v2,month,all,8,") == []
    for line, says in [
        ("v2,month,all,9,2026-03", "does not begin under version v2"),
        ("v1,month,all,9,2026-04", "does not begin under version v1"),
        ("v2,quarter,all,9,2026-05", "begins no quarter"),
        ("v2,month,all,9,Apr-26", "give a month, as 2026-04"),
    ]:
        ((row, message),) = promise(line)
        assert row == 2
        assert says in message
    ((row, message),) = promise("v2,month,all,9,2026-05", "v2,month,all,8,")
    assert (row, "overlaps row 3" in message) == (2, True)
    ((row, message),) = promise("v2,month,all,9,2026-05", "v2,month,all,8,2026-05")
    assert (row, "repeats row 2" in message) == (3, True)


def test_folders_written_before_commitments_had_months_stay_good(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "agreement"))
    path = folder / "agreement_commitments.csv"
    path.write_text("".join(f"{line.rpartition(',')[0]}\n" for line in path.read_text().split()))
    assert check_agreement(folder) == []
    assert agreement_hash(folder) == agreement_hash(EXAMPLE)
