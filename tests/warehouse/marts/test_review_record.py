"""What the marts tell of the monthly review: its record up to as_of, and nothing later."""

from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from lead_handoff.review.draw import freeze_month
from lead_handoff.review.standing import settled, standing
from tests.oracle.agreements import EXAMPLE
from tests.oracle.histories import AS_OF, NIGHT
from tests.warehouse.marts.conftest import FIXED_SEEDS, Built, built
from tests.warehouse.marts.nights import Nights, assert_same, reference

pytestmark = pytest.mark.slow

SEED = FIXED_SEEDS[0]
KINDS = ("rejected", "sent_back", "ignored", "machine")
TEAMS = (None, "East", "Überland")
MICROSECOND = timedelta(microseconds=1)
# (month, frozen, drawn): known; drawn only for tomorrow; frozen only for tomorrow; never drawn.
DRAWS = (
    ("2026-01", AS_OF - timedelta(days=80), AS_OF - timedelta(days=50)),
    ("2026-02", AS_OF - timedelta(days=50), AS_OF - MICROSECOND),
    ("2026-03", AS_OF - timedelta(days=20), AS_OF),
    ("2025-10", AS_OF, AS_OF + timedelta(days=1)),
    ("2025-11", AS_OF - MICROSECOND, None),
)
Record = dict[str, list[dict[str, Any]]]


@pytest.fixture
def company(small_nights: Nights) -> Built:
    return built(small_nights, SEED)


def random_record(handoff_ids: list[str], random: Random) -> Record:
    """Reviews of some handoffs, with verdicts that are corrected, taken back and disputed."""
    record: Record = {"draws": [], "population": [], "sample": [], "verdicts": []}
    extensions = Random(SEED)
    for month, frozen_at, drawn_at in DRAWS:
        record["draws"].append({"month": month, "frozen_at": frozen_at, "drawn_at": drawn_at})
        members = random.sample(handoff_ids, 30)
        for handoff_id in members:
            record["population"].append(
                {
                    "month": month,
                    "handoff_id": handoff_id,
                    "exit_kind": random.choice(KINDS),
                    "team": random.choice(TEAMS),
                }
            )
        for handoff_id in members[:20] if drawn_at else []:
            extended_at = extensions.choice((None, None, None, AS_OF - MICROSECOND, AS_OF))
            record["sample"].append(
                {"month": month, "handoff_id": handoff_id, "extended_at": extended_at}
            )
            for _ in range(random.randrange(5)):
                record["verdicts"].append(
                    {
                        "verdict_id": len(record["verdicts"]) + 1,
                        "month": month,
                        "handoff_id": handoff_id,
                        "reviewer": random.choice(("a", "b")),
                        "is_adjudication": random.random() < 0.2,
                        "verdict": random.choice(("valid", "invalid", "cannot_tell", None)),
                        "accepted_at": random.choice(
                            (AS_OF - timedelta(days=9), AS_OF - MICROSECOND, AS_OF)
                        ),
                    }
                )
    return record


def write(url: str, record: Record) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into review.draws (month, draw_id, month_start, month_end, time_zone,"
            " run_as_of, agreement_version, policy, population_size, population_sha256, frozen_at)"
            " values (%(month)s, %(month)s, %(frozen_at)s, %(frozen_at)s, 'UTC',"
            " %(frozen_at)s, 'v1', '{}', 30, repeat('0', 64), %(frozen_at)s)",
            record["draws"],
        )
        cursor.executemany(
            "update review.draws set seed = 'seed', seed_origin = 'given', sample_size = 20,"
            " summary = '{}', manifest = '{}', drawn_at = %(drawn_at)s where month = %(month)s",
            [row for row in record["draws"] if row["drawn_at"]],
        )
        cursor.executemany(
            "insert into review.population (month, handoff_id, exit_kind, decided_at, team)"
            " values (%(month)s, %(handoff_id)s, %(exit_kind)s, now(), %(team)s)",
            record["population"],
        )
        for number, row in enumerate(record["sample"]):
            cursor.execute(
                "insert into review.sample (month, handoff_id, case_number, case_token, stratum,"
                " rank, ticket, stratum_population, stratum_sample, inclusion_weight, evidence,"
                " extended_at) values (%s, %s, %s, %s, '{}', 1, '0.1', 30, 20, 1.5, '{}', %s)",
                (row["month"], row["handoff_id"], number, f"token {number}", row["extended_at"]),
            )
        cursor.executemany(
            "insert into review.verdicts (month, handoff_id, reviewer, is_adjudication, verdict,"
            " comment, accepted_at, file_name, file_sha256)"
            " values (%(month)s, %(handoff_id)s, %(reviewer)s, %(is_adjudication)s, %(verdict)s,"
            " 'seen by nobody', %(accepted_at)s, 'review.xlsx', repeat('0', 64))",
            record["verdicts"],
        )


def test_a_night_tells_the_record_up_to_as_of(company: Built) -> None:
    handoff_ids = sorted(row["handoff_id"] for row in company.marts["fct_handoffs"])
    # One of the records that hold every kind of verdict, in both months.
    record = random_record(handoff_ids, Random(SEED + 7))
    write(company.nights.warehouse.url("owner"), record)
    published = company.nights.marts()
    assert published["agg_review_monthly"] == company.marts["agg_review_monthly"]

    plan = company.nights.run(NIGHT)
    marts = company.nights.marts()
    assert_same(reference(company.rows, NIGHT, review=record), marts, SEED)
    rows = {
        row["month"].isoformat()[:7]: row
        for row in marts["agg_review_monthly"]
        if row["exit_kind"] == row["segment"] == "all"
    }
    for column in ("valid", "invalid", "cannot_tell", "disputed", "unreviewed"):
        assert rows["2026-01"][column] > 0, column
    assert (rows["2026-03"]["frozen_population"], rows["2026-03"]["drawn"]) == (30, 0)
    assert "2025-10" not in rows
    months = {row["month"]: row for row in marts["agg_acceptance_trend"]}
    marked = {month for month, row in months.items() if row["is_review_month"]}
    assert marked >= {date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)}
    assert months[date(2026, 4, 1)]["reviews_held_before"] == 1

    in_the_marts = cases_in(company.nights.warehouse.url("owner"), plan.slot)
    # What was said after as_of is known to the estimate and not to the marts.
    later = {
        (row["month"], row["handoff_id"])
        for row in record["verdicts"]
        if row["accepted_at"] >= AS_OF
    }
    with psycopg.connect(company.nights.warehouse.url("owner")) as connection:
        estimated = {
            (month, handoff_id): verdict
            for month in ("2026-01", "2026-02")
            for handoff_id, verdict in settled(standing(connection, month)).items()
        }
    compared = in_the_marts.keys() - later
    assert {in_the_marts[case] for case in compared} == {
        *("valid", "invalid", "cannot_tell", "disputed", None)
    }
    assert {case: in_the_marts[case] for case in compared} == {
        case: estimated.get(case) for case in compared
    }


def cases_in(owner_url: str, slot: str) -> dict[tuple[str, str], str | None]:
    """The verdict that counts by month and case, as a slot's model has it."""
    with psycopg.connect(owner_url) as connection:
        return {
            (month, handoff_id): verdict
            for month, handoff_id, verdict in connection.execute(
                sql.SQL(
                    "select to_char(month, 'YYYY-MM'), handoff_id, verdict"
                    " from {}.int_review__cases"
                ).format(sql.Identifier(slot))
            )
        }


def test_the_population_is_the_one_that_the_review_would_freeze(company: Built) -> None:
    owner = company.nights.warehouse.url("owner")
    for month in ("2026-02", "2026-03"):
        freeze_month(month, warehouse_url=owner, agreement_dir=EXAMPLE)
        assert counted(company.marts, month) == frozen(owner, month)
        assert len(frozen(owner, month)) > 3


def counted(marts: dict[str, list[dict[str, Any]]], month: str) -> dict[tuple[str, str], int]:
    return {
        (row["exit_kind"], row["segment"]): row["population"]
        for row in marts["agg_review_monthly"]
        if row["month"].isoformat()[:7] == month
        and row["segment"] != "all"
        and row["exit_kind"] != "all"
    }


def frozen(url: str, month: str) -> dict[tuple[str, str], int]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        rows = connection.execute(
            "select exit_kind, team from review.population where month = %s", [month]
        ).fetchall()
    return dict(
        Counter(
            (row["exit_kind"], f"team:{row['team']}" if row["team"] else "no_team") for row in rows
        )
    )
