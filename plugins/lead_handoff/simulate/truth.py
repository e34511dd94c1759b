"""What really happened to a lead, for measuring the rules; it never reaches an extract.

Its numbers (90 days, 60 seconds) are the example agreement's; a test holds them equal.
"""

import json
from typing import Any

from lead_handoff.simulate.delivery import DAY, marketo_time

STALL_DAYS = 90
UNREAD_SECONDS = 60
"""Whoever accepts as soon as this has not read what was handed over."""


class Truth:
    """The intended facts and the planted violations of one lead.

    A violation whose time lies at or after the end of the last night is left out, because
    nothing of it was delivered.
    """

    def __init__(self, number: int, end: int) -> None:
        self.number = number
        self.salesforce_id = ""
        self.marketo_id = 0
        self.team = ""
        self.twin: tuple[str, int] | None = None
        self.merged_at = 0
        self._end = end
        self._handoffs: list[dict[str, Any]] = []
        self._planted: list[dict[str, object]] = []
        self._look_alikes: list[dict[str, object]] = []
        self._notes: list[str] = []
        self._deals: list[dict[str, object]] = []
        self._opportunity: dict[str, object] = {}
        self._stands: dict[str, object] = {}
        self._logged: dict[tuple[str, int], set[str]] = {}

    def handoff(
        self, at: int, number: int, tier: str, score: int | None, attributes: int, team: str
    ) -> None:
        """A handoff opens."""
        self._handoffs.append(
            {
                "offered_at": at,
                "number": number,
                "tier": tier,
                "score": score,
                "attributes": attributes,
                "team": team,
            }
        )

    def route(self, user: str) -> None:
        """A BDR passed the current handoff on."""
        self._handoffs[-1]["routed_by"] = user

    @property
    def routed_by(self) -> str:
        """The BDR who passed the first handoff on; empty if none did."""
        return str(self._handoffs[0].get("routed_by", "")) if self._handoffs else ""

    def answer(self, outcome: str, at: int | None, actor: str) -> None:
        """What sales, or a machine, said to the current handoff."""
        self._handoffs[-1] |= {"response": outcome, "responded_at": at, "responded_by": actor}

    def open_opportunity(self, at: int, owner: str) -> None:
        """The lead was converted with an opportunity of `owner`."""
        if at < self._end:
            self._opportunity = {"opened_at": at, "owner": owner}

    def deal(self, at: int, won: bool, amount: int) -> None:
        """The opportunity was closed."""
        self._deals.append({"closed_at": at, "won": won, "amount": amount})

    def accept_unread(self, since: int, touch_due: int) -> None:
        """Somebody accepted who never looks: the first touch, due at `touch_due`, is not made."""
        self._handoffs[-1] |= {"reached_at": since, "first_touch_due_at": touch_due}

    def stand(self, since: int, owner: str) -> None:
        """At the end the lead is with sales, in a stage since `since`; it may have stalled."""
        stalled = since + STALL_DAYS * DAY
        self._stands = {"since_at": since, "owner": owner, "stalled": stalled < self._end}
        if stalled < self._end:
            self.plant("stalled_lead", stalled)

    def log_late(self, user: str, at: int, channel: str) -> None:
        """A touch of `user` is recorded together with others, in the minute of `at`."""
        if at < self._end:
            self._logged.setdefault((user, at - at % 60), set()).add(channel)

    def plant(self, rule: str, at: int, *, detail: str = "", subject: str = "lead") -> None:
        """A violation of `rule` becomes visible at `at`; another `subject` needs many to show."""
        if at < self._end:
            self._planted.append({"rule": rule, "at": at, "subject": subject, "detail": detail})

    @property
    def has_handoff(self) -> bool:
        """Whether the lead was ever handed over."""
        return bool(self._handoffs)

    @property
    def was_rejected(self) -> bool:
        """Whether a person's first word on the current handoff was to reject it."""
        return self._handoffs[-1].get("response") == "rejected"

    def due(self, at: int) -> None:
        """When the response to the current handoff falls due."""
        self._handoffs[-1]["response_due_at"] = at

    def leave_unanswered(self) -> None:
        """Nobody will answer the current handoff."""
        self.answer("ignored", None, "")

    def finish(self, touches: list[int]) -> None:
        """Tell which handoffs have gone without an answer, or a touch, past the due time."""
        for handoff in self._handoffs:
            answered = handoff.get("responded_at")
            if answered is None or answered >= self._end:
                self.plant("ignored_handoff", handoff["response_due_at"] + 1)
            elif "reached_at" in handoff:
                self._accepted_unread(handoff, touches)

    def _accepted_unread(self, handoff: dict[str, Any], touches: list[int]) -> None:
        """A rubber stamp if it was done at once; else it may show among others done in one go."""
        due = handoff["first_touch_due_at"]
        if any(handoff["offered_at"] <= touch <= due for touch in touches):
            return
        if handoff["responded_at"] - handoff["reached_at"] <= UNREAD_SECONDS:
            self.plant("rubber_stamp", due, detail="in seconds")
        elif due < self._end:
            handoff["unread"] = True

    def resemble(self, rule: str, at: int, why: str, subject: str = "lead") -> None:
        """Something only looks like a violation of `rule`; `subject` as of a violation."""
        if at < self._end:
            self._look_alikes.append({"rule": rule, "at": at, "subject": subject, "why": why})

    def note(self, text: str) -> None:
        """Anything else worth telling."""
        self._notes.append(text)

    @property
    def rules(self) -> list[str]:
        """The rules violated."""
        return [str(plant["rule"]) for plant in self._planted]

    def line(self) -> str:
        """The lead's truth as one line of JSON, instants in ISO form."""
        handoffs = [h for h in self._handoffs if h["offered_at"] < self._end]
        record: dict[str, object] = {
            "kind": "lead",
            "lead": self.number,
            "salesforce_id": self.salesforce_id or None,
            "marketo_id": self.marketo_id or None,
            "team": self.team,
            "handoffs": [self._visible(handoff) for handoff in handoffs],
            "deals": [_dated(deal) for deal in self._deals],
            "planted": [_dated(plant) for plant in self._planted],
            "look_alikes": [_dated(other) for other in self._look_alikes],
        }
        if self._opportunity:
            record["opportunity"] = _dated(self._opportunity)
        if self._stands:
            record["stands"] = _dated(self._stands)
        if self._logged:
            record["logged"] = [
                {"user": user, "minute_at": marketo_time(minute), "touches": len(channels)}
                for (user, minute), channels in self._logged.items()
            ]
        if self.twin:
            record["twin"] = {"salesforce_id": self.twin[0] or None, "marketo_id": self.twin[1]}
        if 0 < self.merged_at < self._end:
            record["merged_at"] = marketo_time(self.merged_at)
        if self._notes:
            record["notes"] = self._notes
        return json.dumps(record)

    def _visible(self, handoff: dict[str, object]) -> dict[str, object]:
        """A handoff as it stands at the end: an answer still to come is none."""
        answered = handoff.get("responded_at")
        if isinstance(answered, int) and answered >= self._end:
            handoff = handoff | {"response": None, "responded_at": None, "responded_by": ""}
        return _dated(handoff)


def _dated(record: dict[str, object]) -> dict[str, object]:
    return {
        name: marketo_time(value)
        if isinstance(value, int) and (name == "at" or name.endswith("_at"))
        else value
        for name, value in record.items()
    }
