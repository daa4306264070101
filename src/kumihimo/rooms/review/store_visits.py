"""SQL of who is at the desk, and of wrong passcodes."""

from datetime import datetime

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class VisitRow:
    """A browser's visit. `entry_tag`: of the officer's line in the file when she signed in."""

    token_hash: bytes
    officer: str
    entry_tag: bytes
    content_locked: bytes
    until: datetime


async def may_be_lost(tx: Tx) -> None:
    """Let this commit not wait for the disk: PostgreSQL itself would have to crash to lose it."""
    await tx.put("SET LOCAL synchronous_commit = off")


async def go_on(tx: Tx, token_hash: bytes, *, until: datetime, at: datetime) -> VisitRow | None:
    """Return a visit that is not over, and let it last on."""
    return await tx.row(
        "UPDATE visit SET until = %(until)s WHERE token_hash = %(hash)s AND until > %(at)s"
        " RETURNING token_hash, officer, entry_tag, content_locked, until",
        {"hash": token_hash, "until": until, "at": at},
        VisitRow,
    )


async def add(tx: Tx, row: VisitRow) -> None:
    """Write a new visit down."""
    await tx.put(
        "INSERT INTO visit (token_hash, officer, entry_tag, content_locked, until) VALUES"
        " (%(token_hash)s, %(officer)s, %(entry_tag)s, %(content_locked)s, %(until)s)",
        attrs.asdict(row),
    )


async def keep(tx: Tx, token_hash: bytes, content_locked: bytes) -> None:
    """Write down what changed in a visit that goes on."""
    await tx.put(
        "UPDATE visit SET content_locked = %(content)s WHERE token_hash = %(hash)s",
        {"content": content_locked, "hash": token_hash},
    )


async def end(tx: Tx, token_hash: bytes) -> None:
    """End a visit."""
    await tx.put("DELETE FROM visit WHERE token_hash = %(hash)s", {"hash": token_hash})


async def end_of(tx: Tx, officer: str) -> None:
    """End every visit of somebody."""
    await tx.put("DELETE FROM visit WHERE officer = %(officer)s", {"officer": officer})


async def spend_try(tx: Tx, officer: str, *, most: int, over: datetime, at: datetime) -> bool:
    """Count a try; False where `most` were counted and the last of them is later than `over`."""
    counted = await tx.execute(
        "INSERT INTO sign_in_try AS t (officer, tries, last_at) VALUES (%(officer)s, 1, %(at)s)"
        " ON CONFLICT (officer) DO UPDATE SET last_at = %(at)s,"
        " tries = CASE WHEN t.last_at <= %(over)s THEN 1 ELSE t.tries + 1 END"
        " WHERE t.tries < %(most)s OR t.last_at <= %(over)s",
        {"officer": officer, "most": most, "over": over, "at": at},
    )
    return counted == 1


async def forget_tries(tx: Tx, officer: str) -> None:
    """Begin anew."""
    await tx.put("DELETE FROM sign_in_try WHERE officer = %(officer)s", {"officer": officer})


async def forget_over(tx: Tx, *, at: datetime, tries_until: datetime) -> int:
    """Drop what is over; returns how many rows."""
    gone = await tx.execute("DELETE FROM visit WHERE until <= %(at)s", {"at": at})
    return gone + await tx.execute(
        "DELETE FROM sign_in_try WHERE last_at <= %(until)s", {"until": tries_until}
    )
