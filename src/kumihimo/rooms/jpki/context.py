"""What jpki's use cases are given."""

from datetime import date
from typing import Protocol

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.clock import Clock, legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.sql import Database, Tx
from kumihimo.rooms.jpki.keystore import KeyStore
from kumihimo.rooms.oversight.api import Directory


class DirectoryCell(Protocol):
    """Holds the latest verified directory."""

    def current(self) -> Directory:
        """Return it."""
        ...


@attrs.frozen(kw_only=True)
class Jpki:
    """What every use case needs. `keys` sign messages; the authorities' keys are in `store`.

    `ocsp_url` is printed into every certificate.
    """

    database: Database
    keys: PartyKeys
    key_store: KeyStore
    directory: DirectoryCell
    clock: Clock
    entropy: Entropy
    ocsp_url: str

    def today(self) -> date:
        """Return the Japanese calendar day."""
        return legal_day(self.clock.now())

    async def journal(self, tx: Tx, act: str, actor: str, **detail: int | str) -> None:
        """Write the use case's one line; call it last."""
        line = journal.JournalLine(act=act, actor=actor, detail=detail)
        await journal.write(tx, line, at=self.clock.now())
