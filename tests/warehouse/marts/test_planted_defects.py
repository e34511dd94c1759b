"""Defects planted into a copy of the models: each must turn the comparison red."""

import shutil
from pathlib import Path

import pytest

from lead_handoff import settings
from tests.oracle.histories import NIGHT
from tests.warehouse.marts.conftest import Built
from tests.warehouse.marts.nights import SEEDS, notices, reference

pytestmark = pytest.mark.slow

PROJECT = settings.dbt_project_dir()

DEFECTS = {
    "the newest version is the one of the latest folder": (
        "macros/landed.sql",
        "version_stamp desc,",
        "version_night desc,",
    ),
    "a step over stages counts the one it starts from": (
        "models/intermediate/transitions/int_transitions__moves.sql",
        "stages.stage_rank > directed.from_rank",
        "stages.stage_rank >= directed.from_rank",
    ),
    "won is an exit like the other ends": (
        "models/intermediate/transitions/int_transitions__moves.sql",
        "when stage = 'won' then 'forward'",
        "when stage = 'no stage' then 'forward'",
    ),
    "a machine that lets a lead expire has rejected it": (
        "models/intermediate/handoffs/int_handoffs__responses.sql",
        "and response.earliest_at > clocks.response_due_at",
        "and false",
    ),
    "no owner is waited for": (
        "models/intermediate/handoffs/int_handoffs__owners.sql",
        "'bounded.routing_grace_minutes * 60'",
        "'0'",
    ),
    "a reason from before the offer is taken": (
        "models/intermediate/handoffs/int_handoffs__rejections.sql",
        "when {{ to_second('spans.set_at') }} >= {{ to_second('rejections.offered_at') }}",
        "when true",
    ),
    "a machine gives reasons": (
        "models/intermediate/handoffs/int_handoffs__rejections.sql",
        "when rejections.actor_type = 'automation' then null",
        "when false then null",
    ),
    "the next handoff does not end a promise": (
        "models/intermediate/sla/int_sla__judged.sql",
        "when not is_met and next_offered_latest_at <= due_earliest_at then 'superseded'",
        "when false then 'superseded'",
    ),
    "an unlisted reason needs no follow-up": (
        "models/intermediate/handoffs/int_handoffs__rejections.sql",
        "coalesce(reasons.needs_follow_up, true)",
        "coalesce(reasons.needs_follow_up, false)",
    ),
    "machines that accept lift the headline of the trend": (
        "models/intermediate/trends/int_trends__acceptance_monthly.sql",
        "is_due and accepted_by_type = 'human'",
        "is_due and outcome = 'accepted'",
    ),
    "what came after a window's end counts for the change": (
        "models/intermediate/trends/int_trends__change_counts.sql",
        "where sql_at < observed_to_at",
        "where sql_at is not null",
    ),
    "a suspect move counts in the restated funnel": (
        "models/intermediate/waterfall/int_waterfall__measures.sql",
        "and suspects.lead_id is null",
        "",
    ),
    "merges join nobody": (
        "models/intermediate/identity/int_identity__components.sql",
        "inner join numbered as other on links.other_node = other.node",
        "inner join numbered as other on links.node = other.node",
    ),
}
"""What goes wrong: the file, the text in it, and what stands there instead."""


@pytest.mark.parametrize("defect", DEFECTS if SEEDS > 1 else list(DEFECTS)[:1])
def test_a_planted_defect_is_noticed(
    company: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, defect: str
) -> None:
    name, text, instead = DEFECTS[defect]
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    model = (project / name).read_text(encoding="utf-8")
    (project / name).write_text(model.replace(text, instead), encoding="utf-8")
    monkeypatch.setattr(settings, "dbt_project_dir", lambda: project)

    plan = company.nights.prepare(NIGHT)
    assert plan.is_full
    expected = reference(company.rows, NIGHT)
    assert notices(company.nights, plan, expected), f"seed {company.seed}: {defect}"


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_can_be_planted(defect: str) -> None:
    name, text, instead = DEFECTS[defect]
    model = (PROJECT / name).read_text(encoding="utf-8")
    assert model.count(text) == 1
    assert text != instead
