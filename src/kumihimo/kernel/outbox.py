"""Messages that must leave because something was committed: put in that transaction, sent later.

At least once and in no order; receivers know a repeated message. A message that its receiver
refuses by name is dead at once; one that finds nobody is tried again, ever more rarely.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import attrs

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy, below
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database, Tx

CLAIM_MAX = 32
TRIES_MAX = 400  # at the longest wait that is more than a day of silence
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


async def put(
    tx: Tx, *, topic: str, destination: str, body: bytes, at: datetime, sender: str = ""
) -> None:
    """Put a message into this transaction's outbox. `topic` is the path at the destination."""
    await tx.execute(
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


@attrs.frozen
class Outbox:
    """Sends what is due. Any number of workers may run: claims skip each other's rows."""

    database: Database
    deliver: Deliver
    clock: Clock
    entropy: Entropy

    async def run_once(self, limit: int = CLAIM_MAX) -> int:
        """Try up to `limit` due messages once; returns how many were tried.

        A claim is a lease: a worker that dies leaves its messages to be claimed again.
        """
        letters = await self._claim(limit)
        for letter in letters:
            await self._send(letter)
        return len(letters)

    async def _claim(self, limit: int) -> list[Letter]:
        now = self.clock.now()
        async with self.database.transaction() as tx:
            return await tx.rows(
                "UPDATE outbox SET next_try_at = %(lease)s, tries = tries + 1"
                " WHERE message IN (SELECT message FROM outbox WHERE next_try_at <= %(now)s"
                " ORDER BY next_try_at, message LIMIT %(limit)s FOR UPDATE SKIP LOCKED)"
                " RETURNING message, sender, topic, destination, body, put_at, tries",
                {"lease": now + CLAIM_FOR, "now": now, "limit": limit},
                Letter,
            )

    async def _send(self, letter: Letter) -> None:
        try:
            await self.deliver(letter)
        except Refused as refusal:
            await self._bury(letter, f"refused: {refusal.reason}")
        except Unavailable:
            if letter.tries >= TRIES_MAX:
                await self._bury(letter, "nobody answered")
            else:
                await self._postpone(letter)
        else:
            async with self.database.transaction() as tx:
                await tx.execute(
                    "DELETE FROM outbox WHERE message = %(message)s", {"message": letter.message}
                )

    async def _postpone(self, letter: Letter) -> None:
        wait = min(RETRY_FIRST * 2 ** min(letter.tries, 16), RETRY_LONGEST)
        # Jitter, so that a receiver that comes back is not met by everyone at once.
        wait *= 0.5 + below(self.entropy, 1_000) / 1_000
        async with self.database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET next_try_at = %(at)s WHERE message = %(message)s",
                {"at": self.clock.now() + wait, "message": letter.message},
            )

    async def _bury(self, letter: Letter, reason: str) -> None:
        async with self.database.transaction() as tx:
            await tx.execute(
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
            count = await tx.value("SELECT count(*) FROM outbox")
            oldest = await tx.value("SELECT min(put_at) FROM outbox")
        return int(count), oldest
