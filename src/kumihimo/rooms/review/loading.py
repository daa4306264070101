"""An audit's findings become the queue: all of them or none, and the same run only once.

A load that was cut goes on where it stood: what has come in waits beside the queue.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

import attrs

from kumihimo.kernel.ids import new_id
from kumihimo.rooms.review import sides, store_effects, store_loading
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.domain.worth import MINUTES_MIN, worth
from kumihimo.rooms.review.sides import Proposal, Sides
from kumihimo.rooms.review.store_loading import BroughtRow, LineRow

ROWS_AT_ONCE: Final = 20_000  # one COPY: about a second
CUT_KEPT: Final = timedelta(days=1)  # our choice: of other audits' loads that were cut


@attrs.frozen(kw_only=True)
class Finding:
    """One record that a person has to look at, with both sides; `row` is its own in the audit."""

    row: int
    record_id: str
    affair: str
    pattern: int
    verdict: str
    mechanism: str
    odds: float
    minutes: float
    reason: str
    shift_run: int | None
    sides: Sides
    proposal: Proposal | None


@attrs.frozen(kw_only=True)
class Audit:
    """An audit that has ended. `run` names it by its content; `affairs` are those it judged."""

    run: str
    affairs: Sequence[str]
    lines: Sequence[LineRow]
    findings: Iterable[Finding]


@attrs.frozen(kw_only=True)
class Loaded:
    """What a load did to the queue. `repeated`: this run was loaded before, nothing was changed."""

    repeated: bool = False
    rows: int = 0
    new: int = 0
    again: int = 0
    same: int = 0
    vanished: int = 0
    suspended: int = 0


async def load(desk: Desk, audit: Audit, *, tell: Callable[[int], None]) -> Loaded:
    """Load an audit; `tell` hears how many rows have come in. Raises `LoadedElsewhere`."""
    async with desk.database.transaction() as tx:
        if await store_loading.known(tx, audit.run):
            return Loaded(repeated=True)
    before = desk.clock.now() - CUT_KEPT
    there = await store_loading.brought_in(desk.database, audit.run, before=before)
    rows = len(there)
    tell(rows)
    coming = _locked(desk, audit, there)
    while some := list(islice(coming, ROWS_AT_ONCE)):
        await store_loading.bring_in(desk.database, some)
        rows += len(some)
        tell(rows)
    at = desk.clock.now()
    async with desk.database.transaction() as tx:
        if await store_loading.known(tx, audit.run):
            return Loaded(repeated=True)
        await store_loading.begin(tx, audit.run, rows=rows, at=at)
        await store_loading.add_lines(tx, audit.run, audit.lines)
        again = await store_loading.reopen(tx, audit.run)
        same = await store_loading.refresh(tx, audit.run)
        new = await store_loading.insert(tx, audit.run)
        gone = await store_loading.vanish(tx, audit.run, audit.affairs, on=desk.today())
        stopped = (
            await store_effects.suspend_all(tx, audit.run, at=at) if desk.suspend_at_once else 0
        )
        await store_loading.end(tx, audit.run)
        loaded = Loaded(
            rows=rows, new=new, again=again, same=same - again, vanished=gone, suspended=stopped
        )
        await desk.journal(tx, "audit-loaded", "desk", **_counts(loaded))
    return loaded


def _counts(loaded: Loaded) -> Mapping[str, int]:
    return {
        "rows": loaded.rows,
        "new": loaded.new,
        "again": loaded.again,
        "vanished": loaded.vanished,
        "suspended": loaded.suspended,
    }


def _locked(desk: Desk, audit: Audit, there: frozenset[int]) -> Iterator[BroughtRow]:
    at = desk.clock.now()
    for one in audit.findings:
        if one.row in there:
            continue
        yield BroughtRow(
            audit_run=audit.run,
            audit_row=one.row,
            brought_at=at,
            item=new_id(desk.entropy),
            affair=one.affair,
            record_id=one.record_id,
            pattern=one.pattern,
            verdict=one.verdict,
            mechanism=one.mechanism,
            odds=one.odds,
            minutes=max(one.minutes, MINUTES_MIN),
            worth=worth(one.odds, one.minutes),
            reason=one.reason,
            shift_run=one.shift_run,
            content_tag=sides.tag(
                desk.locker, one.sides, one.proposal, label=_label("content", one)
            ),
            sides_locked=sides.lock(desk.locker, one.sides, label=_label("sides", one)),
            proposal_locked=sides.lock(desk.locker, one.proposal, label=_label("proposal", one))
            if one.proposal
            else None,
        )


def _label(what: str, one: Finding) -> bytes:
    return sides.label(what, one.affair, one.record_id)
