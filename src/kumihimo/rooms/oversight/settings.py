"""How oversight runs: its database and its key file."""

from pathlib import Path

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.keys import PartyKeys, load_master
from kumihimo.rooms.oversight.api import PARTY
from kumihimo.rooms.oversight.client import DirectoryBook, RoomSettings
from kumihimo.rooms.oversight.service import Oversight


class Settings(RoomSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Oversight's settings file. `key` names the file with its master secret."""

    key: str

    def oversight(self, *, beside: Path, book: DirectoryBook, clock: Clock) -> Oversight:
        """Return oversight; its database is not opened yet. Raises `BadSettings`, `KeyFileUnsafe`.

        Paths are beside the settings file `beside`.
        """
        keys = PartyKeys(PARTY, load_master(beside.parent / self.key))
        return Oversight(
            database=self.open_later(keys, beside=beside),
            keys=keys,
            book=book,
            clock=clock,
        )
