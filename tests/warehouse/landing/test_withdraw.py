"""A landed version can be taken out: who, when and why is kept, and it does not come back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lead_handoff.landing.withdraw import (
    Withdrawal,
    WithdrawalError,
    parse_stamp,
    spec_of,
    withdraw,
)
from tests.warehouse.landing.conftest import Delivery

HEADER = b"lead_id,created_at,status,updated_at,score\n"
GOOD = b"a,2026-04-01T08:00:00Z,mql,2026-04-02T08:00:00Z,70\n"
BAD = b"a,2026-04-01T08:00:00Z,mql,2026-04-03T08:00:00Z,7000000\n"
BAD_STAMP = datetime(2026, 4, 3, 8, tzinfo=UTC)


def take_out(
    delivery: Delivery, key: str = "a", stamp: datetime = BAD_STAMP, by: str = "Jo Smith"
) -> int:
    wanted = Withdrawal(spec_of("generic", "Leads"), key, stamp, by, "score in cents")
    return withdraw(wanted, warehouse_url=delivery.url, fence=0)


@pytest.fixture
def landed(delivery: Delivery) -> Delivery:
    delivery.put("generic", "leads", "leads.csv", HEADER + GOOD + BAD)
    delivery.land("generic")
    return delivery


def test_a_version_goes_and_who_took_it_out_and_why_stays(landed: Delivery) -> None:
    (gone,) = [row for row in landed.raw("raw_generic.leads") if row["score"] == "7000000"]

    assert take_out(landed) == 1

    assert [row["score"] for row in landed.values("raw_generic.leads")] == ["70"]
    (account,) = landed.query("select * from ops.withdrawals where content_hash = %s",
                              gone["_content_hash"])  # fmt: skip
    assert (account["key"], account["stamp"], account["table_name"]) == ("a", BAD_STAMP, "leads")
    assert (account["withdrawn_by"], account["reason"]) == ("Jo Smith", "score in cents")
    assert account["load_id"] > gone["_load_id"]
    assert "7000000" not in str(account), "what was wrong is not kept"


def test_the_same_content_does_not_land_again_and_another_does(landed: Delivery) -> None:
    take_out(landed)
    landed.put("generic", "leads", "again.csv", HEADER + BAD, night="2026-05-02")
    landed.put("generic", "leads", "right.csv", HEADER + BAD.replace(b"7000000", b"71"),
               night="2026-05-03")  # fmt: skip

    again, right = landed.land("generic", night=datetime(2026, 5, 3, tzinfo=UTC).date())

    assert (again.rows_read, again.rows_new, again.rows_unchanged) == (1, 0, 1)
    assert landed.report() == {"withdrawn": "versions that were withdrawn; they do not land again"}
    assert (right.rows_new, right.rows_updated) == (0, 1)
    assert {row["score"] for row in landed.values("raw_generic.leads")} == {"70", "71"}


def test_a_first_large_load_leaves_out_what_was_withdrawn(landed: Delivery) -> None:
    take_out(landed)
    landed.query("with gone as (delete from raw_generic.leads returning 1) select * from gone")
    many = b"".join(
        b"l%d,2026-04-01T08:00:00Z,mql,2026-04-02T08:00:00Z,1\n" % i for i in range(25_000)
    )
    landed.put("generic", "leads", "many.csv", HEADER + many + BAD, night="2026-05-02")

    (load,) = landed.land("generic", night=datetime(2026, 5, 2, tzinfo=UTC).date())

    assert (load.rows_new, load.rows_unchanged) == (25_000, 1)


def test_a_salesforce_id_may_be_given_in_either_form(delivery: Delivery) -> None:
    delivery.put(
        "salesforce", "Lead", "l.csv",
        b"Id,Status,CreatedDate,SystemModstamp\n"
        b"00Q000000000001,New,2026-04-01T08:00:00Z,2026-04-03T08:00:00Z\n",
    )  # fmt: skip
    delivery.land("salesforce")
    wanted = Withdrawal(
        spec_of("salesforce", "lead"), "00Q000000000001", BAD_STAMP, "Jo", "not ours"
    )

    assert withdraw(wanted, warehouse_url=delivery.url, fence=0) == 1
    assert delivery.raw("raw_salesforce.lead") == []


def test_what_is_not_there_is_said_with_what_is(landed: Delivery) -> None:
    with pytest.raises(WithdrawalError, match=r"it has 2026-04-03T08:00:00\+00:00, 2026-04-02"):
        take_out(landed, stamp=datetime(2026, 4, 9, tzinfo=UTC))
    with pytest.raises(WithdrawalError, match="nothing has landed of generic leads b"):
        take_out(landed, key="b")
    with pytest.raises(WithdrawalError, match="a name and a reason"):
        take_out(landed, by=" ")
    assert len(landed.raw("raw_generic.leads")) == 2


def test_an_unknown_object_or_stamp_is_refused_by_name() -> None:
    with pytest.raises(WithdrawalError, match="known are Lead, LeadHistory"):
        spec_of("salesforce", "Leads")
    with pytest.raises(WithdrawalError, match="known are salesforce"):
        spec_of("pipedrive", "leads")
    with pytest.raises(WithdrawalError, match="is no instant"):
        parse_stamp("yesterday")
    assert parse_stamp("2026-04-03 08:00:00+00") == BAD_STAMP == parse_stamp("2026-04-03T08:00")
