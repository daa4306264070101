"""The log's use cases: leaves come in from every room, tiles and checkpoints go out to anybody.

What comes in are commitments: the ledger learns from a leaf that something happened at its sender.
"""

from typing import Final

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, Conflict, NotFound
from kumihimo.kernel.tlog.leaf import LEAF_BYTES, LEAVES_MAX, SUBMISSIONS_MAX, Logged, Submitted
from kumihimo.kernel.tlog.tiles import NoSuchTile, Tile
from kumihimo.rooms.ledger import log, store_log
from kumihimo.rooms.ledger.api import PARTY
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.log import SubmissionChanged

_WHERE: Final = "submissions[{}].{}"


async def take_leaves(ledger: Ledger, sender: Verified, submitted: Submitted) -> Logged:
    """Append leaves; the answer leaves after they are in the log. A repeat gets the same places.

    Raises `BadInput`, and `Conflict` for other leaves under the id of an earlier submission.
    """
    if not 1 <= len(submitted.submissions) <= SUBMISSIONS_MAX:
        raise BadInput(f"1 to {SUBMISSIONS_MAX} submissions", pointer="submissions")
    for index, one in enumerate(submitted.submissions):
        if not is_id(one.submission):
            where = _WHERE.format(index, "submission")
            raise BadInput("an id is 22 characters of base64url", pointer=where)
        if not one.leaves or len(one.leaves) % LEAF_BYTES or len(one.leaves) > _BYTES_MAX:
            where = _WHERE.format(index, "leaves")
            raise BadInput(f"1 to {LEAVES_MAX} leaves of {LEAF_BYTES} bytes", pointer=where)
    if len({one.submission for one in submitted.submissions}) < len(submitted.submissions):
        raise BadInput("an id stands twice here", pointer="submissions")
    return await _append(ledger, sender.sender, submitted)


async def own_leaves(ledger: Ledger, submitted: Submitted) -> Logged:
    """Append leaves of the ledger itself; raises `Conflict` as `take_leaves` does."""
    return await _append(ledger, PARTY, submitted)


async def _append(ledger: Ledger, sender: str, submitted: Submitted) -> Logged:
    try:
        firsts = await ledger.log.take(sender, submitted.submissions)
    except SubmissionChanged:
        raise Conflict("other leaves came under this id", pointer="submissions") from None
    return Logged(tuple(firsts))


_BYTES_MAX: Final = LEAVES_MAX * LEAF_BYTES


async def checkpoint(ledger: Ledger) -> bytes:
    """Return the newest checkpoint; raises `NotFound` before the first."""
    async with ledger.database.transaction() as tx:
        head = await store_log.head(tx)
    if head is None:
        raise NotFound("the log is empty")
    return head.note.encode()


async def tile(ledger: Ledger, path: str) -> bytes:
    """Return a tile or a bundle of entries; raises `NotFound` for what the log does not have."""
    try:
        wanted = Tile.parse(path)
    except NoSuchTile as error:
        raise NotFound("no such tile") from error
    async with ledger.database.transaction() as tx:
        found = await log.read_tile(tx, wanted)
    if found is None:
        raise NotFound("no such tile")
    return found
