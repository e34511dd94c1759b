"""Reading a file without a database: a stage that remembers what it was given."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lead_handoff.catalogue import CATALOGUE, ObjectSpec
from lead_handoff.landing import file_load
from lead_handoff.landing.accounts import FileAccount, Run
from lead_handoff.landing.discovery import FoundFile
from lead_handoff.landing.errors import LandingError
from lead_handoff.landing.limits import Limits
from lead_handoff.landing.readers.parquet_process import ParquetProcess
from lead_handoff.landing.spool import Spooled
from lead_handoff.landing.stage import Refused

NIGHT = date(2026, 5, 1)


@dataclass
class Reading:
    """What became of a file: landed rows (only filled columns), refused ones, and remarks."""

    landed: Counter[frozenset[tuple[str, str]]] = field(default_factory=Counter)
    refused: list[tuple[int, str, str, str]] = field(default_factory=list)
    report: set[tuple[str, str, int | None]] = field(default_factory=set)
    rows: int = 0
    error: str | None = None
    clean_rows: int = 0


class FakeStage:
    """Takes rows as the real stage does; reads COPY's bytes with Python's own CSV parser."""

    def __init__(self, columns: list[str], literal_null: bool) -> None:
        self.columns = columns
        self.reading = Reading()
        self._nulls = {"", "null"} if literal_null else {""}

    def add_columns(self, names: Iterable[str | None]) -> None:
        self.columns += [n for n in names if n is not None and n not in self.columns]

    def copy_clean(
        self, targets: Sequence[str], delimiter: str, is_crlf: bool, pieces: Iterable[bytes]
    ) -> None:
        text = b"".join(pieces).decode("utf-8")
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for row in rows:
            self._land(dict(zip(targets, row, strict=True)))
            self.reading.clean_rows += 1

    def copy_judged(
        self,
        targets: Sequence[str | None],
        names: Sequence[str],
        rows: Iterable[tuple[list[str | None], str | None]],
    ) -> None:
        for values, _ in rows:
            self._land(
                {t or f"_overflow {n}": v for t, n, v in zip(targets, names, values, strict=True)}
            )

    def copy_quarantine(self, rows: Iterable[Refused]) -> None:
        self.reading.refused += [
            (row.line_number, row.raw_text, row.reason, row.detail) for row in rows
        ]

    def _land(self, row: dict[str, str | None]) -> None:
        filled = {(k, v) for k, v in row.items() if v is not None and v not in self._nulls}
        self.reading.landed[frozenset(filled)] += 1


@dataclass
class Desk:
    """Reads files' bytes; ``exact_only`` leaves the vectorised screening out."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    parquet: ParquetProcess = field(default_factory=ParquetProcess)

    def read(
        self,
        content: bytes,
        name: str = "leads.csv",
        source: str = "generic",
        zone: str = "UTC",
        exact_only: bool = False,
        of: ObjectSpec | None = None,
        **limits: Any,
    ) -> Reading:
        spec = of or CATALOGUE[source]["leads"]
        stage = FakeStage([column.landed for column in spec.columns], spec.literal_null)
        run = Run(
            spec.source,
            NIGHT,
            ZoneInfo(zone),
            1,
            lambda line: None,
            Limits(**limits),
            self.folder,
            self.parquet,
        )
        account = FileAccount(FoundFile(self.folder / name, name), len(content), "")
        load = file_load.FileLoad(run, spec, NIGHT, stage, account)  # type: ignore[arg-type]
        with self.monkeypatch.context() as patched:
            if exact_only:
                import numpy as np

                patched.setattr(
                    file_load, "screen", lambda block, *_: np.zeros(len(block.table), np.bool_)
                )
            try:
                with tempfile.TemporaryFile(dir=self.folder) as spool:
                    spool.write(content)
                    spool.seek(0)
                    load.stage(Spooled(spool, len(content), "", False), None)
            except LandingError as error:
                stage.reading.error = error.name
        stage.reading.rows = account.rows
        stage.reading.report = set(account.report)
        return stage.reading


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as monkeypatch:
        desk = Desk(tmp_path_factory.mktemp("spool"), monkeypatch)
        with closing(desk.parquet):
            yield desk
