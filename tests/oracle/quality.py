"""How good the leads were and what became of them: aggregates over handoffs and opportunities.

Written out lead by lead; every table counts its own rows anew, so that no two share a mistake.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.agreement import OPEN_STAGES, Version
from tests.oracle.company import Company
from tests.oracle.handoffs import ACCEPTING_STAGES, Handoff, Handoffs
from tests.oracle.identity import Identity
from tests.oracle.rows import MartRow, lead_source_of
from tests.oracle.sla import Clause, Compliance
from tests.oracle.stage_events import OPPORTUNITY_OBJECTS, StageEvents
from tests.oracle.touches import Touches
from tests.oracle.transitions import Transition
from tests.oracle.values import (
    MICROSECONDS_PER_DAY,
    hours,
    microseconds,
    parse_boolean,
    parse_number,
    rounded,
    second_of,
)
from tests.oracle.waterfall import wilson

FAMILIES = ("procedural", "clerical", "definitional")
ENOUGH_FOR_ONE_BUCKET = 20
EXIT_KEY = ("month", "exit_kind", "rejection_family", "rejection_reason")
ExitKey = tuple[date, str, str, str]


def share(name: str, successes: int, total: int) -> dict[str, Any]:
    """A rate and its interval under three names; all null of nothing."""
    interval = wilson(successes, total)
    return {
        name: rounded(successes, total) if total else None,
        f"{name}_low": interval[0] if interval else None,
        f"{name}_high": interval[1] if interval else None,
    }


def is_by_machine(move: Transition | None) -> bool:
    return move is not None and move.actor_type == "automation"


def is_by_person(move: Transition | None) -> bool:
    return move is not None and move.actor_type == "human"


def acceptance(handoffs: Iterable[Handoff], as_of: datetime) -> dict[str, Any]:
    """Counts of acceptances, and the human ones as a share of what had to be answered."""
    handoffs = list(handoffs)
    accepted = [one for one in handoffs if one.is_accepted]
    due = [
        one
        for one in handoffs
        if one.response_due_at is not None
        and one.response_due_at < as_of
        and one.outcome != "withdrawn"
    ]
    by_person = sum(one.is_accepted and is_by_person(one.response) for one in due)
    return {
        "accepted": len(accepted),
        "accepted_by_person": sum(is_by_person(one.response) for one in accepted),
        "accepted_by_machine": sum(is_by_machine(one.response) for one in accepted),
    } | share("acceptance_rate", by_person, len(due))


def judgement(handoffs: Iterable[Handoff]) -> dict[str, int]:
    """What else sales said, and how far the leads came."""
    counts: Counter[str] = Counter()
    for one in handoffs:
        if one.outcome == "rejected":
            counts["rejected"] += 1
            if is_by_machine(one.response):
                counts["rejected_by_machine"] += 1
            else:
                family = one.family if one.family in FAMILIES else "other"
                counts[f"rejected_{family}"] += 1
        counts["sent_back"] += one.sent_back is not None
        counts["ignored"] += one.outcome == "ignored"
        sql = one.first_into({"sql"})
        counts["sqls"] += sql is not None
        counts["sqls_by_person"] += is_by_person(sql)
        counts["won"] += one.first_into({"won"}) is not None
    names = ["rejected", *(f"rejected_{family}" for family in (*FAMILIES, "other"))]
    names += ["rejected_by_machine", "sent_back", "ignored", "sqls", "sqls_by_person", "won"]
    return {name: counts[name] for name in names}


def median(values: list[int]) -> Fraction | None:
    """The middle value, or the mean of the two middle ones."""
    if not values:
        return None
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return Fraction(low + high, 2)


class Quality:
    """Works out the aggregates of one company at as_of."""

    def __init__(
        self,
        company: Company,
        identity: Identity,
        events: StageEvents,
        transitions: Mapping[str, list[Transition]],
        touches: Touches,
        handoffs: Handoffs,
        compliance: Compliance,
        as_of: datetime,
    ) -> None:
        self.company = company
        self.identity = identity
        self.events = events
        self.transitions = transitions
        self.touches = touches
        self.handoffs = handoffs
        self.compliance = compliance
        self.agreement = company.agreement
        self.as_of = as_of
        self.this_month = self._month(as_of)

    def rows(self) -> dict[str, list[MartRow]]:
        """All of its tables by name."""
        return {
            "agg_scoring_feedback": self.scoring_feedback(),
            "agg_marketing_commitments": self.commitments(),
            "agg_bdr_scorecard": self.bdr_scorecard(),
            "agg_tier_mix_monthly": self.tier_mix(),
            "agg_source_revenue": self.source_revenue(),
            "agg_pipeline_sources_monthly": self.pipeline_sources(),
            "agg_rejected_fate": self.rejected_fate(),
            "agg_rejected_losses": self.rejected_losses(),
            "fct_dropped_leads": self.dropped_leads(),
        }

    def _month(self, at: datetime) -> date:
        zone = self.agreement.judging(at).zone
        return at.astimezone(zone).date().replace(day=1)

    def _source(self, handoff: Handoff) -> str | None:
        return lead_source_of(self.identity, handoff.lead)

    # -- how the leads were scored ---------------------------------------------------------

    def scoring_feedback(self) -> list[MartRow]:
        """Per version and score band, tier, and attribute met or not; every handoff in each."""
        found: dict[tuple[str, str, str], list[Handoff]] = defaultdict(list)
        starts: dict[str, int] = {}
        for handoff in self.handoffs.all():
            version = handoff.agreement_version or "none"
            band = "no score"
            if handoff.score is not None:
                start = math.floor(handoff.score / 10) * 10
                band = f"{start} to {start + 9}"
                starts[band] = start
            found[version, "score_band", band].append(handoff)
            found[version, "tier", handoff.tier or "none"].append(handoff)
            for attribute, is_met in self._attributes(handoff).items():
                value = "met" if is_met else "not met"
                found[version, f"attribute:{attribute}", value].append(handoff)
        rules = {
            version.name: version.row.get("scoring_rule_version") or None
            for version in self.agreement.versions
        }
        return [
            {
                "agreement_version": version,
                "dimension": dimension,
                "value": value,
                "score_from": starts.get(value) if dimension == "score_band" else None,
                "scoring_rule_version": rules.get(version),
                "handoffs": len(handoffs),
            }
            | acceptance(handoffs, self.as_of)
            | judgement(handoffs)
            | {"is_mature": all(one.outcome != "pending" for one in handoffs)}
            for (version, dimension, value), handoffs in found.items()
        ]

    def _attributes(self, handoff: Handoff) -> dict[str, bool]:
        return {
            attribute: self.handoffs.is_attribute_met_at_offer(handoff, attribute)
            for attribute in handoff.version.attributes
        }

    def tier_mix(self) -> list[MartRow]:
        """How a month's handoffs are spread over the tiers."""
        months: dict[date, list[Handoff]] = defaultdict(list)
        for handoff in self.handoffs.all():
            months[self._month(handoff.offered_at)].append(handoff)
        result = []
        for month, handoffs in months.items():
            has_choice = any(len(one.version.tiers) > 1 for one in handoffs)
            for tier, count in Counter(one.tier or "none" for one in handoffs).items():
                is_all = count == len(handoffs) and count >= ENOUGH_FOR_ONE_BUCKET
                row: MartRow = {"month": month, "tier": tier, "handoffs": count}
                row["handoffs_of_all_tiers"] = len(handoffs)
                row |= share("share", count, len(handoffs))
                row["is_one_bucket"] = is_all and has_choice
                row["is_mature"] = month < self.this_month
                result.append(row)
        return result

    # -- what marketing promised -----------------------------------------------------------

    def commitments(self) -> list[MartRow]:
        """A row per row of clause volume."""
        return [self._commitment(row) for row in self.compliance.rows if row.clause == "volume"]

    def _commitment(self, row: Clause) -> MartRow:
        assert row.started_at is not None
        assert row.due_at is not None
        delivered = [
            handoff
            for handoff in self.handoffs.all()
            if row.started_at <= handoff.offered_at < row.due_at
            and self._is_in(handoff, row.segment or "all")
        ]
        qualified = sum(handoff.met_definition is True for handoff in delivered)
        unknown = sum(handoff.met_definition is None for handoff in delivered)
        promised = self._promised(row)
        # What is not known to have met the definition may have: a shortfall is then not known.
        is_open = 0 < promised - qualified <= unknown
        shortfall = None if is_open else max(promised - qualified, 0)
        gone = min(self.as_of, row.due_at) - row.started_at
        is_over = row.due_at <= self.as_of
        months = (row.due_at - row.started_at).days // 28
        return (
            {
                "period_kind": "quarter" if months >= 3 else "month",
                "period_start": row.period_start,
                "segment": row.segment,
                "agreement_version": row.agreement_version,
                "promised": promised,
                "delivered": len(delivered),
                "qualified": qualified if unknown < len(delivered) or not delivered else None,
                "qualification_unknown": unknown,
                "shortfall": shortfall,
            }
            | share("quality", qualified, len(delivered) - unknown)
            | acceptance(delivered, self.as_of)
            | {
                "status": row.status,
                "met_at": row.met_at,
                "share_of_period_gone": rounded(
                    microseconds(gone), microseconds(row.due_at - row.started_at)
                ),
                "is_period_over": is_over,
                "is_mature": is_over and all(one.outcome != "pending" for one in delivered),
            }
        )

    def _promised(self, row: Clause) -> int:
        version = next(one for one in self.agreement.versions if one.name == row.agreement_version)
        assert row.started_at is not None
        assert row.due_at is not None
        kind = "quarter" if (row.due_at - row.started_at).days // 28 >= 3 else "month"
        return next(
            int(line["qualified_handoffs"])
            for line in version.tables["commitments"]
            if (line["period_kind"], line["segment"]) == (kind, row.segment)
            and (line.get("month") or f"{row.period_start:%Y-%m}") == f"{row.period_start:%Y-%m}"
        )

    def _is_in(self, handoff: Handoff, segment: str) -> bool:
        kind, _, value = segment.partition(":")
        if kind == "tier":
            return handoff.tier == value
        if kind == "lead_source":
            return self._source(handoff) == value
        return segment == "all"

    # -- who handed over -------------------------------------------------------------------

    def bdr_scorecard(self) -> list[MartRow]:
        """Per month and person of marketing, teleservices, or BDR: offered, or routed as owner."""
        found: dict[tuple[date, str, str, str], list[Handoff]] = defaultdict(list)
        for handoff in self.handoffs.all():
            month = self._month(handoff.offered_at)
            event = handoff.opening.event
            offerer = (event.source, event.actor_id or "")
            if self._hands_over(handoff.version, offerer, {"marketing", "teleservices"}):
                found[month, "offered", *offerer].append(handoff)
            owner = (handoff.owner_source or "", handoff.owner_id or "")
            if self._hands_over(handoff.version, owner, {"teleservices"}):
                found[month, "routed", *owner].append(handoff)
        result = []
        for (month, leg, source, user), handoffs in found.items():
            met = sum(one.met_definition is True for one in handoffs)
            unknown = sum(one.met_definition is None for one in handoffs)
            amounts = self._amounts(one for one in handoffs if one.first_into({"won"}))
            only = next(iter(amounts)) if len(amounts) == 1 else None
            row: MartRow = {
                "month": month,
                "leg": leg,
                "source_system": source,
                "user_id": user,
                "handoffs": len(handoffs),
                "met_definition": met if unknown < len(handoffs) else None,
                "definition_unknown": unknown,
            }
            row |= share("definition_rate", met, len(handoffs) - unknown)
            row |= acceptance(handoffs, self.as_of) | judgement(handoffs)
            row["currencies"] = len(amounts)
            row["currency"] = only
            row["amount_won"] = amounts[only] if only is not None else None
            is_answered = all(one.outcome != "pending" for one in handoffs)
            row["is_mature"] = is_answered and month < self.this_month
            result.append(row)
        return result

    @staticmethod
    def _hands_over(version: Version, user: tuple[str, str], functions: set[str]) -> bool:
        row = version.roster.get(user)
        if row is None or user in version.automation_users:
            return False
        return row["function"] in functions or row["role"].lower() == "bdr"

    @staticmethod
    def _amounts(handoffs: Iterable[Handoff]) -> dict[str, Decimal]:
        result: dict[str, Decimal] = {}
        for handoff in handoffs:
            opportunity = handoff.opportunity
            if opportunity is not None and opportunity.amount is not None:
                currency = opportunity.currency or "none"
                result[currency] = result.get(currency, Decimal(0)) + opportunity.amount
        return result

    # -- what it brought -------------------------------------------------------------------

    def source_revenue(self) -> list[MartRow]:
        """Handoffs in the month of the offer, deals in the month they were won."""
        opened: Counter[tuple[date, str, str, str]] = Counter()
        won: dict[tuple[date, str, str, str], list[Decimal | None]] = defaultdict(list)
        for handoff in self.handoffs.all():
            opportunity = handoff.opportunity
            key = (
                self._source(handoff) or "none",
                handoff.campaign_id or "none",
                (opportunity.currency if opportunity else None) or "none",
            )
            opened[self._month(handoff.offered_at), *key] += 1
            deal = handoff.first_into({"won"})
            if deal is not None:
                amount = opportunity.amount if opportunity else None
                won[self._month(deal.entered_at), *key].append(amount)
        result = []
        for key_of_row in opened.keys() | won.keys():
            month, source, campaign, currency = key_of_row
            amounts = won.get(key_of_row, [])
            known = [amount for amount in amounts if amount is not None]
            result.append(
                {
                    "month": month,
                    "lead_source": source,
                    "campaign_id": campaign,
                    "currency": currency,
                    "handoffs": opened[key_of_row],
                    "won": len(amounts),
                    "won_without_amount": len(amounts) - len(known),
                    "amount_won": sum(known, Decimal(0)) if known else None,
                    "is_mature": month < self.this_month,
                }
            )
        return result

    def pipeline_sources(self) -> list[MartRow]:
        """Opportunities created per month, and those whose lead had been handed over by then."""
        found: dict[tuple[date, str], list[tuple[bool, str, Decimal | None]]] = defaultdict(list)
        for is_sourced, created, currency, amount in self._pipeline():
            one = (is_sourced, currency, amount)
            found[self._month(created), "all"].append(one)
            found[self._month(created), currency].append(one)
        result = []
        for (month, currency), pipeline in found.items():
            sourced = sum(is_sourced for is_sourced, *_ in pipeline)
            amounts = [(one, name, amount) for one, name, amount in pipeline if amount is not None]
            is_mixed = len({name for _, name, _ in amounts}) > 1
            limit, enough = self._too_good_from(month)
            is_too_good = None
            if limit is not None and enough is not None:
                is_too_good = len(pipeline) >= enough and Fraction(
                    sourced, len(pipeline)
                ) > Fraction(limit)
            row: MartRow = {"month": month, "currency": currency}
            row["opportunities"] = len(pipeline)
            row["marketing_sourced"] = sourced
            row |= share("marketing_sourced_share", sourced, len(pipeline))
            for name, chosen in (
                ("amount", [amount for *_, amount in amounts]),
                ("amount_marketing_sourced", [a for is_in, _, a in amounts if is_in]),
            ):
                row[name] = sum(chosen, Decimal(0)) if chosen and not is_mixed else None
            row["too_good_share"] = limit
            row["too_good_minimum_opportunities"] = enough
            row["is_too_good"] = is_too_good
            row["is_mature"] = month < self.this_month
            result.append(row)
        return result

    def _pipeline(self) -> Iterable[tuple[bool, datetime, str, Decimal | None]]:
        """Every opportunity that was created and is not deleted, whether a lead has it or not."""
        leads = {
            (one.source, one.opportunity_id): one.lead.lead_id
            for own in self.events.opportunities.values()
            for one in own
        }
        for source, name, amount, currency, created in (
            ("salesforce", "Opportunity", "Amount", "CurrencyIsoCode", "CreatedDate"),
            ("generic", "opportunities", "amount", "currency", "created_at"),
            ("hubspot", "deals", "amount", "deal_currency_code", "createdate"),
        ):
            for key, row in self.company.current(source, name).items():
                at = self.company.instant(source, row.get(created))
                if at is None or at >= self.as_of:
                    continue
                if parse_boolean(row.get("IsDeleted")) or parse_boolean(row.get("archived")):
                    continue
                handoffs = self.handoffs.by_lead.get(leads.get((source, key), ""), [])
                is_sourced = any(one.offered_at <= at for one in handoffs)
                yield is_sourced, at, row.get(currency) or "none", parse_number(row.get(amount))

    def _too_good_from(self, month: date) -> tuple[Decimal | None, Decimal | None]:
        """Share and number of opportunities that the version of the month's first day names."""
        versions = self.agreement.versions
        started = [
            one for one in versions if date.fromisoformat(one.row["valid_from"]) <= month
        ] or versions[:1]
        limits = [
            started[-1].threshold("too_good_pipeline", name)
            for name in ("share", "minimum_opportunities")
        ]
        one, other = (Decimal(limit) if limit else None for limit in limits)
        return one, other

    # -- what became of the rejected -------------------------------------------------------

    def rejected_fate(self) -> list[MartRow]:
        """What the leads of rejected and sent-back handoffs did afterwards."""
        return [
            dict(zip(EXIT_KEY, key, strict=True)) | self._fates(key[0], fates)
            for key, fates in self._exits().items()
        ]

    def rejected_losses(self) -> list[MartRow]:
        """Why the deals were lost that such leads became."""
        result = []
        for key, fates in self._exits().items():
            found: dict[str, list[_Fate]] = defaultdict(list)
            for fate in fates:
                if fate.loss is not None:
                    found[self._loss_reason(fate.loss)].append(fate)
            for reason, losses in found.items():
                counts = self._fates(key[0], losses)
                names = ("lost_later", "leads", "median_days_until_lost", "is_mature")
                result.append(
                    dict(zip(EXIT_KEY, key, strict=True))
                    | {"loss_reason": reason}
                    | {name: counts[name] for name in names}
                )
        return result

    def _loss_reason(self, loss: Transition) -> str:
        """In the newest agreement's field of the opportunity; choice: else in an older one's."""
        source, key = loss.event.source, loss.event.opportunity_id
        name = OPPORTUNITY_OBJECTS[source]
        if key is not None:
            record = self.company.current(source, name)[key]
            for version in reversed(self.agreement.versions):
                for field in version.fields("loss_reason"):
                    if field["source_system"] == source and record.get(field["field"]):
                        return str(record[field["field"]])
        return "none"

    def _exits(self) -> dict[ExitKey, list[_Fate]]:
        found: dict[ExitKey, list[_Fate]] = defaultdict(list)
        for handoff in self.handoffs.all():
            exit_move = handoff.rejection
            if exit_move is None:
                continue
            if is_by_machine(exit_move):
                family = "automation"
            elif handoff.reason is None:
                family = "none"
            else:
                family = handoff.family or "unlisted"
            key = (
                self._month(exit_move.entered_at),
                "rejected" if handoff.outcome == "rejected" else "sent_back",
                family,
                handoff.reason or "none",
            )
            moves = self.transitions[handoff.lead.lead_id]
            found[key].append(_Fate(handoff, exit_move, moves))
        return found

    def _fates(self, month: date, fates: list[_Fate]) -> MartRow:
        won = sum(fate.won is not None for fate in fates)
        through = sum(fate.won is not None and fate.is_won_after_next_offer for fate in fates)
        row: MartRow = {
            "rejected": len(fates),
            "leads": len({fate.lead_id for fate in fates}),
            "handed_over_again": sum(fate.handed_over_again is not None for fate in fates),
            "reopened": sum(fate.reopened is not None for fate in fates),
            "accepted_later": sum(fate.accepted is not None for fate in fates),
            "sql_later": sum(fate.sql is not None for fate in fates),
            "won_later": won,
            "won_through_marketing": through,
            "won_otherwise": won - through,
            "lost_later": sum(fate.lost is not None for fate in fates),
            "still_closed": sum(fate.is_still_closed for fate in fates),
            "open_now": sum(fate.is_open_now for fate in fates),
        }
        row |= share("won_later_rate", won, len(fates))
        for name in ("handed_over_again", "accepted", "sql", "won", "lost"):
            spans = [
                microseconds(at - fate.left_at)
                for fate in fates
                if (at := getattr(fate, name)) is not None
            ]
            middle = median(spans)
            row[f"median_days_until_{name}"] = (
                None
                if middle is None
                else rounded(middle.numerator, middle.denominator * MICROSECONDS_PER_DAY)
            )
        row["is_mature"] = month < self.this_month and not any(one.is_open_now for one in fates)
        return row

    # -- what nobody has in hand -----------------------------------------------------------

    def dropped_leads(self) -> list[MartRow]:
        """Leads whose last handoff came to nothing and whom no sales user has touched since."""
        result = []
        for lead in self.identity.leads:
            handoffs = self.handoffs.by_lead[lead.lead_id]
            last = handoffs[-1] if handoffs else None
            if last is None:
                continue
            exit_move = last.rejection
            if last.outcome == "ignored":
                kind, since = "ignored", last.response_due_at
            elif exit_move is not None:
                kind = "rejected" if last.outcome == "rejected" else "sent_back"
                since = exit_move.entered_at
            else:
                continue
            assert since is not None
            stage = self.transitions[lead.lead_id][-1].to_stage
            touches = [one for one in self.touches.of_lead(lead) if one.user_id is not None]
            is_touched = any(one.second > second_of(since) for one in touches)
            if stage in ACCEPTING_STAGES or is_touched:
                continue
            roster = last.version.roster.get((last.owner_source or "", last.owner_id or ""), {})
            result.append(
                {
                    "lead_id": lead.lead_id,
                    "handoff_id": last.handoff_id,
                    "dropped_as": kind,
                    "dropped_at": since,
                    "hours_since_dropped": hours(microseconds(self.as_of - since)),
                    "dropped_by_type": exit_move.actor_type if exit_move else None,
                    "rejection_reason": last.reason,
                    "rejection_family": last.family,
                    "owner_id_at_offer": last.owner_id,
                    "team_at_offer": roster.get("team") or None,
                    "manager_id_at_offer": roster.get("manager_id") or None,
                    "current_owner_id": self.identity.owner_at(lead, self.as_of),
                    "current_stage": stage,
                    "last_touch_at": max((one.occurred_at for one in touches), default=None),
                    "tier": last.tier,
                    "score_at_offer": last.score,
                    "met_definition": last.met_definition,
                    "lead_source": self._source(last),
                    "campaign_id": last.campaign_id,
                    "is_deleted": lead.is_deleted,
                }
            )
        return result


class _Fate:
    """What a lead did after one exit."""

    def __init__(self, handoff: Handoff, exit_move: Transition, moves: list[Transition]) -> None:
        later = moves[moves.index(exit_move) + 1 :]
        self.lead_id = handoff.lead.lead_id
        self.left_at = exit_move.entered_at
        self.handed_over_again = handoff.next_offered_at
        self.reopened = _first(later, OPEN_STAGES)
        self.accepted = _first(later, ACCEPTING_STAGES)
        self.sql = _first(later, {"sql"})
        self.won = _first(later, {"won"})
        self.lost = _first(later, {"lost"})
        self.loss = next((move for move in later if move.to_stage == "lost"), None)
        # What follows in the handoff itself lies before the next offer.
        own = handoff.following[handoff.following.index(exit_move) + 1 :]
        self.is_won_after_next_offer = _first(own, {"won"}) is None
        self.is_still_closed = not (self.reopened or self.won or self.lost)
        self.is_open_now = moves[-1].to_stage in OPEN_STAGES


def _first(moves: Iterable[Transition], stages: Iterable[str]) -> datetime | None:
    chosen = set(stages)
    return min((move.entered_at for move in moves if move.to_stage in chosen), default=None)
