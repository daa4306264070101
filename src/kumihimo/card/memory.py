"""What a chip keeps without power, behind one small interface.

The rule that makes tries count: a chip writes the lowered counter and goes on to compare only when
`write` has returned, and `write` returns only when the change would survive a loss of power. So a
process that is killed between the two has spent the try.
"""

from collections.abc import Mapping
from typing import Protocol


class MemoryFailed(Exception):
    """The memory did not take a change; nothing of it was done."""


class Memory(Protocol):
    """Values by slot. A slot is a word of the chip such as `jpki/0018/tries`; see `slot`."""

    def read(self, slot: str) -> bytes | None:
        """Return a slot's value, or None where there is none."""
        ...

    def write(self, changes: Mapping[str, bytes | None]) -> None:
        """Change all these slots or none (None removes); durable on return.

        Raises `MemoryFailed`.
        """
        ...


class Volatile:
    """A memory that lasts as long as the process: tests, benchmarks and a card that is not kept."""

    def __init__(self, contents: Mapping[str, bytes] | None = None) -> None:
        self.contents = dict(contents or {})

    def read(self, slot: str) -> bytes | None:
        """Return a slot's value, or None."""
        return self.contents.get(slot)

    def write(self, changes: Mapping[str, bytes | None]) -> None:
        """Change slots."""
        for slot, value in changes.items():
            if value is None:
                self.contents.pop(slot, None)
            else:
                self.contents[slot] = value


def slot(application: str, fid: int) -> str:
    """Name the slot of a file's content, a PIN's value or a private key (PKCS 8, DER)."""
    return f"{application}/{fid:04X}"


def tries_slot(application: str, fid: int) -> str:
    """Name the slot of a PIN's counter: one byte, how many tries are left."""
    return f"{application}/{fid:04X}/tries"


CARRIER: str = "card/carrier"  # the name of the profile, ASCII
TERMINAL_CA: str = "card/terminal-ca"  # key id and public key as a CV certificate holds them
SESSION_KEY: str = "text/session-key"  # the private half of the text application's EF 0006


def object_slot(tag: int) -> str:
    """Name the slot of a data object that GET DATA answers with (no application selected)."""
    return f"card/{tag:04X}"
