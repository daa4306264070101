"""Acquiring codes for the persons of an institution, in batches, beside the requests.

Each step is a transaction of its own around a repeatable question, so a crash or a lost answer
between two steps is made good by the next round: the same acquisition number gives the same
ticket from register and the same point from the core.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import attrs
import msgspec

from kumihimo.kernel import journal, turns
from kumihimo.kernel.group import (
    NotInGroup,
    Point,
    Scalar,
    invert,
    multiply,
    parse_point,
    parse_scalar,
)
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import store_persons as store
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.acquisition import START_AGAIN, after
from kumihimo.rooms.gateway.numbers import VaultEntry, ask_sealed
from kumihimo.rooms.gateway.persons import unknown_addressee, vault_label
from kumihimo.rooms.gateway.rotation import hold, steps_of
from kumihimo.rooms.gateway.store_persons import Waiting
from kumihimo.rooms.linkage import api as linkage
from kumihimo.rooms.register import api as register

# Our choice: a day less than the core keeps an acquisition number, so we never ask for one that
# it has forgotten.
LIFETIME: Final = timedelta(days=6)
SAME_PERSON: Final = "same-person-twice"
TURN: Final = timedelta(seconds=120)  # twice what both calls of a round may take
QUOTA_REST: Final = timedelta(minutes=1)  # register counts by the minute


@attrs.frozen
class _Bound:
    """A code that came of an acquisition."""

    acquisition: str
    person: str
    version: int
    code: bytes


async def run_once(gateway: Gateway, tenant: Tenant) -> int:
    """Take every waiting person one step further; returns how many moved.

    Processes of a gateway take turns at an institution: a step that two of them take at once does
    no harm, and would be asked of register twice. Past its quota at register an institution rests
    for a minute. Raises `Unavailable` when register or the core does not answer; what was done
    stays done.
    """
    moved = await expire(gateway, tenant)
    moved += await _sequence(gateway, tenant)
    what, now = f"acquiring|{tenant.institution}", gateway.clock.now()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        ours = await store.anybody_waits(tx) and await turns.take(
            tx, what, at=now, until=now + TURN
        )
    if not ours:
        return moved
    rest = timedelta(0)
    try:
        try:
            moved += await _request(gateway, tenant)
        except Refused as refusal:
            if not refusal.later:
                raise
            rest = QUOTA_REST
        return moved + await _collect(gateway, tenant)
    finally:
        async with gateway.database.transaction(institution=tenant.institution) as tx:
            await turns.end(tx, what, taken_until=now + TURN, at=gateway.clock.now() + rest)
            if rest:
                await _journal(gateway, tenant, tx, "acquisition-postponed")


async def expire(gateway: Gateway, tenant: Tenant) -> int:
    """Forget acquisition numbers whose time is over; their persons begin again."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        overdue = await store.overdue(tx, gateway.today())
        if overdue:
            await _drop(tx, overdue, old="SEQUENCED", new=after("SEQUENCED", "expire"))
            await _drop(tx, overdue, old="REQUESTED", new=after("REQUESTED", "expire"))
            await _journal(gateway, tenant, tx, "acquisition-expired", expired=len(overdue))
    return len(overdue)


async def _drop(
    tx: Tx, waiting: Sequence[Waiting], *, old: str, new: str, because: str = ""
) -> None:
    await store.move(tx, [w.person for w in waiting], old=old, new=new, because=because)
    await store.forget(tx, [w.acquisition for w in waiting])


async def _sequence(gateway: Gateway, tenant: Tenant) -> int:
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        persons = await store.lock_unsequenced(tx, START_AGAIN, linkage.BATCH_MAX)
        if persons:
            numbers = [new_id(gateway.entropy) for _ in persons]
            until = gateway.today() + LIFETIME
            await store.sequence(tx, tenant.institution, numbers, persons, until)
            for old in START_AGAIN:
                await store.move(tx, persons, old=old, new=after(old, "sequence"))
            await _journal(gateway, tenant, tx, "acquisition-sequenced", sequenced=len(persons))
    return len(persons)


async def _request(gateway: Gateway, tenant: Tenant) -> int:
    """Ask register to begin; it hands the core a blinded point and us the blinding."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        waiting = await store.waiting(tx, "SEQUENCED", linkage.BATCH_MAX)
    if not waiting:
        return 0
    batch = await asyncio.to_thread(_batch, tenant, waiting)
    answer = await ask_sealed(gateway, tenant, register.ACQUIRE_PATH, batch, register.Tickets)
    tickets = {ticket.acquisition: ticket for ticket in answer.tickets}
    begun = [w for w in waiting if _state(tickets, w) == "begun" and _is_blinding(tickets, w)]
    unknown = [w for w in waiting if _state(tickets, w) == "no-such-person"]
    used = [w for w in waiting if _state(tickets, w) == "duplicate"]
    locked = [
        tenant.locker.lock(tickets[w.acquisition].blinding, label=_label(tenant, w.acquisition))
        for w in begun
    ]
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        await store.keep_blindings(tx, [w.acquisition for w in begun], locked)
        requested = after("SEQUENCED", "request")
        moved = await store.move(tx, [w.person for w in begun], old="SEQUENCED", new=requested)
        await _drop(
            tx,
            unknown,
            old="SEQUENCED",
            new=after("SEQUENCED", "reject"),
            because="no-such-person",
        )
        await _drop(tx, used, old="SEQUENCED", new=after("SEQUENCED", "duplicate"))
        await _journal(
            gateway, tenant, tx, "acquisition-requested", begun=moved, unknown=len(unknown)
        )
    return len(begun) + len(unknown) + len(used)


def _state(tickets: dict[str, register.Ticket], waiting: Waiting) -> str:
    ticket = tickets.get(waiting.acquisition)
    return ticket.state if ticket else ""


def _is_blinding(tickets: dict[str, register.Ticket], waiting: Waiting) -> bool:
    try:
        parse_scalar(tickets[waiting.acquisition].blinding)
    except NotInGroup:
        return False
    return True


def _batch(tenant: Tenant, waiting: Sequence[Waiting]) -> register.AcquireBatch:
    return register.AcquireBatch(
        acquisitions=tuple(
            register.Acquire(acquisition=w.acquisition, number=_number(tenant, w)) for w in waiting
        )
    )


def _number(tenant: Tenant, waiting: Waiting) -> str:
    assert waiting.vault is not None, "only persons with a number are sequenced"
    content = tenant.locker.unlock(waiting.vault, label=vault_label(tenant, waiting.person))
    return msgspec.json.decode(content, type=VaultEntry).number


def _label(tenant: Tenant, acquisition: str) -> bytes:
    return f"{tenant.institution}|blinding|{acquisition}".encode()


async def _collect(gateway: Gateway, tenant: Tenant) -> int:
    """Fetch the core's half and take the blinding off: C = r⁻¹·Y. Only here the code appears."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        waiting = await store.waiting(tx, "REQUESTED", linkage.BATCH_MAX)
    if not waiting:
        return 0
    question = linkage.Collect(tuple(w.acquisition for w in waiting))
    answer, _ = await gateway.caller(tenant).call(
        linkage.PARTY, linkage.COLLECT_PATH, question, linkage.Collected
    )
    evaluated = {e.acquisition: e for e in answer.evaluated}
    ready = [w for w in waiting if _evaluation(evaluated, w) == "ready"]
    over = [w for w in waiting if _evaluation(evaluated, w) in {"expired", "spent"}]
    codes = await asyncio.to_thread(_unblind, tenant, ready, evaluated)
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        if codes:
            await _bind(gateway, tenant, tx, codes)
        if over:
            await _drop(tx, over, old="REQUESTED", new=after("REQUESTED", "expire"))
            await _journal(gateway, tenant, tx, "acquisition-expired", expired=len(over))
    return len(codes) + len(over)


def _evaluation(evaluated: dict[str, linkage.Evaluated], waiting: Waiting) -> str:
    found = evaluated.get(waiting.acquisition)
    return found.state if found else "waiting"


def _unblind(
    tenant: Tenant, ready: Sequence[Waiting], evaluated: dict[str, linkage.Evaluated]
) -> list[_Bound]:
    found: list[_Bound] = []
    for one in ready:
        assert one.blinding is not None, "a requested acquisition has its blinding"
        secret = Scalar(tenant.locker.unlock(one.blinding, label=_label(tenant, one.acquisition)))
        y = evaluated[one.acquisition]
        code = multiply(invert(secret), parse_point(y.point))
        found.append(_Bound(one.acquisition, one.person, y.version, code))
    return found


async def _bind(gateway: Gateway, tenant: Tenant, tx: Tx, codes: Sequence[_Bound]) -> None:
    """Write codes. Two integrated ids with one code are one person: a human must merge them."""
    codes = await _at_the_present_key(tenant, tx, codes)
    received = after("REQUESTED", "receive")
    assert after(received, "bind") == "BOUND", "what is received is bound in the same transaction"
    taken = await store.holders_of_codes(tx, [(b.version, b.code) for b in codes])
    fresh: dict[bytes, _Bound] = {}
    twice: list[_Bound] = []
    for one in codes:
        if taken.get(one.code, one.person) != one.person or one.code in fresh:
            twice.append(one)
        else:
            fresh[one.code] = one
    bound = list(fresh.values())
    new = await store.bind(tx, [b.person for b in bound], [(b.version, b.code) for b in bound])
    persons = [b.person for b in twice]
    rejected = after(received, "reject")
    await store.move(tx, persons, old="REQUESTED", new=rejected, because=SAME_PERSON)
    await store.forget(tx, [b.acquisition for b in codes])
    await _journal(gateway, tenant, tx, "codes-bound", bound=new, twice=len(twice))


async def _at_the_present_key(tenant: Tenant, tx: Tx, codes: Sequence[_Bound]) -> list[_Bound]:
    """Carry codes that the core gave under a key that is being changed, so none stays behind."""
    await hold(tx, tenant)
    steps = {step.old: step for step in await steps_of(tx, tenant)}
    return [
        attrs.evolve(
            one,
            version=steps[one.version].new,
            code=multiply(steps[one.version].scalar, Point(one.code)),
        )
        if one.version in steps
        else one
        for one in codes
    ]


async def retry(gateway: Gateway, tenant: Tenant, addressee: str) -> None:
    """Begin a rejected acquisition again, after a person has looked; raises `NotFound`."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        person = (await store.by_addressee(tx, [addressee])).get(addressee)
        if person is None:
            raise unknown_addressee("addressee")
        again = await store.move(tx, [person], old="REJECTED", new=after("REJECTED", "retry"))
        if not again:
            raise NotFound("this person's acquisition was not rejected", pointer="addressee")
        await _journal(gateway, tenant, tx, "acquisition-retried", persons=again)


async def _journal(gateway: Gateway, tenant: Tenant, tx: Tx, act: str, **counts: int) -> None:
    line = journal.JournalLine(act=act, actor=tenant.institution, detail=dict(counts))
    await journal.write(tx, line, at=gateway.clock.now())
