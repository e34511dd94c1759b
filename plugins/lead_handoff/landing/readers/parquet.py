"""Parquet: columns cast to text in ISO form, written as CSV, a piece at a time.

This is the work of the child process (parquet_child): what a file unpacks to is known only once it
is read. A line number is the row's number in the file, from 1.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from lead_handoff.catalogue import Column, ObjectSpec, fold
from lead_handoff.landing.errors import LandingError
from lead_handoff.landing.limits import Limits
from lead_handoff.value_rules import KINDS

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_ROWS = 4096


@dataclass(frozen=True)
class Piece:
    """Some rows as CSV without a header; ``first_row`` is the position of the first, from 0."""

    first_row: int
    rows: int
    csv: bytes


class ParquetText:
    """The rows of one Parquet file as pieces of CSV.

    Raises LandingError: parquet_empty, parquet_no_footer, parquet_damaged, parquet_too_large,
    too_many_columns, and wrong_type where a column's type cannot become the due one without loss.
    MemoryError where the footer does not fit.
    """

    def __init__(self, content: IO[bytes], spec: ObjectSpec, limits: Limits) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._limits = limits
        self._size = content.seek(0, io.SEEK_END)
        self._written = 0
        if not self._size:
            raise LandingError("parquet_empty", "the file has no bytes; deliver it again")
        content.seek(-min(self._size, 4), io.SEEK_END)
        if content.read() != b"PAR1":
            raise LandingError(
                "parquet_no_footer", "the file lacks its footer: cut short, or no Parquet file"
            )
        content.seek(0)
        try:
            self._file = pq.ParquetFile(content, pre_buffer=False, page_checksum_verification=True)
            schema = self._file.schema_arrow
        except MemoryError:
            raise
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _damaged() from error
        if len(schema) > limits.columns:
            raise LandingError(
                "too_many_columns",
                f"{len(schema):,} columns, more than the {limits.columns:,} allowed",
            )
        self.names: tuple[str, ...] = tuple(schema.names)
        self._columns = [spec.by_folded_name.get(fold(name)) for name in self.names]
        self.remarks: list[tuple[str, str]] = []
        for name, column, kind in zip(self.names, self._columns, schema.types, strict=True):
            usual = _is_usual(column, kind, name)
            if not usual:
                due = column.kind if column else "text"
                self.remarks.append(("parquet_type", f"{name}: {kind} where {due} is due"))

    def pieces(self) -> Iterator[Piece]:
        """All rows, in order.

        What the footer says of the sizes may be far too little, where long texts stand in a
        dictionary: what does not fit into memory is tried again by fewer rows at once.
        """
        import pyarrow as pa

        rows = self._batch_rows()
        done = 0
        while True:
            try:
                for piece in self._pieces_from(done, rows):
                    yield piece
                    done += piece.rows
                break
            except MemoryError:
                if rows == 1:
                    raise
                rows = max(rows // 16, 1)
            except (pa.ArrowException, OSError) as error:
                raise _damaged() from error
        if done != self._file.metadata.num_rows:
            raise _damaged()

    def _pieces_from(self, first: int, rows: int) -> Iterator[Piece]:
        row = 0
        for batch in self._file.iter_batches(batch_size=rows, use_threads=False):
            seen, row = row, row + batch.num_rows
            if row > first:
                batch = batch.slice(max(first - seen, 0))
                yield from self._cut(batch, max(first, seen))

    def _batch_rows(self) -> int:
        """As many rows as should fit a chunk, judged by the footer."""
        metadata = self._file.metadata
        size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        per_row = max(size // max(metadata.num_rows, 1), 1)
        fitting = max(self._limits.chunk_bytes // per_row, 16)
        return int(max(min(fitting, _MOST_ROWS, metadata.num_rows), 1))

    def _cut(self, batch: pa.RecordBatch, first_row: int) -> Iterator[Piece]:
        """A batch in pieces of a chunk's size: a dictionary holds what many rows repeat."""
        if batch.num_rows > 1 and _text_bytes(batch) > 2 * self._limits.chunk_bytes:
            half = batch.num_rows // 2
            yield from self._cut(batch.slice(0, half), first_row)
            yield from self._cut(batch.slice(half), first_row + half)
        elif batch.num_rows:
            yield self._piece(batch, first_row)

    def _piece(self, batch: pa.RecordBatch, first_row: int) -> Piece:
        import pyarrow as pa
        from pyarrow import csv

        texts = [
            _as_text(array, column, name)
            for array, column, name in zip(batch.columns, self._columns, self.names, strict=True)
        ]
        texts = pa.RecordBatch.from_arrays(texts, names=[str(i) for i in range(len(texts))])
        self._written += _text_bytes(texts) + texts.num_rows
        self._refuse_bomb()
        sink = io.BytesIO()
        # Every text is written in quotes, an empty one too: no row looks like a blank line.
        csv.write_csv(texts, sink, csv.WriteOptions(include_header=False, quoting_style="needed"))
        return Piece(first_row, batch.num_rows, sink.getvalue())

    def _refuse_bomb(self) -> None:
        limits = self._limits
        if self._written > limits.unpacked_bytes or (
            self._written > limits.unpacked_ratio_from
            and self._written > limits.parquet_ratio * self._size
        ):
            raise LandingError(
                "parquet_too_large",
                f"the file's {self._size:,} bytes hold over {self._written:,} bytes of text, beyond"
                " the limit of size or ratio; deliver it in several files, or as .csv.gz",
            )


def _text_bytes(batch: pa.RecordBatch) -> int:
    """About as many bytes as the batch's texts take, one by one."""
    import pyarrow.compute as pc
    import pyarrow.types as t

    total = 0
    for array in batch.columns:
        if t.is_dictionary(array.type) and _is_bytes(array.type.value_type):
            lengths = pc.binary_length(array.dictionary).take(array.indices)
            total += pc.sum(lengths).as_py() or 0
        elif _is_bytes(array.type) or t.is_binary(array.type) or t.is_large_binary(array.type):
            total += pc.sum(pc.binary_length(array)).as_py() or 0
        else:
            total += array.nbytes
    return int(total)


def _damaged() -> LandingError:
    return LandingError("parquet_damaged", "the file cannot be read; deliver it again")


def _lossy(name: str, kind: Any, due: str) -> LandingError:
    return LandingError("wrong_type", f"{name} is {kind}, which cannot become {due} without loss")


def _is_usual(column: Column | None, kind: pa.DataType, name: str) -> bool:
    """Whether the type is one that needs no remark; LandingError(wrong_type) if it is no use."""
    import pyarrow.types as t

    if t.is_dictionary(kind):
        kind = kind.value_type
    if t.is_null(kind):
        return True
    usual: bool
    usable: bool
    is_text = t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind)
    is_binary = t.is_binary(kind) or t.is_large_binary(kind) or t.is_fixed_size_binary(kind)
    is_nested = t.is_nested(kind)
    whole = t.is_integer(kind) or (t.is_decimal(kind) and kind.scale == 0)
    numeric = whole or t.is_floating(kind) or t.is_decimal(kind)
    due = column.kind if column else "text"
    if KINDS[due].is_document:
        usual, usable = is_text or is_nested, is_binary
    elif is_nested:
        usual, usable = False, column is None
    elif due in ("text", "ids"):
        usual, usable = is_text, True
    elif due == "id":
        # pandas makes floats of whole numbers with blanks; what they became is judged row by row.
        usual, usable = is_text or t.is_integer(kind), is_binary or whole or t.is_floating(kind)
    elif due == "timestamp":
        usual, usable = t.is_timestamp(kind), is_text or is_binary or t.is_date(kind)
    elif due == "date":
        usual, usable = t.is_date(kind), is_text or is_binary or t.is_timestamp(kind)
    elif due == "boolean":
        usual, usable = t.is_boolean(kind), is_text or is_binary or t.is_integer(kind)
    else:
        usual, usable = (whole if due == "integer" else numeric), is_text or is_binary or numeric
    if not (usual or usable):
        raise _lossy(name, kind, due)
    return usual


def _as_text(array: pa.Array, column: Column | None, name: str) -> pa.Array:
    """A column as text, '' for null. Raises LandingError(wrong_type) where the cast loses."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    kind = array.type
    due = column.kind if column else "text"
    if t.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    try:
        if t.is_nested(kind):
            texts = pa.array([_json(value) for value in array.to_pylist()], pa.string())
        elif t.is_floating(kind):
            texts = _floats(array, due, name)
        elif t.is_decimal(kind) and due in ("integer", "id"):
            texts = array.cast(pa.int64()).cast(pa.string())
        elif t.is_date64(kind):
            texts = array.cast(pa.date32()).cast(pa.string())
        elif t.is_fixed_size_binary(kind) or t.is_binary_view(kind):
            texts = array.cast(pa.binary()).cast(pa.string())
        elif t.is_timestamp(kind) and due == "date":
            texts = array.cast(pa.date32()).cast(pa.string())
        elif t.is_boolean(kind):
            texts = pc.if_else(array, "true", "false")
        else:
            texts = array.cast(pa.string(), safe=False) if _is_bytes(kind) else _cast(array)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        raise _lossy(name, kind, due) from error
    return texts.fill_null("")


def _is_bytes(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind))


def _cast(array: pa.Array) -> pa.Array:
    import pyarrow as pa

    return array.cast(pa.string())


def _floats(array: pa.Array, due: str, name: str) -> pa.Array:
    """Floats as the shortest text that gives the same number; whole ones where integers are due."""
    import pyarrow as pa

    if due == "integer":
        return array.cast(pa.int64(), safe=True).cast(pa.string())
    # Where an id is due, pandas' mark for "no value" is no value.
    none = (None, "nan") if due == "id" else (None,)
    texts = [None if value is None else repr(value) for value in array.to_pylist()]
    return pa.array([None if text in none else text for text in texts], pa.string())


def _json(value: Any) -> str | None:
    import json

    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
