"""The core's use cases: one transaction and one journal line each, no network inside.

What it must never know: who a sealed person is, and what is provided about her.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import attrs
import msgspec

from kumihimo.kernel import journal, outbox
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.grace import Silence
from kumihimo.kernel.group import NotInGroup, Point, multiply, parse_point
from kumihimo.kernel.ids import is_id
from kumihimo.kernel.keys import PartyKeys, seal_payload
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, Conflict, NotAllowed
from kumihimo.kernel.sql import Database, Tx
from kumihimo.operations.graces import grace_of
from kumihimo.rooms.linkage import store
from kumihimo.rooms.linkage.api import (
    BATCH_MAX,
    LEDGER,
    PARTY,
    RECORDS_PATH,
    ROTATION_CONTEXT,
    BlindedBatch,
    Collected,
    Evaluated,
    Nothing,
    Received,
    RecordsDelivered,
    Rotated,
    Rotation,
)
from kumihimo.rooms.linkage.domain.judge import Law
from kumihimo.rooms.linkage.domain.keys import DomainKeys
from kumihimo.rooms.linkage.months import Months
from kumihimo.rooms.oversight.api import Directory

ACQUISITION_LIFETIME = timedelta(days=7)  # our choice; art. 21-2 says only "no longer than needed"
OLD_VERSION_GRACE = timedelta(hours=2)  # twice a permit's life, so no permit outlives its version


class DirectoryCell(Protocol):
    """Holds the latest verified directory."""

    def current(self) -> Directory:
        """Return it."""
        ...


class LawCell(Protocol):
    """Holds the positive list in force."""

    def current(self) -> Law:
        """Return it."""
        ...


@attrs.frozen
class Core:
    """What every use case of the core needs."""

    database: Database
    keys: PartyKeys
    domain_keys: DomainKeys
    directory: DirectoryCell
    law: LawCell
    clock: Clock
    entropy: Entropy
    ledger: Silence = attrs.field(factory=lambda: Silence(grace_of(PARTY, LEDGER)))
    months: Months = attrs.field(
        init=False, default=attrs.Factory(lambda core: Months(core.database), takes_self=True)
    )

    def require_kind(self, party: str, *kinds: str) -> None:
        """Raise `NotAllowed` unless the directory lists the party as one of these kinds."""
        entry = self.directory.current().active(party)
        if entry is None or entry.kind not in kinds:
            raise NotAllowed(f"only a party of kind {' or '.join(kinds)} may call this")


def require_batch(size: int, what: str) -> None:
    """Raise `BadInput` unless a batch has 1 to `BATCH_MAX` members."""
    if not 1 <= size <= BATCH_MAX:
        raise BadInput(f"a batch holds 1 to {BATCH_MAX} {what}", pointer=what)


async def take_blinded(core: Core, sender: Verified, batch: BlindedBatch) -> Received:
    """Register hands over blinded persons (step 2 of acquisition). Repeats change nothing."""
    core.require_kind(sender.sender, "register")
    require_batch(len(batch.blinded), "blinded")
    directory = core.directory.current()
    for index, blinded in enumerate(batch.blinded):
        if not is_id(blinded.acquisition):
            raise BadInput("not an acquisition number", pointer=f"blinded[{index}].acquisition")
        if directory.active(blinded.domain) is None:
            raise BadInput("no such domain", pointer=f"blinded[{index}].domain")
        _parse(blinded.point, f"blinded[{index}].point")
    now = core.clock.now()
    async with core.database.transaction() as tx:
        new = await store.add_acquisitions(
            tx,
            acquisitions=[b.acquisition for b in batch.blinded],
            domains=[b.domain for b in batch.blinded],
            points=[b.point for b in batch.blinded],
            expires_at=now + ACQUISITION_LIFETIME,
        )
        await _journal(core, tx, "acquisition-blinded", sender.sender, received=new)
    return Received(new)


def _parse(data: bytes, pointer: str) -> Point:
    try:
        return parse_point(data)
    except NotInGroup as error:
        raise BadInput("not a point of the group", pointer=pointer) from error


async def collect(core: Core, sender: Verified, numbers: Sequence[str]) -> Collected:
    """Give a domain what is ready for it (step 3): Y = b·X, never anybody else's.

    Repeatable until the number expires, so a lost answer costs nothing; the number of another
    domain looks like one that never came.
    """
    require_batch(len(numbers), "acquisitions")
    now = core.clock.now()
    domain = sender.sender
    async with core.database.transaction() as tx:
        version = (await store.domains(tx, [domain]))[domain].version
        rows = await store.acquisitions(tx, numbers)
        await _journal(core, tx, "acquisition-collected", domain, asked=len(numbers))
    secret = core.domain_keys.secret(domain, version)

    def evaluate(number: str) -> Evaluated:
        row = rows.get(number)
        if row is None or row.domain != domain:
            return Evaluated(acquisition=number, state="waiting")
        if row.expires_at <= now or row.point is None:
            return Evaluated(acquisition=number, state="expired")
        point = multiply(secret, Point(bytes(row.point)))
        return Evaluated(acquisition=number, state="ready", point=point, version=version)

    evaluated = await asyncio.to_thread(lambda: tuple(evaluate(number) for number in numbers))
    return Collected(evaluated)


async def expire_acquisitions(core: Core) -> int:
    """Forget acquisition numbers whose time is over (art. 21-2(4)); returns how many."""
    async with core.database.transaction() as tx:
        dropped = await store.spend_expired(tx, core.clock.now())
        if dropped:
            await _journal(core, tx, "acquisition-expired", core.keys.party, dropped=dropped)
    return dropped


async def begin_rotation(core: Core, sender: Verified, _: Nothing) -> Rotation:
    """Give a domain the one scalar that carries its codes to the next key version.

    Raises `Conflict` while an institution's last version is alive: questions and sheets that are
    under way may be one change behind, never two.
    """
    entry = core.directory.current().active(sender.sender)
    if entry is None:
        raise NotAllowed("only a party in good standing may rotate")
    async with core.database.transaction() as tx:
        row = await store.begin_rotation(tx, sender.sender)
        under_way = row.previous_until is not None and core.clock.now() < row.previous_until
        if entry.kind == "institution" and under_way:
            raise Conflict("the last change of this key ended less than two hours ago")
        await _journal(core, tx, "rotation-begun", sender.sender, version=row.version + 1)
    scalar = core.domain_keys.factor(sender.sender, row.version, sender.sender, row.version + 1)
    sealed = seal_payload(scalar.reveal(), to=entry.keys.payload, context=ROTATION_CONTEXT)
    return Rotation(old=row.version, new=row.version + 1, sealed_scalar=sealed)


async def finish_rotation(core: Core, sender: Verified, done: Rotated) -> Received:
    """Take a domain's word that all its codes are at the new version. Repeats change nothing."""
    until = core.clock.now() + OLD_VERSION_GRACE
    async with core.database.transaction() as tx:
        finished = await store.finish_rotation(tx, sender.sender, done.version, until)
        if finished:
            await _journal(core, tx, "rotation-finished", sender.sender, version=done.version)
    return Received(int(finished))


async def look_at_ledger(core: Core) -> int:
    """Take note of the records that wait for the ledger: how many letters, and since when."""
    async with core.database.transaction() as tx:
        found = [one for one in await outbox.waiting(tx) if one.destination == LEDGER]
    oldest = min((one.oldest for one in found), default=None)
    core.ledger.saw(oldest, sum(one.count for one in found))
    return 0


async def deliver_to_ledger(tx: Tx, delivered: RecordsDelivered, at: datetime) -> None:
    """Put records and ends for the ledger into the outbox of this transaction."""
    await outbox.put(
        tx,
        topic=RECORDS_PATH,
        destination=LEDGER,
        body=msgspec.json.encode(delivered),
        at=at,
    )


async def _journal(core: Core, tx: Tx, act: str, actor: str, **counts: int) -> None:
    line = journal.JournalLine(act=act, actor=actor, detail=dict(counts))
    await journal.write(tx, line, at=core.clock.now())
