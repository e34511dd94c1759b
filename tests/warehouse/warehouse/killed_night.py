"""A whole night in one function, for tests that run it in a process of its own and kill it.

Everything is the real thing but for the build, which is one statement here instead of a dbt
project, and the gates: what is tested is that a night can die anywhere.
"""

# ruff: noqa: S608 - statements are put together from the names of the slot
from datetime import date

import psycopg

from lead_handoff import settings
from lead_handoff.airflow import night
from lead_handoff.airflow.windows import Night, midnight
from lead_handoff.warehouse import slots, steps

MARTS = ("dim_leads", "fct_integrity_findings")


def build(run: night.Run) -> dict[str, object]:
    """Bring the slot forward by the leads that have news, as the models do."""
    url = settings.warehouse_url("transformer")
    fence = night._advance(run)
    plan = slots.prepare_build(
        url,
        fence=fence,
        as_of=run.night.as_of,
        night=run.night.night,
        agreement_hash="a",
        code_hash="c",
    )
    steps.reached("build.before_dbt")
    with psycopg.connect(url, autocommit=True) as connection:
        leads, findings = f"{plan.slot}.dim_leads", f"{plan.slot}.fct_integrity_findings"
        connection.execute(
            f"create table if not exists {leads}"
            " (lead_id text, status text, versions bigint, run_as_of timestamptz)"
        )
        news = (
            "select distinct lead_id from raw_generic.leads"
            f" where _load_id > {plan.since_load_id} and _first_night <= '{run.night.night}'"
        )
        connection.execute(f"delete from {leads} where lead_id in ({news})")
        steps.reached("build.between_statements")
        connection.execute(
            f"insert into {leads} select lead_id, (array_agg(status order by _stamp desc))[1],"
            f" count(*), null from raw_generic.leads where lead_id in ({news})"
            f" and _first_night <= '{run.night.night}' group by lead_id"
        )
        connection.execute(f"update {leads} set run_as_of = '{run.night.as_of}'")
        connection.execute(f"drop table if exists {findings}")
        connection.execute(
            f"create table {findings} as select 'f-' || lead_id as finding_id, 'r'::text as rule,"
            " 'warning'::text as severity, 'lead'::text as subject_type, lead_id as subject_id,"
            " lead_id, null::text as handoff_id, null::text as owner_id, null::text as team,"
            " run_as_of as occurred_at, 'certain'::text as grade, '{}'::jsonb as evidence,"
            f" 'm'::text as message, run_as_of from {leads} where status = 'rejected'"
        )
    steps.reached("build.after_dbt")
    return {
        "slot": plan.slot,
        "tests": 0,
        "published": [("marts", name) for name in MARTS],
    }


def main(day: str, run_id: str) -> None:
    """The whole night."""
    when = date.fromisoformat(day)
    run = night.Run(run_id, Night(midnight(when), when), lease_seconds=0)
    with night.at_work(run):
        opened = night.open_night(run)
        landed = [night.land(run, source, opened["fence"]) for source in opened["sources"]]
        night.judge_landing(run, opened["sources"], landed)
        night.publish(run, build(run))
        night.close_night(run)
