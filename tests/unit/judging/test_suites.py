"""Authored suites are read as they are written, and a mistake in one is named with its place."""

from pathlib import Path

import pytest

from lead_handoff import settings
from lead_handoff.judging.suites import SuiteError, load_suite, render

GATES = {
    "raw": [
        "required_sources_have_landed",
        "required_sources_have_leads",
        "required_sources_keep_delivering",
        "no_history_has_stopped",
        "required_sources_are_fresh",
        "no_required_object_failed",
        "accounts_add_up",
        "quarantine_is_complete",
        "raw_tables_hold_what_was_accounted",
        "landed_tables_exist",
        "no_object_is_empty",
        "no_object_has_collapsed",
        "quarantined_share_is_low",
        "keys_are_present",
        "versions_are_unique",
        "raw_constraints_are_in_force",
        "yes_and_no_are_spelled_as_known",
        "activity_types_are_known",
        "rows_are_not_from_the_future",
    ],
}
NAMES = {
    "raw_tables": [
        {
            "source": "'salesforce'",
            "name": "'lead'",
            "relation": '"raw_salesforce"."lead"',
            "booleans": [{"column": '"is_deleted"', "literal": "'is_deleted'"}],
        },
        {
            "source": "'marketo'",
            "name": "'leads'",
            "relation": '"raw_marketo"."leads"',
            "booleans": [],
        },
    ],
    "streams": [
        {
            "source": "'salesforce'",
            "object": "'LeadHistory'",
            "parent": "'Lead'",
            "history": '"raw_salesforce"."lead_history"',
            "versions": '"raw_salesforce"."lead"',
            "told": "history.field",
            "fields": [{"column": '"status"', "told": "'status'"}],
        },
    ],
    "landed_tables": [
        {
            "source": "'salesforce'",
            "schema": "'fivetran_salesforce'",
            "name": "'lead'",
            "relation": '(select id as _key from "fivetran_salesforce"."lead")',
            "is_elt": True,
            "has_leads": True,
        },
        {
            "source": "'marketo'",
            "schema": "'raw_marketo'",
            "name": "'activities'",
            "relation": '"raw_marketo"."activities"',
            "is_elt": False,
            "has_leads": False,
        },
    ],
    "marts": [{"name": "'dim_leads'", "relation": '"slot_blue"."dim_leads"'}],
    "published": {
        "fct_handoffs": {"name": "'fct_handoffs'", "relation": '"slot_green"."fct_handoffs"'}
    },
    "rule": "ignored_handoff",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A suite of one expectation that a test may damage."""
    suites = tmp_path / "suites"
    (suites / "small").mkdir(parents=True)
    (suites / "small" / "rows_are_few.sql").write_text("select 1 as id\n")
    (suites / "small.yml").write_text(SMALL)
    return tmp_path


SMALL = """
suite: small
purpose: For tests.
anchor: ops.loads
tables: [dim_leads]
expectations:
  - name: rows_are_few
    says: Rows are
      few.
    table: dim_leads
    remedy: Delete some.
"""


def test_a_suite_is_read_as_it_is_written(root: Path) -> None:
    suite = load_suite(root, "small")
    [expectation] = suite.expectations
    assert (suite.anchor, suite.tables) == ("ops.loads", ("dim_leads",))
    assert expectation.says == "Rows are few."
    assert expectation.severity == "critical"
    assert not expectation.acceptable
    assert render(root, expectation, {}) == "select 1 as id"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("suite: small", "suite: big"), "calls itself 'big'"),
        (("suite: small", "suite: small\ncolour: red"), "'colour'"),
        (("    remedy: Delete some.\n", ""), "'remedy'"),
        (("    remedy:", "    remdy:"), "'remdy'"),
        (("name: rows_are_few", "name: Rows are few"), "is no name"),
        (("name: rows_are_few", "name: rows_are_many"), "has no SQL"),
        (("anchor: ops.loads", "anchor: ops.loads; drop"), "is no name of a table"),
        (("    table: dim_leads", "    table: dim leads"), "is no name of a table"),
        (("    table:", "    severity: fatal\n    table:"), "severity 'fatal'"),
        (("  - name", "  - name: rows_are_few\n   - name"), "cannot be read"),
        ((SMALL, "- only\n- a list\n"), "holds no suite"),
        ((SMALL.split("expectations:")[1], " []\n"), "judges nothing"),
        (("  - name: rows_are_few", "  - rows_are_few\n  - name: rows_are_few"), "is a mapping"),
    ],
)
def test_a_mistake_in_a_suite_is_named(root: Path, change: tuple[str, str], says: str) -> None:
    file = root / "suites" / "small.yml"
    assert change[0] in SMALL
    file.write_text(SMALL.replace(*change, 1))
    with pytest.raises(SuiteError) as caught:
        load_suite(root, "small")
    assert says in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_name_may_not_be_declared_twice(root: Path) -> None:
    entry = SMALL.split("expectations:\n")[1]
    (root / "suites" / "small.yml").write_text(SMALL + entry)
    with pytest.raises(SuiteError, match="more than once: rows_are_few"):
        load_suite(root, "small")


def test_sql_that_no_expectation_uses_is_a_mistake(root: Path) -> None:
    (root / "suites" / "small" / "forgotten.sql").write_text("select 1")
    with pytest.raises(SuiteError, match=r"no expectation uses small/forgotten\.sql"):
        load_suite(root, "small")


def test_a_missing_suite_is_named(root: Path) -> None:
    with pytest.raises(SuiteError, match=r"large\.yml is missing"):
        load_suite(root, "large")


@pytest.mark.parametrize("sql", ["{{ nobody_gives_this }}", "{% if %}", "{# nothing #}"])
def test_sql_that_cannot_be_rendered_is_named(root: Path, sql: str) -> None:
    (root / "suites" / "small" / "rows_are_few.sql").write_text(sql)
    [expectation] = load_suite(root, "small").expectations
    with pytest.raises(SuiteError, match="rows_are_few"):
        render(root, expectation, {})


def test_the_raw_gate_asks_what_it_always_asked() -> None:
    # A check that goes missing is a gate that opens: taking one away must be meant.
    suite = load_suite(settings.expectations_dir(), "raw")
    assert [entry.name for entry in suite.expectations] == GATES["raw"]


def test_the_marts_gate_does_not_lose_questions() -> None:
    assert len(load_suite(settings.expectations_dir(), "marts").expectations) >= 42


@pytest.mark.parametrize("suite", ["raw", "marts", "findings"])
def test_every_statement_renders_and_binds_nothing_by_accident(suite: str) -> None:
    # A colon before a word would be taken for a parameter on its way to the database.
    import sqlalchemy

    root = settings.expectations_dir()
    for expectation in load_suite(root, suite).expectations:
        statement = render(root, expectation, NAMES)
        assert not sqlalchemy.text(statement).compile().params, expectation.name
        assert "{" not in statement, expectation.name


@pytest.mark.parametrize("suite", ["raw", "marts", "findings"])
def test_every_expectation_is_said_in_a_sentence_with_a_remedy(suite: str) -> None:
    for expectation in load_suite(settings.expectations_dir(), suite).expectations:
        assert expectation.says[0].isupper() or expectation.says.startswith(
            ("dim_", "fct_", "bridge_")
        )
        assert expectation.says.endswith("."), expectation.name
        assert len(expectation.remedy) > 30, expectation.name


def test_only_judgements_by_statistics_and_delivery_may_be_accepted() -> None:
    root = settings.expectations_dir()
    acceptable = {
        entry.name
        for suite in ("raw", "marts")
        for entry in load_suite(root, suite).expectations
        if entry.acceptable
    }
    assert acceptable == {
        "required_sources_keep_delivering",
        "no_history_has_stopped",
        "required_sources_are_fresh",
        "no_required_object_failed",
        "no_object_is_empty",
        "no_object_has_collapsed",
        "quarantined_share_is_low",
        "activity_types_are_known",
        "rows_are_not_from_the_future",
        "marts_have_not_shrunk",
    }


def test_nothing_machine_written_lies_among_the_expectations() -> None:
    files = [file for file in settings.expectations_dir().rglob("*") if file.is_file()]
    assert files
    assert {file.suffix for file in files} <= {".yml", ".sql", ".md", ".j2", ".css"}
