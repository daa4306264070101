"""A person asks about herself (自己情報): an inquiry like any other, from the ledger's own code of her.

She asks by kind of information; every institution that may hold it is asked by a permit of the core
and answers for itself. What comes is sealed to her session before it is written down, and is gone
with it. What the ledger must never keep: an answer that it could read.

The ledger holds codes of everybody, so it could ask without her. Each question is on record and in
the history that she reads (docs/threats).
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs
import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kumihimo.kernel import journal, outbox
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import Opening, open_payload, seal_payload
from kumihimo.kernel.net import Caller, Refused
from kumihimo.kernel.refusal import BadInput, NotAuthentic, TooMany, Unavailable
from kumihimo.kernel.seal import seal
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.gateway.api import (
    PROVISIONS_PATH,
    Provide,
    Provided,
    Provisions,
    read_provision,
)
from kumihimo.rooms.ledger import store_own as store
from kumihimo.rooms.ledger.api import (
    PARTY,
    AskOwn,
    OwnAnswer,
    OwnAsked,
    OwnInformation,
    OwnItem,
)
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.domain.own import layout_of, silent, state_of, whom_to_ask
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.ledger.store_own import AskRow, BatchRow, ShownRow
from kumihimo.rooms.linkage import api as linkage
from kumihimo.rooms.linkage.api import BATCH_MAX, Grants, Inquiry, InquiryBatch, Outcome
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.statute.law import SELF_INFORMATION
from kumihimo.statute.layouts import Layout

AGAIN_AFTER: Final = timedelta(seconds=60)  # our choice: nothing new is to be had within a minute
KINDS_MAX: Final = 40  # questions of one session; the law names seventeen kinds
RETRY_FIRST: Final = timedelta(seconds=1)
RETRY_LONGEST: Final = timedelta(seconds=30)
CLAIM_FOR: Final = timedelta(seconds=70)  # a call to the core, and the slowest provider
OVER_AT_ONCE: Final = 100
BLOCK: Final = 1024  # bytes; the longest layout of today fits into one
CASE: Final = "self"  # the inquiry's reference: her being there is the case


@attrs.frozen
class Asker:
    """What asking needs beside the ledger: its voice, and the directory of whom to ask."""

    ledger: Ledger
    caller: Caller
    book: DirectoryBook


async def ask(asker: Asker, person: Person, asked: AskOwn) -> OwnInformation:
    """Ask every institution that may hold a kind of information; returns what is there so far.

    Who asks the same within a minute gets what that question brought. Raises `BadInput` for a
    kind that no layout exists for, `TooMany`, `Unavailable` without receiving keys.
    """
    layout = layout_of(asked.information)
    if layout is None:
        raise BadInput("no such kind of information", pointer="information")
    ledger = asker.ledger
    now = ledger.clock.now()
    providers = whom_to_ask(asked.information, asker.book.current())
    async with ledger.database.transaction() as tx:
        await store.lock_session(tx, person.token_hash)
        before = await store.of_session(tx, person.token_hash)
        recent = [
            one
            for one in before
            if one.information == asked.information and one.asked_at > now - AGAIN_AFTER
        ]
        if not recent:
            if len(before) >= KINDS_MAX:
                raise TooMany("too many questions in one session")
            for start in range(0, len(providers), BATCH_MAX):
                some = providers[start : start + BATCH_MAX]
                row, asks = await asyncio.to_thread(_batch, asker, person, layout, some, now)
                await store.add(tx, row, asks)
            await _journal(ledger, tx, "own-asked", institutions=len(providers))
    return await read(ledger, person)


def _batch(
    asker: Asker, person: Person, layout: Layout, providers: Sequence[str], now: datetime
) -> tuple[BatchRow, list[AskRow]]:
    ledger = asker.ledger
    batch = new_id(ledger.entropy)
    asks = [AskRow(inquiry=new_id(ledger.entropy), batch=batch, provider=p) for p in providers]
    items = tuple(one.item for one in layout.fields)
    inquiries = tuple(
        Inquiry(
            inquiry=one.inquiry,
            affair=SELF_INFORMATION,
            provider=one.provider,
            items=items,
            layout=layout.layout,
            case=CASE,
            for_provider=_sealed(asker, person, one.provider),
            for_ledger=_sealed(asker, person, PARTY),
            version=person.code.version,
        )
        for one in asks
    )
    row = BatchRow(
        batch=batch,
        token_hash=person.token_hash,
        information=layout.information,
        reader_key=reader_key(person.token).public_key().public_bytes_raw(),
        body=msgspec.json.encode(InquiryBatch(inquiries)),
        asked_at=now,
        until=person.until,
        next_try_at=now,
    )
    return row, asks


def _sealed(asker: Asker, person: Person, party: str) -> bytes:
    to = asker.book.current().receiving(party)
    if to is None:
        raise Unavailable(f"the directory holds no receiving key of {party}")
    return seal(person.code.code, to=to, entropy=asker.ledger.entropy)


def reader_key(token: Withheld[str]) -> X25519PrivateKey:
    """Return the key that a session's answers are sealed to: who has the token has it, nobody else."""
    drawn = HKDF(SHA256(), 32, salt=None, info=b"kumihimo/ledger/own").derive(
        token.reveal().encode()
    )
    return X25519PrivateKey.from_private_bytes(drawn)


def answer_context(inquiry: str) -> bytes:
    """Return what the seal of an answer is bound to."""
    return b"kumihimo-own-v1\n" + inquiry.encode()


async def read(ledger: Ledger, person: Person) -> OwnInformation:
    """Return what a session asked and what came, the latest question first."""
    async with ledger.database.brief() as tx:
        rows = await store.shown(tx, person.token_hash)
        of: dict[str, list[ShownRow]] = {}
        for row in rows:
            of.setdefault(row.batch, []).append(row)
        if of:
            asked = sum(same[0].asked for same in of.values())
            await _journal(ledger, tx, "own-read", rows=asked)
    key = reader_key(person.token)
    return OwnInformation(tuple(_told(same, key) for same in of.values()))


def _told(rows: Sequence[ShownRow], key: X25519PrivateKey) -> OwnAsked:
    answers: list[OwnAnswer] = []
    outcomes: list[tuple[str, Outcome | None]] = []
    for row in rows:
        if row.inquiry is None or row.provider is None:
            continue
        outcome = None if row.outcome is None else msgspec.convert(row.outcome, Outcome)
        outcomes.append((row.provider, outcome))
        state = state_of(outcome)
        if state is not None:
            sealed = row.answer_sealed
            items = () if sealed is None else _opened(row.inquiry, bytes(sealed), key)
            answers.append(
                OwnAnswer(answer=row.permit or "", provider=row.provider, state=state, items=items)
            )
    first = rows[0]
    return OwnAsked(
        information=first.information,
        asked_at=first.asked_at,
        institutions=first.asked,
        waiting=silent(outcomes),
        answers=tuple(answers),
    )


def _opened(inquiry: str, sealed: bytes, key: X25519PrivateKey) -> tuple[OwnItem, ...]:
    plain = open_payload(sealed, key=key, context=answer_context(inquiry))
    return tuple(
        OwnItem(item=one.item, value=one.value, as_of=one.as_of, registered_on=one.registered_on)
        for one in msgspec.json.decode(plain, type=Provided).values
    )


@attrs.frozen(kw_only=True)
class _News:
    inquiry: str
    permit: str | None
    outcome: Outcome
    payload: bytes | None = None


async def run_once(asker: Asker) -> int:
    """Forget what is over, then bring one question a step further; returns how many were found."""
    ledger = asker.ledger
    now = ledger.clock.now()
    when = await store.next_due(ledger.database)
    gone = await forget(ledger) if when.over is not None and when.over <= now else 0
    if when.due is None or when.due > now:
        return gone
    async with ledger.database.transaction() as tx:
        batch = await store.claim(tx, now, until=now + CLAIM_FOR)
        rows = [] if batch is None else await store.asks(tx, [batch.batch])
    if batch is None:
        return gone
    waiting = {row.inquiry: row for row in rows if row.outcome is None}
    try:
        news, permits = await _journey(asker, batch, waiting)
    except Unavailable:
        news, permits = [], {}
    await _settle(asker, batch, waiting, news, permits)
    return gone + 1


async def _journey(
    asker: Asker, batch: BatchRow, waiting: Mapping[str, AskRow]
) -> tuple[list[_News], dict[str, str]]:
    """Ask the core, then each provider; returns what is known now, and every permit that was given."""
    try:
        grants, _ = await asker.caller.send(
            linkage.PARTY, linkage.INQUIRIES_PATH, bytes(batch.body), Grants
        )
    except Refused:
        # Refused whole: for its form or a dead key version. She asks anew, in a new session.
        return [_News(inquiry=name, permit=None, outcome="EXPIRED") for name in waiting], {}
    mine = [one for one in grants.granted if one.inquiry in waiting]
    news = [
        _News(inquiry=one.inquiry, permit=one.permit or None, outcome=one.outcome)
        for one in mine
        if one.outcome != "OK"
    ]
    permits = {one.permit: one.inquiry for one in mine if one.outcome == "OK"}
    asked = [_ask_provider(asker, signed, permits) for signed in grants.sheets]
    for found in await asyncio.gather(*asked):
        news += found
    return news, permits


async def _ask_provider(
    asker: Asker, signed: linkage.SignedSheet, permits: Mapping[str, str]
) -> list[_News]:
    """Return what a provider answered; nothing while it is silent."""
    try:
        sheet = linkage.verify_sheet(signed, asker.book)
    except NotAuthentic:
        return []
    try:
        answer, _ = await asker.caller.call(
            sheet.provider, PROVISIONS_PATH, Provide(signed), Provisions
        )
    except Unavailable:
        return []
    except Refused:
        wanted = [one.permit for one in sheet.permits if one.permit in permits]
        return [_News(inquiry=permits[one], permit=one, outcome="EXPIRED") for one in wanted]
    given = {one.permit: one for one in answer.provisions}
    opening, news = Opening(asker.ledger.keys.payload), list[_News]()
    for one in sheet.permits:
        if one.permit in permits:
            outcome, payload = read_provision(opening, one.permit, one.items, given.get(one.permit))
            if outcome != "PROVIDER_DOWN":
                inquiry = permits[one.permit]
                news.append(
                    _News(inquiry=inquiry, permit=one.permit, outcome=outcome, payload=payload)
                )
    return news


async def _settle(
    asker: Asker,
    batch: BatchRow,
    waiting: Mapping[str, AskRow],
    news: Sequence[_News],
    permits: Mapping[str, str],
) -> None:
    ledger = asker.ledger
    now = ledger.clock.now()
    settled = [
        AskRow(
            inquiry=one.inquiry,
            batch=batch.batch,
            provider=waiting[one.inquiry].provider,
            permit=one.permit,
            outcome=one.outcome,
            answer_sealed=_to_reader(batch, one),
            answered_at=now,
        )
        for one in news
    ]
    known = {one.inquiry for one in news}
    async with ledger.database.transaction() as tx:
        changed = set(await store.settle(tx, settled))
        await store.keep_permits(tx, {i: p for p, i in permits.items() if i not in known})
        done = [one for one in news if one.inquiry in changed]
        await _report(tx, [(one.permit, one.outcome) for one in done], now)
        later = min(RETRY_FIRST * 2 ** min(batch.tries, 8), RETRY_LONGEST)
        again = now + later if len(known) < len(waiting) else batch.until
        await store.try_again(tx, batch.batch, again)
        if done:
            given = sum(one.outcome == "OK" for one in done)
            await _journal(ledger, tx, "own-answered", settled=len(done), given=given)


def _to_reader(batch: BatchRow, news: _News) -> bytes | None:
    if news.payload is None:
        return None
    # Blanks up to whole blocks, so that its length does not tell what it says.
    padded = news.payload.ljust(-(-len(news.payload) // BLOCK) * BLOCK)
    return seal_payload(padded, to=bytes(batch.reader_key), context=answer_context(news.inquiry))


async def _report(tx: Tx, ends: Sequence[tuple[str | None, str]], now: datetime) -> None:
    """Report the ledger's end of exchanges to the core, as every requester does."""
    told = tuple(
        linkage.End(
            permit=permit, side="requester", outcome=msgspec.convert(outcome, Outcome), at=now
        )
        for permit, outcome in ends
        if permit is not None
    )
    if told:
        body = msgspec.json.encode(linkage.Ends(told))
        await outbox.put(tx, topic=linkage.ENDS_PATH, destination=linkage.PARTY, body=body, at=now)


async def forget(ledger: Ledger) -> int:
    """Forget what was asked in sessions that are over; what nobody answered is reported as such."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        batches = await store.over(tx, now, OVER_AT_ONCE)
        if not batches:
            return 0
        rows = await store.asks(tx, batches)
        unanswered = [(row.permit, "EXPIRED") for row in rows if row.outcome is None]
        await _report(tx, unanswered, now)
        await store.drop(tx, batches)
        await _journal(ledger, tx, "own-forgotten", rows=len(rows))
    return len(batches)


async def _journal(ledger: Ledger, tx: Tx, act: str, **counts: int) -> None:
    line = journal.JournalLine(act=act, actor="person", detail=dict(counts))
    await journal.write(tx, line, at=ledger.clock.now())
