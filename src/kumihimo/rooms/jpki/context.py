"""What jpki's use cases are given."""

from datetime import date
from typing import Protocol, TypeVar

import attrs
import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.clock import Clock, legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import NotSealedForUs, PartyKeys, open_payload, seal_payload
from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.wire import decode_strictly
from kumihimo.rooms.jpki.keystore import KeyStore
from kumihimo.rooms.oversight.api import Directory
from kumihimo.rooms.register.api import Sealed

T = TypeVar("T")


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

    def open(self, sealed: Sealed, form: type[T], *, path: str) -> T:
        """Open what was sealed to jpki for this door; raises `BadInput`."""
        try:
            payload = open_payload(sealed.payload, key=self.keys.payload, context=path.encode())
        except (NotSealedForUs, ValueError) as error:
            raise BadInput("not sealed to jpki for this door", pointer="payload") from error
        return decode_strictly(payload, form)

    def seal(self, answer: msgspec.Struct, *, to: str, path: str) -> Sealed:
        """Seal an answer to the party that asked; raises `NotAllowed` when it is suspended."""
        entry = self.directory.current().active(to)
        if entry is None:
            raise NotAllowed
        payload = msgspec.json.encode(answer)
        return Sealed(seal_payload(payload, to=entry.keys.payload, context=path.encode()))

    async def journal(self, tx: Tx, act: str, actor: str, **detail: int | str) -> None:
        """Write the use case's one line; call it last."""
        line = journal.JournalLine(act=act, actor=actor, detail=detail)
        await journal.write(tx, line, at=self.clock.now())
