"""SQL of who was shown what, and of the letter that says so."""

from datetime import datetime
from typing import Final

import attrs

from kumihimo.kernel import outbox
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.review.store_effects import GATEWAY

TOPIC: Final = "looked"


@attrs.frozen
class ViewingRow:
    """One time that somebody was shown a record."""

    viewing: int
    record_id: str
    affair: str


@attrs.frozen
class _Added:
    viewing: int
    first: bool


async def add(
    tx: Tx, item: str, officer: str, attributes: str, *, at: datetime, since: datetime
) -> None:
    """Write down which values somebody was shown; her first look since then is told to the gateway."""
    added = await tx.one(
        "INSERT INTO viewing (item, officer, seen_at, attributes)"
        " VALUES (%(item)s, %(officer)s, %(at)s, %(attributes)s) RETURNING viewing,"
        " NOT EXISTS (SELECT FROM viewing v WHERE v.item = %(item)s AND v.officer = %(officer)s"
        "  AND v.seen_at >= %(since)s) AS first",
        {"item": item, "officer": officer, "at": at, "attributes": attributes, "since": since},
        _Added,
    )
    if added.first:
        body = str(added.viewing).encode("ascii")
        await outbox.put(tx, topic=TOPIC, destination=GATEWAY, body=body, at=at)


async def viewing(tx: Tx, name: int) -> ViewingRow | None:
    """Return one viewing with its record."""
    return await tx.row(
        "SELECT v.viewing, i.record_id, i.affair FROM viewing v JOIN item i ON i.item = v.item"
        " WHERE v.viewing = %(viewing)s",
        {"viewing": name},
        ViewingRow,
    )
