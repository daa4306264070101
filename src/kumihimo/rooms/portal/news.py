"""What is new since the time before: who looked, what was answered. Computed here, told to nobody.

An entry becomes visible days after it was asked for, at the latest when its provider has spoken; so
what was seen is remembered by name and not by time alone. What is hidden is told by the ledger
neither here nor anywhere: it is in no count.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs
import msgspec

from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.refusal import Unavailable
from kumihimo.pages.stored import was_stored
from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import MyRecord, Overview
from kumihimo.rooms.portal import reading
from kumihimo.rooms.portal import store_news as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.store_news import LookRow
from kumihimo.rooms.portal.visits import keep_with
from kumihimo.rooms.register.api import OfficeAsked

BEFORE: Final = "before"  # in `kept`: what she had seen when this visit began, "" for nothing ever
SEEN: Final = "seen"  # in `kept`: what was last written down as seen, as a digest
SHOWN: Final = 3
# Longer than the ledger keeps an entry back until its provider has spoken. What is older and was not
# seen had no room among the latest then: it is not new.
LATE: Final = timedelta(days=4)
_NAME: Final = 8  # characters of a random id: enough to tell it from others of one person
_BLOCK: Final = 8_192  # how much there was to see is not told by the length


class _Look(msgspec.Struct, frozen=True):
    """What was seen, and when; in which visit, and what had been seen before that."""

    at: datetime
    seen: tuple[str, ...]
    visit: str = ""
    before: "_Look | None" = None


@attrs.frozen(kw_only=True)
class News:
    """What is new. `since` is None when she was never here; then everything is, and nothing is called so.

    `looks` counts those of the latest 200, and what offices asked register; `more` says that all of
    the 200 are new. `latest` and `inquired` are the newest of them.
    """

    since: datetime | None
    looks: int
    more: bool
    latest: Sequence[MyRecord]
    inquired: Sequence[OfficeAsked]
    answers: int


def begins(visit: Visit) -> bool:
    """Say whether nothing was read in this visit yet."""
    return BEFORE not in visit.kept


async def read(
    portal: Portal,
    visit: Visit,
    told: Overview,
    inquiries: Sequence[OfficeAsked],
    had: bytes | None,
) -> News:
    """Return what is new, and write down what she sees. Raises `FreshCardNeeded`, `Unavailable`.

    All through one visit the same is new: it is not the page that makes it old, but the next visit.
    `had` is what she had seen, locked, where this visit `begins`.
    """
    answered = [one for one in told.claims.claims if one.state == "answered"]
    names = (
        *(one.record for one in told.looks),
        *(one.inquiry for one in inquiries),
        *(one.claim for one in answered),
    )
    await _note(portal, visit, tuple(map(_name, names)), had)
    before = visit.kept[BEFORE]
    look = _read(before.encode()) if before else None
    seen = frozenset(look.seen if look else ())
    new = [
        one.record
        for one in told.looks
        if _name(one.record) not in seen and (not look or one.requested_at > look.at - LATE)
    ]
    # A row of register's log has a day and no hour.
    inquired = [
        one
        for one in inquiries
        if _name(one.inquiry) not in seen and (not look or one.on > legal_day(look.at - LATE))
    ]
    return News(
        since=look.at if look else None,
        looks=len(new) + len(inquired),
        more=told.more and len(new) == len(told.looks),
        latest=await _whole(portal, visit, told, new[:SHOWN]),
        inquired=inquired[:SHOWN],
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


async def _note(portal: Portal, visit: Visit, names: tuple[str, ...], had: bytes | None) -> None:
    """Keep in the visit what was seen before it, and in the database what is seen now.

    A page that shows what was seen already writes nothing.
    """
    first, seen = begins(visit), _digest("".join(names))
    if not first and visit.kept.get(SEEN) == seen:
        return
    label = b"look" + visit.who.encode()
    tag = _digest(visit.token)[:_NAME]
    if first:
        before = None if had is None else _read(portal.locker.unlock(bytes(had), label=label))
        # Two pages at once may both be the first: what the other has just seen is no time before.
        if before is not None and before.visit == tag:
            before = before.before
        visit.kept[BEFORE] = "" if before is None else _written(before).decode()
    kept = visit.kept[BEFORE]
    look = _Look(portal.clock.now(), names, tag, _read(kept.encode()) if kept else None)
    locked = portal.locker.lock(_written(look, whole=True), label=label, block=_BLOCK)
    visit.kept[SEEN] = seen
    try:
        async with portal.database.brief() as tx:
            store.put(tx, LookRow(visit.who, locked))
            keep_with(portal, tx, visit)
            if first:
                await portal.journal(tx, "first-page-seen")
    except Unavailable:
        del visit.kept[SEEN]  # the page is there without the news, and the next one writes it down
        raise
    was_stored(visit)


def _digest(text: str) -> str:
    return hashlib.sha256(b"kumihimo look " + text.encode()).hexdigest()


def _read(content: bytes) -> _Look:
    return msgspec.json.decode(content, type=_Look)


def _written(look: _Look, *, whole: bool = False) -> bytes:
    """Write a look down; only the last one takes along what was before it."""
    return msgspec.json.encode(look if whole else _Look(look.at, look.seen))


def _name(one: str) -> str:
    return one[-_NAME:]
