"""How old the newest change of each source is, and whether that is stale by the gate's rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tests.oracle.company import Company
from tests.oracle.rows import MartRow

MEMORY = timedelta(days=180)
DAYS = 4
"""What expectations/limits.yml grants each source."""
UNREAD = {("salesforce", "Campaign"), ("salesforce", "LeadStatus"), ("marketo", "activity_types")}
"""Objects that no mart is made of."""


def agg_source_freshness(company: Company) -> list[MartRow]:
    """One row per source and object that landed, and one per source of the agreement."""
    stamps: dict[tuple[str, str], list[datetime]] = {
        (source, "all"): [] for source in company.agreement.roles
    }
    for (source, name), records in company.versions.items():
        found = [
            version.stamp
            for versions in records.values()
            for version in versions
            if not version.from_folder
        ]
        if found and source in company.agreement.roles and (source, name) not in UNREAD:
            stamps[source, name] = found
            stamps[source, "all"] = stamps[source, "all"] + found
    return [_row(company, *unit, found) for unit, found in stamps.items()]


def _row(company: Company, source: str, name: str, stamps: list[datetime]) -> MartRow:
    newest = max(stamps, default=None)
    days = sorted({at.astimezone(UTC).date() for at in stamps if at >= company.as_of - MEMORY})
    pause = max((after - before for before, after in pairwise(days)), default=timedelta())
    limit = max(DAYS, 2 * pause.days) if len(days) >= 5 else None
    today = company.as_of.astimezone(UTC).date()
    old = (today - newest.astimezone(UTC).date()).days if newest else None
    is_required = company.agreement.required[source]
    return {
        "source_system": source,
        "object_name": name,
        "is_required": is_required,
        "newest_change_at": newest,
        "days_old": old,
        "days_with_changes": len(days),
        "longest_pause_days": pause.days if days else None,
        "stale_after_days": limit,
        "is_stale": is_required if old is None else limit is not None and old > limit,
    }
