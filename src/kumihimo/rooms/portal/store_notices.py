"""The portal's SQL for what she made of notices."""

from collections.abc import Sequence
from datetime import date

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class MarkRow:
    """That somebody read a notice, or is done with it; the notice by a keyed tag."""

    account: str
    notice_tag: bytes
    mark: str
    forget_on: date


async def of_account(tx: Tx, account: str, tags: Sequence[bytes]) -> dict[bytes, str]:
    """Return how somebody marked these notices."""
    rows = await tx.rows(
        "SELECT account, notice_tag, mark, forget_on FROM notice_mark"
        " WHERE account = %(account)s AND notice_tag = ANY(%(tags)s)",
        {"account": account, "tags": list(tags)},
        MarkRow,
    )
    return {bytes(row.notice_tag): row.mark for row in rows}


async def put(tx: Tx, row: MarkRow) -> int:
    """Mark a notice; returns how many marks changed."""
    return await tx.execute(
        "INSERT INTO notice_mark (account, notice_tag, mark, forget_on)"
        " VALUES (%(account)s, %(notice_tag)s, %(mark)s, %(forget_on)s)"
        " ON CONFLICT (account, notice_tag) DO UPDATE SET mark = excluded.mark"
        " WHERE notice_mark.mark <> excluded.mark",
        attrs.asdict(row),
    )


async def forget(tx: Tx, on: date) -> int:
    """Drop the marks of notices that are gone; returns how many."""
    return await tx.execute("DELETE FROM notice_mark WHERE forget_on <= %(on)s", {"on": on})
