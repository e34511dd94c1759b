# ruff: noqa: S608 - conditions are fixed texts
"""dbt as a child: what it builds counts only when it is whole, and it leaves our files alone."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lead_handoff import settings
from lead_handoff.dbt import project
from lead_handoff.dbt.culprits import without_values
from lead_handoff.dbt.runner import BuildError, BuildResult, build
from lead_handoff.warehouse import night_lock, slots

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "dbt_project.yml": """
        name: lead_handoff
        version: "1.0"
        config-version: 2
        profile: lead_handoff
        model-paths: [models]
        macro-paths: [macros]
        test-paths: [tests]
        seed-paths: [seeds/agreement, seeds/reference]
        seeds: {+pre-hook: "select ops.assert_fence()"}
        models: {+pre-hook: "select ops.assert_fence()"}
    """,
    "models/staging/sources.yml": """
        sources:
          - name: build
            schema: "{{ target.schema }}"
            tables: [{name: build_context}]
        models:
          - name: fct_nights
            columns: [{name: night, data_tests: [unique, not_null]}]
    """,
    "models/marts/fct_nights.sql": """
        {{ config(materialized='incremental') }}
        select context.as_of as run_as_of, context.night, terms.minimum_score
        from {{ source('build', 'build_context') }} as context
        cross join {{ ref('agreement_versions') }} as terms
    """,
    "models/marts/fct_counts.sql": """
        {{ config(materialized='table') }}
        select count(*) as nights from {{ ref('fct_nights') }}
    """,
    "models/marts/restricted/dim_people.sql": "select 'ann@example.com'::text as email",
    "seeds/reference/stages.csv": "stage,rank\nmql,20\n",
}


class Project:
    """A tiny dbt project and an agreement outside it."""

    def __init__(self, warehouse: Any, folder: Path) -> None:
        self.warehouse = warehouse
        self.folder = folder
        self.agreement = folder / "elsewhere"
        self.owner = psycopg.connect(warehouse.url("owner"), autocommit=True)
        self.fence = night_lock.acquire(self.owner, "night")
        self.lines: list[str] = []
        for name, text in FILES.items():
            self.write(name, text)
        self.agreement.mkdir()
        (self.agreement / "agreement_versions.csv").write_text("minimum_score\n60\n")
        for name in ("profiles.yml", "macros/generate_schema_name.sql"):
            target = folder / "dbt" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text((ROOT / "dbt_project" / name).read_text())

    def write(self, name: str, text: str) -> None:
        path = self.folder / "dbt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = text.strip("\n").splitlines()
        margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
        path.write_text("\n".join(line[margin:] for line in lines) + "\n")

    def remove(self, name: str) -> None:
        (self.folder / "dbt" / name).unlink()

    def prepare(self, day: int) -> slots.BuildPlan:
        return slots.prepare_build(
            self.warehouse.url("transformer"),
            fence=self.fence,
            as_of=datetime(2026, 5, day, tzinfo=UTC),
            night=date(2026, 5, day),
            agreement_hash="a",
            code_hash="c",
        )

    def build(self, day: int) -> BuildResult:
        plan = self.prepare(day)
        self.lines.clear()
        return build(
            plan.slot,
            full_refresh=plan.is_full,
            fence=self.fence,
            with_seeds=plan.is_full,
            progress=self.lines.append,
        )

    def log(self) -> str:
        return (project.log_dir("slot_blue") / "dbt.log").read_text()


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def tiny(warehouse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setattr(settings, "dbt_project_dir", lambda: tmp_path / "dbt")
    # dbt's files of another test's project must not be found again.
    monkeypatch.setattr(project.settings, "home", lambda: tmp_path / "home")
    urls = {role: warehouse.url(role) for role in ("owner", "loader", "transformer")}
    monkeypatch.setattr(settings, "warehouse_url", lambda role="owner": urls[role])
    made = Project(warehouse, tmp_path)
    monkeypatch.setenv("HANDOFF_AGREEMENT", str(made.agreement))
    yield made
    made.owner.close()


@pytest.mark.slow
def test_a_build_is_whole_and_touches_neither_the_checkout_nor_the_agreement(
    tiny: Project,
) -> None:
    before = fingerprint(tiny.folder / "dbt") | fingerprint(tiny.agreement)
    result = tiny.build(1)
    assert (result.models, result.seeds, result.tests) == (3, 2, 2)
    assert [(mart.schema, mart.name) for mart in result.published] == [
        ("marts", "fct_counts"),
        ("marts", "fct_nights"),
        ("restricted", "dim_people"),
    ]
    assert [line.split()[1] for line in tiny.lines] == ["1/3", "2/3", "3/3"]
    # dbt writes a seed's compiled form over a seed outside its project: see dbt/project.py.
    assert fingerprint(tiny.folder / "dbt") | fingerprint(tiny.agreement) == before

    # The next night in this slot: nothing is parsed anew, no seed loaded, and the view stands.
    assert tiny.log().count("Unable to do partial parsing") == 1
    slots.complete_build(tiny.warehouse.url("transformer"), fence=tiny.fence, slot="slot_blue")
    tiny.fence = night_lock.acquire(tiny.owner, "another night")
    result = tiny.build(2)
    assert (result.models, result.seeds, result.tests) == (2, 0, 2)
    assert tiny.log().count("Unable to do partial parsing") == 1
    with psycopg.connect(tiny.warehouse.url("transformer")) as connection:
        rows = connection.execute("select night from slot_blue.fct_nights order by 1").fetchall()
        for mart in result.published:
            view = sql.Identifier("slot_blue", mart.name)
            connection.execute(sql.SQL("select from {}").format(view))
    assert rows == [(date(2026, 5, 1),), (date(2026, 5, 2),)]

    # What is judged and published is what the project declares now, not what it once did.
    tiny.write("models/marts/fct_new.sql", "select 1 as one")
    tiny.remove("models/marts/fct_counts.sql")
    result = tiny.build(3)
    assert [mart.name for mart in result.published] == ["fct_new", "fct_nights", "dim_people"]


@pytest.mark.slow
def test_a_model_that_breaks_is_named_with_its_message_and_what_to_do(tiny: Project) -> None:
    tiny.write("models/marts/fct_nights.sql", "select no_such_column from {{ ref('stages') }}")
    with pytest.raises(BuildError) as refused:
        tiny.build(1)
    text = str(refused.value)
    assert "model fct_nights (models/marts/fct_nights.sql): error" in text
    assert 'column "no_such_column" does not exist' in text
    assert "further nodes were skipped" in text
    assert "run the night again" in text


@pytest.mark.slow
def test_a_test_that_fails_or_only_warns_holds_the_night_back(tiny: Project) -> None:
    tiny.write(
        "tests/assert_there_are_no_nights.sql",
        "{{ config(severity='warn') }}\nselect * from {{ ref('fct_nights') }}",
    )
    with pytest.raises(BuildError, match=r"test assert_there_are_no_nights .*: warn"):
        tiny.build(1)


@pytest.mark.slow
def test_a_failed_test_or_model_names_lead_and_row_by_the_users_own_ids(tiny: Project) -> None:
    tiny.write(
        "models/int_identity__all_lead_ids.sql",
        """
        {{ config(materialized='table') }}
        select 'abc' as lead_id, 'salesforce' as source_system, '00Q1' as record_id
        union all
        select 'abc', 'marketo', '17'
        """,
    )
    tiny.write(
        "models/marts/fct_handoffs.sql",
        """
        {{ config(materialized='table') }}
        -- depends_on: {{ ref('int_identity__all_lead_ids') }}
        select 'h1' as handoff_id, 'abc' as lead_id, 'ann@example.com' as email
        union all
        select 'h1', 'abc', 'ann@example.com'
        """,
    )
    tiny.write(
        "models/marts/handoffs.yml",
        """
        models:
          - name: fct_handoffs
            columns: [{name: handoff_id, data_tests: [unique]}]
        """,
    )
    tiny.write(
        "models/marts/fct_scores.sql",
        """
        {{ config(materialized='table') }}
        select cast(score as numeric) as score from raw_generic.leads
        """,
    )
    tiny.owner.execute(
        "insert into raw_generic.leads (lead_id, score, _key, _stamp, _stamp_from_folder,"
        " _content_hash, _first_night, _load_id)"
        " values ('L7', 'Ann 70', 'L7', '2026-04-02', false, 'x', '2026-05-01', 1)"
    )
    with pytest.raises(BuildError) as refused:
        tiny.build(1)
    text = str(refused.value)
    assert "lead abc (marketo 17, salesforce 00Q1)" in text
    assert "generic leads L7, version of 2026-04-02T00:00:00+00:00, column score" in text
    assert "make withdraw SOURCE=generic OBJECT=leads KEY='L7'" in text
    assert 'numeric: "aaa 99"' in text
    assert "Ann" not in text
    assert "ann@example.com" not in text


def test_values_in_what_the_database_says_are_shown_by_their_shape() -> None:
    said = without_values(
        'invalid input syntax for type timestamp with time zone: "Ann 12" and value "0123" is out'
        ' of range; column "email" does not exist; Key (email)=(ann@b.de) already exists.'
        " Key (lead_id, handoff_id)=(abc, h1) already exists. Failing row contains (1, Ann)."
    )
    assert said == (
        'invalid input syntax for type timestamp with time zone: "aaa 99" and value "9999" is out'
        ' of range; column "email" does not exist; Key (email)=(aaa@a.aa) already exists.'
        " Key (lead_id, handoff_id)=(abc, h1) already exists. Failing row contains (…)."
    )


@pytest.mark.slow
def test_a_project_that_cannot_be_read_is_an_error_of_its_own(tiny: Project) -> None:
    tiny.write("models/marts/fct_nights.sql", "select 1 from {{ ref('nowhere') }}")
    with pytest.raises(BuildError, match=r"before it had built anything[\s\S]*nowhere"):
        tiny.build(1)


@pytest.mark.slow
def test_a_build_of_a_run_that_was_replaced_writes_nothing(tiny: Project) -> None:
    plan = tiny.prepare(1)
    night_lock.acquire(tiny.owner, "newer")
    with pytest.raises(BuildError, match="stale night: this run holds fence 1"):
        build(plan.slot, full_refresh=True, fence=tiny.fence)
    with psycopg.connect(tiny.warehouse.url("transformer")) as connection:
        built = connection.execute(
            "select relname from pg_class where relnamespace = 'slot_blue'::regnamespace"
            " and relkind in ('r', 'v') and relname <> 'build_context'"
        ).fetchall()
    assert built == []


@pytest.mark.slow
def test_dbt_dies_with_the_process_that_started_it(tiny: Project) -> None:
    plan = tiny.prepare(1)
    script = (
        "import sys; from pathlib import Path; from lead_handoff import settings;"
        f"settings.dbt_project_dir = lambda: Path({str(tiny.folder / 'dbt')!r});"
        f"settings.home = lambda: Path({str(tiny.folder / 'home')!r});"
        f"settings.warehouse_url = lambda role: {tiny.warehouse.url('transformer')!r};"
        "from lead_handoff.dbt.runner import build;"
        f"build({plan.slot!r}, full_refresh=True, fence={tiny.fence})"
    )
    tiny.write(
        "models/marts/fct_counts.sql",
        "{{ config(materialized='table') }}\nselect pg_sleep(60)::text as nights",
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT / "plugins")},
    )
    try:
        wait_for(lambda: sessions(tiny, "query like '%%pg_sleep%%'") == 1, 60)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    # The statement under way goes on in the server, until the next run ends it.
    wait_for(lambda: not children_of_dbt(tiny), 10)
    night_lock.acquire(tiny.owner, "next")
    wait_for(lambda: sessions(tiny, "application_name like 'lead_handoff:1:%%'") == 0, 10)


def sessions(tiny: Project, condition: str) -> int:
    row = tiny.owner.execute(
        "select count(*) from pg_stat_activity where pid <> pg_backend_pid()"
        f" and datname = current_database() and {condition}"
    ).fetchone()
    assert row is not None
    return int(row[0])


def children_of_dbt(tiny: Project) -> list[int]:
    import psutil

    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "cwd"])
        if any(part.endswith("lead_handoff/dbt/child.py") for part in process.info["cmdline"] or [])
        and process.info["cwd"] == str(tiny.folder / "home" / "dbt" / "project")
    ]


def wait_for(condition: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
