"""SQL of what is counted and listed: the queue without persons, and what the supervisor sees."""

from datetime import datetime
from typing import Final

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.review.domain.agreement import Pairs

PAGE: Final = 50


@attrs.frozen(kw_only=True)
class Tally:
    """How many items of a mechanism stand in a state, and the minutes that they take."""

    mechanism: str
    state: str
    items: int
    minutes: float


@attrs.frozen(kw_only=True)
class Queued:
    """One item of the queue as a list shows it: nothing of a person."""

    item: str
    affair: str
    verdict: str
    mechanism: str
    odds: float
    minutes: float
    worth: float


@attrs.frozen(kw_only=True)
class Viewing:
    """One look at values: who, when, which record, which attributes."""

    viewing: int
    officer: str
    seen_at: datetime
    affair: str
    record_id: str
    attributes: str


@attrs.frozen(kw_only=True)
class Looked:
    """One look at a record: who, what she answered, what was decided. `drawn`: a blind repeat."""

    item: str
    place: int
    affair: str
    record_id: str
    reviewer: str
    answer: str
    decision: str | None
    drawn: bool


@attrs.frozen(kw_only=True)
class Line:
    """A line of the pattern table with what people found about its items."""

    audit_run: str
    pattern: int
    verdict: str
    mechanism: str
    rows_found: int
    levels: str
    weights: str
    reason_ja: str
    reason_en: str


@attrs.frozen(kw_only=True)
class LineCount:
    """What was decided about the items of a line."""

    pattern: int
    decided: int
    wrong: int


@attrs.frozen(kw_only=True)
class Done:
    """How many looks an officer made."""

    officer: str
    looks: int


@attrs.frozen(kw_only=True)
class Waiting:
    """An item that waits for the office that keeps the record."""

    item: str
    affair: str
    record_id: str
    mechanism: str
    suspended: bool


@attrs.frozen(kw_only=True)
class Run:
    """A run that was loaded."""

    audit_run: str
    generation: int
    loaded_at: datetime
    rows_loaded: int


async def tallies(tx: Tx) -> list[Tally]:
    """Return the counts."""
    return await tx.rows(
        "SELECT mechanism, state, items, minutes FROM tally WHERE items > 0"
        " ORDER BY mechanism, state",
        (),
        Tally,
    )


# `worth` and `item` of the last row shown: the page after begins behind it, whatever was done since.
QUEUE: Final = (
    "SELECT item, affair, verdict, mechanism, odds, minutes, worth FROM item"
    " WHERE state = 'open' AND looks = 0 AND (worth, item) < (%(worth)s, %(item)s)"
    " ORDER BY worth DESC, item DESC LIMIT %(most)s"
)


async def queue(tx: Tx, *, worth: float, item: str) -> list[Queued]:
    """Return a page of the queue behind a place in it."""
    return await tx.rows(QUEUE, {"worth": worth, "item": item, "most": PAGE}, Queued)


VIEWINGS: Final = (
    "SELECT v.viewing, v.officer, v.seen_at, i.affair, i.record_id, v.attributes"
    " FROM viewing v JOIN item i USING (item) WHERE v.viewing < %(before)s"
    " ORDER BY v.viewing DESC LIMIT %(most)s"
)


async def viewings(tx: Tx, *, before: int) -> list[Viewing]:
    """Return a page of the access log, the latest first."""
    return await tx.rows(VIEWINGS, {"before": before, "most": PAGE}, Viewing)


async def pairs(tx: Tx) -> list[Pairs]:
    """Return how first and second looks agree; only items that two looked at are read."""
    return await tx.rows(
        "SELECT CASE a.answer WHEN 'wrong' THEN 'change' WHEN 'unsure' THEN 'unsure'"
        "  ELSE 'stay' END AS first,"
        " CASE b.answer WHEN 'wrong' THEN 'change' WHEN 'unsure' THEN 'unsure'"
        "  ELSE 'stay' END AS second,"
        " i.repeat AND a.answer IN ('own', 'notation') AS drawn, count(*) AS items"
        " FROM look b JOIN look a ON a.item = b.item AND a.round = b.round AND a.place = 1"
        "  AND NOT a.taken_back JOIN item i ON i.item = b.item"
        " WHERE b.place = 2 AND NOT b.taken_back GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        (),
        Pairs,
    )


# A repeat that was drawn stands for as many first looks as one in twenty says (`weight`).
LOOKS: Final = (
    "SELECT l.item, l.place, i.affair, i.record_id, l.officer AS reviewer, l.answer, i.decision,"
    " l.place = 2 AND i.repeat AND f.answer IN ('own', 'notation') AS drawn"
    " FROM look l JOIN item i ON i.item = l.item AND i.round = l.round"
    " JOIN look f ON f.item = l.item AND f.round = l.round AND f.place = 1 AND NOT f.taken_back"
    " WHERE NOT l.taken_back AND (l.item, l.place) > (%(item)s, %(place)s)"
    " ORDER BY l.item, l.place LIMIT %(most)s"
)


async def looks(tx: Tx, *, item: str, place: int, most: int) -> list[Looked]:
    """Return looks of items' present rounds behind a place in their order, first looks first."""
    return await tx.rows(LOOKS, {"item": item, "place": place, "most": most}, Looked)


async def done(tx: Tx, *, since: datetime) -> list[Done]:
    """Return who looked at how much since an instant."""
    return await tx.rows(
        "SELECT officer, count(*) AS looks FROM look WHERE looked_at >= %(since)s"
        " AND NOT taken_back GROUP BY officer ORDER BY officer",
        {"since": since},
        Done,
    )


async def latest_run(tx: Tx) -> Run | None:
    """Return the newest audit."""
    return await tx.row(
        "SELECT audit_run, generation, loaded_at, rows_loaded FROM audit_run"
        " WHERE source = 'audit' ORDER BY generation DESC LIMIT 1",
        (),
        Run,
    )


async def lines(tx: Tx, run: str) -> list[Line]:
    """Return the pattern table of a run."""
    return await tx.rows(
        "SELECT audit_run, pattern, verdict, mechanism, rows_found, levels, weights, reason_ja,"
        " reason_en FROM pattern_line WHERE audit_run = %(run)s ORDER BY rows_found DESC, pattern",
        {"run": run},
        Line,
    )


async def line(tx: Tx, run: str, pattern: int) -> Line | None:
    """Return one line."""
    return await tx.row(
        "SELECT audit_run, pattern, verdict, mechanism, rows_found, levels, weights, reason_ja,"
        " reason_en FROM pattern_line WHERE audit_run = %(run)s AND pattern = %(pattern)s",
        {"run": run, "pattern": pattern},
        Line,
    )


async def line_counts(tx: Tx, run: str) -> list[LineCount]:
    """Return what was decided, by line; only decided items are read."""
    return await tx.rows(
        "SELECT pattern, count(*) AS decided,"
        " count(*) FILTER (WHERE decision = 'wrong') AS wrong FROM item"
        " WHERE audit_run = %(run)s AND state = 'decided' GROUP BY pattern",
        {"run": run},
        LineCount,
    )


async def waiting(tx: Tx) -> list[Waiting]:
    """Return a page of items that wait for their office."""
    return await tx.rows(
        "SELECT item, affair, record_id, mechanism, suspended_in IS NOT NULL AS suspended FROM item WHERE state = 'office'"
        " ORDER BY item LIMIT %(most)s",
        {"most": PAGE},
        Waiting,
    )
