"""The layers of the dbt project: who may read whom, what they are called, what is said of them.

Read from dbt's own manifest, because macros hide references that the files do not show. The rules
are explained, with examples, in dbt_project/models/README.md.
"""

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from lead_handoff import settings

ROOT = settings.project_root()
PROJECT = ROOT / "dbt_project"
MODELS = PROJECT / "models"

LINES = 150
"""A model longer than this holds more than one idea."""
LONG_MODELS = Path(__file__).with_name("long_models.csv")
"""Models that are longer today: they may shrink and leave the list, and no other may enter it."""

BUILD_CONTEXT = "source.lead_handoff.build.build_context"
TIME_ZONES = "stg_agreement__sources"
"""The one model that staging reads from staging: in which zone a source writes its timestamps."""
RECORDS = {"review": "review", "landing": "ops"}
"""Folders of staging that read the project's own record instead of a source's landed rows."""

WALL_CLOCK = re.compile(
    r"\b(now|current_timestamp|current_date|current_time|localtime|localtimestamp|clock_timestamp"
    r"|statement_timestamp|transaction_timestamp|timeofday|run_started_at|random|gen_random_uuid)\b"
    r"|modules\.datetime|'(today|now|yesterday|tomorrow)'"
)
NAMES = {
    "staging": r"stg_{folder}__[a-z_]+s",
    "intermediate": r"int_{folder}__[a-z_]+",
    "marts": r"(fct|dim|agg|bridge|rpt)_[a-z_]+|lead_timeline",
}
# Columns that analysts were promised keep their names, also where the house would choose others.
PROMISED_INSTANTS = {"run_as_of", "valid_from", "valid_to", "first_seen", "last_seen"}
PROMISED_BOOLEANS = {
    *("met_definition", "accepted_by_owner", "implicit_acceptance", "expired", "responded"),
    *("at_risk", "uses_tql", "clock_restarts_on_transfer"),
}

Node = dict[str, Any]


def sql_files(*folders: str) -> list[Path]:
    """SQL of the project in these folders."""
    return sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.sql"))


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, Node]:
    """Every model by its name, as dbt understands it."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }


def layer(node: Node) -> str:
    """staging, intermediate or marts."""
    return str(node["fqn"][1])


def reads(node: Node) -> set[str]:
    """What a model depends on: full ids of sources, names of models and seeds."""
    return {
        one if one.startswith("source.") else one.rsplit(".", 1)[-1]
        for one in node["depends_on"]["nodes"]
    }


def test_every_source_is_landed_rows_a_record_or_the_build(models: dict[str, Node]) -> None:
    read = {r.split(".")[2] for node in models.values() for r in reads(node) if "source." in r}
    landed = {source for source in read if source.startswith("raw_")}
    assert read - landed == {*RECORDS.values(), "build"}


def test_only_staging_reads_what_landed(models: dict[str, Node]) -> None:
    strangers = {
        name: sources
        for name, node in models.items()
        if layer(node) != "staging"
        and (sources := {r for r in reads(node) if r.startswith("source.")} - {BUILD_CONTEXT})
    }
    assert strangers == {}


def test_staging_reads_one_source_and_the_zones_of_the_agreement(models: dict[str, Node]) -> None:
    for name, node in models.items():
        if layer(node) != "staging":
            continue
        folder = node["fqn"][2]
        read = reads(node) - {BUILD_CONTEXT}
        if folder == "agreement":
            # Typed from exactly one file that people write.
            assert len(read) == 1, name
            assert not read & set(models), name
        else:
            source = RECORDS.get(folder, f"raw_{folder}")
            assert {r for r in read - {TIME_ZONES} if f".{source}." not in r} == set(), name
            assert len(read - {TIME_ZONES}) == 1, name


def test_intermediate_models_do_not_read_marts(models: dict[str, Node]) -> None:
    marts = {name for name, node in models.items() if layer(node) == "marts"}
    backwards = {
        name: reads(node) & marts
        for name, node in models.items()
        if layer(node) == "intermediate" and reads(node) & marts
    }
    assert backwards == {}


def test_marts_read_intermediate_models_marts_and_the_agreement(models: dict[str, Node]) -> None:
    for name, node in models.items():
        if layer(node) == "marts":
            for read in reads(node) - {BUILD_CONTEXT}:
                assert read in models, f"{name} reads {read}"
                assert layer(models[read]) != "staging" or read.startswith("stg_agreement__"), (
                    f"{name} reads {read}: facts of a source reach marts through intermediate"
                )


def test_names_say_layer_and_area(models: dict[str, Node]) -> None:
    for name, node in models.items():
        folder = node["fqn"][2]
        if folder == "agreement" and layer(node) == "staging":
            # Named after the file that people write, without its prefix: stg_agreement__stage_map.
            seed = name.removeprefix("stg_agreement__")
            assert reads(node) in ({seed}, {f"agreement_{seed}"}), name
            continue
        assert re.fullmatch(NAMES[layer(node)].format(folder=folder), name), node["path"]


def test_every_model_has_a_page_of_its_own(models: dict[str, Node]) -> None:
    for name, node in models.items():
        page = f"models/{Path(node['path']).with_suffix('.yml').as_posix()}"
        said = str(node["patch_path"] or "").removeprefix("lead_handoff://")
        assert said == page, f"{name} is described in {said or 'no file'}, not in {page}"
        assert node["description"].startswith("One row per "), f"{name}: begin with the grain"


def test_every_column_that_is_listed_is_described(models: dict[str, Node]) -> None:
    for name, node in models.items():
        assert node["columns"], name
        silent = [c["name"] for c in node["columns"].values() if not c["description"].strip()]
        assert silent == [], name


def test_marts_are_public_under_contract_and_owned(models: dict[str, Node]) -> None:
    for name, node in models.items():
        config = node["config"]
        if layer(node) == "marts":
            assert config["contract"]["enforced"], name
            assert config["access"] == "public", name
            assert config["group"] == "revenue_operations", name
            assert config["persist_docs"] == {"relation": True, "columns": True}, name
            assert "run_as_of" in node["columns"], name
        else:
            assert config["access"] == "protected", name


def test_columns_of_marts_tell_their_type_by_their_name(models: dict[str, Node]) -> None:
    for name, node in models.items():
        if layer(node) != "marts":
            continue
        for column, described in node["columns"].items():
            kind = described["data_type"]
            is_instant = column.endswith("_at") or column in PROMISED_INSTANTS
            assert is_instant == (kind == "timestamp with time zone"), f"{name}.{column}: {kind}"
            if column.endswith("_id"):
                assert kind == "text", f"{name}.{column}"
            if kind == "boolean":
                assert column.startswith(("is_", "has_")) or column in PROMISED_BOOLEANS, (
                    f"{name}.{column}"
                )


def test_no_model_reads_a_clock_or_throws_dice() -> None:
    """The same inputs give the same marts on any day."""
    found = []
    for path in sql_files("models", "macros", "tests"):
        text = re.sub(r"\{#.*?#\}|--[^\n]*", "", path.read_text(), flags=re.DOTALL)
        found += [f"{path.name}: {match[0]}" for match in WALL_CLOCK.finditer(text.lower())]
    assert found == []


@pytest.mark.parametrize("planted", ["now()", "current_date - 1", "'today'::date", "random()"])
def test_the_pattern_of_clocks_finds_them(planted: str) -> None:
    assert WALL_CLOCK.search(planted)


def test_a_model_holds_one_idea() -> None:
    with LONG_MODELS.open() as lines:
        known = {row["model"]: int(row["lines"]) for row in csv.DictReader(lines)}
    long = {
        path.stem: count
        for path in sql_files("models")
        if (count := len(path.read_text().splitlines())) > LINES
    }
    assert {name: count for name, count in long.items() if count > known.get(name, LINES)} == {}
    assert set(known) - set(long) == set(), f"short enough now: take them off {LONG_MODELS.name}"


def test_a_model_with_steps_ends_with_them() -> None:
    for path in sql_files("models"):
        text = path.read_text()
        if re.search(r"^with\b", text, flags=re.MULTILINE):
            assert text.rstrip().endswith("select * from final"), path.name


def test_tests_of_marts_are_sentences_that_open_with_why() -> None:
    for path in sql_files("tests"):
        assert re.fullmatch(r"assert_[a-z_]+_[a-z_]+_[a-z_]+\.sql", path.name), path.name
        assert path.read_text().startswith("-- "), path.name


POSTGRES_ONLY = re.compile(
    r"::|\b(to_char|to_timestamp|make_interval|generate_series|unnest|string_to_array|array_length"
    r"|regexp_\w+|jsonb?_\w+|jsonb|date_trunc|date_part|at time zone|collate|interval|ilike|md5"
    r"|distinct on|array_agg)\b|->|~|\w\["
)
"""What other engines spell otherwise; each of it stands in a macro with its concept's name."""


def test_what_one_engine_alone_knows_stands_in_macros() -> None:
    found: dict[str, list[str]] = {}
    for path in sql_files("models"):
        text = re.sub(
            r"\{[{%#].*?[}%#]\}|--[^\n]*|'[^'\n]*'", "", path.read_text(), flags=re.DOTALL
        )
        words = [match[0] for match in POSTGRES_ONLY.finditer(text.lower())]
        if words:
            found[path.stem] = words
    assert found == {}


def test_every_macro_is_described() -> None:
    described = set(
        re.findall(r"^  - name: (\w+)$", (PROJECT / "macros/_macros.yml").read_text(), re.M)
    )
    defined = set()
    for path in sql_files("macros"):
        defined |= set(re.findall(r"\{% macro (\w+)\(", path.read_text()))
    silent = {name for name in defined if not re.match(r"(postgres|default)__", name)} - described
    assert silent == set()


def test_what_reads_the_night_before_is_a_table(models: dict[str, Node]) -> None:
    """A view is made at a full build only, when there is no night before to be read."""
    reading = {name for name, node in models.items() if "previous_rows(" in node["raw_code"]}
    assert reading
    assert {name for name in reading if models[name]["config"]["materialized"] == "view"} == set()
