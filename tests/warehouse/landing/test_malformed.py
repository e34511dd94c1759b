"""Every kind of malformed input has the outcome that was promised for it, and only that.

A: accepted without a word. R: accepted and reported. Q: the row is quarantined with file, line,
raw text and reason, and the rest of the file lands. F: the file is refused by name, nothing of it
lands and what was there stays.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lead_handoff.landing.limits import Limits
from tests.warehouse.landing.conftest import NIGHT, Delivery

HEADER = b"lead_id,created_at,status,updated_at,email,score,is_deleted\n"
GOOD = b"good-1,2026-04-01T08:00:00Z,mql,2026-04-02T08:00:00Z,a@example.com,70,false\n"
ALSO_GOOD = b"good-2,2026-04-03T08:00:00Z,sal,2026-04-04T08:00:00Z,b@example.com,50.5,true\n"
BEFORE = b"before,2026-03-01T08:00:00Z,mql,2026-03-02T08:00:00Z,c@example.com,10,false\n"


def row(
    lead_id: bytes = b"odd",
    created_at: bytes = b"2026-04-05T08:00:00Z",
    status: bytes = b"mql",
    updated_at: bytes = b"2026-04-06T08:00:00Z",
    email: bytes = b"odd@example.com",
    score: bytes = b"60",
    is_deleted: bytes = b"false",
) -> bytes:
    return b",".join([lead_id, created_at, status, updated_at, email, score, is_deleted])


def csv(*rows: bytes, header: bytes = HEADER) -> bytes:
    """A file with a good row before and after the odd ones."""
    return header + GOOD + b"".join(each + b"\n" for each in rows) + ALSO_GOOD


def record(**changes: Any) -> dict[str, Any]:
    return {
        "lead_id": "odd",
        "created_at": "2026-04-05T08:00:00Z",
        "status": "mql",
        "updated_at": "2026-04-06T08:00:00Z",
        "score": 60,
    } | changes


def jsonl(*lines: bytes) -> bytes:
    first = json.dumps(record(lead_id="good-1")).encode()
    last = json.dumps(record(lead_id="good-2")).encode()
    return b"\n".join([first, *lines, last]) + b"\n"


def odd(text: str) -> bytes:
    """A JSON line whose score is the given text."""
    return json.dumps(record(score="@")).replace('"@"', text).encode()


def parquet(drop: str | None = None, **columns: pa.Array) -> bytes:
    base = {
        "lead_id": pa.array(["good-1", "good-2"]),
        "created_at": pa.array([datetime(2026, 4, 1, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC")),
        "status": pa.array(["mql", "sal"]),
        "updated_at": pa.array([datetime(2026, 4, 2, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC")),
    } | columns
    sink = io.BytesIO()
    pq.write_table(pa.table({k: v for k, v in base.items() if k != drop}), sink)
    return sink.getvalue()


def marketo(*rows: bytes) -> bytes:
    head = b"id,email,leadStatus,leadScore,createdAt,updatedAt\n"
    good = b"good-1,x@example.com,MQL,7,2026-04-01T08:00:00Z,2026-04-02T08:00:00Z\n"
    return head + good + b"".join(each + b"\n" for each in rows)


@dataclass(frozen=True)
class Case:
    """One malformed input and what must become of it.

    ``lands``: keys in the raw table afterwards, besides the row of the night before. ``lines``:
    where the quarantined rows stand. ``reported``: kinds in the load report.
    """

    name: str
    content: bytes
    outcome: str
    reason: str = ""
    file: str = "leads.csv"
    source: str = "generic"
    lands: tuple[str, ...] = ("good-1", "good-2")
    lines: tuple[int, ...] = (3,)
    zone: str = "UTC"
    manifest: dict[str, Any] | None = None
    landed: dict[str, Any] | None = None  # values of the row "odd"


ALL = ("good-1", "good-2", "odd")
JSONL = "leads.jsonl"
WIDE = b"lead_id," + b",".join(b"c%d" % i for i in range(2_000)) + b"\n"
FORMULA = b"=1+1"


def accepted(name: str, content: bytes, **more: Any) -> Case:
    return Case(name, content, "A", **({"lands": ALL} | more))


def reported(name: str, content: bytes, kind: str, **more: Any) -> Case:
    return Case(name, content, "R", kind, **({"lands": ALL} | more))


def quarantined(name: str, content: bytes, reason: str, **more: Any) -> Case:
    return Case(name, content, "Q", reason, **more)


def refused(name: str, content: bytes, error: str, **more: Any) -> Case:
    return Case(name, content, "F", error, **more)


def bad(name: str, reason: str, **changes: bytes) -> Case:
    return quarantined(name, csv(row(**changes)), reason)


BYTES = [
    accepted("UTF-8 BOM at the start", b"\xef\xbb\xbf" + csv(row())),
    refused("UTF-16 with BOM", csv(row()).decode().encode("utf-16"), "not_utf8"),
    bad("Latin-1 in a row", "bad_encoding", email="jürgen".encode("latin-1")),
    bad("Windows-1252 in a row", "bad_encoding", email="“odd”".encode("cp1252")),
    quarantined(
        "mixed encodings in rows",
        csv(row(email="jürgen".encode()), row(b"bad", email="jürgen".encode("latin-1"))),
        "bad_encoding",
        lands=ALL,
        lines=(4,),
    ),
    refused(
        "Latin-1 in the header",
        csv(row() + b",x", header=HEADER[:-1] + ",größe\n".encode("latin-1")),
        "bad_encoding",
    ),
    bad("lone surrogate", "bad_encoding", email=b"\xed\xa0\x80"),
    bad("overlong UTF-8", "bad_encoding", email=b"\xc0\xaf"),
    quarantined(
        "multibyte character cut at the end",
        HEADER + GOOD + ALSO_GOOD + row(is_deleted=b"fals\xc3"),
        "bad_encoding",
        lines=(4,),
    ),
    bad("NUL in a field", "nul_byte", email=b"a\0b"),
    refused("NUL in the header", csv(row(), header=HEADER[:-1] + b"\0\n"), "nul_byte"),
    reported("another control character", csv(row(email=b"a\x07b")), "control_character",
             landed={"email": "a\x07b"}),
    reported("bidi override", csv(row(email="a\u202eb".encode())), "bidi_override",
             landed={"email": "a\u202eb"}),
]  # fmt: skip

CSV = [
    refused("zero bytes", b"", "empty_file"),
    accepted("zero bytes where the manifest says 0 rows", b"", lands=(), manifest={"rows": 0}),
    reported("header only", HEADER, "no_rows", lands=()),
    refused("no header", GOOD + ALSO_GOOD, "header_missing"),
    refused("duplicate header", csv(row() + b",x", header=HEADER[:-1] + b",email\n"),
            "duplicate_column"),
    refused("blank name in the header", csv(row() + b",x", header=HEADER[:-1] + b", \n"),
            "blank_column_name"),
    reported("header differing in case or outer spaces",
             csv(row(), header=HEADER.replace(b"email", b" EMail ")), "header_form",
             landed={"email": "odd@example.com"}),
    reported("extra column",
             HEADER[:-1] + b",Favourite Colour\n" + row() + b",blue\n", "extra_column",
             lands=("odd",), landed={"favourite__colour": "blue"}),
    reported("optional column missing",
             b"lead_id,created_at,status,updated_at\nodd,2026-04-05,mql,2026-04-06T08:00:00Z\n",
             "missing_optional_column", lands=("odd",)),
    refused("required column missing",
            b"lead_id,created_at,status\ngood-1,2026-04-01T08:00:00Z,mql\n", "missing_column"),
    quarantined("row too long", csv(row() + b",more"), "too_many_fields"),
    quarantined("row too short", csv(b"odd,2026-04-05T08:00:00Z"), "too_few_fields"),
    quarantined("unclosed quote", csv(row(email=b'"odd')), "unclosed_quote", lands=("good-1",)),
    quarantined("quote inside an unquoted field", csv(row(email=b'o"dd')), "stray_quote"),
    accepted("LF inside quotes", csv(row(email=b'"o\ndd"')), landed={"email": "o\ndd"}),
    accepted("CR LF inside quotes", csv(row(email=b'"o\r\ndd"')), landed={"email": "o\r\ndd"}),
    reported("CR-only line ends", csv(row()).replace(b"\n", b"\r"), "cr_line_ends"),
    reported("semicolon as delimiter", csv(row()).replace(b",", b";"), "delimiter"),
    reported("tab as delimiter", csv(row()).replace(b",", b"\t"), "delimiter"),
    bad("field over 1 MB", "field_too_large", email=b"x" * 1_000_001),
    refused("over 2,000 columns", WIDE + b"odd" + b",1" * 2_000 + b"\n", "too_many_columns"),
]  # fmt: skip

JSON_LINES = [
    refused("an array instead of lines",
            json.dumps([record(lead_id="good-1")]).encode(), "not_json_lines", file=JSONL),
    quarantined("last line cut", jsonl() + json.dumps(record()).encode()[:-9], "invalid_json",
                file=JSONL),
    quarantined("two objects on a line", jsonl(b"{} " + odd("1")), "extra_data", file=JSONL,
                lines=(2,)),
    quarantined("duplicate keys", jsonl(odd('1, "score": 2')), "duplicate_keys", file=JSONL,
                lines=(2,)),
    quarantined("NaN", jsonl(odd("NaN")), "not_a_number", file=JSONL, lines=(2,)),
    quarantined("Infinity", jsonl(odd("-Infinity")), "not_a_number", file=JSONL, lines=(2,)),
    quarantined("1e400", jsonl(odd("1e400")), "number_out_of_range", file=JSONL, lines=(2,)),
    quarantined("nesting 10,000 deep", jsonl(odd("[" * 10_000 + "]" * 10_000)),
                "nested_too_deep", file=JSONL, lines=(2,)),
    quarantined("an escaped NUL", jsonl(odd(r'"\u0000"')), "nul_byte", file=JSONL, lines=(2,)),
    quarantined("integer over 2^63", jsonl(odd("9223372036854775808")), "number_out_of_range",
                file=JSONL, lines=(2,)),
    quarantined("nested where a scalar belongs", jsonl(odd('{"a": 1}')), "wrong_type",
                file=JSONL, lines=(2,)),
]  # fmt: skip

GZ = "leads.csv.gz"
PACKED = gzip.compress(csv(row()))
PARQUET = "leads.parquet"
CONTAINERS = [
    refused("gz cut short", PACKED[:-12], "gzip_truncated", file=GZ),
    refused("gz with trailing junk", PACKED + b"junk", "gzip_trailing_junk", file=GZ),
    refused("gz bomb", gzip.compress(HEADER + GOOD + b" " * 30_000_000), "gzip_bomb", file=GZ),
    refused("plain text named .gz", csv(row()), "not_gzip", file=GZ),
    refused("xlsx named .csv", b"PK\x03\x04" + b"\0" * 100, "zip_file"),
    refused("PDF named .csv", b"%PDF-1.7\n%\xe2\xe3", "pdf_file"),
    refused("HTML named .csv", b"<!DOCTYPE html>\n<html><body>Log in", "html_file"),
    refused("Parquet without footer", parquet()[:-20], "parquet_no_footer", file=PARQUET),
    refused("zero-byte Parquet", b"", "parquet_empty", file=PARQUET),
    reported("Parquet with another type that loses nothing",
             parquet(score=pa.array(["60", "70"])), "parquet_type", file=PARQUET,
             lands=("good-1", "good-2")),
    refused("Parquet with another type that loses",
            parquet(updated_at=pa.array([1775000000000, 1775000000001])), "wrong_type",
            file=PARQUET),
]  # fmt: skip

BERLIN = {"zone": "Europe/Berlin"}
VALUES = [
    bad("0000-00-00", "bad_timestamp", created_at=b"0000-00-00"),
    bad("30 February", "bad_timestamp", created_at=b"2026-02-30T08:00:00Z"),
    bad("24:00", "bad_timestamp", created_at=b"2026-04-05T24:00:00Z"),
    bad("second 60", "bad_timestamp", created_at=b"2026-04-05T08:00:60Z"),
    accepted("no zone, in a source in UTC", csv(row(updated_at=b"2026-04-06 08:00:00")),
             landed={"_stamp": datetime(2026, 4, 6, 8, tzinfo=UTC)}),
    accepted("no zone, in a source elsewhere", csv(row(updated_at=b"2026-04-06 08:00:00")),
             landed={"_stamp": datetime(2026, 4, 6, 6, tzinfo=UTC)}, **BERLIN),
    reported("ambiguous local hour", csv(row(updated_at=b"2025-10-26T02:30:00")),
             "ambiguous_local_time",
             landed={"_stamp": datetime(2025, 10, 26, 0, 30, tzinfo=UTC)}, **BERLIN),
    quarantined("missing local hour", csv(row(updated_at=b"2026-03-29T02:30:00")),
                "bad_timestamp", **BERLIN),
    bad("epoch milliseconds where ISO is due", "bad_timestamp", created_at=b"1775000000000"),
    reported("bare date where an instant is due", csv(row(updated_at=b"2026-04-06")),
             "bare_date", landed={"_stamp": datetime(2026, 4, 5, 22, tzinfo=UTC)}, **BERLIN),
    reported("over a day in the future", csv(row(updated_at=b"2026-05-02T00:00:01Z")),
             "future_timestamp"),
    bad("decimal comma", "wrong_type", score=b'"60,5"'),
    accepted("empty is null", csv(row(email=b"", score=b'""')),
             landed={"email": None, "score": None}),
    accepted("the literal null is null for Marketo",
             marketo(b"odd,null,MQL,null,2026-04-01T08:00:00Z,2026-04-02T08:00:00Z"),
             source="marketo", lands=("good-1", "odd"),
             landed={"email": None, "lead_score": None}),
    accepted("the literal null is text elsewhere", csv(row(email=b"null")),
             landed={"email": "null"}),
    bad("the literal null in a typed column", "wrong_type", score=b"null"),
    accepted("NULL and N/A are text", csv(row(email=b"NULL", status=b"N/A")),
             landed={"email": "NULL", "status": "N/A"}),
    bad("NULL in a typed column", "wrong_type", is_deleted=b"NULL"),
    bad("N/A where an instant is due", "wrong_type", created_at=b"N/A"),
    reported("booleans in other forms", csv(row(is_deleted=b"YES"), row(b"odd2", is_deleted=b"0")),
             "boolean_form", lands=(*ALL, "odd2"), landed={"is_deleted": "YES"}),
    reported("outer spaces of an id", csv(row(b"  odd ")), "outer_spaces",
             landed={"lead_id": "odd"}),
    accepted("ids that differ in case are different ids", csv(row(), row(b"Odd")),
             lands=(*ALL, "Odd")),
    bad("key missing", "missing_key", lead_id=b""),
    bad("no timestamp", "missing_timestamp", updated_at=b""),
]  # fmt: skip

SHA = hashlib.sha256(csv(row())).hexdigest()
DELIVERY = [
    accepted("manifest that is right", csv(row()), manifest={"rows": 3, "sha256": SHA}),
    refused("manifest with wrong hash", csv(row()), "checksum_mismatch",
            manifest={"sha256": "0" * 64}),
    refused("manifest with wrong row count", csv(row()), "row_count_mismatch",
            manifest={"rows": 4}),
    refused("listed but absent", csv(row()), "file_missing", manifest={"also": "other.csv"}),
    refused("present but not listed", csv(row()), "unlisted_file", manifest={"name": None}),
]  # fmt: skip

CASES = BYTES + CSV + JSON_LINES + CONTAINERS + VALUES + DELIVERY


def deliver(delivery: Delivery, case: Case) -> Path:
    path = delivery.put(case.source, "leads", case.file, case.content)
    if case.manifest is not None:
        listed = {"name": case.file} | case.manifest
        also = listed.pop("also", None)
        files = [listed] if listed["name"] else []
        files += [{"name": also}] if also else []
        path.with_name("manifest.json").write_text(json.dumps({"files": files}))
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_malformed_input_has_its_outcome(delivery: Delivery, case: Case) -> None:
    table = f"raw_{case.source}.leads"
    delivery.zone(case.source, case.zone)
    if case.source == "generic":
        delivery.put("generic", "leads", "leads.csv", HEADER + BEFORE, date(2026, 4, 30))
        delivery.land(case.source, date(2026, 4, 30))
    before = delivery.raw(table)
    deliver(delivery, case)

    (load,) = delivery.land(case.source)

    assert load.error_name != "unexpected_error", load.error_message
    keys = {each["_key"] for each in delivery.raw(table)} - {"before"}
    if case.outcome == "F":
        assert (load.status, load.error_name) == ("failed", case.reason), load.error_message
        assert delivery.raw(table) == before
        assert not delivery.quarantine()
        return
    assert load.status == "loaded", load.error_message
    assert keys == set(case.lands)
    stayed = [each for each in delivery.raw(table) if each["_key"] == "before"]
    assert [old.items() <= new.items() for old, new in zip(before, stayed, strict=True)] in (
        [],
        [True],
    )  # an extra column may have been added to it
    quarantine = delivery.quarantine()
    if case.outcome == "Q":
        assert {q["reason"] for q in quarantine} == {case.reason}
        assert tuple(q["line_number"] for q in quarantine) == case.lines
        assert {q["file_name"] for q in quarantine} == {case.file}
        lines = case.content.split(b"\n")
        for each in quarantine:
            start = lines[each["line_number"] - 1].decode("utf-8", "backslashreplace")
            assert each["raw_text"].startswith(start.replace("\0", "\\x00")[:1_000_000])
    else:
        assert not quarantine
    told = delivery.report(() if case.reason == "missing_optional_column" else
                           ("missing_optional_column",))  # fmt: skip
    if case.outcome == "R":
        assert case.reason in told
    else:
        assert not told
    if case.landed:
        (found,) = [each for each in delivery.raw(table) if each["_key"] == "odd"]
        assert {name: found[name] for name in case.landed} == case.landed
    assert load.rows_read == (
        load.rows_new + load.rows_updated + load.rows_unchanged + load.rows_quarantined
    )
    assert load.rows_quarantined == len(quarantine)


def test_the_table_names_every_promised_outcome() -> None:
    assert len(CASES) >= 64
    assert len({case.name for case in CASES}) == len(CASES)


def test_a_file_that_still_grows_is_left_for_the_next_run(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = delivery.put("generic", "leads", "leads.csv", HEADER + GOOD)
    _grow_while_read(monkeypatch, lambda: path.open("ab").write(ALSO_GOOD))
    (load,) = delivery.land("generic")
    assert (load.status, load.rows_read, load.run_number) == ("loaded", 0, 0)
    assert delivery.report() == {"file_still_growing": "left for the next run"}
    assert not delivery.raw("raw_generic.leads")

    monkeypatch.undo()
    (load,) = delivery.land("generic")
    assert (load.rows_new, load.run_number) == (2, 1)


def _grow_while_read(monkeypatch: pytest.MonkeyPatch, grow: Callable[[], object]) -> None:
    from lead_handoff.landing.discovery import FoundFile

    open_file = FoundFile.open

    def open_and_grow(self: FoundFile) -> Any:
        opened = open_file(self)
        grow()
        return opened

    monkeypatch.setattr(FoundFile, "open", open_and_grow)


@pytest.mark.parametrize(
    ("rows", "bad_rows", "status"),
    [(190, 19, "loaded"), (190, 21, "loaded"), (190, 22, "failed"), (20, 19, "loaded"),
     (0, 20, "failed"), (0, 2, "failed"), (1, 19, "loaded"), (0, 1, "loaded")],
)  # fmt: skip
def test_a_file_is_refused_when_a_tenth_and_at_least_twenty_rows_are_bad_or_all_of_several(
    delivery: Delivery, rows: int, bad_rows: int, status: str
) -> None:
    good = [row(b"good-%d" % i) for i in range(rows)]
    broken = [row(b"bad-%d" % i, score=b"many") for i in range(bad_rows)]
    delivery.put("generic", "leads", "leads.csv", HEADER + b"\n".join(good + broken) + b"\n")

    (load,) = delivery.land("generic")

    assert load.status == status
    assert len(delivery.raw("raw_generic.leads")) == (rows if status == "loaded" else 0)
    assert len(delivery.quarantine()) == (bad_rows if status == "loaded" else 0)
    if status == "failed":
        assert load.error_name == "too_many_bad_rows"
        assert "many" not in str(load.error_message).replace("too_many_bad_rows", "")


def test_no_share_lets_a_wholly_bad_file_in(delivery: Delivery) -> None:
    broken = [row(b"bad-%d" % i, score=b"many") for i in range(30)]
    delivery.put("generic", "leads", "leads.csv", HEADER + b"\n".join(broken) + b"\n")

    (load,) = delivery.land("generic", limits=Limits(bad_row_share=1, bad_row_floor=10_000))

    assert load.error_name == "too_many_bad_rows"
    assert "BAD_ROW_SHARE" not in str(load.error_message), "advice that would lose all rows"
    assert str(load.error_message).endswith("correct the export")


def test_the_advice_says_what_becomes_of_each_row_and_is_true(delivery: Delivery) -> None:
    good = [row(b"good-%d" % i) for i in range(37)]
    broken = [row(b"bad-%d" % i, score=b"many") for i in range(22)]
    delivery.put("generic", "leads", "leads.csv", HEADER + b"\n".join(good + broken) + b"\n")

    (refused_load,) = delivery.land("generic")
    said = str(refused_load.error_message)
    share = float(said.partition("BAD_ROW_SHARE=")[2][:4])
    (load,) = delivery.land("generic", limits=Limits(bad_row_share=share))

    assert "the other 37 rows land, and these 22 go to quarantine" in said
    assert (load.status, load.rows_new, load.rows_quarantined) == ("loaded", 37, 22)


def test_no_message_quotes_a_value(delivery: Delivery) -> None:
    """Values are personal data: they stand in the quarantine table and nowhere else."""
    secret = b"canary@example.com"
    delivery.put("generic", "leads", "a.csv", csv(row(email=secret, score=secret)))
    delivery.put("generic", "lead_events", "a.csv", b'event_id,"' + secret)
    loads = delivery.land("generic")
    told = delivery.lines + [str(load) for load in loads]
    told += [str(each) for each in delivery.query("select * from ops.load_report")]
    told += [str(each) for each in delivery.query("select * from ops.loads")]
    assert not [line for line in told if "canary" in line]
    assert "canary" in delivery.quarantine()[0]["raw_text"]


def test_the_manifest_is_checked_for_files_that_have_landed_too(delivery: Delivery) -> None:
    content = csv(row())
    path = delivery.put("generic", "leads", "leads.csv", content)
    manifest = path.with_name("manifest.json")
    sha256 = hashlib.sha256(content).hexdigest()
    entry = {"name": "leads.csv", "rows": 3, "sha256": sha256}
    manifest.write_text(json.dumps({"files": [entry]}))
    assert delivery.land("generic")[0].status == "loaded"
    assert delivery.land("generic") == []
    manifest.write_text(json.dumps({"files": [entry | {"sha256": "f" * 64}]}))
    assert delivery.land("generic")[0].error_name == "checksum_mismatch"


@pytest.mark.parametrize(
    "content",
    [b"[]", b"{}", b'{"files": {}}', b'{"files": [1]}', b'{"files": [{"rows": 1}]}', b"\xff",
     b'{"files": [{"name": "a.csv", "rows": -1}]}', b'{"files": [{"name": "a", "sha256": "x"}]}',
     b'{"files": [{"name": "leads.csv"}, {"name": "leads.csv"}]}', b"{" * 100_000],
)  # fmt: skip
def test_a_manifest_of_another_form_refuses_the_folder(delivery: Delivery, content: bytes) -> None:
    path = delivery.put("generic", "leads", "leads.csv", csv(row()))
    path.with_name("manifest.json").write_bytes(content)
    assert delivery.land("generic")[0].error_name == "bad_manifest"


@pytest.mark.parametrize("name", ["../other.csv", "/etc/passwd", "sub/leads.csv", "..", "a\\b"])
def test_a_manifest_may_list_files_of_its_own_folder_only(delivery: Delivery, name: str) -> None:
    path = delivery.put("generic", "leads", "leads.csv", csv(row()))
    path.with_name("manifest.json").write_text(json.dumps({"files": [{"name": name}]}))
    assert delivery.land("generic")[0].error_name == "unsafe_file_name"


def _link(path: Path) -> None:
    outside = path.parent.parent / "outside.csv"
    outside.write_bytes(csv(row()))
    path.symlink_to(outside)


def _hard_link(path: Path) -> None:
    outside = path.parent.parent / "outside.csv"
    outside.write_bytes(csv(row()))
    os.link(outside, path)


@pytest.mark.parametrize(
    ("make", "error"),
    [(_link, "symlink_refused"), (_hard_link, "hard_link_refused"),
     (os.mkfifo, "not_a_plain_file")],
    ids=["symbolic link", "hard link", "named pipe"],
)  # fmt: skip
def test_only_plain_files_are_read(
    delivery: Delivery, make: Callable[[Path], None], error: str
) -> None:
    path = delivery.put("generic", "leads", "good.csv", csv(row()))
    make(path.with_name("leads.csv"))
    load = delivery.land("generic")[0]
    assert (load.status, load.error_name) == ("failed", error)
    assert "leads.csv" in str(load.error_message)
    assert not delivery.raw("raw_generic.leads")


@pytest.mark.parametrize(
    "names",
    [["caf\u00e9.csv", "cafe\u0301.csv"], ["a\u202evsc.csv"], ["a\nb.csv"], ["a\udcff.csv"]],
    ids=["composed and decomposed twins", "bidi override", "line feed", "not UTF-8"],
)
def test_names_that_deceive_are_refused(delivery: Delivery, names: list[str]) -> None:
    for name in names:
        delivery.put("generic", "leads", name, csv(row()))
    (load,) = delivery.land("generic")
    assert load.error_name == "unsafe_file_name"
    assert str(load.error_message).isprintable()


@pytest.mark.parametrize("level", ["source", "object", "night"])
def test_a_linked_folder_is_refused(delivery: Delivery, level: str, tmp_path: Path) -> None:
    (tmp_path / "leads" / "2026-05-01").mkdir(parents=True)
    (tmp_path / "leads" / "2026-05-01" / "leads.csv").write_bytes(csv(row()))
    source = delivery.root / "generic"
    if level == "source":
        source.symlink_to(tmp_path)
    elif level == "object":
        source.mkdir(parents=True)
        (source / "leads").symlink_to(tmp_path / "leads")
    else:
        (source / "leads").mkdir(parents=True)
        (source / "leads" / "2026-05-01").symlink_to(tmp_path / "leads" / "2026-05-01")
    (load,) = delivery.land("generic", NIGHT)
    assert load.error_name == "symlink_refused"
    assert not delivery.raw("raw_generic.leads")
