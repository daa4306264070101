"""The portal's SQL for how somebody wants to be told."""

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class WishRow:
    """Somebody's wishes, locked; whether her bell is listened to, and whether a mail is to go out.

    `rests_until`: before that the relay is not asked again.
    """

    account: str
    content_locked: bytes
    listens: bool = False
    due: bool = False
    rests_until: datetime | None = None


async def of_account(tx: Tx, account: str, *, lock: bool = False) -> WishRow | None:
    """Return somebody's wishes; with `lock` nobody else changes them before this transaction ends."""
    if lock:
        await tx.put(
            "SELECT FROM account WHERE account = %(account)s FOR UPDATE", {"account": account}
        )
    return await tx.row(
        "SELECT account, content_locked, listens, due, rests_until FROM wish WHERE account = %(account)s",
        {"account": account},
        WishRow,
    )


@attrs.frozen(kw_only=True, repr=False)
class AccountRow:
    """Since when somebody has her account, and what she wishes, locked, if she said anything."""

    opened_on: date
    content_locked: bytes | None


async def with_account(tx: Tx, account: str) -> AccountRow | None:
    """Return both at once."""
    return await tx.row(
        "SELECT a.opened_on, w.content_locked FROM account a LEFT JOIN wish w"
        " ON w.account = a.account WHERE a.account = %(account)s",
        {"account": account},
        AccountRow,
    )


async def put(tx: Tx, row: WishRow) -> None:
    """Write somebody's wishes down."""
    await tx.put(
        "INSERT INTO wish (account, content_locked, listens, due, rests_until)"
        " VALUES (%(account)s, %(content_locked)s, %(listens)s, %(due)s, %(rests_until)s)"
        " ON CONFLICT (account) DO UPDATE SET content_locked = excluded.content_locked,"
        " listens = excluded.listens, due = excluded.due, rests_until = excluded.rests_until",
        attrs.asdict(row),
    )


async def take_due(tx: Tx, now: datetime, *, until: datetime) -> WishRow | None:
    """Take one to whom a mail is to go out now; nobody else takes it before `until`."""
    return await tx.row(
        "UPDATE wish SET rests_until = %(until)s WHERE account = (SELECT account FROM wish WHERE due"
        " AND (rests_until IS NULL OR rests_until <= %(now)s) ORDER BY account LIMIT 1"
        " FOR UPDATE SKIP LOCKED) RETURNING account, content_locked, listens, due, rests_until",
        {"now": now, "until": until},
        WishRow,
    )


async def give_back(tx: Tx, taken: WishRow) -> None:
    """Let it be taken at once again, unless it is another's by now."""
    await tx.put(
        "UPDATE wish SET rests_until = NULL WHERE account = %(account)s AND due"
        " AND rests_until = %(until)s",
        {"account": taken.account, "until": taken.rests_until},
    )


@attrs.frozen(kw_only=True)
class DueRow:
    """An account to which a mail is to go out; whether it `rests` before the relay is asked again."""

    account: str
    rests: bool


async def all_due(tx: Tx, limit: int) -> Sequence[DueRow]:
    """Return to whom a mail is to go out, now or later."""
    return await tx.rows(
        "SELECT account, rests_until IS NOT NULL AS rests FROM wish WHERE due"
        " ORDER BY account LIMIT %(limit)s",
        {"limit": limit},
        DueRow,
    )


async def listening(tx: Tx, after: str, limit: int) -> Sequence[WishRow]:
    """Return a stretch of those whose bells are listened to."""
    return await tx.rows(
        "SELECT account, content_locked, listens, due, rests_until FROM wish WHERE listens"
        " AND account > %(after)s ORDER BY account LIMIT %(limit)s",
        {"after": after, "limit": limit},
        WishRow,
    )
