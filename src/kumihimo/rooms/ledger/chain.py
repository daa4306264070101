"""Numbering what a person may read of herself: a number once nothing can hide the record any more.

(1) In the transaction that takes a record or an end, what has become certain gets the next number
    of its person's chain. Who gives numbers goes one after another, so none is given twice.
(2) Afterwards the leaf of the link goes into the log, under an id that follows from chain and
    number: whatever is cut, repeated or done by two processes at once, a number has one leaf, and
    a row that was taken out cannot be replaced by another.
A record that is hidden after it had its number leaves no gap: its chain becomes nobody's, and a new
one is begun.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC
from typing import Final

import attrs

from kumihimo.kernel.group import Point
from kumihimo.kernel.ids import id_of, new_id
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.leaf import Submission, commit
from kumihimo.rooms.ledger import store, store_bells, store_chain
from kumihimo.rooms.ledger.api import PARTY
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.domain.chain import Chain, Link, Linked, following, in_order, longer
from kumihimo.rooms.ledger.domain.codes import Coded, Step, candidates, carried
from kumihimo.rooms.ledger.log import SubmissionChanged
from kumihimo.rooms.ledger.store_chain import ChainRow, LinkRow, RecordRow
from kumihimo.rooms.linkage.api import RecordContent
from kumihimo.rooms.linkage.asker_api import asker_of

PLACED_AT_ONCE: Final = 1_000


@attrs.frozen
class _Person:
    """Somebody whose records get numbers: her code, and every code that her chain may stand under."""

    code: Coded
    codes: Sequence[Point]
    records: list[Linked] = attrs.field(factory=list[Linked])


def content_of(row: RecordRow) -> RecordContent:
    """Return what a record's leaf commits to."""
    return RecordContent(
        record=row.record,
        permit=row.permit,
        requester=row.requester,
        provider=row.provider,
        affair=row.affair,
        items=tuple(row.items),
        basis=tuple(row.basis),
        list_version=row.list_version,
        outcome=row.outcome,  # pyright: ignore[reportArgumentType] - as the core said it
        requested_at=row.requested_at.astimezone(UTC),
        sealed_digest=bytes(row.sealed_digest),
        hidden=row.hidden,
        asker=asker_of(row.office, row.role),
    )


def record_leaf(row: RecordRow) -> bytes:
    """Return a record's leaf, from what is kept of it."""
    return commit(bytes(row.salt), content_of(row).encode())


def link_salt(ledger: Ledger, chain: str, number: int) -> bytes:
    """Return the salt of a link: it follows from the ledger's key and is in no database."""
    return ledger.salt(f"link|{chain}|{number}")


def submission_id(ledger: Ledger, chain: str, number: int) -> str:
    """Return the id under which the one link of a number goes into the log."""
    return id_of(ledger.salt(f"link-place|{chain}|{number}"))


async def number(ledger: Ledger, tx: Tx, steps: Sequence[Step], permits: Sequence[str]) -> int:
    """Give those of these records that have become certain their numbers; returns how many got one.

    A record of which two ends name different people is in the chains of both.
    """
    await store.one_after_another(tx)
    await store_chain.leave(tx, permits)
    rows = await store_chain.certain(tx, permits)
    if not rows:
        return 0
    people = await asyncio.to_thread(_people, rows, steps)
    chains, begun = await _chains(ledger, tx, people)
    known = await store_chain.linked(
        tx, [one.chain for one in chains], [row.record for row in rows]
    )
    links: list[LinkRow] = []
    grown: list[tuple[Coded, Chain]] = []
    others = {
        row.record for row in rows if row.requester != PARTY
    }  # what she asks herself is no news
    heard: list[bytes] = []
    for person, chain in zip(people, chains, strict=True):
        new = [one for one in person.records if (chain.chain, one.record) not in known]
        for linked in in_order(new):
            link = following(chain, linked)
            leaf = link_leaf(ledger, link)
            links.append(_row(link, leaf))
            chain = longer(chain, link, leaf)  # noqa: PLW2901 - it grows
        grown += [(person.code, chain)] if new else []
        if others.intersection(one.record for one in new):
            heard += [bytes(code) for code in person.codes]
    if links:
        await store_chain.begin(tx, [one for one in grown if one[1].chain in begun])
        await store_chain.advance(tx, [chain for _, chain in grown if chain.chain not in begun])
        await store_chain.add(tx, links)
    if heard:
        await store_bells.ring(tx, heard)
    return len(links)


def link_leaf(ledger: Ledger, link: Link) -> bytes:
    """Return the leaf of a link."""
    return commit(link_salt(ledger, link.chain, link.number), link.content())


def _row(link: Link, leaf: bytes) -> LinkRow:
    return LinkRow(
        chain=link.chain,
        number=link.number,
        record=link.linked.record,
        before=link.before,
        before_at=link.before_at,
        leaf=leaf,
        place=None,
    )


def _people(rows: Sequence[RecordRow], steps: Sequence[Step]) -> list[_Person]:
    found: dict[bytes, _Person] = {}
    for row in rows:
        linked = Linked(record=row.record, leaf=record_leaf(row), requested_at=row.requested_at)
        codes = {carried(Coded(row.version, Point(bytes(row.person))), steps)}
        if row.other is not None and row.other_version is not None:
            codes.add(carried(Coded(row.other_version, Point(bytes(row.other))), steps))
        for code in codes:
            person = found.get(bytes(code.code))
            if person is None:
                person = _Person(code, candidates(code, steps))
                found[bytes(code.code)] = person
            person.records.append(linked)
    return list(found.values())


async def _chains(
    ledger: Ledger, tx: Tx, people: Sequence[_Person]
) -> tuple[list[Chain], set[str]]:
    """Return the chain of each person, locked, and which of them begin now."""
    held = await store_chain.lock(tx, [bytes(code) for one in people for code in one.codes])
    by_code = {bytes(row.person): chain_of(row) for row in held}
    found: list[Chain] = []
    begun: set[str] = set()
    for one in people:
        chain = next((by_code[c] for c in map(bytes, one.codes) if c in by_code), None)
        if chain is None:
            chain = Chain(chain=new_id(ledger.entropy))
            begun.add(chain.chain)
        found.append(chain)
    return found, begun


def chain_of(row: ChainRow) -> Chain:
    """Return how far a chain is."""
    return Chain(
        chain=row.chain,
        number=row.number,
        head=None if row.head is None else bytes(row.head),
        head_at=row.head_at,
    )


async def place(ledger: Ledger) -> int:
    """Put the leaves of links into the log that may not be there yet; returns how many.

    Under the number of a link that was in the log before, another one is not put: its row is left
    without a place, and whoever reads the chain hears that it is broken.
    """
    async with ledger.database.transaction() as tx:
        rows = await store_chain.unplaced(tx, PLACED_AT_ONCE)
    if not rows:
        return 0
    sent = [
        Submission(submission_id(ledger, row.chain, row.number), bytes(row.leaf), "link")
        for row in rows
    ]
    try:
        places: list[int | None] = list(await ledger.log.take(PARTY, sent))
    except SubmissionChanged:
        places = [await _alone(ledger, one) for one in sent]
    placed = [(row, place) for row, place in zip(rows, places, strict=True) if place is not None]
    if placed:
        async with ledger.database.transaction() as tx:
            await tx.unsynced()  # the log says the same places again
            await store_chain.place(tx, placed)
    return len(placed)


async def _alone(ledger: Ledger, one: Submission) -> int | None:
    try:
        [first] = await ledger.log.take(PARTY, [one])
    except SubmissionChanged:
        return None
    return first
