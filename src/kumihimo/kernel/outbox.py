"""Messages that must leave because something was committed: put in that transaction, sent later.

At least once and in no order; receivers know a repeated message. A message that its receiver
refuses by name is dead at once; one that finds nobody, or somebody who has too much to do now, is
tried again, ever more rarely and without end: what bounds the queue is the room's grace
(`operations/graces.py`), not the patience of a letter.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy, below
from kumihimo.kernel.fair import working_for
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import QueueFull, TooMany, Unavailable
from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.worker import Job, obey

CLAIM_MAX = 64  # letters of one line
LETTERS_MOST = 100_000  # our choice: a hundred megabytes of what people and officers say
LINES_MAX = 256  # lines that are being sent: as many destinations may hang before another waits
RETRY_FIRST = timedelta(milliseconds=500)
RETRY_LONGEST = timedelta(minutes=5)
CLAIM_FOR = timedelta(seconds=60)
BEGIN_FOR = timedelta(seconds=30)  # what is begun later than this could outlast the claim

# Lines are found one by one along their index, and of each only its first letters are read: a long
# line costs the others nothing.
_CLAIM: Final = (
    "WITH RECURSIVE line AS ("
    " (SELECT sender, destination FROM outbox ORDER BY sender, destination LIMIT 1)"
    " UNION ALL SELECT next.sender, next.destination FROM line, LATERAL ("
    " SELECT o.sender, o.destination FROM outbox o"
    " WHERE (o.sender, o.destination) > (line.sender, line.destination)"
    " ORDER BY o.sender, o.destination LIMIT 1) AS next"
    "), ready AS ("
    " SELECT line.sender, line.destination FROM line, LATERAL ("
    " SELECT o.next_try_at FROM outbox o"
    " WHERE o.sender = line.sender AND o.destination = line.destination"
    " AND o.next_try_at <= %(now)s ORDER BY o.next_try_at LIMIT 1) AS first"
    " WHERE NOT EXISTS (SELECT FROM unnest(%(senders)s::text[], %(destinations)s::text[])"
    " AS busy (sender, destination)"
    " WHERE busy.sender = line.sender AND busy.destination = line.destination)"
    " ORDER BY first.next_try_at LIMIT %(lines)s"
    "), due AS ("
    " SELECT one.message FROM ready, LATERAL (SELECT o.message FROM outbox o"
    " WHERE o.sender = ready.sender AND o.destination = ready.destination"
    " AND o.next_try_at <= %(now)s ORDER BY o.next_try_at, o.message"
    " LIMIT %(limit)s FOR UPDATE SKIP LOCKED) AS one)"
    " UPDATE outbox SET next_try_at = %(lease)s, tries = tries + 1"
    " WHERE message = ANY(ARRAY(SELECT message FROM due))"
    " RETURNING message, sender, topic, destination, body, put_at, tries"
)
_CLAIM_OF_LINE: Final = (
    "UPDATE outbox SET next_try_at = %(lease)s, tries = tries + 1 WHERE message IN ("
    " SELECT message FROM outbox WHERE sender = %(sender)s AND destination = %(destination)s"
    " AND next_try_at <= %(now)s ORDER BY next_try_at, message"
    " LIMIT %(limit)s FOR UPDATE SKIP LOCKED)"
    " RETURNING message, sender, topic, destination, body, put_at, tries"
)


@attrs.frozen(kw_only=True)
class Letter:
    """A message on its way."""

    message: int
    sender: str
    topic: str
    destination: str
    body: bytes
    put_at: datetime
    tries: int


Deliver = Callable[[Letter], Awaitable[None]]


# Packs the bodies of letters on their way to one door into fewer: (how many letters, their body).
# The letters of a pack are consecutive, so what is said later is said later still.
Pack = Callable[[Sequence[bytes]], Sequence[tuple[int, bytes]]]


def runs(sizes: Sequence[int], most: int, kinds: Sequence[int] = ()) -> list[slice]:
    """Cut a row of letters into runs of one kind and at most `most` entries, for a `Pack`."""
    found: list[slice] = []
    start, total = 0, 0
    for index, size in enumerate(sizes):
        other = bool(kinds) and kinds[index] != kinds[start]
        if index > start and (total + size > most or other):
            found.append(slice(start, index))
            start, total = index, 0
        total += size
    found.append(slice(start, len(sizes)))
    return found


async def put(
    tx: Tx,
    *,
    topic: str,
    destination: str,
    body: bytes,
    at: datetime,
    sender: str = "",
    most: int | None = None,
) -> None:
    """Put a message into this transaction's outbox. `topic` is the path at the destination.

    Raises `QueueFull` where `most` or more letters wait in its line: for what people and officers
    may do as often as they like, and do again later. What must be told whatever happens has none.
    """
    if most is not None:
        await _has_room(tx, sender, destination, most)
    await tx.put(
        "INSERT INTO outbox (sender, topic, destination, body, put_at, next_try_at)"
        " VALUES (%(sender)s, %(topic)s, %(destination)s, %(body)s, %(at)s, %(at)s)",
        {"sender": sender, "topic": topic, "destination": destination, "body": body, "at": at},
    )


async def put_all(
    tx: Tx, *, topic: str, destination: str, bodies: Sequence[bytes], at: datetime
) -> None:
    """Put many messages to one door into this transaction's outbox, in the order given."""
    await tx.put(
        "INSERT INTO outbox (sender, topic, destination, body, put_at, next_try_at)"
        " SELECT '', %(topic)s, %(destination)s, body, %(at)s, %(at)s"
        " FROM unnest(%(bodies)s::bytea[]) WITH ORDINALITY AS t (body, place) ORDER BY place",
        {"topic": topic, "destination": destination, "bodies": list(bodies), "at": at},
    )


async def _has_room(tx: Tx, sender: str, destination: str, most: int) -> None:
    """Count no further than `most`, along the line's index; two at a time may be one more."""
    waiting: int = await tx.value(
        "SELECT count(*) FROM (SELECT FROM outbox WHERE sender = %(sender)s"
        " AND destination = %(destination)s LIMIT %(most)s) AS waiting",
        {"sender": sender, "destination": destination, "most": most},
    )
    if waiting >= most:
        raise QueueFull


@attrs.frozen
class Waiting:
    """Letters of one sender that wait for one destination: how many, and since when the oldest."""

    sender: str
    destination: str
    count: int
    oldest: datetime


async def waiting(tx: Tx) -> list[Waiting]:
    """Return what waits in a room's outbox."""
    return await tx.rows(
        "SELECT sender, destination, count(*) AS count, min(put_at) AS oldest FROM outbox"
        " GROUP BY sender, destination",
        {},
        Waiting,
    )


async def dead(tx: Tx) -> list[Waiting]:
    """Return what was set aside because its receiver refused it; `oldest` is when it was put."""
    return await tx.rows(
        "SELECT sender, destination, count(*) AS count, min(put_at) AS oldest FROM dead_letter"
        " GROUP BY sender, destination",
        {},
        Waiting,
    )


Line = tuple[str, str]  # sender, destination


@attrs.frozen
class Outbox:
    """Sends what is due. Any number of workers may run: claims skip each other's rows.

    Each sender's letters to each destination are a line of their own. As a job, lines are sent side
    by side: neither a long one nor one whose destination hangs keeps another waiting. `packs` says,
    by topic, how letters to one door travel together.
    """

    database: Database
    deliver: Deliver
    clock: Clock
    entropy: Entropy
    packs: Mapping[str, Pack] = attrs.field(factory=dict[str, Pack])
    _lines: dict[Line, asyncio.Task[None]] = attrs.field(
        init=False, factory=dict[Line, "asyncio.Task[None]"]
    )
    _broken: list[BaseException] = attrs.field(init=False, factory=list[BaseException])

    def job(self, name: str, pause_s: float, *, gathers: bool = False) -> Job:
        """Return the job that sends for as long as the room runs.

        One that `gathers` lets a line rest between letters, unless so many were taken that more may
        wait: letters that come meanwhile travel together. Nobody waits for them, and each message
        costs four rooms more than a letter in it does.
        """

        async def run() -> int:
            return await self.begin(gathers=gathers)

        return Job(name, run, pause_s, self.stop)

    async def begin(self, *, gathers: bool = False, limit: int = CLAIM_MAX) -> int:
        """Begin to send what is due in every line that is not being sent; returns 0.

        Raises what broke a line since, once for each.
        """
        if self._broken:
            raise self._broken.pop()
        for letters in await self._claim(limit, LINES_MAX - len(self._lines), self._lines):
            line = (letters[0].sender, letters[0].destination)
            with working_for(letters[0].sender):
                task = asyncio.create_task(
                    self._carry(line, letters, gathers=gathers, limit=limit), name="outbox-line"
                )
            self._lines[line] = task
            task.add_done_callback(lambda ended, line=line: self._ended(line, ended))
        return 0

    async def stop(self) -> None:
        """Leave off sending; what was claimed is claimed again when its lease is over."""
        running = list(self._lines.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, line: Line, task: asyncio.Task[None]) -> None:
        del self._lines[line]
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Unavailable | TooMany):
            self._broken.append(error)

    async def _carry(
        self, line: Line, letters: Sequence[Letter], *, gathers: bool, limit: int
    ) -> None:
        """Send a line's letters, and those behind them while there are any."""
        while letters:
            await self._send_line(letters)
            obey()
            if gathers and len(letters) < limit:
                return
            letters = await self._claim_of(line, limit)

    async def run_once(self, limit: int = CLAIM_MAX) -> int:
        """Try up to `limit` due messages of each line once, by hand and in a fixed order.

        Returns how many were tried. A claim is a lease: a worker that dies leaves its messages to be
        claimed again.
        """
        lines = await self._claim(limit, LINES_MAX, ())
        for letters in lines:
            await self._send_line(letters)
        return sum(map(len, lines))

    async def _claim(
        self, limit: int, lines: int, besides: Collection[Line]
    ) -> list[Sequence[Letter]]:
        """Claim the first letters of lines, each line's in the order in which they were put."""
        now = self.clock.now()
        due = "SELECT FROM outbox WHERE next_try_at <= %(now)s LIMIT 1"
        if await self.database.look(due, {"now": now}, object) is None:
            return []  # a room that has nothing to send asks this alone, several times a second
        async with self.database.transaction() as tx:
            await tx.unsynced()
            letters = await tx.rows(
                _CLAIM,
                {
                    "lease": now + CLAIM_FOR,
                    "now": now,
                    "limit": limit,
                    "lines": lines,
                    "senders": [sender for sender, _ in besides],
                    "destinations": [destination for _, destination in besides],
                },
                Letter,
            )
        found: dict[Line, list[Letter]] = {}
        for letter in sorted(letters, key=lambda one: one.message):
            found.setdefault((letter.sender, letter.destination), []).append(letter)
        return list(found.values())

    async def _claim_of(self, line: Line, limit: int) -> list[Letter]:
        sender, destination = line
        now = self.clock.now()
        async with self.database.transaction() as tx:
            await tx.unsynced()
            letters = await tx.rows(
                _CLAIM_OF_LINE,
                {
                    "lease": now + CLAIM_FOR,
                    "now": now,
                    "limit": limit,
                    "sender": sender,
                    "destination": destination,
                },
                Letter,
            )
        return sorted(letters, key=lambda one: one.message)

    async def _send_line(self, letters: Sequence[Letter]) -> None:
        """Send letters of one line, packed where their topic allows it.

        What could not be begun in time stays claimed, and is due again when the claim is over.
        """
        until = self.clock.now() + BEGIN_FOR
        doors: dict[str, list[Letter]] = {}
        for letter in letters:
            doors.setdefault(letter.topic, []).append(letter)
        for same in doors.values():
            for together, body in self._packed(same):
                if self.clock.now() > until:
                    return
                await self._send(together, body)

    def _packed(self, letters: Sequence[Letter]) -> list[tuple[Sequence[Letter], bytes]]:
        pack = self.packs.get(letters[0].topic)
        if pack is None or len(letters) == 1:
            return [([letter], letter.body) for letter in letters]
        packed: list[tuple[Sequence[Letter], bytes]] = []
        rest = list(letters)
        for count, body in pack([letter.body for letter in letters]):
            packed.append((rest[:count], body))
            del rest[:count]
        assert not rest, "a pack leaves no letter behind"
        return packed

    async def _send(self, letters: Sequence[Letter], body: bytes) -> None:
        try:
            await self.deliver(attrs.evolve(letters[0], body=body))
        except (Unavailable, Refused) as refusal:
            if not isinstance(refusal, Refused) or refusal.later:
                for letter in letters:
                    await self._postpone(letter)
                return
            if len(letters) == 1:
                await self._bury(letters[0], f"refused: {refusal.reason}")
                return
            for letter in letters:  # one of them is bad: each speaks for itself
                await self._send([letter], letter.body)
        else:
            async with self.database.transaction() as tx:
                await tx.unsynced()  # a letter that is there again goes again
                await tx.put(
                    "DELETE FROM outbox WHERE message = ANY(%(messages)s)",
                    {"messages": [letter.message for letter in letters]},
                )

    async def _postpone(self, letter: Letter) -> None:
        wait = min(RETRY_FIRST * 2 ** min(letter.tries, 16), RETRY_LONGEST)
        # Jitter, so that a receiver that comes back is not met by everyone at once.
        wait *= 0.5 + below(self.entropy, 1_000) / 1_000
        async with self.database.transaction() as tx:
            await tx.put(
                "UPDATE outbox SET next_try_at = %(at)s WHERE message = %(message)s",
                {"at": self.clock.now() + wait, "message": letter.message},
            )

    async def _bury(self, letter: Letter, reason: str) -> None:
        async with self.database.transaction() as tx:
            await tx.put(
                "WITH gone AS (DELETE FROM outbox WHERE message = %(message)s RETURNING message,"
                " sender, topic, destination, body, put_at)"
                " INSERT INTO dead_letter (message, sender, topic, destination, body, put_at,"
                " died_at, reason) SELECT message, sender, topic, destination, body, put_at,"
                " %(at)s, %(reason)s FROM gone",
                {"message": letter.message, "at": self.clock.now(), "reason": reason},
            )

    async def requeue(self) -> int:
        """Give every dead letter another life; returns how many."""
        async with self.database.transaction() as tx:
            return await tx.execute(
                "WITH back AS (DELETE FROM dead_letter RETURNING sender, topic, destination,"
                " body, put_at)"
                " INSERT INTO outbox (sender, topic, destination, body, put_at, next_try_at)"
                " SELECT sender, topic, destination, body, put_at, %(at)s FROM back",
                {"at": self.clock.now()},
            )

    async def depth(self) -> tuple[int, datetime | None]:
        """Return how many messages wait, and since when the oldest does."""
        async with self.database.transaction() as tx:
            found = await waiting(tx)
        return sum(one.count for one in found), min((one.oldest for one in found), default=None)
