"""Oversight's SQL for what is published."""

from datetime import datetime

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen
class MonthRow:
    """The name of a month."""

    month: str


async def add(tx: Tx, month: str, counted: bytes, at: datetime) -> int:
    """Publish a month once; returns 1, or 0 where it was."""
    return await tx.execute(
        "INSERT INTO statistics (month, counted, taken_at) VALUES (%(month)s, %(counted)s, %(at)s)"
        " ON CONFLICT (month) DO NOTHING",
        {"month": month, "counted": counted, "at": at},
    )


async def months(tx: Tx) -> list[MonthRow]:
    """Return the months, the latest first."""
    return await tx.rows("SELECT month FROM statistics ORDER BY month DESC", {}, MonthRow)


async def month(tx: Tx, name: str) -> bytes | None:
    """Return what was counted of a month."""
    found: bytes | None = await tx.value(
        "SELECT counted FROM statistics WHERE month = %(month)s", {"month": name}
    )
    return found
