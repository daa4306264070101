"""The ledger's log: appending to it, and reading what it serves.

A batch is one statement, one signature and one checkpoint, however many leaves it has. Whoever is
told a place in the log is told it after the commit.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.edge import Edge
from kumihimo.kernel.tlog.leaf import LEAF_BYTES, Submission, split
from kumihimo.kernel.tlog.note import BadNote, Note, NoteSigner
from kumihimo.kernel.tlog.tiles import LEVELS, WIDTH, Tile, held, in_log, write_bundle
from kumihimo.kernel.tlog.tree import leaf_hash
from kumihimo.kernel.together import Together
from kumihimo.rooms.ledger import store_log
from kumihimo.rooms.ledger.store_log import HeadRow, SubmissionRow

ENTRIES = -1
COMPANIES_MAX: Final = 16  # in a batch; each has at most `SUBMISSIONS_MAX` submissions
TRIES: Final = 16  # each is lost only to another process that appended meanwhile


class SubmissionChanged(Exception):
    """Under the id of a submission that is in the log, other leaves came."""


@attrs.frozen
class Company:
    """Submissions that came in one message: all of them are taken, or none."""

    sender: str
    submissions: tuple[Submission, ...]


@attrs.frozen
class _Placed:
    """A submission that has its place, in the log or in the batch that is put together."""

    sender: str
    leaves: bytes
    first: int
    kind: str = ""


class LogDamaged(Unavailable):
    """In the database stands another log than the one that was signed: nothing is appended."""


Answer = list[int] | SubmissionChanged


@attrs.define
class Log:
    """Appends to the log: whoever comes while a batch is under way travels in the next one.

    (1) read how far the log is, and which submissions are in it; this locks nothing;
    (2) calculate and sign what comes next;
    (3) append it by one statement, in one message with its commit.
    Between the steps a process may sleep as long as it likes, and others go on: the place of a
    batch is a key of its table, so the database refuses a batch that follows an old head, and it is
    made anew. The right edge is kept in memory, and read again where it is not the head's.
    """

    database: Database
    signer: NoteSigner
    clock: Clock
    _known: tuple[HeadRow, Edge] | None = attrs.field(init=False, default=None)
    _together: Together[Company, Answer] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Begin to take."""
        self._together = Together(self._append_all, most=COMPANIES_MAX)

    async def take(self, sender: str, submissions: Sequence[Submission]) -> list[int]:
        """Return where each of these submissions begins in the log; those that are new are appended.

        Raises `SubmissionChanged` where one came before with other leaves, or from another sender,
        and `Unavailable`: whether they are in the log is then unknown, and a repeat will tell.
        """
        answer = await self._together.ask(Company(sender, tuple(submissions)))
        if isinstance(answer, SubmissionChanged):
            raise answer
        return answer

    async def _append_all(self, companies: Sequence[Company]) -> list[Answer]:
        for _ in range(TRIES):
            answers = await self._append_once(companies)
            if answers is not None:
                return answers
        raise Unavailable("others were quicker at every try to append to the log")

    async def _append_once(self, companies: Sequence[Company]) -> list[Answer] | None:
        """Return where submissions begin, by company; None where somebody else was quicker."""
        names = [one.submission for company in companies for one in company.submissions]
        async with self.database.transaction() as tx:
            before = await store_log.head(tx)
            edge = await self._edge_of(tx, before)
            placed = await _placed(tx, names)
        answers, fresh = _put_together(companies, placed, edge.size)
        if fresh and not await self._append(edge, fresh):
            return None
        return answers

    async def _edge_of(self, tx: Tx, head: HeadRow | None) -> Edge:
        if self._known is not None and self._known[0] == head:
            return self._known[1]
        return await self.checked(tx, head)

    async def checked(self, tx: Tx, head: HeadRow | None) -> Edge:
        """Return the right edge as it stands in the database; raises `LogDamaged`.

        It has the root that the newest checkpoint says. Who signed that is not asked: the key may
        have been changed since, and whoever reads the log asks.
        """
        if head is None:
            return Edge.empty()
        try:
            text = Note.parse(head.note.encode()).text
            edge = await _edge(tx, head.size)
        except (BadNote, AssertionError) as error:
            raise LogDamaged("the newest batch of the log is not whole") from error
        if Checkpoint(self.signer.name, edge.size, edge.root()).text() != text:
            raise LogDamaged("the log's newest checkpoint is about another log")
        return edge

    async def _append(self, edge: Edge, fresh: Mapping[str, _Placed]) -> bool:
        """Append a batch; False where another stands at its place already."""
        leaves = [leaf for one in fresh.values() for leaf in split(one.leaves)]
        grown, whole = edge.grown(leaves)
        text = Checkpoint(self.signer.name, grown.size, root := grown.root()).text()
        note = Note(text, (self.signer.sign(text),)).encode().decode()
        head = HeadRow(grown.size, root, note)
        rows = [
            SubmissionRow(name, one.sender, one.first, len(one.leaves) // LEAF_BYTES, one.kind)
            for name, one in fresh.items()
        ]
        batch = store_log.Batch(edge.size, head, b"".join(leaves), whole, rows)
        if not await store_log.append(self.database, batch, self.clock.now()):
            return False
        self._known = (head, grown)
        return True


async def _placed(tx: Tx, names: Sequence[str]) -> dict[str, _Placed]:
    """Return those of these submissions that are in the log."""
    return {
        row.submission: _Placed(
            row.sender,
            b"".join(await store_log.entries(tx, row.first, row.first + row.leaves)),
            row.first,
        )
        for row in await store_log.submissions(tx, names)
    }


def _put_together(
    companies: Sequence[Company], placed: dict[str, _Placed], size: int
) -> tuple[list[Answer], dict[str, _Placed]]:
    """Give those that are new their places behind `size`; returns all answers, and the new ones."""
    answers, fresh = list[Answer](), dict[str, _Placed]()
    for company in companies:
        known = {one.submission: placed.get(one.submission) for one in company.submissions}
        if any(
            (was := known[one.submission]) is not None
            and (was.sender, was.leaves) != (company.sender, one.leaves)
            for one in company.submissions
        ):
            answers.append(SubmissionChanged())
            continue
        for one in company.submissions:
            if known[one.submission] is None:
                new = _Placed(company.sender, one.leaves, size, one.kind)
                placed[one.submission] = fresh[one.submission] = new
                size += len(one.leaves) // LEAF_BYTES
        answers.append([placed[one.submission].first for one in company.submissions])
    return answers, fresh


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
