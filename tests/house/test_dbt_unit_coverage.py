"""Every model that decides something has a dbt unit test beside it.

A model that only picks and renames the columns of one relation decides nothing, and is let off.
"""

import re
from typing import Any

import pytest

LONGEST_NAME = 63
"""dbt names a relation after each unit test, and PostgreSQL cuts a longer name."""

CONFIG = re.compile(r'\{\{ config\(.*?\) \}\}(?!")', re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
BUILD_CONTEXT = re.compile(r"\{\{ source\('build', 'build_context'\) \}\}( as run)?")
REF = re.compile(r"\{\{ ref\('\w+'\) \}\}")
TOKEN = re.compile(r"\w+|[^\w\s]")
DECIDING = {
    *("where", "join", "case", "group", "over", "distinct", "union", "except", "intersect"),
    *("having", "order", "limit", "offset", "filter", "lateral", "in", "is", "not", "and", "or"),
    *("like", "between", "exists", "cast", "values", "recursive"),
}
"""Words with which a query does more than pick and rename columns."""


def is_projection(sql: str) -> bool:
    """Whether a model only picks and renames the columns of one relation.

    The one row that tells what night it is may be joined to it. Functions, operators, literals and
    macros are decisions: what is left has names, commas and dots, and brackets around steps only.
    """
    text = COMMENT.sub("", CONFIG.sub("", sql))
    text = re.sub(r"cross join run\b", "", BUILD_CONTEXT.sub("run", text))
    if len(REF.findall(text)) != 1:
        return False
    before = ""
    for token in TOKEN.findall(REF.sub("relation", text).lower()):
        if token in DECIDING or token.isdigit():
            return False
        if token == "(" and before != "as":
            return False
        if token == "*" and before not in ("select", "."):
            return False
        if not re.fullmatch(r"\w+|[.,()*]", token):
            return False
        before = token
    return True


@pytest.fixture(scope="module")
def deciding(manifest: dict[str, Any]) -> set[str]:
    """Intermediate models and marts that are no projection."""
    return {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["fqn"][1] in ("intermediate", "marts")
        and not is_projection(node["raw_code"])
    }


@pytest.fixture(scope="module")
def tested(manifest: dict[str, Any]) -> set[str]:
    """Models with a unit test."""
    return {test["model"] for test in manifest["unit_tests"].values()}


def test_every_model_that_decides_has_a_unit_test(deciding: set[str], tested: set[str]) -> None:
    assert deciding - tested == set()


def test_a_unit_test_is_a_sentence_that_the_warehouse_can_name(manifest: dict[str, Any]) -> None:
    for test in manifest["unit_tests"].values():
        name = test["name"]
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){2,}", name), f"{test['model']}: {name}"
        assert len(name) <= LONGEST_NAME, f"{test['model']}: {name}"


PICKED = "select relation.a, relation.b as c from {{ ref('x') }} as relation"


@pytest.mark.parametrize(
    "sql",
    [
        PICKED,
        '{{ config(\n    pre_hook="{{ forget_affected_leads() }}"\n) }}\n\n' + PICKED,
        PICKED + "\ncross join {{ source('build', 'build_context') }} as run",
        "with one as (\n\n    select * from {{ ref('x') }}\n\n),\n\nrun as (\n\n"
        "    select as_of from {{ source('build', 'build_context') }}\n\n)\n\n"
        "select one.a, run.as_of as run_as_of -- where not\nfrom one cross join run",
    ],
)
def test_picking_and_renaming_is_a_projection(sql: str) -> None:
    assert is_projection(sql)


@pytest.mark.parametrize(
    "sql",
    [
        PICKED + " where relation.a",
        PICKED + " inner join {{ ref('y') }} as other on relation.a = other.a",
        PICKED + " cross join {{ ref('y') }} as other",
        PICKED + " cross join relation as other",
        PICKED.replace("relation.a", "case when relation.a then relation.b end as a"),
        PICKED.replace("relation.a", "count(*) as a"),
        PICKED.replace("relation.a", "row_number() over (order by relation.b) as a"),
        PICKED.replace("relation.a", "coalesce(relation.a, relation.b) as a"),
        PICKED.replace("relation.a", "not relation.a as a"),
        PICKED.replace("relation.a", "relation.a * relation.b as a"),
        PICKED.replace("relation.a", "relation.a = relation.b as a"),
        PICKED.replace("relation.a", "'text' as a"),
        PICKED.replace("relation.a", "1 as a"),
        PICKED.replace("relation.a", "{{ to_second('relation.a') }} as a"),
        PICKED.replace("select", "select distinct"),
        f"{PICKED} union all {PICKED}",
        PICKED.replace("relation.a", "relation.a || relation.b as a"),
        PICKED + " order by relation.a limit 1",
    ],
)
def test_whatever_does_more_is_none(sql: str) -> None:
    assert not is_projection(sql)
