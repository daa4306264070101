"""What she can take away (手元に残す): everything as one file, and each list as a table or on paper."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from litestar import Response

from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Form, Problem
from kumihimo.pages.front import Show
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal import (
    everything,
    notices,
    proxies,
    questions,
    reading,
    tables,
    wording,
)
from kumihimo.rooms.portal.pages import delegated, mine
from kumihimo.rooms.portal.pages import notices as notice_pages
from kumihimo.rooms.portal.pages.inquired import result_of
from kumihimo.rooms.portal.pages.looked import file_of, patiently
from kumihimo.rooms.portal.pages.site import ONESELF, Site
from kumihimo.rooms.portal.tables import Table

KEEP: Final = "/keep"
# The lists, and which of their columns share the room on paper; title and heads stand in the table
# of words, kind `file`.
_WIDE: Final = {
    "mine": {0, 1, 2, 3},
    "notices": {1, 2, 3},
    "questions": {3, 4, 5, 8},
    "proxies": {1, 2},
    "offices": {1, 2},
}
Rows = Sequence[tuple[str, ...]]


def screens(site: Site) -> list[Any]:
    """Return the routes of what she can take away."""
    front = site.front

    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        lists = [(name, _head(name, visit.language)[0]) for name in _WIDE]
        return front.page(visit, "keep.html", problem=problem, lists=lists)

    async def whole(visit: Visit, _: Problem | None, _form: Form) -> Response[Any]:
        content = await everything.gathered(site.portal, visit)
        return file_of(content, "application/json", "everything.json")

    async def schema(_visit: Visit, _: Problem | None, _form: Form) -> Response[Any]:
        return file_of(everything.schema(), "application/schema+json", "everything.schema.json")

    said = "everything of hers"
    return [
        front.page_route(KEEP, show, admitted=ONESELF, says="what she can take away"),
        front.page_route(f"{KEEP}/json", patiently(site, whole), admitted=ONESELF, says=said),
        front.page_route(f"{KEEP}/schema", schema, admitted=ONESELF, says="its schema"),
        *(
            front.page_route(
                f"{KEEP}/{name}/{kind}",
                patiently(site, _file(site, name, kind)),
                admitted=ONESELF,
                says=f"{name} as {kind}",
            )
            for name in _WIDE
            for kind in ("csv", "pdf")
        ),
    ]


def _file(site: Site, name: str, kind: str) -> Show:
    async def made(visit: Visit, _: Problem | None, _form: Form) -> Response[Any]:
        title, head = _head(name, visit.language)
        rows = tuple(await _ROWS[name](site, visit))
        table = Table(name=name, title=title, head=head, rows=rows, wide=frozenset(_WIDE[name]))
        if kind == "csv":
            return file_of(tables.as_csv(table), "text/csv; charset=utf-8", f"{name}.csv")
        content = await tables.as_pdf(table, visit.language, at=site.portal.clock.now())
        return file_of(content, "application/pdf", f"{name}.pdf")

    return made


def _head(name: str, language: Language) -> tuple[str, tuple[str, ...]]:
    title, _, columns = wording.said("file", name).say(language).partition(":")
    return title, tuple(columns.split(","))


async def _mine(site: Site, visit: Visit) -> Rows:
    found = await reading.own(site.portal, visit)
    rows: list[tuple[str, ...]] = []
    for asked in mine.asked_shown(found.asked, visit.language):
        for answer in asked.answers:
            if answer.checking:
                said = wording.said("own", "checking").say(visit.language)
                rows.append((asked.name, answer.provider, "", said, "", ""))
            rows += [
                (asked.name, answer.provider, one.name, one.value, one.as_of, one.registered_on)
                for one in answer.items
            ]
    return rows


async def _notices(site: Site, visit: Visit) -> Rows:
    found = await notices.listed(site.portal, visit)
    return [
        (
            one.told_on,
            one.sender,
            one.title,
            "\n".join(one.text),
            one.deadline,
            one.category,
            wording.said("mark", "withdrawn" if one.withdrawn else one.mark).say(visit.language),
        )
        for one in (notice_pages.shown(told, visit.language) for told in found)
    ]


async def _questions(site: Site, visit: Visit) -> Rows:
    found = await questions.listed(site.portal, visit.who, most=everything.SAID_MAX)
    stands = {one.claim: one for one in await reading.claims(site.portal, visit)}
    language = visit.language
    rows: list[tuple[str, ...]] = []
    for one in found:
        stand = stands.get(one.question)
        answer = [] if stand is None or stand.answered_on is None else [
            wording.said("decision", stand.decision).say(language),
            stand.answered_on.isoformat(),
            stand.answer,
        ]  # fmt: skip
        rows.append(
            (
                one.question,
                one.asked_on.isoformat(),
                wording.said("said", one.asked.kind).say(language),
                wording.body(one.asked.addressee).say(language),
                one.asked.entry,
                one.asked.text,
                wording.said("stands", stand.state if stand else "kept").say(language),
                (stand.due_on if stand else one.due_on).isoformat(),
                "\n".join(answer),
            )
        )
    return rows


async def _proxies(site: Site, visit: Visit) -> Rows:
    language = visit.language
    return [
        (
            wording.said("side", one.side).say(language),
            one.label,
            one.purpose,
            one.until,
            wording.said("delegation", one.state).say(language),
        )
        for one in (
            delegated.shown(mine, language) for mine in await proxies.listed(site.portal, visit.who)
        )
    ]


async def _offices(site: Site, visit: Visit) -> Rows:
    language = visit.language
    return [
        (
            one.on.isoformat(),
            wording.body(one.office).say(language),
            wording.affair(one.affair).say(language),
            wording.said("register", result_of(one)).say(language),
        )
        for one in (await reading.offices(site.portal, visit)).inquiries
    ]


_ROWS: Final[dict[str, Callable[[Site, Visit], Awaitable[Rows]]]] = {
    "mine": _mine,
    "notices": _notices,
    "questions": _questions,
    "proxies": _proxies,
    "offices": _offices,
}
