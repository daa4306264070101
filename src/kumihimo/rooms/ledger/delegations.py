"""One person reads for another (委任, 代理): each time by a record that the one who gave it reads.

The proxy comes in her own session, by her own card, and shows the delegation's secret, which her
portal keeps and this database does not. Whoever showed it first holds it. She reads what the person
herself would read, by the same queries: what is hidden from the one (不開示) is hidden from the other,
in lists, in counts and in how much work it is. What must never stand here: who acts for whom.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.group import Point
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import NotFound, TooMany
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.ledger import cursors, notices, own, service
from kumihimo.rooms.ledger import store_delegations as store
from kumihimo.rooms.ledger.api import (
    ActFor,
    ActsFor,
    AskOwn,
    DelegatedActs,
    DelegatedRead,
    DelegationGiven,
    EndDelegation,
    GiveDelegation,
)
from kumihimo.rooms.ledger.context import Ledger, held_steps
from kumihimo.rooms.ledger.domain.codes import Coded, Step, candidates, carried
from kumihimo.rooms.ledger.domain.delegations import OPEN_MAX, Span, is_good, purpose_of
from kumihimo.rooms.ledger.own import Asker
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.ledger.store import Wanted
from kumihimo.rooms.ledger.store_delegations import DelegationRow
from kumihimo.rooms.linkage.api import Received
from kumihimo.statute.delegated import delegated_purposes

PAGE: Final = 20
_SECRET_BYTES: Final = 32


async def give(ledger: Ledger, person: Person, asked: GiveDelegation) -> DelegationGiven:
    """Let whoever will hold the secret read one thing for a person. Raises `BadInput`, `TooMany`."""
    now = ledger.clock.now()
    today = legal_day(now)
    purpose_of(asked.purpose, until=asked.until, today=today)
    secret = base64.urlsafe_b64encode(ledger.entropy.bytes(_SECRET_BYTES)).rstrip(b"=").decode()
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        if await store.count_open(tx, candidates(person.code, steps), today) >= OPEN_MAX:
            raise TooMany(f"no more than {OPEN_MAX} delegations at a time")
        code = carried(person.code, steps)
        row = DelegationRow(
            delegation=new_id(ledger.entropy),
            person=bytes(code.code),
            version=code.version,
            purpose=asked.purpose,
            secret_hash=_hash(secret),
            given_on=today,
            until=asked.until,
        )
        await store.add(tx, row)
        await _journal(ledger, tx, "delegation-given")
    return DelegationGiven(delegation=row.delegation, secret=secret)


async def act(asker: Asker, proxy: Person, asked: ActFor) -> DelegatedRead:
    """Read for somebody; the record of it stands before anything is told.

    One `NotFound` for a secret that is none, of a delegation that is over or was ended, and of one
    that somebody else holds. Raises what reading for oneself raises.
    """
    ledger = asker.ledger
    now = ledger.clock.now()
    after = cursors.read(asked.cursor) if asked.cursor else None
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        found = await _held(ledger, tx, proxy, [asked.secret], steps)
        row = next((one for one in found if is_good(_span(one), legal_day(now))), None)
        if row is None:
            raise NotFound("no delegation of yours that is good today")
        await store.add_act(tx, new_id(ledger.entropy), row.delegation, now)
        await _journal(ledger, tx, "acted-for")
    purpose = delegated_purposes()[row.purpose]
    person = _instead(row, proxy, asked.secret)
    match purpose.reads:
        case "records":
            wanted = Wanted(after=after, limit=PAGE)
            records = await service.my_records(ledger, person.code, wanted)
            return DelegatedRead(purpose=row.purpose, records=records)
        case "notices":
            return DelegatedRead(purpose=row.purpose, notices=await notices.mine(ledger, person))
        case "information":
            if asked.ask:
                told = await own.ask(asker, person, AskOwn(purpose.information))
            else:
                told = await own.read(ledger, person)
            return DelegatedRead(purpose=row.purpose, own=told)


def _instead(row: DelegationRow, proxy: Person, secret: str) -> Person:
    """Return the one who gave it, in a session that is the proxy's: what it keeps opens to her alone."""
    token = f"{proxy.token.reveal()} {secret}"
    return Person(
        code=Coded(row.version, Point(bytes(row.person))),
        token=Withheld(token),
        token_hash=_hash(token),
        until=proxy.until,
    )


async def acts_for(ledger: Ledger, proxy: Person, asked: ActsFor) -> DelegatedActs:
    """Return what a proxy read by delegations that she holds, those that are over, too."""
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        found = await _held(ledger, tx, proxy, asked.secrets, steps)
        rows = await store.acts_by(tx, [one.delegation for one in found], service.ACTS_MAX)
        await _journal(ledger, tx, "own-acts-read", rows=len(rows))
    return DelegatedActs(service.acts_told(rows))


async def acts_on(ledger: Ledger, person: Person) -> DelegatedActs:
    """Return what others read for a person."""
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        rows = await store.acts_on(tx, candidates(person.code, steps), service.ACTS_MAX)
        await _journal(ledger, tx, "acts-read", rows=len(rows))
    return DelegatedActs(service.acts_told(rows))


async def end(ledger: Ledger, asked: EndDelegation) -> Received:
    """End a delegation; who has its secret may, and a repeat changes nothing."""
    async with ledger.database.transaction() as tx:
        ended = await store.end(tx, _hash(asked.secret), legal_day(ledger.clock.now()))
        if ended:
            await _journal(ledger, tx, "delegation-ended")
    return Received(ended)


async def _held(
    ledger: Ledger, tx: Tx, proxy: Person, secrets: Sequence[str], steps: Sequence[Step]
) -> list[DelegationRow]:
    """Return the delegations that this proxy holds; one that nobody held yet is hers from now on.

    Nobody is her own proxy. After a change of key the tag is written anew under her present code.
    """
    codes = [bytes(one) for one in candidates(proxy.code, steps)]
    present = bytes(carried(proxy.code, steps).code)
    of = {_hash(one): one for one in secrets}
    held: list[DelegationRow] = []
    for row in await store.by_secrets(tx, list(of)):
        secret = of[bytes(row.secret_hash)]
        known = [_tag(ledger, secret, one) for one in codes]
        mine = row.proxy_tag is None or bytes(row.proxy_tag) in known
        if bytes(row.person) in codes or not mine:
            continue
        tag = _tag(ledger, secret, present)
        if row.proxy_tag is None or bytes(row.proxy_tag) != tag:
            await store.hold(tx, row.delegation, tag)
        held.append(attrs.evolve(row, proxy_tag=tag))
    return held


def _tag(ledger: Ledger, secret: str, code: bytes) -> bytes:
    return ledger.locker("delegations").tag(code, label=b"proxy" + secret.encode())


def _span(row: DelegationRow) -> Span:
    return Span(given_on=row.given_on, until=row.until, ended_on=row.ended_on)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def _journal(ledger: Ledger, tx: Tx, act: str, **counts: int) -> None:
    line = journal.JournalLine(act=act, actor="person", detail=dict(counts))
    await journal.write(tx, line, at=ledger.clock.now())
