"""A person may let a failing row through: by name, with a reason, and nothing but that row."""

from pathlib import Path

import pytest

from lead_handoff import settings
from lead_handoff.judging import JudgingError
from lead_handoff.judging.accepted import read_accepted, split
from lead_handoff.judging.suites import load_suite

GOOD = """
- expectation: no_object_has_collapsed
  key: {source: marketo, object: leads, night: 2026-05-01}
  accepted_by: Jo Smith
  accepted_on: 2026-05-02
  reason: the programme ended
"""
SUITES = [load_suite(settings.expectations_dir(), name) for name in ("raw", "marts")]


def read(folder: Path, text: str) -> list:
    (folder / "accepted.yml").write_text(text)
    return read_accepted(folder, SUITES)


def test_the_shipped_file_accepts_nothing() -> None:
    assert read_accepted(settings.expectations_dir(), SUITES) == []


def test_without_the_file_nothing_is_accepted(tmp_path: Path) -> None:
    assert read_accepted(tmp_path, SUITES) == []


def test_only_the_row_that_was_named_is_let_through(tmp_path: Path) -> None:
    named = {"source": "marketo", "object": "leads", "night": "2026-05-01", "rows": "3"}
    other = named | {"night": "2026-05-02"}
    failing, accepted = split(
        read(tmp_path, GOOD), "no_object_has_collapsed", [named, other, named]
    )
    assert failing == [other]
    assert [key for key, _ in accepted] == [named, named]


def test_it_is_let_through_for_its_own_expectation_only(tmp_path: Path) -> None:
    named = {"source": "marketo", "object": "leads", "night": "2026-05-01"}
    assert split(read(tmp_path, GOOD), "no_object_is_empty", [named]) == ([named], [])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("  reason: the programme ended\n", ""), "exactly the fields"),
        (("the programme ended", ""), "leaves a field empty"),
        (("Jo Smith", "''"), "leaves a field empty"),
        (("2026-05-02", "yesterday"), "must be a date"),
        (("no_object_has_collapsed", "no_such_thing"), "which no gate declares"),
        (("no_object_has_collapsed", "leads_are_unique"), "may not be accepted"),
        (
            ("key: {source: marketo, object: leads, night: 2026-05-01}", "key: marketo"),
            "`key` maps",
        ),
        (("key: {source: marketo, object: leads, night: 2026-05-01}", "key: {}"), "field empty"),
        (("- expectation", "expectation"), "must be a list"),
        (("- expectation: no", "- expectation: [no"), "cannot be read"),
    ],
)
def test_a_decision_that_is_not_whole_is_refused(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    text = GOOD.replace(*change)
    assert text != GOOD
    if change[0] == "- expectation":
        text = text.replace("\n  ", "\n")
    with pytest.raises(JudgingError) as caught:
        read(tmp_path, text)
    assert says in str(caught.value)
    assert "accepted.yml" in str(caught.value)
