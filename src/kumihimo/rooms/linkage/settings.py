"""How the core runs: its database, its key file, and the law that it judges by."""

from pathlib import Path

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys, load_master
from kumihimo.rooms.linkage.api import PARTY
from kumihimo.rooms.linkage.app import domain_keys
from kumihimo.rooms.linkage.service import Core, LawCell
from kumihimo.rooms.oversight.client import DirectoryBook, RoomSettings


class Settings(RoomSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The core's settings file. `key` names the file with its master secret.

    `law` names a file with institutions and entries that this deployment adds to the law's own.
    """

    key: str
    law: str = ""

    def core(
        self, *, beside: Path, book: DirectoryBook, law: LawCell, clock: Clock, entropy: Entropy
    ) -> Core:
        """Return the core; its database is not opened yet. Raises `BadSettings`, `KeyFileUnsafe`.

        Paths are beside the settings file `beside`.
        """
        keys = PartyKeys(PARTY, load_master(beside.parent / self.key))
        return Core(
            database=self.open_later(keys, beside=beside),
            keys=keys,
            domain_keys=domain_keys(keys),
            directory=book,
            law=law,
            clock=clock,
            entropy=entropy,
        )
