"""The ledger's SQL for a page of what a person reads: all that is hers is looked through once.

What is hers and not hidden is found by many look-ups for each record. So a page asks once for the
names of what it shows, with what it says of the whole, and then reads what it shows by name.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.ledger import store
from kumihimo.rooms.ledger.store import MineRow, Reader, Wanted


@attrs.frozen(kw_only=True)
class SeenRow:
    """A page by its records' names, who asked about her, and which numbers her chain has.

    `names` are one more than wanted where there are more. Of bodies the latest stands first.
    `first` and `last` are None where she has no chain, or cannot read one of its numbers: where
    somebody took a record out of the database, nobody is told that the list is complete.
    """

    names: Sequence[str]
    bodies: Sequence[str]
    times: Sequence[int]
    refused: Sequence[int]
    last_at: Sequence[datetime]
    first: int | None
    last: int | None


@attrs.frozen
class LooksRow:
    """Names and moments of the latest looks of others, the newest first."""

    names: Sequence[str]
    moments: Sequence[datetime]


_SEEN: Final[LiteralString] = (
    "WITH seen AS MATERIALIZED (SELECT r.record, r.requested_at, r.requester, r.provider,"
    " r.outcome, coalesce(q.outcome, p.outcome, r.outcome) AS ended"
    + store.WITH_ENDS
    + store.OF_PERSON
    + ")"
)


_PAGE: Final[LiteralString] = (
    ", fits AS (SELECT record, requested_at FROM seen"
    " WHERE (%(since)s::timestamptz IS NULL OR requested_at >= %(since)s)"
    " AND (%(until)s::timestamptz IS NULL OR requested_at < %(until)s)"
    " AND (%(requester)s = '' OR requester = %(requester)s)"
    " AND (%(provider)s = '' OR provider = %(provider)s)"
    " AND (%(outcome)s = '' OR ended = %(outcome)s)"
    " AND (%(after_at)s::timestamptz IS NULL"
    "      OR (requested_at, record) < (%(after_at)s, %(after_record)s))"
    " ORDER BY requested_at DESC, record DESC LIMIT %(most)s),"
    " body AS (SELECT requester, count(*) AS times,"
    " count(*) FILTER (WHERE outcome <> 'OK') AS refused, max(requested_at) AS last_at"
    " FROM seen GROUP BY requester),"
    " whole AS (SELECT c.forgotten + 1 AS first, c.number AS last FROM person_chain c"
    " JOIN person_link l ON l.chain = c.chain AND l.number > c.forgotten"
    "  AND l.number <= c.number"
    " JOIN seen ON seen.record = l.record WHERE c.person = ANY(%(persons)s::bytea[])"
    " GROUP BY c.chain HAVING count(*) = c.number - c.forgotten)"
    " SELECT (SELECT coalesce(array_agg(record ORDER BY requested_at DESC, record DESC), '{}')"
    "  FROM fits) AS names,"
    " coalesce(array_agg(requester ORDER BY last_at DESC, requester), '{}') AS bodies,"
    " coalesce(array_agg(times ORDER BY last_at DESC, requester), '{}') AS times,"
    " coalesce(array_agg(refused ORDER BY last_at DESC, requester), '{}') AS refused,"
    " coalesce(array_agg(last_at ORDER BY last_at DESC, requester), '{}') AS last_at,"
    " (SELECT first FROM whole) AS first, (SELECT last FROM whole) AS last FROM body"
)
_LOOKS: Final[LiteralString] = (
    ", latest AS (SELECT record, requested_at FROM seen WHERE requester <> 'ledger'"
    " ORDER BY requested_at DESC, record DESC LIMIT %(most)s)"
    " SELECT coalesce(array_agg(record ORDER BY requested_at DESC, record DESC), '{}') AS names,"
    " coalesce(array_agg(requested_at ORDER BY requested_at DESC, record DESC), '{}')"
    " AS moments FROM latest"
)


async def page(tx: Tx, reader: Reader, wanted: Wanted) -> SeenRow:
    """Return which records a page shows, and what it says of all of hers."""
    after_at, after_record = wanted.after or (None, "")
    return await tx.one(
        _SEEN + _PAGE,
        {
            "persons": list(reader.persons),
            "silent_before": reader.silent_before,
            "since": wanted.since,
            "until": wanted.until,
            "requester": wanted.requester,
            "provider": wanted.provider,
            "outcome": wanted.outcome,
            "after_at": after_at,
            "after_record": after_record,
            "most": wanted.limit + 1,
        },
        SeenRow,
    )


async def looks(tx: Tx, reader: Reader, most: int) -> LooksRow:
    """Return the latest looks of others than herself."""
    return await tx.one(
        _SEEN + _LOOKS,
        {
            "persons": list(reader.persons),
            "silent_before": reader.silent_before,
            "most": most,
        },
        LooksRow,
    )


async def named(tx: Tx, names: Sequence[str]) -> list[MineRow]:
    """Return records of these names, newest first. For names that `page` or `looks` gave just now."""
    return await tx.rows(
        store.AS_READ
        + " WHERE r.record = ANY(%(names)s) ORDER BY r.requested_at DESC, r.record DESC",
        {"names": list(names)},
        MineRow,
    )
