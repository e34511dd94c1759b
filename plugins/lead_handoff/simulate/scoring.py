"""How well findings agree with the truth: what was found, missed, and wrongly held against people.

A case is a rule's violation by one subject. Violations of a single lead are counted per lead and
rule; those of a rep, a pair or a period are matched by the subject's own spelling.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple

from lead_handoff.simulate.plan import HEADQUARTERS

BATCH_SECONDS, BATCH_SIZE = 300, 10
"""So many acceptances by one person in so many seconds are one go."""
PADDED_SIZE = 5
"""So many touches recorded in one minute are padding."""
STALLED_SHARE, STALLED_LEADS = 0.65, 10
"""A portfolio of at least so many open leads has stalled when more than the share of it has."""
PIPELINE_SHARE, PIPELINE_OPPORTUNITIES, PIPELINE_DAYS = 0.95, 20, 60
"""Of at least so many opportunities more than the share is marketing's, and half take longer."""

GRADES = ("certain", "likely", "possible")
ABOUT_NOBODY = ("unsigned_agreement", "not_delivered")
"""Rules that say what is missing, and are right in an innocent company too."""
POSSIBLE_PER_HANDOFF = 0.001
"""So many findings that are only possible may be false."""


class Case(NamedTuple):
    """A rule and a subject; `scope` is the subject's kind, or lead for anything of one lead."""

    rule: str
    scope: str
    subject: str


class Finding(NamedTuple):
    """What the scorer reads of a finding."""

    rule: str
    subject_type: str
    subject_id: str
    lead_id: str | None

    @property
    def case(self) -> Case:
        """The case the finding speaks of."""
        if self.lead_id is not None:
            return Case(self.rule, "lead", self.lead_id)
        return Case(self.rule, self.subject_type, self.subject_id)


@dataclass
class Truth:
    """What findings are held against.

    Attributes:
        planted: the cases, a lead's as often as they occur.
        kinds: of each case, in which way it was planted, where there is more than one.
        look_alikes: cases that are none, with the reason why they only look like one.
    """

    planted: Counter[Case] = field(default_factory=Counter)
    kinds: dict[Case, list[str]] = field(default_factory=lambda: defaultdict(list))
    look_alikes: dict[tuple[Case, str], None] = field(default_factory=dict)

    def plant(self, case: Case, kind: str = "") -> None:
        """Add a case."""
        self.planted[case] += 1
        if kind:
            self.kinds[case].append(kind)


@dataclass
class Tally:
    """One rule's score over one or more companies; `kinds` and `look_alikes` hold (hit, all)."""

    planted: int = 0
    found: int = 0
    right: int = 0
    kinds: dict[str, tuple[int, int]] = field(default_factory=dict)
    look_alikes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __iadd__(self, other: "Tally") -> "Tally":
        self.planted += other.planted
        self.found += other.found
        self.right += other.right
        for mine, more in ((self.kinds, other.kinds), (self.look_alikes, other.look_alikes)):
            for name, (hits, cases) in more.items():
                before = mine.get(name, (0, 0))
                mine[name] = before[0] + hits, before[1] + cases
        return self


@dataclass
class Score:
    """The tallies by rule and scope, and the cases behind them that did not agree."""

    tallies: dict[tuple[str, str], Tally]
    missed: Counter[Case]
    wrong: Counter[Case]


def read_truth(lines: Iterable[str], lead_ids: Mapping[str, str]) -> Truth:
    """The cases that a truth file tells; `lead_ids` gives the warehouse's id of a source's."""
    truth = Truth()
    leads = [json.loads(line) for line in lines]
    company = leads.pop(0)
    for plant in company["planted"]:
        case = Case(plant["rule"], plant["subject_type"], plant["subject"])
        truth.plant(case, plant.get("kind", ""))
    for other in company["look_alikes"]:
        case = Case(other["rule"], other["subject_type"], other["subject"])
        truth.look_alikes[case, other["why"]] = None
    batches = _batches(leads)
    for lead in leads:
        known = lead["salesforce_id"] or lead["marketo_id"]
        if known:  # else the lead begins after the last night
            _read_lead(truth, lead, lead_ids[str(known)], batches)
    _read_padding(truth, leads)
    _read_portfolios(truth, leads, company["teams"])
    _read_pipelines(truth, leads, company)
    return truth


def _read_lead(truth: Truth, lead: Any, lead_id: str, batches: set[str]) -> None:
    for plant in lead["planted"]:
        rule, subject = plant["rule"], plant["subject"]
        if rule == "unmapped_stage_value":
            value = f"salesforce|Lead|Status|{plant['detail']}"
            truth.planted[Case(rule, "stage_value", value)] = 1
        elif subject == "lead":
            truth.plant(Case(rule, "lead", lead_id), plant["detail"])
    for handoff in lead["handoffs"]:
        if handoff.get("unread") and _go_of(handoff) in batches:
            truth.plant(Case("rubber_stamp", "lead", lead_id), "in one go")
    for other in lead["look_alikes"]:
        if other["subject"] == "lead":
            truth.look_alikes[Case(other["rule"], "lead", lead_id), other["why"]] = None


def _batches(leads: list[Any]) -> set[str]:
    """The goes, by person and time, in which enough was accepted to be seen as one."""
    sizes = Counter(
        _go_of(handoff)
        for lead in leads
        for handoff in lead["handoffs"]
        if handoff.get("response") == "accepted"
    )
    return {go for go, size in sizes.items() if size >= BATCH_SIZE}


def _go_of(handoff: Mapping[str, str]) -> str:
    """Who answered, in which stretch of five minutes."""
    instant = int(datetime.fromisoformat(handoff["responded_at"]).timestamp())
    return f"{handoff['responded_by']}|{instant - instant % BATCH_SECONDS}"


def _read_padding(truth: Truth, leads: list[Any]) -> None:
    touches: Counter[str] = Counter()
    for lead in leads:
        for logged in lead.get("logged", ()):
            touches[f"salesforce|{logged['user']}|{logged['minute_at']}"] += logged["touches"]
    for minute, count in touches.items():
        if count >= PADDED_SIZE:
            truth.plant(Case("padded_activity", "touch_batch", minute))


def _read_portfolios(truth: Truth, leads: list[Any], teams: Mapping[str, str]) -> None:
    held: dict[str, list[bool]] = defaultdict(list)
    for lead in leads:
        if stands := lead.get("stands"):
            owner = stands["owner"]
            team = [f"team:{teams[owner]}"] if owner in teams else []
            for portfolio in ("all", f"owner:{owner}", *team):
                held[portfolio].append(stands["stalled"])
    for portfolio, stalled in held.items():
        enough = len(stalled) >= STALLED_LEADS
        if enough and sum(stalled) > STALLED_SHARE * len(stalled):
            truth.plant(Case("stalled_lead", "portfolio", portfolio))
        elif enough and any(stalled):
            why = "some have stalled, most have not"
            truth.look_alikes[Case("stalled_lead", "portfolio", portfolio), why] = None


def _read_pipelines(truth: Truth, leads: list[Any], company: Mapping[str, Any]) -> None:
    end, teams = datetime.fromisoformat(company["end_at"]), company["teams"]
    pipelines: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for lead in leads:
        if opened := lead.get("opportunity"):
            offers = [handoff["offered_at"] for handoff in lead["handoffs"]]
            is_marketing_s = bool(offers) and min(offers) <= opened["opened_at"]
            closed_at = min((deal["closed_at"] for deal in lead["deals"]), default=None)
            days = _days(opened["opened_at"], closed_at, end)
            for pipeline in _pipelines_of(opened["opened_at"], teams.get(opened["owner"])):
                pipelines[pipeline].append((is_marketing_s, days))
    for own in company["own_opportunities"]:
        days = _days(own["opened_at"], own["closed_at"], end)
        for pipeline in _pipelines_of(own["opened_at"], teams.get(own["owner"])):
            pipelines[pipeline].append((False, days))
    running = _pipelines_of(company["end_at"], None)[0]
    for pipeline, opportunities in pipelines.items():
        marketing_s = [days for is_marketing_s, days in opportunities if is_marketing_s]
        if (
            len(opportunities) >= PIPELINE_OPPORTUNITIES
            and len(marketing_s) > PIPELINE_SHARE * len(opportunities)
            and median(marketing_s) > PIPELINE_DAYS
            and not pipeline.startswith(running)
        ):
            truth.plant(Case("too_good_pipeline", "period", pipeline))


def _pipelines_of(opened_at: str, team: str | None) -> list[str]:
    """The company's pipeline of the month at headquarters, and the team's if there is one."""
    month = datetime.fromisoformat(opened_at).astimezone(HEADQUARTERS).date().replace(day=1)
    return [f"month|{month}"] + ([f"month|{month}|team:{team}"] if team else [])


def _days(opened_at: str, closed_at: str | None, end: datetime) -> float:
    until = datetime.fromisoformat(closed_at) if closed_at else end
    return (until - datetime.fromisoformat(opened_at)).total_seconds() / 86400


def score(truth: Truth, findings: Iterable[Finding]) -> Score:
    """Hold findings against the truth."""
    found = Counter(finding.case for finding in findings)
    right = found & truth.planted
    tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for counter, name in ((truth.planted, "planted"), (found, "found"), (right, "right")):
        for case, count in counter.items():
            tally = tallies[case.rule, case.scope]
            setattr(tally, name, getattr(tally, name) + count)
    for case, kinds in truth.kinds.items():
        for kind in kinds:
            hit = int(found[case] >= truth.planted[case])
            tallies[case.rule, case.scope] += Tally(kinds={kind: (hit, 1)})
    for case, why in truth.look_alikes:
        hit = int(found[case] > truth.planted[case])
        tallies[case.rule, case.scope] += Tally(look_alikes={why: (hit, 1)})
    return Score(dict(tallies), truth.planted - found, found - truth.planted)


def false_accusations(found: Mapping[tuple[str, str], int], handoffs: int) -> list[str]:
    """What is too much of the findings, by rule and grade, of companies that did nothing wrong."""
    too_many = []
    for (rule, grade), count in sorted(found.items()):
        if rule in ABOUT_NOBODY or not count:
            continue
        if grade != "possible" or count > POSSIBLE_PER_HANDOFF * handoffs:
            too_many.append(f"{rule}: {count} {grade} in {handoffs} handoffs")
    return too_many
