"""Oversight's SQL for reports of leaks and their clocks."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal

import attrs

from kumihimo.kernel.sql import Tx

ClockKind = Literal["preliminary-late", "preliminary-overdue", "final-overdue"]


@attrs.frozen
class LeakRow:
    """One stage of a report, as JSON of `LeakReported`."""

    institution: str
    leak: str
    stage: str
    received_at: datetime
    body: bytes


@attrs.frozen
class ClockRow:
    """A report that is due."""

    institution: str
    leak: str
    kind: ClockKind
    due_on: date


async def add(tx: Tx, row: LeakRow) -> int:
    """Store a stage of a report; a repeat changes nothing."""
    return await tx.execute(
        "INSERT INTO leak_report (institution, leak, stage, received_at, body)"
        " VALUES (%(institution)s, %(leak)s, %(stage)s, %(received_at)s, %(body)s)"
        " ON CONFLICT DO NOTHING",
        attrs.asdict(row),
    )


async def body(tx: Tx, row: LeakRow) -> bytes:
    """Return what was reported at this stage."""
    found = await tx.value(
        "SELECT body FROM leak_report WHERE institution = %(institution)s AND leak = %(leak)s"
        " AND stage = %(stage)s",
        attrs.asdict(row),
    )
    return bytes(found)


async def start(tx: Tx, institution: str, leak: str, due: Mapping[ClockKind, date]) -> None:
    """Start the clocks of a leak that have not been started."""
    await tx.put(
        "INSERT INTO leak_clock (institution, leak, kind, due_on)"
        " SELECT %(institution)s, %(leak)s, kind, due_on"
        " FROM unnest(%(kinds)s::text[], %(due)s::date[]) AS new (kind, due_on)"
        " ON CONFLICT DO NOTHING",
        {
            "institution": institution,
            "leak": leak,
            "kinds": list(due),
            "due": list(due.values()),
        },
    )


async def close(
    tx: Tx, institution: str, leak: str, kinds: Sequence[ClockKind], at: datetime
) -> None:
    """Stop the clocks that a report answers; one that came after its day is raised all the same."""
    await tx.put(
        "UPDATE leak_clock SET closed_at = %(at)s WHERE institution = %(institution)s"
        " AND leak = %(leak)s AND kind = ANY(%(kinds)s) AND closed_at IS NULL"
        " AND due_on >= (%(at)s AT TIME ZONE 'Asia/Tokyo')::date",
        {"institution": institution, "leak": leak, "kinds": list(kinds), "at": at},
    )


async def overdue(tx: Tx, today: date, limit: int) -> list[ClockRow]:
    """Claim the clocks whose last day is over."""
    return await tx.rows(
        "SELECT institution, leak, kind, due_on FROM leak_clock"
        " WHERE closed_at IS NULL AND due_on < %(today)s ORDER BY due_on, leak"
        " LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
        {"today": today, "limit": limit},
        ClockRow,
    )


async def raise_alarm(tx: Tx, clock: ClockRow, alarm: str, at: datetime) -> None:
    """Write the alarm of a clock, and stop it."""
    await tx.put(
        "UPDATE leak_clock SET closed_at = %(at)s, raised = true"
        " WHERE institution = %(institution)s AND leak = %(leak)s AND kind = %(kind)s",
        {
            "institution": clock.institution,
            "leak": clock.leak,
            "kind": clock.kind,
            "at": at,
        },
    )
    await tx.put(
        "INSERT INTO alarm (alarm, reporter, kind, permit, requester, provider, noticed_at)"
        " VALUES (%(alarm)s, 'oversight', %(kind)s, %(leak)s, %(institution)s, '', %(at)s)",
        {
            "alarm": alarm,
            "kind": f"leak-{clock.kind}",
            "leak": clock.leak,
            "institution": clock.institution,
            "at": at,
        },
    )


async def latest(tx: Tx, limit: int) -> list[LeakRow]:
    """Return the latest reports."""
    return await tx.rows(
        "SELECT institution, leak, stage, received_at, body FROM leak_report"
        " ORDER BY received_at DESC, leak, stage LIMIT %(limit)s",
        {"limit": limit},
        LeakRow,
    )
