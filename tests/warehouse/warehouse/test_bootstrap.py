"""A database is brought to the pipeline's state, whoever asks and however often."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from lead_handoff.warehouse.bootstrap import BootstrapError, bootstrap

TABLES = "select count(*) from pg_tables where schemaname = 'ops'"


def count(url: str, query: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def refused(url: str, statement: str) -> bool:
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            return True
    return False


def forget(warehouse: Any) -> None:
    with psycopg.connect(warehouse.url("owner")) as connection:
        connection.execute("delete from ops.bootstrap")


def test_a_database_that_is_ready_is_left_alone(warehouse: Any) -> None:
    assert bootstrap(warehouse.url("owner")) is False


def test_applying_it_again_keeps_every_row(warehouse: Any) -> None:
    with psycopg.connect(warehouse.url("owner")) as connection:
        connection.execute(
            "insert into ops.loads (night, source, object, status)"
            " values ('2026-05-01', 'generic', 'leads', 'failed')"
        )
        connection.execute("update ops.night_lock set fence = 5")
    forget(warehouse)
    assert bootstrap(warehouse.url("owner")) is True
    assert count(warehouse.url("owner"), "select count(*) from ops.loads") == 1
    assert count(warehouse.url("owner"), "select fence from ops.night_lock") == 5
    assert count(warehouse.url("owner"), "select count(*) from ops.slots") == 2


def test_a_verdict_that_was_accepted_is_never_changed(warehouse: Any) -> None:
    with psycopg.connect(warehouse.url("owner"), autocommit=True) as connection:
        for statement in ("update review.verdicts set cause = 'x'", "delete from review.verdicts"):
            with pytest.raises(psycopg.DatabaseError, match="is a record and is never changed"):
                connection.execute(statement)


def test_several_at_once_do_not_disturb_each_other(warehouse: Any) -> None:
    forget(warehouse)
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: bootstrap(warehouse.url("owner")), range(4)))
    assert sorted(applied) == [False, False, False, True]


def test_a_superuser_may_apply_it_and_owns_nothing_of_it(warehouse: Any) -> None:
    forget(warehouse)
    bootstrap(warehouse.url("admin"))
    owned = (
        "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where (n.nspname = 'ops' or n.nspname like 'raw%')"
        "   and pg_get_userbyid(c.relowner) not in ('handoff_owner', 'handoff_loader')"
    )
    assert count(warehouse.url("owner"), owned) == 0


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("analyst", "select * from ops.loads"),
        ("analyst", "select * from raw_salesforce.lead"),
        ("analyst", "create table marts.mine (a int)"),
        ("analyst", "create temporary table mine (a int)"),
        ("analyst", "create table public.mine (a int)"),
        ("analyst", "select ops.assert_fence(0)"),
        ("loader", "create table slot_blue.mine (a int)"),
        ("loader", "create view marts.mine as select 1 as a"),
        ("loader", "update ops.night_lock set fence = 9"),
        ("loader", "delete from ops.generations"),
        ("transformer", "insert into raw_salesforce.lead default values"),
        ("transformer", "delete from ops.loads"),
        ("transformer", "update ops.night_lock set fence = 9"),
        ("analyst", "select month from review.draws"),
        ("loader", "select month from review.draws"),
        ("transformer", "select evidence from review.sample"),
        ("transformer", "select comment from review.verdicts"),
        ("transformer", "insert into review.log (month) values ('2026-05')"),
        ("transformer", "update review.verdicts set verdict = 'valid'"),
        ("owner", "create role somebody"),
    ],
)
def test_nobody_may_do_what_is_not_their_work(warehouse: Any, role: str, statement: str) -> None:
    assert refused(warehouse.url(role), statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (
            "loader",
            "insert into ops.loads (night, source, object, status)"
            " values ('2026-05-01', 'generic', 'leads', 'failed')",
        ),
        ("loader", "create table raw_salesforce.new_object (a text)"),
        ("loader", "create temporary table staging (a text)"),
        ("transformer", "select * from raw_salesforce.lead"),
        ("transformer", "select month, handoff_id, verdict from review.verdicts"),
        ("transformer", "select month, handoff_id from review.sample"),
        ("transformer", "create table slot_blue.mine as select 1 as a"),
        ("transformer", "create view marts.mine as select 1 as a"),
        (
            "transformer",
            "insert into ops.findings_ledger (finding_id, rule, first_seen, last_seen)"
            " values ('f', 'r', now(), now())",
        ),
    ],
)
def test_everybody_may_do_their_work(warehouse: Any, role: str, statement: str) -> None:
    assert not refused(warehouse.url(role), statement)


def test_new_relations_are_readable_without_a_further_grant(warehouse: Any) -> None:
    with psycopg.connect(warehouse.url("loader")) as connection:
        connection.execute("create table raw_salesforce.new_object (a text)")
    assert not refused(warehouse.url("transformer"), "select * from raw_salesforce.new_object")
    with psycopg.connect(warehouse.url("transformer")) as connection:
        connection.execute("create view marts.new_mart as select 1 as a")
        connection.execute("create view restricted.new_persons as select 1 as a")
    assert not refused(warehouse.url("analyst"), "select * from marts.new_mart")
    assert refused(warehouse.url("analyst"), "select * from restricted.new_persons")


def test_public_has_no_privilege_on_any_relation_or_schema(warehouse: Any) -> None:
    public = """
        select count(*) from (
            select (aclexplode(nspacl)).grantee from pg_namespace
            where nspname in (
                'ops', 'marts', 'restricted', 'review', 'slot_blue', 'slot_green', 'public'
            )
               or nspname like 'raw%'
            union all
            select (aclexplode(relacl)).grantee from pg_class
            where relnamespace::regnamespace::text in ('ops', 'marts', 'restricted', 'review')
            union all
            select (aclexplode(proacl)).grantee from pg_proc
            where pronamespace = 'ops'::regnamespace
        ) as granted where grantee = 0
    """
    assert count(warehouse.url("owner"), public) == 0


def test_a_database_of_the_users_own_needs_one_user_and_no_roles(warehouse: Any) -> None:
    with psycopg.connect(warehouse.url("admin"), autocommit=True) as connection:
        connection.execute("drop role if exists single_user")
        connection.execute("create role single_user login password 'single'")
        connection.execute("create database of_their_own owner single_user")
    host = warehouse.url("admin").split("@")[1].split("/")[0]
    url = f"postgresql://single_user:single@{host}/of_their_own"
    try:
        assert bootstrap(url, roles=False) is True
        assert bootstrap(url, roles=False) is False
        assert count(url, TABLES) > 5
        owners = "select count(distinct tableowner) from pg_tables where tableowner = 'single_user'"
        assert count(url, owners) == 1
    finally:
        with psycopg.connect(warehouse.url("admin"), autocommit=True) as connection:
            connection.execute("drop database of_their_own with (force)")
            connection.execute("drop role single_user")


def test_a_user_who_may_not_create_schemas_is_told_so(warehouse: Any) -> None:
    forget(warehouse)
    with pytest.raises(BootstrapError, match="lacks a privilege"):
        bootstrap(warehouse.url("transformer"), roles=False)
