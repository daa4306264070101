"""Months: the core's exchanges stand in a partition of the month in which they were written down."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import attrs

from kumihimo.kernel.sql import Database, Tx
from kumihimo.rooms.linkage.store_exchange import RecordRow, keep_terms, terms_of

# Around the turn of a month who asks the same at once must not stand in two: as long as clocks of
# processes differ, and a transaction lasts.
_TURN: Final = timedelta(minutes=5)
_OLDEST: Final = timedelta(days=8 * 366)  # nothing is kept so long
WORDS_MAX: Final = 100_000  # remembered by a process: some megabytes
_ASKING: Final = 0x6D6F6E  # "mon": the advisory locks of those who ask then


def month_of(at: datetime) -> date:
    """Return the first day of the month of an instant, in UTC."""
    return at.astimezone(UTC).date().replace(day=1)


def lately(at: datetime, since: datetime | None = None) -> Sequence[date]:
    """Return the months in which an id is looked for first: this one, the one before, those `since`.

    Repeats of a question come within days (a requester keeps a result for 14). An id that comes
    again later is a new one, with a permit and a record of its own. What an institution reports
    says when it happened, and no report of it can have come before.
    """
    month = month_of(at + _TURN)  # of a process whose clock is ahead
    first = min(_before(month_of(at)), month_of(max(since or at, at - _OLDEST)))
    found = [month]
    while found[-1] > first:
        found.append(_before(found[-1]))
    return found[::-1]


def _before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


async def one_month_for(tx: Tx, requester: str, at: datetime) -> None:
    """Let a requester's batches wait for each other around the turn of a month.

    Else two that bring one id at once could stand in a month each.
    """
    if month_of(at - _TURN) != month_of(at + _TURN):
        await tx.put(
            "SELECT pg_advisory_xact_lock(%(key)s, hashtext(%(requester)s))",
            {"key": _ASKING, "requester": requester},
        )


@attrs.define
class Months:
    """What the core's tables have room for, as far as this process knows: months, and their words."""

    database: Database
    _known: set[date] = attrs.field(init=False, factory=set[date])
    _words: set[tuple[date, str]] = attrs.field(init=False, factory=set[tuple[date, str]])

    async def ready(self, at: datetime, rows: Sequence[RecordRow] = ()) -> date:
        """Return the month of an instant; there is room in it for these records."""
        month = month_of(at)
        if month not in self._known:
            await self.database.alone("SELECT keep_month(%(month)s)", {"month": month})
            self._known.add(month)
        words = {
            name: row
            for name, row in zip(terms_of(rows), rows, strict=True)
            if (month, name) not in self._words
        }
        if words:
            await keep_terms(self.database, month, words)
            if len(self._words) > WORDS_MAX:
                self._words.clear()
            self._words.update((month, name) for name in words)
        return month

    async def ahead(self, at: datetime) -> int:
        """Make room for the next month while nobody waits for it."""
        month = datetime.combine(month_of(at), time(), UTC)
        await self.ready(month + timedelta(days=31))
        return 0
