"""An agreement as all of the package reads it: its rows, the version in force, working days."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

from lead_handoff.agreement.reading import AgreementError, read_table

Row = Mapping[str, str]
T = TypeVar("T")


class Agreement:
    """The agreement in a folder. Each file is read when it is first asked for, and once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._table = cache(self._read)
        self._open_weekdays = cache(self._weekdays_of)

    def rows(self, stem: str, version: str | None = None) -> Sequence[Row]:
        """The rows of a file in their order, or those of one version; a blank value is empty text.

        Raises:
            AgreementError: the file is missing, or something in it cannot be read.
        """
        rows = self._table(stem)
        if version is None:
            return rows
        return [row for row in rows if row["agreement_version"] == version]

    @property
    def versions(self) -> Sequence[Row]:
        """Its versions, the oldest first; at least one.

        Raises:
            AgreementError: there is none, or the file cannot be read.
        """
        rows = self.rows("agreement_versions")
        if not rows:
            raise AgreementError("agreement_versions.csv names no version; it needs at least one")
        return sorted(rows, key=lambda row: (row["valid_from"], row["agreement_version"]))

    def version_on(self, day: date) -> Row:
        """The version in force on a day, the first one for anything earlier."""
        return in_force(self.versions, lambda row: date.fromisoformat(row["valid_from"]), day)

    def working_calendars(self, day: date, version: str) -> dict[str, bool]:
        """Calendar of a version -> whether it works on that day."""
        holidays = {
            row["calendar"]
            for row in self.rows("agreement_holidays", version)
            if row["holiday"] == day.isoformat()
        }
        return {
            calendar: str(day.isoweekday()) in weekdays and calendar not in holidays
            for calendar, weekdays in self._open_weekdays(version).items()
        }

    def time_zone(self, source: str) -> str:
        """The zone in which a source's times without offset are read; UTC unless agreed."""
        zones = {row["source_system"]: row["time_zone"] for row in self.rows("agreement_sources")}
        return zones.get(source) or "UTC"

    def _read(self, stem: str) -> tuple[Row, ...]:
        tables = read_table(self.folder, stem)
        tables.demand_readable()
        return tuple(row.values for row in tables.of(stem))

    def _weekdays_of(self, version: str) -> dict[str, set[str]]:
        weekdays: dict[str, set[str]] = {}
        for row in self.rows("agreement_calendars", version):
            weekdays.setdefault(row["calendar"], set()).add(row["weekday"])
        return weekdays


def in_force(versions: Sequence[T], begins: Callable[[T], date], day: date) -> T:
    """Of versions, at least one and the oldest first, the one in force on a day.

    The first version serves for anything earlier.
    """
    begun = [version for version in versions if begins(version) <= day]
    return (begun or versions[:1])[-1]
