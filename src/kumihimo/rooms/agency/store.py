"""The agency's SQL."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

import attrs

from kumihimo.kernel.sql import Tx

_COMING_IN: Final = 0x6D69736C  # "misl": the advisory lock of a report that comes in


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
    of_case: str
    leak_types: str
    preliminary_due: date | None
    final_due: date | None


@attrs.frozen(kw_only=True)
class CaseRow:
    """A case as its latest states have it; `affairs` are those of which it is known."""

    institution: str
    opened_case: str
    state: str
    mechanism: str
    affairs: Sequence[str]
    links: int
    persons: int
    first_at: datetime
    latest_at: datetime
    corrected_on: date | None
    leak_types: str
    preliminary_due: date | None
    final_due: date | None


@attrs.frozen(kw_only=True)
class CountRow:
    """How many links of an affair, by mechanism and state."""

    affair: str
    mechanism: str
    state: str
    links: int
    persons: int


@attrs.frozen(kw_only=True)
class PlacedRow(MislinkRow):
    """A state with its place in the order in which reports came."""

    mislink: int


async def lock(tx: Tx) -> None:
    """Let reports come in one at a time, so that whoever reads on passes none by."""
    await tx.put("SELECT pg_advisory_xact_lock(%(key)s)", {"key": _COMING_IN})


async def add(tx: Tx, row: MislinkRow, at: datetime) -> int:
    """Store a state of a report; a repeat changes nothing. Returns how many were new."""
    return await tx.execute(
        "INSERT INTO mislink_report (institution, report, place, state, affair, mechanism, links,"
        " persons, corrected_on, of_case, leak_types, preliminary_due, final_due, received_at)"
        " VALUES (%(institution)s, %(report)s, %(place)s, %(state)s, %(affair)s, %(mechanism)s,"
        " %(links)s, %(persons)s, %(corrected_on)s, %(of_case)s, %(leak_types)s,"
        " %(preliminary_due)s, %(final_due)s, %(at)s)"
        " ON CONFLICT DO NOTHING",
        {**attrs.asdict(row), "at": at},
    )


async def states(tx: Tx, institution: str, report: str) -> list[MislinkRow]:
    """Return every state of a report, the earliest first."""
    return await tx.rows(
        "SELECT institution, report, place, state, affair, mechanism, links, persons,"
        " corrected_on, of_case, leak_types, preliminary_due, final_due"
        " FROM mislink_report WHERE institution = %(institution)s AND report = %(report)s"
        " ORDER BY place",
        {"institution": institution, "report": report},
        MislinkRow,
    )


async def latest(tx: Tx, affairs: Collection[str], *, after: int, limit: int) -> list[PlacedRow]:
    """Return the latest state of each report of these affairs, in the order in which they came."""
    return await tx.rows(
        "SELECT mislink, institution, report, place, state, affair, mechanism, links, persons,"
        " corrected_on, of_case, leak_types, preliminary_due, final_due"
        " FROM mislink_report r WHERE affair = ANY(%(affairs)s)"
        " AND mislink > %(after)s AND NOT EXISTS (SELECT 1 FROM mislink_report later"
        " WHERE later.institution = r.institution AND later.report = r.report"
        " AND later.place > r.place) ORDER BY mislink LIMIT %(limit)s",
        {"affairs": sorted(affairs), "after": after, "limit": limit},
        PlacedRow,
    )


async def cases(
    tx: Tx, *, institution: str, affair: str, unsettled: bool, limit: int
) -> list[CaseRow]:
    """Return cases, the latest word first; "" is every institution, every affair.

    `unsettled`: those of which people still have to decide, or somebody has to be told.
    """
    return await tx.rows(
        "WITH told AS (SELECT institution, coalesce(nullif(of_case, ''), report) AS opened_case,"
        " of_case IN ('', report) AS whole, place, state, affair, mechanism, links, persons,"
        " corrected_on, leak_types, preliminary_due, final_due, received_at FROM mislink_report),"
        " found AS (SELECT institution, opened_case,"
        " (array_agg(state ORDER BY place DESC, whole DESC))[1] AS state,"
        " (array_agg(mechanism ORDER BY place DESC, whole DESC))[1] AS mechanism,"
        " (array_agg(links ORDER BY place DESC, whole DESC))[1] AS links,"
        " (array_agg(persons ORDER BY place DESC, whole DESC))[1] AS persons,"
        " array_remove(array_agg(DISTINCT affair ORDER BY affair), '') AS affairs,"
        " min(received_at) AS first_at, max(received_at) AS latest_at,"
        " max(corrected_on) AS corrected_on, max(leak_types) AS leak_types,"
        " max(preliminary_due) AS preliminary_due, max(final_due) AS final_due"
        " FROM told GROUP BY institution, opened_case)"
        " SELECT institution, opened_case, state, mechanism, affairs, links, persons, first_at,"
        " latest_at, corrected_on, leak_types, preliminary_due, final_due FROM found"
        " WHERE (%(institution)s = '' OR institution = %(institution)s)"
        " AND (%(affair)s = '' OR %(affair)s = ANY(affairs))"
        " AND (NOT %(unsettled)s OR state = 'suspected' OR (state = 'corrected' AND persons > 0))"
        " ORDER BY latest_at DESC, institution, opened_case LIMIT %(limit)s",
        {
            "institution": institution,
            "affair": affair,
            "unsettled": unsettled,
            "limit": limit,
        },
        CaseRow,
    )


async def counts(tx: Tx) -> list[CountRow]:
    """Count links by affair, mechanism and state.

    What speaks of a whole case counts only where nothing of it names an affair.
    """
    return await tx.rows(
        "SELECT affair, mechanism, state, sum(links)::bigint AS links,"
        " sum(persons)::bigint AS persons FROM mislink_report r"
        " WHERE NOT EXISTS (SELECT 1 FROM mislink_report later"
        "  WHERE later.institution = r.institution AND later.report = r.report"
        "  AND later.place > r.place)"
        " AND (affair <> '' OR NOT EXISTS (SELECT 1 FROM mislink_report o"
        "  WHERE o.institution = r.institution AND o.of_case = r.report AND o.affair <> ''))"
        " GROUP BY affair, mechanism, state ORDER BY affair, mechanism, state",
        {},
        CountRow,
    )
