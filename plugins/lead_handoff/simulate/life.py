"""A person's lead from the first response on: scores, systems, merges, and its handoffs.

The truth names all the violations that were meant; nothing else here breaks a rule of single leads.
"""

from lead_handoff.simulate.answering import Answering
from lead_handoff.simulate.catalogue import ATTRIBUTE_FIELDS, MARKETO_ATTRIBUTE_FIELDS
from lead_handoff.simulate.company import INBOUND_QUEUE, LEAVER, SYNC_USER
from lead_handoff.simulate.delivery import DAY, marketo_time
from lead_handoff.simulate.plan import next_of
from lead_handoff.simulate.plot import (
    DEMAND_MANAGER,
    HOUR,
    NAMES,
    TEAM_CALENDARS,
    End,
    definition_score,
)
from lead_handoff.simulate.records import (
    ACTIVITIES,
    MQL_CAMPAIGN,
    MQL_REASON,
    REENTRY_CAMPAIGN,
    REENTRY_REASON,
    Records,
)
from lead_handoff.simulate.truth import Truth


class Life(Answering):
    """One lead's story, told by the draws of one random stream."""

    def run(self) -> Truth:
        """Live the lead's life, write its rows, and return what really happened."""
        if self.draw() < 0.03:
            self._sales_sourced()
        else:
            self._marketing_sourced()
        records, end = self.records, self.world.horizon.end
        records.close()
        lead = records.lead_at(end)
        if self.standing_since:
            self.truth.stand(self.standing_since, str(lead["OwnerId"]))
        self.truth.salesforce_id = records.lead_id if lead else ""
        self.truth.marketo_id = records.marketo_id if records.in_marketo else 0
        self.truth.team = self.team
        self.truth.finish(records.touched)
        return self.truth

    def _sales_sourced(self) -> None:
        """A lead that a person typed into Salesforce and Marketo never knew."""
        rng, records = self.draw, self.records
        calendar = self.world.calendars[TEAM_CALENDARS[self.team]]
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
        flooding = next_of(world.plan.floods, at + 2 * DAY)
        flood = 0 < flooding - at < world.plan.flood_reach and plot > world.plan.flood_from
        qualifies = flood or draw() < 0.48
        unscored = not flood and plot < 0.012
        unfit = not flood and 0.012 <= plot < 0.035
        self._plan_score(qualifies, flood=flood, unfit=unfit)
        self._open_marketo(at, unscored=unscored)
        self.early = draw() < 0.4
        if flood:
            evening = flooding - 7 * HOUR - 900 - int(draw() * 2) * DAY
            qualified = evening + int(draw() * 50)
        else:
            qualified = at + int(self.between(0.05, 1) * self.between(0.2, 20) * DAY)
            qualified = self._drawn_to_campaign(at, qualified)
        if self.early:
            wait = min(int(self.between(0.1, 0.6) * (qualified - at)), 7_000)
            self._enter_salesforce(at + wait, "Open")
        twin = self._twin(at, qualified) if draw() < 0.04 else None
        if not qualifies:
            self._nurtured(at)
        else:
            if unscored:
                self.score = None
            else:
                self._raise_score(at, qualified)
            self.unfit = unfit and not unscored
            self._qualify(qualified, flood=flood)
            self._handoffs(qualified)
        if twin is not None and not self.deleted:
            self._merge(twin, at, qualified if qualifies else at)
        if twin is not None:
            twin.close()

    def _drawn_to_campaign(self, at: int, qualified: int) -> int:
        """Some leads qualify in the last days before a period ends, because a campaign does.

        They fit as well as any other: many at once is no misconduct.
        """
        end = next_of(self.world.plan.campaigns, at + 3 * DAY)
        if not 0 < end - at < 20 * DAY or self.draw() >= 0.35:
            return qualified
        drawn = end - int(self.between(0.1, 2.8) * DAY)
        self.truth.resemble("mql_flood", drawn, "many at once, and as fit as ever", "company")
        return drawn

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
            ACTIVITIES,
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
        self._judge_offer(at)

    def _judge_offer(self, at: int) -> None:
        """Tell what is wrong with the lead that is handed over."""
        if self.score is None:
            self.truth.plant("missing_score", at)
        elif self.score < definition_score(self.world, at) or self.met < 4:
            self.truth.plant("below_definition", at)
        if self.unfit:
            self.truth.plant("engaged_but_unfit", at)

    def _handoffs(self, at: int) -> None:
        """Go through handoffs while the lead comes back from nurture."""
        for cycle in range(1, 4):
            ending, when = self._handoff(at, cycle)
            if when >= self.world.horizon.end:
                return
            if self.world.plan.is_trial and self.truth.was_rejected and self.draw() < 0.06:
                self._deleted_later(when + int(self.between(1, 20) * DAY))
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
            self._judge_offer(at)

    def _deleted_later(self, at: int) -> None:
        """Somebody tidies up: nothing was owed to the lead any more."""
        self.records.delete_lead(at)
        self.records.activity(at + 60, 37, "", "", self.contact.email, "{}")
        self.deleted = True
        self.truth.resemble("deleted_after_handoff", at, "deleted after its rejection")

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
        last = world.last_lead_at.get(self.rep.user_id)
        leaving = last is not None and at >= last
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
            partners = world.plan.colluding.get(bdr.user_id, ())
            if partners and draw() < 0.5:
                partner = self.pick(partners) if len(partners) > 1 else partners[0]
                self.rep = world.people[partner]
            calendar = world.calendars[bdr.calendar]
            passed = calendar.after(synced, self.between(0.1, 1.5) * HOUR)
            records.set_owner(passed, self.rep.user_id, NAMES, bdr.user_id)
            self.truth.route(bdr.user_id)
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
