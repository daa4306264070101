"""Register's half of the acquisition of codes (符号取得, Number Act art. 21-2).

It knows who and for which domain, hands linkage a point that tells nothing, and hands the domain
the blinding. The code that comes of it never comes here.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import attrs
import msgspec

from kumihimo.kernel import outbox
from kumihimo.kernel.ids import is_id, new_id
from kumihimo.kernel.keys import seal_payload
from kumihimo.kernel.message import key_id_of
from kumihimo.kernel.refusal import BadInput, NotFound, Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.linkage.api import BLINDED_PATH, LEDGER, Blinded, BlindedBatch
from kumihimo.rooms.linkage.api import PARTY as LINKAGE
from kumihimo.rooms.oversight.api import Entry
from kumihimo.rooms.register import store_asking as store
from kumihimo.rooms.register.api import (
    TICKET_PATH,
    AcquireBatch,
    DisclosureAsked,
    DisclosureTicket,
    Ticket,
    Tickets,
    ticket_signed_bytes,
)
from kumihimo.rooms.register.context import Register, require_batch
from kumihimo.rooms.register.identify import identify
from kumihimo.rooms.register.inquiries import spend

# Our choice: four times as long as the core keeps an acquisition number.
SEEN_FOR: Final = timedelta(days=28)


@attrs.frozen(repr=False)
class Begun:
    """One acquisition ready to be sent: its tags, the blinding r and the blinded point X."""

    acquisition: str
    tag: bytes
    binding: bytes
    blinding: bytes
    point: bytes


async def begin(register: Register, domain: str, batch: AcquireBatch) -> Tickets:
    """Begin acquisitions for the caller's own domain; answers in the order asked.

    A repeat gives the same ticket and sends nothing twice. An acquisition number that stands for
    another person or another domain is `duplicate`; a number that is nobody's now, a replaced
    one too, is `no-such-person`. The dead keep their number: their codes are needed after them.
    Raises `TooMany` past the office's quota: or it could try out which numbers are somebody's.
    """
    require_batch(len(batch.acquisitions), "acquisitions")
    register.institution(domain)
    for index, acquire in enumerate(batch.acquisitions):
        if not is_id(acquire.acquisition):
            pointer = f"acquisitions[{index}].acquisition"
            raise BadInput("an acquisition number is 22 characters of base64url", pointer=pointer)
    await spend(register, domain, len(batch.acquisitions), of="acquisitions")
    bodies = [register.body(acquire.number) or "" for acquire in batch.acquisitions]
    async with register.database.transaction() as tx:
        holders = await store.holders_of(tx, bodies)
    wanted = [
        (acquire.acquisition, holders[body].person)
        for acquire, body in zip(batch.acquisitions, bodies, strict=True)
        if body in holders
    ]
    begun = await asyncio.to_thread(_blind, register, domain, wanted)
    async with register.database.transaction() as tx:
        own, sent = await _send(register, tx, domain, begun)
        await register.journal(
            tx, "acquisition-begun", domain, asked=len(batch.acquisitions), sent=sent
        )
    tickets = iter(begun)
    return Tickets(
        tuple(
            _ticket(acquire.acquisition, next(tickets) if body in holders else None, own)
            for acquire, body in zip(batch.acquisitions, bodies, strict=True)
        )
    )


def _ticket(acquisition: str, begun: Begun | None, own: frozenset[tuple[bytes, bytes]]) -> Ticket:
    if begun is None:
        return Ticket(acquisition=acquisition, state="no-such-person")
    if (begun.tag, begun.binding) not in own:
        return Ticket(acquisition=acquisition, state="duplicate")
    return Ticket(acquisition=acquisition, state="begun", blinding=begun.blinding)


def _blind(register: Register, domain: str, wanted: Sequence[tuple[str, int]]) -> list[Begun]:
    return [_blind_one(register, domain, t, person) for t, person in wanted]


def _blind_one(register: Register, domain: str, acquisition: str, person: int) -> Begun:
    blinding, point = register.blinder.blind(acquisition, domain, person)
    binding = f"{acquisition}\n{domain}\n{person}".encode()
    return Begun(
        acquisition=acquisition,
        tag=register.locker.tag(acquisition.encode(), label=b"acquisition"),
        binding=register.locker.tag(binding, label=b"acquisition-binding"),
        blinding=blinding.reveal(),
        point=point,
    )


async def _send(
    register: Register, tx: Tx, domain: str, begun: Sequence[Begun]
) -> tuple[frozenset[tuple[bytes, bytes]], int]:
    """Mark the numbers as used, put the new ones on their way; which (tag, binding) hold, how many."""
    new, known = await store.see(
        tx, [b.tag for b in begun], [b.binding for b in begun], on=register.today()
    )
    leaving = {b.tag: b for b in begun if b.tag in new and known[b.tag] == b.binding}
    blinded = tuple(
        Blinded(acquisition=b.acquisition, domain=domain, point=b.point) for b in leaving.values()
    )
    if blinded:
        await outbox.put(
            tx,
            topic=BLINDED_PATH,
            destination=LINKAGE,
            body=msgspec.json.encode(BlindedBatch(blinded)),
            at=register.clock.now(),
        )
    return frozenset(known.items()), len(blinded)


async def ticket(register: Register, counter: str, asked: DisclosureAsked) -> DisclosureTicket:
    """Give a person whom a counter has identified her ticket to the ledger.

    The ticket is sealed to the ledger (context: `TICKET_PATH`; content: JSON `Ticket`), so the
    counter cannot read her records with it. Raises `NotFound` unless number and all four
    attributes fit, and `TooMany` past the counter's quota.
    """
    register.institution(counter)
    ledger = require_ledger(register)
    await spend(register, counter, 1)
    async with register.database.transaction() as tx:
        person = await identify(register, tx, asked)
        begun = await begin_for(register, tx, person)
        await register.journal(tx, "ticket-asked", counter, given=int(begun is not None))
    if begun is None:
        raise NotFound
    return sealed_ticket(register, begun, ledger)


def require_ledger(register: Register) -> Entry:
    """Return the ledger's entry; raises `Unavailable` where none is in good standing."""
    ledger = register.directory.current().active(LEDGER)
    if ledger is None:
        raise Unavailable("the directory lists no ledger in good standing")
    return ledger


async def begin_for(register: Register, tx: Tx, person: int | None) -> Begun | None:
    """Begin the ledger's acquisition of a person's code; None for nobody."""
    if person is None:
        return None
    begun = _blind_one(register, LEDGER, new_id(register.entropy), person)
    await _send(register, tx, LEDGER, [begun])
    return begun


def sealed_ticket(register: Register, begun: Begun, ledger: Entry) -> DisclosureTicket:
    """Return the ticket, signed and sealed to the ledger."""
    inside = _signed(
        register, Ticket(acquisition=begun.acquisition, state="begun", blinding=begun.blinding)
    )
    sealed = seal_payload(
        msgspec.json.encode(inside), to=ledger.keys.payload, context=TICKET_PATH.encode()
    )
    return DisclosureTicket(acquisition=begun.acquisition, sealed=sealed)


def _signed(register: Register, ticket: Ticket) -> Ticket:
    keys = register.keys
    return msgspec.structs.replace(
        ticket,
        key_id=key_id_of(keys.party, keys.public.signing),
        signature=keys.signing.sign(ticket_signed_bytes(ticket)),
    )


async def forget(register: Register) -> int:
    """Drop the traces of acquisition numbers whose time is over (art. 21-2(4))."""
    async with register.database.transaction() as tx:
        dropped = await store.forget_seen(tx, register.today() - SEEN_FOR)
        if dropped:
            await register.journal(
                tx, "acquisition-forgotten", register.keys.party, dropped=dropped
            )
    return dropped
