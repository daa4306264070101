"""How the desk runs: its database, its key file, who may sign in, its gateway, where it listens."""

import re
from pathlib import Path
from typing import Final, Literal

from typing_extensions import override

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import Locker, PartyKeys, load_master
from kumihimo.kernel.settings import BadSettings, SecretFile
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.oversight.client import PagesSettings, PartySettings, is_address
from kumihimo.rooms.review.context import Desk

PARTY = "review"  # what the keys are derived for by which the desk locks its columns


_OFFICER: Final = re.compile(r"(?!.*[0-9]{11})[a-z][a-z0-9-]{0,31}")


def is_officer(name: str) -> bool:
    """Whether the journal and the gateway can name somebody so."""
    return _OFFICER.fullmatch(name) is not None


class Settings(PagesSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The desk's settings file.

    `key` names the file with the master secret, `officers` the file of who may sign in
    (`kumihimo audit officer` writes it), `gateway` the address of the institution's gateway and
    `gateway_token` the file with the desk's token there. `suspend_at_once`: a link of which the
    audit says that it is a family member's, a twin's or an unrelated person's is suspended before
    anybody has looked. `https`: browsers reach the desk through a proxy that speaks TLS. At
    `operators`, host and port of their own, operators read how the desk does. `party` is the desk's
    name in oversight's directory, by which it puts the heads of its journal into the log.
    """

    officers: str
    gateway: str
    gateway_token: SecretFile
    listen: str = "127.0.0.1:8490"
    party: str = ""
    suspend_at_once: bool = True
    https: bool = False
    space: Literal["test", "official"] = "test"

    def keys(self, *, beside: Path) -> PartyKeys:
        """Return the keys by which the desk speaks for itself; raises `KeyFileUnsafe`."""
        return PartyKeys(self.party or PARTY, load_master(beside.parent / self.key))

    @override
    def federation(self) -> PartySettings | None:
        """Return how the desk reaches the log, None where nothing is said of it.

        Raises `BadSettings`, also where it has a name and no way, or a way and no name.
        """
        found = super().federation()
        if (found is None) != (not self.party):
            raise BadSettings(
                "party: the desk's name in oversight's directory, with oversight_key and peers",
                pointer="party",
            )
        return found

    def desk(self, *, beside: Path, clock: Clock, entropy: Entropy) -> Desk:
        """Return the desk that these settings describe; its database is not opened yet.

        Paths are beside the settings file `beside`. Raises `BadSettings`, `KeyFileUnsafe`.
        """
        keys = PartyKeys(PARTY, load_master(beside.parent / self.key))
        return Desk(
            database=self.open_later(self.keys(beside=beside), beside=beside),
            locker=Locker.of(keys.secret("columns"), entropy),
            clock=clock,
            entropy=entropy,
            space=NumberSpace(self.space),
            suspend_at_once=self.suspend_at_once,
        )

    def client(self, *, beside: Path) -> BusinessClient:
        """Return the way to the gateway; raises `BadSettings`."""
        if not is_address(self.gateway):
            raise BadSettings(
                "gateway: an address is http:// or https://, a host and maybe a port",
                pointer="gateway",
            )
        token = self.gateway_token.read(beside=beside)
        try:
            return BusinessClient(self.gateway, Withheld(token.reveal().decode("ascii")))
        except UnicodeDecodeError:
            raise BadSettings("gateway_token: no token", pointer="gateway_token") from None
