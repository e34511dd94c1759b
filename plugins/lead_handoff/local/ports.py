"""Free TCP ports on the loopback interface."""

import random
import socket

LOOPBACK = "127.0.0.1"

# Below the range from which the kernel takes ports for outgoing connections, so that a remembered
# port is not taken by chance between two starts.
LOWEST, HIGHEST = 20000, 32000


def is_free(port: int) -> bool:
    """Whether nothing listens on this loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(remembered: int | None = None) -> int:
    """The remembered port if it is still free, otherwise a free one."""
    if remembered is not None and is_free(remembered):
        return remembered
    while True:
        candidate = random.randrange(LOWEST, HIGHEST)  # noqa: S311 (no secret)
        if candidate != remembered and is_free(candidate):
            return candidate
