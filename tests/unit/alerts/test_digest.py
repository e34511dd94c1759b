"""A digest counts new findings and names nobody."""

from datetime import UTC, date, datetime

from lead_handoff.alerts.digest import Digest, Line

AS_OF = datetime(2026, 5, 2, tzinfo=UTC)


def digest(*lines: Line) -> Digest:
    return Digest(date(2026, 5, 2), AS_OF, lines)


def test_the_subject_says_the_night_how_many_and_how_many_are_critical() -> None:
    told = digest(
        Line("East", "critical", "silent_auto_promotion", 2, 1),
        Line("West", "info", "missing_score", 4, 0),
    )
    assert told.findings == 7
    assert told.subject == "Lead handoff, night of 2026-05-02: 7 new findings, 3 critical"


def test_one_finding_is_not_findings() -> None:
    one = digest(Line("East", "warning", "missing_score", 1, 0))
    assert one.subject.endswith("1 new finding, 0 critical")


def test_text_page_and_payload_tell_the_same_lines() -> None:
    told = digest(
        Line("East", "critical", "silent_auto_promotion", 2, 1),
        Line("no team", "info", "missing_score", 0, 4),
    )
    text, page, payload = told.as_text(), told.as_html(), told.as_payload()
    assert "critical East     silent_auto_promotion: 2 new, 1 reopened" in text
    assert "info     no team  missing_score: 4 reopened" in text
    for words in ("silent_auto_promotion", "2 new, 1 reopened", "4 reopened", "no team"):
        assert words in page
    assert payload["text"] == text
    assert payload["findings"][0] == {
        "team": "East",
        "severity": "critical",
        "rule": "silent_auto_promotion",
        "new": 2,
        "reopened": 1,
    }


def test_a_teams_name_cannot_bring_markup_into_the_mail() -> None:
    page = digest(Line("<img src=x onerror=alert(1)>", "info", "missing_score", 1, 0)).as_html()
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_the_reader_is_told_how_to_see_the_findings_themselves() -> None:
    query = digest(Line("East", "info", "missing_score", 1, 0)).query
    assert "marts.fct_integrity_findings" in query
    assert "2026-05-02T00:00:00+00:00" in query
