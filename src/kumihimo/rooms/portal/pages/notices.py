"""Notices (お知らせ): what institutions tell her, what is due, and what she is done with."""

from typing import Any, Final, Literal

import attrs
from litestar import Response

from kumihimo.kernel.refusal import BadInput, NotFound
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.front import away
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal import inquired, notices, reading, wishes, wording
from kumihimo.rooms.portal.notices import Mark, Notice
from kumihimo.rooms.portal.pages.looked import look_of, patiently
from kumihimo.rooms.portal.pages.site import ONESELF, Site

NOTICES: Final = "/notices"
NOTICE: Final = "/notice"
LOOK_READ: Final = "/notices/looks"
OPENED: Final = "notice"  # in `kept`: which one is open; an address never names one
_MADE: Final[dict[str, Literal["read", "done"]]] = {"read": "read", "done": "done"}


@attrs.frozen(kw_only=True)
class Shown:
    """A notice in the words of a language; `days_left` is -1 once its deadline is over."""

    notice: str
    sender: str
    affair: str
    category: str
    title: str
    text: tuple[str, ...]
    told_on: str
    until: str
    deadline: str
    days_left: int | None
    link: str
    mark: Mark
    withdrawn: bool
    waits: bool


def shown(one: Notice, language: Language) -> Shown:
    """Return a notice as pages show it."""
    told = one.told
    return Shown(
        notice=told.notice,
        sender=wording.body(told.institution).say(language),
        affair=wording.affair(told.affair).say(language),
        category=wording.category(told.category).say(language),
        title=told.title,
        text=tuple(line for line in told.text.splitlines() if line.strip()),
        told_on=told.told_on.isoformat(),
        until=told.until.isoformat(),
        deadline="" if told.deadline is None else told.deadline.isoformat(),
        days_left=None if one.days_left is None else max(one.days_left, -1),
        link=told.link,
        mark=one.mark,
        withdrawn=told.withdrawn,
        waits=one.waits,
    )


def screens(site: Site) -> list[Any]:
    """Return the routes of notices."""
    return [*_all(site), *_one(site)]


def _all(site: Site) -> list[Any]:
    front = site.front

    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        portal = site.portal
        wished, since = await wishes.read(portal, visit.who)
        told = await reading.overview(portal, visit)
        found = await notices.marked(portal, visit, told.notices.notices)
        looks = None
        if wished.looks:
            asked = inquired.latest(await reading.offices(portal, visit))
            looks = await notices.of_looks(portal, visit, told, asked, since)
        return front.page(
            visit,
            "notices.html",
            problem=problem,
            rows=[shown(one, visit.language) for one in found],
            looks=[(look_of(one, visit.language), read) for one, read in looks.shown]
            if looks
            else None,
            unread=looks.unread if looks else 0,
        )

    async def choose(visit: Visit, form: Form) -> str:
        chosen = text(form, "notice")
        if await notices.opened(site.portal, visit, chosen) is None:
            raise NotFound
        visit.kept[OPENED] = chosen
        return NOTICE

    async def look_read(visit: Visit, form: Form) -> str:
        await notices.read_looks(site.portal, visit, text(form, "look"))
        return NOTICES

    patient = patiently(site, show)
    return [
        front.page_route(NOTICES, patient, admitted=ONESELF, says="what institutions tell her"),
        front.deed_route(
            NOTICES, choose, admitted=ONESELF, says="open a notice", otherwise=patient
        ),
        front.deed_route(
            LOOK_READ,
            look_read,
            admitted=ONESELF,
            says="that she read of a look",
            otherwise=patient,
        ),
    ]


def _one(site: Site) -> list[Any]:
    front = site.front

    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        found = await notices.opened(site.portal, visit, visit.kept.get(OPENED, ""))
        if found is None:
            return away(NOTICES)
        one = shown(found, visit.language)
        return front.page(visit, "notice.html", problem=problem, one=one)

    async def mark(visit: Visit, form: Form) -> str:
        made = _MADE.get(text(form, "mark"))
        if made is None:
            raise BadInput("read or done", pointer="mark")
        await notices.mark(site.portal, visit, visit.kept.get(OPENED, ""), made)
        return NOTICES if made == "done" else NOTICE

    patient = patiently(site, show)
    return [
        front.page_route(NOTICE, patient, admitted=ONESELF, says="one notice"),
        front.deed_route(
            NOTICE, mark, admitted=ONESELF, says="what she made of it", otherwise=patient
        ),
    ]
