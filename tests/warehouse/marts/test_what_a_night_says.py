"""The page of a night counts what the marts hold, and names what of it is new."""

from datetime import timedelta
from pathlib import Path
from random import Random

import psycopg
import pytest

from lead_handoff import report
from lead_handoff.agreement import Agreement
from lead_handoff.agreement.unlisted import unlisted_users
from tests.oracle.agreements import copy_agreement
from tests.oracle.histories import NIGHT, random_company
from tests.warehouse.marts.conftest import FIXED_SEEDS
from tests.warehouse.marts.nights import Nights, in_folders_of

pytestmark = pytest.mark.slow


def test_the_page_counts_what_the_marts_hold_and_what_is_new(
    small_nights: Nights, tmp_path: Path
) -> None:
    before = NIGHT - timedelta(days=3)
    seed = FIXED_SEEDS[0]
    rows = in_folders_of(random_company(seed, 60), [before, NIGHT])
    small_nights.deliver(rows, Random(seed))
    small_nights.run(before)
    url = small_nights.warehouse.url("owner")
    first = report.newest(url)
    small_nights.run(NIGHT)
    marts = small_nights.marts()

    judged = report.read(url, since=first).judged
    assert judged is not None
    assert sum(judged.outcomes.values()) == len(marts["fct_handoffs"])
    open_ = [
        row
        for row in marts["fct_integrity_findings"]
        if row["resolved_at"] is None and row["waived_by"] is None
    ]
    assert sum(one.count for one in judged.findings) == len(open_)
    with psycopg.connect(url) as connection:
        ((new,),) = connection.execute(
            "select count(*) from marts.fct_integrity_findings where first_seen >"
            " (select as_of from ops.generations where generation = %s)"
            " and resolved_at is null and waived_by is null",
            [first],
        ).fetchall()
        assert sum(one.count for one in judged.new_findings) == new > 0
        everything = report.read(url).judged
        assert everything is not None
        assert sum(one.count for one in everything.new_findings) == len(open_)

        nobody = copy_agreement(tmp_path / "nobody", {"roster": lambda _: []})
        said = [problem.message for problem in unlisted_users(connection, Agreement(nobody))]
        assert said
        assert all("is on no version's roster" in line for line in said)
        people = {
            row["user_id"] for row in Agreement(small_nights.agreement).rows("agreement_roster")
        }
        listed = list(unlisted_users(connection, Agreement(small_nights.agreement)))
        assert len(listed) < len(said)
        assert not [line for line in listed if any(f"'{one}'" in line.message for one in people)]
