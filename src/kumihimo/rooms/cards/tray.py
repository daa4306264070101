"""Where new cards lie until they are in the post: a folder, each card a file that its office opens.

A card's file is what `kumihimo card` keeps: the office puts it into a reader. The maker's room and
the office share a passphrase, another for each office, that the room derives from its own key.
"""

import asyncio
from pathlib import Path
from typing import Final

import attrs

from kumihimo.card import keeping
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import Locker, PartyKeys
from kumihimo.kernel.refusal import NotFound
from kumihimo.kernel.withheld import Withheld

_LABEL: Final = b"tray"


def passphrase(keys: PartyKeys, municipality: str) -> Withheld[bytes]:
    """Return what opens the new cards of a municipality (six digits): 64 hexadecimal digits."""
    return Withheld(keys.secret(f"tray/{municipality}").reveal().hex().encode("ascii"))


@attrs.frozen
class FolderTray:
    """A factory whose cards come out as files, in a folder for each municipality.

    A file's name says nothing: it is a keyed tag.
    """

    folder: Path
    keys: PartyKeys
    locker: Locker
    entropy: Entropy

    async def engrave(self, serial: str, contents: dict[str, bytes], *, municipality: str) -> None:
        """Make a card with this memory; the same serial again is the same card made again."""
        path = self.path(serial, municipality=municipality)
        await asyncio.to_thread(self._make, path, contents, passphrase(self.keys, municipality))

    def path(self, serial: str, *, municipality: str) -> Path:
        """Return where the card of a serial lies, until somebody takes it."""
        tag = self.locker.tag(serial.encode(), label=_LABEL).hex()
        return self.folder / municipality / f"{tag[:32]}.card"

    def _make(self, path: Path, contents: dict[str, bytes], secret: Withheld[bytes]) -> None:
        for folder in (self.folder, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        path.unlink(missing_ok=True)
        keeping.create(path, contents, secret, entropy=self.entropy)


@attrs.frozen
class MemoryTray:
    """A factory whose cards lie in memory: the street's, and tests'."""

    cards: dict[str, dict[str, bytes]]

    async def engrave(self, serial: str, contents: dict[str, bytes], *, municipality: str) -> None:
        """Make a card with this memory."""
        del municipality  # one tray for all
        self.cards[serial] = dict(contents)

    def take(self, serial: str) -> dict[str, bytes]:
        """Take a card out of the tray. Raises `NotFound`."""
        found = self.cards.pop(serial, None)
        if found is None:
            raise NotFound("no card of this serial lies in the tray")
        return found
