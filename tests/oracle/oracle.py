"""The entry point: landed rows and an agreement in, marts out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.oracle import rows, trends
from tests.oracle.agreement import Agreement
from tests.oracle.company import Company, Landed
from tests.oracle.delivery import Delivery
from tests.oracle.findings import Findings
from tests.oracle.freshness import agg_source_freshness
from tests.oracle.handoffs import Handoffs
from tests.oracle.identity import Identity
from tests.oracle.quality import Quality
from tests.oracle.review import Record, agg_review_monthly
from tests.oracle.rows import Marts
from tests.oracle.sheets import SHEETS, Sheets
from tests.oracle.sla import Compliance
from tests.oracle.stage_events import StageEvents
from tests.oracle.touches import Touches
from tests.oracle.transitions import Transition, transitions_of
from tests.oracle.values import second_of
from tests.oracle.waterfall import Waterfall


@dataclass
class Judged:
    """All that is known about a company at as_of, as objects."""

    company: Company
    identity: Identity
    events: StageEvents
    transitions: dict[str, list[Transition]]
    touches: Touches
    handoffs: Handoffs
    delivery: Delivery
    compliance: Compliance
    findings: Findings
    as_of: datetime


def judge(landed: Iterable[Landed], agreement_dir: Path, as_of: datetime, night: date) -> Judged:
    """Work out everything about a company from what the run for `night` has landed."""
    agreement = Agreement(Path(agreement_dir))
    company = Company(landed, agreement, as_of, night)
    identity = Identity(company)
    events = StageEvents(company, identity)
    touches = Touches(company, identity)
    transitions: dict[str, list[Transition]] = {}
    for lead in identity.leads:
        moves = transitions_of(events.events.get(lead.lead_id, []), agreement.judging)
        transitions[lead.lead_id] = moves
        for previous, move in pairwise(moves):
            # A touch in the same second as a transition lies before it.
            move.touches_since_previous = sum(
                second_of(previous.earliest_at) < touch.latest
                and touch.earliest <= second_of(move.latest_at)
                for touch in touches.of_lead(lead)
                if touch.user_id is not None
            )
    handoffs = Handoffs(company, identity, events, transitions, touches)
    delivery = Delivery(company, identity, events, touches, as_of)
    delivery.weigh(handoffs)
    delivery.blank_what_is_not_known(transitions, handoffs)
    compliance = Compliance(handoffs, identity, delivery, as_of)
    findings = Findings(identity, events, transitions, handoffs, compliance, delivery, as_of)
    return Judged(
        company,
        identity,
        events,
        transitions,
        touches,
        handoffs,
        delivery,
        compliance,
        findings,
        as_of,
    )


def marts(
    landed: Iterable[Landed],
    agreement_dir: Path,
    as_of: datetime,
    night: date,
    review: dict[str, list[dict[str, Any]]] | None = None,
) -> Marts:
    """Return every mart by name, as rows with the columns that analysts read.

    Times are UTC instants, durations decimal hours with 6 places, ids text. `review` holds the rows
    of the review's own tables by name, where there are any.
    """
    record = Record(as_of, **(review or {}))
    judged = judge(landed, agreement_dir, as_of, night)
    identity, handoffs = judged.identity, judged.handoffs
    quality = Quality(
        judged.company,
        identity,
        judged.events,
        judged.transitions,
        judged.touches,
        handoffs,
        judged.compliance,
        as_of,
    )
    sheets = Sheets(identity, judged.transitions, handoffs, judged.compliance, as_of)
    return {
        "dim_leads": list(rows.dim_leads(identity, judged.transitions, as_of)),
        "bridge_lead_ids": list(rows.bridge_lead_ids(identity)),
        "fct_stage_events": list(rows.fct_stage_events(judged.events)),
        "fct_stage_transitions": list(
            rows.fct_stage_transitions(identity, judged.transitions, as_of)
        ),
        "fct_handoffs": list(rows.fct_handoffs(identity, handoffs)),
        "fct_handoff_legs": list(rows.fct_handoff_legs(handoffs)),
        "fct_touches": list(rows.fct_touches(judged.touches)),
        "fct_sla_compliance": list(rows.fct_sla_compliance(judged.compliance)),
        "fct_integrity_findings": [finding.row() for finding in judged.findings.found],
        **quality.rows(),
        "agg_waterfall_monthly": Waterfall(
            judged.transitions, handoffs, judged.findings, as_of
        ).rows(),
        "agg_review_monthly": agg_review_monthly(handoffs, record),
        "agg_source_freshness": agg_source_freshness(judged.company),
        **trends.rows(
            trends.Trends(judged.transitions, handoffs, judged.compliance, record, as_of)
        ),
        **{name: list(rows_of(sheets)) for name, rows_of in SHEETS.items()},
    }
