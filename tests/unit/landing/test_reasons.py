"""What is said of a quarantined row: an accepted form for each reason, and no personal value."""

import re
from pathlib import Path

import pytest

from lead_handoff import settings
from lead_handoff.catalogue import CATALOGUE, Column
from lead_handoff.landing.reasons import FORMS, accepted_form, sample_of

STAMP, ID, NUMBER = Column("at", "timestamp"), Column("key", "id"), Column("score", "number")
RAISED = re.compile(r"""(?:RowRejected|reason)\s*(?:\(|=)\s*\n?\s*"(\w+)\"""")


@pytest.mark.parametrize(
    ("value", "column", "shown"),
    [
        ("30.02.2026", STAMP, "30.02.2026"),
        ("1,5", NUMBER, "1,5"),
        ("N/A", NUMBER, "N/A"),
        ("5.00123E+17", ID, "5.00123E+17"),
        ("Ann Moore, +1 555 0100", Column("name"), "aaa aaaaa, +9 999 9999"),
        ("+1 555 0100", None, "+9 999 9999"),
        # A row that slipped by one column has a name where a number is due.
        ("Miller", NUMBER, "aaaaaa"),
        ("a@b.co", STAMP, "a@a.aa"),
        ("12\u202e34", STAMP, "12?34"),
        ("x" * 500, None, "a" * 60 + "…"),
        ("", STAMP, ""),
    ],
)
def test_a_sample_shows_no_persons_value(value: str, column: Column | None, shown: str) -> None:
    assert sample_of(value, column) == shown


def test_every_reason_that_landing_gives_has_an_accepted_form() -> None:
    landing = settings.project_root() / "plugins" / "lead_handoff" / "landing"
    given = {
        reason
        for path in Path(landing).rglob("*.py")
        for reason in RAISED.findall(path.read_text(encoding="utf-8"))
    }
    assert {"missing_key", "wrong_type"} <= given
    assert given - set(FORMS) == set()


def test_every_kind_of_column_has_an_accepted_form() -> None:
    for objects in CATALOGUE.values():
        for spec in objects.values():
            for column in spec.columns:
                assert accepted_form("wrong_type", column)
