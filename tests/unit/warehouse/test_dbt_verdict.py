"""A build counts only with positive evidence: everything declared was run and ended well."""

from typing import Any

import pytest

from lead_handoff.dbt import artifacts

MODEL = "model.lead_handoff.fct_handoffs"
TEST = "test.lead_handoff.handoffs_are_unique"
SEED = "seed.lead_handoff.stages"
ALL = ("model", "seed", "test")


def node(unique_id: str, path: str = "marts/fct_handoffs.sql", **config: Any) -> dict[str, Any]:
    kind, _, name = unique_id.split(".")
    return {
        "resource_type": kind,
        "name": name,
        "alias": name,
        "path": path,
        "original_file_path": f"models/{path}",
        "config": {"materialized": "table", **config},
    }


def manifest(**more: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": {uid: node(uid) for uid in (MODEL, TEST, SEED)} | more}


def results(**statuses: str | None) -> dict[str, Any]:
    by_kind = {"model": "success", "test": "pass", "seed": "success"} | statuses
    return {
        "results": [
            {"unique_id": uid, "status": by_kind[uid.split(".")[0]], "message": "because"}
            for uid in (MODEL, TEST, SEED)
            if by_kind[uid.split(".")[0]] is not None
        ]
    }


def test_a_run_of_everything_is_good() -> None:
    verdict = artifacts.judge(manifest(), results(), kinds=ALL)
    assert verdict.is_good
    assert (verdict.models, verdict.seeds, verdict.tests) == (1, 1, 1)


@pytest.mark.parametrize("status", ["fail", "warn", "error", "skipped", None])
def test_a_test_that_did_not_pass_holds_the_night_back(status: str | None) -> None:
    verdict = artifacts.judge(manifest(), results(test=status), kinds=ALL)
    assert not verdict.is_good
    assert [failure.name for failure in verdict.failures] == ["handoffs_are_unique"]


@pytest.mark.parametrize("status", ["error", "skipped", None])
def test_a_model_that_was_not_built_holds_the_night_back(status: str | None) -> None:
    verdict = artifacts.judge(manifest(), results(model=status), kinds=ALL)
    assert not verdict.is_good
    assert [failure.name for failure in verdict.failures] == ["fct_handoffs"]


def test_a_project_without_a_model_is_no_good_run() -> None:
    assert not artifacts.judge({"nodes": {}}, {"results": []}, kinds=ALL).is_good


def test_seeds_that_were_not_asked_for_are_not_missed() -> None:
    assert artifacts.judge(manifest(), results(seed=None), kinds=("model", "test")).is_good


def test_what_broke_is_named_before_what_was_skipped_because_of_it() -> None:
    verdict = artifacts.judge(manifest(), results(model="skipped", seed="error"), kinds=ALL)
    assert [failure.status for failure in verdict.failures] == ["error", "skipped"]


def test_only_models_under_marts_are_published_and_personal_data_apart() -> None:
    project = {
        "nodes": {
            uid: node(uid, path, **config)
            for uid, path, config in [
                ("model.p.fct_handoffs", "marts/handoff/fct_handoffs.sql", {}),
                ("model.p.lead_persons", "marts/restricted/lead_persons.sql", {}),
                ("model.p.int_marts", "intermediate/marts/int_marts.sql", {}),
                ("model.p.passing", "marts/passing.sql", {"materialized": "ephemeral"}),
                ("test.p.some", "marts/some.sql", {}),
            ]
        }
    }
    published = artifacts.published_models(project)
    assert [(model.schema, model.name) for model in published] == [
        ("marts", "fct_handoffs"),
        ("restricted", "lead_persons"),
    ]


def test_a_view_may_stand_as_it_is_and_a_table_may_not() -> None:
    view = "model.lead_handoff.dim_leads"
    declared = manifest(**{view: node(view, materialized="view")})
    assert artifacts.judge(declared, results(), kinds=ALL, is_full=False).is_good
    assert not artifacts.judge(declared, results(), kinds=ALL).is_good
    assert not artifacts.judge(declared, results(model=None), kinds=ALL, is_full=False).is_good


def test_what_no_row_can_break_is_tested_by_full_builds_only() -> None:
    declared = manifest(**{TEST: node(TEST, tags=[artifacts.FULL_BUILD_TAG])})
    assert artifacts.judge(declared, results(test=None), kinds=ALL, is_full=False).is_good
    assert not artifacts.judge(declared, results(test=None), kinds=ALL).is_good
