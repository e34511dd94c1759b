"""What the landing tests share: a place to deliver files to, and a look at what landed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from lead_handoff.catalogue import CATALOGUE, METADATA_COLUMNS
from lead_handoff.landing import ObjectLoad, land_source
from lead_handoff.landing.limits import Limits

NIGHT = date(2026, 5, 1)


@dataclass
class Delivery:
    """A root for extracts, and a warehouse to land them in."""

    root: Path
    agreement: Path
    url: str
    owner: str
    lines: list[str] = field(default_factory=list)

    def put(
        self, source: str, folder: str, name: str, content: bytes, night: date | str = NIGHT
    ) -> Path:
        """Write one delivered file."""
        path = self.root / source / folder / str(night) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def zone(self, source: str, name: str) -> None:
        """Set the source's time zone in the agreement."""
        (self.agreement / "agreement_sources.csv").write_text(
            f"source_system,role,time_zone,is_required\n{source},both,{name},true\n"
        )

    def land(
        self, source: str, night: date = NIGHT, fence: int = 0, limits: Limits | None = None
    ) -> list[ObjectLoad]:
        """Land what lies there."""
        return land_source(
            source,
            night,
            extracts_root=str(self.root),
            warehouse_url=self.url,
            fence=fence,
            agreement_dir=self.agreement,
            progress=self.lines.append,
            limits=limits,
        )

    def query(self, text: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a query, each as a dict."""
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(text, values).fetchall()  # type: ignore[arg-type]

    def raw(self, table: str) -> list[dict[str, Any]]:
        """All versions in a raw table, source columns and metadata."""
        schema, name = table.split(".")
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            statement = sql.SQL("select * from {} order by _key, _stamp, _content_hash")
            return connection.execute(statement.format(sql.Identifier(schema, name))).fetchall()

    def values(self, table: str) -> list[dict[str, Any]]:
        """The same without landing's own columns and without nulls."""
        return [
            {k: v for k, v in row.items() if k not in METADATA_COLUMNS and v is not None}
            for row in self.raw(table)
        ]

    def quarantine(self) -> list[dict[str, Any]]:
        """All quarantined rows in order of file and line."""
        return self.query("select * from ops.quarantine order by file_name, line_number")

    def report(self, besides: tuple[str, ...] = ("missing_optional_column",)) -> dict[str, str]:
        """Kind -> detail of what was reported, leaving out what every small test file earns."""
        rows = self.query("select kind, detail from ops.load_report")
        return {row["kind"]: row["detail"] for row in rows if row["kind"] not in besides}

    def empty(self) -> None:
        """Forget everything delivered and landed; extra columns of raw tables too."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        self.lines.clear()
        (self.agreement / "agreement_sources.csv").unlink(missing_ok=True)
        with psycopg.connect(self.owner) as connection:
            connection.execute("truncate ops.withdrawals")
        with psycopg.connect(self.url) as connection:
            used = connection.execute(
                "select distinct source, object from ops.loads where status <> 'ignored'"
            ).fetchall()
            for table in ("load_report", "quarantine", "load_files", "purged_days", "loads"):
                connection.execute(sql.SQL("delete from {}").format(sql.Identifier("ops", table)))
            for source, name in used:
                spec = CATALOGUE[source][name]
                table = sql.Identifier(spec.schema, spec.table)
                connection.execute(sql.SQL("truncate {}").format(table))
                known = {c.landed for c in spec.columns} | set(METADATA_COLUMNS)
                present = connection.execute(
                    "select column_name from information_schema.columns"
                    " where table_schema = %s and table_name = %s",
                    (spec.schema, spec.table),
                ).fetchall()
                for (column,) in present:
                    if column not in known:
                        connection.execute(
                            sql.SQL("alter table {} drop column {}").format(
                                table, sql.Identifier(column)
                            )
                        )


@pytest.fixture(scope="module")
def module_delivery(module_warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    """One delivery per module: its warehouse is emptied between tests, not made anew."""
    base = tmp_path_factory.mktemp("delivery")
    agreement = base / "agreement"
    agreement.mkdir()
    return Delivery(
        base / "extracts",
        agreement,
        module_warehouse.url("loader"),
        module_warehouse.url("owner"),
    )


@pytest.fixture
def delivery(module_delivery: Delivery) -> Delivery:
    """An empty root and an empty warehouse."""
    module_delivery.empty()
    return module_delivery
