"""How a gateway runs: its database, the institutions that it hosts, and the law it obeys."""

from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

import msgspec

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import Locker, PartyKeys, load_master
from kumihimo.kernel.net import Net
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.gateway.context import Gateway, LawCell, Tenant
from kumihimo.rooms.gateway.domain.chip import TextAuthority, TextAuthorityHeld
from kumihimo.rooms.oversight.client import DirectoryBook, RoomSettings
from kumihimo.statute.law import affairs

RESULT_DAYS_MAX: Final = 3_660  # our choice: ten years, more than anybody waits for an answer


class Settings(RoomSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A gateway's settings file.

    `tenants` maps each institution that it hosts to the file with that institution's master
    secret. `space` is "test" unless real numbers are served; `result_days` is how long answers are
    kept. `law` names a file with institutions and entries that this deployment adds.
    `card_text_key` is the key that `kumihimo cards keys` prints; without it no chip is read.
    `check_links` maps an institution to the affair for which its links are compared with register
    every month; one that is left out is checked by hand alone.
    """

    tenants: dict[str, str]
    space: Literal["test", "official"] = "test"
    result_days: int = 14
    law: str = ""
    card_text_key: str = ""
    check_links: dict[str, str] = msgspec.field(default_factory=dict[str, str])

    def hosted(self, *, beside: Path, entropy: Entropy) -> dict[str, Tenant]:
        """Return the institutions with their keys; raises `BadSettings`, `KeyFileUnsafe`."""
        if not self.tenants:
            raise BadSettings(
                "tenants: a gateway hosts at least one institution", pointer="tenants"
            )
        return {
            keys.party: Tenant(keys.party, keys, Locker.of(keys.secret("columns"), entropy))
            for keys in self._keys(beside)
        }

    def _keys(self, beside: Path) -> list[PartyKeys]:
        """Return the keys of all, in an order that is the same in every process."""
        return [
            PartyKeys(institution, load_master(beside.parent / file))
            for institution, file in sorted(self.tenants.items())
        ]

    def gateway(
        self,
        *,
        beside: Path,
        book: DirectoryBook,
        law: LawCell,
        net: Net,
        clock: Clock,
        entropy: Entropy,
    ) -> Gateway:
        """Return the gateway; its database is not opened yet. Raises `BadSettings`, `KeyFileUnsafe`.

        Paths are beside the settings file `beside`.
        """
        if not 1 <= self.result_days <= RESULT_DAYS_MAX:
            raise BadSettings(f"result_days: 1 to {RESULT_DAYS_MAX}", pointer="result_days")
        return Gateway(
            database=self.open_later(*self._keys(beside), beside=beside),
            book=book,
            law=law,
            net=net,
            clock=clock,
            entropy=entropy,
            result_lifetime=timedelta(days=self.result_days),
            space=NumberSpace(self.space),
            text_authority=self._text_authority(),
            checks=self._checks(),
        )

    def _checks(self) -> dict[str, str]:
        known = {affair.affair for affair in affairs()}
        for institution, affair in self.check_links.items():
            if institution not in self.tenants or affair not in known:
                raise BadSettings(
                    "check_links: an institution of this gateway, and the id of an affair",
                    pointer="check_links",
                )
        return dict(self.check_links)

    def _text_authority(self) -> TextAuthorityHeld:
        if not self.card_text_key:
            return TextAuthorityHeld()
        try:
            return TextAuthorityHeld(TextAuthority.parse(bytes.fromhex(self.card_text_key)))
        except (BadInput, ValueError) as error:
            raise BadSettings(
                "card_text_key: what `kumihimo cards keys` prints", pointer="card_text_key"
            ) from error
