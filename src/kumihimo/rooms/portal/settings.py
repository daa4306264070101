"""How the portal runs: its database and key, where browsers reach it, its way to jpki and the ledger."""

from pathlib import Path
from typing import Final

import msgspec

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import Locker, PartyKeys, load_master
from kumihimo.kernel.reaching import reach
from kumihimo.kernel.settings import BadSettings, SecretFile
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki.client import VerifierClient
from kumihimo.rooms.oversight.client import is_address, listening_at, operators_at
from kumihimo.rooms.portal.context import PARTY, Portal
from kumihimo.rooms.portal.identity import JpkiIdentity
from kumihimo.rooms.portal.ledger_door import LedgerDoor

LISTEN: Final = "127.0.0.1:8410"
_SLASHES: Final = 2


def is_origin(text: str) -> bool:
    """Say whether a text is scheme, host and maybe a port, and nothing after them."""
    return text.isascii() and is_address(text) and text.count("/") == _SLASHES


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The portal's settings file.

    `key` names the file with the master secret; `origin` is the address at which browsers reach the
    portal, https:// but for a trial on one machine. `jpki` is jpki's address and `jpki_token` the
    file with the portal's token there (role `disclosure_portal`); `ledger` is the ledger's address.
    `helper` is where the program beside a card reader listens on each person's own machine. At
    `operators`, host and port of their own, operators read how the portal does.
    """

    database: SecretFile
    key: str
    origin: str
    jpki: str
    jpki_token: SecretFile
    ledger: str
    listen: str = LISTEN
    helper: str = "http://127.0.0.1:8499"
    database_connections: int = 8
    database_pooler: bool = False
    operators: str = ""

    def address(self) -> tuple[str, int]:
        """Return host and port to listen on; raises `BadSettings`."""
        return listening_at(self.listen, key="listen")

    def operators_address(self) -> tuple[str, int] | None:
        """Return host and port for operators, None where there is none; raises `BadSettings`."""
        return operators_at(self.operators)

    def portal(self, *, beside: Path, clock: Clock, entropy: Entropy) -> Portal:
        """Return the portal that these settings describe; its database is not opened yet.

        Paths are beside the settings file `beside`. Raises `BadSettings`, `KeyFileUnsafe`.
        """
        for key, value in (
            ("origin", self.origin),
            ("jpki", self.jpki),
            ("ledger", self.ledger),
            ("helper", self.helper),
        ):
            if not is_origin(value):
                raise BadSettings(
                    f"{key}: an address is http:// or https://, a host and maybe a port",
                    pointer=key,
                )
        keys = PartyKeys(PARTY, load_master(beside.parent / self.key))
        return Portal(
            database=self._database(beside),
            keys=keys,
            locker=Locker.of(keys.secret("columns"), entropy),
            identity=JpkiIdentity(VerifierClient(self.jpki, self._token(beside))),
            ledger=LedgerDoor(self.ledger),
            origin=self.origin,
            clock=clock,
            entropy=entropy,
        )

    def _token(self, beside: Path) -> Withheld[str]:
        token = self.jpki_token.read(beside=beside)
        try:
            return Withheld(token.reveal().decode("ascii"))
        except UnicodeDecodeError:
            raise BadSettings("jpki_token: no token", pointer="jpki_token") from None

    def _database(self, beside: Path) -> Database:
        return reach(
            self.database,
            connections=self.database_connections,
            pooler=self.database_pooler,
            beside=beside,
        )
