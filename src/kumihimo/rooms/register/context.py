"""What register's use cases are given, and how what is sealed comes in and goes out."""

from datetime import date
from typing import Final, Protocol, TypeVar

import attrs
import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.clock import Clock, legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.grace import Silence
from kumihimo.kernel.keys import (
    Locker,
    NotSealedForUs,
    PartyKeys,
    open_payload,
    seal_payload,
)
from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.wire import decode_strictly
from kumihimo.operations.graces import grace_of
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import IndividualNumber
from kumihimo.rooms.oversight.api import Directory, Entry
from kumihimo.rooms.register.api import BATCH_MAX, PARTY, Sealed
from kumihimo.rooms.register.domain.blinding import Blinder
from kumihimo.rooms.register.domain.conversion import Conversion
from kumihimo.rooms.register.domain.quota import Counted, Limits
from kumihimo.rooms.register.domain.references import References

T = TypeVar("T")

LEDGER: Final = "ledger"


class DirectoryCell(Protocol):
    """Holds the latest verified directory."""

    def current(self) -> Directory:
        """Return it."""
        ...


@attrs.frozen(kw_only=True)
class Register:
    """What every use case needs. All its secrets come from `keys`, none from the database."""

    database: Database
    keys: PartyKeys
    directory: DirectoryCell
    clock: Clock
    entropy: Entropy
    space: NumberSpace
    limits: Limits
    acquisition_limits: Limits
    comparison_limits: Limits
    affairs: frozenset[str]
    blinder: Blinder
    conversion: Conversion
    locker: Locker
    references: References
    ledger: Silence = attrs.field(factory=lambda: Silence(grace_of(PARTY, LEDGER)))

    @classmethod
    def of(
        cls,
        *,
        database: Database,
        keys: PartyKeys,
        directory: DirectoryCell,
        clock: Clock,
        entropy: Entropy,
        space: NumberSpace,
        limits: Limits,
        affairs: frozenset[str],
        acquisition_limits: Limits | None = None,
        comparison_limits: Limits | None = None,
    ) -> "Register":
        """Build a register; `affairs` are the ids of 別表 that a strict inquiry may serve.

        A limit of None: as many as `limits`, and counted apart all the same.
        """
        return cls(
            database=database,
            keys=keys,
            directory=directory,
            clock=clock,
            entropy=entropy,
            space=space,
            limits=limits,
            acquisition_limits=acquisition_limits or limits,
            comparison_limits=comparison_limits or limits,
            affairs=affairs,
            blinder=Blinder.of(keys),
            conversion=Conversion(keys.secret("number-conversion")),
            locker=Locker.of(keys.secret("tags"), entropy),
            references=References(keys.secret("holder-references")),
        )

    def limits_of(self, counted: Counted) -> Limits:
        """Return how much of something an office may have."""
        match counted:
            case "inquiries":
                return self.limits
            case "acquisitions":
                return self.acquisition_limits
            case "comparisons":
                return self.comparison_limits

    def require_ledger(self) -> None:
        """Raise `LedgerSilent` when leaves of inquiries have waited for the log too long."""
        self.ledger.require(self.clock.now())

    def today(self) -> date:
        """Return the Japanese calendar day."""
        return legal_day(self.clock.now())

    def institution(self, party: str) -> Entry:
        """Return an institution in good standing; raises `NotAllowed` for any other caller."""
        entry = self.directory.current().active(party)
        if entry is None or entry.kind != "institution":
            raise NotAllowed("only an institution in good standing may call this")
        return entry

    def open(self, sealed: Sealed, form: type[T], *, path: str) -> T:
        """Open what was sealed to register for this door; raises `BadInput`."""
        try:
            payload = open_payload(sealed.payload, key=self.keys.payload, context=path.encode())
        except (NotSealedForUs, ValueError) as error:
            raise BadInput("not sealed to register for this door", pointer="payload") from error
        try:
            return decode_strictly(payload, form)
        except BadInput as refusal:
            place = refusal.pointer or "payload"
            raise BadInput(f"What was sealed: {refusal.detail}", pointer=place) from None

    def seal(self, answer: msgspec.Struct, entry: Entry, *, path: str) -> Sealed:
        """Seal an answer to the institution that asked."""
        payload = msgspec.json.encode(answer)
        return Sealed(seal_payload(payload, to=entry.keys.payload, context=path.encode()))

    def number(self, body: str) -> str:
        """Return the twelve digits of a number from its eleven."""
        return IndividualNumber.generate(body, space=self.space).reveal()

    def body(self, number: str) -> str | None:
        """Return the eleven digits of a number as written, or None when it is none of ours."""
        try:
            return IndividualNumber.parse(number, space=self.space).reveal()[:-1]
        except BadInput:
            return None

    async def journal(self, tx: Tx, act: str, actor: str, **detail: int | str) -> None:
        """Write the use case's one line; call it last."""
        line = journal.JournalLine(act=act, actor=actor, detail=detail)
        await journal.write(tx, line, at=self.clock.now())


def require_batch(size: int, what: str) -> None:
    """Raise `BadInput` unless a batch has 1 to `BATCH_MAX` members."""
    if not 1 <= size <= BATCH_MAX:
        raise BadInput(f"a batch holds 1 to {BATCH_MAX} {what}", pointer=what)
