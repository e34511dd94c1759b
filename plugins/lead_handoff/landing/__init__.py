"""Landing: a night's extract files into the raw tables, every version, every row accounted for."""

from lead_handoff.landing.ddl import raw_ddl

__all__ = ["raw_ddl"]
