"""How texts become instants and ids, and how a field's value at a moment is read."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.company import Change, Timeline, Version, in_chain_order
from tests.oracle.oracle import judge
from tests.oracle.stories import Story, at
from tests.oracle.values import expand_salesforce_id, hours, parse_instant

NEW_YORK = ZoneInfo("America/New_York")


def test_a_text_without_offset_is_read_in_the_source_zone() -> None:
    assert parse_instant("2026-04-07 10:00:00", NEW_YORK) == at("2026-04-07 14:00")
    assert parse_instant("2026-04-07T10:00:00.000+0000", NEW_YORK) == at("2026-04-07 10:00")
    assert parse_instant("2026-04-07T10:00:00-02:30", NEW_YORK) == at("2026-04-07 12:30")


def test_an_ambiguous_local_time_is_the_earlier_instant() -> None:
    assert parse_instant("2026-11-01 01:30:00", NEW_YORK) == at("2026-11-01 05:30")


def test_a_local_time_that_does_not_exist_is_no_time() -> None:
    assert parse_instant("2026-03-08 02:30:00", NEW_YORK) is None


def test_a_bare_date_is_the_first_instant_of_the_day() -> None:
    assert parse_instant("2026-04-07", NEW_YORK) == at("2026-04-07 04:00")
    # Clocks in Beirut went from 24:00 straight to 01:00 on this day.
    beirut = ZoneInfo("Asia/Beirut")
    assert parse_instant("2021-03-28", beirut) == at("2021-03-27 22:00")


def test_a_short_salesforce_id_gets_its_suffix() -> None:
    assert expand_salesforce_id("005Hs000000Ha2H") == "005Hs000000Ha2HIAS"
    assert expand_salesforce_id("005Hs000000Ha2HIAS") == "005Hs000000Ha2HIAS"
    assert expand_salesforce_id("00Q000000000000") == "00Q000000000000EAA"


def test_hours_are_rounded_to_six_places_only_at_the_end() -> None:
    assert str(hours(1_000_000)) == "0.000278"
    assert str(hours(5_400_000_000)) == "1.500000"


def _change(event_id: str, old: str | None, new: str | None, second: int = 0) -> Change:
    moment = datetime(2026, 4, 7, 12, 0, second, tzinfo=UTC)
    return Change("s", "o", "r", "f", event_id, moment, None, old, new)


def _ids(changes: list[Change]) -> str:
    return "".join(change.event_id for change in changes)


def test_changes_of_one_second_are_chained_by_their_values() -> None:
    changes = [_change("a", "y", "z"), _change("b", "w", "x"), _change("c", "x", "y")]
    assert _ids(in_chain_order(changes, lambda _: 0)) == "bca"


def test_the_chain_of_a_second_starts_from_the_last_value_before_it() -> None:
    before = _change("0", None, "x", second=0)
    there, back = _change("b", "x", "y", second=1), _change("a", "y", "x", second=1)
    assert _ids(in_chain_order([back, there, before], lambda _: 0)) == "0ba"


def test_of_equally_good_orders_the_smallest_by_rank_and_id_is_taken() -> None:
    one, two = _change("a", "p", "q"), _change("b", "r", "s")
    assert _ids(in_chain_order([two, one], lambda _: 0)) == "ab"
    ranks = {"a": 40, "b": 20}
    assert _ids(in_chain_order([one, two], lambda change: ranks[change.event_id])) == "ba"


def _version(day: int, value: str) -> Version:
    moment = datetime(2026, 4, day, tzinfo=UTC)
    return Version("r", moment, False, date(2026, 5, 1), value, {"F": value})


def test_a_field_is_read_from_its_history_before_its_versions() -> None:
    moment = datetime(2026, 4, 7, 12, tzinfo=UTC)
    line = Timeline([_change("a", "old", "new")], [_version(1, "version")], "F")
    assert line.value_at(moment) == "new"
    assert line.value_at(moment - timedelta(seconds=1)) == "old"


def test_without_history_the_newest_version_up_to_then_speaks_and_else_the_oldest() -> None:
    line = Timeline([], [_version(3, "third"), _version(9, "ninth")], "F")
    assert line.value_at(at("2026-04-03 00:00")) == "third"
    assert line.value_at(at("2026-04-08 00:00")) == "third"
    assert line.value_at(at("2026-04-10 00:00")) == "ninth"
    assert line.value_at(at("2026-04-01 00:00")) == "third"


def test_rows_stamped_at_or_after_as_of_wait(story: Story) -> None:
    story.lead("2026-04-07 12:00", Status="Open")
    story.status("2026-04-08 12:00", "Open", "Accepted")
    assert story.stages("2026-04-08 12:00") == []
    assert story.stages("2026-04-08 12:00:01") == ["sal"]


def test_folders_after_the_night_wait(story: Story) -> None:
    story.lead("2026-04-07 12:00")
    seen = judge(story.rows, story.agreement, at("2026-05-01 00:00"), date(2025, 12, 31))
    assert seen.identity.leads == []
