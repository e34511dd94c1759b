"""Months are the agreement's, and a population has one canonical form."""

import json
import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_handoff.review.errors import BadIdError, BadMonthError
from lead_handoff.review.population import AgreementVersion, Member, canonical_line, month_of

NEW_YORK = [AgreementVersion("v1", date(2025, 7, 1), "America/New_York")]
texts = st.text(st.characters(blacklist_categories=("Cs",)))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


def test_a_month_begins_and_ends_at_the_agreements_midnight() -> None:
    may = month_of("2026-05", NEW_YORK)
    assert (may.start, may.end) == (utc(2026, 5, 1, 4), utc(2026, 6, 1, 4))


def test_a_month_with_a_clock_change_is_an_hour_shorter_or_longer() -> None:
    march, november = month_of("2026-03", NEW_YORK), month_of("2026-11", NEW_YORK)
    assert (march.start, march.end) == (utc(2026, 3, 1, 5), utc(2026, 4, 1, 4))
    assert (november.start, november.end) == (utc(2026, 11, 1, 4), utc(2026, 12, 1, 5))


def test_december_ends_with_the_year() -> None:
    assert month_of("2026-12", NEW_YORK).end == utc(2027, 1, 1, 5)


def test_months_meet_without_gap_where_the_agreement_moves_to_another_zone() -> None:
    versions = [*NEW_YORK, AgreementVersion("v2", date(2026, 6, 1), "Europe/Berlin")]
    may, june = month_of("2026-05", versions), month_of("2026-06", versions)
    assert may.end == june.start == utc(2026, 5, 31, 22)
    assert (may.agreement_version, june.agreement_version) == ("v1", "v2")


def test_the_version_in_force_at_the_months_start_rules_the_month() -> None:
    versions = [*NEW_YORK, AgreementVersion("v2", date(2026, 5, 2), "America/New_York")]
    assert month_of("2026-05", versions).agreement_version == "v1"
    assert month_of("2020-01", versions).agreement_version == "v1"


@pytest.mark.parametrize(
    "name", ["", "2026-5", "2026-13", "2026-00", "05-2026", "2026-05-01", "٢٠٢٦-05"]
)
def test_what_is_no_month_is_refused(name: str) -> None:
    with pytest.raises(BadMonthError):
        month_of(name, NEW_YORK)


@given(st.none() | texts, texts, texts, st.none() | texts, st.none() | texts)
def test_the_canonical_form_is_sorted_json_without_blanks_in_nfc(
    version: str | None, kind: str, key: str, team: str | None, tier: str | None
) -> None:
    key = unicodedata.normalize("NFC", "x" + key + "x").strip()
    member = Member(version, "2026-05-01T04:00:00.000000Z", kind, key, team, tier)
    nfc = {
        name: value if value is None else unicodedata.normalize("NFC", value)
        for name, value in member._asdict().items()
    }
    text = json.dumps(nfc, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"
    assert canonical_line(member) == text.encode()


@pytest.mark.parametrize("key", [" a", "a ", "", "e\u0301"])
def test_an_id_that_is_not_canonical_has_no_line(key: str) -> None:
    with pytest.raises(BadIdError):
        canonical_line(Member("v1", "2026-05-01T04:00:00.000000Z", "rejected", key, None, None))
