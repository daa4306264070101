"""What a counter writes down of its own acts, so that one that was cut is found again.

A line says which session of which kind ended how. It holds no name, no number and no PIN.
"""

import os
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from kumihimo.rooms.cards.api import SessionKind

Mark = Literal["begun", "committed", "aborted"]


class Line(msgspec.Struct, frozen=True):
    """One line: a session, what it was for, and how it stands for this counter."""

    session: str
    kind: SessionKind
    mark: Mark


class Notes(Protocol):
    """Append-only; a line is kept, whatever happens, when `add` has returned."""

    def add(self, line: Line) -> None:
        """Write a line down."""
        ...

    def lines(self) -> list[Line]:
        """Return every line, oldest first."""
        ...


class FileNotes:
    """Notes in a file of this terminal: one JSON line each, written through to the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, line: Line) -> None:
        """Write a line down."""
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # A line that was cut by a crash ends here; what comes now begins a new one.
            os.write(handle, b"\n" + msgspec.json.encode(line) + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)

    def lines(self) -> list[Line]:
        """Return every whole line."""
        if not self._path.exists():
            return []
        found: list[Line] = []
        for raw in self._path.read_bytes().splitlines():
            try:
                found.append(msgspec.json.decode(raw, type=Line))
            except msgspec.DecodeError:
                continue  # empty, or half of one: the act it speaks of had not begun
        return found


def unfinished(notes: Notes) -> dict[str, SessionKind]:
    """Return the sessions that began and of which no end is written down."""
    found: dict[str, SessionKind] = {}
    for line in notes.lines():
        if line.mark == "begun":
            found[line.session] = line.kind
        else:
            found.pop(line.session, None)
    return found
