"""What the expectations need to know about the night, gathered once and handed to every session.

The values reach the SQL as session settings named ``judging.*``, so that no value is ever pasted
into a statement and the SQL files can be tried out by hand after a few ``set`` commands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lead_handoff.agreement import Agreement
from lead_handoff.judging.results import JudgingError
from lead_handoff.judging.streams import agreed_fields
from lead_handoff.limits import read_limits
from lead_handoff.settings import EltLanding

if TYPE_CHECKING:
    import psycopg

DAYS_OF_MEMORY = 90
"""How far back volume and rhythm are compared: a quarter, and the usual span of a first load."""

SATURDAY = 5
STATEMENT_TIMEOUT = "15min"
SLOT = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Night:
    """The night under judgement.

    ``after_night`` and ``after_time`` are the last night published before it and when: folders
    later than that, and loads attempted later than that, are this night's news. None before the
    first publication. ``published_slot`` holds what readers see now. ``landings`` names the sources
    that an ELT service lands, ``fields`` the fields of each object that the agreement names.
    """

    night: date
    as_of: datetime
    slot: str
    after_night: date | None
    after_time: datetime | None
    published_slot: str | None
    sources: tuple[Mapping[str, str], ...]
    days: tuple[tuple[date, bool], ...]
    limits: Mapping[str, Any]
    landings: Mapping[str, EltLanding] = field(default_factory=dict)
    fields: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)

    def session_settings(self) -> dict[str, str]:
        """Setting -> value for every session that evaluates an expectation."""
        return session_basics(self.slot, self.night) | {
            "judging.night": self.night.isoformat(),
            "judging.as_of": self.as_of.isoformat(),
            "judging.slot": self.slot,
            "judging.after_night": _instant(self.after_night),
            "judging.after_time": _instant(self.after_time),
            "judging.sources": json.dumps(
                [{**known, "is_elt": known["source"] in self.landings} for known in self.sources]
            ),
            "judging.elt": json.dumps(
                {
                    source: {"without": sorted(landing.without)}
                    for source, landing in self.landings.items()
                }
            ),
            "judging.days": json.dumps(
                [{"day": day.isoformat(), "is_quiet": quiet} for day, quiet in self.days]
            ),
            "judging.limits": json.dumps(self.limits),
        }


def session_basics(slot: str, night: date) -> dict[str, str]:
    """Settings of every judging session: read only, unqualified names mean the slot's relations."""
    return {
        "search_path": f'"{slot}"',
        "statement_timeout": STATEMENT_TIMEOUT,
        "default_transaction_read_only": "on",
        "application_name": f"lead_handoff:judge:{night.isoformat()}",
    }


def read_night(
    cursor: psycopg.Cursor[Any],
    *,
    night: date,
    as_of: datetime,
    slot: str,
    agreement_dir: Path,
    expectations_dir: Path,
    judging_dir: Path | None = None,
    landings: Mapping[str, EltLanding] | None = None,
) -> Night:
    """Gather the night's facts from the warehouse, the agreement and the limits.

    Raises:
        JudgingError: a name or a file is not usable; the message says which.
        AgreementError: the agreement cannot be read.
    """
    if not SLOT.fullmatch(slot):
        raise JudgingError(f"{slot!r} is no build slot; give slot_blue or slot_green")
    if as_of.tzinfo is None:
        raise JudgingError(f"as_of {as_of.isoformat()} has no offset; give an instant with one")
    cursor.execute(
        "select night, published_at from ops.generations where night < %s"
        " order by night desc, generation desc limit 1",
        (night,),
    )
    before = cursor.fetchone()
    cursor.execute("select slot from ops.generations order by generation desc limit 1")
    published = cursor.fetchone()
    agreement = Agreement(agreement_dir)
    return Night(
        night=night,
        as_of=as_of,
        slot=slot,
        after_night=before[0] if before else None,
        after_time=before[1] if before else None,
        published_slot=str(published[0]) if published else None,
        sources=tuple(read_sources(agreement)),
        days=tuple(read_days(agreement, night)),
        limits=read_limits(expectations_dir, judging_dir),
        landings=landings or {},
        fields=agreed_fields(agreement),
    )


def read_sources(agreement: Agreement) -> list[dict[str, str]]:
    """The agreement's sources: ``source`` and ``is_required`` ('true' or 'false')."""
    return [
        {"source": row["source_system"], "is_required": row["is_required"]}
        for row in agreement.rows("agreement_sources")
    ]


def read_days(agreement: Agreement, night: date) -> list[tuple[date, bool]]:
    """The days whose rows the recent nights brought, newest first, and whether each was quiet.

    A folder of night N brings what happened on day N - 1. A day is quiet when at least one of the
    calendars in force was closed all day, or on a Saturday or Sunday: fewer rows are then no sign
    of a broken extract. Nights are only compared with nights of the same kind.
    """

    def is_quiet(day: date) -> bool:
        version = agreement.version_on(day)["agreement_version"]
        return day.weekday() >= SATURDAY or not all(
            agreement.working_calendars(day, version).values()
        )

    days = (night - timedelta(days=offset) for offset in range(1, DAYS_OF_MEMORY + 1))
    return [(day, is_quiet(day)) for day in days]


def _instant(known: date | None) -> str:
    return known.isoformat() if known else "-infinity"
