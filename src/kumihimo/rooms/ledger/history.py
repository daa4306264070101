"""A person takes her history away, with all that proves it: each record, its place in the log, its number.

What she gets is checked by anybody without this ledger (`domain/verifying.py`). The ledger signs
which number is the newest, and at which cosigned checkpoint: should a link turn up later that was in the
log by then, the statement is the proof that it lied.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, timedelta
from typing import Final

import attrs
import msgspec

from kumihimo.kernel import journal, outbox, turns
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import NotFound, TooMany, Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import Note
from kumihimo.kernel.tlog.tiles import Hashes, tiles_of
from kumihimo.kernel.tlog.tree import inclusion_path
from kumihimo.rooms.ledger import chain, log, store_chain, store_log
from kumihimo.rooms.ledger.api import (
    HISTORY_FORM,
    PARTY,
    History,
    HistoryKeys,
    ProvenEnd,
    ProvenLeaf,
    ProvenLink,
    ProvenRecord,
)
from kumihimo.rooms.ledger.context import Ledger, held_steps
from kumihimo.rooms.ledger.domain.codes import Coded, candidates
from kumihimo.rooms.ledger.domain.history import statement_text
from kumihimo.rooms.ledger.service import END_WITHIN
from kumihimo.rooms.ledger.store import Reader
from kumihimo.rooms.ledger.store_chain import ChainRow, EndRow, LinkRow, RecordRow
from kumihimo.rooms.ledger.taking import end_salt
from kumihimo.rooms.oversight.api import ALARM_PATH, Alarm, witness_key
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT

RECORDS_MAX: Final = 2_000  # our choice: the average person has two a year
_SAY_AGAIN: Final = timedelta(hours=1)
_BROKEN: Final = "chain-broken"


class ChainBroken(Unavailable):
    """In the database stands another chain than the one whose links are in the log."""


@attrs.frozen(kw_only=True)
class _Mine:
    """What the ledger holds of a person: what she reads, its ends, her chain and its links."""

    rows: Sequence[RecordRow]
    ends: Sequence[EndRow]
    chain: ChainRow | None
    links: Sequence[LinkRow]


@attrs.frozen
class _Log:
    """The cosigned checkpoint, and the hashes from which leaves below its size are proven."""

    note: str
    checkpoint: Checkpoint
    hashes: Hashes

    def leaf(self, salt: bytes, place: int | None) -> ProvenLeaf:
        if place is None or place >= self.checkpoint.size:
            return ProvenLeaf(salt=salt, place=None, path=())
        path = self.hashes.proof(inclusion_path(place, self.checkpoint.size))
        return ProvenLeaf(salt=salt, place=place, path=tuple(path))


async def take_away(ledger: Ledger, person: Coded, *, pinned: bytes) -> bytes:
    """Return a person's history as JSON (`History`); `pinned` is oversight's key.

    Raises `TooMany` above `RECORDS_MAX`, `NotFound` before the first cosigned checkpoint, and
    `ChainBroken` where the database is not what was put into the log; oversight is told of that.
    """
    mine = await _read(ledger, person)
    note, size = await _cosigned(ledger)
    try:
        links = await _whole(ledger, mine, size)
    except ChainBroken:
        await _tell(ledger, mine)
        raise
    witnessed = await _log(ledger, note, _places(mine, links, size))
    history = await asyncio.to_thread(_history, ledger, mine, links, witnessed, pinned)
    signature = ledger.log.signer.sign(text := statement_text(history, witnessed.checkpoint))
    statement = Note(text, (signature,)).encode().decode()
    signed = msgspec.structs.replace(history, statement=statement)
    return msgspec.json.format(msgspec.json.encode(signed), indent=1)


async def _read(ledger: Ledger, person: Coded) -> _Mine:
    """Read all of hers at one moment; what became certain before there were numbers gets its own."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        codes = await asyncio.to_thread(candidates, person, steps)
        reader = Reader(codes, now - END_WITHIN)
        rows = await store_chain.visible(tx, reader, RECORDS_MAX + 1)
        if len(rows) > RECORDS_MAX:
            raise TooMany(f"more than {RECORDS_MAX} records do not go into one file")
        if without := await store_chain.unlinked(tx, codes, [row.record for row in rows]):
            permits = [row.permit for row in rows if row.record in without]
            await chain.number(ledger, tx, steps, permits)
        held = await store_chain.lock(tx, codes)
        links = await store_chain.links(tx, held[0].chain) if held else []
        ends = await store_chain.ends(tx, [row.permit for row in rows])
        line = journal.JournalLine(act="history-taken", actor="person", detail={"rows": len(rows)})
        await journal.write(tx, line, at=now)
    return _Mine(rows=rows, ends=ends, chain=held[0] if held else None, links=links)


async def _cosigned(ledger: Ledger) -> tuple[str, int]:
    async with ledger.database.transaction() as tx:
        found = await store_log.cosigned(tx)
    if found is None:
        raise NotFound("no checkpoint of the log has been cosigned yet")
    return found.note + found.lines, found.size


async def _whole(ledger: Ledger, mine: _Mine, size: int) -> list[LinkRow]:
    """Return the links that are in the log by a checkpoint; raises `ChainBroken`.

    (1) from what was forgotten by age to the newest no number is missing, and each has its record;
    (2) the newest is the one that the chain says;
    (3) under the number after it nothing was ever put into the log: who took out the newest row
        and turned the chain back would have to take it out of there, too.
    """
    if mine.chain is None:
        return []
    kept = [one for one in mine.links if one.number > mine.chain.forgotten]
    numbers = list(range(mine.chain.forgotten + 1, mine.chain.number + 1))
    records = {row.record for row in mine.rows}
    if [one.number for one in kept] != numbers or not {one.record for one in kept} <= records:
        raise ChainBroken("a number is missing in a chain")
    if kept and mine.chain.head is not None and bytes(kept[-1].leaf) != bytes(mine.chain.head):
        raise ChainBroken("a chain ends in another link")
    open_ids = {
        chain.submission_id(ledger, mine.chain.chain, one.number): one.number
        for one in kept
        if one.place is None
    }
    after = chain.submission_id(ledger, mine.chain.chain, mine.chain.number + 1)
    async with ledger.database.transaction() as tx:
        found = {
            one.submission: one.first for one in await store_log.submissions(tx, [after, *open_ids])
        }
    if after in found:
        raise ChainBroken("the newest number of a chain was taken out")
    # In the log, and not written down yet: or the statement would not know of it.
    put = {open_ids[name]: first for name, first in found.items()}
    placed = [attrs.evolve(one, place=put.get(one.number, one.place)) for one in kept]
    return [one for one in placed if one.place is not None and one.place < size]


async def _tell(ledger: Ledger, mine: _Mine) -> None:
    """Tell oversight, once an hour, that a chain is not what was put into the log."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        about = await store_chain.parties(tx, [one.record for one in mine.links])
        if about is None or not await turns.take(tx, _BROKEN, at=now, until=now + _SAY_AGAIN):
            return
        alarm = Alarm(
            alarm=new_id(ledger.entropy),
            kind=_BROKEN,
            permit=about.permit,
            requester=about.requester,
            provider=about.provider,
            noticed_at=now,
        )
        body = msgspec.json.encode(alarm)
        await outbox.put(tx, topic=ALARM_PATH, destination=OVERSIGHT, body=body, at=now)
        await journal.write(tx, journal.JournalLine(act=_BROKEN, actor=PARTY, detail={}), at=now)


def _places(mine: _Mine, links: Iterable[LinkRow], size: int) -> list[int]:
    """Return every place that has to be proven."""
    places = [*(row.leaf for row in mine.rows), *(end.leaf for end in mine.ends)]
    places += [one.place for one in links]
    return [place for place in places if place is not None and place < size]


async def _log(ledger: Ledger, note: str, places: Sequence[int]) -> _Log:
    checkpoint = Checkpoint.parse(Note.parse(note.encode()).text)
    paths = [one for place in places for one in inclusion_path(place, checkpoint.size)]
    async with ledger.database.transaction() as tx:
        tiles = {one: await _tile(tx, one) for one in tiles_of(paths, checkpoint.size)}
    return _Log(note, checkpoint, Hashes.of(tiles))


async def _tile(tx: Tx, tile: log.Tile) -> bytes:
    found = await log.read_tile(tx, tile)
    if found is None:
        raise Unavailable("the log lacks a tile of its own")
    return found


def _history(
    ledger: Ledger, mine: _Mine, links: Sequence[LinkRow], witnessed: _Log, pinned: bytes
) -> History:
    ends: dict[str, list[EndRow]] = {}
    for end in mine.ends:
        ends.setdefault(end.permit, []).append(end)
    proven = {row.record: _record(ledger, row, ends, witnessed) for row in mine.rows}
    numbered = {one.record for one in links}
    forgotten = 0 if mine.chain is None else mine.chain.forgotten
    return History(
        form=HISTORY_FORM,
        told_at=ledger.clock.now().astimezone(UTC),
        chain=mine.chain.chain if mine.chain is not None and links else "",
        first=forgotten + 1 if links else 1,
        last=links[-1].number if links else 0,
        links=tuple(_link(ledger, one, proven[one.record], witnessed) for one in links),
        unnumbered=tuple(one for name, one in proven.items() if name not in numbered),
        checkpoint=witnessed.note,
        keys=HistoryKeys(log=ledger.log.signer.key.vkey(), witness=witness_key(pinned).vkey()),
        statement="",
    )


def _record(
    ledger: Ledger, row: RecordRow, ends: dict[str, list[EndRow]], witnessed: _Log
) -> ProvenRecord:
    proven = (_end(ledger, one, witnessed) for one in ends.get(row.permit, []))
    return ProvenRecord(
        content=chain.content_of(row),
        leaf=witnessed.leaf(bytes(row.salt), row.leaf),
        # A side that speaks of a refusal after it had its number is told once that is in the log.
        ends=tuple(one for one in proven if row.outcome == "OK" or one.leaf.place is not None),
    )


def _end(ledger: Ledger, end: EndRow, witnessed: _Log) -> ProvenEnd:
    return ProvenEnd(
        side="requester" if end.side == "requester" else "provider",
        outcome=end.outcome,
        at=end.at.astimezone(UTC),
        leaf=witnessed.leaf(end_salt(ledger, end.permit, end.side), end.leaf),
    )


def _link(ledger: Ledger, one: LinkRow, record: ProvenRecord, witnessed: _Log) -> ProvenLink:
    return ProvenLink(
        number=one.number,
        before=b"" if one.before is None else bytes(one.before),
        before_at=None if one.before_at is None else one.before_at.astimezone(UTC),
        leaf=witnessed.leaf(chain.link_salt(ledger, one.chain, one.number), one.place),
        record=record,
    )
