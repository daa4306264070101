"""The portal's SQL for what somebody had seen before."""

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(repr=False)
class LookRow:
    """What somebody had seen, locked."""

    account: str
    content_locked: bytes


async def last(tx: Tx, account: str) -> bytes | None:
    """Return what somebody had seen the time before."""
    row = await tx.row(
        "SELECT account, content_locked FROM last_look WHERE account = %(account)s",
        {"account": account},
        LookRow,
    )
    return None if row is None else bytes(row.content_locked)


async def put(tx: Tx, row: LookRow) -> None:
    """Write down what somebody has seen now."""
    await tx.put(
        "INSERT INTO last_look (account, content_locked) VALUES (%(account)s, %(content_locked)s)"
        " ON CONFLICT (account) DO UPDATE SET content_locked = excluded.content_locked",
        attrs.asdict(row),
    )
