"""The portal's SQL for visits: browsers in which somebody is signed in."""

from datetime import datetime
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.sql import Database, Tx


@attrs.frozen(kw_only=True, repr=False)
class VisitRow:
    """A browser's visit; `account` is None for a stranger's whose work is kept."""

    token_hash: bytes
    account: str | None
    content_locked: bytes
    presence_hash: bytes | None
    begun_at: datetime
    until: datetime
    ends_at: datetime
    lease_until: datetime | None


async def find(database: Database, token_hash: bytes) -> VisitRow | None:
    """Return a visit. Every page asks this, and most write nothing."""
    return await database.look(
        "SELECT token_hash, account, content_locked, presence_hash, begun_at, until, ends_at,"
        " lease_until FROM visit WHERE token_hash = %(hash)s",
        {"hash": token_hash},
        VisitRow,
    )


async def add(tx: Tx, row: VisitRow) -> None:
    """Write a new visit down."""
    await tx.put(
        "INSERT INTO visit (token_hash, account, content_locked, presence_hash, begun_at, until,"
        " ends_at, lease_until) VALUES (%(token_hash)s, %(account)s, %(content_locked)s,"
        " %(presence_hash)s, %(begun_at)s, %(until)s, %(ends_at)s, %(lease_until)s)"
        " ON CONFLICT (token_hash) DO UPDATE SET content_locked = excluded.content_locked",
        attrs.asdict(row),
    )


_KEEP: Final[LiteralString] = (
    "UPDATE visit SET content_locked = %(content)s WHERE token_hash = %(hash)s"
)


async def keep(database: Database, token_hash: bytes, content_locked: bytes) -> None:
    """Write down what changed in a visit that goes on."""
    await database.alone(_KEEP, {"content": content_locked, "hash": token_hash})


def keep_with(tx: Tx, token_hash: bytes, content_locked: bytes) -> None:
    """Write down what changed in a visit that goes on, together with the commit."""
    tx.last(_KEEP, {"content": content_locked, "hash": token_hash})


async def share(tx: Tx, row: VisitRow) -> None:
    """Tie a visit to a card in the reader of a shared terminal."""
    await tx.put(
        "UPDATE visit SET presence_hash = %(presence_hash)s, lease_until = %(lease_until)s,"
        " until = %(until)s, ends_at = %(ends_at)s WHERE token_hash = %(token_hash)s",
        attrs.asdict(row),
    )


async def go_on(database: Database, row: VisitRow, until: datetime) -> bool:
    """Let a visit last on, at least until then; False where it has ended, or was tied to a card.

    Nobody waits for the disk: should the server crash, a visit that lost this ends sooner.
    """
    changed = await database.alone(
        "UPDATE visit SET until = greatest(until, %(until)s) WHERE token_hash = %(hash)s"
        " AND presence_hash IS NOT DISTINCT FROM %(presence)s",
        {"until": until, "hash": row.token_hash, "presence": row.presence_hash},
        unsynced=True,
    )
    return changed == 1


async def end(tx: Tx, token_hash: bytes) -> None:
    """End a visit."""
    await tx.put("DELETE FROM visit WHERE token_hash = %(hash)s", {"hash": token_hash})


async def end_of(tx: Tx, account: str) -> int:
    """End every visit of somebody; returns how many."""
    return await tx.execute("DELETE FROM visit WHERE account = %(account)s", {"account": account})


async def lease(tx: Tx, presence_hash: bytes, until: datetime, at: datetime) -> bool:
    """Believe a shared terminal that the card is still there; False when the visit has ended."""
    found = await tx.execute(
        "UPDATE visit SET lease_until = %(until)s WHERE presence_hash = %(hash)s"
        " AND lease_until > %(at)s AND until > %(at)s",
        {"until": until, "hash": presence_hash, "at": at},
    )
    return found == 1


async def removed(tx: Tx, presence_hash: bytes) -> int:
    """End the visit whose card was taken out of a shared terminal; returns how many ended."""
    return await tx.execute(
        "DELETE FROM visit WHERE presence_hash = %(hash)s", {"hash": presence_hash}
    )
