"""What every use case of the portal is given."""

from datetime import date
from typing import Any, Final

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.clock import Clock, legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import Locker, PartyKeys
from kumihimo.kernel.sql import Database, Tx
from kumihimo.rooms.portal.identity import Identity
from kumihimo.rooms.portal.ledger_door import LedgerDoor
from kumihimo.rooms.portal.mail import Mailer
from kumihimo.rooms.portal.mail_waits import MailWaits

PARTY: Final = "portal"  # what its keys are derived for, and its name at jpki; it signs nothing


@attrs.frozen(kw_only=True)
class Contact:
    """Who helps: a telephone and its hours, and the address of a chat; "" for what there is none of."""

    phone: str = ""
    hours: str = ""
    chat: str = ""


@attrs.frozen(kw_only=True)
class Portal:
    """What every use case needs. `origin` is where browsers reach the portal.

    Without `mailer` no address is asked for, and nothing is mailed.
    """

    database: Database
    keys: PartyKeys
    locker: Locker
    identity: Identity
    ledger: LedgerDoor
    origin: str
    clock: Clock
    entropy: Entropy
    mailer: Mailer | None = None
    contact: Contact = Contact()
    mail_waits: MailWaits = attrs.field(factory=MailWaits)

    def today(self) -> date:
        """Return the Japanese calendar day."""
        return legal_day(self.clock.now())

    async def journal(self, tx: Tx, act: str, actor: str = "person", **detail: Any) -> None:  # noqa: ANN401
        """Write the use case's one line; call it last. It never names an account."""
        line = journal.JournalLine(act=act, actor=actor, detail=detail)
        await journal.write(tx, line, at=self.clock.now())
