"""What institutions tell her (お知らせ): read through the ledger, stored nowhere; what she made of it is.

That she read a notice, or is done with it, stays here. No institution is told.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Final, Literal

import attrs
import msgspec

from kumihimo.kernel.clock import JST, legal_day
from kumihimo.kernel.refusal import NotFound
from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import MyNotice, MyRecord, Overview
from kumihimo.rooms.portal import inquired, reading, wishes
from kumihimo.rooms.portal import store_notices as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.store_notices import MarkRow
from kumihimo.rooms.register.api import OfficeAsked

Mark = Literal["new", "read", "done"]
# A mark goes with a month, some weeks after its notice: a day of its own would tell which notice.
_ONE_MONTH: Final = timedelta(days=31)
LOOK_FOR: Final = timedelta(days=60)  # our choice: how long a look is a notice
LOOKS_SHOWN: Final = 10  # as many as the ledger tells whole


@attrs.frozen(kw_only=True)
class Notice:
    """A notice as she sees it; `days_left` to its deadline (below 0: overdue), None where nothing is due."""

    told: MyNotice
    mark: Mark
    days_left: int | None

    @property
    def waits(self) -> bool:
        """Whether she has not read it, or something is due, or overdue, that she is not done with."""
        if self.told.withdrawn or self.mark == "done":
            return False
        return self.mark == "new" or self.days_left is not None


async def listed(portal: Portal, visit: Visit) -> list[Notice]:
    """Return her notices: what waits first, by deadline. Raises `FreshCardNeeded`, `Unavailable`."""
    return await marked(portal, visit, await reading.notices(portal, visit))


async def marked(portal: Portal, visit: Visit, found: Sequence[MyNotice]) -> list[Notice]:
    """Return notices that the ledger told, with what she made of them: what waits first."""
    if not found:
        return []
    tags = [_tag(portal, visit.who, one.notice) for one in found]
    async with portal.database.transaction() as tx:
        marks = await store.of_account(tx, visit.who, tags)
    return marked_so(portal, visit, found, marks)


def marked_so(
    portal: Portal, visit: Visit, found: Sequence[MyNotice], marks: Mapping[bytes, str]
) -> list[Notice]:
    """Return notices that the ledger told with these marks of hers: what waits first."""
    notices = [
        Notice(
            told=one,
            mark=msgspec.convert(marks.get(_tag(portal, visit.who, one.notice), "new"), Mark),
            days_left=_days_left(one, portal.today()),
        )
        for one in found
    ]
    return sorted(notices, key=_order)


def _days_left(one: MyNotice, today: date) -> int | None:
    return None if one.deadline is None else (one.deadline - today).days


def _order(one: Notice) -> tuple[bool, date, int]:
    due = one.told.deadline if one.waits else None
    return not one.waits, due or date.max, -one.told.told_on.toordinal()


async def mark(portal: Portal, visit: Visit, notice: str, made: Literal["read", "done"]) -> None:
    """Write down what she made of a notice of hers. Raises `NotFound` for any other."""
    found = {one.notice: one for one in await reading.notices(portal, visit)}
    if notice not in found:
        raise NotFound
    row = MarkRow(
        account=visit.who,
        notice_tag=_tag(portal, visit.who, notice),
        mark=made,
        forget_on=(found[notice].until.replace(day=1) + 2 * _ONE_MONTH).replace(day=1),
    )
    async with portal.database.transaction() as tx:
        if await store.put(tx, row):
            await portal.journal(tx, "notice-marked", mark=made)


async def opened(portal: Portal, visit: Visit, notice: str) -> Notice | None:
    """Return a notice of hers that she opens; from now on it is read. None where it is gone."""
    found = next((one for one in await listed(portal, visit) if one.told.notice == notice), None)
    if found is not None and found.mark == "new":
        await mark(portal, visit, notice, "read")
        return attrs.evolve(found, mark="read")
    return found


@attrs.frozen(kw_only=True)
class LookNotices:
    """Each look of others at her data as a notice: the newest whole, and how many are unread in all."""

    shown: Sequence[tuple[MyRecord | OfficeAsked, bool]]
    unread: int
    days: Mapping[str, date]


async def of_looks(
    portal: Portal,
    visit: Visit,
    told: Overview,
    inquiries: Sequence[OfficeAsked],
    since: date,
) -> LookNotices:
    """Return the notices of looks, of `inquiries` at register too; `since`: she opened her account.

    What is hidden is not told by the ledger. A look is a notice for some weeks, if she had her
    account when it was asked for: who comes for the first time is not met by years of them.
    """
    tags = _look_tags(portal, visit, _look_days(portal, told, inquiries, since))
    marks: Mapping[bytes, str] = {}
    if tags:
        async with portal.database.transaction() as tx:
            marks = await store.of_account(tx, visit.who, list(tags))
    return looks_so(portal, visit, told, inquiries, since, marks)


def looks_so(
    portal: Portal,
    visit: Visit,
    told: Overview,
    inquiries: Sequence[OfficeAsked],
    since: date,
    marks: Mapping[bytes, str],
) -> LookNotices:
    """Return the notices of looks as `of_looks` does, with these marks of hers."""
    days = _look_days(portal, told, inquiries, since)
    read = {name for tag, name in _look_tags(portal, visit, days).items() if tag in marks}
    asked = {inquired.name_of(one): one for one in inquiries}
    whole = {**{one.record: one for one in told.latest}, **asked}
    shown = sorted((name for name in whole if name in days), key=days.__getitem__, reverse=True)
    return LookNotices(
        shown=[(whole[name], name in read) for name in shown[:LOOKS_SHOWN]],
        unread=len(days) - len(read),
        days=days,
    )


def tags_of(
    portal: Portal, visit: Visit, told: Overview, inquiries: Sequence[OfficeAsked]
) -> list[bytes]:
    """Return by what her marks are found: of notices, and of the looks that may be notices."""
    told_by = [_tag(portal, visit.who, one.notice) for one in told.notices.notices]
    days = _look_days(portal, told, inquiries, date.min)
    return [*told_by, *_look_tags(portal, visit, days)]


def _look_days(
    portal: Portal, told: Overview, inquiries: Sequence[OfficeAsked], since: date
) -> dict[str, date]:
    """Return the looks that are notices by their names, and the day of each."""
    first = max(since, portal.today() - LOOK_FOR)
    begins = datetime.combine(first, time.min, JST)
    recent = takewhile(lambda one: one.requested_at >= begins, told.looks)  # the newest first
    days = {one.record: legal_day(one.requested_at) for one in recent}
    return days | {inquired.name_of(one): one.on for one in inquiries if one.on >= first}


def _look_tags(portal: Portal, visit: Visit, days: Mapping[str, date]) -> dict[bytes, str]:
    return {_look_tag(portal, visit.who, name): name for name in days}


async def read_looks(portal: Portal, visit: Visit, record: str) -> None:
    """Write down that she read of a look, of all of them with "". Raises `NotFound`."""
    _, since = await wishes.read(portal, visit.who)
    told = await reading.overview(portal, visit)
    asked = inquired.latest(await reading.offices(portal, visit))
    found = await of_looks(portal, visit, told, asked, since)
    chosen = [(name, on) for name, on in found.days.items() if record in {"", name}]
    if record and not chosen:
        raise NotFound
    async with portal.database.transaction() as tx:
        changed = 0
        for name, on in chosen:
            row = MarkRow(
                account=visit.who,
                notice_tag=_look_tag(portal, visit.who, name),
                mark="read",
                forget_on=((on + LOOK_FOR).replace(day=1) + 2 * _ONE_MONTH).replace(day=1),
            )
            changed += await store.put(tx, row)
        if changed:
            await portal.journal(tx, "looks-marked", marks=changed)


def _look_tag(portal: Portal, account: str, record: str) -> bytes:
    return portal.locker.tag(record.encode(), label=b"look" + account.encode())


def waiting(notices: Sequence[Notice]) -> list[Notice]:
    """Return those that wait for her."""
    return [one for one in notices if one.waits]


def _tag(portal: Portal, account: str, notice: str) -> bytes:
    return portal.locker.tag(notice.encode(), label=b"notice" + account.encode())
