"""Who reads the marts is written down, and so is what can be asked of them."""

from typing import Any

import pytest

Node = dict[str, Any]


@pytest.fixture(scope="module")
def marts(manifest: Node) -> dict[str, Node]:
    """Marts by their id in dbt."""
    return {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }


@pytest.fixture(scope="module")
def exposures(manifest: Node) -> list[Node]:
    """All exposures."""
    return list(manifest["exposures"].values())


def test_an_exposure_names_its_owner_its_purpose_and_how_ripe_it_is(exposures: list[Node]) -> None:
    assert len(exposures) > 3
    for exposure in exposures:
        assert exposure["owner"]["name"], exposure["name"]
        assert exposure["maturity"] in ("high", "medium", "low"), exposure["name"]
        assert exposure["label"], exposure["name"]
        assert exposure["description"].endswith("."), exposure["name"]


def test_an_exposure_reads_marts_of_analysts_and_nothing_else(
    exposures: list[Node], marts: dict[str, Node]
) -> None:
    for exposure in exposures:
        read = exposure["depends_on"]["nodes"]
        assert read, exposure["name"]
        assert [one for one in read if one not in marts] == [], exposure["name"]
        assert [one for one in read if marts[one]["fqn"][2] == "restricted"] == []


def test_every_fact_and_aggregate_is_shown_somewhere(
    exposures: list[Node], marts: dict[str, Node]
) -> None:
    shown = {one for exposure in exposures for one in exposure["depends_on"]["nodes"]}
    kinds = ("dim_", "bridge_")
    unseen = {
        node["name"]
        for unique_id, node in marts.items()
        if unique_id not in shown and not node["name"].startswith(kinds)
    }
    assert unseen == set(), "name the reader in dbt_project/models/marts/__exposures.yml"


def test_semantic_models_and_metrics_stand_on_the_page_of_their_mart(
    manifest: Node, marts: dict[str, Node]
) -> None:
    pages = {one["patch_path"].split("://")[1]: one["name"] for one in marts.values()}
    for kind in ("semantic_models", "metrics", "saved_queries"):
        assert manifest[kind]
        for node in manifest[kind].values():
            assert node["original_file_path"] in pages, node["name"]
    for model in manifest["semantic_models"].values():
        (read,) = model["depends_on"]["nodes"]
        assert pages[model["original_file_path"]] == marts[read]["name"]


def test_a_metric_says_what_it_counts(manifest: Node) -> None:
    metrics = manifest["metrics"].values()
    assert [one["name"] for one in metrics if not one["label"] or not one["description"]] == []


def test_a_rate_is_never_without_its_interval(manifest: Node) -> None:
    names = {one["name"] for one in manifest["metrics"].values()}
    shares = {one["name"] for one in manifest["metrics"].values() if one["type"] == "ratio"}
    assert len(shares) > 5
    assert {f"{share}_{side}" for share in shares for side in ("low", "high")} - names == set()


def test_intervals_are_made_of_the_parts_of_their_rate(manifest: Node) -> None:
    by_name = {one["name"]: one["type_params"] for one in manifest["metrics"].values()}
    expressions: dict[str, set[str]] = {"low": set(), "high": set()}
    for name, params in by_name.items():
        rate, _, side = name.rpartition("_")
        if side not in expressions or rate not in by_name:
            continue
        parts = {one["alias"]: one["name"] for one in params["metrics"]}
        assert parts == {
            "successes": by_name[rate]["numerator"]["name"],
            "total": by_name[rate]["denominator"]["name"],
        }, name
        expressions[side].add(params["expr"])
    # One formula for all: Wilson's, as macros/rates.sql has it for the marts.
    assert [len(formulas) for formulas in expressions.values()] == [1, 1]


def test_time_in_metrics_is_a_day_of_the_agreement(manifest: Node, marts: dict[str, Node]) -> None:
    """An instant would be cut to months in the zone of whoever asks."""
    for model in manifest["semantic_models"].values():
        (read,) = model["depends_on"]["nodes"]
        for dimension in model["dimensions"]:
            if dimension["type"] == "time":
                column = marts[read]["columns"][dimension["expr"] or dimension["name"]]
                assert column["data_type"] == "date", (model["name"], dimension["name"])
                assert dimension["type_params"]["time_granularity"] == "day"


def test_there_is_a_spine_of_days(marts: dict[str, Node]) -> None:
    (spine,) = (node for node in marts.values() if node["time_spine"])
    assert spine["name"] == "dim_dates"
    column = spine["columns"][spine["time_spine"]["standard_granularity_column"]]
    assert column["granularity"] == "day"
