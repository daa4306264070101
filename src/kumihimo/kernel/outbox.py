"""Messages that must leave because something was committed: put in that transaction, sent later.

At least once and in no order; receivers know a repeated message. A message that its receiver
refuses by name is dead at once; one that finds nobody, or somebody who has too much to do now, is
tried again, ever more rarely and without end: what bounds the queue is the room's grace
(`operations/graces.py`), not the patience of a letter.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy, below
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database, Tx

CLAIM_MAX = 64
RETRY_FIRST = timedelta(milliseconds=500)
RETRY_LONGEST = timedelta(minutes=5)
CLAIM_FOR = timedelta(seconds=60)


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
    tx: Tx, *, topic: str, destination: str, body: bytes, at: datetime, sender: str = ""
) -> None:
    """Put a message into this transaction's outbox. `topic` is the path at the destination."""
    await tx.put(
        "INSERT INTO outbox (sender, topic, destination, body, put_at, next_try_at)"
        " VALUES (%(sender)s, %(topic)s, %(destination)s, %(body)s, %(at)s, %(at)s)",
        {
            "sender": sender,
            "topic": topic,
            "destination": destination,
            "body": body,
            "at": at,
        },
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


@attrs.frozen
class Outbox:
    """Sends what is due. Any number of workers may run: claims skip each other's rows.

    `packs` says, by topic, how letters to one door travel together.
    """

    database: Database
    deliver: Deliver
    clock: Clock
    entropy: Entropy
    packs: Mapping[str, Pack] = attrs.field(factory=dict[str, Pack])

    async def run(self, limit: int = CLAIM_MAX) -> int:
        """As `run_once`, for a job: returns 0 unless it took so many that more may wait.

        Then the job pauses, and letters that come meanwhile travel together: nobody waits for them,
        and each message costs four rooms more than a letter in it does.
        """
        tried = await self.run_once(limit)
        return tried if tried == limit else 0

    async def run_once(self, limit: int = CLAIM_MAX) -> int:
        """Try up to `limit` due messages once; returns how many were tried.

        A claim is a lease: a worker that dies leaves its messages to be claimed again.
        """
        letters = await self._claim(limit)
        together: dict[tuple[str, str, str], list[Letter]] = {}
        for letter in sorted(letters, key=lambda one: one.message):
            door = (letter.sender, letter.destination, letter.topic)
            together.setdefault(door, []).append(letter)
        for same in together.values():
            await self._send_all(same)
        return len(letters)

    async def _claim(self, limit: int) -> list[Letter]:
        now = self.clock.now()
        async with self.database.transaction() as tx:
            await tx.unsynced()
            return await tx.rows(
                "UPDATE outbox SET next_try_at = %(lease)s, tries = tries + 1"
                " WHERE message IN (SELECT message FROM outbox WHERE next_try_at <= %(now)s"
                " ORDER BY next_try_at, message LIMIT %(limit)s FOR UPDATE SKIP LOCKED)"
                " RETURNING message, sender, topic, destination, body, put_at, tries",
                {"lease": now + CLAIM_FOR, "now": now, "limit": limit},
                Letter,
            )

    async def _send_all(self, letters: Sequence[Letter]) -> None:
        """Send letters to one door, packed where the topic allows it."""
        pack = self.packs.get(letters[0].topic)
        if pack is None or len(letters) == 1:
            for letter in letters:
                await self._send([letter], letter.body)
            return
        rest = list(letters)
        for count, body in pack([letter.body for letter in letters]):
            await self._send(rest[:count], body)
            del rest[:count]
        assert not rest, "a pack leaves no letter behind"

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
