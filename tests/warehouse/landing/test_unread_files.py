"""Whatever lies among the extracts and is not read is told by its name, once."""

from __future__ import annotations

import gzip

import pytest

from lead_handoff.landing import note_strangers
from tests.warehouse.landing.conftest import NIGHT, Delivery

CSV = (
    b"lead_id,created_at,status,updated_at\n"
    b"one,2026-04-01T08:00:00Z,mql,2026-04-02T08:00:00Z\n"
    b"two,2026-04-03T08:00:00Z,sal,2026-04-04T08:00:00Z\n"
)
LINES = (
    b'{"lead_id":"one","created_at":"2026-04-01T08:00:00Z","status":"mql",'
    b'"updated_at":"2026-04-02T08:00:00Z"}\n'
    b'{"lead_id":"two","created_at":"2026-04-03T08:00:00Z","status":"sal",'
    b'"updated_at":"2026-04-04T08:00:00Z"}\n'
)


def unread(delivery: Delivery) -> dict[str, str]:
    """File -> what is said of it, from the record of loads."""
    rows = delivery.query(
        "select file_name, detail from ops.load_report inner join ops.loads using (load_id)"
        " where kind = 'ignored_file'"
    )
    return {row["file_name"]: row["detail"] for row in rows}


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("leads.json", "name it .jsonl"),
        ("leads.xlsx", "have the source export CSV"),
        ("leads.csv.zip", "unpack it"),
        ("leads.csv ", "has a blank before or behind its name; rename it"),
        ("leads.parquet.gz", "deliver .csv"),
        ("leads", "deliver .csv"),
        ("_SUCCESS", "deliver .csv"),
    ],
)
def test_a_folder_of_files_that_no_reader_knows_is_told_by_name_and_once(
    delivery: Delivery, name: str, advice: str
) -> None:
    delivery.put("generic", "leads", name, CSV)

    (load,) = delivery.land("generic")

    assert (load.status, load.object, load.night) == ("ignored", "leads", NIGHT)
    assert name in str(load.error_message)
    assert advice in str(load.error_message)
    assert list(unread(delivery)) == [name]
    assert advice in unread(delivery)[name]
    assert any(name in line for line in delivery.lines)
    assert delivery.query("select status, rows_read, run_number from ops.loads") == [
        {"status": "ignored", "rows_read": 0, "run_number": 0}
    ]
    assert delivery.land("generic") == [], "told again, though nothing has changed"


def test_a_file_that_is_not_read_is_told_beside_those_that_are(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "leads.csv", CSV)
    delivery.put("generic", "leads", "notes.docx", b"x")
    delivery.put("generic", "leads", ".leads.csv.tmp", b"x")
    delivery.put("generic", "leads", "more.csv", CSV, night=f"{NIGHT}/deeper")

    (load,) = delivery.land("generic")

    assert (load.status, load.rows_new) == ("loaded", 2)
    assert set(unread(delivery)) == {"notes.docx", ".leads.csv.tmp", "deeper"}
    assert "notes.docx" in delivery.lines[-1]


def test_a_file_that_comes_into_a_landed_folder_is_told_too(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "leads.csv", CSV)
    delivery.land("generic")
    delivery.put("generic", "leads", "leads.xlsx", b"x")

    (load,) = delivery.land("generic")

    assert load.status == "ignored"
    assert set(unread(delivery)) == {"leads.xlsx"}


def test_files_that_lie_in_no_nights_folder_are_told(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "leads.csv", CSV)
    (delivery.root / "generic" / "leads" / "all.csv").write_bytes(CSV)
    (delivery.root / "generic" / "export.csv").write_bytes(CSV)
    delivery.put("generic", "prospects", "leads.csv", CSV)
    (delivery.root / "generic" / "leads" / ".pull").mkdir()

    loads = delivery.land("generic")

    assert [load.status for load in loads].count("ignored") == 2
    assert set(unread(delivery)) == {"all.csv", "export.csv", "prospects"}
    assert "known are leads" in unread(delivery)["prospects"]
    assert "<YYYY-MM-DD>" in unread(delivery)["all.csv"]
    assert delivery.land("generic") == []


def test_folders_of_no_known_source_are_told(delivery: Delivery) -> None:
    delivery.put("pardot", "prospects", "p.csv", CSV)
    (delivery.root / "leads.csv").write_bytes(CSV)
    delivery.put("generic", "leads", "leads.csv", CSV)

    def note() -> object:
        return note_strangers(
            NIGHT,
            extracts_root=str(delivery.root),
            warehouse_url=delivery.url,
            fence=0,
            progress=delivery.lines.append,
        )

    assert note() is not None
    assert set(unread(delivery)) == {"pardot", "leads.csv"}
    assert note() is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("leads.tsv", CSV.replace(b",", b"\t")),
        ("leads.TSV", CSV.replace(b",", b"\t")),
        ("leads.tsv.gz", gzip.compress(CSV.replace(b",", b"\t"))),
        ("leads.ndjson", LINES),
        ("leads.ndjson.gz", gzip.compress(LINES)),
    ],
    ids=["leads.tsv", "leads.TSV", "leads.tsv.gz", "leads.ndjson", "leads.ndjson.gz"],
)
def test_other_names_of_the_same_formats_are_read_alike(
    delivery: Delivery, name: str, content: bytes
) -> None:
    delivery.put("generic", "leads", name, content)

    (load,) = delivery.land("generic")

    assert (load.status, load.rows_new) == ("loaded", 2)
    assert [each["status"] for each in delivery.values("raw_generic.leads")] == ["mql", "sal"]
    assert delivery.report() == {}


def test_a_tsv_that_is_separated_otherwise_is_read_and_told(delivery: Delivery) -> None:
    delivery.put("generic", "leads", "leads.tsv", CSV)

    (load,) = delivery.land("generic")

    assert load.rows_new == 2
    assert delivery.report() == {"delimiter": "fields are separated by comma"}
