"""How sales, or a machine in its place, answers a handoff."""

from lead_handoff.simulate.calendars import WorkingTime
from lead_handoff.simulate.catalogue import (
    OVERQUALIFYING_REASONS,
    REASONS_AFTER_FOLLOW_UP,
    REASONS_NOT_LISTED,
    REASONS_WITHOUT_FOLLOW_UP,
)
from lead_handoff.simulate.company import OPERATIONS_USER, PARTNER_USER, TIMER_USER
from lead_handoff.simulate.delivery import DAY
from lead_handoff.simulate.plan import CONDUCT_RESPONSE, PICKERS, HiddenTimer, next_of
from lead_handoff.simulate.plot import DEMAND_MANAGER, HOUR, NAMES, End, definition_score
from lead_handoff.simulate.working import Working

NEGLECT = {
    "neglectful": 0.65,
    "rubber_stamp": 0.75,
    "cherry_picker": 0.3,
    "touch_picker": 0.03,
    "squatter": 0.95,
    "generous": 0.03,
}
"""Share of accepted leads that are left alone, by conduct; 0.1 of anybody else's."""


class Answering(Working):
    """The plots that answer a handoff.

    Each says which rule it breaks, or which it only seems to break.
    """

    def _respond(self, at: int, start: int, tier: str) -> End:
        """The rep accepts, rejects or ignores, as is the rep's habit."""
        rep = self.rep
        plan = self.world.plan
        conduct = plan.conducts[rep.user_id]
        accept, reject = CONDUCT_RESPONSE[conduct]
        paired = plan.colludes(self.truth.routed_by, rep.user_id)
        if paired:
            accept, reject = 0.99, 0.0
        choice = self.draw()
        if choice < accept:
            return self._accept(at, start, tier, conduct, paired)
        if choice < accept + reject:
            return self._reject(at, start, tier, conduct)
        return self._ignore(at, start, tier)

    def _accept(self, at: int, start: int, tier: str, conduct: str, paired: bool) -> End:
        world, rep = self.world, self.rep
        calendar = world.calendars[rep.calendar]
        due = self._due(at, tier)
        used = calendar.worked(start) - calendar.worked(at)
        room = max(due - used, 0.2 * due)
        quarter_end = next_of(world.plan.quarter_ends, at)
        if conduct == "rubber_stamp":
            if rep.user_id in world.plan.weekly:
                moment = calendar.weekly(start + 60, 0, 9, 5) + int(self.draw() * 200)
            elif self.draw() < 0.55:
                moment = start + 4 + int(self.draw() * 22)
            else:
                # Everything since yesterday, in one go at the start of the day.
                moment = calendar.after(start, 1) if calendar.open_at(start) > start else start
                moment = calendar.open_at(start + 30) + int(self.draw() * 50)
            self.truth.plant("rubber_stamp", moment, subject="rep")
            touch_due = calendar.after(moment, world.promise(at, tier).first_touch_hours * HOUR)
            self.truth.accept_unread(start, touch_due)
        elif conduct in PICKERS and 0 < quarter_end - at < world.plan.held_for:
            days = self.between(0.05, 2.6)
            is_after = world.plan.sides.get(rep.user_id) == "first"
            edge = quarter_end + int((days if is_after else -days) * DAY)
            moment = max(self._open_after(calendar, edge), calendar.after(start, 600))
            if conduct == "touch_picker":
                self.first_touch_from = moment
                moment = calendar.after(start, max(self.between(0.03, 0.85) * room, 120))
            self.truth.plant("cherry_picking", moment, subject="rep")
        elif conduct == "swift":
            moment = calendar.open_at(start + 5) + int(self.draw() * 25)
            # One call after the other: what came in overnight is not all called at once.
            self.first_touch_from = calendar.after(moment, 600 + self.draw() * 3 * HOUR)
            self.truth.resemble("rubber_stamp", moment, "fast, and worked at once")
            return self._accept_honestly_at(moment, tier, quick=True)
        elif self._is_rushed(at, quarter_end):
            edge = quarter_end - int(self.between(0.05, 2.6) * DAY)
            moment = max(self._open_after(calendar, edge), calendar.after(start, 600))
            self.truth.resemble("cherry_picking", moment, "a busy last week for everybody", "rep")
        elif self.draw() < 0.04:
            moment = self._in_hours(calendar, start) + 35 + int(self.draw() * 60)
            self.truth.resemble("rubber_stamp", moment, "fast, and worked at once")
            return self._accept_honestly_at(moment, tier, quick=True)
        elif self.draw() < 0.10:
            moment = calendar.after(start, room + self.between(0.1, 2) * due)
            self.truth.note("accepted late")
        else:
            moment = calendar.after(start, max(self.between(0.03, 0.85) * room, 120))
        if conduct == "late_accepter":
            talk = calendar.after(start, max(self.between(0.05, 0.6) * room, 60))
            moment = max(moment, talk + 400)
            self.records.touch(talk, rep.user_id, "call")
            self.truth.plant("late_acceptance", moment)
        self._status(moment, "Accepted", rep.user_id)
        self.truth.answer("accepted", moment, rep.user_id)
        return self._after_acceptance(moment, tier, conduct, paired)

    def _open_after(self, calendar: WorkingTime, at: int) -> int:
        """An instant in office hours from `at` on; in a trial, where many wait, not all at once."""
        if not self.world.plan.is_trial:
            return calendar.open_at(at)
        return calendar.after(at, 60 + self.draw() * 3 * HOUR)

    def _is_rushed(self, at: int, quarter_end: int) -> bool:
        """Whether the lead is one of those that the whole company clears before a quarter ends."""
        is_near = 0.3 * DAY < quarter_end - at < 6 * DAY
        return is_near and quarter_end in self.world.plan.rushes and self.draw() < 0.5

    def _accept_honestly_at(self, moment: int, tier: str, *, quick: bool) -> End:
        self._status(moment, "Accepted", self.rep.user_id)
        self.truth.answer("accepted", moment, self.rep.user_id)
        return self._work(moment, tier, quick=quick)

    def _after_acceptance(self, at: int, tier: str, conduct: str, paired: bool) -> End:
        """Work the lead, or not."""
        neglect = 0.85 if paired else NEGLECT.get(conduct, 0.1)
        plan = self.world.plan
        if self.contact.lead_source == "Partner" and self.draw() < 0.5:
            moved = self._batch(at)
            self._convert(moved, PARTNER_USER)
            self.truth.resemble("silent_auto_promotion", moved, "registered automation")
            return "converted", moved
        if self.draw() >= neglect:
            if plan.is_trial and self.draw() < 0.02:
                return self._converted_without_a_note(at)
            return self._work(at, tier, pads=conduct == "padder")
        if conduct == "squatter":
            return "open", at
        choice = self.draw()
        if plan.hidden_timer and 0.65 <= choice < 0.9:
            return self._promoted_by(plan.hidden_timer, at)
        if choice < 0.55:
            moved = self._batch(at + 14 * DAY - 60)
            plain = self.draw() < 0.2
            self._convert(moved, OPERATIONS_USER if plain else TIMER_USER, stuck=True)
            self.truth.plant(
                "silent_auto_promotion",
                moved,
                detail="run as an ordinary user" if plain else "run as the flow's user",
            )
            return "converted", moved
        if choice < 0.65:
            moved = self._batch(at + 30 * DAY)
            return self._close(moved, "Recycled", TIMER_USER, "")
        return "open", at

    def _promoted_by(self, timer: HiddenTimer, at: int) -> End:
        """A flow promotes the lead that the agreement knows nothing of."""
        if timer.as_owner:
            moved, actor = at + timer.days * DAY + int(self.draw() * 900), self.rep.user_id
        else:
            moved, actor = self._batch(at + timer.days * DAY - 60), OPERATIONS_USER
        self._convert(moved, actor, stuck=True)
        name = "in the owner's name" if timer.as_owner else "as an ordinary user"
        self.truth.plant("silent_auto_promotion", moved, detail=f"unlisted timer, {name}")
        return "converted", moved

    def _converted_without_a_note(self, at: int) -> End:
        """The rep talks with the lead, writes nothing down, and converts it: no machine."""
        calendar = self.world.calendars[self.rep.calendar]
        moved = calendar.after(at, self.between(0.3, 60) * HOUR)
        self._convert(moved, self.rep.user_id)
        self.truth.resemble("silent_auto_promotion", moved, "by a person who wrote nothing down")
        return "converted", moved

    def _reject(self, at: int, start: int, tier: str, conduct: str) -> End:
        world, rep = self.world, self.rep
        calendar = world.calendars[rep.calendar]
        due = self._due(at, tier)
        moment = calendar.after(start, max(self.between(0.03, 0.8) * due, 120))
        lazy = conduct == "lazy_rejecter" or self.draw() < 0.06
        status = "Disqualified" if self.draw() < 0.1 else "Rejected"
        self.truth.answer("rejected", moment, rep.user_id)
        if not lazy:
            reason = self._reason(REASONS_WITHOUT_FOLLOW_UP)
            return self._close(moment, status, rep.user_id, reason)
        promised, tries = world.promise(at, tier).touches, self.draw()
        has_time = moment - start >= 120 * (promised + 1)
        touches = promised if tries < 0.1 and has_time else int(tries < 0.5)
        for number in range(1, touches + 1):
            talked = start + (moment - start) * number // (touches + 1)
            self.records.touch(max(talked, start + 30), rep.user_id, "email")
        kind = self.draw()
        if kind < 0.15:
            reason = self.pick(REASONS_NOT_LISTED)
            self.truth.plant("rejection_without_reason", moment)
        elif kind < 0.55:
            reason = self._reason(OVERQUALIFYING_REASONS)
        else:
            reason = self._reason(REASONS_AFTER_FOLLOW_UP)
        minimum = definition_score(world, at)
        met = self.score is not None and self.score >= minimum and self.met >= 4
        if reason in OVERQUALIFYING_REASONS and met:
            self.truth.plant("overqualified_rejection", moment)
        if touches < promised:
            self.truth.plant("rejected_without_follow_up", moment)
        else:
            self.truth.plant("one_touch_abandonment", moment)
        return self._close(moment, status, rep.user_id, reason)

    def _ignore(self, at: int, start: int, tier: str) -> End:
        """Nobody answers; sometimes a machine does, days later."""
        calendar = self.world.calendars[self.rep.calendar]
        due = max(calendar.after(at, self._due(at, tier)), self._due_at(at, tier))
        choice = self.draw()
        if choice < 0.18:
            return self._accepted_by_machine(start, "auto_expiry_accepts", tier, due=due)
        self._unanswered(at)
        if choice < 0.45:
            moved = self._batch(due + 3 * DAY)
            return self._close(moved, "Recycled", TIMER_USER, "")
        return "open", at

    def _accepted_by_machine(self, start: int, rule: str, tier: str, due: int = 0) -> End:
        moment = self._batch(due + 2 * DAY) if due else start + int(self.between(300, 900))
        self._status(moment, "Accepted", TIMER_USER)
        self.truth.answer("accepted", moment, TIMER_USER)
        self.truth.plant(rule, moment)
        return self._after_acceptance(moment, tier, "neglectful", False)

    def _given_to_leaver(self, at: int, start: int, tier: str) -> End:
        """The owner has left; a manager notices, or nobody does."""
        if self.draw() < 0.3:
            return self._unanswered(at)
        self.rep = self._choose_rep(at)
        calendar = self.world.calendars[self.rep.calendar]
        moved = calendar.after(start, self.between(1, 12) * HOUR)
        self.records.set_owner(moved, self.rep.user_id, NAMES, self.rep.manager_id)
        return self._respond(at, moved, tier)

    def _skip_acceptance(self, start: int, tier: str) -> End:
        """Converted straight from MQL: acceptance was never said."""
        rep = self.rep
        calendar = self.world.calendars[rep.calendar]
        moment = calendar.after(start, 1_200)
        # By mail only: a conversation before would be another rule's case.
        for kind in ("email", "social"):
            self.records.touch(moment, rep.user_id, kind)
            moment = calendar.after(moment, 2_400)
        self.truth.answer("accepted", moment, rep.user_id)
        self.truth.plant("skipped_stage", moment)
        self._convert(moment, rep.user_id)
        return "converted", moment

    def _saved_at_once(self, start: int) -> End:
        """Accepted and converted in one save: two changes in one second, which is no skip."""
        rep = self.rep
        calendar = self.world.calendars[rep.calendar]
        written = calendar.after(start, 900)
        self.records.touch(written, rep.user_id, "email")
        moment = calendar.after(written, 2_000)
        self._status(moment, "Accepted", rep.user_id)
        self.truth.answer("accepted", moment, rep.user_id)
        self._convert(moment, rep.user_id)
        self.truth.resemble("skipped_stage", moment, "two changes in one second")
        return "converted", moment

    def _moved_backward(self, start: int) -> End:
        """Marketing takes the lead back to inquiry before sales has said anything."""
        moment = start + int(self.between(0.3, 1) * HOUR)
        self.records.set_marketo_status(
            moment, "Inquiry", "Changed by hand", "User", "", DEMAND_MANAGER.email
        )
        self.truth.plant("backward_move", moment)
        return self._unanswered(moment)

    def _deleted(self, start: int) -> End:
        """Somebody deletes the lead while sales still owes an answer."""
        moment = start + int(self.between(0.2, 0.8) * HOUR)
        self.records.delete_lead(moment)
        self.records.activity(moment + 60, 37, "", "", self.contact.email, "{}")
        self.deleted = True
        self.truth.plant("deleted_after_handoff", moment)
        return self._unanswered(moment)
