"""Which month's review is due, and if none is, why.

A month is reviewed once it is over in the published marts, from the first business day after it on
(of the agreement's default calendar), until it is drawn. Only the last month that is over comes due
by itself: an older one that was missed is drawn by hand. What counts is the published as_of and
never today's date.
"""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from lead_handoff import months
from lead_handoff.agreement import Agreement
from lead_handoff.review import ledger, population
from lead_handoff.review.errors import NoMartsError, PolicyError
from lead_handoff.review.policy import read_policy

_LONGEST_CLOSURE = 366


def month_due(warehouse_url: str, agreement_dir: Path) -> tuple[str | None, str]:
    """The month to draw now, or None, and in either case the reason for people.

    Raises:
        PolicyError: the agreement does not say on which days people work.
    """
    try:
        month, as_of = population.published_month(warehouse_url)
    except NoMartsError as error:
        return None, str(error)
    agreement = Agreement(agreement_dir)
    begins = begins_at(month, agreement)
    if as_of < begins:
        return None, (
            f"{month} is over, but its review begins on the first business day after it: with the "
            f"first published night as of {_shown(begins)} or later; published is {_shown(as_of)}"
        )
    ledger.apply_schema(warehouse_url)
    with ledger.month_transaction(warehouse_url, month) as connection:
        frozen = population.find(connection, month)
        version = population.version_of(connection, month)
    if frozen is not None and frozen.seed is not None:
        return None, f"{month} is drawn already, and a month is drawn once"
    first = read_policy(agreement_dir, version).months_reviewed_from
    if first and month < first:
        return None, f"{month} is not reviewed: the policy's months_reviewed_from is {first}"
    return month, f"{month} is over and not drawn yet"


def begins_at(month: str, agreement: Agreement) -> datetime:
    """The first instant of the first business day after a month, in UTC.

    Raises:
        PolicyError: the default calendar is closed for a year.
    """
    day = months.next_month(months.first_day(month))
    version = agreement.version_on(day)
    name, calendar = version["agreement_version"], version["default_calendar"]
    for _ in range(_LONGEST_CLOSURE):
        if agreement.working_calendars(day, name).get(calendar):
            zone = ZoneInfo(version["time_zone"])
            return datetime.combine(day, time(), zone).astimezone(UTC)
        day += timedelta(days=1)
    raise PolicyError(
        f"the default calendar {calendar!r} of version {name} has no working day in the year "
        f"after {month}; correct agreement_calendars.csv"
    )


def _shown(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
