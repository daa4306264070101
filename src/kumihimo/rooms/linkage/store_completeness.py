"""Whether the core still has a record for each leaf that it put down with one: after a restore."""

from datetime import datetime

import attrs

from kumihimo.kernel.sql import Database


@attrs.frozen
class RecordsGone:
    """Records that are not there though their leaves are: how many, and put down when."""

    records: int
    since: datetime | None
    until: datetime | None


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
