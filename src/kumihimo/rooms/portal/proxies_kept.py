"""Delegations as the database has them: locked, with what both sides are told of each change.

Whatever changes goes through `save`, so nothing changes without a word to both.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal

import attrs
import msgspec

from kumihimo.kernel.ids import ID_BYTES, id_of, new_id
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.portal import store_proxies as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.domain.delegations import (
    CHECK_EVERY,
    GOOD_FOR,
    Delegation,
    Side,
    State,
    Who,
    Why,
    settled,
)
from kumihimo.rooms.portal.proving import Evidence
from kumihimo.rooms.portal.store_proxies import DelegationRow, PartRow, WordRow

Kind = Literal["begun", "ended", "suspended", "restored", "acted"]

KEPT_FOR: Final = timedelta(days=366)  # our choice: after its last day, so that both can look back
WORD_KEPT_FOR: Final = timedelta(days=93)  # our choice
LISTED_MAX: Final = 100
_BLOCK: Final = 256
_MOVED: Final[dict[tuple[State, State], Kind]] = {
    ("offered", "active"): "begun",
    ("offered", "ended"): "ended",
    ("active", "ended"): "ended",
    ("suspended", "ended"): "ended",
    ("active", "suspended"): "suspended",
    ("suspended", "active"): "restored",
}


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    purpose: str
    opener: Side
    principal: Who | None
    proxy: Who | None
    why: Why
    ledger: str
    secret: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One side's part: of what, as which side, what she calls the other, what her card signed.

    `certificate` is jpki's name, for this portal alone, of the certificate that signed last.
    """

    delegation: str
    side: Side
    label: str
    certificate: str
    evidence: tuple[Evidence, ...]


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is told of her part: what happened, when, and by whom it was ended."""

    part: str
    kind: Kind
    at: datetime
    why: Why = ""


def tag_of(portal: Portal, code: str) -> bytes:
    """Return what a code is found by."""
    return portal.locker.tag(code.encode(), label=b"delegation code")


async def add(portal: Portal, tx: Tx, one: Delegation, code: str) -> None:
    """Write a new delegation down, under its code."""
    row = attrs.evolve(_row(portal, one), code_tag=tag_of(portal, code))
    await store.add(tx, row)


async def load(portal: Portal, tx: Tx, name: str) -> Delegation | None:
    """Return a delegation as time has left it, alone with it; what time did is written down."""
    return await _settled(portal, tx, await store.find(tx, name))


async def by_code(portal: Portal, tx: Tx, code: str) -> Delegation | None:
    """Return what waits under a code."""
    return await _settled(portal, tx, await store.by_code(tx, tag_of(portal, code)))


async def _settled(portal: Portal, tx: Tx, row: DelegationRow | None) -> Delegation | None:
    if row is None:
        return None
    found = opened(portal, row)
    now = settled(found, now=portal.clock.now(), today=portal.today())
    if now != found:
        await save(portal, tx, found, now)
    return now


async def save(portal: Portal, tx: Tx, before: Delegation, after: Delegation) -> None:
    """Write down what became of a delegation, and tell both sides of it."""
    await store.save(tx, _row(portal, after))
    kind = _MOVED.get((before.state, after.state))
    sides = [one for one in (after.principal, after.proxy) if one is not None]
    if after.state == "ended":
        await store.look_no_more(tx, [one.part for one in sides])
    if kind is not None:
        for one in sides:
            word = Word(part=one.part, kind=kind, at=portal.clock.now(), why=after.why)
            await tell(portal, tx, one, word, name=new_id(portal.entropy))


async def tell(portal: Portal, tx: Tx, who: Who, word: Word, *, name: str) -> None:
    """Tell somebody something; what has the same name is told once."""
    content = portal.locker.lock(
        msgspec.json.encode(word), label=_label("word", name), block=_BLOCK
    )
    row = WordRow(
        word=name,
        account=who.account,
        content_locked=content,
        seen=False,
        forget_on=_first_of_month(portal.today() + WORD_KEPT_FOR),
    )
    await store.tell(tx, row)


def once_a_day(portal: Portal, one: Delegation) -> str:
    """Return the name of a word that is told once a day of a delegation."""
    said = f"{one.delegation} {portal.today()}".encode()
    return id_of(portal.locker.tag(said, label=b"acted")[:ID_BYTES])


async def put_part(
    portal: Portal, tx: Tx, who: Who, content: Part, until: date, *, looking: bool = True
) -> None:
    """Write one side's part down; her card has just signed, so its certificate is good now."""
    now = portal.clock.now()
    locked = portal.locker.lock(
        msgspec.json.encode(content), label=_label("part", who.part), block=_BLOCK
    )
    row = PartRow(
        part=who.part,
        account=who.account,
        content_locked=locked,
        check_at=next_look(portal, now) if looking else None,
        good_until=now + GOOD_FOR,
        forget_on=_first_of_month(until + KEPT_FOR),
    )
    await store.put_part(tx, row)


def next_look(portal: Portal, now: datetime) -> datetime:
    """Return when a certificate is looked at next: not in step with that of the other side."""
    drawn = int.from_bytes(portal.entropy.bytes(2), "big") / 0xFFFF
    return now + CHECK_EVERY * (0.5 + drawn)


def part_of(portal: Portal, row: PartRow) -> Part:
    """Return what a part is of."""
    plain = portal.locker.unlock(bytes(row.content_locked), label=_label("part", row.part))
    return msgspec.json.decode(plain, type=Part)


def opened(portal: Portal, row: DelegationRow) -> Delegation:
    """Return a delegation as it was written down."""
    plain = portal.locker.unlock(bytes(row.content_locked), label=_label("own", row.delegation))
    content = msgspec.json.decode(plain, type=_Content)
    return Delegation(
        delegation=row.delegation,
        state=msgspec.convert(row.state, State),
        purpose=content.purpose,
        until=row.until,
        opener=content.opener,
        principal=content.principal,
        proxy=content.proxy,
        code_until=row.code_until,
        why=content.why,
        ledger=content.ledger,
        secret=content.secret,
    )


async def words_of(portal: Portal, tx: Tx, account: str) -> Sequence[tuple[Word, WordRow]]:
    """Return what somebody was told, the latest first."""
    rows = await store.words_of(tx, account, LISTED_MAX)
    found = [(_word(portal, row), row) for row in rows]
    return sorted(found, key=lambda one: one[0].at, reverse=True)


def _word(portal: Portal, row: WordRow) -> Word:
    plain = portal.locker.unlock(bytes(row.content_locked), label=_label("word", row.word))
    return msgspec.json.decode(plain, type=Word)


def _row(portal: Portal, one: Delegation) -> DelegationRow:
    content = _Content(
        purpose=one.purpose,
        opener=one.opener,
        principal=one.principal,
        proxy=one.proxy,
        why=one.why,
        ledger=one.ledger,
        secret=one.secret,
    )
    locked = portal.locker.lock(
        msgspec.json.encode(content), label=_label("own", one.delegation), block=_BLOCK
    )
    return DelegationRow(
        delegation=one.delegation,
        state=one.state,
        content_locked=locked,
        code_tag=None,
        code_until=one.code_until,
        until=one.until,
        forget_on=_first_of_month(one.until + KEPT_FOR),
    )


def _first_of_month(day: date) -> date:
    """Return the first of the next month: a day of its own would tell which belong together."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _label(what: str, name: str) -> bytes:
    return f"proxy {what} {name}".encode()
