"""The finding suite counts what is open, rule by rule, and never stops a night."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from lead_handoff import settings
from lead_handoff.judging import JudgingError
from lead_handoff.judging.suites import load_suite
from tests.warehouse.judging.company import FIRST_NIGHT, Company

NIGHT = FIRST_NIGHT + timedelta(days=30)


@pytest.fixture
def built(company: Company) -> Company:
    company.build(NIGHT)
    return company


def test_every_rule_in_force_has_its_count_and_all_its_findings(built: Company) -> None:
    result = built.findings()
    assert result.counts == {"ignored_handoff": 10, "stalled_lead": 0}
    assert result.total == 10
    assert result.grades == {"certain": 10}
    assert result.exceeded == ("ignored_handoff",)
    assert result.severities == {"ignored_handoff": "warning", "stalled_lead": "critical"}
    assert len(set(result.finding_ids["ignored_handoff"])) == 10


def test_a_rule_that_nobody_looks_for_yet_is_said_so_and_not_counted_as_clean(
    built: Company,
) -> None:
    result = built.findings()
    assert result.not_built == ("not_looked_for",)
    assert "not_looked_for" not in result.counts


def test_a_rule_that_is_switched_off_is_not_judged(built: Company) -> None:
    assert "skipped_stage" not in built.findings().counts


def test_a_waived_finding_is_counted_apart(built: Company) -> None:
    built.spoil(
        "insert into agreement_waivers values"
        " ('finding-lead-2', 'Jo Smith', '2026-03-01', 'on parental leave')"
    )
    result = built.findings()
    assert result.counts["ignored_handoff"] == 9
    assert result.waived == {"ignored_handoff": 1}
    assert "finding-lead-2" not in result.finding_ids["ignored_handoff"]


@pytest.mark.parametrize(("tolerated", "exceeded"), [(9, True), (10, False)])
def test_the_agreement_may_tolerate_some(built: Company, tolerated: int, exceeded: bool) -> None:
    built.spoil(
        "insert into agreement_thresholds values ('v1', 'ignored_handoff', 'open_findings', %s)",
        str(tolerated),
    )
    result = built.findings()
    assert result.counts["ignored_handoff"] == 10
    assert bool(result.exceeded) is exceeded


def test_all_ids_come_back_for_a_thousand_findings(company: Company) -> None:
    company.build(NIGHT, leads=4000)
    assert len(set(company.findings().finding_ids["ignored_handoff"])) == 1000


def test_findings_of_a_rule_unknown_to_the_suite_are_counted_too(built: Company) -> None:
    built.spoil("update fct_integrity_findings set rule = 'not_looked_for'")
    result = built.findings()
    assert result.counts["not_looked_for"] == 10
    assert result.not_built == ()


def test_without_findings_all_rules_are_clean(built: Company) -> None:
    built.spoil("truncate fct_integrity_findings")
    result = built.findings()
    assert result.total == 0
    assert result.exceeded == ()


def test_a_missing_table_of_findings_is_an_error(built: Company) -> None:
    built.spoil("drop table fct_integrity_findings")
    with pytest.raises(JudgingError, match="fct_integrity_findings missing"):
        built.findings()


def test_a_count_that_raises_is_an_error(built: Company) -> None:
    built.spoil("alter table fct_integrity_findings rename column subject_id to subject")
    with pytest.raises(JudgingError, match="ignored_handoff could not be counted"):
        built.findings()


def test_an_agreement_without_rules_is_an_error(built: Company) -> None:
    built.spoil("truncate agreement_rules, fct_integrity_findings")
    with pytest.raises(JudgingError, match="enables none of the rules"):
        built.findings()


def test_a_rule_that_is_no_name_is_refused_and_not_run_as_sql(built: Company) -> None:
    built.spoil("update fct_integrity_findings set rule = 'x'' or true --'")
    with pytest.raises(JudgingError, match="no name of a rule"):
        built.findings()


def test_every_rule_of_the_suite_is_made_by_a_model() -> None:
    # A rule without a model would be reported as clean for ever.
    models = settings.dbt_project_dir() / "models" / "intermediate" / "integrity"
    made: set[str] = set()
    for model in Path(models).glob("*.sql"):
        made |= set(re.findall(r"'([a-z_]+)'", model.read_text(encoding="utf-8")))
    suite = load_suite(settings.expectations_dir(), "findings")
    assert {entry.name for entry in suite.expectations} - made == set()
