"""What becomes of an accepted lead: touches, a decision, and the deal."""

from lead_handoff.simulate.catalogue import (
    ATTRIBUTE_FIELDS,
    ATTRIBUTE_VALUES,
    REASONS_AFTER_FOLLOW_UP,
    REASONS_WITHOUT_FOLLOW_UP,
    UNMET_VALUES,
)
from lead_handoff.simulate.delivery import DAY
from lead_handoff.simulate.plot import HOUR, End, Plot


class Working(Plot):
    """The plots after acceptance. Honest ones keep every promise that was made for the lead."""

    def _work(self, at: int, tier: str, *, pads: bool = False, quick: bool = False) -> End:
        """Do everything that was promised for the lead, then decide."""
        world, rep, draw, records = self.world, self.rep, self.draw, self.records
        calendar = world.calendars[rep.calendar]
        promise = world.promise(at, tier)
        count = promise.touches + int(draw() * 2.5)
        channels = ("call", "email", "social") if draw() < 0.5 else ("email", "call", "meeting")
        first = 600 if quick else self.between(0.05, 0.7) * promise.first_touch_hours * HOUR
        moment = max(calendar.after(at, max(first, 60)), self.first_touch_from)
        decide_on_day_14 = draw() < 0.03
        span = 13.4 * DAY if decide_on_day_14 else self.between(3, 11) * DAY
        step = span * 0.9 / count
        batch = 0
        distinct: set[tuple[int, str]] = set()
        for number in range(count):
            kind = channels[number % 3]
            if pads and number:
                friday = calendar.weekly(moment, 4, 16, 30)
                records.touch(
                    friday + number,
                    rep.user_id,
                    kind,
                    logged_at=friday + number,
                    happened_at=moment,
                )
                batch += 1
                self.truth.log_late(rep.user_id, friday, kind)
                last = friday + number
            else:
                records.touch(moment, rep.user_id, kind, as_event=kind == "meeting")
                last = moment
            distinct.add((last // 60, kind))
            moment = self._in_hours(calendar, int(moment + step * self.between(0.75, 1.1)))
            moment = max(moment, last + 61) if not pads else moment
        if batch:
            self.truth.plant("padded_activity", last, subject="rep")
        if draw() < 0.08:
            records.plan_task(at + HOUR, rep.user_id, at + 5 * DAY, deleted=draw() < 0.3)
        if draw() < 0.04:
            records.touch(last + 20, rep.user_id, "inbound")
        if draw() < 0.03:
            records.touch(last - last % 60, rep.user_id, kind)  # a second copy, same minute
        self._learn(at, last)
        decided = max(self._in_hours(calendar, int(last + self.between(0.5, 5) * HOUR)), last + 90)
        if decide_on_day_14:
            decided = max(self._in_hours(calendar, at + 14 * DAY + 600), last + 90)
        short = len(distinct) < promise.touches
        return self._decide(at, decided, decide_on_day_14, short)

    def _learn(self, accepted: int, last: int) -> None:
        """A conversation fills in one more attribute, after the handoff."""
        if self.draw() < 0.35:
            for place, value in enumerate(self.values):
                if value in UNMET_VALUES:
                    new = ATTRIBUTE_VALUES[place][0]
                    field = ATTRIBUTE_FIELDS[place]
                    moment = (accepted + last) // 2
                    self.records.set_field(moment, self.rep.user_id, field, value, new)
                    self.values[place] = new
                    self.met += 1
                    return

    def _exit_unworked(self, at: int, short: bool) -> None:
        """Touches logged in one minute count once: what looks like enough may not be."""
        if short and self.truth.has_handoff:
            self.truth.plant("rejected_without_follow_up", at, detail="touches in one minute")

    def _decide(self, accepted: int, at: int, on_day_14: bool, short: bool) -> End:
        rep, draw, records = self.rep.user_id, self.draw, self.records
        if draw() < 0.06:
            # A status that the agreement does not know, a while before the decision.
            self._status((accepted + at) // 2, "Working", rep)
            self.truth.plant("unmapped_stage_value", (accepted + at) // 2, detail="Working")
        elif draw() < 0.012:
            lost = (accepted + at) // 2
            records.set_status(lost, "Open", rep, recorded=False)
            self.truth.plant("history_gap", at)
        if on_day_14:
            self._convert(at, rep)
            self.truth.resemble("silent_auto_promotion", at, "day 14, by the rep who worked it")
            return "converted", at
        choice = draw()
        if choice < 0.42 and not (self.truth.has_handoff or self.world.plan.has_own_pipeline(at)):
            choice = 0.95  # sales' own lead comes to nothing
        if choice < 0.42:
            self._convert(at, rep)
            return "converted", at
        if choice < 0.76:
            self._exit_unworked(at, short)
            return self._close(at, "Rejected", rep, self._reason(REASONS_AFTER_FOLLOW_UP))
        if choice < 0.92:
            self._exit_unworked(at, short)
            return self._close(at, "Recycled", rep, self._reason(REASONS_AFTER_FOLLOW_UP))
        if choice < 0.985:
            return self._close(at, "Disqualified", rep, self._reason(REASONS_WITHOUT_FOLLOW_UP))
        # Recycled, then called rejected after all: from closed to closed.
        self._exit_unworked(at, short)
        self._close(at, "Recycled", rep, self._reason(REASONS_AFTER_FOLLOW_UP))
        later = at + int(self.between(1, 3) * DAY)
        self._status(later, "Rejected", rep)
        self.truth.plant("impossible_move", later, detail="recycled to rejected")
        return "done", later

    def _convert(self, at: int, actor: str, *, stuck: bool = False) -> None:
        """Convert the lead, mostly with an opportunity, and follow the deal to its end."""
        records, draw, world = self.records, self.draw, self.world
        end = world.horizon.end
        without = not stuck and draw() < 0.012
        self._stand(at, is_open=True)
        records.convert(at, actor)
        if without:
            self.truth.plant("impossible_move", at, detail="converted without an opportunity")
            return
        amount = 4_000 + int(draw() * draw() * 90_000)
        currency = "EUR" if self.team == "Europe" else "USD"
        campaign = world.campaigns[self.contact.lead_source]
        records.open_opportunity(at, actor, amount, currency, campaign)
        self.truth.open_opportunity(at, records.owner)
        if stuck or draw() < world.plan.stuck_share(at):
            return
        rep = records.owner
        calendar = world.calendars[self.rep.calendar]
        moment, stage = at, "Prospecting"
        for following in ("Qualification", "Proposal"):
            moment += int(self.between(1.5, 9) * DAY)
            moment = self._in_hours(calendar, moment)
            records.touch(moment - 900, rep, "call")
            records.set_stage(moment, stage, following, rep)
            stage = following
        moment = self._in_hours(calendar, moment + int(self.between(2, 14) * DAY))
        won = draw() < 0.16
        records.set_stage(moment, stage, "Closed Won" if won else "Closed Lost", rep)
        if moment >= end:
            return
        self._stand(moment, is_open=False)
        self.truth.deal(moment, won, amount)
        if draw() < 0.02:
            again = moment + int(self.between(1, 4) * DAY)
            old, new = ("Closed Won", "Closed Lost") if won else ("Closed Lost", "Closed Won")
            records.set_stage(again, old, new, rep)
            self.truth.resemble("impossible_move", again, "the same deal, closed again")
