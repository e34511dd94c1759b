"""Landing: a night's extract files into the raw tables, every version, every row accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lead_handoff.landing.ddl import raw_ddl

if TYPE_CHECKING:
    from lead_handoff.landing.discovery import discover_sources
    from lead_handoff.landing.land import ObjectLoad, land_source, note_strangers

__all__ = ["ObjectLoad", "discover_sources", "land_source", "note_strangers", "raw_ddl"]


def __getattr__(name: str) -> Any:
    """The loader itself, imported when first asked for: the bootstrap needs the DDL only."""
    if name in ("ObjectLoad", "land_source", "note_strangers"):
        from lead_handoff.landing import land

        return getattr(land, name)
    if name == "discover_sources":
        from lead_handoff.landing.discovery import discover_sources

        return discover_sources
    raise AttributeError(name)
