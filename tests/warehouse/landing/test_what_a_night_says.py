"""The page says of each night what came in, and of what could not be read why and what would be."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

import psycopg
import pytest

from lead_handoff import report
from tests.warehouse.landing.conftest import NIGHT, Delivery


@pytest.fixture
def owner(module_warehouse: Any) -> str:
    """The warehouse's owner, who alone sees all of it."""
    return module_warehouse.url("owner")


HEADER = b"lead_id,created_at,status,score,email,updated_at\n"


def lead(
    key: str, created: str = "2026-04-01T08:00:00Z", score: str = "1", email: str = "a@b.co"
) -> bytes:
    return f"{key},{created},mql,{score},{email},2026-04-02T08:00:00Z\n".encode()


def test_rows_that_cannot_be_read_are_told_with_reason_sample_and_accepted_form(
    delivery: Delivery, owner: str
) -> None:
    content = HEADER + lead("one") + lead("two", created="30.02.2026")
    content += lead("three", score="1;5") + lead("four", score="Ann Moore") + b"five,x\n"
    content += lead("six", email="\xff@b.co").replace("ÿ".encode(), b"\xff")
    delivery.put("generic", "leads", "leads.csv", content)
    delivery.put("generic", "leads", "leads.xlsx", b"PK")
    delivery.put("generic", "users", "users.csv", b"\xff\xfe")
    delivery.land("generic")

    landed = report.read(owner).landed
    assert [row[:6] for row in landed.sources] == [("generic", 6, 1, 0, 0, 5)]
    said = {
        (row.object, row.reason, row.column): (row.rows, row.sample, row.accepted_form)
        for row in landed.quarantined
    }
    number = "a number with a decimal point"
    assert said["leads", "wrong_type", "score"] == (2, "1;5", number)
    assert said["leads", "bad_timestamp", "created_at"] == (
        1,
        "30.02.2026",
        "a date and time that exist, as 2026-05-01T09:30:00Z",
    )
    assert said["leads", "too_few_fields", None] == (1, "aaaa,a", "as many fields as the header")
    rows, sample, form = said["leads", "bad_encoding", "email"]
    assert (rows, form) == (1, "UTF-8")
    assert "b" not in sample
    ((source, name, night, why),) = landed.refused
    assert (source, name, night) == ("generic", "users", NIGHT)
    assert "not_utf8" in why
    assert [(source, name) for source, name, _ in landed.unread] == [("generic", "leads.xlsx")]

    text = "\n".join(report.summary(owner))
    assert "No marts yet" in text
    assert "generic leads.score: wrong_type" in text
    assert "Moore" not in text


def test_only_what_came_since_a_published_night_is_told(delivery: Delivery, owner: str) -> None:
    delivery.put("generic", "leads", "leads.csv", HEADER + lead("one") + lead("two", score="x"))
    delivery.land("generic")
    with psycopg.connect(owner, autocommit=True) as connection:
        (generation,) = connection.execute(
            "insert into ops.generations (slot, as_of, night, fence, run_id, models, is_full)"
            " values ('slot_blue', '2026-05-01', '2026-05-01', 0, 'a', 1, true)"
            " returning generation"
        ).fetchone() or (0,)
        connection.execute("update ops.night_lock set fence = 4")
    assert (report.newest(owner), report.newest(owner, back=1)) == (generation, 0)
    later = date(2026, 5, 2)
    delivery.put("generic", "leads", "leads.csv", HEADER + lead("three"), night=later)
    delivery.land("generic", night=later, fence=4)

    landed = report.read(owner, since=generation).landed
    assert [row[:6] for row in landed.sources] == [("generic", 1, 1, 0, 0, 0)]
    assert not landed.quarantined
    assert [row[1] for row in report.read(owner).landed.sources] == [3]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("delete from ops.generations; update ops.night_lock set fence = 0")


def test_days_that_a_source_had_purged_are_kept_and_told(delivery: Delivery, owner: str) -> None:
    content = HEADER + lead("one")
    digest = hashlib.sha256(content).hexdigest()
    hole = {"what": "changes", "first_day": "2026-04-02", "last_day": "2026-04-07"}
    manifest = {
        "files": [{"name": "leads.csv", "rows": 1, "sha256": digest}],
        "gone": [hole | {"kept_days": 14, "is_whole": True}],
    }
    delivery.put("generic", "leads", "leads.csv", content)
    delivery.put("generic", "leads", "manifest.json", json.dumps(manifest).encode())
    delivery.land("generic")
    delivery.land("generic")
    assert delivery.query("select * from ops.purged_days") == [
        {
            "source": "generic",
            "object": "leads",
            "night": NIGHT,
            "what": "changes",
            "first_day": date(2026, 4, 2),
            "last_day": date(2026, 4, 7),
            "kept_days": 14,
            "is_whole": True,
        }
    ]
    text = "\n".join(report.summary(owner))
    assert "generic leads: changes of 2026-04-02 to 2026-04-07 (kept for 14 days)" in text


def test_a_file_that_was_put_right_is_refused_no_longer(delivery: Delivery, owner: str) -> None:
    delivery.put("generic", "leads", "leads.csv", b"\xff\xfe")
    delivery.land("generic")
    assert len(report.read(owner).landed.refused) == 1
    delivery.put("generic", "leads", "leads.csv", HEADER + lead("one"))
    delivery.land("generic")
    assert not report.read(owner).landed.refused
