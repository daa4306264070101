"""How a register runs: its database, its key file, the number space, and what an office may ask."""

from pathlib import Path
from typing import Literal

import msgspec

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys, load_master
from kumihimo.kernel.settings import BadSettings, SecretFile
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.register.api import PARTY
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.quota import Limits
from kumihimo.statute.law import affairs

_KEY_BYTES = 32


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Register's settings file.

    `database` names the file with the DSN of the runtime role, `key` that of the master secret.
    `oversight_key` is the pinned Ed25519 key of oversight in hexadecimal, `peers` the base address
    of each party. `space` is "test" unless real numbers are served. The two limits hold for each
    office (our choice: no figure is public).
    """

    database: SecretFile
    key: str
    oversight_key: str
    peers: dict[str, str]
    space: Literal["test", "official"] = "test"
    inquiries_per_minute: int = 3_000
    inquiries_per_day: int = 100_000
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

    def limits(self) -> Limits:
        """Return the quota of an office; raises `BadSettings` when a limit lets nobody ask."""
        if self.inquiries_per_minute < 1 or self.inquiries_per_day < 1:
            raise BadSettings("a limit of inquiries is at least 1", pointer="inquiries_per_day")
        return Limits(per_minute=self.inquiries_per_minute, per_day=self.inquiries_per_day)

    def register(
        self, *, beside: Path, book: DirectoryBook, clock: Clock, entropy: Entropy
    ) -> Register:
        """Return the register that these settings describe; its database is not opened yet.

        Paths are beside the settings file `beside`. Raises `BadSettings`, `KeyFileUnsafe`.
        """
        dsn = Withheld(self.database.read(beside=beside).reveal().decode())
        return Register.of(
            database=Database(dsn, pool_max=self.database_connections),
            keys=PartyKeys(PARTY, load_master(beside.parent / self.key)),
            directory=book,
            clock=clock,
            entropy=entropy,
            space=NumberSpace(self.space),
            limits=self.limits(),
            affairs=frozenset(affair.affair for affair in affairs()),
        )
