"""How a ledger runs: its database, its key file, and where it finds the core and oversight."""

from pathlib import Path

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys, load_master
from kumihimo.rooms.ledger.api import PARTY
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.oversight.client import RoomSettings


class Settings(RoomSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ledger's settings file. `key` names the file with its master secret."""

    key: str

    def ledger(self, *, beside: Path, clock: Clock, entropy: Entropy) -> Ledger:
        """Return the ledger that these settings describe; its database is not opened yet.

        Paths are beside the settings file `beside`. Raises `BadSettings`, `KeyFileUnsafe`.
        """
        keys = PartyKeys(PARTY, load_master(beside.parent / self.key))
        return Ledger(
            database=self.open_later(keys, beside=beside),
            keys=keys,
            clock=clock,
            entropy=entropy,
        )
