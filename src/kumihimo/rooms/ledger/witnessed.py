"""The ledger shows oversight each new checkpoint of its log, and keeps the cosignature.

It proves from its own tiles that the checkpoint continues what oversight saw. Where they do not,
oversight says so to its own people: nothing here could be believed any more.
"""

from datetime import timedelta
from typing import Final

import attrs
import msgspec

from kumihimo.kernel import journal, outbox, turns
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Caller
from kumihimo.kernel.refusal import NotFound, Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.leaf import Place, Places, Submission, Submitted
from kumihimo.kernel.tlog.note import BadNote, Note, Signature
from kumihimo.kernel.tlog.tiles import Tile
from kumihimo.kernel.tlog.watching import TILE, proved
from kumihimo.kernel.tlog.witnessing import AddCheckpoint
from kumihimo.rooms.ledger import log, store_log
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.log import LogDamaged, SubmissionChanged
from kumihimo.rooms.oversight.api import (
    ALARM_PATH,
    LOG_KEEPER,
    PARTY,
    WAITING_LEAVES_PATH,
    WITNESS_NAME,
    WITNESS_PATH,
    Alarm,
    CheckpointShown,
    Witnessed,
    witness_key,
)

_DAMAGED: Final = "log-damaged"
_SAY_AGAIN: Final = timedelta(hours=1)
_TRIES: Final = 3  # another process of the ledger may be quicker


async def be_witnessed(ledger: Ledger, caller: Caller, *, pinned: bytes) -> int:
    """Have the newest checkpoint cosigned; returns 1 where that was new. `pinned` is oversight's key.

    Raises `Refused` where oversight saw another history, `LogDamaged` where the newest batch is not
    what was signed, which oversight is told, and `Unavailable`.
    """
    try:
        async with ledger.database.transaction() as tx:
            head = await store_log.head(tx)
            last = await store_log.cosigned(tx)
            await ledger.log.checked(tx, head)
    except LogDamaged:
        await _tell(ledger)
        raise
    old = 0 if last is None else last.size
    if head is None or old == head.size:
        return 0
    note, size = Note.parse(head.note.encode()), head.size
    for _ in range(_TRIES):
        request = await _proved(ledger, note, old)
        answer, _ = await caller.call(
            PARTY, WITNESS_PATH, CheckpointShown(request.encode()), Witnessed
        )
        if answer.cosignature:
            await _keep(ledger, note, size, answer.cosignature, pinned)
            return 1
        old = answer.size
        if old > size:
            async with ledger.database.transaction() as tx:
                head = await store_log.head(tx) or head
            note, size = Note.parse(head.note.encode()), head.size
    return 0


@attrs.define
class Fetching:
    """The ledger fetches oversight's leaves: oversight has no way out, and needs none."""

    ledger: Ledger
    caller: Caller
    _places: list[Place] = attrs.field(init=False, factory=list[Place])

    async def run_once(self) -> int:
        """Tell where the leaves of the last time stand, and put into the log what waits; returns 0."""
        told = Places(tuple(self._places))
        answer, _ = await self.caller.call(PARTY, WAITING_LEAVES_PATH, told, Submitted)
        self._places = [await self._put(one) for one in answer.submissions]
        return 0

    async def _put(self, one: Submission) -> Place:
        try:
            [first] = await self.ledger.log.take(PARTY, [one])
        except SubmissionChanged:
            return Place(one.submission, None)
        return Place(one.submission, first)


async def _tell(ledger: Ledger) -> None:
    """Tell oversight, once an hour, that the log is not what was signed."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        if not await turns.take(tx, _DAMAGED, at=now, until=now + _SAY_AGAIN):
            return
        alarm = Alarm(
            alarm=new_id(ledger.entropy),
            kind=_DAMAGED,
            permit="",
            requester=LOG_KEEPER,
            provider="",
            noticed_at=now,
        )
        body = msgspec.json.encode(alarm)
        await outbox.put(tx, topic=ALARM_PATH, destination=PARTY, body=body, at=now)
        line = journal.JournalLine(act="log-damaged", actor=LOG_KEEPER, detail={})
        await journal.write(tx, line, at=now)


async def _proved(ledger: Ledger, note: Note, old: int) -> AddCheckpoint:
    if old > Checkpoint.parse(note.text).size:
        return AddCheckpoint(
            old, (), note
        )  # the log is shorter than it was, and oversight hears it
    async with ledger.database.transaction() as tx:

        async def read(path: str) -> bytes:
            return await _tile(tx, path)

        return await proved(read, note, old)


async def _tile(tx: Tx, path: str) -> bytes:
    found = await log.read_tile(tx, Tile.parse(path.removeprefix(TILE)))
    if found is None:
        raise Unavailable("the log lacks a tile of its own")
    return found


async def _keep(ledger: Ledger, note: Note, size: int, line: str, pinned: bytes) -> None:
    try:
        signature = Signature.parse(line.removesuffix("\n"))
        witness_key(pinned).check(note.text, signature)
    except BadNote as error:
        raise Unavailable("oversight's cosignature does not hold") from error
    await store_log.keep_cosignature(
        ledger.database, size, WITNESS_NAME, signature.line(), ledger.clock.now()
    )


async def cosigned(ledger: Ledger) -> bytes:
    """Return the newest checkpoint that is cosigned; raises `NotFound` before the first."""
    async with ledger.database.transaction() as tx:
        found = await store_log.cosigned(tx)
    if found is None:
        raise NotFound("no checkpoint of the log has been cosigned yet")
    return (found.note + found.lines).encode()
