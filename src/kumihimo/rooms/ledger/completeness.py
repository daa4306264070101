"""Whether the ledger's log still has all that oversight saw of it, and its rows all that the log has.

A log that lost what was cosigned cannot go on: a witness rightly signs no other in its place.
"""

import attrs

from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import BadNote, Note
from kumihimo.kernel.tlog.tiles import Tile
from kumihimo.kernel.tlog.tree import ProofBroken, verify_consistency
from kumihimo.kernel.tlog.watching import TILE, proved
from kumihimo.kernel.tlog.witnessing import NotWitnessed
from kumihimo.rooms.ledger import log, store_log
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.log import LogDamaged


@attrs.frozen
class LogHeld:
    """How many entries the log has, how many oversight saw, and whether those are still there."""

    size: int
    seen: int
    continues: bool


async def log_held(ledger: Ledger, seen: str) -> LogHeld:
    """Hold the log against the checkpoint that oversight saw last ("": none).

    Raises `BadNote` for what is no checkpoint, and `Unavailable`.
    """
    said = Checkpoint.parse(Note.parse(seen.encode()).text) if seen else None
    async with ledger.database.transaction() as tx:
        head = await store_log.head(tx)
    size = 0 if head is None else head.size
    if said is None:
        return LogHeld(size, 0, continues=True)
    if head is None or size < said.size:
        return LogHeld(size, said.size, continues=False)

    async def read(path: str) -> bytes:
        async with ledger.database.transaction() as tx:
            found = await log.read_tile(tx, Tile.parse(path.removeprefix(TILE)))
        if found is None:
            raise Unavailable("the log lacks a tile of its own")
        return found

    try:
        async with ledger.database.transaction() as tx:
            await ledger.log.checked(tx, head)
        # Who signed either is not asked: the ledger's key may have been changed since.
        shown = await proved(read, Note.parse(head.note.encode()), said.size)
        verify_consistency(said.size, size, said.root, bytes(head.root), shown.proof)
    except (NotWitnessed, BadNote, LogDamaged, ProofBroken):
        return LogHeld(size, said.size, continues=False)
    return LogHeld(size, said.size, continues=True)
