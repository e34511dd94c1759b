"""What really happened to a lead, for measuring the rules; it never reaches an extract."""

import json
from typing import Any

from lead_handoff.simulate.delivery import marketo_time


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

    def routed_by(self, user: str) -> None:
        """A BDR passed the current handoff on."""
        self._handoffs[-1]["routed_by"] = user

    def was_routed_by(self, user: str) -> bool:
        """Whether the first handoff came through `user`."""
        return bool(self._handoffs) and self._handoffs[0].get("routed_by") == user

    def answer(self, outcome: str, at: int | None, actor: str) -> None:
        """What sales, or a machine, said to the current handoff."""
        self._handoffs[-1] |= {"response": outcome, "responded_at": at, "responded_by": actor}

    def deal(self, at: int, won: bool, amount: int) -> None:
        """The opportunity was closed."""
        self._deals.append({"closed_at": at, "won": won, "amount": amount})

    def plant(self, rule: str, at: int, *, detail: str = "", subject: str = "lead") -> None:
        """A violation of `rule` becomes visible at `at`; `subject` "rep" needs many to show."""
        if at < self._end:
            self._planted.append({"rule": rule, "at": at, "subject": subject, "detail": detail})

    @property
    def has_handoff(self) -> bool:
        """Whether the lead was ever handed over."""
        return bool(self._handoffs)

    def due(self, at: int) -> None:
        """When the response to the current handoff falls due."""
        self._handoffs[-1]["response_due_at"] = at

    def leave_unanswered(self) -> None:
        """Nobody will answer the current handoff."""
        self.answer("ignored", None, "")

    def finish(self) -> None:
        """Tell which handoffs have gone without an answer past their due time by the end."""
        for handoff in self._handoffs:
            answered = handoff.get("responded_at")
            if answered is None or answered >= self._end:
                self.plant("ignored_handoff", handoff["response_due_at"] + 1)

    def resemble(self, rule: str, at: int, why: str) -> None:
        """Something only looks like a violation of `rule`."""
        if at < self._end:
            self._look_alikes.append({"rule": rule, "at": at, "why": why})

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
