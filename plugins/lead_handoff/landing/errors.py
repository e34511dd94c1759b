"""What landing refuses: whole files by a named error, single rows by a named reason.

Messages carry names of files, columns and counts, never a value of a row: values are personal data
and stay in the quarantine table.
"""

from __future__ import annotations

from lead_handoff.errors import HandoffError


class LandingError(HandoffError):
    """A file, and with it its object for that night, is refused.

    ``name`` is the short name of the outcome (``missing_column``) that ops.loads records.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class SourceError(HandoffError):
    """The root, a source folder or the source's configuration is unusable."""


class RowRejected(Exception):
    """One row cannot be read; it goes to quarantine and the rest of the file lands.

    ``reason`` is the outcome's name, ``detail`` says where (a column) and never holds a value.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
