"""The case file as plain tables: which columns the reviewers see, in which order and words.

One set of tables serves the workbook and the CSV files. Values are text, whole numbers, decimals,
or moments (naive local time; the zone stands in a column beside it); None is an empty cell.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Literal

Kind = Literal["text", "word", "integer", "decimal", "hours", "moment", "choice", "comment"]
Value = str | int | float | datetime | None

VERDICTS = ("valid", "invalid", "cannot tell")
CAUSES = (
    "lead did not meet the definition",
    "lead's data wrong or missing",
    "sent to the wrong team",
    "definition or scoring too wide",
    "too little follow-up",
    "follow-up on one channel only",
    "nobody answered in time",
    "rejected for budget or timing alone",
    "reason does not fit the facts",
    "a system rule acted, not a person",
    "other (see comment)",
)
REMEDIES = (
    "none needed",
    "work the lead again",
    "return the lead to nurture",
    "route to the right team",
    "correct the data",
    "tighten definition or scoring",
    "coach on follow-up",
    "clarify the rejection reasons",
    "change the system rule",
    "other (see comment)",
)
CHOICES = {"Verdict": VERDICTS, "Cause": CAUSES, "Remedy": REMEDIES}

_CHOICE_WIDTHS = {"Verdict": 11, "Cause": 21, "Remedy": 19}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

KIND_WORDS = {
    "rejected": "rejected",
    "sent_back": "sent back",
    "ignored": "ignored",
    "machine": "by a machine",
}
KIND_MEANINGS = {
    "rejected": "turned down before acceptance, by a person or an actor nobody could name",
    "sent_back": "accepted first, then returned by a person or an actor nobody could name",
    "ignored": "no answer when the response fell due (also when a system then closed it)",
    "machine": "an integration or automation turned it down or returned it",
}


@dataclass(frozen=True)
class Column:
    """One column: title, width in characters, and what its cells hold."""

    title: str
    width: float
    kind: Kind = "text"
    in_print: bool = True


@dataclass(frozen=True)
class Sheet:
    """One table. ``marks`` are the numbers (from 0) of rows that stand out; so are ``starts``."""

    name: str
    columns: tuple[Column, ...]
    rows: list[list[Value]]
    marks: frozenset[int] = frozenset()
    starts: frozenset[int] = frozenset()


@dataclass(frozen=True)
class CaseFile:
    """All that a reviewer gets."""

    month: str
    draw_id: str
    created: datetime
    facts: list[tuple[str, Value]]
    strata: Sheet
    cases: Sheet
    timeline: Sheet
    attributes: Sheet
    definition: Sheet

    @property
    def tables(self) -> tuple[Sheet, ...]:
        """The sheets that are also written as CSV."""
        return (self.cases, self.timeline, self.attributes)


def build(
    draw: dict[str, Any],
    sample: list[dict[str, Any]],
    reviewer: str | None = None,
    *,
    extension: int = 0,
) -> CaseFile:
    """The case file of a recorded draw: a row of review.draws and its rows of review.sample.

    The same record gives the same tables, whatever the marts say by now. For one reviewer they hold
    the cases assigned to that reviewer, with the numbers that these have in the whole draw. For an
    ``extension`` (its number), ``sample`` are the cases that it added.
    """
    definitions = draw["summary"]["definitions"]
    ordered = sorted(
        (case for case in sample if reviewer is None or reviewer in case["reviewers"]),
        key=lambda case: case["case_number"],
    )
    numbers = {case["handoff_id"]: case_label(draw["month"], case) for case in ordered}
    return CaseFile(
        month=draw["month"],
        draw_id=draw["draw_id"],
        created=draw["run_as_of"].replace(tzinfo=None, microsecond=0),
        facts=_summary(draw, len(sample), len(ordered), reviewer, extension),
        strata=_strata(draw),
        cases=_cases(ordered, numbers),
        timeline=_timeline(ordered, numbers),
        attributes=_attributes(ordered, numbers, definitions),
        definition=_definition(definitions),
    )


def late_arrivals(rows: list[dict[str, Any]]) -> Sheet:
    """Handoffs that belong to the month but became known after its freeze; times in UTC."""
    columns = ("handoff_id", "exit_kind", "decided_at", "team", "tier", "agreement_version")
    return Sheet(
        "Late arrivals",
        (*(Column(name, 20) for name in columns), Column("seen_as_of", 20)),
        [[_plain(row[name]) for name in (*columns, "seen_as_of")] for row in rows],
    )


def case_label(month: str, case: dict[str, Any]) -> str:
    """How reviewers call a case, as in 2026-05-007."""
    return f"{month}-{case['case_number']:03d}"


def stratum_words(stratum: list[str], columns: list[str]) -> str:
    """A stratum's name for people; without exit_kind, its last part tells machines from people."""
    words = [
        KIND_WORDS.get(part, part) or f"no {column}"
        for part, column in zip(stratum, columns, strict=False)
    ]
    if len(stratum) > len(columns):
        words.append(KIND_WORDS["machine"] if stratum[-1] == "machine" else "by a person")
    return " / ".join(words)


def _summary(
    draw: dict[str, Any], cases: int, here: int, reviewer: str | None, extension: int
) -> list[tuple[str, Value]]:
    policy, summary = draw["policy"], draw["summary"]
    roster = [each["id"] for each in policy.get("reviewers", [])]
    what = f"cases that extension {extension} added" if extension else "cases"
    whose = f"all {what}, for the chair" if roster else f"all {what}"
    if reviewer is not None:
        number = roster.index(reviewer) + 1
        whose = f"{here} of {cases} {what}, for reviewer {number} of {len(roster)}"
    return [
        ("In this file", whose),
        ("Month", f"{draw['month']}, months of {draw['time_zone']}"),
        ("Draw", draw["draw_id"]),
        ("Handoffs in the population", draw["population_size"]),
        ("Cases to review", cases),
        *([("Cases with those drawn before", draw["sample_size"])] if extension else []),
        ("How chosen", "the whole month" if policy["census"] else "a random sample by stratum"),
        ("Marts as of", summary["run_as_of"]),
        ("Population SHA-256", draw["population_sha256"]),
        ("Seed", draw["seed"]),
        ("Seed came", _SEED_WORDS[draw["seed_origin"]]),
        ("Policy of agreement", draw["agreement_version"]),
    ]


_SEED_WORDS = {
    "system": "from the system's generator, after the population was frozen",
    "agreed": "from the agreement (default_seed and the month), as nobody gave one",
    "given": "from the review's chair, after the population was frozen",
    "given_with_freeze": "with the request, before the population's hash was known",
}


def _strata(draw: dict[str, Any]) -> Sheet:
    rows: list[list[Value]] = []
    for stratum in draw["summary"]["strata"]:
        population, sample = stratum["population"], stratum["sample"]
        weight = round(float(Fraction(population, sample)), 4) if sample else None
        words = stratum_words(stratum["stratum"], draw["policy"]["strata"])
        rows.append([words, population, sample, weight])
    return Sheet(
        "Strata",
        (
            Column("Stratum", 34),
            Column("In the month", 14, "integer"),
            Column("To review", 12, "integer"),
            Column("Each stands for", 14, "decimal"),
        ),
        rows,
    )


def _cases(sample: list[dict[str, Any]], numbers: dict[str, str]) -> Sheet:
    rows: list[list[Value]] = []
    starts = set()
    before = None
    for place, case in enumerate(sample):
        facts = case["evidence"]["case"]
        if case["stratum"] != before:
            starts.add(place)
            before = case["stratum"]
        weight = round(case["stratum_population"] / case["stratum_sample"], 4)
        acted = facts["touches"] if facts["exit_kind"] == "ignored" else facts["touches_before"]
        rows.append(
            [
                numbers[case["handoff_id"]],
                facts["team"],
                KIND_WORDS[facts["exit_kind"]],
                facts["tier"],
                _moment(facts["offered_at"]),
                _moment(facts["decided_at"]),
                facts["owner"],
                facts["reason"],
                acted,
                facts["touches_owed"],
                facts["channels"],
                _yes(facts["met_definition"]),
                *(None for _ in CHOICES),
                None,
                _moment(facts["response_due_at"]),
                facts["time_zone"],
                facts["family"],
                weight,
                case["case_token"],
            ]
        )
    return Sheet(
        "Cases",
        (
            Column("Case", 11.5),
            Column("Team", 8.5),
            Column("Kind of exit", 10),
            Column("Tier", 5, "word"),
            Column("Handed over", 16, "moment"),
            Column("Decided", 16, "moment"),
            Column("Owner was", 9),
            Column("Reason given", 21),
            Column("Touches made", 8, "integer"),
            Column("Touches owed", 8, "integer"),
            Column("Channels used", 9, "integer"),
            Column("Met definition", 10, "word"),
            *(Column(title, width, "choice") for title, width in _CHOICE_WIDTHS.items()),
            Column("Comment", 28, "comment"),
            Column("Response due", 16, "moment", in_print=False),
            Column("Times in", 19, in_print=False),
            Column("Family of reason", 13, in_print=False),
            Column("Weight", 9, "decimal", in_print=False),
            Column("Token", 23, in_print=False),
        ),
        rows,
        starts=frozenset(starts),
    )


def _timeline(sample: list[dict[str, Any]], numbers: dict[str, str]) -> Sheet:
    rows: list[list[Value]] = []
    marks, starts = set(), set()
    for case in sample:
        starts.add(len(rows))
        for entry in case["evidence"]["timeline"]:
            if entry["is_key"]:
                marks.add(len(rows))
            rows.append(
                [
                    numbers[case["handoff_id"]],
                    _moment(entry["at"]),
                    _DAYS[datetime.fromisoformat(entry["at"]).weekday()],
                    entry["zone"],
                    entry["hours"],
                    entry["event"],
                    entry["what"],
                    entry["who"],
                    entry["system"],
                    entry["note"],
                ]
            )
    return Sheet(
        "Timeline",
        (
            Column("Case", 12),
            Column("When", 17, "moment"),
            Column("Day", 6, "word"),
            Column("Zone", 7, "word"),
            Column("Hours since handover", 10, "hours"),
            Column("Event", 13),
            Column("What", 28),
            Column("Who", 22),
            Column("System", 12),
            Column("Reason or remark", 48),
        ),
        rows,
        marks=frozenset(marks),
        starts=frozenset(starts),
    )


def _attributes(
    sample: list[dict[str, Any]], numbers: dict[str, str], definitions: list[dict[str, Any]]
) -> Sheet:
    names: dict[str, None] = {}
    for definition in definitions:
        names |= dict.fromkeys(line["attribute"] for line in definition["attributes"])
    by_version = {definition["agreement_version"]: definition for definition in definitions}
    rows: list[list[Value]] = []
    for case in sample:
        facts, met = case["evidence"]["case"], case["evidence"]["attributes"]
        definition = by_version.get(facts["agreement_version"], {})
        listed = {line["attribute"] for line in definition.get("attributes", [])}
        rows.append(
            [
                numbers[case["handoff_id"]],
                facts["agreement_version"],
                facts["score"],
                definition.get("minimum_score"),
                facts["attributes_met"],
                definition.get("minimum_attributes"),
                _yes(facts["met_definition"]),
                *(
                    (_yes(met.get(name)) or "not known") if name in listed else "not asked"
                    for name in names
                ),
            ]
        )
    return Sheet(
        "Attributes",
        (
            Column("Case", 12),
            Column("Agreement", 10),
            Column("Score", 7, "decimal"),
            Column("Score needed", 8, "decimal"),
            Column("Attributes met", 10, "integer"),
            Column("Attributes needed", 10, "integer"),
            Column("Met definition", 10.5, "word"),
            *(Column(name.replace("_", " "), 12, "word") for name in names),
        ),
        rows,
    )


def _definition(definitions: list[dict[str, Any]]) -> Sheet:
    rows: list[list[Value]] = []
    starts = set()
    for definition in definitions:
        version = definition["agreement_version"]
        starts.add(len(rows))
        rows.append([version, "minimum", "score", _words(definition["minimum_score"]), None])
        minimum = _words(definition["minimum_attributes"])
        rows.append([version, "minimum", "attributes met", minimum, None])
        for line in definition["attributes"]:
            shown = line["met_values"] or "any value but no, none or unknown"
            name = line["attribute"].replace("_", " ")
            rows.append([version, "attribute", name, shown, line["description"]])
        for term in definition["terms"]:
            due = f"{term['due_in']} {term['due_unit'].replace('_', ' ')}".strip()
            owed = [f"{term['touches']} touches"] if term["touches"] else []
            owed += [f"{term['channels']} channels"] if term["channels"] else []
            clause = term["clause"].replace("_", " ")
            name = f"{clause}, tier {term['tier']}" if term["tier"] else clause
            if due or owed:
                rows.append([version, "clause", name, due or None, " over ".join(owed) or None])
        for reason in definition["reasons"]:
            needs = reason["needs_follow_up"].lower() == "true"
            remark = "follow-up comes first" if needs else "needs no follow-up first"
            rows.append([version, "reason", reason["reason"], reason["family"], remark])
    return Sheet(
        "Definition",
        (
            Column("Agreement", 11),
            Column("Part", 11),
            Column("Name", 34),
            Column("Agreed", 34),
            Column("Remark", 60),
        ),
        rows,
        starts=frozenset(starts),
    )


def _plain(value: Any) -> Value:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return None if value is None else str(value)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _words(value: Any) -> str | None:
    return None if value is None else str(value)
