"""What the agreement checker says of a sound agreement and of each kind of mistake."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_handoff.agreement import (
    Agreement,
    AgreementError,
    agreement_hash,
    agreement_warnings,
    check_agreement,
    written,
)
from lead_handoff.agreement.check import checked
from lead_handoff.agreement.vocabulary import FILES, STAGES, THRESHOLDS

SEEDS = Path(__file__).parents[3] / "dbt_project" / "seeds"
EXAMPLE = SEEDS / "agreement"

Edit = Callable[[list[dict[str, str]]], None]


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "agreement"))


def edit(folder: Path, stem: str, change: Edit) -> None:
    path = folder / f"{stem}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FILES[stem].names)
        writer.writeheader()
        writer.writerows(rows)


def cell(row: int, column: str, value: str) -> Edit:
    """Set one cell; `row` is the spreadsheet's."""

    def change(rows: list[dict[str, str]]) -> None:
        rows[row - 2][column] = value

    return change


def drop(**match: str) -> Edit:
    """Remove the rows that match."""

    def change(rows: list[dict[str, str]]) -> None:
        kept = [row for row in rows if any(row[name] != value for name, value in match.items())]
        assert len(kept) < len(rows)
        rows[:] = kept

    return change


def where(column: str, to: str, /, **match: str) -> Edit:
    """Set one column of the rows that match."""

    def change(rows: list[dict[str, str]]) -> None:
        hit = [row for row in rows if all(row[name] == want for name, want in match.items())]
        assert hit
        for row in hit:
            row[column] = to

    return change


def repeat(row: int, **values: str) -> Edit:
    """Append a copy of a row with some values changed."""

    def change(rows: list[dict[str, str]]) -> None:
        rows.append(rows[row - 2] | values)

    return change


def test_the_example_agreement_holds_together() -> None:
    assert check_agreement(EXAMPLE) == []


def test_the_example_judges_every_rule_in_both_versions() -> None:
    rules = Agreement(EXAMPLE).rows("agreement_rules")
    for version in ("v1", "v2"):
        assert {r["rule"] for r in rules if r["agreement_version"] == version} == set(THRESHOLDS)


def test_the_stages_known_to_the_checker_are_the_product_s() -> None:
    with (SEEDS / "reference" / "stages.csv").open(newline="") as file:
        assert tuple(row["stage"] for row in csv.DictReader(file)) == STAGES


def test_an_unsigned_version_is_a_warning_and_no_error() -> None:
    warnings = agreement_warnings(EXAMPLE)
    assert [(w.file, w.row, w.column) for w in warnings] == [
        ("agreement_versions.csv", 2, "sales_signed_by")
    ]


def worth_knowing(folder: Path, stem: str, delivering: tuple[str, ...] = ()) -> list[str]:
    """What is said of one file."""
    warned = agreement_warnings(folder, delivering)
    return [problem.message for problem in warned if problem.file == f"{stem}.csv"]


@pytest.mark.parametrize("stem", ["agreement_roster", "agreement_channel_map"])
def test_a_version_without_people_or_channels_is_a_warning(agreement: Path, stem: str) -> None:
    edit(agreement, stem, drop(agreement_version="v2"))
    (said,) = worth_knowing(agreement, stem)
    assert said.startswith("has no row for version v2")
    assert "no activity counts as a touch" in said


def test_a_source_that_delivers_and_has_no_stages_is_a_warning(agreement: Path) -> None:
    edit(agreement, "agreement_stage_map", drop(agreement_version="v2", source_system="hubspot"))
    assert worth_knowing(agreement, "agreement_stage_map") == []
    (said,) = worth_knowing(agreement, "agreement_stage_map", ("hubspot", "salesforce"))
    assert said.startswith("version v2 has no row for hubspot")
    (said,) = worth_knowing(agreement, "agreement_sources", ("pardot",))
    assert said.startswith("pardot delivers and is not listed")


def test_a_calendar_of_nobody_and_a_zone_that_nobody_works_in_are_warnings(
    agreement: Path,
) -> None:
    edit(agreement, "agreement_roster", where("calendar", "us_east", calendar="europe"))
    said = worth_knowing(agreement, "agreement_calendars")
    assert [line.split(":")[0] for line in said] == [
        "'europe' (Europe/Berlin) is used by nobody in version v1",
        "'europe' (Europe/Berlin) is used by nobody in version v2",
    ]
    edit(agreement, "agreement_versions", cell(3, "time_zone", "Europe/Berlin"))
    (said_of_zone,) = [
        line for line in worth_knowing(agreement, "agreement_versions") if "works in" in line
    ]
    assert "in use are in America/Los_Angeles, America/New_York" in said_of_zone


@pytest.mark.parametrize(
    ("reviewers", "quorum", "says"),
    [
        ("005Hs000000HEj9IAG|005Hs000000HEj9IAG", "1", "names somebody twice"),
        ("005Hs000000HEj9IAG", "1", "nobody stands for sales and marketing"),
        ("005Hs000000HEj9IAG", "2", "the quorum is 2"),
        ("005stranger", "1", "not on the roster of that version"),
    ],
)
def test_reviewers_that_the_draw_would_refuse_are_refused(
    agreement: Path, reviewers: str, quorum: str, says: str
) -> None:
    policy = "agreement_review_policy"
    edit(agreement, policy, where("value", reviewers, agreement_version="v2", setting="reviewers"))
    edit(agreement, policy, where("value", quorum, agreement_version="v2", setting="quorum"))
    (problem,) = check_agreement(agreement)
    assert (problem.file, problem.column) == (f"{policy}.csv", "value")
    assert says in problem.message


def test_a_version_with_one_tier_is_a_warning(agreement: Path) -> None:
    def only_the_last(rows: list[dict[str, str]]) -> None:
        rows[:] = [row | {"tier_order": "1"} for row in rows if row["tier"] == "B"]

    edit(agreement, "agreement_tiers", only_the_last)
    warned = [w for w in agreement_warnings(agreement) if w.file == "agreement_tiers.csv"]
    assert [(w.row, w.column) for w in warned] == [(2, "tier"), (3, "tier")]
    assert "every lead of version v1 falls into 'B'" in warned[0].message


def without_scoring_rules(folder: Path) -> Path:
    """An agreement as it was written before it could name the scoring rule; return its file."""
    path = folder / "agreement_versions.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith(",scoring_rule_version")
    path.write_text("".join(line.rpartition(",")[0] + "\n" for line in lines), encoding="utf-8")
    return path


def test_the_example_names_another_scoring_rule_in_each_version() -> None:
    rules = [v["scoring_rule_version"] for v in Agreement(EXAMPLE).versions]
    assert len(set(rules) - {""}) == len(rules) == 2


def test_an_agreement_from_before_scoring_rules_were_named_stays_good(agreement: Path) -> None:
    blank = where("scoring_rule_version", "", agreement_version="v1")
    edit(agreement, "agreement_versions", blank)
    edit(agreement, "agreement_versions", where("scoring_rule_version", "", agreement_version="v2"))
    hash_of_blank = agreement_hash(agreement)
    without_scoring_rules(agreement)
    assert check_agreement(agreement) == []
    assert agreement_hash(agreement) == hash_of_blank != agreement_hash(EXAMPLE)
    versions = Agreement(agreement).versions
    assert [version["scoring_rule_version"] for version in versions] == ["", ""]


def test_no_other_column_may_be_absent(agreement: Path) -> None:
    path = without_scoring_rules(agreement)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(line.rpartition(",")[0] + "\n" for line in lines), encoding="utf-8")
    assert [(p.row, p.column) for p in check_agreement(agreement) if "header" in p.message] == [
        (1, "note")
    ]


def test_a_file_is_completed_with_the_columns_that_came_later(agreement: Path) -> None:
    path = without_scoring_rules(agreement)
    before = path.read_text(encoding="utf-8")
    rows = list(csv.DictReader(written(agreement, path.stem).decode().splitlines()))
    assert [row.pop("scoring_rule_version") for row in rows] == ["", ""]
    assert rows == list(csv.DictReader(before.splitlines()))
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("stem", ["agreement_versions", "agreement_tiers", "no_file_of_ours"])
def test_a_file_with_a_mistake_is_left_as_it_is(tmp_path: Path, stem: str) -> None:
    path = tmp_path / f"{stem}.csv"
    path.write_bytes("\ufeffagreement_version,scoring_rule_version\r\n'v1',\"S 1\"\r\n".encode())
    assert written(tmp_path, stem) == path.read_bytes()


def only_salesforce(rows: list[dict[str, str]]) -> None:
    rows[:] = [row for row in rows if row["role"] == "sfa"]


MISTAKES: dict[str, tuple[str, Edit, str, str]] = {
    "a second version that starts on the same day": (
        "agreement_versions",
        cell(3, "valid_from", "2025-07-01"),
        "valid_from",
        "overlap",
    ),
    "a day that does not exist": (
        "agreement_versions",
        cell(3, "valid_from", "2026-02-30"),
        "valid_from",
        "date that exists",
    ),
    "an unknown time zone": (
        "agreement_versions",
        cell(2, "time_zone", "America/Gotham"),
        "time_zone",
        "time zone",
    ),
    "a default calendar without hours": (
        "agreement_versions",
        cell(2, "default_calendar", "asia"),
        "default_calendar",
        "known are europe, us_east, us_west",
    ),
    "more attributes asked for than there are": (
        "agreement_versions",
        cell(2, "minimum_attributes", "11"),
        "minimum_attributes",
        "lists 10",
    ),
    "a signature without a date": (
        "agreement_versions",
        cell(3, "sales_signed_on", ""),
        "sales_signed_on",
        "both name and date",
    ),
    "a teleservices handoff without the teleservices leg": (
        "agreement_versions",
        cell(3, "handoff_stage", "tql"),
        "uses_tql",
        "must be true",
    ),
    "a boolean in another spelling": (
        "agreement_versions",
        cell(3, "uses_tql", "no"),
        "uses_tql",
        "true or false",
    ),
    "a number with a decimal comma": (
        "agreement_tiers",
        cell(2, "minimum_score", "79,5"),
        "minimum_score",
        "point for decimals",
    ),
    "a version that is not there": (
        "agreement_benchmarks",
        cell(2, "agreement_version", "v9"),
        "agreement_version",
        "has v1, v2",
    ),
    "a version without calendars": (
        "agreement_calendars",
        drop(agreement_version="v2"),
        "agreement_version",
        "no row for version v2",
    ),
    "an unknown source": (
        "agreement_stage_map",
        cell(2, "source_system", "pardot"),
        "source_system",
        "generic, hubspot, marketo, salesforce",
    ),
    "no source for the sales system": (
        "agreement_sources",
        only_salesforce,
        "role",
        "needs a source with role map",
    ),
    "an unknown stage": (
        "agreement_stage_map",
        cell(3, "stage", "hot"),
        "stage",
        "allowed are inquiry, mql",
    ),
    "two authorities for one stage": (
        "agreement_stage_map",
        where("is_authority", "true", source_system="marketo", stage="sal"),
        "is_authority",
        "only one may be",
    ),
    "authority over no stage": (
        "agreement_stage_map",
        where("is_authority", "true", value="Nurture"),
        "is_authority",
        "must be false",
    ),
    "one field with two names in the history": (
        "agreement_stage_map",
        cell(3, "history_name", "Lead Status"),
        "history_name",
        "one name",
    ),
    "a handoff stage that nobody sets": (
        "agreement_stage_map",
        where("is_authority", "false", stage="mql"),
        "handoff_stage",
        "no handoff would ever open",
    ),
    "the same value mapped twice": (
        "agreement_stage_map",
        repeat(2, stage="mql"),
        "value",
        "repeats row 2",
    ),
    "an attribute value that is empty": (
        "agreement_attributes",
        cell(2, "met_values", "yes||maybe"),
        "met_values",
        "empty value",
    ),
    "a last tier that refuses leads": (
        "agreement_tiers",
        cell(3, "minimum_score", "20"),
        "minimum_score",
        "must be 0",
    ),
    "a tier behind one that takes every lead": (
        "agreement_tiers",
        lambda rows: rows[0].update(minimum_score="0", minimum_attributes="0"),
        "tier",
        "no lead falls into 'B'",
    ),
    "a gap in the order of tiers": (
        "agreement_tiers",
        cell(3, "tier_order", "3"),
        "tier_order",
        "number the tiers",
    ),
    "a tier without its term": (
        "agreement_sla_terms",
        drop(agreement_version="v1", tier="B", clause="response"),
        "tier",
        "not for tier 'B'",
    ),
    "an unknown tier": (
        "agreement_sla_terms",
        cell(2, "tier", "C"),
        "tier",
        "which has A, B",
    ),
    "an unknown clause": (
        "agreement_sla_terms",
        cell(2, "clause", "reply"),
        "clause",
        "allowed are response",
    ),
    "the wrong unit": (
        "agreement_sla_terms",
        cell(2, "due_unit", "days"),
        "due_unit",
        "must be business_hours",
    ),
    "a clause without its time": (
        "agreement_sla_terms",
        cell(2, "due_in", ""),
        "due_in",
        "needs a number",
    ),
    "more channels than touches": (
        "agreement_sla_terms",
        where("channels", "7", clause="follow_up"),
        "channels",
        "cannot use 7 channels",
    ),
    "touches where nothing counts them": (
        "agreement_sla_terms",
        cell(2, "touches", "3"),
        "touches",
        "must be blank",
    ),
    "a clerical reason that needs follow-up": (
        "agreement_rejection_reasons",
        where("needs_follow_up", "true", reason="Duplicate"),
        "needs_follow_up",
        "must be false",
    ),
    "an unknown channel": (
        "agreement_channel_map",
        cell(2, "channel", "fax"),
        "channel",
        "allowed are call, email",
    ),
    "hours that end before they begin": (
        "agreement_calendars",
        cell(2, "closes", "08:00"),
        "closes",
        "later than opens",
    ),
    "hours in another format": (
        "agreement_calendars",
        cell(2, "opens", "9 am"),
        "opens",
        "as 09:00",
    ),
    "hours that overlap": (
        "agreement_calendars",
        repeat(2, opens="16:00", closes="20:00"),
        "opens",
        "overlaps row 2",
    ),
    "a calendar in two time zones": (
        "agreement_calendars",
        cell(3, "time_zone", "Asia/Tokyo"),
        "time_zone",
        "one time zone",
    ),
    "an eighth day of the week": (
        "agreement_calendars",
        cell(2, "weekday", "8"),
        "weekday",
        "allowed are 1, 2",
    ),
    "a holiday of no calendar": (
        "agreement_holidays",
        cell(2, "calendar", "mars"),
        "calendar",
        "has no hours",
    ),
    "a rep with a calendar of no hours": (
        "agreement_roster",
        cell(2, "calendar", "mars"),
        "calendar",
        "has no hours",
    ),
    "a manager who is not on the roster": (
        "agreement_roster",
        cell(3, "manager_id", "005nobody"),
        "manager_id",
        "not on the salesforce roster",
    ),
    "managers in a loop": (
        "agreement_roster",
        lambda rows: rows[0].update(manager_id=rows[1]["user_id"]),
        "manager_id",
        "Ruth Abernathy -> Marcus Doyle -> Ruth Abernathy",
    ),
    "a person twice on the roster": (
        "agreement_roster",
        repeat(2, name="Somebody Else"),
        "user_id",
        "repeats row 2",
    ),
    "an allowed automation of nobody": (
        "agreement_allowed_automations",
        cell(2, "user_id", ""),
        "user_id",
        "name a user or a campaign",
    ),
    "an allowed automation of a stranger": (
        "agreement_allowed_automations",
        cell(2, "user_id", "005stranger"),
        "user_id",
        "neither an automation user",
    ),
    "a commitment for an unknown tier": (
        "agreement_commitments",
        cell(2, "segment", "tier:Z"),
        "segment",
        "no tier",
    ),
    "a commitment for something else": (
        "agreement_commitments",
        cell(2, "segment", "east"),
        "segment",
        "lead_source:<source>",
    ),
    "an unknown rule": (
        "agreement_rules",
        cell(2, "rule", "laziness"),
        "rule",
        "allowed are silent_auto_promotion",
    ),
    "a rule without its threshold": (
        "agreement_thresholds",
        drop(agreement_version="v2", rule="stalled_lead", threshold="share"),
        "threshold",
        "without its threshold share",
    ),
    "an unknown threshold": (
        "agreement_thresholds",
        repeat(2, threshold="timer_weeks"),
        "threshold",
        "which has batch_minutes",
    ),
    "a share in per cent": (
        "agreement_thresholds",
        where("value", "65", rule="stalled_lead", threshold="share"),
        "value",
        "from 0 to 1",
    ),
    "a conversation on an unknown channel": (
        "agreement_thresholds",
        where("value", "call|fax", rule="late_acceptance"),
        "value",
        "call, email, meeting",
    ),
    "unknown strata": (
        "agreement_review_policy",
        where("value", "team|shoe_size", setting="strata"),
        "value",
        "exit_kind",
    ),
    "a reviewer nobody knows": (
        "agreement_review_policy",
        where("value", "005stranger", setting="reviewers"),
        "value",
        "not on the roster",
    ),
    "a review without a size": (
        "agreement_review_policy",
        lambda rows: rows.__setitem__(
            slice(None), [r for r in rows if r["setting"] not in ("sample_size", "half_width")]
        ),
        "setting",
        "needs sample_size",
    ),
    "a blank where a value is due": (
        "agreement_roster",
        cell(2, "team", ""),
        "team",
        "is blank",
    ),
    "a value between spaces": (
        "agreement_roster",
        cell(2, "team", " East"),
        "team",
        "spaces",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_column_and_what_is_allowed(
    agreement: Path, mistake: str
) -> None:
    stem, change, column, says = MISTAKES[mistake]
    edit(agreement, stem, change)
    found = check_agreement(agreement)
    hits = [p for p in found if p.column == column and says in p.message]
    assert hits, found
    assert all(p.row == 0 or p.row >= 2 for p in hits)


def test_every_mistake_is_told_at_once(agreement: Path) -> None:
    edit(agreement, "agreement_roster", cell(2, "calendar", "mars"))
    edit(agreement, "agreement_tiers", cell(2, "minimum_score", "high"))
    edit(agreement, "agreement_holidays", cell(4, "holiday", "4 July"))
    (agreement / "agreement_waivers.csv").unlink()
    assert {(p.file, p.row) for p in check_agreement(agreement)} >= {
        ("agreement_roster.csv", 2),
        ("agreement_tiers.csv", 2),
        ("agreement_holidays.csv", 4),
        ("agreement_waivers.csv", 0),
    }


def test_the_row_is_the_one_a_spreadsheet_shows(agreement: Path) -> None:
    path = agreement / "agreement_benchmarks.csv"
    header = path.read_text().splitlines()[0]
    path.write_text(f'{header}\nv1,a,target,1,"two\nlines"\n\nv1,b,target,many,x\n')
    assert [(p.row, p.column) for p in check_agreement(agreement)] == [(4, "value")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "missing from the header"),
        (b"finding_id,waived_by,waived_on\n", "missing from the header"),
        (b"finding_id,waived_by,waived_on,reason,mood\n", "is no column"),
        (b"finding_id,waived_by,waived_on,reason,reason\n", "more than once"),
        (b"finding_id,waived_by,waived_on,reason\nf1,Ann,2026-04-01\n", "3 cells"),
        (b'finding_id,waived_by,waived_on,reason\nf1,Ann,2026-04-01,"open\n', "check the quotes"),
        (b"finding_id,waived_by,waived_on,reason\nf1,J\xfcrgen,2026-04-01,ok\n", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_remedy(
    agreement: Path, content: bytes, says: str
) -> None:
    (agreement / "agreement_waivers.csv").write_bytes(content)
    problems = check_agreement(agreement)
    assert [p for p in problems if p.file == "agreement_waivers.csv" and says in p.message]


def test_a_file_the_agreement_does_not_have_is_named(agreement: Path) -> None:
    (agreement / "agreement_tier.csv").write_text("tier\n")
    assert [p.file for p in check_agreement(agreement)] == ["agreement_tier.csv"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    (problem,) = check_agreement(tmp_path / "nowhere")
    assert "no such folder" in problem.message
    with pytest.raises(AgreementError, match="no such folder"):
        agreement_hash(tmp_path / "nowhere")


def test_the_hash_ignores_line_ends_quotes_and_order_but_no_value(agreement: Path) -> None:
    before = agreement_hash(agreement)
    edit(agreement, "agreement_roster", lambda rows: rows.reverse())
    path = agreement / "agreement_tiers.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert agreement_hash(agreement) == before
    edit(agreement, "agreement_sla_terms", cell(2, "due_in", "9"))
    assert agreement_hash(agreement) != before


def test_blank_values_are_read_as_empty_text() -> None:
    rows = Agreement(EXAMPLE).rows("agreement_roster")
    assert rows[0]["manager_id"] == ""
    assert rows[1]["manager_id"] == rows[0]["user_id"]


def test_the_command_says_file_row_and_column(agreement: Path) -> None:
    is_sound, lines = checked(agreement)
    assert is_sound
    assert "holds together" in lines[-1]
    edit(agreement, "agreement_channel_map", cell(3, "channel", "fax"))
    is_sound, lines = checked(agreement)
    assert not is_sound
    assert any(
        line.startswith("to correct: agreement_channel_map.csv, row 3, column channel: 'fax'")
        for line in lines
    )


@settings(max_examples=60, deadline=None)
@given(stem=st.sampled_from(sorted(FILES)), data=st.data())
def test_no_content_makes_the_checker_fail(
    tmp_path_factory: pytest.TempPathFactory, stem: str, data: st.DataObject
) -> None:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("any") / "agreement"))
    lines = (EXAMPLE / f"{stem}.csv").read_text(encoding="utf-8").splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    cells = lines[at].split(",")
    spot = data.draw(st.integers(0, len(cells) - 1))
    cells[spot] = data.draw(
        st.one_of(st.text(max_size=12), st.sampled_from(["1e400", "-", "|", ":"]))
    )
    lines[at] = ",".join(cells)
    (folder / f"{stem}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for problem in check_agreement(folder) + agreement_warnings(folder):
        assert problem.message
        assert problem.file.endswith(".csv")
