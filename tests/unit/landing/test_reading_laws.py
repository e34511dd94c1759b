"""The vectorised way of reading a file and the exact one give the same result."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_handoff.catalogue import CATALOGUE, ObjectSpec
from tests.odd_values import BOOLEANS, BY_KIND, IDS, MOMENTS, NUMBERS
from tests.odd_values import GOOD as GOOD_BY_KIND
from tests.unit.landing.conftest import Reading

HEADER = ["lead_id", "created_at", "status", "updated_at", "score", "is_deleted", "email"]

moments, scores = st.sampled_from(MOMENTS), st.sampled_from(NUMBERS)
booleans, ids = st.sampled_from(BOOLEANS), st.sampled_from(IDS)
texts = st.one_of(
    st.text(alphabet=st.sampled_from('ab",;\t\n\r\\.éü\u202e\u0085\x07\x1f\x7f')),
    st.sampled_from(["", "null", "\\.", "a\r\nb", '"', '""']),
)
statuses = st.sampled_from(["mql", "", "ré"])
odd_rows = st.tuples(ids, moments, statuses, moments, scores, booleans, texts)
GOOD = ("a", "2026-04-01T08:00:00Z", "mql", "2026-04-01T08:00:00Z", "1.5", "true", "x")


def one_odd_field(position: int, row: tuple[str, ...]) -> tuple[str, ...]:
    """A good row but for one field: where most rows are odd all over, little is told apart."""
    return (*GOOD[:position], row[position], *GOOD[position + 1 :])


rows = st.one_of(
    st.builds(one_odd_field, st.integers(0, len(HEADER) - 1), odd_rows),
    odd_rows,
)
insertions = st.one_of(
    st.sampled_from([b"\xff", b"\xc3", b"\xe2\x80", b'"', b"\r", b"\n", b"\0", b",", b"\x1f"]),
    st.binary(max_size=3),
)
damage = st.lists(st.tuples(st.floats(0, 1), insertions, st.integers(0, 3)), min_size=1, max_size=3)


def same(one: Reading, other: Reading) -> None:
    assert one.error == other.error
    if one.error is None:
        assert one.landed == other.landed
        assert sorted(one.refused) == sorted(other.refused)
        assert one.rows == other.rows
        assert one.report == other.report
        assert one.rows == one.landed.total() + len(one.refused)


def written(table: list[tuple[str, ...]], line_end: str, quoting: Any, delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=line_end, quoting=quoting, delimiter=delimiter)
    writer.writerow(HEADER)
    writer.writerows(table)
    return text.getvalue().encode()


def damaged(content: bytes, places: list[tuple[float, bytes, int]]) -> bytes:
    for where, insertion, removed in places:
        at = int(where * len(content))
        content = content[:at] + insertion + content[at + removed :]
    return content


@settings(max_examples=300, deadline=None)
@given(
    table=st.lists(rows, max_size=12),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    delimiter=st.sampled_from(",;\t"),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    source=st.just("generic"),
    chunk=st.integers(1, 300),
)
def test_well_formed_csv_reads_the_same_fast_and_exact(
    desk: Any, table: list[tuple[str, ...]], line_end: str, quoting: Any, delimiter: str,
    zone: str, source: str, chunk: int,
) -> None:  # fmt: skip
    content = written(table, line_end, quoting, delimiter)
    more = {"zone": zone, "bad_row_floor": 1_000}
    fast = desk.read(content, chunk_bytes=chunk, **more)
    same(fast, desk.read(content, exact_only=True, **more))
    counted = [each for each in fast.refused if each[2] != "unlikely_date"]
    is_wholly_bad = 1 < len(table) == len(counted)
    assert fast.error == ("too_many_bad_rows" if is_wholly_bad else None)
    assert fast.rows == sum(1 for _ in table)


OBJECTS = [spec for objects in CATALOGUE.values() for spec in objects.values()]


@st.composite
def rows_of_an_object(draw: st.DrawFn) -> tuple[ObjectSpec, list[dict[str, str]]]:
    """Good rows of some object, all but the first of them odd in one or two columns."""
    spec = draw(st.sampled_from(OBJECTS))
    good = {column.name: GOOD_BY_KIND[column.kind] for column in spec.columns}
    table = [good | {spec.key: "good"}]
    for number in range(draw(st.integers(1, 6))):
        row = {column.name: GOOD_BY_KIND[column.kind] for column in spec.columns}
        row[spec.key] = str(number)
        for column in draw(st.lists(st.sampled_from(spec.columns), max_size=2)):
            row[column.name] = draw(st.sampled_from(BY_KIND[column.kind]))
        table.append(row)
    return spec, table


@settings(max_examples=300, deadline=None)
@given(
    drawn=rows_of_an_object(),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_every_column_of_every_object_reads_the_same_fast_exact_and_as_json(
    desk: Any, drawn: tuple[ObjectSpec, list[dict[str, str]]], zone: str, quoting: Any
) -> None:
    spec, table = drawn
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n", quoting=quoting)
    writer.writeheader()
    writer.writerows(table)
    more: dict[str, Any] = {"zone": zone, "of": spec, "bad_row_floor": 1_000}
    fast = desk.read(text.getvalue().encode(), **more)
    assert fast.error is None
    same(fast, desk.read(text.getvalue().encode(), exact_only=True, **more))
    lines = "\n".join(json.dumps(row) for row in table)
    as_json = desk.read(lines.encode(), "a.jsonl", **more)
    assert as_json.landed == fast.landed
    assert [each[2:] for each in as_json.refused] == [each[2:] for each in fast.refused]


@settings(max_examples=300, deadline=None)
@given(table=st.lists(rows, min_size=1, max_size=8), places=damage, chunk=st.integers(1, 200))
def test_damaged_csv_reads_the_same_fast_and_exact(
    desk: Any, table: list[tuple[str, ...]], places: Any, chunk: int
) -> None:
    content = damaged(written(table, "\n", csv.QUOTE_MINIMAL, ","), places)
    more = {"bad_row_floor": 1_000}
    fast = desk.read(content, chunk_bytes=chunk, **more)
    same(fast, desk.read(content, exact_only=True, **more))


@settings(max_examples=300, deadline=None)
@given(lines=st.lists(st.text(alphabet='a,"\n\r;é', max_size=20), max_size=12),
       chunk=st.integers(1, 60))  # fmt: skip
def test_any_quoting_reads_the_same_whatever_the_chunks(
    desk: Any, lines: list[str], chunk: int
) -> None:
    content = ("lead_id,created_at,status,updated_at\n" + "\n".join(lines)).encode()
    one = desk.read(content, chunk_bytes=chunk, bad_row_floor=1_000)
    other = desk.read(content, exact_only=True, bad_row_floor=1_000)
    same(one, other)


@settings(max_examples=200, deadline=None)
@given(
    content=st.binary(max_size=400),
    name=st.sampled_from(["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.parquet"]),
    pack=st.booleans(),
)
def test_no_bytes_end_in_anything_but_a_named_outcome(
    desk: Any, content: bytes, name: str, pack: bool
) -> None:
    reading = desk.read(gzip.compress(content) if pack else content, name)
    assert reading.error or reading.rows == reading.landed.total() + len(reading.refused)


def _valid_files() -> dict[str, bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = [GOOD, (*GOOD[:-1], 'x, "y"'), ("b", *GOOD[1:-1], "é\n")] * 5
    plain = written(table, "\n", csv.QUOTE_MINIMAL, ",")
    lines = [json.dumps(dict(zip(HEADER, row, strict=True))) for row in table]
    as_json = "\n".join(lines).encode()
    sink = io.BytesIO()
    columns = {name: [row[i] for row in table] for i, name in enumerate(HEADER)}
    pq.write_table(pa.table(columns), sink)
    return {
        "a.csv": plain,
        "a.csv.gz": gzip.compress(plain),
        "a.jsonl": as_json,
        "a.jsonl.gz": gzip.compress(as_json),
        "a.parquet": sink.getvalue(),
    }


VALID = _valid_files()


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(VALID)),
    places=st.lists(
        st.tuples(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 4)), min_size=1, max_size=4
    ),
)
def test_a_damaged_file_of_any_format_ends_in_a_named_outcome(
    desk: Any, name: str, places: list[tuple[float, bytes, int]]
) -> None:
    reading = desk.read(damaged(VALID[name], places), name)
    assert reading.error or reading.rows == reading.landed.total() + len(reading.refused)


@settings(max_examples=200, deadline=None)
@given(table=st.lists(rows, max_size=8))
def test_json_lines_and_csv_of_the_same_rows_land_the_same(
    desk: Any, table: list[tuple[str, ...]]
) -> None:
    lines = [json.dumps(dict(zip(HEADER, row, strict=True))) for row in table]
    as_json = desk.read("\n".join(lines).encode(), "a.jsonl", bad_row_floor=1_000)
    as_csv = desk.read(written(table, "\n", csv.QUOTE_ALL, ","), bad_row_floor=1_000)
    if table:
        assert as_json.landed == as_csv.landed
        assert [each[2] for each in as_json.refused] == [each[2] for each in as_csv.refused]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("moment", ["2026-04-01T08:00:00.000Z", "2026-04-01 08:00:00"])
def test_clean_rows_take_the_fast_way(desk: Any, line_end: str, quoting: Any, moment: str) -> None:
    """Else the laws above would compare the exact way with itself."""
    row = (*GOOD[:3], moment, *GOOD[4:-1], 'x, "y"')
    content = written([row] * 100, line_end, quoting, ",")
    assert desk.read(content, zone="Europe/Berlin").clean_rows == 100


@pytest.mark.parametrize("ending", ["Z", "+02:00", "-0530", ".000+0000", ".123456-05"])
def test_usual_rows_of_a_history_take_the_fast_way(desk: Any, ending: str) -> None:
    spec = CATALOGUE["salesforce"]["LeadHistory"]
    head = "Id,LeadId,CreatedById,CreatedDate,Field,OldValue,NewValue\n"
    row = f"017Hs0000003m8T,00QHs0000003m8AMAQ,005Hs000000Ha2HIAS,2026-04-05T08:00:00{ending},"
    content = head + 50 * f"{row}Status,Open,Accepted\n{row}Owner,,005Hs000000Ha2HIAS\n"
    assert desk.read(content.encode(), of=spec).clean_rows == 100


@pytest.mark.parametrize(
    ("moment", "is_reported"),
    [("2026-05-01T23:59:59.999999Z", False), ("2026-05-02T00:00:00.000Z", False),
     ("2026-05-02T00:00:00.001Z", True), ("2026-05-02T00:00:01Z", True),
     ("2026-05-01T23:00:00-02:00", True), ("2026-05-02T01:00:00+02:00", False)],
)  # fmt: skip
def test_the_future_begins_a_day_after_the_folders_midnight(
    desk: Any, moment: str, is_reported: bool
) -> None:
    content = written([(*GOOD[:3], moment, *GOOD[4:])], "\n", csv.QUOTE_MINIMAL, ",")
    kinds = {kind for kind, _, _ in desk.read(content).report}
    assert ("future_timestamp" in kinds) == is_reported


@pytest.mark.parametrize("quoted", [False, True])
def test_a_record_beyond_all_limits_is_passed_over_in_bounded_memory(
    desk: Any, quoted: bool
) -> None:
    good = b"a,2026-04-01T08:00:00Z,mql,2026-04-01T08:00:00Z\n"
    giant = b'"' + b'x""\n' * 2_000 + b'",b\n' if quoted else b"x" * 8_000 + b"\n"
    content = b"lead_id,created_at,status,updated_at\n" + good + giant + good
    reading = desk.read(content, chunk_bytes=500, row_bytes=2_000, quarantined_text=100)
    assert reading.landed.total() == 2
    ((line, raw, reason, _),) = reading.refused
    assert (line, reason) == (3, "field_too_large")
    assert len(raw) < 200


def test_a_giant_record_that_never_closes_is_an_unclosed_quote(desk: Any) -> None:
    content = b'lead_id,created_at,status,updated_at\n"' + b"x,\n" * 5_000
    reading = desk.read(content, chunk_bytes=500, row_bytes=2_000, bad_row_floor=5)
    assert [(r[0], r[2]) for r in reading.refused] == [(2, "unclosed_quote")]
