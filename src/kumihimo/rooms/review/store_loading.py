"""SQL of a load: rows come in by COPY, then one transaction makes them the queue."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Final

import attrs
from psycopg.errors import UniqueViolation

from kumihimo.kernel.sql import Database, Tx
from kumihimo.rooms.review.domain.refusals import LoadedElsewhere

COPY: Final = (
    "COPY loading (audit_run, item, affair, record_id, pattern, verdict, mechanism, odds, minutes,"
    " worth, reason, shift_run, content_tag, sides_locked, proposal_locked, audit_row, brought_at) FROM STDIN"
)


@attrs.frozen(kw_only=True)
class LoadingRow:
    """One record on its way into the queue."""

    audit_run: str
    item: str
    affair: str
    record_id: str
    pattern: int
    verdict: str
    mechanism: str
    odds: float
    minutes: float
    worth: float
    reason: str
    shift_run: int | None
    content_tag: bytes
    sides_locked: bytes
    proposal_locked: bytes | None


@attrs.frozen(kw_only=True)
class BroughtRow(LoadingRow):
    """One row of an audit as it comes in, in the order of `COPY`."""

    audit_row: int
    brought_at: datetime


_VALUES: Final = attrgetter(*(one.name for one in attrs.fields(BroughtRow)))


@attrs.frozen
class _Brought:
    audit_row: int


@attrs.frozen(kw_only=True)
class LineRow:
    """One line of the audit's pattern table."""

    pattern: int
    verdict: str
    mechanism: str
    rows_found: int
    levels: str
    weights: str
    reason_ja: str
    reason_en: str


async def known(tx: Tx, run: str) -> bool:
    """Whether a run was loaded before."""
    found = await tx.value("SELECT 1 FROM audit_run WHERE audit_run = %(run)s", {"run": run})
    return found is not None


async def brought_in(database: Database, run: str, *, before: datetime) -> frozenset[int]:
    """Return the rows of the audit that a load which was cut has brought in.

    Forgets what was left of other audits before that time: whoever wanted it has loaded again.
    """
    async with database.transaction() as tx:
        await tx.unbounded()
        await tx.put(
            "DELETE FROM loading WHERE audit_run <> %(run)s AND brought_at < %(before)s",
            {"run": run, "before": before},
        )
        found = await tx.rows(
            "SELECT audit_row FROM loading WHERE audit_run = %(run)s", {"run": run}, _Brought
        )
    return frozenset(one.audit_row for one in found)


async def bring_in(database: Database, rows: Iterable[BroughtRow]) -> None:
    """Write rows down by COPY. Raises `LoadedElsewhere`."""
    try:
        await database.copy_in(COPY, map(_VALUES, rows))
    except UniqueViolation:
        raise LoadedElsewhere from None


async def begin(tx: Tx, run: str, *, rows: int, at: datetime, source: str = "audit") -> int:
    """Note the run; returns its number among all."""
    # A million rows are joined and written here, for some tens of seconds.
    await tx.unbounded()
    found = await tx.value(
        "INSERT INTO audit_run (audit_run, generation, loaded_at, rows_loaded, source)"
        " SELECT %(run)s, coalesce(max(generation), 0) + 1, %(at)s, %(rows)s, %(source)s"
        " FROM audit_run"
        " RETURNING generation",
        {"run": run, "at": at, "rows": rows, "source": source},
    )
    return int(found)


async def add_lines(tx: Tx, run: str, lines: Sequence[LineRow]) -> None:
    """Keep the audit's pattern table beside the run."""
    for line in lines:
        await tx.put(
            "INSERT INTO pattern_line (audit_run, pattern, verdict, mechanism, rows_found, levels,"
            " weights, reason_ja, reason_en) VALUES (%(run)s, %(pattern)s, %(verdict)s,"
            " %(mechanism)s, %(rows_found)s, %(levels)s, %(weights)s, %(reason_ja)s,"
            " %(reason_en)s)",
            attrs.asdict(line) | {"run": run},
        )


async def refresh(tx: Tx, run: str) -> int:
    """Let items that wait and are just as before stand under the new run."""
    return await tx.execute(
        "UPDATE item i SET audit_run = l.audit_run, pattern = l.pattern, verdict = l.verdict,"
        " mechanism = l.mechanism, odds = l.odds, minutes = l.minutes, worth = l.worth,"
        " reason = l.reason, shift_run = l.shift_run"
        " FROM loading l WHERE l.audit_run = %(run)s AND i.affair = l.affair"
        " AND i.record_id = l.record_id AND i.content_tag = l.content_tag"
        " AND i.state IN ('open', 'answered', 'office')",
        {"run": run},
    )


async def reopen(tx: Tx, run: str) -> int:
    """Begin anew where the values changed, or what was decided was not carried out.

    Looks at other values do not count, and whoever holds the item holds it no more. What people
    have decided about the same values stays decided.
    """
    return await tx.execute(
        "UPDATE item i SET audit_run = l.audit_run, pattern = l.pattern, verdict = l.verdict,"
        " mechanism = l.mechanism, odds = l.odds, minutes = l.minutes, worth = l.worth,"
        " reason = l.reason, shift_run = l.shift_run, content_tag = l.content_tag,"
        " sides_locked = l.sides_locked, proposal_locked = l.proposal_locked, state = 'open',"
        " source = 'audit',"
        " round = i.round + 1, looks = 0, first_by = '', last_by = '', repeat = false,"
        " due_at = NULL, held_by = '', held_until = NULL, decision = NULL, closed_on = NULL"
        " FROM loading l WHERE l.audit_run = %(run)s AND i.affair = l.affair"
        " AND i.record_id = l.record_id AND (i.content_tag <> l.content_tag"
        "  OR i.state IN ('vanished', 'lapsed') OR (i.state = 'decided' AND EXISTS"
        "   (SELECT 1 FROM link_effect e WHERE e.item = i.item AND e.state = 'refused')))",
        {"run": run},
    )


async def insert(tx: Tx, run: str) -> int:
    """Add the records that no run has found before."""
    return await tx.execute(
        "INSERT INTO item (item, affair, record_id, audit_run, pattern, verdict, mechanism, odds,"
        " minutes, worth, reason, shift_run, content_tag, sides_locked, proposal_locked, state)"
        " SELECT l.item, l.affair, l.record_id, l.audit_run, l.pattern, l.verdict, l.mechanism,"
        " l.odds, l.minutes, l.worth, l.reason, l.shift_run, l.content_tag, l.sides_locked,"
        " l.proposal_locked, 'open' FROM loading l WHERE l.audit_run = %(run)s"
        " AND NOT EXISTS (SELECT 1 FROM item i WHERE i.affair = l.affair"
        "  AND i.record_id = l.record_id)",
        {"run": run},
    )


async def vanish(tx: Tx, run: str, affairs: Sequence[str], *, on: date) -> int:
    """Close what waits and this run no longer finds, within the affairs that it judged.

    A suspended link waits on: people have to say that it may work again.
    """
    return await tx.execute(
        "UPDATE item SET state = 'vanished', sides_locked = NULL, proposal_locked = NULL,"
        " held_by = '', held_until = NULL, due_at = NULL, closed_on = %(on)s"
        " WHERE state IN ('open', 'answered', 'office') AND audit_run <> %(run)s"
        " AND affair = ANY(%(affairs)s) AND suspended_in IS NULL AND source = 'audit'",
        {"run": run, "affairs": list(affairs), "on": on},
    )


async def end(tx: Tx, run: str) -> None:
    """Let go of the rows that came in."""
    await tx.put("DELETE FROM loading WHERE audit_run = %(run)s", {"run": run})
