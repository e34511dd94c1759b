"""What a pull refuses, by name."""

from __future__ import annotations

from lead_handoff.errors import HandoffError


class ExtractError(HandoffError):
    """A pull cannot be done; nothing of it is visible to landing.

    ``name`` is the short name of the outcome (``login_refused``). Messages hold no secret and no
    value of a row: they name the request's path, the status and the source's own error code.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
