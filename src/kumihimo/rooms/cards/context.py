"""What cards' use cases are given, and how what is sealed comes in and goes out."""

from collections.abc import Callable
from datetime import date
from typing import Protocol, TypeVar

import attrs
import msgspec

from kumihimo.card.holding import HolderKeys
from kumihimo.kernel import journal, outbox
from kumihimo.kernel.clock import Clock, legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import (
    Locker,
    NotSealedForUs,
    PartyKeys,
    open_payload,
    seal_payload,
)
from kumihimo.kernel.net import Caller
from kumihimo.kernel.refusal import BadInput, NotAllowed, Unavailable
from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.wire import decode_strictly
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.cards.certifier import Certifier, Letter
from kumihimo.rooms.cards.issuing import Issuing
from kumihimo.rooms.oversight.api import Directory, Entry
from kumihimo.rooms.register.api import Sealed

T = TypeVar("T")

JPKI = "jpki"
REGISTER = "register"
OFFICE = "lg-"


class DirectoryCell(Protocol):
    """Holds the latest verified directory."""

    def current(self) -> Directory:
        """Return it."""
        ...


class Factory(Protocol):
    """Makes the plastic. It keeps nothing: what it made is in the post."""

    async def engrave(self, serial: str, contents: dict[str, bytes], *, municipality: str) -> None:
        """Make a card with this memory for a municipality (six digits).

        The same serial again is the same card made again.
        """
        ...


@attrs.frozen(kw_only=True)
class Cards:
    """What every use case needs."""

    database: Database
    keys: PartyKeys
    directory: DirectoryCell
    caller: Caller
    clock: Clock
    entropy: Entropy
    space: NumberSpace
    locker: Locker
    certifier: Certifier
    issuing: Issuing
    factory: Factory
    draw: Callable[[], HolderKeys] = HolderKeys.draw

    def today(self) -> date:
        """Return the Japanese calendar day."""
        return legal_day(self.clock.now())

    def office(self, party: str) -> Entry:
        """Return a municipality in good standing; raises `NotAllowed` for any other caller."""
        entry = self.directory.current().active(party)
        if entry is None or entry.kind != "institution" or not party.startswith(OFFICE):
            raise NotAllowed("only a municipality in good standing may call this")
        return entry

    def open(self, sealed: Sealed, form: type[T], *, path: str) -> T:
        """Open what was sealed to cards for this door; raises `BadInput`."""
        try:
            payload = open_payload(sealed.payload, key=self.keys.payload, context=path.encode())
        except (NotSealedForUs, ValueError) as error:
            raise BadInput("not sealed to cards for this door", pointer="payload") from error
        return decode_strictly(payload, form)

    def seal(self, answer: msgspec.Struct, entry: Entry, *, path: str) -> Sealed:
        """Seal an answer to the office that asked."""
        payload = msgspec.json.encode(answer)
        return Sealed(seal_payload(payload, to=entry.keys.payload, context=path.encode()))

    async def ask_register(self, path: str, question: msgspec.Struct, reply: type[T]) -> T:
        """Ask register under seal. Raises `Refused`, `Unavailable`."""
        register = self.directory.current().active(REGISTER)
        if register is None:
            raise Unavailable("register is not in the directory")
        payload = seal_payload(
            msgspec.json.encode(question), to=register.keys.payload, context=path.encode()
        )
        answer, _ = await self.caller.call(REGISTER, path, Sealed(payload), Sealed)
        return self.open(answer, reply, path=path)

    async def journal(self, tx: Tx, act: str, actor: str, **detail: int | str) -> None:
        """Write the use case's one line; call it last."""
        line = journal.JournalLine(act=act, actor=actor, detail=detail)
        await journal.write(tx, line, at=self.clock.now())

    async def post(self, tx: Tx, letter: Letter) -> None:
        """Put a message to the certification authority into this transaction's outbox."""
        await outbox.put(
            tx,
            topic=letter.topic,
            destination=JPKI,
            body=letter.body,
            at=self.clock.now(),
        )


def municipality_of(office: str) -> str:
    """Return the six digits of a municipality from its name as a party."""
    return office.removeprefix(OFFICE)
