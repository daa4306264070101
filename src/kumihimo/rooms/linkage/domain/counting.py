"""What is published of exchanges: counts by institution and month, rounded down to tens.

A small office's one question in a month could be known to be about somebody: no count below ten is
told, and none from which one could be worked out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

import attrs

from kumihimo.kernel.clock import JST
from kumihimo.rooms.oversight.statistics_api import (
    WAITS_S,
    InstitutionCounted,
    MonthCounted,
    SideCounted,
)

TENS: Final = 10
# Ends come late; one that is still missing after three days is an alarm of the ledger's.
SETTLED: Final = timedelta(days=4)
OPEN: Final = "OPEN"  # permitted, and nobody said what became of it


@attrs.frozen
class Counted:
    """Exchanges of one institution on one day that are alike.

    `wait` is which of `WAITS_S` the answer came within (their number: later than all), None where
    there is no answer.
    """

    institution: str
    side: Literal["requester", "provider"]
    outcome: str
    wait: int | None
    rows: int


def last_settled(at: datetime) -> str:
    """Return the latest month (Japanese calendar) that ended so long ago that its ends are there."""
    day = (at - SETTLED).astimezone(JST).date()
    return month_of(day.replace(day=1) - timedelta(days=1))


def month_of(day: date) -> str:
    """Return a day's month as it is written."""
    return f"{day:%Y-%m}"


def days_of(month: str) -> list[tuple[datetime, datetime]]:
    """Return the Japanese days of a month, each from its beginning to the next one's, in UTC."""
    first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=JST)
    days = [first + timedelta(days=n) for n in range(32)]
    mine = [day.astimezone(UTC) for day in days if day.month == first.month]
    return [(day, day + timedelta(days=1)) for day in mine]


def counted(month: str, found: Iterable[Counted]) -> MonthCounted:
    """Return a month as it is published: who asked or was asked fewer than ten times stays unnamed."""
    outcomes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    waits: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for one in found:
        outcomes[one.institution, one.side][one.outcome] += one.rows
        if one.wait is not None:
            waits[one.institution, one.side][one.wait] += one.rows
    names = sorted({institution for institution, _ in outcomes})
    all_of = [
        InstitutionCounted(
            institution=name,
            asked=_side(outcomes[name, "requester"], waits[name, "requester"]),
            was_asked=_side(outcomes[name, "provider"], waits[name, "provider"]),
        )
        for name in names
    ]
    told = tuple(one for one in all_of if one.asked.inquiries or one.was_asked.inquiries)
    return MonthCounted(month=month, institutions=told)


def _side(outcomes: Counter[str], waits: Counter[int]) -> SideCounted:
    within = [sum(waits[n] for n in range(last + 1)) for last in range(len(WAITS_S))]
    return SideCounted(
        inquiries=_tens(outcomes.total()),
        outcomes={word: _tens(rows) for word, rows in sorted(outcomes.items()) if _tens(rows)},
        within=tuple(_tens(rows) for rows in within),
    )


def _tens(rows: int) -> int:
    return rows - rows % TENS
