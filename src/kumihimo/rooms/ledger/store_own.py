"""The ledger's SQL for what a person asks about herself."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.sql import Database, Tx


@attrs.frozen(kw_only=True)
class BatchRow:
    """One kind of information, asked by one session."""

    batch: str
    token_hash: bytes
    information: str
    reader_key: bytes
    body: bytes
    asked_at: datetime
    until: datetime
    next_try_at: datetime
    tries: int = 0


@attrs.frozen(kw_only=True)
class AskRow:
    """The question to one institution, and its answer."""

    inquiry: str
    batch: str
    provider: str
    permit: str | None = None
    outcome: str | None = None
    answer_sealed: bytes | None = None
    answered_at: datetime | None = None


@attrs.frozen
class AskName:
    """One column."""

    inquiry: str


@attrs.frozen
class BatchName:
    """One column."""

    batch: str


async def add(tx: Tx, row: BatchRow, asks: Sequence[AskRow]) -> None:
    """Write a question down."""
    await tx.put(
        "INSERT INTO own_batch (batch, token_hash, information, reader_key, body, asked_at, until,"
        " next_try_at, asked) VALUES (%(batch)s, %(token_hash)s, %(information)s, %(reader_key)s,"
        " %(body)s, %(asked_at)s, %(until)s, %(next_try_at)s, %(asked)s)",
        attrs.asdict(row) | {"asked": len(asks)},
    )
    await tx.put(
        "INSERT INTO own_ask (inquiry, batch, provider) SELECT inquiry, %(batch)s, provider"
        " FROM unnest(%(inquiries)s::text[], %(providers)s::text[]) AS new (inquiry, provider)",
        {
            "batch": row.batch,
            "inquiries": [one.inquiry for one in asks],
            "providers": [one.provider for one in asks],
        },
    )


async def lock_session(tx: Tx, token_hash: bytes) -> None:
    """Let questions of one session come one after another."""
    await tx.put(
        "SELECT 1 FROM session WHERE token_hash = %(hash)s FOR UPDATE", {"hash": token_hash}
    )


async def of_session(tx: Tx, token_hash: bytes) -> list[BatchRow]:
    """Return what a session asked, the latest first."""
    return await tx.rows(
        "SELECT batch, token_hash, information, reader_key, body, asked_at, until, next_try_at,"
        " tries FROM own_batch WHERE token_hash = %(hash)s ORDER BY asked_at DESC, batch",
        {"hash": token_hash},
        BatchRow,
    )


async def asks(tx: Tx, batches: Sequence[str]) -> list[AskRow]:
    """Return the questions of batches, by institution."""
    return await tx.rows(
        "SELECT inquiry, batch, provider, permit, outcome, answer_sealed, answered_at"
        " FROM own_ask WHERE batch = ANY(%(batches)s) ORDER BY provider, inquiry",
        {"batches": list(batches)},
        AskRow,
    )


@attrs.frozen(kw_only=True)
class ShownRow:
    """What a page shows of the question to one institution, beside the kind that was asked about.

    `asked` counts the institutions of its batch. `inquiry` is None for a batch of which nothing is shown.
    """

    batch: str
    information: str
    asked_at: datetime
    asked: int
    inquiry: str | None
    provider: str | None
    permit: str | None
    outcome: str | None
    answer_sealed: bytes | None


async def shown(tx: Tx, token_hash: bytes) -> list[ShownRow]:
    """Return what a session asked, the latest first, each with what brought something or is open.

    Of the many institutions that a batch asks hardly any holds something, and the inquiries are half
    a megabyte. The outcomes are those of `domain.own.TOLD`; an index has them.
    """
    return await tx.rows(
        "SELECT b.batch, b.information, b.asked_at, coalesce(b.asked,"
        "  (SELECT count(*) FROM own_ask c WHERE c.batch = b.batch)) AS asked,"
        " a.inquiry, a.provider, a.permit, a.outcome, a.answer_sealed"
        " FROM own_batch b LEFT JOIN own_ask a ON a.batch = b.batch"
        "  AND (a.outcome IS NULL OR a.outcome IN ('OK', 'PENDING_MANUAL'))"
        " WHERE b.token_hash = %(hash)s ORDER BY b.asked_at DESC, b.batch, a.provider, a.inquiry",
        {"hash": token_hash},
        ShownRow,
    )


@attrs.frozen
class DueRow:
    """When the next batch is due, and when the next is over; None where there is none."""

    due: datetime | None
    over: datetime | None


async def next_due(database: Database) -> DueRow:
    """Return when there is something to do; this is asked several times a second."""
    found = await database.look(
        "SELECT (SELECT min(next_try_at) FROM own_batch) AS due,"
        " (SELECT min(until) FROM own_batch) AS over",
        {},
        DueRow,
    )
    assert found is not None, "there is one row"
    return found


async def claim(tx: Tx, at: datetime, *, until: datetime) -> BatchRow | None:
    """Take a batch that is due and has open questions; other processes leave it for a while."""
    return await tx.row(
        "UPDATE own_batch SET next_try_at = %(until)s, tries = tries + 1 WHERE batch = ("
        " SELECT b.batch FROM own_batch b WHERE b.next_try_at <= %(at)s AND b.until > %(at)s"
        " AND EXISTS (SELECT 1 FROM own_ask a WHERE a.batch = b.batch AND a.outcome IS NULL)"
        " ORDER BY b.next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " RETURNING batch, token_hash, information, reader_key, body, asked_at, until,"
        " next_try_at, tries",
        {"at": at, "until": until},
        BatchRow,
    )


async def settle(tx: Tx, rows: Sequence[AskRow]) -> list[str]:
    """Write answers down; returns the questions that were open until now."""
    found = await tx.rows(
        "UPDATE own_ask a SET permit = coalesce(new.permit, a.permit), outcome = new.outcome,"
        " answer_sealed = new.answer_sealed, answered_at = new.answered_at"
        " FROM unnest(%(inquiries)s::text[], %(permits)s::text[], %(outcomes)s::text[],"
        " %(sealed)s::bytea[], %(at)s::timestamptz[])"
        " AS new (inquiry, permit, outcome, answer_sealed, answered_at)"
        " WHERE a.inquiry = new.inquiry AND a.outcome IS NULL RETURNING a.inquiry",
        {
            "inquiries": [one.inquiry for one in rows],
            "permits": [one.permit for one in rows],
            "outcomes": [one.outcome for one in rows],
            "sealed": [one.answer_sealed for one in rows],
            "at": [one.answered_at for one in rows],
        },
        AskName,
    )
    return [one.inquiry for one in found]


async def keep_permits(tx: Tx, permits: Mapping[str, str]) -> None:
    """Write down by which permits questions are open, so that their end can be told."""
    await tx.put(
        "UPDATE own_ask a SET permit = new.permit"
        " FROM unnest(%(inquiries)s::text[], %(permits)s::text[]) AS new (inquiry, permit)"
        " WHERE a.inquiry = new.inquiry AND a.outcome IS NULL",
        {"inquiries": list(permits), "permits": list(permits.values())},
    )


async def try_again(tx: Tx, batch: str, at: datetime) -> None:
    """Say when a batch is due again."""
    await tx.put(
        "UPDATE own_batch SET next_try_at = %(at)s WHERE batch = %(batch)s",
        {"at": at, "batch": batch},
    )


async def close(tx: Tx, token_hash: bytes, at: datetime) -> None:
    """End what a session asked: its answers go now, its questions with the next tidying."""
    await tx.put(
        "UPDATE own_ask SET answer_sealed = NULL WHERE batch IN ("
        " SELECT batch FROM own_batch WHERE token_hash = %(hash)s)",
        {"hash": token_hash},
    )
    await tx.put(
        "UPDATE own_batch SET until = greatest(asked_at, %(at)s)"
        " WHERE token_hash = %(hash)s AND until > %(at)s",
        {"hash": token_hash, "at": at},
    )


async def over(tx: Tx, at: datetime, limit: int) -> list[str]:
    """Return batches whose session is over, each for this transaction alone."""
    found = await tx.rows(
        "SELECT batch FROM own_batch WHERE until <= %(at)s ORDER BY until LIMIT %(limit)s"
        " FOR UPDATE SKIP LOCKED",
        {"at": at, "limit": limit},
        BatchName,
    )
    return [one.batch for one in found]


async def drop(tx: Tx, batches: Sequence[str]) -> None:
    """Forget batches with their questions and answers."""
    await tx.put("DELETE FROM own_batch WHERE batch = ANY(%(batches)s)", {"batches": list(batches)})
