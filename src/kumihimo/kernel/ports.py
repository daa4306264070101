"""Loopback ports for the servers that this process starts beside itself: none is given twice.

The system's own free one (port 0) is given again while nobody listens on it yet, or while its server
is away for a moment; and a call that goes out may sit on it. These lie below what Linux gives.
"""

import os
import socket
from itertools import count
from typing import Final

from kumihimo.kernel.refusal import Unavailable

LOOPBACK: Final = "127.0.0.1"
_FIRST: Final = 12_000  # our choice: above those of well-known services
_COUNT: Final = 20_000
_APART: Final = 1_009  # processes that begin one after the other are that far from each other
_turns = count(os.getpid() * _APART)


def free_port() -> int:
    """Return a loopback port that nobody listens on now; raises `Unavailable` where there is none."""
    for _ in range(_COUNT):
        port = _FIRST + next(_turns) % _COUNT
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        return port
    raise Unavailable(f"all of {_COUNT} loopback ports are in use")
