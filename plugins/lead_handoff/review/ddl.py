"""The SQL of schema review, for the warehouse's bootstrap and for the review itself."""

import hashlib
from pathlib import Path

# Advisory lock for the tables themselves and for the log.
SCHEMA_LOCK = 7_215_940_410


def schema_mark() -> str:
    """What the applied schema bears as a comment, so that a living one is recognised."""
    return "review schema " + hashlib.sha256(_schema().encode()).hexdigest()


def review_ddl() -> str:
    """SQL that creates what is missing of schema review, one at a time, and leaves its mark."""
    return (
        f"select pg_advisory_xact_lock({SCHEMA_LOCK});\n{_schema()}\n"
        f"comment on function review.refuse_change() is '{schema_mark()}';\n"
    )


def _schema() -> str:
    return (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
