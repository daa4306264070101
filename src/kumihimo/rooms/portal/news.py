"""What is new since the time before: who looked, what was answered. Computed here, told to nobody.

An entry becomes visible days after it was asked for, at the latest when its provider has spoken; so
what was seen is remembered by name and not by time alone. What is hidden is told by the ledger
neither here nor anywhere: it is in no count.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs
import msgspec

from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import Look, MyClaim, MyRecord, Overview
from kumihimo.rooms.portal import reading
from kumihimo.rooms.portal import store_news as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.store_news import LookRow

BEFORE: Final = "before"  # in `kept`: what she had seen when this visit began, "" for nothing ever
SHOWN: Final = 3
# Longer than the ledger keeps an entry back until its provider has spoken. What is older and was not
# seen had no room among the latest then: it is not new.
LATE: Final = timedelta(days=4)
_NAME: Final = 8  # characters of a random id: enough to tell it from others of one person
_BLOCK: Final = 4_096  # how much there was to see is not told by the length


class _Look(msgspec.Struct, frozen=True):
    at: datetime
    seen: tuple[str, ...]


@attrs.frozen(kw_only=True)
class News:
    """What is new. `since` is None when she was never here; then everything is, and nothing is called so.

    `looks` counts those of the latest 200; `more` says that all of those are new. `latest` are the
    newest of them.
    """

    since: datetime | None
    looks: int
    more: bool
    latest: Sequence[MyRecord]
    answers: int


async def read(portal: Portal, visit: Visit, told: Overview) -> News:
    """Return what is new, and write down what she sees. Raises `FreshCardNeeded`, `Unavailable`.

    All through one visit the same is new: it is not the page that makes it old, but the next visit.
    """
    answered = [one for one in told.claims.claims if one.state == "answered"]
    await _note(portal, visit, told.looks, answered)
    before = visit.kept[BEFORE]
    look = msgspec.json.decode(before, type=_Look) if before else None
    seen = frozenset(look.seen if look else ())
    new = [
        one.record
        for one in told.looks
        if _name(one.record) not in seen and (not look or one.requested_at > look.at - LATE)
    ]
    return News(
        since=look.at if look else None,
        looks=len(new),
        more=told.more and len(new) == len(told.looks),
        latest=await _whole(portal, visit, told, new[:SHOWN]),
        answers=sum(_name(one.claim) not in seen for one in answered),
    )


async def _whole(
    portal: Portal, visit: Visit, told: Overview, names: Sequence[str]
) -> Sequence[MyRecord]:
    """Return these entries whole. The ledger told the latest so; an older one may be new, too."""
    found = {one.record: one for one in told.latest}
    if not found.keys() >= set(names):
        found |= {one.record: one for one in (await reading.latest(portal, visit)).records}
    return [found[one] for one in names if one in found]


async def _note(
    portal: Portal, visit: Visit, looks: Sequence[Look], answered: Sequence[MyClaim]
) -> None:
    """Keep in the visit what was seen before it, and in the database what is seen now."""
    now = portal.clock.now()
    names = (*(_name(one.record) for one in looks), *(_name(one.claim) for one in answered))
    content = msgspec.json.encode(_Look(now, names))
    label = b"look" + visit.who.encode()
    row = LookRow(visit.who, portal.locker.lock(content, label=label, block=_BLOCK))
    async with portal.database.transaction() as tx:
        if BEFORE not in visit.kept:
            last = await store.last(tx, visit.who)
            plain = b"" if last is None else portal.locker.unlock(last, label=label)
            visit.kept[BEFORE] = plain.decode()
            await portal.journal(tx, "first-page-seen")
        await store.put(tx, row)


def _name(one: str) -> str:
    return one[-_NAME:]
