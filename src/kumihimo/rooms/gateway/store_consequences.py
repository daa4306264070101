"""The gateway's SQL for what follows from a correction."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway.store_links import SuspensionRow

ConsequenceKind = Literal["given", "seen", "taken"]
NoticeKind = Literal["your-data-went-astray", "you-saw-anothers-data"]


@attrs.frozen(kw_only=True)
class ExchangeRow:
    """A record of this institution of something that was given, with its locked detail."""

    record: int
    side: str
    peer: str
    affair: str
    items: Sequence[str]
    requested_at: datetime
    provided_at: datetime | None
    detail_locked: bytes


@attrs.frozen(kw_only=True)
class ConsequenceRow:
    """One exchange that a wrong link had misled."""

    suspension: str
    kind: ConsequenceKind
    peer: str
    affair: str
    items: Sequence[str]
    at: datetime
    certain: bool
    detail_locked: bytes


@attrs.frozen(kw_only=True)
class NoticeRow:
    """A letter that a person is owed."""

    notice: str
    suspension: str
    kind: NoticeKind
    made_at: datetime
    to_locked: bytes


@attrs.frozen(kw_only=True)
class LeakCaseRow:
    """A leak of which oversight was told."""

    leak: str
    suspension: str
    known_on: date
    types: Sequence[str]
    persons: int
    preliminary_due: date
    final_due: date


@attrs.frozen(kw_only=True)
class WithdrawnRow:
    """An answer that its giver took back."""

    inquiry: str
    affair: str
    provider: str
    items: Sequence[str]
    asked_at: datetime
    withdrawn_at: datetime
    person_locked: bytes


async def exchanges(tx: Tx, *, until: datetime, after: int, limit: int) -> list[ExchangeRow]:
    """Return a page of this institution's records, at either end, of what was given."""
    return await tx.rows(
        "SELECT record, side, peer, affair, items, requested_at, provided_at, detail_locked"
        " FROM exchange_record WHERE outcome = 'OK' AND requested_at <= %(until)s"
        " AND record > %(after)s ORDER BY record LIMIT %(limit)s",
        {"until": until, "after": after, "limit": limit},
        ExchangeRow,
    )


async def unfollowed(tx: Tx, limit: int) -> list[SuspensionRow]:
    """Claim corrections whose consequences nobody has worked out yet."""
    return await tx.rows(
        "SELECT suspension, review_case, addressee_tag, person_tag, ground, state, suspended_at,"
        " settled_at, detail_locked FROM suspension WHERE state = 'CORRECTED'"
        " AND followed_up_at IS NULL ORDER BY settled_at, suspension"
        " LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
        {"limit": limit},
        SuspensionRow,
    )


async def follow_up(tx: Tx, suspension: str, at: datetime) -> None:
    """Note that the consequences of a correction were worked out."""
    await tx.put(
        "UPDATE suspension SET followed_up_at = %(at)s WHERE suspension = %(suspension)s",
        {"suspension": suspension, "at": at},
    )


async def followed_up_at(tx: Tx, suspension: str) -> datetime | None:
    """Return when the consequences of a correction were worked out."""
    return await tx.value(
        "SELECT followed_up_at FROM suspension WHERE suspension = %(suspension)s",
        {"suspension": suspension},
    )


async def add_consequences(tx: Tx, institution: str, rows: Sequence[ConsequenceRow]) -> None:
    """Keep the exchanges that a wrong link had misled."""
    for row in rows:
        await tx.put(
            "INSERT INTO consequence (institution, suspension, kind, peer, affair, items, at,"
            " certain, detail_locked) VALUES (%(institution)s, %(suspension)s, %(kind)s, %(peer)s,"
            " %(affair)s, %(items)s, %(at)s, %(certain)s, %(detail_locked)s)",
            {"institution": institution, **attrs.asdict(row), "items": list(row.items)},
        )


async def consequences(tx: Tx, suspension: str) -> list[ConsequenceRow]:
    """Return the exchanges that a wrong link had misled, in the order of time."""
    return await tx.rows(
        "SELECT suspension, kind, peer, affair, items, at, certain, detail_locked"
        " FROM consequence WHERE suspension = %(suspension)s ORDER BY at, consequence",
        {"suspension": suspension},
        ConsequenceRow,
    )


async def add_notices(tx: Tx, institution: str, rows: Sequence[NoticeRow]) -> None:
    """Note letters that persons are owed."""
    for row in rows:
        await tx.put(
            "INSERT INTO notice (institution, notice, suspension, kind, made_at, to_locked)"
            " VALUES (%(institution)s, %(notice)s, %(suspension)s, %(kind)s, %(made_at)s,"
            " %(to_locked)s)",
            {"institution": institution, **attrs.asdict(row)},
        )


async def due_notices(tx: Tx, limit: int) -> list[NoticeRow]:
    """Return letters that have not gone out, the oldest first."""
    return await tx.rows(
        "SELECT notice, suspension, kind, made_at, to_locked FROM notice WHERE state = 'DUE'"
        " ORDER BY made_at, notice LIMIT %(limit)s",
        {"limit": limit},
        NoticeRow,
    )


async def notice_sent(tx: Tx, notice: str, *, by: str, at: datetime) -> str | None:
    """Note that a letter went out; returns the doubt it came of, None when it had, or is none."""
    return await tx.value(
        "UPDATE notice SET state = 'SENT', sent_at = %(at)s, sent_by = %(by)s"
        " WHERE notice = %(notice)s AND state = 'DUE' RETURNING suspension",
        {"notice": notice, "by": by, "at": at},
    )


async def letters_due(tx: Tx, suspension: str) -> int:
    """Count the letters of a case that have not gone out, of which no other goes out meanwhile."""
    await tx.put(
        "SELECT 1 FROM suspension WHERE suspension = %(suspension)s FOR UPDATE",
        {"suspension": suspension},
    )
    found = await tx.value(
        "SELECT count(*) FROM notice WHERE suspension = %(suspension)s AND state = 'DUE'",
        {"suspension": suspension},
    )
    return int(found)


async def add_leak(tx: Tx, institution: str, row: LeakCaseRow) -> None:
    """Note a leak of which oversight is told."""
    await tx.put(
        "INSERT INTO leak_case (institution, leak, suspension, known_on, types, persons,"
        " preliminary_due, final_due) VALUES (%(institution)s, %(leak)s, %(suspension)s,"
        " %(known_on)s, %(types)s, %(persons)s, %(preliminary_due)s, %(final_due)s)",
        {"institution": institution, **attrs.asdict(row), "types": list(row.types)},
    )


async def leak_of(tx: Tx, suspension: str) -> LeakCaseRow | None:
    """Return the leak that came of a wrong link."""
    return await tx.row(
        "SELECT leak, suspension, known_on, types, persons, preliminary_due, final_due"
        " FROM leak_case WHERE suspension = %(suspension)s",
        {"suspension": suspension},
        LeakCaseRow,
    )


async def withdraw_received(tx: Tx, permits: Sequence[str], *, provider: str, at: datetime) -> int:
    """Show no more, and forget, what one institution says was about another person."""
    return await tx.execute(
        "UPDATE inquiry SET withheld = 'withdrawn', result_locked = NULL, withdrawn_at = %(at)s"
        " WHERE permit = ANY(%(permits)s) AND provider = %(provider)s AND withdrawn_at IS NULL",
        {"permits": list(permits), "provider": provider, "at": at},
    )


async def withdrawn(tx: Tx, limit: int) -> list[WithdrawnRow]:
    """Return answers that their givers took back, the latest first."""
    return await tx.rows(
        "SELECT inquiry, affair, provider, items, asked_at, withdrawn_at, person_locked"
        " FROM inquiry WHERE withdrawn_at IS NOT NULL ORDER BY withdrawn_at DESC, inquiry"
        " LIMIT %(limit)s",
        {"limit": limit},
        WithdrawnRow,
    )
