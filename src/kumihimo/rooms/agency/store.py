"""The agency's SQL."""

from collections.abc import Collection
from datetime import date, datetime

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True)
class MislinkRow:
    """One state of a report. `place` is the state's place in the order of time."""

    institution: str
    report: str
    place: int
    state: str
    affair: str
    mechanism: str
    links: int
    persons: int
    corrected_on: date | None


@attrs.frozen(kw_only=True)
class PlacedRow(MislinkRow):
    """A state with its place in the order in which reports came."""

    mislink: int


async def lock(tx: Tx) -> None:
    """Let reports come in one at a time, so that whoever reads on passes none by."""
    await tx.put("LOCK TABLE mislink_report IN SHARE ROW EXCLUSIVE MODE")


async def add(tx: Tx, row: MislinkRow, at: datetime) -> int:
    """Store a state of a report; a repeat changes nothing. Returns how many were new."""
    return await tx.execute(
        "INSERT INTO mislink_report (institution, report, place, state, affair, mechanism, links,"
        " persons, corrected_on, received_at) VALUES (%(institution)s, %(report)s, %(place)s,"
        " %(state)s, %(affair)s, %(mechanism)s, %(links)s, %(persons)s, %(corrected_on)s, %(at)s)"
        " ON CONFLICT DO NOTHING",
        {**attrs.asdict(row), "at": at},
    )


async def states(tx: Tx, institution: str, report: str) -> list[MislinkRow]:
    """Return every state of a report, the earliest first."""
    return await tx.rows(
        "SELECT institution, report, place, state, affair, mechanism, links, persons, corrected_on"
        " FROM mislink_report WHERE institution = %(institution)s AND report = %(report)s"
        " ORDER BY place",
        {"institution": institution, "report": report},
        MislinkRow,
    )


async def latest(tx: Tx, affairs: Collection[str], *, after: int, limit: int) -> list[PlacedRow]:
    """Return the latest state of each report of these affairs, in the order in which they came."""
    return await tx.rows(
        "SELECT mislink, institution, report, place, state, affair, mechanism, links, persons,"
        " corrected_on FROM mislink_report r WHERE affair = ANY(%(affairs)s)"
        " AND mislink > %(after)s AND NOT EXISTS (SELECT 1 FROM mislink_report later"
        " WHERE later.institution = r.institution AND later.report = r.report"
        " AND later.place > r.place) ORDER BY mislink LIMIT %(limit)s",
        {"affairs": sorted(affairs), "after": after, "limit": limit},
        PlacedRow,
    )
