"""The ledger's SQL for a page of what a person reads: all that is hers is looked through once.

A page says something of all of hers, and shows few of them. Which it shows, and what it says of the
whole, three indexes alone answer; then those are read by name, in the same question.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.listed import listed
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.ledger import store, store_claims, store_delegations, store_notices
from kumihimo.rooms.ledger.store import MineRow, Reader, Wanted


@attrs.frozen(kw_only=True)
class SeenRow:
    """A page, who asked about her, and which numbers her chain has.

    `records` are listed `NamedRow`s, and `acts` listed `store_delegations.ActRow`s. `more`: there are
    more that fit. Of bodies the latest stands first. `first` and `last` are None where she has no
    chain, or cannot read one of its numbers: where somebody took a record out of the database, nobody
    is told that the list is complete.
    """

    records: str
    more: bool
    acts: str
    bodies: Sequence[str]
    times: Sequence[int]
    refused: Sequence[int]
    last_at: Sequence[datetime]
    first: int | None
    last: int | None


@attrs.frozen(kw_only=True)
class AskedRow:
    """A body that asked about a person."""

    requester: str
    times: int
    refused: int
    last_at: datetime


@attrs.frozen(kw_only=True)
class OverviewRow:
    """What a first page needs: names and moments of the latest looks of others, the newest first.

    `latest` are listed `NamedRow`s of the first of them, `claims` and `notices` the listed rows of
    `store_claims` and `store_notices`.
    """

    names: Sequence[str]
    moments: Sequence[datetime]
    latest: str
    claims: str
    notices: str


@attrs.frozen(kw_only=True)
class NamedRow(MineRow):
    """A record of hers, and its number in her chain; None where it has none yet."""

    number: int | None


# Lets each statement of a transaction be planned once, and not anew for every person. With an array among
# what it is asked for PostgreSQL plans it each time, which takes as long as to run it. No plan here
# depends on who she is.
PLAN_ONCE: Final[LiteralString] = "SET LOCAL plan_cache_mode = force_generic_plan"
# (1) Her records, by the code that the requester named her by, and those of which the provider named her.
# (2) What has a number in her chain: nobody can hide it any more (`chain`), so no end is looked up. She
#     has one chain, under whichever of her codes.
# (3) All that she sees: what has a number, and of the rest what `store.VISIBLE` lets through.
_MINE: Final[LiteralString] = (
    "WITH hers AS MATERIALIZED ("
    "  SELECT record, permit, requested_at, requester, provider, outcome, hidden FROM record"
    "  WHERE person = ANY(%(persons)s::bytea[])),"
    " mine AS MATERIALIZED (SELECT record, permit, requested_at, requester, provider, outcome,"
    "  hidden FROM hers UNION ALL"
    "  SELECT record, permit, requested_at, requester, provider, outcome, hidden FROM record"
    "  WHERE permit IN (SELECT permit FROM record_end WHERE person = ANY(%(persons)s::bytea[])"
    "   AND permit NOT IN (SELECT permit FROM hers))),"
    " chain AS MATERIALIZED (SELECT chain, number AS newest, forgotten FROM person_chain"
    "  WHERE person = ANY(%(persons)s::bytea[])),"
    " link AS MATERIALIZED (SELECT l.record, l.number, c.newest, c.forgotten"
    "  FROM (SELECT chain, newest, forgotten FROM chain ORDER BY chain LIMIT 1) c"
    "  JOIN person_link l ON l.chain = c.chain),"
    " seen AS MATERIALIZED ("
    "  SELECT record, permit, requested_at, requester, provider, outcome FROM mine"
    "  WHERE NOT hidden AND record IN (SELECT record FROM link) UNION ALL"
    "  SELECT r.record, r.permit, r.requested_at, r.requester, r.provider, r.outcome FROM mine r"
)
_WITHOUT_NUMBER: Final[LiteralString] = " WHERE r.record NOT IN (SELECT record FROM link) AND "
_SEEN: Final[LiteralString] = _MINE + store.THEIR_ENDS + _WITHOUT_NUMBER + store.VISIBLE + ")"
_FITS: Final[LiteralString] = (
    ", fits AS (SELECT record, requested_at FROM seen r"
    " WHERE (%(since)s::timestamptz IS NULL OR requested_at >= %(since)s)"
    " AND (%(until)s::timestamptz IS NULL OR requested_at < %(until)s)"
    " AND (%(requester)s = '' OR requester = %(requester)s)"
    " AND (%(provider)s = '' OR provider = %(provider)s)"
    " AND (%(outcome)s = '' OR %(outcome)s = (SELECT coalesce(q.outcome, p.outcome, r.outcome)"
    "  FROM (SELECT) nothing"
)
# Those of a page by name, whole. What is numbered up to `forgotten` has no number any more.
_BY_NAME: Final[LiteralString] = (
    ", l.number FROM (SELECT record FROM fits ORDER BY requested_at DESC, record DESC"
    "  LIMIT %(whole)s) f JOIN record r ON r.record = f.record"
)
_NEWEST_FIRST: Final[LiteralString] = (
    " LEFT JOIN alarm a ON a.permit = r.permit"
    " LEFT JOIN link l ON l.record = r.record AND l.number > l.forgotten"
    " ORDER BY r.requested_at DESC, r.record DESC"
)
_WHOLE: Final = listed(store.READ_COLUMNS + _BY_NAME + store.THEIR_ENDS + _NEWEST_FIRST)
_OF_ALL: Final[LiteralString] = (
    "))"
    " AND (%(after_at)s::timestamptz IS NULL"
    "      OR (requested_at, record) < (%(after_at)s, %(after_record)s))"
    " ORDER BY requested_at DESC, record DESC LIMIT %(whole)s + 1),"
    " body AS (SELECT requester, count(*) AS times,"
    " count(*) FILTER (WHERE outcome NOT IN ('OK', 'LOOKED')) AS refused,"
    " max(requested_at) AS last_at FROM seen GROUP BY requester),"
    " whole AS (SELECT l.forgotten + 1 AS first, l.newest AS last FROM link l"
    " JOIN seen ON seen.record = l.record WHERE l.number > l.forgotten AND l.number <= l.newest"
    " GROUP BY l.forgotten, l.newest HAVING count(*) = l.newest - l.forgotten)"
    " SELECT coalesce(array_agg(requester ORDER BY last_at DESC, requester), '{}') AS bodies,"
    " coalesce(array_agg(times ORDER BY last_at DESC, requester), '{}') AS times,"
    " coalesce(array_agg(refused ORDER BY last_at DESC, requester), '{}') AS refused,"
    " coalesce(array_agg(last_at ORDER BY last_at DESC, requester), '{}') AS last_at,"
    " (SELECT first FROM whole) AS first, (SELECT last FROM whole) AS last,"
    " (SELECT count(*) FROM fits) > %(whole)s AS more, "
)
_PAGE: Final[LiteralString] = (
    _FITS
    + store.THEIR_ENDS
    + _OF_ALL
    + _WHOLE
    + " AS records, "
    + listed(store_delegations.ACTS_ON)
    + " AS acts FROM body"
)
_BODIES: Final[LiteralString] = (
    " SELECT requester, count(*) AS times,"
    " count(*) FILTER (WHERE outcome NOT IN ('OK', 'LOOKED')) AS refused,"
    " max(requested_at) AS last_at FROM seen GROUP BY requester ORDER BY last_at DESC"
)
_LOOKS: Final[LiteralString] = (
    ", fits AS (SELECT record, requested_at FROM seen WHERE requester <> 'ledger'"
    " ORDER BY requested_at DESC, record DESC LIMIT %(most)s)"
    " SELECT coalesce(array_agg(record ORDER BY requested_at DESC, record DESC), '{}') AS names,"
    " coalesce(array_agg(requested_at ORDER BY requested_at DESC, record DESC), '{}')"
    " AS moments, "
)
_OVERVIEW: Final[LiteralString] = (
    _LOOKS
    + _WHOLE
    + " AS latest, "
    + listed(store_claims.MINE)
    + " AS claims, "
    + listed(store_notices.MINE)
    + " AS notices FROM fits"
)


async def page(tx: Tx, reader: Reader, wanted: Wanted, *, acts: int = 0) -> SeenRow:
    """Return what a page shows and says, with at most so many acts of proxies."""
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
            "whole": wanted.limit,
            "acts_most": acts,
        },
        SeenRow,
    )


async def overview(
    tx: Tx, reader: Reader, *, looks: int, whole: int, claims: int, notices: int, on: date
) -> OverviewRow:
    """Return at most so many looks of others than herself, the first `whole`; claims; notices of a day."""
    return await tx.one(
        _SEEN + _OVERVIEW,
        {
            "persons": list(reader.persons),
            "silent_before": reader.silent_before,
            "most": looks,
            "whole": whole,
            "claims_most": claims,
            "notices_most": notices,
            "on": on,
        },
        OverviewRow,
    )


async def who_asked(tx: Tx, reader: Reader) -> list[AskedRow]:
    """Return the bodies that asked about a person, the latest first; hidden records are absent."""
    return await tx.rows(
        _SEEN + _BODIES,
        {"persons": list(reader.persons), "silent_before": reader.silent_before},
        AskedRow,
    )
