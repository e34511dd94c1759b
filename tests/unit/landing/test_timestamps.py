"""Moments are read as the sources mean them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_handoff.landing.errors import RowRejected
from lead_handoff.landing.timestamps import read_date, read_moment

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("text", "zone", "instant", "remarks"),
    [
        ("2026-05-01T08:00:00.000Z", "UTC", "2026-05-01 08:00:00.000+00", ()),
        ("2026-05-01T08:00:00.000+0000", "UTC", "2026-05-01 08:00:00.000+00", ()),
        ("2026-05-01 08:00:00-05", "UTC", "2026-05-01 13:00:00+00", ()),
        ("2026-05-01T08:00:00+05:30", "America/New_York", "2026-05-01 02:30:00+00", ()),
        ("2026-05-01 08:00", "Europe/Berlin", "2026-05-01 06:00:00+00", ()),
        ("2024-11-03 01:30:00", "America/New_York", "2024-11-03 05:30:00+00",
         ("ambiguous_local_time",)),
        ("2026-05-01", "America/New_York", "2026-05-01 04:00:00+00", ("bare_date",)),
        # Chile's clocks jump from 24:00 to 01:00: that day begins at one o'clock.
        ("2024-09-08", "America/Santiago", "2024-09-08 04:00:00+00", ("bare_date",)),
        # Half-hour jumps exist too.
        ("2024-04-07 01:45:00", "Australia/Lord_Howe", "2024-04-06 14:45:00+00",
         ("ambiguous_local_time",)),
    ],
)  # fmt: skip
def test_a_moment_is_the_instant_that_the_source_means(
    text: str, zone: str, instant: str, remarks: tuple[str, ...]
) -> None:
    moment = read_moment(text, ZoneInfo(zone))
    assert str(moment) == instant
    assert moment.remarks == remarks


@pytest.mark.parametrize(
    "text",
    ["0000-00-00", "0000-00-00 00:00:00", "2026-02-30", "2025-02-29", "2026-04-31T00:00:00Z",
     "2026-05-01T24:00:00Z", "2026-05-01T08:00:60Z", "2026-05-01T08:60:00Z", "1775000000000",
     "2026-05-01T08:00:00+15:00", "2026-05-01T08:00:00+05:60", "01/05/2026", "2026-5-1",
     "2026-05-01T08", "2026-05-01Z", "20260501T080000Z"],
)  # fmt: skip
def test_what_no_clock_shows_is_a_bad_timestamp(text: str) -> None:
    with pytest.raises(RowRejected, match="bad_timestamp"):
        read_moment(text, UTC)


@pytest.mark.parametrize(
    ("text", "zone"),
    [("2024-03-10 02:30:00", "America/New_York"), ("2026-03-29T02:00:00", "Europe/Berlin"),
     ("2011-12-30", "Pacific/Apia"), ("2011-12-30 12:00", "Pacific/Apia")],
)  # fmt: skip
def test_a_local_time_that_the_zone_skips_is_a_bad_timestamp(text: str, zone: str) -> None:
    with pytest.raises(RowRejected, match="bad_timestamp"):
        read_moment(text, ZoneInfo(zone))


@pytest.mark.parametrize("text", ["soon", "N/A", "NULL", "null", "-"])
def test_a_word_is_no_timestamp_at_all(text: str) -> None:
    with pytest.raises(RowRejected, match="wrong_type"):
        read_moment(text, UTC)
    with pytest.raises(RowRejected, match="wrong_type"):
        read_date(text)


@given(
    st.datetimes(datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2099-01-01")),
    st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Kathmandu", "America/Santiago"]),
)
def test_a_local_time_comes_back_from_its_instant_or_is_refused(local: datetime, name: str) -> None:
    zone, local = ZoneInfo(name), local.replace(microsecond=0)
    try:
        moment = read_moment(local.isoformat(), zone)
    except RowRejected:
        # Skipped: no fold of it exists on this clock.
        back = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
        assert back.replace(tzinfo=None) != local
        return
    back = moment.second.replace(tzinfo=UTC).astimezone(zone)
    assert back.replace(tzinfo=None) == local
    assert back.fold == 0
