"""The site shows each night's judgements, by keys only, and needs nobody else's server."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.warehouse.judging.company import FIRST_NIGHT, Company

NIGHT = FIRST_NIGHT + timedelta(days=30)


def pages(home: Path) -> dict[str, str]:
    return {
        str(page.relative_to(home)): page.read_text(encoding="utf-8")
        for page in (home / "data_docs").rglob("*.html")
    }


def test_a_nights_judgements_are_linked_from_the_first_page(company: Company) -> None:
    company.build(NIGHT)
    company.gate("raw", NIGHT)
    company.gate("marts", NIGHT)
    company.findings()
    written = pages(company.home)
    index = written["data_docs/index.html"]
    for link in re.findall(r'href="([^"]+)"', index):
        assert (company.home / "data_docs" / link).is_file(), link
    assert NIGHT.isoformat() in index
    assert "✓ passed" in index
    assert "▲ findings" in index
    for name, page in written.items():
        for link in re.findall(r'href="([^"]+)"', page):
            target = (company.home / name).parent / link
            assert target.resolve().is_file(), f"{name} -> {link}"


def test_pages_load_nothing_and_say_nothing_about_the_machine(company: Company) -> None:
    company.build(NIGHT)
    company.spoil("alter table fct_touches rename column channel to way")
    company.gate("marts", NIGHT)
    company.findings()
    for name, page in pages(company.home).items():
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", page), name
        assert "<script" not in page, name
        assert "Traceback" not in page, name
        assert "site-packages" not in page, name


def test_a_page_shows_every_failing_key(company: Company) -> None:
    company.build(NIGHT, leads=1000)
    company.spoil("update fct_handoffs set outcome = 'lost'")
    result = company.gate("marts", NIGHT)
    assert result.docs is not None
    page = result.docs.read_text(encoding="utf-8")
    assert all(f"<td>move-lead-{i}:2</td>" in page for i in range(1, 1001))
    assert "The night is held back." in page


def test_a_night_judged_again_replaces_its_page(company: Company) -> None:
    company.build(NIGHT)
    company.spoil("insert into dim_leads select * from dim_leads where lead_id = 'lead-1'")
    first = company.gate("marts", NIGHT)
    company.spoil("delete from dim_leads where ctid = (select max(ctid) from dim_leads)")
    second = company.gate("marts", NIGHT)
    assert first.docs == second.docs
    assert second.docs is not None
    assert "The night may be published." in second.docs.read_text(encoding="utf-8")
    assert len(list((company.home / "judging" / "results").rglob("*.json"))) == 1


def test_neither_people_nor_secrets_reach_the_site(company: Company) -> None:
    person = ("Canary Yellowbird", "canary.yellowbird@example.com", "+1 555 0199")
    company.build(NIGHT)
    company.run(
        "update raw_salesforce.lead"
        " set first_name = %s, email = %s, phone = %s, is_deleted = 'jein'",
        *person,
    )
    company.spoil(
        "alter table dim_leads add column email text default 'canary.yellowbird@example.com';"
        " insert into dim_leads select * from dim_leads;"
        " update dim_users set user_id = null;"
        " alter table fct_touches alter column occurred_at type text using 'Canary Yellowbird'"
    )
    raw, marts = company.gate("raw", NIGHT), company.gate("marts", NIGHT)
    assert not raw.passed
    assert not marts.passed
    company.findings()
    password = company.url.split(":")[2].split("@")[0]
    written = [page for page in company.home.rglob("*") if page.is_file()]
    assert len(written) > 6
    texts = [page.read_text(encoding="utf-8") for page in written] + [str(raw), str(marts)]
    for secret in (*person, password):
        assert not any(secret in text for text in texts), secret


def test_a_site_that_cannot_be_written_does_not_change_the_judgement(
    company: Company, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    company.build(NIGHT)
    (tmp_path / "file").write_text("in the way")
    result = company.gate("marts", NIGHT, home=tmp_path / "file")
    assert result.passed
    assert result.docs is None
    assert "could not be written" in caplog.text


def test_stored_results_hold_keys_and_no_other_values(company: Company) -> None:
    company.build(NIGHT)
    company.spoil("insert into dim_leads select * from dim_leads where lead_id = 'lead-1'")
    company.gate("marts", NIGHT)
    [stored] = (company.home / "judging" / "results").rglob("*.json")
    content = json.loads(stored.read_text(encoding="utf-8"))
    for result in content["results"]:
        assert set(result["result"]) <= {"observed_value"}
    [failed] = [result for result in content["results"] if not result["success"]]
    assert failed["meta"]["keys"] == [{"lead_id": "lead-1", "rows": "2"}]


def findings_page(company: Company) -> str:
    docs = company.findings().docs
    assert docs is not None
    return docs.read_text(encoding="utf-8")


def test_every_open_finding_is_told_by_its_sentence_the_newest_first(company: Company) -> None:
    company.build(NIGHT, leads=1000)
    company.spoil(
        "update fct_integrity_findings set message = 'Nobody answered ' || lead_id || '.',"
        " team = 'East', occurred_at = occurred_at + substr(lead_id, 6)::int * interval '1 second'"
    )
    page = findings_page(company)
    told = re.findall(r"<li>Nobody answered lead-(\d+)\.<br>", page)
    assert len(told) == 250
    assert told == sorted(told, key=int, reverse=True)
    assert "certain · East · finding-lead-2<" in page
    assert "250 open findings of 1 rule (250 certain), 0 waived." in page


def test_what_one_machine_did_is_one_headline_with_its_number_by_grade(company: Company) -> None:
    company.build(NIGHT, leads=1000)
    company.spoil(
        "update fct_integrity_findings set machine = 'Lead Flow (005F)', owner_id = '005A',"
        " grade = case lead_id when 'lead-2' then 'possible' else 'likely' end"
        " where lead_id <> 'lead-6'"
    )
    page = findings_page(company)
    assert "249 open findings by Lead Flow (005F): 248 likely, 1 possible</summary>" in page
    assert "1 open finding: 1 certain</summary>" in page
    assert "possible · owner 005A · finding-lead-2<" in page


def test_a_rule_of_which_all_is_only_possible_is_tagged_as_severe_as_that(company: Company) -> None:
    company.build(NIGHT)
    company.spoil("update fct_integrity_findings set grade = 'possible', severity = 'info'")
    assert '<span class="tag info">info</span>' in findings_page(company)


def test_a_waived_finding_is_counted_and_not_told(company: Company) -> None:
    company.build(NIGHT)
    company.spoil(
        "insert into agreement_waivers values"
        " ('finding-lead-2', 'Jo Smith', '2026-03-01', 'on parental leave')"
    )
    page = findings_page(company)
    assert "9 open findings" in page
    assert "1 waived" in page
    assert "finding-lead-2<" not in page
    assert "Jo Smith" not in page


def test_tolerated_findings_are_told_as_well(company: Company) -> None:
    company.build(NIGHT)
    company.spoil(
        "insert into agreement_thresholds values ('v1', 'ignored_handoff', 'open_findings', '10')"
    )
    page = findings_page(company)
    assert "As tolerated." in page
    assert "(tolerated: 10)" in page
    assert page.count("<li>No response when due.") == 10


def test_the_most_severe_rules_come_first(company: Company) -> None:
    company.build(NIGHT)
    company.spoil(
        "update fct_integrity_findings set rule = 'stalled_lead', severity = 'critical'"
        " where lead_id in ('lead-2')"
    )
    page = findings_page(company)
    assert page.index('"tag critical"') < page.index('"tag warning"')


def test_what_a_person_typed_does_not_reach_the_site(company: Company) -> None:
    company.build(NIGHT)
    company.spoil(
        "update fct_integrity_findings"
        " set message = E'Rejected at noon, reason: ask Canary\\nYellowbird.'"
    )
    page = findings_page(company)
    assert "<li>Rejected at noon.<br>" in page
    for written in (found for found in company.home.rglob("*") if found.is_file()):
        assert "Yellowbird" not in written.read_text(encoding="utf-8"), written
