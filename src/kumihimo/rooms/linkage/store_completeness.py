"""What a restore may have lost: the core's records, by their leaves, and an institution's exchanges."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.sql import Database, Tx


@attrs.frozen
class RecordsGone:
    """Records that are not there though their leaves are: how many, and put down when."""

    records: int
    since: datetime | None
    until: datetime | None


@attrs.frozen
class ExchangeRow:
    """An exchange as one of its sides knows it: what it asked, or when it said its last word on it."""

    record: str
    inquiry: str
    requested_at: datetime
    provided_at: datetime | None


async def exchanges_of(
    tx: Tx, party: str, since: datetime, after: str, most: int
) -> Sequence[ExchangeRow]:
    """Return a party's exchanges behind an instant and a record, the earliest first."""
    return await tx.rows(
        "SELECT r.record, CASE WHEN r.requester = %(party)s THEN r.inquiry ELSE '' END AS inquiry,"
        " r.requested_at, e.at AS provided_at FROM exchange_record r"
        " LEFT JOIN exchange_end e ON e.permit = r.permit AND e.side = 'provider'"
        "   AND r.provider = %(party)s"
        " WHERE (r.requested_at, r.record) > (%(since)s, %(after)s)"
        " AND (r.requester = %(party)s OR e.permit IS NOT NULL)"
        " ORDER BY r.requested_at, r.record LIMIT %(most)s",
        {"party": party, "since": since, "after": after, "most": most},
        ExchangeRow,
    )


async def records_gone(database: Database, at: datetime) -> RecordsGone:
    """Count them, of those that are too young to be forgotten by age at this instant."""
    async with database.transaction() as tx:
        await tx.unbounded()
        return await tx.one(
            "WITH has AS (SELECT submission, count(*) AS rows FROM exchange_record"
            "   WHERE submission IS NOT NULL GROUP BY submission),"
            " lacks AS (SELECT b.put_at, octet_length(b.leaves) / 32 - coalesce(h.rows, 0) AS rows"
            "   FROM leaf_batch b LEFT JOIN has h ON h.submission = b.submission"
            "   WHERE b.kind = 'record' AND b.put_at > (SELECT %(at)s - kept + interval '1 day'"
            "     FROM retention WHERE what = 'exchange_record'))"
            " SELECT coalesce(sum(rows), 0)::bigint AS records, min(put_at) AS since,"
            " max(put_at) AS until FROM lacks WHERE rows <> 0",
            {"at": at},
            RecordsGone,
        )
