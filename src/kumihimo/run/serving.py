"""From a room's settings file to the room as a service.

A process loads the room that it serves and no other: a start costs what that room needs, and the
program of the others is not in its memory.
"""

from importlib import import_module
from pathlib import Path
from typing import Final

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.door import Reporter
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.refusal import BadInput
from kumihimo.run.service import Given, Service

ROOMS: Final = (
    "agency",
    "cards",
    "gateway",
    "jpki",
    "ledger",
    "linkage",
    "oversight",
    "portal",
    "register",
    "review",
)


def compose(room: str, path: Path, *, clock: Clock, entropy: Entropy, report: Reporter) -> Service:
    """Compose a room from its settings file; raises `BadSettings`, `KeyFileUnsafe`, `BadInput`."""
    if room not in ROOMS:
        raise BadInput(f"no such room; rooms are {', '.join(ROOMS)}", pointer="room")
    made: Service = import_module(f"kumihimo.run.services.{room}").compose(
        Given(path, clock, entropy, report)
    )
    return made
