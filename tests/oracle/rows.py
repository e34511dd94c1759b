"""The marts as rows: the columns that analysts read, from the judged objects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.oracle.agreement import Version
from tests.oracle.handoffs import Handoff, Handoffs
from tests.oracle.identity import Identity, Lead
from tests.oracle.sla import Compliance
from tests.oracle.stage_events import StageEvents
from tests.oracle.touches import Touches
from tests.oracle.transitions import Transition
from tests.oracle.values import hours, microseconds

MartRow = dict[str, Any]
Marts = dict[str, list[MartRow]]


def _current_field(identity: Identity, lead: Lead, role: str) -> str | None:
    """A role's current value: the first filled one of the SFA side's systems, then the MAP's.

    Choice: of a system's fields the newest agreement's counts, an older one's where it is blank.
    """
    agreement = identity.agreement
    for source in dict.fromkeys(
        agreement.sources_by_role("sfa") + agreement.sources_by_role("map")
    ):
        if source in lead.survivors:
            for version in reversed(agreement.versions):
                for field in version.fields(role):
                    value = lead.survivors[source].row.get(field["field"])
                    if field["source_system"] == source and (value or "").strip():
                        return value
    return None


def lead_source_of(identity: Identity, lead: Lead) -> str | None:
    """The lead's source as it stands now."""
    return _current_field(identity, lead, "lead_source")


def dim_leads(
    identity: Identity, transitions: dict[str, list[Transition]], as_of: datetime
) -> Iterable[MartRow]:
    for lead in identity.leads:
        moves = transitions.get(lead.lead_id, [])
        yield {
            "lead_id": lead.lead_id,
            "salesforce_lead_id": lead.survivor_id("salesforce"),
            "marketo_lead_id": lead.survivor_id("marketo"),
            "hubspot_contact_id": lead.survivor_id("hubspot"),
            "generic_lead_id": lead.survivor_id("generic"),
            "company": _current_field(identity, lead, "company"),
            "lead_source": lead_source_of(identity, lead),
            "created_at": lead.created_at,
            "current_stage": moves[-1].to_stage if moves else None,
            "current_owner_id": identity.owner_at(lead, as_of),
            "journey_number": moves[-1].journey_number if moves else None,
            "is_deleted": lead.is_deleted,
            "merged_count": lead.merged_count,
        }


def bridge_lead_ids(identity: Identity) -> Iterable[MartRow]:
    for lead in identity.leads:
        for record in lead.records:
            yield {
                "lead_id": lead.lead_id,
                "source_system": record.source,
                "source_id": record.record_id,
                "is_survivor": lead.survivors[record.source] is record,
            }


def fct_stage_events(events: StageEvents) -> Iterable[MartRow]:
    for found in events.events.values():
        for event in found:
            yield {
                "event_id": event.event_id,
                "lead_id": event.lead.lead_id,
                "source_system": event.source,
                "source_event_id": event.source_event_id,
                "stage": event.stage,
                "occurred_at": event.occurred_at,
                "has_time_of_day": event.day is None,
                "recorded_at": event.recorded_at,
                "actor_id": event.actor_id,
                "actor_type": event.actor_type,
                "reason": event.reason,
                "raw_value": event.raw_value,
                "is_authority": event.is_authority,
                "is_echo": not event.is_authority,
                "is_repeat": event.is_repeat,
            }


def fct_stage_transitions(
    identity: Identity, transitions: dict[str, list[Transition]], as_of: datetime
) -> Iterable[MartRow]:
    for moves in transitions.values():
        for move in moves:
            event = move.event
            span = business = so_far = None
            if move.exited_at is not None:
                span = hours(microseconds(move.exited_at - move.entered_at))
                owner = identity.owner_at(event.lead, move.entered_at)
                source = identity.owner_source(event.lead, move.entered_at)
                calendar = move.version.calendar_of(source, owner)
                business = hours(calendar.between(move.entered_at, move.exited_at))
            else:
                so_far = hours(microseconds(as_of - move.entered_at))
            yield {
                "transition_id": move.transition_id,
                "lead_id": event.lead.lead_id,
                "journey_number": move.journey_number,
                "transition_number": move.number,
                "from_stage": move.from_stage,
                "to_stage": move.to_stage,
                "direction": move.direction,
                "skipped_stages": move.skipped_stages,
                "entered_at": move.entered_at,
                "has_time_of_day": event.day is None,
                "exited_at": move.exited_at,
                "hours_in_stage": span,
                "business_hours_in_stage": business,
                "hours_so_far": so_far,
                "actor_id": event.actor_id,
                "actor_type": event.actor_type,
                "source_system": event.source,
                "source_event_id": event.source_event_id,
                "touches_since_previous": move.touches_since_previous,
                "is_silent": move.is_silent,
                "reason": event.reason,
            }


def _roster_value(version: Version, source: str | None, user: str | None, name: str) -> str | None:
    row = version.roster.get((source or "", user or ""))
    return (row[name] or None) if row else None


def team_of(handoff: Handoff) -> str | None:
    """The team of the owner at the offer, on the roster of the handoff's version."""
    return _roster_value(handoff.version, handoff.owner_source, handoff.owner_id, "team")


def fct_handoffs(identity: Identity, handoffs: Handoffs) -> Iterable[MartRow]:
    for handoff in handoffs.all():
        yield _handoff_row(identity, handoff)


def _handoff_row(identity: Identity, handoff: Handoff) -> MartRow:
    response = handoff.response
    accepted = response if handoff.outcome == "accepted" else None
    rejected = response if handoff.outcome == "rejected" else None
    touches = handoff.counted_touches
    sql, won, lost = (handoff.first_into({stage}) for stage in ("sql", "won", "lost"))
    rejection = handoff.rejection
    opportunity = handoff.opportunity
    return {
        "handoff_id": handoff.handoff_id,
        "lead_id": handoff.lead.lead_id,
        "journey_number": handoff.opening.journey_number,
        "handoff_number": handoff.number,
        "offered_at": handoff.offered_at,
        "has_time_of_day": handoff.opening.event.day is None,
        "offered_by_id": handoff.opening.event.actor_id,
        "owner_id_at_offer": handoff.owner_id,
        "team_at_offer": team_of(handoff),
        "score_at_offer": handoff.score,
        "fit_score_at_offer": handoff.fit_score,
        "engagement_score_at_offer": handoff.engagement_score,
        "attributes_met": handoff.attributes_met,
        "met_definition": handoff.met_definition,
        "tier": handoff.tier,
        "agreement_version": handoff.agreement_version,
        # How a lead was scored before the first version nobody has written down.
        "scoring_rule_version": (
            handoff.version.row.get("scoring_rule_version") or None
            if handoff.agreement_version
            else None
        ),
        "response_due_at": handoff.response_due_at,
        "responded_at": response.entered_at if response else None,
        "outcome": handoff.outcome,
        "accepted_at": accepted.entered_at if accepted else None,
        "accepted_by_id": accepted.event.actor_id if accepted else None,
        "accepted_by_type": accepted.actor_type if accepted else None,
        "accepted_by_owner": handoff.accepted_by_owner,
        "implicit_acceptance": accepted is not None and accepted.to_stage != "sal",
        "rejected_at": rejected.entered_at if rejected else None,
        "rejected_by_id": rejected.event.actor_id if rejected else None,
        "rejected_by_type": rejected.actor_type if rejected else None,
        "rejection_reason": handoff.reason,
        "rejection_family": handoff.family,
        "sent_back_at": handoff.sent_back.entered_at if handoff.sent_back else None,
        "expired": handoff.expired,
        "transfers": len(handoff.transfers),
        "first_touch_at": (
            max(touches[0].occurred_at, handoff.offered_at)
            if touches and handoff.knows_touches
            else None
        ),
        "touches": len(touches) if handoff.knows_touches else None,
        "channels": (len({touch.channel for touch in touches}) if handoff.knows_touches else None),
        "touches_before_rejection": (
            len(handoff.touches_until(rejection))
            if rejection and handoff.knows_touches_before_exit
            else None
        ),
        "sql_at": sql.entered_at if sql else None,
        "sql_actor_type": sql.actor_type if sql else None,
        "won_at": won.entered_at if won else None,
        "lost_at": lost.entered_at if lost else None,
        "amount": opportunity.amount if opportunity else None,
        "currency": opportunity.currency if opportunity else None,
        "lead_source": lead_source_of(identity, handoff.lead),
        "campaign_id": handoff.campaign_id,
    }


def fct_handoff_legs(handoffs: Handoffs) -> Iterable[MartRow]:
    for handoff in handoffs.all():
        for leg in handoff.legs:
            yield {
                "handoff_id": handoff.handoff_id,
                "leg_number": leg.number,
                "owner_id": leg.owner_id,
                "from_at": leg.from_at,
                "to_at": leg.to_at,
                "business_hours_held": hours(leg.business_microseconds),
                "responded": leg.responded,
            }


def fct_touches(touches: Touches) -> Iterable[MartRow]:
    for found in touches.by_lead.values():
        for touch in found:
            yield {
                "touch_id": touch.touch_id,
                "lead_id": touch.lead.lead_id,
                "handoff_id": touch.handoff_id,
                "user_id": touch.user_id,
                "channel": touch.channel,
                "occurred_at": touch.occurred_at,
                "has_time_of_day": touch.day is None,
                "recorded_at": touch.recorded_at,
                "is_late_logged": touch.is_late_logged,
            }


def fct_sla_compliance(compliance: Compliance) -> Iterable[MartRow]:
    for row in compliance.rows:
        handoff = row.handoff
        team = manager = None
        if handoff is not None:
            source, version = handoff.owner_source, handoff.version
            team = _roster_value(version, source, row.owner_id, "team")
            manager = _roster_value(version, source, row.owner_id, "manager_id")
        yield {
            "handoff_id": handoff.handoff_id if handoff else None,
            "lead_id": handoff.lead.lead_id if handoff else None,
            "clause": row.clause,
            "party": row.party,
            "owner_id": row.owner_id,
            "team": team,
            "manager_id": manager,
            "tier": handoff.tier if handoff else None,
            "agreement_version": row.agreement_version,
            "period_start": row.period_start,
            "segment": row.segment,
            "started_at": row.started_at,
            "due_at": row.due_at,
            "met_at": row.met_at,
            "status": row.status,
            "not_applicable_because": row.because,
            "at_risk": row.at_risk,
            "required": row.required,
            "actual": row.actual,
            "margin": row.margin,
        }
