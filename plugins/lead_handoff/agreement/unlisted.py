"""Users whose activities have landed, and whom no version of the agreement lists."""

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from lead_handoff.agreement.problems import AgreementProblem
from lead_handoff.agreement.terms import Agreement

# A version of a completed activity and its user, of each model that stages them.
_ACTIVITIES: dict[str, LiteralString] = {
    "stg_salesforce__tasks": (
        "select 'salesforce', user_id, activity_id from {} where is_closed and not is_deleted"
    ),
    "stg_salesforce__events": (
        "select 'salesforce', user_id, activity_id from {} where not is_deleted"
    ),
    "int_touches__hubspot_engagements": (
        "select 'hubspot', user_id, engagement_id from {} where is_completed"
    ),
    "stg_generic__activities": "select 'generic', user_id, activity_id from {}",
}


def unlisted_users(
    connection: psycopg.Connection[Any], agreement: Agreement
) -> Iterator[AgreementProblem]:
    """Who did something that no version can count, most activities first; of published nights.

    Raises:
        AgreementError: the agreement cannot be read.
    """
    listed = {
        (row["source_system"], row["user_id"])
        for stem in ("agreement_roster", "agreement_automation_users")
        for row in agreement.rows(stem)
    }
    for source, user, activities in _active(connection):
        if (source, user) not in listed:
            yield AgreementProblem(
                "agreement_roster.csv",
                0,
                "user_id",
                f"{user!r} of {source} completed {activities} activities and is on no version's "
                "roster, nor among its automation users: none of them counts as a touch",
            )


def _active(connection: psycopg.Connection[Any]) -> list[tuple[str, str, int]]:
    slot = connection.execute(
        "select slot from ops.generations order by generation desc limit 1"
    ).fetchone()
    if slot is None:
        return []
    there = {
        str(name)
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = %s", [slot[0]]
        )
    }
    parts = [
        sql.SQL(query).format(sql.Identifier(str(slot[0]), model))
        for model, query in _ACTIVITIES.items()
        if model in there
    ]
    if not parts:
        return []
    counted = sql.SQL(
        "select source, user_id, count(distinct activity_id) from ({}) as done"
        " (source, user_id, activity_id) where user_id is not null"
        " group by source, user_id order by 3 desc, 1, 2"
    ).format(sql.SQL(" union all ").join(parts))
    return [
        (str(source), str(user), int(activities))
        for source, user, activities in connection.execute(counted).fetchall()
    ]
