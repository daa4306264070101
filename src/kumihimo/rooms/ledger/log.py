"""The ledger's log: appending to it, and reading what it serves.

A batch is one transaction, one signature and one checkpoint, however many leaves it has. Whoever
is told a place in the log is told it after the commit.
"""

from collections.abc import Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.edge import Edge
from kumihimo.kernel.tlog.leaf import Submission, split
from kumihimo.kernel.tlog.note import Note, NoteSigner
from kumihimo.kernel.tlog.tiles import LEVELS, WIDTH, Tile, held, in_log, write_bundle
from kumihimo.kernel.tlog.tree import EMPTY_ROOT, leaf_hash
from kumihimo.rooms.ledger import store_log
from kumihimo.rooms.ledger.store_log import HeadRow, SubmissionRow

ENTRIES = -1


class SubmissionChanged(Exception):
    """Under the id of a submission that is in the log, other leaves came."""


@attrs.define
class Log:
    """Appends to the log. Keeps its right edge in memory, and takes it up again where it is not."""

    signer: NoteSigner
    _known: tuple[HeadRow, Edge] | None = None

    async def append(self, tx: Tx, leaves: Sequence[bytes], at: datetime) -> int:
        """Append leaves as one batch in this transaction; returns the place of the first.

        Nobody else appends until the transaction ends.
        """
        assert leaves, "a batch has leaves"
        await store_log.hold(tx)
        before = await store_log.head(tx) or HeadRow(0, EMPTY_ROOT)
        before = HeadRow(before.size, bytes(before.root))
        # Another process may have appended, and a transaction of ours may not have been committed.
        if self._known is not None and self._known[0] == before:
            edge = self._known[1]
        else:
            edge = await _edge(tx, before.size)
        edge, whole = edge.grown(leaves)
        after = HeadRow(edge.size, edge.root())
        text = Checkpoint(self.signer.name, after.size, after.root).text()
        note = Note(text, (self.signer.sign(text),)).encode().decode()
        await store_log.append(tx, after, leaves, whole, note, at)
        self._known = (after, edge)
        return before.size

    async def take(
        self, tx: Tx, sender: str, submissions: Sequence[Submission], at: datetime
    ) -> list[int]:
        """Append submissions that are new, all in one batch; returns where each begins.

        Raises `SubmissionChanged` where one came before with other leaves, or from another sender.
        """
        await store_log.hold(tx)
        known = await store_log.submissions(tx, [one.submission for one in submissions])
        for one in submissions:
            row = known.get(one.submission)
            if row is not None:
                await _check_repeat(tx, row, sender, one)
        fresh = {one.submission: split(one.leaves) for one in submissions}
        fresh = {name: leaves for name, leaves in fresh.items() if name not in known}
        if fresh:
            first = await self.append(tx, [leaf for all_ in fresh.values() for leaf in all_], at)
            rows: list[SubmissionRow] = []
            for name, leaves in fresh.items():
                rows.append(SubmissionRow(name, sender, first, len(leaves)))
                first += len(leaves)
            await store_log.add_submissions(tx, rows)
            known |= {row.submission: row for row in rows}
        return [known[one.submission].first for one in submissions]


async def _check_repeat(tx: Tx, row: SubmissionRow, sender: str, again: Submission) -> None:
    before = await store_log.entries(tx, row.first, row.first + row.leaves)
    if row.sender != sender or before != split(again.leaves):
        raise SubmissionChanged


async def _edge(tx: Tx, size: int) -> Edge:
    partial: dict[int, Sequence[bytes]] = {}
    for level in range(LEVELS):
        count = held(size, level)
        if count % WIDTH:
            partial[level] = await _hashes(tx, level, count - count % WIDTH, count)
    return Edge.of(size, partial)


async def _hashes(tx: Tx, level: int, start: int, end: int) -> list[bytes]:
    if level > 0:
        return await store_log.hashes(tx, level, start, end)
    return [leaf_hash(entry) for entry in await store_log.entries(tx, start, end)]


async def read_tile(tx: Tx, tile: Tile) -> bytes | None:
    """Return a tile as it is served; None where the log has none such."""
    found = await store_log.head(tx)
    if found is None or not in_log(tile, found.size):
        return None
    start, end = tile.start, tile.start + tile.width
    if tile.level == ENTRIES:
        return write_bundle(await store_log.entries(tx, start, end))
    return b"".join(await _hashes(tx, tile.level, start, end))
