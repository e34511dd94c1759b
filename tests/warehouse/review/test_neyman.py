"""By Neyman's allocation the verdicts on earlier months say where a month's cases go."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lead_handoff.review import verify
from lead_handoff.review.draw import DrawResult
from tests.warehouse.review.small_company import SmallCompany, may_of, write_agreement

Draw = Callable[..., DrawResult]


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return write_agreement(tmp_path / "agreement", strata="team", allocation="neyman")


def say(url: str, month: str, verdicts: list[tuple[str, str, str]]) -> None:
    """Put verdicts of an earlier month on record: team, exit kind and what was said."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into review.draws (month, draw_id, month_start, month_end, time_zone,"
            " run_as_of, agreement_version, policy, population_size, population_sha256, frozen_at)"
            " values (%s, %s, now(), now(), 'UTC', now(), 'v1', '{}', 0, '', now())",
            [month, month],
        )
        for number, (team, kind, verdict) in enumerate(verdicts):
            member = [month, f"{month} {number}"]
            connection.execute(
                "insert into review.population (month, handoff_id, exit_kind, decided_at, team)"
                " values (%s, %s, %s, now(), %s)",
                [*member, kind, team],
            )
            connection.execute(
                "insert into review.sample (month, handoff_id, case_number, case_token, stratum,"
                " rank, ticket, stratum_population, stratum_sample, inclusion_weight, evidence)"
                " values (%s, %s, %s, %s, '{}', 1, '0.1', 1, 1, 1, '{}')",
                [*member, number, member[1]],
            )
            connection.execute(
                "insert into review.verdicts (month, handoff_id, reviewer, verdict, accepted_at,"
                " file_name, file_sha256) values (%s, %s, 'ann', %s, now(), 'x', repeat('0', 64))",
                [*member, verdict],
            )


def manifest_of(result: DrawResult) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(result.manifest.read_text(encoding="utf-8"))
    return content


def test_the_first_month_is_proportional_since_nothing_is_known(
    warehouse: Any, company: SmallCompany, draw: Draw
) -> None:
    may_of(company, 150)
    company.publish(warehouse.url())
    manifest = manifest_of(draw())
    assert manifest["policy"]["allocation"] == "neyman"
    assert {value for _, value in manifest["policy"]["deviations"]} == {500}
    assert verify.main(str(draw().manifest)) == 0


def test_verdicts_of_earlier_months_move_cases_to_where_they_vary(
    warehouse: Any, company: SmallCompany, draw: Draw
) -> None:
    may_of(company, 150)
    company.publish(warehouse.url())
    east = [("East", "rejected", "valid")] * 98
    west = [("West", "rejected", word) for word in ("valid", "invalid", "cannot_tell") * 4]
    say(warehouse.url(), "2026-03", east + west)
    say(warehouse.url(), "2026-06", [("West", "rejected", "valid")] * 50)  # a later month
    result = draw()
    manifest = manifest_of(result)
    deviations = {tuple(name): value for name, value in manifest["policy"]["deviations"]}
    assert deviations["East", ""] == 99
    assert deviations["West", ""] == 500
    assert deviations["East", "machine"] == 500
    share = {tuple(s["stratum"]): s["sample"] / s["population"] for s in manifest["strata"]}
    assert share["West", ""] > 2 * share["East", ""]
    assert verify.main(str(result.manifest)) == 0
    # Whoever changes a published deviation redraws another sample.
    manifest["policy"]["deviations"] = [[name, 500] for name, _ in manifest["policy"]["deviations"]]
    result.manifest.chmod(0o600)
    result.manifest.write_text(json.dumps(manifest), encoding="utf-8")
    assert verify.main(str(result.manifest)) == 1
