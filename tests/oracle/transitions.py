"""The order of a lead's events, their folding into transitions, and journeys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tests.oracle.agreement import CLOSED_STAGES, STAGE_RANK, Version
from tests.oracle.day_order import give_times, heads_first, in_days
from tests.oracle.stage_events import StageEvent


@dataclass
class Transition:
    """One move of a lead; exited_at is the next one's entered_at.

    Where the order within a second goes against fractions, a move is entered when the one before
    it was: no stay has a negative length.
    """

    event: StageEvent
    number: int
    journey_number: int
    from_stage: str | None
    direction: str
    skipped_stages: int
    version: Version
    entered_at: datetime
    exited_at: datetime | None = None
    touches_since_previous: int | None = 0

    @property
    def transition_id(self) -> str:
        return self.event.event_id

    @property
    def to_stage(self) -> str:
        return self.event.stage

    @property
    def earliest_at(self) -> datetime:
        return self.event.earliest_at if self.event.day else self.entered_at

    @property
    def latest_at(self) -> datetime:
        return self.event.latest_at if self.event.day else self.entered_at

    @property
    def has_time_of_day(self) -> bool:
        return self.event.day is None

    @property
    def actor_type(self) -> str:
        return self.event.actor_type

    @property
    def is_silent(self) -> bool | None:
        """Whether nobody touched the lead before a forward move; None where nobody can know."""
        if self.direction != "forward":
            return False
        return None if self.touches_since_previous is None else self.touches_since_previous == 0


def in_order(events: list[StageEvent]) -> list[StageEvent]:
    """Authoritative events in their order; those that tell a day alone are given times."""
    authoritative = [event for event in events if event.is_authority]
    timed = _in_order_of_seconds([event for event in authoritative if event.day is None])
    ordered = in_days(
        timed,
        [event for event in authoritative if event.day is not None],
        lambda before, window, group: heads_first(
            window,
            group,
            lambda event: (event.record, event.field),
            lambda event: event.place,
            lambda event: event.head_key,
        ),
    )
    give_times(ordered)
    return ordered


def _in_order_of_seconds(events: list[StageEvent]) -> list[StageEvent]:
    """Events by second; within one the records' chains are merged head by head."""
    by_second: dict[datetime, list[StageEvent]] = defaultdict(list)
    for event in events:
        by_second[event.second].append(event)
    ordered: list[StageEvent] = []
    for second in sorted(by_second):
        queues: dict[object, list[StageEvent]] = defaultdict(list)
        for event in sorted(by_second[second], key=lambda event: event.place):
            queues[event.record, event.field].append(event)
        while queues:
            record = min(queues, key=lambda record: queues[record][0].head_key)
            ordered.append(queues[record].pop(0))
            if not queues[record]:
                del queues[record]
    return ordered


def mark_creation_repeats(events: list[StageEvent]) -> None:
    """A record's creation counts only if the lead has no earlier event of the same system.

    Earlier means in an earlier second; opportunities of the system count as its events.
    """
    for event in events:
        if event.is_creation and event.is_authority:
            event.is_repeat = any(
                other.is_authority and other.source == event.source and other.second < event.second
                for other in events
            )


def direction_of(from_stage: str | None, to_stage: str) -> str:
    """start, forward, exit, backward or reentry."""
    if from_stage is None:
        return "start"
    if to_stage == "won":
        return "forward"
    if to_stage in CLOSED_STAGES:
        return "exit"
    if from_stage in CLOSED_STAGES:
        return "reentry"
    return "forward" if STAGE_RANK[to_stage] > STAGE_RANK[from_stage] else "backward"


def skipped_between(from_stage: str | None, to_stage: str, version: Version) -> int:
    """Stages of the agreed path strictly between the two ranks of a forward move."""
    if from_stage is None:
        return 0
    low, high = STAGE_RANK[from_stage], STAGE_RANK[to_stage]
    return sum(low < STAGE_RANK[stage] < high for stage in version.path)


def transitions_of(
    events: list[StageEvent], judging: Callable[[datetime], Version]
) -> list[Transition]:
    """Fold a lead's events into transitions; `judging` gives the version that reads an instant.

    Marks the events that make no transition as repeats.
    """
    ordered = in_order(events)
    mark_creation_repeats(events)
    ordered = [event for event in ordered if not event.is_repeat]
    result: list[Transition] = []
    standing: dict[tuple[str, str, str], str] = {}
    journey = 1
    for event in ordered:
        previous = result[-1].to_stage if result else None
        if event.stage not in ("won", "lost"):
            standing = {}
        is_won_elsewhere = event.stage == "lost" and any(
            stage == "won" and opportunity != event.record
            for opportunity, stage in standing.items()
        )
        if event.opportunity_id is not None:
            standing[event.record] = event.stage
        if event.stage == previous:
            event.is_repeat = True
            continue
        if is_won_elsewhere and event.opportunity_id is not None:
            # A second opportunity lost after the first was won: the event is kept, the lead
            # stays won as long as one of its opportunities is.
            event.is_repeat = True
            continue
        direction = direction_of(previous, event.stage)
        if direction == "reentry":
            journey += 1
        version = judging(event.occurred_at)
        skipped = skipped_between(previous, event.stage, version) if direction == "forward" else 0
        entered = event.occurred_at
        if result:
            entered = max(entered, result[-1].entered_at)
            result[-1].exited_at = entered
        number = len(result) + 1
        result.append(
            Transition(event, number, journey, previous, direction, skipped, version, entered)
        )
    return result
