"""What everybody at the desk sees of the queue, and what the supervisor sees of the desk."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import attrs

from kumihimo.kernel.refusal import NotFound
from kumihimo.rooms.review import store, store_effects, store_reports
from kumihimo.rooms.review.api import ItemState
from kumihimo.rooms.review.context import Desk, officer_as_actor
from kumihimo.rooms.review.domain.agreement import Agreement, Pairs, agreement
from kumihimo.rooms.review.store_effects import EffectShown
from kumihimo.rooms.review.store_reports import (
    Done,
    Line,
    LineCount,
    Looked,
    Queued,
    Run,
    Tally,
    Viewing,
    Waiting,
)

EFFECTS_MAX: Final = 50
LOOKS_AT_ONCE: Final = 20_000
ONE_DAY: Final = timedelta(days=1)


@attrs.frozen(kw_only=True)
class QueuePage:
    """Counts by mechanism, minutes left, and a page of the list."""

    tallies: Sequence[Tally]
    items: Sequence[Queued]

    @property
    def open(self) -> Sequence[Tally]:
        """What waits for a look."""
        return [one for one in self.tallies if one.state == ItemState.OPEN]

    @property
    def minutes(self) -> float:
        """What the looks that are wanted take."""
        return max(0.0, sum(one.minutes for one in self.open))


@attrs.frozen(kw_only=True)
class Progress:
    """How the desk gets on."""

    run: Run | None
    tallies: Sequence[Tally]
    done: Sequence[Done]
    agreement: Agreement
    repeats: Sequence[Pairs]
    waiting: Sequence[Waiting]
    to_tell: int
    refused: Sequence[EffectShown]


@attrs.frozen(kw_only=True)
class Patterns:
    """The pattern table of the newest run with what people found."""

    run: Run | None
    lines: Sequence[tuple[Line, LineCount]]


async def queue(desk: Desk, *, worth: float = math.inf, item: str = "") -> QueuePage:
    """Return the queue behind a place in it; from its head when none is given."""
    async with desk.database.transaction() as tx:
        return QueuePage(
            tallies=await store_reports.tallies(tx),
            items=await store_reports.queue(tx, worth=worth, item=item),
        )


async def progress(desk: Desk) -> Progress:
    """Return how the desk gets on."""
    since = desk.clock.now() - ONE_DAY
    async with desk.database.transaction() as tx:
        pairs = await store_reports.pairs(tx)
        return Progress(
            run=await store_reports.latest_run(tx),
            tallies=await store_reports.tallies(tx),
            done=await store_reports.done(tx, since=since),
            agreement=agreement(pairs),
            repeats=[one for one in pairs if one.drawn],
            waiting=await store_reports.waiting(tx),
            to_tell=await store_effects.waiting(tx),
            refused=await store_effects.refused(tx, most=EFFECTS_MAX),
        )


async def viewings(desk: Desk, *, before: int) -> Sequence[Viewing]:
    """Return a page of the access log."""
    async with desk.database.transaction() as tx:
        return await store_reports.viewings(tx, before=before)


async def looks(desk: Desk) -> list[Looked]:
    """Return every look that counts, record by record, to be taken out of the desk."""
    found: list[Looked] = []
    async with desk.database.transaction() as tx:
        item, place = "", 0
        while page := await store_reports.looks(tx, item=item, place=place, most=LOOKS_AT_ONCE):
            found += page
            item, place = page[-1].item, page[-1].place
        await desk.journal(tx, "looks-taken-out", "desk", looks=len(found))
    return found


async def patterns(desk: Desk) -> Patterns:
    """Return the pattern table."""
    async with desk.database.transaction() as tx:
        run = await store_reports.latest_run(tx)
        if run is None:
            return Patterns(run=None, lines=())
        lines = await store_reports.lines(tx, run.audit_run)
        counts = {one.pattern: one for one in await store_reports.line_counts(tx, run.audit_run)}
    none = LineCount(pattern=0, decided=0, wrong=0)
    return Patterns(run=run, lines=[(one, counts.get(one.pattern, none)) for one in lines])


async def line(desk: Desk, run: str, pattern: int) -> Line | None:
    """Return the line of the pattern table that an item is of."""
    async with desk.database.transaction() as tx:
        return await store_reports.line(tx, run, pattern)


async def put_back(desk: Desk, officer: str, item: str) -> None:
    """Put an item back into the queue once its office has answered. Raises `NotFound`."""
    async with desk.database.transaction() as tx:
        row = await store.lock_item(tx, item)
        if row is None or row.state != ItemState.OFFICE:
            raise NotFound
        await store.begin_round(tx, item)
        await desk.journal(tx, "item-put-back", officer_as_actor(officer))
