"""What a pull refuses, by name."""

from __future__ import annotations

from datetime import datetime

from lead_handoff.errors import HandoffError

MAY_PASS = frozenset(
    {
        *("source_unreachable", "source_busy", "queue_full", "job_slow", "job_failed"),
        *("result_gone", "result_incomplete", "checksum_mismatch", "pull_running"),
        *("quota_low", "quota_used_up"),
    }
)
"""Errors that a later attempt may not meet; any other needs a person."""


class ExtractError(HandoffError):
    """A pull cannot be done; nothing of it is visible to landing.

    ``name`` is the short name of the outcome (``login_refused``). Messages hold no secret and no
    value of a row: they name the request's path, the status and the source's own error code.
    ``resumes_at`` is when a used-up quota begins anew, where that is known.
    """

    def __init__(self, name: str, message: str, resumes_at: datetime | None = None) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.resumes_at = resumes_at

    @property
    def may_pass(self) -> bool:
        """Whether a later attempt may succeed without anybody's doing."""
        return self.name in MAY_PASS
