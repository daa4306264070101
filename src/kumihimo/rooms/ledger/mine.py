"""A room asks which leaves the log has of it: by that it knows whether its own database is complete."""

from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.tlog.mine import PLACES, STRETCH, AskMine, Mine
from kumihimo.rooms.ledger import store_log, store_mine
from kumihimo.rooms.ledger.context import Ledger


async def mine(ledger: Ledger, sender: Verified, asked: AskMine) -> Mine:
    """Return the sender's submissions of a stretch of the log, and of nobody else."""
    if not 0 <= asked.start < PLACES:
        raise BadInput("an entry of the log is 0 or more", pointer="start")
    async with ledger.database.transaction() as tx:
        head = await store_log.head(tx)
        size = 0 if head is None else head.size
        until = min(asked.start + STRETCH, size)
        rows = await store_mine.submissions(tx, sender.sender, asked.start, until)
    return Mine(tuple(row.told() for row in rows), until, size)
