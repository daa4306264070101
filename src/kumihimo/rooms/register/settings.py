"""How a register runs: its database, its key file, the number space, and what an office may ask."""

from pathlib import Path
from typing import Literal

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys, load_master
from kumihimo.kernel.settings import BadSettings
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.oversight.client import DirectoryBook, RoomSettings
from kumihimo.rooms.register.api import BATCH_MAX, PARTY
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.quota import Limits
from kumihimo.statute.law import affairs


class Settings(RoomSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Register's settings file.

    `key` names the file with the master secret. `space` is "test" unless real numbers are served.
    The limits hold for each office, and for jpki (our choice: no figure is public).
    """

    key: str
    space: Literal["test", "official"] = "test"
    inquiries_per_minute: int = 3_000
    inquiries_per_day: int = 100_000
    acquisitions_per_minute: int = 3_000
    acquisitions_per_day: int = 100_000
    comparisons_per_minute: int = 60_000
    comparisons_per_day: int = 10_000_000

    def limits(self) -> Limits:
        """Return the quota of an office; raises `BadSettings` when a limit lets nobody ask."""
        if self.inquiries_per_minute < 1 or self.inquiries_per_day < 1:
            raise BadSettings("a limit of inquiries is at least 1", pointer="inquiries_per_day")
        return Limits(per_minute=self.inquiries_per_minute, per_day=self.inquiries_per_day)

    def acquisition_limits(self) -> Limits:
        """Return how many codes an office may begin to acquire; raises `BadSettings`."""
        return self._whole_batches("acquisitions")

    def comparison_limits(self) -> Limits:
        """Return how many links an office may compare; raises `BadSettings`.

        The greatest insurers hold some 30 million links, and compare them all every month.
        """
        return self._whole_batches("comparisons")

    def _whole_batches(self, counted: Literal["acquisitions", "comparisons"]) -> Limits:
        """Gateways send whole batches, so a limit below one batch would let nobody begin."""
        limits: list[int] = []
        for name in (f"{counted}_per_minute", f"{counted}_per_day"):
            limits.append(getattr(self, name))
            if limits[-1] < BATCH_MAX:
                raise BadSettings(
                    f"{name}: at least {BATCH_MAX}, as a batch may hold", pointer=name
                )
        return Limits(per_minute=limits[0], per_day=limits[1])

    def register(
        self, *, beside: Path, book: DirectoryBook, clock: Clock, entropy: Entropy
    ) -> Register:
        """Return the register that these settings describe; its database is not opened yet.

        Paths are beside the settings file `beside`. Raises `BadSettings`, `KeyFileUnsafe`.
        """
        keys = PartyKeys(PARTY, load_master(beside.parent / self.key))
        return Register.of(
            database=self.open_later(keys, beside=beside),
            keys=keys,
            directory=book,
            clock=clock,
            entropy=entropy,
            space=NumberSpace(self.space),
            limits=self.limits(),
            acquisition_limits=self.acquisition_limits(),
            comparison_limits=self.comparison_limits(),
            affairs=frozenset(affair.affair for affair in affairs()),
        )
