"""SQL of what the gateway's check found: how far it was taken in, items of it, and their history."""

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.review.store_loading import LineRow, LoadingRow


@attrs.frozen(kw_only=True)
class Taken:
    """How far a run was taken in; `whole`: there is no more to come."""

    gateway_run: str
    taken_until: int
    whole: bool


@attrs.frozen(kw_only=True)
class Known:
    """An item of a record, as far as a check needs it."""

    item: str
    affair: str
    state: str
    source: str
    content_tag: bytes
    round: int
    suspended_in: int | None
    waiting: bool
    refused: bool


@attrs.frozen(kw_only=True)
class DoubtRow:
    """One doubt that the gateway has had of an item's link."""

    review_case: str
    ground: str
    state: str
    suspended_at: datetime
    settled_at: datetime | None


@attrs.frozen(kw_only=True)
class FoundRow:
    """One run that found an item."""

    found_on: date
    verdict: str


async def taken(tx: Tx, run: str, *, started_on: date) -> Taken:
    """Return how far a run was taken in, locked; from its beginning where it is new."""
    await tx.put(
        "INSERT INTO check_taken (gateway_run, started_on, taken_until, whole)"
        " VALUES (%(run)s, %(on)s, 0, false) ON CONFLICT (gateway_run) DO NOTHING",
        {"run": run, "on": started_on},
    )
    found = await tx.row(
        "SELECT gateway_run, taken_until, whole FROM check_taken WHERE gateway_run = %(run)s"
        " FOR UPDATE",
        {"run": run},
        Taken,
    )
    assert found is not None, "it was written a moment ago, and nobody deletes it"
    return found


async def advance(tx: Tx, run: str, *, until: int, whole: bool) -> None:
    """Write down how far a run was taken in."""
    await tx.put(
        "UPDATE check_taken SET taken_until = %(until)s, whole = %(whole)s"
        " WHERE gateway_run = %(run)s",
        {"run": run, "until": until, "whole": whole},
    )


async def count_rows(tx: Tx, audit_run: str, rows: int) -> None:
    """Note how many links of a check have come in so far."""
    await tx.put(
        "UPDATE audit_run SET rows_loaded = rows_loaded + %(rows)s WHERE audit_run = %(run)s",
        {"run": audit_run, "rows": rows},
    )


async def known(tx: Tx, affair: str, record_id: str) -> Known | None:
    """Return the item of a record, locked: the one that waits, of whichever affair, comes first."""
    return await tx.row(
        "SELECT i.item, i.affair, i.state, i.source, i.content_tag, i.round, i.suspended_in,"
        " EXISTS (SELECT 1 FROM link_effect e WHERE e.item = i.item AND e.state = 'waiting')"
        "  AS waiting,"
        " EXISTS (SELECT 1 FROM link_effect e WHERE e.item = i.item AND e.state = 'refused')"
        "  AS refused"
        " FROM item i WHERE i.record_id = %(record)s AND (i.affair = %(affair)s"
        "  OR i.state IN ('open', 'answered', 'office'))"
        " ORDER BY i.state IN ('open', 'answered', 'office') DESC, i.item LIMIT 1 FOR UPDATE",
        {"affair": affair, "record": record_id},
        Known,
    )


async def add(tx: Tx, row: LoadingRow) -> None:
    """Add an item."""
    await tx.put(
        "INSERT INTO item (item, affair, record_id, audit_run, pattern, verdict, mechanism, odds,"
        " minutes, worth, reason, content_tag, sides_locked, state, source)"
        " VALUES (%(item)s, %(affair)s, %(record_id)s, %(audit_run)s, %(pattern)s, %(verdict)s,"
        " %(mechanism)s, %(odds)s, %(minutes)s, %(worth)s, %(reason)s, %(content_tag)s,"
        " %(sides_locked)s, 'open', 'check')",
        attrs.asdict(row),
    )


async def refresh(tx: Tx, item: str, row: LoadingRow) -> None:
    """Let an item that waits stand under a newer run."""
    await tx.put(
        "UPDATE item SET audit_run = %(run)s, pattern = %(pattern)s WHERE item = %(item)s",
        {"item": item, "run": row.audit_run, "pattern": row.pattern},
    )


async def begin_anew(tx: Tx, item: str, row: LoadingRow) -> None:
    """Begin a new round of an item with what stands there now."""
    await tx.put(
        "UPDATE item SET audit_run = %(audit_run)s, pattern = %(pattern)s, verdict = %(verdict)s,"
        " mechanism = %(mechanism)s, odds = %(odds)s, minutes = %(minutes)s, worth = %(worth)s,"
        " reason = %(reason)s, shift_run = NULL, content_tag = %(content_tag)s,"
        " sides_locked = %(sides_locked)s, proposal_locked = NULL, state = 'open',"
        " source = 'check', round = round + 1, looks = 0, first_by = '', last_by = '',"
        " repeat = false, due_at = NULL, held_by = '', held_until = NULL, decision = NULL,"
        " closed_on = NULL WHERE item = %(known)s",
        attrs.asdict(row) | {"known": item},
    )


async def adopt(tx: Tx, item: str, *, suspended_in: int, gateway_case: str) -> None:
    """Note that the gateway holds the link suspended, and under which case ("": the desk's own)."""
    await tx.put(
        "UPDATE item SET suspended_in = %(round)s, gateway_case = %(case)s WHERE item = %(item)s",
        {"item": item, "round": suspended_in, "case": gateway_case},
    )


async def note_finding(tx: Tx, item: str, run: str, *, on: date, verdict: str) -> bool:
    """Note that a run found an item; False when that stands there."""
    new = await tx.execute(
        "INSERT INTO check_finding (item, gateway_run, found_on, verdict)"
        " VALUES (%(item)s, %(run)s, %(on)s, %(verdict)s) ON CONFLICT DO NOTHING",
        {"item": item, "run": run, "on": on, "verdict": verdict},
    )
    return new == 1


async def note_doubts(tx: Tx, item: str, doubts: Sequence[DoubtRow]) -> None:
    """Note what the gateway has doubted of a link, and what became of it."""
    for one in doubts:
        await tx.put(
            "INSERT INTO doubt (item, review_case, ground, state, suspended_at, settled_at)"
            " VALUES (%(item)s, %(review_case)s, %(ground)s, %(state)s, %(suspended_at)s,"
            " %(settled_at)s) ON CONFLICT (item, review_case)"
            " DO UPDATE SET state = excluded.state, settled_at = excluded.settled_at",
            attrs.asdict(one) | {"item": item},
        )


async def count_line(tx: Tx, audit_run: str, line: LineRow) -> int | None:
    """Count one more link in the line of the same levels; returns its pattern, None without one."""
    found = await tx.value(
        "UPDATE pattern_line SET rows_found = rows_found + 1 WHERE audit_run = %(run)s"
        " AND levels = %(levels)s AND reason_en = %(reason)s RETURNING pattern",
        {"run": audit_run, "levels": line.levels, "reason": line.reason_en},
    )
    return None if found is None else int(found)


async def next_pattern(tx: Tx, audit_run: str) -> int:
    """Return the number of a run's next line."""
    found = await tx.value(
        "SELECT coalesce(max(pattern), 0) + 1 FROM pattern_line WHERE audit_run = %(run)s",
        {"run": audit_run},
    )
    return int(found)


async def vanish(tx: Tx, audit_run: str, *, on: date) -> int:
    """Close what earlier checks found, waits, and a whole run no longer finds.

    A suspended link waits on: people have to say that it may work again.
    """
    return await tx.execute(
        "UPDATE item SET state = 'vanished', sides_locked = NULL, held_by = '',"
        " held_until = NULL, due_at = NULL, closed_on = %(on)s"
        " WHERE state IN ('open', 'answered', 'office') AND source = 'check'"
        " AND audit_run <> %(run)s AND suspended_in IS NULL",
        {"run": audit_run, "on": on},
    )


async def findings_of(tx: Tx, item: str) -> list[FoundRow]:
    """Return which runs found an item, the latest first."""
    return await tx.rows(
        "SELECT found_on, verdict FROM check_finding WHERE item = %(item)s"
        " ORDER BY found_on DESC, gateway_run",
        {"item": item},
        FoundRow,
    )


async def doubts_of(tx: Tx, item: str) -> list[DoubtRow]:
    """Return what the gateway has doubted of an item's link, the latest first."""
    return await tx.rows(
        "SELECT review_case, ground, state, suspended_at, settled_at FROM doubt"
        " WHERE item = %(item)s ORDER BY suspended_at DESC, review_case",
        {"item": item},
        DoubtRow,
    )
