"""A digest counts new findings and names nobody."""

from datetime import UTC, date, datetime

from lead_handoff.alerts.digest import Digest, Line

AS_OF = datetime(2026, 5, 2, tzinfo=UTC)


def digest(*lines: Line) -> Digest:
    return Digest(date(2026, 5, 2), AS_OF, lines)


def test_the_subject_says_the_night_how_many_and_how_many_are_critical() -> None:
    told = digest(
        Line("East", "critical", "silent_auto_promotion", 2, 1, {"likely": 2, "possible": 1}, 2),
        Line("West", "info", "missing_score", 4, 0, {"certain": 4}),
    )
    assert told.findings == 7
    assert told.subject == (
        "Lead handoff, night of 2026-05-02: 7 new findings (4 certain, 2 likely, 1 possible),"
        " 2 critical"
    )


def test_one_finding_is_not_findings() -> None:
    one = digest(Line("East", "warning", "missing_score", 1, 0, {"certain": 1}))
    assert one.subject.endswith("1 new finding (1 certain), 0 critical")


def test_what_one_machine_did_is_one_line() -> None:
    flow = "Lead Timer Flow (005Hs000000Ie5mIAC)"
    grades = {"certain": 4000, "possible": 852}
    line = Line("all teams", "critical", "auto_acceptance", 4852, 0, grades, 4000, flow)
    told = digest(line)
    expected = f"auto_acceptance by {flow}: 4,852 new (4,000 certain, 852 possible)"
    assert f"critical all teams  {expected}" in told.as_text()
    assert told.as_payload()["findings"][0]["machine"] == flow


def test_text_page_and_payload_tell_the_same_lines() -> None:
    told = digest(
        Line("East", "critical", "silent_auto_promotion", 2, 1, {"likely": 3}, 3),
        Line("no team", "info", "missing_score", 0, 4, {"certain": 4}),
    )
    text, page, payload = told.as_text(), told.as_html(), told.as_payload()
    assert "critical East     silent_auto_promotion: 2 new, 1 reopened (3 likely)" in text
    assert "info     no team  missing_score: 4 reopened (4 certain)" in text
    for words in ("silent_auto_promotion", "2 new, 1 reopened", "4 reopened", "no team"):
        assert words in page
    assert payload["text"] == text
    assert payload["findings"][0] == {
        "team": "East",
        "severity": "critical",
        "rule": "silent_auto_promotion",
        "machine": None,
        "new": 2,
        "reopened": 1,
        "certain": 0,
        "likely": 3,
        "possible": 0,
    }


def test_a_teams_name_cannot_bring_markup_into_the_mail() -> None:
    page = digest(Line("<img src=x onerror=alert(1)>", "info", "missing_score", 1, 0)).as_html()
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_the_reader_is_told_how_to_see_the_findings_themselves() -> None:
    query = digest(Line("East", "info", "missing_score", 1, 0)).query
    assert "marts.fct_integrity_findings" in query
    assert "2026-05-02T00:00:00+00:00" in query
