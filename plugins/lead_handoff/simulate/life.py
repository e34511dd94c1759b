"""What happens to one person's lead, from the first response to the last deal.

Each plot below says which rule it breaks, or which it only seems to break. Honest plots keep every
promise, so that the truth names all the violations that were meant.
"""

from random import Random

from lead_handoff.simulate import company
from lead_handoff.simulate.calendars import WorkingTime
from lead_handoff.simulate.catalogue import (
    ATTRIBUTE_FIELDS,
    ATTRIBUTE_VALUES,
    ATTRIBUTES,
    COMPANY_HEADS,
    COMPANY_TAILS,
    FIRST_NAMES,
    LAST_NAMES,
    LEAD_SOURCES,
    MARKETO_ATTRIBUTE_FIELDS,
    OVERQUALIFYING_REASONS,
    REASONS_AFTER_FOLLOW_UP,
    REASONS_NOT_LISTED,
    REASONS_WITHOUT_FOLLOW_UP,
    UNMET_VALUES,
)
from lead_handoff.simulate.company import (
    INBOUND_QUEUE,
    LEAVER,
    OPERATIONS_USER,
    PARTNER_USER,
    SYNC_USER,
    TIMER_USER,
    Person,
)
from lead_handoff.simulate.delivery import DAY, Delivery, marketo_time
from lead_handoff.simulate.records import (
    MQL_CAMPAIGN,
    MQL_REASON,
    REENTRY_CAMPAIGN,
    REENTRY_REASON,
    Contact,
    Records,
)
from lead_handoff.simulate.truth import Truth
from lead_handoff.simulate.world import CONDUCT_RESPONSE, TEAMS, World

HOUR = 3_600
BATCH_SECOND = 6 * HOUR + 1_800
"""Scheduled flows run at 06:30 UTC, one minute for the whole company."""
DEMAND_MANAGER = next(p for p in company.PEOPLE if p.title == "Demand Generation")
NAMES = {p.user_id: p.name for p in company.PEOPLE} | {INBOUND_QUEUE: "Inbound Queue"}

End = tuple[str, int]
"""How a handoff's story ended for the plot (recycled, rejected, ...) and when."""


def batch_after(instant: int) -> int:
    """The scheduled flows' next run after `instant`."""
    return (instant - BATCH_SECOND) // DAY * DAY + DAY + BATCH_SECOND


class Life:
    """One lead's story, told by the draws of one random stream."""

    def __init__(self, world: World, out: Delivery, rng: Random, number: int) -> None:
        self.world = world
        self.out = out
        self.rng = rng
        self.draw = rng.random
        self.number = number
        self.truth = Truth(number, world.horizon.end)
        self.team = TEAMS[int(self.draw() * 3)]
        self.contact = self._contact()
        self.records = Records(out, number, 0, self.contact)
        self.fit = 0
        self.engagement = 0
        self.score: int | None = None
        self.values: list[str] = []
        self.met = 0
        self.rep: Person = world.reps[self.team][0]
        self.reason = ""
        self.early = False
        self.working_since = 0
        self.offer_owner = ""
        self.deleted = False

    # Drawing

    def between(self, low: float, high: float) -> float:
        """A number from `low` up to `high`."""
        return low + (high - low) * self.draw()

    def pick(self, options: tuple[str, ...]) -> str:
        """One of `options`, each as likely."""
        return options[int(self.draw() * len(options))]

    def _contact(self) -> Contact:
        first, last = self.pick(FIRST_NAMES), self.pick(LAST_NAMES)
        head = self.pick(COMPANY_HEADS)
        company_name = f"{head} {self.pick(COMPANY_TAILS)}"
        share = self.draw()
        source = LEAD_SOURCES[-1][0]
        for name, part in LEAD_SOURCES:
            share -= part
            if share < 0:
                source = name
                break
        phone = f"+1 555 01{int(self.draw() * 100):02d}" if self.draw() < 0.8 else ""
        email = f"lead{self.number}@{head.lower()}{self.number % 977}.example.com"
        return Contact(first, last, email, phone, company_name, source)

    def _attributes(self, met: int) -> None:
        """Fill the ten attributes so that exactly `met` of them are met."""
        draw = self.draw
        self.met = met
        needed, left = met, len(ATTRIBUTES)
        values = []
        for options in ATTRIBUTE_VALUES:
            if draw() * left < needed:
                values.append(options[int(draw() * len(options))])
                needed -= 1
            else:
                values.append(UNMET_VALUES[int(draw() * len(UNMET_VALUES))])
            left -= 1
        self.values = values

    def _in_hours(self, calendar: WorkingTime, at: int) -> int:
        """`at` if the office is open, else some time in the morning after it opens."""
        opening = calendar.open_at(at)
        return at if opening == at else opening + int(self.draw() * 5_400)

    def _batch(self, after: int) -> int:
        """An instant in the minute of the scheduled flows' next run."""
        return batch_after(after) + int(self.draw() * 50)

    def _reason(self, options: tuple[str, ...]) -> str:
        """One of `options` that the field does not still hold: no change would leave no trace."""
        return self.pick(tuple(option for option in options if option != self.reason))

    def _choose_rep(self, at: int) -> Person:
        """The rep whose turn it is; a leaver gets nothing from three weeks before."""
        reps = self.world.reps[self.team]
        while True:
            rep = reps[int(self.draw() * len(reps))]
            left = self.world.left_at.get(rep.user_id)
            if left is None or at < left - 21 * DAY:
                return rep

    # The story

    def run(self) -> Truth:
        """Live the lead's life, write its rows, and return what really happened."""
        if self.draw() < 0.03:
            self._sales_sourced()
        else:
            self._marketing_sourced()
        self.records.close()
        if self.working_since and self.working_since + 90 * DAY < self.world.horizon.end:
            self.truth.plant("stalled_lead", self.working_since + 90 * DAY)
        self.truth.salesforce_id = self.records.lead_id if self.records.in_salesforce else ""
        self.truth.marketo_id = self.records.marketo_id if self.records.in_marketo else 0
        self.truth.team = self.team
        self.truth.finish()
        return self.truth

    def _sales_sourced(self) -> None:
        """A lead that a person typed into Salesforce and Marketo never knew."""
        rng, records = self.draw, self.records
        calendar = self.world.calendars[company_calendar(self.team)]
        at = calendar.open_at(self.world.arrival(self.rng))
        self.rep = self._choose_rep(at)
        self._attributes(3 + int(rng() * 5))
        bdr = self.world.bdrs[self.team].user_id
        if rng() < 0.3:
            # Only Marketo may say MQL: no handoff opens, and the systems disagree.
            records.create_lead(at, "Marketing Qualified", self.rep.user_id, bdr, self._custom())
            self.truth.plant("systems_disagree", at, detail="mql of a lead unknown to the MAP")
            return
        records.create_lead(at, "Open", self.rep.user_id, bdr, self._custom())
        accepted = calendar.after(at, self.between(0.2, 6) * HOUR)
        self._status(accepted, "Accepted", self.rep.user_id)
        self._work(accepted, "B")

    def _custom(self) -> dict[str, object]:
        fields: dict[str, object] = dict(zip(ATTRIBUTE_FIELDS, self.values, strict=True))
        if self.score is not None:
            fields["Lead_Score__c"] = self.score
        return fields

    def _marketing_sourced(self) -> None:
        draw, world = self.draw, self.world
        at = world.arrival(self.rng)
        self.rep = self._choose_rep(at)
        plot = draw()
        flood = 2 * DAY < world.quarter_end - at < 45 * DAY and plot > 0.94
        qualifies = flood or draw() < 0.48
        unscored = not flood and plot < 0.012
        unfit = not flood and 0.012 <= plot < 0.035
        self._plan_score(qualifies, flood=flood, unfit=unfit)
        self._open_marketo(at, unscored=unscored)
        self.early = draw() < 0.4
        if flood:
            evening = world.quarter_end - 7 * HOUR - 900 - int(draw() * 2) * DAY
            qualified = evening + int(draw() * 50)
        else:
            qualified = at + int(self.between(0.05, 1) * self.between(0.2, 20) * DAY)
        if self.early:
            wait = min(int(self.between(0.1, 0.6) * (qualified - at)), 7_000)
            self._enter_salesforce(at + wait, "Open")
        twin = self._twin(at, qualified) if draw() < 0.04 else None
        if not qualifies:
            self._nurtured(at)
        else:
            if unscored:
                self.score = None
                self.truth.plant("missing_score", qualified)
            else:
                self._raise_score(at, qualified)
            self._qualify(qualified, flood=flood)
            if unfit and not unscored:
                self.truth.plant("engaged_but_unfit", qualified)
            self._handoffs(qualified)
        if twin is not None and not self.deleted:
            self._merge(twin, at, qualified if qualifies else at)
        if twin is not None:
            twin.close()

    def _plan_score(self, qualifies: bool, *, flood: bool, unfit: bool) -> None:
        """Decide the scores the lead will have when it is handed over."""
        draw = self.draw
        if not qualifies:
            self.fit, self.engagement = 5 + int(draw() * 28), 4 + int(draw() * 12)
            self._attributes(int(draw() * 6))
        elif flood:
            self.fit, self.engagement = 8 + int(draw() * 14), 10 + int(draw() * 14)
            self._attributes(1 + int(draw() * 3))
        elif unfit:
            self.fit = 6 + int(draw() * 12)
            self.engagement = 64 - self.fit + int(draw() * 20)
            self._attributes(4 + int(draw() * 2))
        elif draw() < 0.05:
            # Handed over below the definition: score or attributes fall short.
            self.fit = 24 + int(draw() * 10)
            short = draw() < 0.5
            self.engagement = (12 if short else 40) + int(draw() * 10)
            self._attributes(6 if short else 1 + int(draw() * 3))
        else:
            self.fit = 24 + int(draw() * 27)
            self.engagement = 62 - self.fit + int(draw() * draw() * 60)
            self._attributes(4 + int(draw() * 5.99))

    def _open_marketo(self, at: int, *, unscored: bool) -> None:
        records, draw = self.records, self.draw
        fields: dict[str, object] = {
            name: value or "null"
            for name, value in zip(MARKETO_ATTRIBUTE_FIELDS, self.values, strict=True)
        }
        if draw() < 0.8:
            records.create_marketo(at, "Inquiry", fields)
        else:
            records.create_marketo(at, "", fields)
            records.set_marketo_status(
                at + 20,
                "Inquiry",
                "Changed by Smart Campaign ID 1040 - 01 New inquiry",
                "Marketo Flow Action",
                1040,
            )
        records.activity(at + 1, 2, "", 3_301, "Contact us", '{"Webform ID":"3301"}')
        if not unscored:
            records.score(at + 40, "Fit Score", "fitScore", None, self.fit, "Fit")
            records.score(at + 41, "Lead Score", "leadScore", None, self.fit, "Fit")
            self.score = self.fit

    def _raise_score(self, start: int, end: int) -> None:
        """Let the lead's behaviour raise its score step by step, the last just before `end`."""
        records = self.records
        steps = 1 + int(self.draw() * 3)
        reached = 0
        for step in range(1, steps + 1):
            at = start + 60 + (end - start - 100) * step // steps
            goal = self.engagement * step // steps
            if step % 2:
                records.activity(at - 3, 46, 1030, "", "Web", '{"Description":"Visited pricing"}')
            else:
                records.activity(at - 3, 2, "", 3_302, "Webinar", '{"Webform ID":"3302"}')
            records.score(at, "Engagement Score", "engagementScore", reached or None, goal, "Web")
            total = self.fit + goal
            records.score(at + 1, "Lead Score", "leadScore", self.score, total, "Web")
            self.score, reached = total, goal

    def _nurtured(self, at: int) -> None:
        """A lead that never qualifies."""
        draw, records = self.draw, self.records
        self._raise_score(at, at + int(self.between(1, 30) * DAY))
        if draw() < 0.2:
            records.set_marketo_status(
                at + int(self.between(31, 60) * DAY),
                "Nurture",
                "Changed by Smart Campaign ID 1050 - 09 Cold",
                "Marketo Flow Action",
                1050,
            )
        elif draw() < 0.02:
            self._dated_in_the_future()
        elif self.early and draw() < 0.1:
            records.delete_lead(at + int(self.between(5, 30) * DAY))
            records.activity(at + 31 * DAY, 37, "", "", self.contact.email, "{}")

    def _dated_in_the_future(self) -> None:
        """A clock gone wrong: Marketo delivers a change dated days after the last night."""
        horizon = self.world.horizon
        at = horizon.end + 4 * DAY + int(self.draw() * DAY)
        records = self.records
        records.out.row_in_night(
            ("marketo", "activities"),
            horizon.nights,
            (
                records.spare_guid,
                records.marketo_id,
                marketo_time(at),
                13,
                MQL_CAMPAIGN,
                1063,
                "Lead Status",
                '{"Old Value":"Inquiry","New Value":"MQL","Reason":"'
                + MQL_REASON
                + '","Source":"Marketo Flow Action","API Method Name":"","Modifying User":""}',
            ),
        )
        self.truth.plant("future_or_backdated", horizon.end - 1, detail="dated in the future")

    # Two records of one person

    def _twin(self, at: int, qualified: int) -> Records:
        """A second record of the same person, made before the handoff."""
        draw = self.draw
        twin = Records(self.out, self.number, 1, self.contact)
        moment = at + int((qualified - at) * self.between(0.05, 0.8)) if draw() < 0.5 else at - HOUR
        twin.create_marketo(moment, "Inquiry", {})
        if self.early and draw() < 0.6:
            twin.create_lead(moment + 500, "Open", self.rep.user_id, SYNC_USER, {})
        self.truth.twin = (twin.lead_id if twin.in_salesforce else "", twin.marketo_id)
        return twin

    def _merge(self, twin: Records, at: int, qualified: int) -> None:
        """Merge the twin into the lead: a look-alike of a deletion."""
        open_clause = self.draw() < 0.3
        moment = max(at, qualified) + int(
            self.between(HOUR, 2 * HOUR) if open_clause else self.between(0.6, 10) * DAY
        )
        if twin.in_salesforce and self.records.in_salesforce:
            twin.delete_lead(moment, self.records.lead_id)
            self.truth.resemble("deleted_after_handoff", moment, "merged, not deleted")
        self.records.activity(
            moment + 30,
            32,
            "",
            "",
            self.contact.email,
            f'{{"Merge IDs":"[{twin.marketo_id}]","Merge Source":"Salesforce"}}',
        )
        self.truth.merged_at = moment

    # Entering Salesforce

    def _enter_salesforce(self, at: int, status: str, owner: str = "") -> None:
        records = self.records
        owner = owner or self.rep.user_id
        if self.draw() < 0.004 and status == "Open":
            # An import kept the history's dates but not the lead's own.
            records.status = "Open"
            records.history(at - 9 * DAY, SYNC_USER, "Status", "Open", "Marketing Qualified")
            records.history(at - 9 * DAY + 60, SYNC_USER, "Status", "Marketing Qualified", "Open")
            self.truth.plant("future_or_backdated", at, detail="history older than its lead")
        records.create_lead(at, status, owner, SYNC_USER, self._custom())
        records.join_campaign(at + 3, self.world.campaigns[self.contact.lead_source])

    def _qualify(self, at: int, *, flood: bool) -> None:
        """Marketo says MQL: the handoff opens."""
        records = self.records
        if flood:
            records.set_marketo_status(
                at, "MQL", "Changed by list action", "User", "", DEMAND_MANAGER.email
            )
            self.truth.plant("mql_flood", at, subject="company")
        else:
            records.set_marketo_status(at, "MQL", MQL_REASON, "Marketo Flow Action", MQL_CAMPAIGN)
        minimum = 60 if at >= self.world.agreement_changed_at else 50
        if self.score is not None and (self.score < minimum or self.met < 4):
            self.truth.plant("below_definition", at)

    # Handoffs

    def _handoffs(self, at: int) -> None:
        """Go through handoffs while the lead comes back from nurture."""
        for cycle in range(1, 4):
            ending, when = self._handoff(at, cycle)
            if when >= self.world.horizon.end:
                return
            chance = {"recycled": 0.5, "rejected": 0.2}.get(ending, 0.0)
            if self.draw() >= chance or cycle == 3:
                return
            at = when + int(self.between(9, 35) * DAY)
            if self.score is not None:
                gain = 3 + int(self.draw() * 9)
                self.records.score(
                    at - 20, "Lead Score", "leadScore", self.score, self.score + gain, "Back"
                )
                self.score += gain
            self.records.set_marketo_status(
                at, "MQL", REENTRY_REASON, "Marketo Flow Action", REENTRY_CAMPAIGN
            )
            minimum = 60 if at >= self.world.agreement_changed_at else 50
            if self.score is None:
                self.truth.plant("missing_score", at)
            elif self.score < minimum or self.met < 4:
                self.truth.plant("below_definition", at)

    def _tier(self) -> str:
        return "A" if self.score is not None and self.score >= 80 and self.met >= 6 else "B"

    def _handoff(self, at: int, cycle: int) -> End:
        """One handoff opened at `at`."""
        tier = self._tier()
        self.truth.handoff(at, cycle, tier, self.score, self.met, self.team)
        routed = self._route(at, cycle)
        self.truth.due(self._due_at(at, tier))
        if routed is None:
            return self._unanswered(at)
        start, left = routed
        draw = self.draw()
        if left:
            return self._given_to_leaver(at, start, tier)
        if draw < 0.012:
            return self._skip_acceptance(start, tier)
        if draw < 0.024:
            return self._accepted_by_machine(start, "auto_acceptance", tier)
        if draw < 0.030 and cycle == 1:
            return self._moved_backward(start)
        if draw < 0.036:
            return self._deleted(start)
        if draw < 0.044:
            return self._saved_at_once(start)
        return self._respond(at, start, tier)

    def _route(self, at: int, cycle: int) -> tuple[int, bool] | None:
        """Bring the handoff to a rep: (instant the rep has it, given to a leaver) or None."""
        draw, records, world = self.draw, self.records, self.world
        leaves = world.left_at.get(self.rep.user_id)
        leaving = leaves is not None and at >= leaves - 21 * DAY
        if leaving and not records.in_salesforce:
            self.rep = self._choose_rep(at)
        if records.in_salesforce:
            self.offer_owner = records.owner
            synced = at + int(self.between(15, 280))
            self._status(synced, "Marketing Qualified", SYNC_USER)
            if cycle > 1 and self.reason and draw() < 0.5:
                records.set_field(synced, SYNC_USER, "Rejection_Reason__c", self.reason, "")
                self.reason = ""
            left = world.left_at.get(records.owner)
            if left is not None and at >= left:
                self.truth.plant("owner_inactive", at)
                return synced, True
            return self._reassigned(synced, always=leaving), False
        way = draw()
        if way < 0.014:
            self.truth.plant("no_owner", at)  # the sync failed and nobody noticed
            self.offer_owner = ""
            return None
        synced = at + int(self.between(12, 240))
        self.offer_owner = self.rep.user_id
        if way < 0.025:
            # What is known of the owner begins with the record, and serves for the time before.
            synced = at + int(self.between(0.7, 4) * HOUR)
            self.truth.resemble("no_owner", at, "synced late")
        left = world.left_at.get(LEAVER, world.horizon.end)
        if self.team == "West" and at > left and draw() < 0.07:
            # A forgotten assignment rule still names the rep who left.
            self._enter_salesforce(synced, "Marketing Qualified", LEAVER)
            self.offer_owner = LEAVER
            self.truth.plant("owner_inactive", at)
            return synced, True
        if way < 0.14:
            self.offer_owner = INBOUND_QUEUE
            self._enter_salesforce(synced, "Marketing Qualified", INBOUND_QUEUE)
            claimed = synced + int(self.between(120, 2_400))
            records.set_owner(claimed, self.rep.user_id, NAMES, self.rep.user_id)
            return claimed, False
        if way < 0.30:
            bdr = self.world.bdrs[self.team]
            self.offer_owner = bdr.user_id
            self._enter_salesforce(synced, "Marketing Qualified", bdr.user_id)
            if bdr.user_id == world.colluding[0] and draw() < 0.5:
                self.rep = world.people[world.colluding[1]]
            calendar = world.calendars[bdr.calendar]
            passed = calendar.after(synced, self.between(0.1, 1.5) * HOUR)
            records.set_owner(passed, self.rep.user_id, NAMES, bdr.user_id)
            self.truth.routed_by(bdr.user_id)
            return passed, False
        self._enter_salesforce(synced, "Marketing Qualified")
        return self._reassigned(synced), False

    def _reassigned(self, at: int, *, always: bool = False) -> int:
        """Now and then the manager passes a lead to a colleague before anybody has answered."""
        if self.draw() >= 0.04 and not always:
            return at
        manager = self.rep.manager_id
        self.rep = self._choose_rep(at)
        if self.rep.user_id == self.records.owner:
            return at
        moved = self.world.calendars[self.rep.calendar].after(at, self.between(0.1, 2) * HOUR)
        self.records.set_owner(moved, self.rep.user_id, NAMES, manager)
        return moved

    def _status(self, at: int, status: str, actor: str) -> None:
        """Change the Salesforce status and let Marketo follow, mostly."""
        records = self.records
        if records.status == status:
            return
        records.set_status(at, status, actor)
        echo = {
            "Accepted": "SAL",
            "Rejected": "Nurture",
            "Recycled": "Nurture",
            "Disqualified": "Nurture",
        }.get(status)
        if status == "Accepted":
            self.working_since = at
        elif status not in ("Working", "Open"):
            self.working_since = 0
        if echo is None or not records.in_marketo:
            return
        if echo == "SAL" and self.draw() < 0.02:
            late = self.draw() < 0.5
            if late:
                records.echo(at + int(self.between(30, 60) * HOUR), echo)
            self.truth.plant("systems_disagree", at + DAY, detail="echo of sal late or missing")
            return
        records.echo(at + int(self.between(60, 900)), echo)

    def _close(self, at: int, status: str, actor: str, reason: str) -> End:
        """Send the lead back with a reason, saved in the same second."""
        self._status(at, status, actor)
        if reason != self.reason and reason:
            self.records.set_field(at, actor, "Rejection_Reason__c", self.reason, reason)
            self.reason = reason
        return status.lower(), at

    def _respond(self, at: int, start: int, tier: str) -> End:
        """The rep accepts, rejects or ignores, as is the rep's habit."""
        rep = self.rep
        conduct = self.world.conducts[rep.user_id]
        accept, reject = CONDUCT_RESPONSE[conduct]
        paired = conduct == "collusive" and self.truth.was_routed_by(self.world.colluding[0])
        if paired:
            accept, reject = 0.99, 0.0
        choice = self.draw()
        if choice < accept:
            return self._accept(at, start, tier, conduct, paired)
        if choice < accept + reject:
            return self._reject(at, start, tier, conduct)
        return self._ignore(at, start, tier)

    def _unanswered(self, at: int) -> End:
        """Nobody will answer the handoff."""
        self.truth.leave_unanswered()
        return "open", at

    def _due_at(self, at: int, tier: str) -> int:
        """When the response falls due, on the calendar of whoever owned the lead at the offer."""
        owner = self.world.people.get(self.offer_owner)
        on_roster = owner is not None and not (
            owner.left_on and at >= self.world.agreement_changed_at
        )
        calendar = owner.calendar if owner is not None and on_roster else "us_east"
        return self.world.calendars[calendar].after(at, self._due(at, tier))

    def _due(self, at: int, tier: str) -> float:
        return self.world.promise(at, tier).response_hours * HOUR

    # Accepting

    def _accept(self, at: int, start: int, tier: str, conduct: str, paired: bool) -> End:
        world, rep = self.world, self.rep
        calendar = world.calendars[rep.calendar]
        due = self._due(at, tier)
        used = calendar.worked(start) - calendar.worked(at)
        room = max(due - used, 0.2 * due)
        if conduct == "rubber_stamp":
            if self.draw() < 0.55:
                moment = start + 4 + int(self.draw() * 22)
            else:
                # Everything since yesterday, in one go at the start of the day.
                moment = calendar.after(start, 1) if calendar.open_at(start) > start else start
                moment = calendar.open_at(start + 30) + int(self.draw() * 50)
            self.truth.plant("rubber_stamp", moment, subject="rep")
        elif conduct == "cherry_picker" and 0 < world.quarter_end - at < 24 * DAY:
            edge = world.quarter_end - int(self.between(0.05, 2.6) * DAY)
            moment = max(calendar.open_at(edge), calendar.after(start, 600))
            self.truth.plant("cherry_picking", moment, subject="rep")
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

    def _accept_honestly_at(self, moment: int, tier: str, *, quick: bool) -> End:
        self._status(moment, "Accepted", self.rep.user_id)
        self.truth.answer("accepted", moment, self.rep.user_id)
        return self._work(moment, tier, quick=quick)

    def _after_acceptance(self, at: int, tier: str, conduct: str, paired: bool) -> End:
        """Work the lead, or not."""
        neglect = {"neglectful": 0.65, "rubber_stamp": 0.75, "cherry_picker": 0.3}.get(conduct, 0.1)
        if paired:
            neglect = 0.85
        if self.contact.lead_source == "Partner" and self.draw() < 0.5:
            moved = self._batch(at)
            self._convert(moved, PARTNER_USER)
            self.truth.resemble("silent_auto_promotion", moved, "registered automation")
            return "converted", moved
        if self.draw() >= neglect:
            return self._work(at, tier, pads=conduct == "padder")
        choice = self.draw()
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

    def _work(self, at: int, tier: str, *, pads: bool = False, quick: bool = False) -> End:
        """Do everything that was promised for the lead, then decide."""
        world, rep, draw, records = self.world, self.rep, self.draw, self.records
        calendar = world.calendars[rep.calendar]
        promise = world.promise(at, tier)
        count = promise.touches + int(draw() * 2.5)
        channels = ("call", "email", "social") if draw() < 0.5 else ("email", "call", "meeting")
        first = 600 if quick else self.between(0.05, 0.7) * promise.first_touch_hours * HOUR
        moment = calendar.after(at, max(first, 60))
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

    # Rejecting and ignoring

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
            return self._reject_with(moment, status, reason)
        touches = 1 if self.draw() < 0.5 else 0
        if touches:
            talked = start + (moment - start) // 2
            self.records.touch(max(talked, start + 30), rep.user_id, "email")
        kind = self.draw()
        if kind < 0.15:
            reason = self.pick(REASONS_NOT_LISTED)
            self.truth.plant("rejection_without_reason", moment)
        elif kind < 0.55:
            reason = self._reason(OVERQUALIFYING_REASONS)
        else:
            reason = self._reason(REASONS_AFTER_FOLLOW_UP)
        minimum = 60 if at >= world.agreement_changed_at else 50
        met = self.score is not None and self.score >= minimum and self.met >= 4
        if reason in OVERQUALIFYING_REASONS and met:
            self.truth.plant("overqualified_rejection", moment)
        self.truth.plant("rejected_without_follow_up", moment)
        if touches:
            self.truth.plant("one_touch_abandonment", moment)
        return self._reject_with(moment, status, reason)

    def _reject_with(self, at: int, status: str, reason: str) -> End:
        return self._close(at, status, self.rep.user_id, reason)

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

    # Odd ways

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

    # Opportunities

    def _convert(self, at: int, actor: str, *, stuck: bool = False) -> None:
        """Convert the lead, mostly with an opportunity, and follow the deal to its end."""
        records, draw, world = self.records, self.draw, self.world
        end = world.horizon.end
        without = not stuck and draw() < 0.012
        self.working_since = at
        records.convert(at, actor)
        if without:
            self.truth.plant("impossible_move", at, detail="converted without an opportunity")
            return
        amount = 4_000 + int(draw() * draw() * 90_000)
        currency = "EUR" if self.team == "Europe" else "USD"
        campaign = world.campaigns[self.contact.lead_source]
        records.open_opportunity(at, actor, amount, currency, campaign)
        if stuck or draw() < 0.12:
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
        self.working_since = 0
        self.truth.deal(moment, won, amount)
        if draw() < 0.02:
            again = moment + int(self.between(1, 4) * DAY)
            old, new = ("Closed Won", "Closed Lost") if won else ("Closed Lost", "Closed Won")
            records.set_stage(again, old, new, rep)
            self.truth.resemble("impossible_move", again, "the same deal, closed again")


def company_calendar(team: str) -> str:
    """The calendar of a team's office."""
    return {"East": "us_east", "West": "us_west", "Europe": "europe"}[team]
