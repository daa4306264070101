"""How the agency runs: its database, its key file, and which ministry is in charge of what."""

from pathlib import Path

import msgspec

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys, load_master
from kumihimo.kernel.settings import BadSettings
from kumihimo.rooms.agency.api import PARTY
from kumihimo.rooms.agency.service import Agency
from kumihimo.rooms.oversight.client import DirectoryBook, RoomSettings
from kumihimo.statute.law import affairs


class Settings(RoomSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The agency's settings file.

    `key` names the file with its master secret. `in_charge` maps a ministry, by its name in the
    directory, to the affairs of which it reads the reports.
    """

    key: str
    in_charge: dict[str, list[str]] = msgspec.field(default_factory=dict[str, list[str]])

    def agency(
        self, *, beside: Path, book: DirectoryBook, clock: Clock, entropy: Entropy
    ) -> Agency:
        """Return the agency; its database is not opened yet. Raises `BadSettings`, `KeyFileUnsafe`.

        Paths are beside the settings file `beside`.
        """
        known = {affair.affair for affair in affairs()}
        for ministry, named in self.in_charge.items():
            if not set(named) <= known:
                raise BadSettings(
                    f"in_charge.{ministry}: ids of affairs, as `kumihimo statute affairs` lists",
                    pointer="in_charge",
                )
        keys = PartyKeys(PARTY, load_master(beside.parent / self.key))
        return Agency(
            database=self.open_later(keys, beside=beside),
            keys=keys,
            book=book,
            clock=clock,
            entropy=entropy,
            in_charge={ministry: frozenset(named) for ministry, named in self.in_charge.items()},
        )
