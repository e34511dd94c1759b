"""Companies in which nobody does anything wrong, each with one thing that only looks like it.

Whatever is found against somebody in one of them is a false accusation.
"""

from dataclasses import dataclass, replace

from lead_handoff.simulate.habits import Habit, bimodal, geometric, lognormal
from lead_handoff.simulate.withheld import AMOUNTS, FACTS

TUESDAY, THURSDAY, FRIDAY = 1, 3, 4


_ORDINARY = Habit()


@dataclass(frozen=True)
class Innocent:
    """A kind of innocent company: what its people are used to, and what its systems do not tell.

    Attributes:
        says: what is peculiar about it.
        habit: when its people decide, and when that is written down.
        fact, amount: the kind of fact that is lacking, and how much of it there is.
        clock: what stands in place of the time of day, if no system keeps one.
        system: where all of it is kept: Salesforce with Marketo, the plain tables, or HubSpot.
    """

    says: str
    habit: Habit = _ORDINARY
    fact: str = ""
    amount: str = ""
    clock: str = ""
    system: str = "salesforce"


_HABITS = {
    "plain": Innocent("everything is told, and decisions take three to eleven days"),
    "geometric": Innocent("each day one lead in four is decided on", Habit(geometric)),
    "lognormal": Innocent("most decisions are quick, some take weeks", Habit(lognormal)),
    "bimodal": Innocent("decided on the first day, or ten days later", Habit(bimodal)),
    "fridays": Innocent("decisions are made on Fridays", Habit(lognormal, (FRIDAY,))),
    "two_weekdays": Innocent(
        "decisions are made on Tuesdays and Thursdays", Habit(lognormal, (TUESDAY, THURSDAY))
    ),
    "nightly_moves": Innocent(
        "people work in a tool that copies their moves at night", Habit(moves_nightly=True)
    ),
    "nightly_logs": Innocent(
        "the telephone system records the day's calls at night", Habit(logs_nightly=True)
    ),
    "dates_only": Innocent("no system keeps a time of day", clock="dates_only"),
    "midnights": Innocent("every time of day is midnight", clock="midnights"),
    "noons": Innocent("every time of day is noon", clock="noons"),
}
_HOW_MUCH = {
    "none": "no {} are delivered",
    "one_row": "{} are delivered of one row",
    "twenty_rows": "{} are delivered of twenty rows",
    "from_the_middle": "{} are delivered from the middle of the time on",
    "to_the_middle": "{} are delivered up to the middle of the time",
}
_TIMELESS = {"users": ("none", "one_row")}
"""Facts whose rows are of no time; so few people are there that twenty of them are all."""

OTHER_SYSTEMS = {"generic": "the plain tables", "hubspot": "HubSpot"}
_ABSENT_ELSEWHERE = {
    "generic": ("opportunity_history", "marketo_history"),
    "hubspot": ("marketo_history",),
}

INNOCENT: dict[str, Innocent] = (
    _HABITS
    | {
        f"{fact}_{amount}": Innocent(
            _HOW_MUCH[amount].format(fact.replace("_", " ")), fact=fact, amount=amount
        )
        for fact in FACTS
        for amount in _TIMELESS.get(fact, tuple(AMOUNTS))
    }
    | {
        f"{system}_{kind}": replace(
            _HABITS[kind], says=f"{name}: {_HABITS[kind].says}", system=system
        )
        for system, name in OTHER_SYSTEMS.items()
        for kind in ("plain", "lognormal", "dates_only")
    }
    | {
        f"{system}_{fact}_none": Innocent(
            f"{name}: {_HOW_MUCH['none'].format(fact.replace('_', ' '))}",
            fact=fact,
            amount="none",
            system=system,
        )
        for system, name in OTHER_SYSTEMS.items()
        for fact in FACTS
        if fact not in _ABSENT_ELSEWHERE[system]
    }
)
"""The kinds by name."""
