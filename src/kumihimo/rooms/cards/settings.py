"""How cards runs: its database, its key file, the number space, where cards and keys are kept."""

from pathlib import Path
from typing import Literal

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import Locker, PartyKeys, load_master
from kumihimo.kernel.net import Caller, Net
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.cards.api import PARTY
from kumihimo.rooms.cards.context import Cards, municipality_of
from kumihimo.rooms.cards.issuing import FileIssuing
from kumihimo.rooms.cards.jpki_certifier import JpkiCertifier
from kumihimo.rooms.cards.tray import FolderTray, passphrase
from kumihimo.rooms.oversight.client import DirectoryBook, RoomSettings


class Settings(RoomSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """cards' settings file.

    `key` names the file with the master secret, `card_keys` the folder of the keys that cards are
    made with, `tray` the folder into which new cards are put, each a card file for its office.
    """

    key: str
    card_keys: str
    tray: str
    space: Literal["test", "official"] = "test"

    def tray_passphrase(self, *, beside: Path, office: str) -> Withheld[bytes]:
        """Return what opens the new cards of an office; raises `KeyFileUnsafe`."""
        keys = PartyKeys(PARTY, load_master(beside.parent / self.key))
        return passphrase(keys, municipality_of(office))

    def cards(
        self, *, beside: Path, book: DirectoryBook, net: Net, clock: Clock, entropy: Entropy
    ) -> Cards:
        """Return the cards that these settings describe; its database is not opened yet.

        Paths are beside the settings file `beside`. Raises `BadSettings`, `KeyFileUnsafe`.
        """
        keys = PartyKeys(PARTY, load_master(beside.parent / self.key))
        caller = Caller(keys, book, net, clock, entropy)
        made = Locker.of(keys.secret("made"), entropy)
        return Cards(
            database=self.open_later(keys, beside=beside),
            keys=keys,
            directory=book,
            caller=caller,
            clock=clock,
            entropy=entropy,
            space=NumberSpace(self.space),
            locker=Locker.of(keys.secret("columns"), entropy),
            certifier=JpkiCertifier(caller, book, entropy),
            issuing=FileIssuing(beside.parent / self.card_keys, made),
            factory=FolderTray(beside.parent / self.tray, keys, made, entropy),
        )
