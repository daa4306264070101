"""Oversight's leaves for the log: each directory, and the heads of its journal.

Oversight needs no way out: the ledger comes and fetches what waits, and says next time where it
stands. It is given the newest that has its place once more: there the log must have it still.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import attrs
import msgspec

from kumihimo.kernel import leaves
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.ids import id_of
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.refusal import Conflict, Unavailable
from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.tlog.leaf import (
    OPEN_SALT,
    SUBMISSIONS_MAX,
    Logged,
    Place,
    Submission,
    Submitted,
    commit,
)

DIRECTORY: Final = "directory/1"


@attrs.frozen
class LeavesRow:
    """Leaves that were put down, and where they begin in the log, once it was told."""

    submission: str
    leaves: bytes
    first: int | None


def directory_leaf(version: int, body: bytes) -> bytes:
    """Return the leaf of a directory. Its salt is zeros: anybody who has the directory checks it."""
    content = msgspec.json.encode((DIRECTORY, version, hashlib.sha256(body).digest()))
    return commit(OPEN_SALT, content)


def directory_submission(keys: PartyKeys, version: int) -> str:
    """Return the id under which the one directory of a version goes into the log."""
    return id_of(leaves.salt_of(leaves.salts(keys), f"directory|{version}"))


async def of(tx: Tx, submissions: Sequence[str]) -> dict[str, LeavesRow]:
    """Return leaves by their submissions."""
    rows = await tx.rows(
        "SELECT submission, leaves, first FROM leaf_batch WHERE submission = ANY(%(ids)s)",
        {"ids": list(submissions)},
        LeavesRow,
    )
    return {row.submission: row for row in rows}


async def take(tx: Tx, told: Sequence[Place]) -> list[str]:
    """Write down where leaves stand; returns those that stand elsewhere than they did, or not."""
    known = await of(tx, [one.submission for one in told])
    held = [(one, known[one.submission]) for one in told if one.submission in known]
    new = [(one, one.first) for one, row in held if row.first is None and one.first is not None]
    if new:
        await tx.put(
            "UPDATE leaf_batch SET first = new.first"
            " FROM unnest(%(ids)s::text[], %(firsts)s::bigint[]) AS new (submission, first)"
            " WHERE leaf_batch.submission = new.submission AND leaf_batch.first IS NULL",
            {"ids": [one.submission for one, _ in new], "firsts": [first for _, first in new]},
        )
    return [
        one.submission
        for one, row in held
        if one.first is None or row.first not in {None, one.first}
    ]


async def waiting(tx: Tx) -> list[Submission]:
    """Return what the log may not have yet, the oldest first, and the newest that it has."""
    rows = await tx.rows(
        "(SELECT submission, leaves, first FROM leaf_batch WHERE first IS NULL"
        " ORDER BY put_at LIMIT %(most)s)"
        " UNION ALL (SELECT submission, leaves, first FROM leaf_batch WHERE first IS NOT NULL"
        " ORDER BY first DESC LIMIT 1)",
        {"most": SUBMISSIONS_MAX - 1},
        LeavesRow,
    )
    return [Submission(row.submission, bytes(row.leaves)) for row in rows]


async def leave(database: Database, clock: Clock, submitted: Submitted) -> Logged:
    """Put leaves down for the ledger to fetch; returns their places once it has told them.

    Raises `Unavailable` before, and `Conflict` for other leaves under an id.
    """
    async with database.transaction() as tx:
        known = await of(tx, [one.submission for one in submitted.submissions])
        for one in submitted.submissions:
            if one.submission not in known:
                await leaves.put(tx, one, clock.now())
    if any(
        row.leaves != one.leaves
        for one in submitted.submissions
        if (row := known.get(one.submission)) is not None
    ):
        raise Conflict("other leaves were put down under this id", pointer="submissions")
    firsts = [row.first for row in known.values() if row.first is not None]
    if len(firsts) < len(submitted.submissions):
        raise Unavailable("the ledger has not told yet where these leaves stand")
    return Logged(tuple(firsts))
