"""Which addresses a secret, or what is confidential, may be sent to."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_private(url: str) -> bool:
    """Whether nobody on the way can read along: https, or an address of this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in LOOPBACK
