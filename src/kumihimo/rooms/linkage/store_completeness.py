"""What a restore may have lost: the core's records, by their leaves, and an institution's exchanges."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import attrs

from kumihimo.kernel.ids import ID_BYTES, bits_of
from kumihimo.kernel.sql import Database, Tx

_MONTHS: Final = timedelta(
    days=62
)  # two: clocks differ, and a month begins before an instant in it


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
        "SELECT id_text(r.record) AS record, CASE WHEN r.requester = %(party)s"
        " THEN id_text(r.inquiry) ELSE '' END AS inquiry, r.requested_at, e.at AS provided_at"
        " FROM exchange_terms t JOIN exchange r ON r.month = t.month AND r.terms = t.terms"
        " LEFT JOIN exchange_said e ON e.month = r.month AND e.permit = r.permit AND e.by_provider"
        "   AND t.provider = %(party)s"
        # What was asked then was written down then, or later.
        " WHERE r.month >= %(first)s AND t.month >= %(first)s AND r.requested_at >= %(since)s"
        " AND (r.requested_at, r.record) > (%(since)s, %(after)s::uuid)"
        " AND (r.requester = %(party)s OR e.permit IS NOT NULL)"
        " ORDER BY r.requested_at, r.record LIMIT %(most)s",
        {
            "party": party,
            "first": max(since.date(), date.min + _MONTHS) - _MONTHS,
            "since": since,
            "after": (bits_of(after) if after else bytes(ID_BYTES)).hex(),
            "most": most,
        },
        ExchangeRow,
    )


async def records_gone(database: Database, at: datetime) -> RecordsGone:
    """Count them, of those that are too young to be forgotten by age at this instant."""
    async with database.transaction() as tx:
        await tx.unbounded()
        return await tx.one(
            # A record of which the words are gone says nothing any more.
            "WITH has AS (SELECT id_text(e.submission) AS submission, count(*) AS rows"
            "   FROM exchange e JOIN exchange_terms t ON t.month = e.month AND t.terms = e.terms"
            "   WHERE e.submission IS NOT NULL GROUP BY e.submission),"
            " lacks AS (SELECT b.put_at, octet_length(b.leaves) / 32 - coalesce(h.rows, 0) AS rows"
            "   FROM leaf_batch b LEFT JOIN has h ON h.submission = b.submission"
            "   WHERE b.kind = 'record' AND b.put_at > (SELECT %(at)s - kept + interval '1 day'"
            "     FROM retention WHERE what = 'exchange_record'))"
            " SELECT coalesce(sum(rows), 0)::bigint AS records, min(put_at) AS since,"
            " max(put_at) AS until FROM lacks WHERE rows <> 0",
            {"at": at},
            RecordsGone,
        )
