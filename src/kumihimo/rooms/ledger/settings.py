"""How a ledger runs: its database, its key file, and where it finds the core and oversight."""

from pathlib import Path

import msgspec

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys, load_master
from kumihimo.kernel.settings import BadSettings, SecretFile
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.ledger.api import PARTY
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.oversight.client import DirectoryBook

_KEY_BYTES = 32


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ledger's settings file.

    `database` names the file with the DSN of the runtime role, `key` that of the master secret.
    `oversight_key` is the pinned Ed25519 key of oversight in hexadecimal, `peers` the base address
    of each party.
    """

    database: SecretFile
    key: str
    oversight_key: str
    peers: dict[str, str]
    database_connections: int = 8

    def book(self) -> DirectoryBook:
        """Return the holder of oversight's directory; raises `BadSettings` for a bad key."""
        try:
            pinned = bytes.fromhex(self.oversight_key)
        except ValueError:
            pinned = b""
        if len(pinned) != _KEY_BYTES:
            raise BadSettings("oversight_key: 64 hexadecimal digits", pointer="oversight_key")
        return DirectoryBook(pinned)

    def ledger(self, *, beside: Path, clock: Clock, entropy: Entropy) -> Ledger:
        """Return the ledger that these settings describe; its database is not opened yet.

        Paths are beside the settings file `beside`. Raises `BadSettings`, `KeyFileUnsafe`.
        """
        if self.database_connections < 1:
            raise BadSettings(
                "a ledger needs a database connection", pointer="database_connections"
            )
        dsn = Withheld(self.database.read(beside=beside).reveal().decode())
        return Ledger(
            database=Database(dsn, pool_max=self.database_connections),
            keys=PartyKeys(PARTY, load_master(beside.parent / self.key)),
            clock=clock,
            entropy=entropy,
        )
