"""A gate without evidence stays shut: whatever may silence Great Expectations, the night waits."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lead_handoff.judging import GateFailedError, JudgingError, engine, require
from lead_handoff.judging.suites import SuiteError
from tests.warehouse.judging.company import FIRST_NIGHT, Company, failing, instant
from tests.warehouse.judging.expectations_copy import copy_expectations

NIGHT = FIRST_NIGHT + timedelta(days=30)


@pytest.fixture
def built(company: Company) -> Company:
    company.build(NIGHT)
    return company


def test_an_expectation_that_raises_shuts_the_gate_and_is_not_counted_as_executed(
    built: Company,
) -> None:
    built.spoil("alter table fct_touches rename column channel to way")
    result = built.gate("marts", NIGHT)
    assert failing(result) == {"touches_are_complete"}
    assert result.executed == result.declared - 1
    assert "UndefinedColumn" in result.failures[0].message
    assert result.failures[0].keys == ()


def test_what_a_raised_error_quotes_from_a_row_is_withheld(built: Company, tmp_path: Path) -> None:
    root = copy_expectations(tmp_path)
    built.spoil("update dim_users set user_id = 'jo@example.com'")
    sql = root / "suites" / "marts" / "findings_belong_to_agreed_rules.sql"
    sql.write_text("select user_id from dim_users where user_id::integer = 1")
    result = built.gate("marts", NIGHT, expectations_dir=root)
    assert failing(result) == {"findings_belong_to_agreed_rules"}
    assert "InvalidTextRepresentation" in str(result)
    assert "example.com" not in str(result)


def test_a_suite_that_is_missing_is_an_error(built: Company, tmp_path: Path) -> None:
    root = copy_expectations(tmp_path)
    (root / "suites" / "marts.yml").unlink()
    with pytest.raises(SuiteError, match=r"marts\.yml is missing"):
        built.gate("marts", NIGHT, expectations_dir=root)


def test_a_suite_without_expectations_is_an_error(built: Company, tmp_path: Path) -> None:
    root = copy_expectations(tmp_path)
    suite = root / "suites" / "marts.yml"
    suite.write_text(suite.read_text().split("expectations:\n")[0] + "expectations: []\n")
    with pytest.raises(SuiteError, match="judges nothing"):
        built.gate("marts", NIGHT, expectations_dir=root)


def test_an_expectation_of_severity_warning_shuts_the_gate_as_well(
    built: Company, tmp_path: Path
) -> None:
    root = copy_expectations(tmp_path)
    suite = root / "suites" / "marts.yml"
    suite.write_text(
        suite.read_text().replace(
            "  - name: leads_are_unique\n", "  - name: leads_are_unique\n    severity: warning\n"
        )
    )
    built.spoil("insert into dim_leads select * from dim_leads where lead_id = 'lead-1'")
    result = built.gate("marts", NIGHT, expectations_dir=root)
    assert not result.passed
    assert failing(result) == {"leads_are_unique"}


def _nothing_evaluated(self: Any, *_: Any, **__: Any) -> Any:
    validation = RUN(self, result_format="BASIC")
    validation.results = []
    return validation


def _one_forgotten(self: Any, *_: Any, **__: Any) -> Any:
    validation = RUN(self, result_format="BASIC")
    validation.results = validation.results[1:]
    return validation


def _one_twice(self: Any, *_: Any, **__: Any) -> Any:
    validation = RUN(self, result_format="BASIC")
    validation.results[0] = validation.results[1]
    return validation


def _all_well(self: Any, *_: Any, **__: Any) -> Any:
    validation = RUN(self, result_format="BASIC")
    for result in validation.results:
        result.success = True
        result.result = {"observed_value": 0}
        result.exception_info = {"raised_exception": False}
    return validation


RUN: Callable[..., Any] = lambda *_, **__: None  # noqa: E731 - replaced by the real one below


@pytest.mark.parametrize(
    ("silenced", "says"),
    [
        (_nothing_evaluated, "evaluated 0 of"),
        (_one_forgotten, "missing: "),
        (_one_twice, "missing: "),
        (_all_well, "did not see a planted failure"),
    ],
)
def test_an_engine_that_answers_less_than_it_was_asked_is_an_error(
    built: Company, monkeypatch: pytest.MonkeyPatch, silenced: Callable[..., Any], says: str
) -> None:
    engine.great_expectations()
    from great_expectations.core.validation_definition import ValidationDefinition

    monkeypatch.setitem(globals(), "RUN", ValidationDefinition.run)
    monkeypatch.setattr(ValidationDefinition, "run", silenced)
    with pytest.raises(JudgingError, match=says):
        built.gate("marts", NIGHT)


def test_a_suite_that_loads_without_one_of_its_expectations_is_an_error(
    built: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    gx = engine.great_expectations()
    whole = gx.ExpectationSuite

    def forgetful(name: str, expectations: list[Any]) -> Any:
        return whole(name=name, expectations=expectations[:-2])

    monkeypatch.setattr(gx, "ExpectationSuite", forgetful)
    with pytest.raises(JudgingError, match="loaded 41 of 43"):
        built.gate("marts", NIGHT)


def test_a_warehouse_that_cannot_be_reached_is_an_error_without_the_password(
    built: Company,
) -> None:
    url = "postgresql://handoff_owner:c4n4ry@127.0.0.1:1/nowhere"
    with pytest.raises(JudgingError, match="cannot be reached") as caught:
        built.gate("marts", NIGHT, warehouse_url=url)
    assert "c4n4ry" not in str(caught.value)


def test_an_as_of_without_an_offset_is_refused(built: Company) -> None:
    with pytest.raises(JudgingError, match="no offset"):
        built.gate("marts", NIGHT, as_of=instant(NIGHT).replace(tzinfo=None))


def test_there_is_no_third_gate(built: Company) -> None:
    with pytest.raises(JudgingError, match="the gates are raw, marts"):
        built.gate("findings", NIGHT)


def test_the_error_of_a_shut_gate_names_rows_remedy_and_page(built: Company) -> None:
    built.spoil("insert into dim_leads select * from dim_leads where lead_id = 'lead-1'")
    result = built.gate("marts", NIGHT)
    with pytest.raises(GateFailedError) as caught:
        require(result)
    message = str(caught.value)
    assert "leads_are_unique (dim_leads)" in message
    assert "lead_id=lead-1" in message
    assert "what to do: " in message
    assert "readers keep the last good one" in message
    assert str(result.docs) in message
    assert caught.value.result is result


def test_a_gate_only_reads(built: Company, tmp_path: Path) -> None:
    root = copy_expectations(tmp_path)
    built.spoil(
        "create function write() returns text language sql"
        " as $$ insert into dim_users values ('user-2') returning user_id $$"
    )
    sql = root / "suites" / "marts" / "findings_belong_to_agreed_rules.sql"
    sql.write_text("select write()")
    result = built.gate("marts", NIGHT, expectations_dir=root)
    assert "ReadOnlySqlTransaction" in str(result)
    assert built.run("select count(*) from slot_blue.dim_users") == [(1,)]


@pytest.mark.parametrize("role", ["transformer", "owner"])
def test_the_gates_run_with_the_pipelines_own_roles(
    built: Company, warehouse: Any, role: str
) -> None:
    built.run(
        "grant usage on schema slot_blue to handoff_transformer, handoff_owner;"
        " grant select on all tables in schema slot_blue to handoff_transformer, handoff_owner"
    )
    url = warehouse.url(role)
    assert built.gate("raw", NIGHT, warehouse_url=url).executed == 19
    assert built.gate("marts", NIGHT, warehouse_url=url).passed
