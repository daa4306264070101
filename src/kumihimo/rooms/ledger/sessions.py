"""A person's session at the ledger: opened by a ticket that register signed and sealed to it.

The ticket holds an acquisition number and a blinding; with the core's half it gives the ledger
its own code of the person, and nothing else. So the ledger knows that somebody may read these
records, and never who she is. Anybody can seal something to the ledger: the signature inside keeps
the core from being asked in vain.
"""

import base64
import hashlib
import re
from datetime import datetime, timedelta
from typing import Final

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.group import NotInGroup, Point, invert, multiply, parse_point, parse_scalar
from kumihimo.kernel.keys import NotSealedForUs, open_payload
from kumihimo.kernel.message import KeyBook
from kumihimo.kernel.net import Caller
from kumihimo.kernel.refusal import BadInput, NotAuthentic, NotFound, Unavailable
from kumihimo.kernel.tracker import user_code
from kumihimo.kernel.wire import decode_strictly
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.ledger import store, store_own
from kumihimo.rooms.ledger.api import OpenSession, Session
from kumihimo.rooms.ledger.context import Ledger, held_steps
from kumihimo.rooms.ledger.domain.codes import Coded, carried
from kumihimo.rooms.linkage import api as linkage
from kumihimo.rooms.register.api import TICKET_PATH, Ticket, verify_ticket

LIFETIME: Final = timedelta(minutes=15)  # our choice
TICKET_TRACE: Final = timedelta(days=28)  # as long as register remembers an acquisition number
_TOKEN_BYTES: Final = 32
_BEARER = re.compile(r"Bearer ([A-Za-z0-9_-]{43})")


@attrs.frozen(kw_only=True, repr=False)
class Person:
    """Whoever shows a valid token: the ledger's code of her, the token, and when it is over."""

    code: Coded
    token: Withheld[str]
    token_hash: bytes
    until: datetime


async def open_session(ledger: Ledger, caller: Caller, asked: OpenSession) -> Session:
    """Open a session with a ticket, once.

    Raises the same `NotAuthentic` for a forged ticket, one of another number and one that was used;
    `NotFound` for one whose time is over; `Unavailable` while the core has no half of it yet.
    """
    ticket = _read(ledger, asked, caller.book)
    answer, _ = await caller.call(
        linkage.PARTY,
        linkage.COLLECT_PATH,
        linkage.Collect((ticket.acquisition,)),
        linkage.Collected,
    )
    evaluated = answer.evaluated[0]
    if evaluated.state == "waiting":
        raise Unavailable("the ticket is not ready yet; try again in a moment")
    if evaluated.state != "ready":
        raise NotFound("the time of this ticket is over; ask for another at a counter")
    code = multiply(invert(parse_scalar(ticket.blinding)), parse_point(evaluated.point))
    person = Coded(evaluated.version, code)
    now = ledger.clock.now()
    token = base64.urlsafe_b64encode(ledger.entropy.bytes(_TOKEN_BYTES)).rstrip(b"=").decode()
    tag = _tag(ledger, ticket.acquisition)
    async with ledger.database.transaction() as tx:
        fresh = await store.use_ticket(tx, tag, legal_day(now))
        if fresh:
            steps = await held_steps(ledger, tx)
            await store.add_session(tx, _hash(token), carried(person, steps), now + LIFETIME)
        act = "session-opened" if fresh else "ticket-refused"
        await journal.write(
            tx,
            journal.JournalLine(act=act, actor="person", detail={"sessions": int(fresh)}),
            at=now,
        )
    if not fresh:
        raise NotAuthentic
    return Session(token=token, expires_at=now + LIFETIME, user_code=user_code(token))


def _read(ledger: Ledger, asked: OpenSession, book: KeyBook) -> Ticket:
    try:
        content = open_payload(asked.sealed, key=ledger.keys.payload, context=TICKET_PATH.encode())
        ticket = decode_strictly(content, Ticket)
        parse_scalar(ticket.blinding)
    except (NotSealedForUs, NotInGroup, BadInput, ValueError):
        raise NotAuthentic from None
    if ticket.acquisition != asked.acquisition or ticket.state != "begun":
        raise NotAuthentic
    verify_ticket(ticket, book)
    return ticket


def _tag(ledger: Ledger, acquisition: str) -> bytes:
    return ledger.locker("tickets").tag(acquisition.encode(), label=b"ticket")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def authenticate(ledger: Ledger, authorization: str) -> Person:
    """Return who shows a token; one `NotAuthentic` for none, a bad one and one that is over."""
    found = _BEARER.fullmatch(authorization)
    if found is None:
        raise NotAuthentic
    token_hash = _hash(found[1])
    row = await store.session(ledger.database, token_hash, ledger.clock.now())
    if row is None:
        raise NotAuthentic
    return Person(
        code=Coded(row.version, Point(bytes(row.person))),
        token=Withheld(found[1]),
        token_hash=token_hash,
        until=row.expires_at,
    )


def name_of(person: Person) -> str:
    """Name a session where its calls are counted: in the memory of this process alone."""
    return person.token_hash.hex()


async def close(ledger: Ledger, person: Person) -> None:
    """End a session."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        await store.end_session(tx, person.token_hash)
        await store_own.close(tx, person.token_hash, now)
        line = journal.JournalLine(act="session-closed", actor="person", detail={"sessions": 1})
        await journal.write(tx, line, at=now)


async def forget(ledger: Ledger) -> int:
    """Drop sessions that are over and the traces of old tickets."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        dropped = await store.forget_sessions(tx, now, legal_day(now) - TICKET_TRACE)
        if dropped:
            line = journal.JournalLine(
                act="sessions-forgotten", actor=ledger.keys.party, detail={"rows": dropped}
            )
            await journal.write(tx, line, at=now)
    return dropped
