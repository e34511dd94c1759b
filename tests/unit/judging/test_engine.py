"""Errors are passed on without what they quote; addresses reach the driver as they are meant."""

import subprocess
import sys

import psycopg
import pytest

from lead_handoff import settings
from lead_handoff.judging import JudgingError
from lead_handoff.judging.engine import driver_url, speakable


@pytest.mark.parametrize(
    "text",
    [
        '(psycopg.errors.InvalidTextRepresentation) invalid input syntax for type date: "Jo Smith"',
        "(psycopg.errors.UniqueViolation) duplicate key\nDETAIL: Key (email)=(Jo Smith) exists.",
        "(psycopg.errors.RaiseException) Jo Smith",
        "something about Jo Smith",
    ],
)
def test_what_may_quote_a_row_is_withheld(text: str) -> None:
    assert "Jo" not in speakable(text)
    assert speakable(text)


def test_what_names_tables_and_privileges_is_passed_on_in_one_line() -> None:
    text = '(psycopg.errors.UndefinedTable) relation "fct_x" does not exist\nLINE 1: select'
    assert speakable(text) == 'UndefinedTable: relation "fct_x" does not exist'


def test_an_error_of_the_driver_is_found_behind_the_one_that_wraps_it() -> None:
    error = RuntimeError("metric failed for Jo Smith")
    error.__cause__ = psycopg.errors.InsufficientPrivilege("permission denied for table dim_leads")
    assert speakable(error) == "InsufficientPrivilege: permission denied for table dim_leads"


def test_the_driver_is_named_and_nothing_is_left_to_substitute() -> None:
    assert (
        driver_url("postgresql://me:a$HOME%40b@127.0.0.1:5432/db")
        == "postgresql+psycopg://me:a%24HOME%40b@127.0.0.1:5432/db"
    )
    assert driver_url("postgres://h/db") == "postgresql+psycopg://h/db"


@pytest.mark.parametrize("url", ["postgresql+psycopg2://h/db", "mysql://h/db", "h/db"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(JudgingError, match="postgresql://"):
        driver_url(url)


def test_importing_the_package_does_not_import_great_expectations() -> None:
    code = (
        "import sys, lead_handoff.judging;"
        "heavy = {'great_expectations', 'pandas', 'sqlalchemy', 'jinja2', 'yaml'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=settings.project_root() / "plugins",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
