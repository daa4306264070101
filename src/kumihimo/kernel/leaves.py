"""Leaves on their way to the log: written down with their records, submitted, and settled.

A room writes its leaves down in the transaction that made the records (`put`). They are in the log
once `Submitter.log` has returned; asked again, the log says the same places.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.tlog.leaf import (
    SALT_BYTES,
    SUBMISSIONS_MAX,
    Kind,
    Logged,
    Submission,
    Submitted,
)
from kumihimo.kernel.together import Together
from kumihimo.kernel.withheld import Withheld

_WAIT_S: Final = 5.0  # our choice: longer than a log that answers ever takes
_RESEND_AFTER: Final = timedelta(seconds=10)  # whoever sent it has long had an answer by then

Send = Callable[[Submitted], Awaitable[Logged]]


def salts(keys: PartyKeys) -> Withheld[bytes]:
    """Return the secret that a party's salts come from."""
    return keys.secret("leaf-salts")


def salt_of(secret: Withheld[bytes], record: str) -> bytes:
    """Return the salt of a record under a party's secret."""
    key = secret.reveal()
    return hashlib.blake2b(record.encode(), digest_size=SALT_BYTES, key=key).digest()


class Submitter:
    """A party's way to the log. Submissions that come while one is under way travel together."""

    def __init__(self, keys: PartyKeys, send: Send) -> None:
        self._salts = salts(keys)
        self._send = send
        self._together = Together(self._log_all, most=SUBMISSIONS_MAX)
        self.logged: dict[str, int] = {}

    def salt(self, record: str) -> bytes:
        """Return the salt of one of the party's records: always the same, and in no database."""
        return salt_of(self._salts, record)

    async def log(self, submissions: Sequence[Submission]) -> None:
        """Return once the leaves are in the log for good; raises `Unavailable`, `TooMany`."""
        for submission in submissions:
            self.logged[submission.submission] = await self._together.ask(submission)

    async def log_or_leave(self, submissions: Sequence[Submission]) -> None:
        """As `log`, but a log that is silent holds up nobody: `settle` submits what is left.

        For rooms that go on for a declared time without the log; the leaves are in their database.
        In a flood of our own nobody is answered before his leaves: `TooMany`, and he comes again.
        """
        try:
            async with asyncio.timeout(_WAIT_S):
                await self.log(submissions)
        except (Unavailable, TimeoutError):
            return

    async def _log_all(self, submissions: Sequence[Submission]) -> Sequence[int]:
        # Who asks again while the first is on its way brings the same leaves once more.
        once = {one.submission: one for one in submissions}
        try:
            answer = await self._send(Submitted(tuple(once.values())))
        except Refused as refusal:  # the log's word about us is not our word to whoever asked us
            raise Unavailable(f"the log refused leaves: {refusal.reason}") from refusal
        if len(answer.firsts) != len(once):
            raise Unavailable("the log answered for another number of submissions")
        firsts = dict(zip(once, answer.firsts, strict=True))
        return [firsts[one.submission] for one in submissions]


@attrs.frozen
class _OpenRow:
    """A submission of which nobody has written down yet that it is in the log."""

    submission: str
    leaves: bytes
    kind: Kind

    def wire(self) -> Submission:
        """Return it as it is submitted."""
        return Submission(self.submission, bytes(self.leaves), self.kind)


async def put(tx: Tx, submission: Submission, at: datetime) -> None:
    """Write leaves down in the transaction that made their records."""
    await tx.put(
        "INSERT INTO leaf_batch (submission, put_at, leaves, kind)"
        " VALUES (%(id)s, %(at)s, %(leaves)s, %(kind)s)",
        {
            "id": submission.submission,
            "at": at,
            "leaves": submission.leaves,
            "kind": submission.kind,
        },
    )


async def unlogged(tx: Tx, ids: Sequence[str]) -> list[Submission]:
    """Return those of these submissions that may not be in the log yet."""
    rows = await tx.rows(
        "SELECT submission, leaves, kind FROM leaf_batch"
        " WHERE submission = ANY(%(ids)s) AND first IS NULL ORDER BY submission",
        {"ids": list(ids)},
        _OpenRow,
    )
    return [row.wire() for row in rows]


async def log_open(database: Database, submitter: Submitter) -> None:
    """Return once the newest leaves that were put down are in the log, or it is silent.

    For rooms whose answers must not leave before: who calls this after the commit has waited for
    his own, and for those that an earlier answer may not have waited for.
    """
    async with database.transaction() as tx:
        rows = await tx.rows(
            "SELECT submission, leaves, kind FROM leaf_batch"
            " WHERE first IS NULL ORDER BY put_at DESC LIMIT %(most)s",
            {"most": SUBMISSIONS_MAX},
            _OpenRow,
        )
    await submitter.log_or_leave(
        [row.wire() for row in rows if row.submission not in submitter.logged]
    )


async def waiting_since(database: Database) -> datetime | None:
    """Return since when leaves wait for the log; None where none do."""
    async with database.transaction() as tx:
        since: datetime | None = await tx.value(
            "SELECT min(put_at) FROM leaf_batch WHERE first IS NULL"
        )
    return since


async def settle(database: Database, submitter: Submitter, clock: Clock) -> int:
    """Write down what the log answered, and submit again what it never answered to; returns how many.

    Raises `Unavailable` while the log does not answer.
    """
    async with database.transaction() as tx:
        rows = await tx.rows(
            "SELECT submission, leaves, kind FROM leaf_batch"
            " WHERE first IS NULL AND put_at < %(before)s ORDER BY put_at LIMIT %(most)s",
            {"before": clock.now() - _RESEND_AFTER, "most": SUBMISSIONS_MAX},
            _OpenRow,
        )
    left = [row for row in rows if row.submission not in submitter.logged]
    if left:
        await submitter.log([row.wire() for row in left])
    firsts = dict(submitter.logged)
    if firsts:
        async with database.transaction() as tx:
            await tx.unsynced()  # the log says the same places again
            await tx.put(
                "UPDATE leaf_batch SET first = new.first"
                " FROM unnest(%(ids)s::text[], %(firsts)s::bigint[]) AS new (submission, first)"
                " WHERE leaf_batch.submission = new.submission AND leaf_batch.first IS NULL",
                {"ids": list(firsts), "firsts": list(firsts.values())},
            )
    for submission in firsts:
        del submitter.logged[submission]
    return len(firsts)
