"""The first page: what waits for her, what is new since the time before, and where everything is."""

from datetime import datetime
from typing import Any, Final

import attrs
from litestar import Response

from kumihimo.kernel.clock import JST
from kumihimo.kernel.refusal import Unavailable
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Form, Problem
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal import (
    inquired,
    news,
    notices,
    proxies_reading,
    reading,
    remembered,
    wishes,
)
from kumihimo.rooms.portal.news import News
from kumihimo.rooms.portal.notices import LookNotices, Notice
from kumihimo.rooms.portal.pages.inquired import Inquired
from kumihimo.rooms.portal.pages.looked import Entry, look_of
from kumihimo.rooms.portal.pages.notices import shown
from kumihimo.rooms.portal.pages.site import ONESELF, Site
from kumihimo.rooms.portal.reading import FreshCardNeeded

WAITING_SHOWN: Final = 5


def screens(site: Site) -> list[Any]:
    """Return the first page."""

    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        found = await _found(site, visit)
        waiting = notices.waiting(found.notices) if found else []
        new = found.news if found else None
        looks = new.looks if new else 0
        return site.front.page(
            visit,
            "home.html",
            problem=problem,
            heard=found is not None,
            since=_local(new.since) if new and new.since else "",
            waiting=[shown(one, visit.language) for one in waiting[:WAITING_SHOWN]],
            waiting_more=max(len(waiting) - WAITING_SHOWN, 0),
            unread_looks=found.looks.unread if found and found.looks else 0,
            overdue=found.overdue if found else 0,
            answers=new.answers if new else 0,
            proxy_words=found.proxy_words
            if found
            else await proxies_reading.unseen(site.portal, visit.who),
            looks=f"{looks}{'+' if new and new.more else ''}" if looks else "",
            latest=_latest(new, visit.language) if new else [],
        )

    return [site.front.page_route("/", show, admitted=ONESELF, says="the first page")]


@attrs.frozen(kw_only=True)
class _Found:
    """What the ledger told: what is new, what waits, and the notices of looks where she wishes them."""

    news: News
    notices: list[Notice]
    looks: LookNotices | None
    overdue: int
    proxy_words: int


async def _found(site: Site, visit: Visit) -> _Found | None:
    """Return what is new and what waits, None while the ledger cannot be read: the page is there."""
    try:
        told = await reading.overview(site.portal, visit)
        asked = inquired.latest(await reading.offices(site.portal, visit))
        own = await remembered.read(site.portal, visit, told, asked)
        new = await news.read(site.portal, visit, told, asked, own.look)
        await wishes.was_here(site.portal, visit, own.wishes)
        return _Found(
            news=new,
            notices=notices.marked_so(site.portal, visit, told.notices.notices, own.marks),
            looks=notices.looks_so(site.portal, visit, told, asked, own.since, own.marks)
            if own.wishes.looks
            else None,
            proxy_words=own.unseen,
            overdue=sum(
                one.state != "answered" and one.due_on < site.portal.today()
                for one in told.claims.claims
            ),
        )
    except (Unavailable, FreshCardNeeded):
        return None


def _latest(new: News, language: Language) -> list[Entry | Inquired]:
    found = [look_of(one, language) for one in (*new.inquired, *new.latest)]
    return sorted(found, key=lambda one: one.at, reverse=True)[: news.SHOWN]


def _local(at: datetime) -> str:
    return at.astimezone(JST).strftime("%Y-%m-%d %H:%M")
