"""The family of errors this project raises on purpose."""


class HandoffError(Exception):
    """An error a user can act on: the message names the thing that failed and the remedy."""
