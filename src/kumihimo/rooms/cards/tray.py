"""Where new cards lie until they are in the post: a folder, each card locked under the room's key."""

import os
from pathlib import Path
from typing import Final

import attrs
import msgspec

from kumihimo.kernel.keys import Locker
from kumihimo.kernel.refusal import NotFound

_LABEL: Final = b"tray"


@attrs.frozen
class FolderTray:
    """A factory whose cards come out as files. A file's name says nothing: it is a keyed tag."""

    folder: Path
    locker: Locker

    async def engrave(self, serial: str, contents: dict[str, bytes]) -> None:
        """Make a card with this memory; the same serial again is the same card made again."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        locked = self.locker.lock(msgspec.msgpack.encode(contents), label=_LABEL)
        write_new(self._path(serial), locked)

    def take(self, serial: str) -> dict[str, bytes]:
        """Take a card out of the tray; it is there no more. Raises `NotFound`."""
        path = self._path(serial)
        if not path.exists():
            raise NotFound("no card of this serial lies in the tray")
        content = self.locker.unlock(path.read_bytes(), label=_LABEL)
        path.unlink()
        return msgspec.msgpack.decode(content, type=dict[str, bytes])

    def _path(self, serial: str) -> Path:
        tag = self.locker.tag(serial.encode(), label=_LABEL)
        return self.folder / f"{tag.hex()[:32]}.card"


@attrs.frozen
class MemoryTray:
    """A factory whose cards lie in memory: the street's, and tests'."""

    cards: dict[str, dict[str, bytes]]

    async def engrave(self, serial: str, contents: dict[str, bytes]) -> None:
        """Make a card with this memory."""
        self.cards[serial] = dict(contents)

    def take(self, serial: str) -> dict[str, bytes]:
        """Take a card out of the tray. Raises `NotFound`."""
        found = self.cards.pop(serial, None)
        if found is None:
            raise NotFound("no card of this serial lies in the tray")
        return found


def write_new(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads: whole, or not at all, and on the disk."""
    half = path.with_suffix(".new")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
