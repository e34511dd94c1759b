"""What the semantic layer answers is what the marts hold, in whatever zone the asker lives."""

import csv
import json
import math
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lead_handoff.dbt import connection, metrics, reader
from tests.warehouse.marts.conftest import Built

pytestmark = pytest.mark.slow

ASK = Path(__file__).with_name("ask_metricflow.py")
MONTH, MONTHLY = "metric_time__month", ["metric_time__month"]
FUNNEL = ["inquiries", "mqls", "sqls", "deals_won", "deals_lost", "won_per_1000_inquiries"]
ACCEPTANCE = [
    *("handoffs", "pending_handoffs", "acceptance_rate", "human_acceptance_rate"),
    *("human_acceptance_rate_low", "human_acceptance_rate_high"),
]
COHORT = [
    *("journeys_to_inquiry", "journeys_to_mql", "journeys_to_sql", "journeys_to_won"),
    *("journeys_to_lost", "cohort_won_per_1000_inquiries"),
]
PROMISES = ["promises_met", "promises_breached", "sla_compliance_rate"]
STALLS = ["stalls", "stays_past_the_limit_day", "stall_share"]
CONVERSIONS = [
    f"{pair}_conversion{side}"
    for pair in ("mql_to_sal", "sal_to_sql", "sql_to_won", "mql_to_won")
    for side in ("", "_low", "_high")
]
SPEED = [
    *("moves", "median_hours_in_stage", "average_hours_in_stage", "p90_hours_in_stage"),
    "median_business_hours_in_stage",
]
RESPONSE = ["median_response_hours", "average_response_hours"]
PAIR = ["transition__from_stage", "transition__to_stage"]

QUESTIONS: dict[str, dict[str, Any]] = {
    "acceptance": {"metric_names": ACCEPTANCE, "group_by_names": MONTHLY},
    "acceptance by tier": {
        "metric_names": ACCEPTANCE,
        "group_by_names": [MONTH, "handoff__tier"],
    },
    "funnel": {"metric_names": FUNNEL, "group_by_names": MONTHLY},
    "funnel by source": {"metric_names": FUNNEL, "group_by_names": [MONTH, "lead__lead_source"]},
    "cohort": {"metric_names": COHORT, "group_by_names": MONTHLY},
    "promises": {"metric_names": PROMISES, "group_by_names": [MONTH, "promise__clause"]},
    "promises by source": {
        "metric_names": PROMISES,
        "group_by_names": ["handoff__lead_source"],
        "where_constraints": ["{{ Dimension('promise__clause') }} = 'response'"],
    },
    "stalls": {"metric_names": STALLS, "group_by_names": []},
    "conversion": {"metric_names": CONVERSIONS, "group_by_names": MONTHLY},
    "speed": {"metric_names": SPEED, "group_by_names": PAIR},
    "response": {"metric_names": RESPONSE, "group_by_names": MONTHLY},
    "everything": {"metric_names": "all", "group_by_names": []},
    "saved acceptance": {"saved_query_name": "acceptance_by_month"},
    "saved promises": {"saved_query_name": "promises_by_month_and_clause"},
    "saved funnel": {"saved_query_name": "funnel_by_month"},
}

Row = dict[str, Any]
Answers = dict[str, list[Row]]


@pytest.fixture(scope="module")
def asked(company: Built) -> Iterator[Built]:
    """The company, with the settings pointing at its warehouse."""
    with pytest.MonkeyPatch.context() as patched:
        warehouse = company.nights.warehouse
        patched.setenv("HANDOFF_HOME", str(warehouse.server.home))
        patched.setenv("HANDOFF_WAREHOUSE_DATABASE", warehouse.database)
        patched.delenv("HANDOFF_WAREHOUSE_URL", raising=False)
        yield company


@pytest.fixture(scope="module")
def answers(asked: Built) -> Answers:
    """MetricFlow's answers to an analyst on the west coast, whose days are not the agreement's."""
    root = reader.laid_out()
    outcome = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", str(ASK)],
        cwd=root,
        env=reader.environment(root, root / "target")
        | connection.variables("analyst")
        | {"PGTZ": "America/Los_Angeles"},
        input=json.dumps(QUESTIONS),
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, (outcome.stdout + outcome.stderr)[-4000:]
    found: Answers = json.loads(outcome.stdout.splitlines()[-1])
    return found


def number(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)


def keyed(rows: Iterable[Row], keys: list[str], values: list[str]) -> dict[tuple[Any, ...], Row]:
    """Rows by what they are grouped by, a month as its first day; values as numbers."""
    found = {}
    for row in rows:
        key = tuple(row[k][:10] if row[k] and k == MONTH else row[k] for k in keys)
        found[key] = {name: number(row[name]) for name in values}
    return found


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def waterfall(
    company: Built, basis: str, kind: str, names: dict[str, str]
) -> dict[tuple[Any, ...], Row]:
    """Rows of the waterfall by month and segment's value, under the metrics' names."""
    found = {}
    for row in company.marts["agg_waterfall_monthly"]:
        segment, _, value = row["segment"].partition(":")
        if (row["basis"], segment) == (basis, kind):
            key = (row["month"].isoformat(), *([value] if value else []))
            found[key] = {metric: number(row[column]) for metric, column in names.items()}
    return found


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def in_percentile(values: list[float], wanted: float) -> float:
    """As percentile_cont has it."""
    ordered = sorted(values)
    place = wanted * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def month_of(day: date) -> tuple[str]:
    return (day.replace(day=1).isoformat(),)


ACCEPTANCE_IN_THE_MART = {
    "handoffs": "handoffs",
    "acceptance_rate": "acceptance_rate",
    "human_acceptance_rate": "acceptance_rate",
    "human_acceptance_rate_low": "acceptance_rate_low",
    "human_acceptance_rate_high": "acceptance_rate_high",
}
FUNNEL_IN_THE_MART = {
    "inquiries": "inquiries",
    "mqls": "mqls",
    "sqls": "sqls",
    "deals_won": "won",
    "deals_lost": "lost",
    "won_per_1000_inquiries": "closed_won_per_1000_inquiries",
}
COHORT_IN_THE_MART = {
    "journeys_to_inquiry": "inquiries",
    "journeys_to_mql": "mqls",
    "journeys_to_sql": "sqls",
    "journeys_to_won": "won",
    "journeys_to_lost": "lost",
    "cohort_won_per_1000_inquiries": "closed_won_per_1000_inquiries",
}


def without_empty(rows: dict[tuple[Any, ...], Row]) -> dict[tuple[Any, ...], Row]:
    """Rows in which something was counted: a mart's month may hold what another metric counts."""
    return {key: row for key, row in rows.items() if any(row.values())}


def test_acceptance_by_month_is_the_waterfalls(asked: Built, answers: Answers) -> None:
    names = list(ACCEPTANCE_IN_THE_MART)
    found = keyed(answers["acceptance"], MONTHLY, names)
    assert len(found) > 2
    assert found == without_empty(waterfall(asked, "activity", "all", ACCEPTANCE_IN_THE_MART))


def test_acceptance_by_tier_is_the_waterfalls(asked: Built, answers: Answers) -> None:
    names = list(ACCEPTANCE_IN_THE_MART)
    found = keyed(answers["acceptance by tier"], [MONTH, "handoff__tier"], names)
    assert found == without_empty(waterfall(asked, "activity", "tier", ACCEPTANCE_IN_THE_MART))


def test_a_month_is_mature_when_nothing_is_pending(asked: Built, answers: Answers) -> None:
    found = keyed(answers["acceptance"], MONTHLY, ["pending_handoffs"])
    mature = waterfall(asked, "activity", "all", {"is_mature": "is_mature"})
    assert {key: row["pending_handoffs"] == 0 for key, row in found.items()} == {
        key: bool(mature[key]["is_mature"]) for key in found
    }


def test_the_funnel_and_won_per_1000_inquiries_are_the_waterfalls(
    asked: Built, answers: Answers
) -> None:
    found = keyed(answers["funnel"], MONTHLY, FUNNEL)
    assert any(row["won_per_1000_inquiries"] for row in found.values())
    assert without_empty(found) == without_empty(
        waterfall(asked, "activity", "all", FUNNEL_IN_THE_MART)
    )


def test_the_funnel_of_a_source_is_the_waterfalls(asked: Built, answers: Answers) -> None:
    found = keyed(answers["funnel by source"], [MONTH, "lead__lead_source"], FUNNEL)
    expected = without_empty(waterfall(asked, "activity", "lead_source", FUNNEL_IN_THE_MART))
    assert {key: row for key, row in without_empty(found).items() if key[1]} == expected
    assert expected


def test_cohorts_are_the_waterfalls(asked: Built, answers: Answers) -> None:
    found = keyed(answers["cohort"], MONTHLY, COHORT)
    assert without_empty(found) == without_empty(
        waterfall(asked, "cohort", "all", COHORT_IN_THE_MART)
    )


def judged(rows: list[Row]) -> Row:
    met = sum(row["status"] == "met" for row in rows)
    breached = sum(row["status"] == "breached" for row in rows)
    return {
        "promises_met": met,
        "promises_breached": breached,
        "sla_compliance_rate": share(met, met + breached),
    }


def test_compliance_by_clause_is_met_over_met_and_breached(asked: Built, answers: Answers) -> None:
    rows = [row for row in asked.marts["fct_sla_compliance"] if row["due_on"] is not None]
    groups = grouped(rows, lambda row: (*month_of(row["due_on"]), row["clause"]))
    found = keyed(answers["promises"], [MONTH, "promise__clause"], PROMISES)
    assert {key: row for key, row in found.items() if key[0]} == {
        key: judged(members) for key, members in groups.items()
    }
    # A promise that never began is due in no month, and judged in none.
    assert [row["sla_compliance_rate"] for key, row in found.items() if not key[0]] == [
        None for key in found if not key[0]
    ]
    assert len({clause for _, clause in found}) > 6


def test_promises_can_be_asked_for_by_what_the_handoff_was(asked: Built, answers: Answers) -> None:
    sources = {row["handoff_id"]: row["lead_source"] for row in asked.marts["fct_handoffs"]}
    rows = [row for row in asked.marts["fct_sla_compliance"] if row["clause"] == "response"]
    groups = grouped(rows, lambda row: (sources[row["handoff_id"]],))
    found = keyed(answers["promises by source"], ["handoff__lead_source"], PROMISES)
    assert found == {key: judged(members) for key, members in groups.items()}


def test_stalls_are_the_breached_stays_whose_limit_has_come(asked: Built, answers: Answers) -> None:
    rows = [
        row
        for row in asked.marts["fct_sla_compliance"]
        if row["clause"] == "no_stall"
        and row["status"] in ("met", "breached")
        and row["due_at"] < row["run_as_of"]
    ]
    stalls = sum(row["status"] == "breached" for row in rows)
    (found,) = answers["stalls"]
    assert {name: number(found[name]) for name in STALLS} == {
        "stalls": stalls,
        "stays_past_the_limit_day": len(rows),
        "stall_share": share(stalls, len(rows)),
    }


def test_conversion_follows_the_handoffs_of_a_month(asked: Built, answers: Answers) -> None:
    expected = {}
    for month, rows in grouped(
        asked.marts["fct_handoffs"], lambda row: month_of(row["offered_on"])
    ).items():
        accepted = [row for row in rows if row["outcome"] == "accepted"]
        in_sql = [row for row in accepted if row["sql_at"]]
        expected[month] = {
            "mql_to_sal_conversion": share(len(accepted), len(rows)),
            "sal_to_sql_conversion": share(len(in_sql), len(accepted)),
            "sql_to_won_conversion": share(sum(bool(r["won_at"]) for r in in_sql), len(in_sql)),
            "mql_to_won_conversion": share(sum(bool(r["won_at"]) for r in rows), len(rows)),
        }
    names = [name for name in CONVERSIONS if name.endswith("conversion")]
    assert keyed(answers["conversion"], MONTHLY, names) == expected
    assert any(row["sal_to_sql_conversion"] for row in expected.values())


def test_every_rate_lies_within_its_interval(answers: Answers) -> None:
    (found,) = answers["everything"]
    for name in (name.removesuffix("_low") for name in found if name.endswith("_low")):
        rate, low, high = (number(found[f"{name}{side}"]) for side in ("", "_low", "_high"))
        if rate is None:
            assert (low, high) == (None, None), name
        else:
            assert low is not None, name
            assert high is not None, name
            assert 0 <= low <= rate <= high <= 1, name
            assert low < high, name


def test_speed_between_two_stages_is_the_time_spent_in_the_first(
    asked: Built, answers: Answers
) -> None:
    rows = asked.marts["fct_stage_transitions"]
    left = {(row["lead_id"], row["transition_number"] + 1): row for row in rows}
    expected = {}
    for pair, moves in grouped(rows, lambda row: (row["from_stage"], row["to_stage"])).items():
        before = [left.get((row["lead_id"], row["transition_number"])) for row in moves]
        hours = [float(row["hours_in_stage"]) for row in before if row]
        working = [float(row["business_hours_in_stage"]) for row in before if row]
        expected[pair] = {
            "moves": len(moves),
            "median_hours_in_stage": number(median(hours)) if hours else None,
            "average_hours_in_stage": number(sum(hours) / len(hours)) if hours else None,
            "p90_hours_in_stage": number(in_percentile(hours, 0.9)) if hours else None,
            "median_business_hours_in_stage": number(median(working)) if working else None,
        }
    found = keyed(answers["speed"], PAIR, SPEED)
    assert found.keys() == expected.keys()
    for pair, row in found.items():
        assert row == pytest.approx(expected[pair], abs=2e-6), pair


def test_response_hours_run_from_offer_to_response(asked: Built, answers: Answers) -> None:
    found = keyed(answers["response"], MONTHLY, RESPONSE)
    groups = grouped(asked.marts["fct_handoffs"], lambda row: month_of(row["offered_on"]))
    for month, rows in groups.items():
        hours = [
            (row["responded_at"] - row["offered_at"]).total_seconds() / 3600
            for row in rows
            if row["responded_at"]
        ]
        expected = (median(hours), sum(hours) / len(hours)) if hours else (None, None)
        assert list(found[month].values()) == pytest.approx(list(expected), abs=2e-6), month


def test_every_metric_and_saved_query_is_answered(answers: Answers) -> None:
    (found,) = answers["everything"]
    manifest = reader.semantic_manifest(reader.laid_out())
    declared = {metric["name"] for metric in manifest["metrics"]}
    assert set(found) == declared
    assert {name for name, value in found.items() if value is None} <= {
        # Which of these happened is the company's chance.
        *("stall_share", "stall_share_low", "stall_share_high"),
        *("sql_to_won_conversion", "sql_to_won_conversion_low", "sql_to_won_conversion_high"),
    }
    saved = [question for question in QUESTIONS.values() if "saved_query_name" in question]
    assert {one["saved_query_name"] for one in saved} == {
        one["name"] for one in manifest["saved_queries"]
    }
    assert all(answers[name] for name in answers if name.startswith("saved"))


def test_days_are_those_of_the_agreement(asked: Built) -> None:
    versions = sorted(
        (row["valid_from"], ZoneInfo(row["time_zone"]))
        for row in asked.marts["dim_agreement_versions"]
    )

    def day(moment: datetime) -> date:
        """In the zone of the newest version that had begun, or of the first."""
        begun = [zone for valid_from, zone in versions if valid_from <= moment]
        return moment.astimezone(begun[-1] if begun else versions[0][1]).date()

    for mart, instant, column in (
        ("fct_handoffs", "offered_at", "offered_on"),
        ("fct_stage_transitions", "entered_at", "entered_on"),
        ("fct_sla_compliance", "due_at", "due_on"),
    ):
        for row in asked.marts[mart]:
            assert row[column] == (day(row[instant]) if row[instant] else None), row
        assert any(row[instant] and row[column] != row[instant].date() for row in asked.marts[mart])
    first = {
        (row["lead_id"], row["journey_number"]): row["entered_on"]
        for row in sorted(
            asked.marts["fct_stage_transitions"], key=lambda row: -row["transition_number"]
        )
    }
    for mart in ("fct_handoffs", "fct_stage_transitions"):
        for row in asked.marts[mart]:
            assert row["journey_started_on"] == first[row["lead_id"], row["journey_number"]]


def test_a_person_asks_by_the_makefiles_command(
    asked: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # The library by which `mf` asks the package registry for a newer release, at every start.
    (tmp_path / "update_checker.py").write_text(
        "class UpdateChecker:\n    def check(self, *_):\n        raise SystemExit('phoned home')\n"
    )
    login = connection.variables("analyst") | {"PYTHONPATH": str(tmp_path)}
    monkeypatch.setattr(connection, "variables", lambda role: {"analyst": login}[role])
    answer = tmp_path / "answer.csv"
    status = metrics.ask(
        [
            *("--metrics", "human_acceptance_rate", "--group-by", MONTH, "--order", MONTH),
            *("--csv", str(answer)),
        ]
    )
    assert status == 0, capfd.readouterr()
    with answer.open(newline="", encoding="utf-8") as lines:
        found = keyed(csv.DictReader(lines), MONTHLY, ["human_acceptance_rate"])
    names = {"human_acceptance_rate": "acceptance_rate"}
    expected = waterfall(asked, "activity", "all", names)
    assert without_empty(found) == without_empty(expected)
    assert found.keys() <= expected.keys()
