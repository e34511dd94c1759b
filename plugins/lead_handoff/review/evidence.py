"""What a reviewer may know of a case, read from the published marts and masked.

Nobody is named: leads by case number, people by what they are ("Owner (rep)", "Person 2 (bdr)"),
anew in each case, so that two cases cannot be joined by who acted. Of free text only reasons are
shown, without e-mail addresses and telephone numbers. Times are those of the team that was handed
the lead. Only what had happened by the frozen as_of is shown, also when the draw is made later.

The result is plain JSON values: it is recorded with the draw, and case files are made from it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from lead_handoff.agreement import Agreement
from lead_handoff.review.ids import as_in_marts
from lead_handoff.review.text import without_contacts

Row = dict[str, Any]

_EXIT_STAGES = ("rejected", "recycled", "disqualified", "lost")

# Stages that sales works; before them nobody owes a touch.
_WORKED_STAGES = ("sal", "sql")

# Rows of a timeline that share an instant: what was so far first, then what changed it.
_CLOCK, _TOUCH, _OWNER, _STAGE, _ECHO = range(5)


def _zone_of(agreement: Agreement, team: str | None, version: str | None, default: str) -> str:
    """Time zone of most of a team's calendars in a version; the agreement's where unknown."""
    zones = {
        row["calendar"]: row["time_zone"] for row in agreement.rows("agreement_calendars", version)
    }
    calendars = Counter(
        row["calendar"]
        for row in agreement.rows("agreement_roster", version)
        if team and row["team"] == team and row["calendar"] in zones
    )
    if not calendars:
        return default
    return zones[min(calendars, key=lambda name: (-calendars[name], name))]


def definitions(
    connection: psycopg.Connection[Any], agreement: Agreement, versions: Iterable[str | None]
) -> list[Row]:
    """The definition in force, clauses and reasons of each agreement version, in order of name."""
    wanted = sorted({version for version in versions if version})
    published = {
        row["agreement_version"]: row
        for row in _rows(
            connection,
            "select agreement_version, minimum_score, minimum_attributes"
            " from marts.dim_agreement_versions where agreement_version = any(%s)",
            [wanted],
        )
    }
    result = []
    for version in wanted:
        row = published.get(version, {})
        named: dict[str, Row] = {}
        for line in agreement.rows("agreement_attributes", version):
            named.setdefault(
                line["attribute"],
                {
                    "attribute": line["attribute"],
                    "description": line["description"],
                    "met_values": line["met_values"].replace("|", ", "),
                },
            )
        result.append(
            {
                "agreement_version": version,
                "minimum_score": _number(row.get("minimum_score")),
                "minimum_attributes": _number(row.get("minimum_attributes")),
                "attributes": list(named.values()),
                "terms": [
                    {key: line[key] for key in _TERM}
                    for line in agreement.rows("agreement_sla_terms", version)
                ],
                "reasons": [
                    {key: line[key] for key in ("reason", "family", "needs_follow_up")}
                    for line in agreement.rows("agreement_rejection_reasons", version)
                ],
            }
        )
    return result


_TERM = ("tier", "clause", "due_in", "due_unit", "touches", "channels")


def gather(
    connection: psycopg.Connection[Any],
    agreement: Agreement,
    cases: list[Row],
    as_of: datetime,
    default_zone: str,
) -> dict[str, Row]:
    """Evidence per handoff id, for frozen population rows (with lead_id and owner_id).

    Raises:
        AgreementError: the agreement cannot be read.
    """
    in_marts = as_in_marts(connection, (case["handoff_id"] for case in cases))
    ids = list(in_marts.values())
    leads = sorted({case["lead_id"] for case in cases if case["lead_id"]})
    handoffs = {row["handoff_id"]: row for row in _rows(connection, _HANDOFFS, {"ids": ids})}
    offers = _by(_rows(connection, _OFFERS, {"leads": leads}), "lead_id")
    moves = _by(_rows(connection, _MOVES, {"leads": leads, "as_of": as_of}), "lead_id")
    echoes = _by(_rows(connection, _ECHOES, {"leads": leads, "as_of": as_of}), "lead_id")
    touches = _by(_rows(connection, _TOUCHES, {"ids": ids, "as_of": as_of}), "handoff_id")
    legs = _by(_optional(connection, "fct_handoff_legs", _LEGS, {"ids": ids}), "handoff_id")
    clauses = _by(_optional(connection, "fct_sla_compliance", _CLAUSES, {"ids": ids}), "handoff_id")
    attributes = _by(
        _optional(connection, "fct_handoff_attributes", _ATTRIBUTES, {"ids": ids}), "handoff_id"
    )
    users = {
        (row["source_system"], row["user_id"]): row
        for row in _rows(connection, "select user_id, source_system, role from marts.dim_users")
    }
    roles = {user_id: row["role"] for (_, user_id), row in sorted(users.items())}
    result = {}
    for case in cases:
        case_id, lead_id = case["handoff_id"], case["lead_id"]
        shown_id = in_marts[case_id]
        handoff = handoffs.get(shown_id, {})
        window = _Window.of(case, offers[lead_id], moves[lead_id], as_of)
        people = _People(case["owner_id"], roles)
        local = _Local(_zone_of(agreement, case["team"], case["agreement_version"], default_zone))
        owed = {row["clause"]: row for row in clauses[shown_id]}
        result[case_id] = {
            "case": _facts(case, handoff, owed, people, local),
            "timeline": [
                *_timeline(
                    case,
                    window,
                    people,
                    local,
                    moves=moves[lead_id],
                    echoes=echoes[lead_id],
                    touches=touches[shown_id],
                    legs=legs[shown_id],
                    due_at=handoff.get("response_due_at"),
                )
            ],
            "attributes": {row["attribute"]: row["is_met"] for row in attributes[shown_id]},
        }
    return result


@dataclass(frozen=True)
class _Window:
    """What belongs to a case: the lead's history up to its next handoff, or to as_of."""

    end: datetime
    next_number: int | None

    @classmethod
    def of(cls, case: Row, offers: list[Row], moves: list[Row], as_of: datetime) -> "_Window":
        later = [
            offer
            for offer in offers
            if case["offered_at"] is not None
            and offer["offered_at"] > case["offered_at"]
            and offer["offered_at"] < as_of
        ]
        if not later:
            return cls(as_of, None)
        following = min(later, key=lambda offer: offer["offered_at"])
        # A handoff's id is that of the transition which opened it.
        number = next(
            (
                move["transition_number"]
                for move in moves
                if move["transition_id"] == following["handoff_id"]
            ),
            None,
        )
        return cls(following["offered_at"], number)

    def holds(self, move: Row) -> bool:
        if self.next_number is not None:
            return bool(move["transition_number"] < self.next_number)
        return bool(move["entered_at"] < self.end)


class _People:
    """Names for the people of one case that say what they are and not who."""

    def __init__(self, owner_id: str | None, roles: Mapping[str, str | None]) -> None:
        self._owner_id = owner_id
        self._roles = roles
        self._numbers: dict[str, int] = {}

    def owner(self) -> str:
        if self._owner_id is None:
            return "nobody"
        return (self._roles.get(self._owner_id) or "user") if self._known() else "queue or unknown"

    def label(self, user_id: str | None, actor_type: str | None = "human") -> str:
        if actor_type == "automation":
            return "Automation"
        if user_id is None:
            return "Not recorded"
        role = self._roles.get(user_id)
        suffix = f" ({role})" if role else ""
        if user_id == self._owner_id:
            return f"Owner{suffix}"
        number = self._numbers.setdefault(user_id, len(self._numbers) + 1)
        return f"Person {number}{suffix}"

    def _known(self) -> bool:
        return self._owner_id in self._roles


class _Local:
    """Instants as the team's clock shows them."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._info = ZoneInfo(zone)

    def at(self, instant: datetime | None) -> str | None:
        if instant is None:
            return None
        local = instant.astimezone(self._info)
        return local.replace(tzinfo=None).isoformat(timespec="seconds")

    def abbreviation(self, instant: datetime) -> str:
        local = instant.astimezone(self._info)
        name = local.tzname() or ""
        return name if name.isalpha() else "UTC" + local.isoformat()[-6:]


def _facts(case: Row, handoff: Row, owed: Mapping[str, Row], people: _People, local: _Local) -> Row:
    before = owed.get("follow_up_before_rejection", {})
    follow_up = owed.get("follow_up", {})
    touches = handoff.get("touches")
    return {
        "team": case["team"] or "no team",
        "exit_kind": case["exit_kind"],
        "tier": case["tier"],
        "agreement_version": case["agreement_version"],
        "time_zone": local.zone,
        "offered_at": local.at(case["offered_at"]),
        "response_due_at": local.at(handoff.get("response_due_at")),
        "accepted_at": local.at(handoff.get("accepted_at")),
        "decided_at": local.at(case["decided_at"]),
        "owner": people.owner(),
        "score": _number(handoff.get("score_at_offer")),
        "attributes_met": _number(handoff.get("attributes_met")),
        "met_definition": handoff.get("met_definition"),
        "reason": without_contacts(case["rejection_reason"] or "") or None,
        "family": handoff.get("rejection_family"),
        "touches": _number(touches),
        "channels": _number(handoff.get("channels")),
        "touches_before": _number(
            touches
            if case["exit_kind"] == "ignored"
            else _first(before.get("actual"), handoff.get("touches_before_rejection"))
        ),
        "touches_owed": _number(_first(before.get("required"), follow_up.get("required"))),
        "follow_up_status": before.get("status"),
        "response_status": owed.get("response", {}).get("status"),
        "transfers": _number(handoff.get("transfers")),
        "expired": handoff.get("expired"),
        "lead_source": handoff.get("lead_source"),
    }


def _timeline(
    case: Row,
    window: _Window,
    people: _People,
    local: _Local,
    *,
    moves: list[Row],
    echoes: list[Row],
    touches: list[Row],
    legs: list[Row],
    due_at: datetime | None,
) -> list[Row]:
    entries: list[tuple[datetime, int, int, Row]] = []

    def add(at: datetime, order: int, number: int, **what: Any) -> None:
        entries.append((at, order, number, what))

    for move in moves:
        if not window.holds(move):
            continue
        is_offer = move["transition_id"] == case["handoff_id"]
        is_exit = (
            move["entered_at"] == case["decided_at"]
            and move["to_stage"] in _EXIT_STAGES
            and case["exit_kind"] != "ignored"
        )
        add(
            move["entered_at"],
            _STAGE,
            move["transition_number"],
            event="Handed over" if is_offer else "Exit" if is_exit else "Stage",
            what=" → ".join(stage for stage in (move["from_stage"], move["to_stage"]) if stage),
            actor=(move["actor_id"], move["actor_type"]),
            system=move["source_system"],
            note=_joined(
                # Some systems keep the reason in a field of the lead instead of on the change.
                without_contacts(
                    move["reason"] or (case["rejection_reason"] if is_exit else None) or ""
                ),
                "no sales touch since the stage before"
                if move["is_silent"] and move["from_stage"] in _WORKED_STAGES
                else "",
            ),
            is_key=is_offer or is_exit,
        )
    for number, echo in enumerate(echoes):
        if echo["occurred_at"] < window.end:
            add(
                echo["occurred_at"],
                _ECHO,
                number,
                event="Echo",
                what=echo["stage"],
                actor=(echo["actor_id"], echo["actor_type"]),
                system=echo["source_system"],
                note="the other system repeats the stage",
                is_key=False,
            )
    for number, touch in enumerate(touches):
        add(
            touch["occurred_at"],
            _TOUCH,
            number,
            event="Touch",
            what=touch["channel"],
            actor=(touch["user_id"], "human"),
            system=None,
            note="logged late" if touch["is_late_logged"] else None,
            is_key=False,
        )
    for leg in legs:
        if leg["leg_number"] > 1 and leg["from_at"] is not None and leg["from_at"] < window.end:
            add(
                leg["from_at"],
                _OWNER,
                leg["leg_number"],
                event="Owner",
                what="given to another owner",
                actor=(leg["owner_id"], "human"),
                system=None,
                note=None,
                is_key=False,
            )
    if due_at is not None and due_at < window.end and due_at <= case["decided_at"]:
        ignored = case["exit_kind"] == "ignored"
        add(
            due_at,
            _CLOCK,
            0,
            event="Exit" if ignored else "Clock",
            what="response due, none given" if ignored else "response due",
            actor=None,
            system=None,
            note=None,
            is_key=ignored,
        )
    result = []
    for at, _, _, what in sorted(entries, key=lambda entry: entry[:3]):
        actor = what.pop("actor")
        hours = None
        if case["offered_at"] is not None and at >= case["offered_at"]:
            hours = round((at - case["offered_at"]).total_seconds() / 3600, 1)
        result.append(
            what
            | {
                "at": local.at(at),
                "zone": local.abbreviation(at),
                "hours": hours,
                "who": None if actor is None else people.label(*actor),
            }
        )
    return result


_HANDOFFS: LiteralString = """
    select handoff_id, response_due_at, accepted_at, score_at_offer, attributes_met,
        met_definition, rejection_family, touches, channels, touches_before_rejection, transfers,
        expired, lead_source
    from marts.fct_handoffs where handoff_id = any(%(ids)s)
"""
_OFFERS: LiteralString = """
    select handoff_id, lead_id, offered_at from marts.fct_handoffs where lead_id = any(%(leads)s)
"""
_MOVES: LiteralString = """
    select transition_id, lead_id, transition_number, from_stage, to_stage, entered_at, actor_id,
        actor_type, source_system, is_silent, reason
    from marts.fct_stage_transitions
    where lead_id = any(%(leads)s) and entered_at < %(as_of)s
    order by lead_id, transition_number
"""
_ECHOES: LiteralString = """
    select lead_id, stage, occurred_at, actor_id, actor_type, source_system
    from marts.fct_stage_events
    where lead_id = any(%(leads)s) and is_echo and occurred_at < %(as_of)s
    order by lead_id, occurred_at, event_id
"""
_TOUCHES: LiteralString = """
    select handoff_id, user_id, channel, occurred_at, is_late_logged
    from marts.fct_touches
    where handoff_id = any(%(ids)s) and occurred_at < %(as_of)s
    order by handoff_id, occurred_at, touch_id
"""
_LEGS: LiteralString = """
    select handoff_id, leg_number, owner_id, from_at
    from marts.fct_handoff_legs where handoff_id = any(%(ids)s)
"""
_CLAUSES: LiteralString = """
    select handoff_id, clause, status, required, actual
    from marts.fct_sla_compliance where handoff_id = any(%(ids)s)
"""
_ATTRIBUTES: LiteralString = """
    select handoff_id, attribute, is_met
    from marts.fct_handoff_attributes where handoff_id = any(%(ids)s)
"""


def _rows(
    connection: psycopg.Connection[Any], query: LiteralString, parameters: Any = None
) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def _optional(
    connection: psycopg.Connection[Any], mart: str, query: LiteralString, parameters: Any
) -> list[Row]:
    """Rows of a mart that a small company's pipeline may not publish."""
    found = connection.execute("select to_regclass(%s) is not null", [f"marts.{mart}"]).fetchone()
    return _rows(connection, query, parameters) if found == (True,) else []


def _by(rows: list[Row], key: str) -> dict[Any, list[Row]]:
    result: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        result[row[key]].append(row)
    return result


def _number(value: Any) -> int | float | None:
    if value is None:
        return None
    number = float(value)
    return int(number) if number.is_integer() else number


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _joined(*notes: str) -> str | None:
    return "; ".join(note for note in notes if note) or None


def utc_text(instant: datetime) -> str:
    """An instant in UTC to the second, as files show it."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
