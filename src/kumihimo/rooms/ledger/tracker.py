"""A person's records in the words of the Estonian data tracker, for a program that speaks them.

The same records by the same rules as in her history: what is hidden is absent, from the list and
from the count.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Final

import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.clock import JST
from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.rooms.ledger import store, store_tracker
from kumihimo.rooms.ledger.api import user_code
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.service import reader_of
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.ledger.store import MineRow, Wanted
from kumihimo.rooms.ledger.tracker_forms import (
    FindUsageResponse,
    HeartbeatResponse,
    Usage,
    UsagePeriodResponse,
)
from kumihimo.statute.law import affairs, institutions

USAGES_MAX: Final = 1_000  # the specification's default
# Which of its systems a body asked with is not on record: only that it asked over this network.
SYSTEM: Final = "情報提供ネットワークシステム"


async def find_usage(
    ledger: Ledger, person: Person, *, asks: str, about: str, wanted: Wanted
) -> FindUsageResponse:
    """Return a page of who used her data. Raises `NotAllowed` for any code but this session's own."""
    own = user_code(person.token.reveal())
    if (asks, about) != (own, own):
        raise NotAllowed("a session reads its own person's records")
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        reader = await reader_of(ledger, tx, person.code)
        total = await store_tracker.how_many(tx, reader, wanted)
        rows = await store.mine(tx, reader, wanted)
        line = journal.JournalLine(act="usage-found", actor="person", detail={"rows": len(rows)})
        await journal.write(tx, line, at=now)
    return FindUsageResponse(total_usages=total, usages=tuple(map(_usage, rows)))


def _usage(row: MineRow) -> Usage:
    return Usage(
        logtime=row.requested_at.astimezone(UTC),
        action=_action(row),
        receiver_code=row.requester,
        receiver_name=_bodies().get(row.requester, row.requester),
        receiver_system=SYSTEM,
    )


def _action(row: MineRow) -> str:
    """Say what for, and where nothing was given, that nothing was."""
    words = _affairs().get(row.affair, row.affair)
    return words if row.outcome == "OK" else f"{words}（提供なし：{row.outcome}）"


@cache
def _bodies() -> dict[str, str]:
    return {one.institution: one.name for one in institutions()}


@cache
def _affairs() -> dict[str, str]:
    return {one.affair: f"{one.text}（{one.basis}）" for one in affairs()}


async def usage_period(ledger: Ledger) -> UsagePeriodResponse:
    """Return since when uses are kept, by the law that says how long."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        return UsagePeriodResponse(period_start=await store_tracker.kept_since(tx, now))


def heartbeat() -> HeartbeatResponse:
    """Say that uses can be read: who was let in here was found in the database just now.

    While that is silent nobody is let in, and the door answers 503 instead.
    """
    return HeartbeatResponse("OK", "uses can be read")


def moment(text: str, *, pointer: str) -> datetime | None:
    """Return the instant that a text names; one without a zone is Japanese time, "" names none.

    Raises `BadInput` for what is not a date-time of RFC 3339.
    """
    if not text:
        return None
    try:
        found = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        raise BadInput(
            "a moment is YYYY-MM-DDThh:mm:ss, with or without its zone", pointer=pointer
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=JST)
