"""The steps of a month's review, as plain functions that the DAGs' tasks call.

Other parts are imported where they are used, as in the steps of a night.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lead_handoff import settings
from lead_handoff.airflow.telling import teller


def month_due() -> tuple[str | None, str]:
    """The month to draw now, or None; in either case the reason."""
    from lead_handoff.review import due

    return due.month_due(settings.warehouse_url("owner"), settings.agreement_dir())


def freeze(month: str, asked_at: datetime) -> dict[str, Any]:
    """Freeze the month's population; returns what its release has to know.

    ``is_fresh``: it was not frozen yet when the draw was asked for.
    """
    from lead_handoff.review import notice
    from lead_handoff.review.draw import freeze_month

    tell = teller("freeze")
    frozen = freeze_month(
        month,
        warehouse_url=settings.warehouse_url("owner"),
        agreement_dir=settings.agreement_dir(),
        progress=teller("freeze", is_passing=True),
    )
    tell(f"{month}: {frozen.population_size} handoffs, SHA-256 {frozen.population_sha256}")
    return {
        "month": month,
        "is_fresh": frozen.frozen_at >= asked_at,
        "is_drawn": frozen.seed is not None,
        "population_size": frozen.population_size,
        "population_sha256": frozen.population_sha256,
        "notice": notice.notice(settings.warehouse_url("owner"), frozen),
    }


def draw(
    month: str, seed: str | None, is_seed_early: bool, released_by: str | None
) -> dict[str, Any]:
    """Draw the frozen month's sample, write workbooks and CSV."""
    from lead_handoff.review.draw import draw_month

    tell = teller("draw")
    drawn = draw_month(
        month,
        warehouse_url=settings.warehouse_url("owner"),
        out_dir=settings.review_dir(),
        seed=seed,
        is_seed_early=is_seed_early,
        released_by=released_by,
        agreement_dir=settings.agreement_dir(),
        progress=teller("draw", is_passing=True),
    )
    tell(f"{month}: {drawn.sample_size} of {drawn.population_size} cases, {drawn.workbook}")
    hand_over(month, tell)
    if drawn.unassigned:
        tell(f"{month}: {drawn.unassigned} cases nobody may review: all reviewers took part")
    return {
        "month": month,
        "workbook": str(drawn.workbook),
        "manifest": str(drawn.manifest),
        "seed_origin": drawn.seed_origin,
        "population_size": drawn.population_size,
        "sample_size": drawn.sample_size,
    }


def hand_over(month: str, tell: Callable[[str], None]) -> None:
    """Copy the month's files to where people fetch them, if there is such a place."""
    from lead_handoff.review.delivery import deliver

    place = settings.review_delivery()
    if place is None:
        return
    delivered = deliver(settings.review_dir() / month, place)
    tell(f"{month}: {len(delivered.written)} files delivered to {delivered.place}")


def take_verdicts() -> dict[str, int]:
    """Accept or refuse the case files that reviewers returned; estimate their months anew."""
    from lead_handoff.review.estimate import estimate_month
    from lead_handoff.review.intake import take_in

    tell = teller("intake")
    accepted, refused = take_in(
        settings.review_dir(),
        warehouse_url=settings.warehouse_url("owner"),
        agreement_dir=settings.agreement_dir(),
    )
    for file in accepted:
        tell(f"{file.month}: {file.file}: {file.verdicts} verdicts, {file.superseded} replaced")
    for error in refused:
        # What a reviewer typed stays in the text beside the file: this line goes to Airflow's log.
        tell(f"{str(error).splitlines()[0]} ({', '.join(error.names)}); see intake/refused")
    for month in sorted({file.month for file in accepted}):
        estimate = estimate_month(
            month,
            warehouse_url=settings.warehouse_url("owner"),
            out_dir=settings.review_dir(),
            agreement_dir=settings.agreement_dir(),
        )
        tell(f"{month}: {estimate['decision']['words']}")
        hand_over(month, tell)
    return {"accepted": len(accepted), "refused": len(refused)}
