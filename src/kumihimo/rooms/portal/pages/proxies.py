"""Proxies (代理): giving and asking for, handing a code over, joining, ending, and letting go on."""

from typing import Any, Final

from litestar import Response

from kumihimo.kernel.clock import JST
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.front import away
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal import proxies, proxies_reading, wording
from kumihimo.rooms.portal.domain.delegations import Side, other, restored
from kumihimo.rooms.portal.domain.refusals import CodeUnknown
from kumihimo.rooms.portal.domain.statements import one_line
from kumihimo.rooms.portal.pages import drafts
from kumihimo.rooms.portal.pages.acting import Finish, to_sign
from kumihimo.rooms.portal.pages.delegated import acts_shown, shown
from kumihimo.rooms.portal.pages.looked import patiently
from kumihimo.rooms.portal.pages.site import ONESELF, Site
from kumihimo.rooms.portal.proving import Spent
from kumihimo.rooms.portal.proxies import Joining, Restoring
from kumihimo.rooms.portal.proxies_kept import Word
from kumihimo.statute.delegated import delegated_purposes

PROXIES: Final = "/proxies"
CODE_PAGE: Final = "/proxies/code"
JOIN: Final = "/proxies/join"
KIND: Final = "delegation"
CODE: Final = "proxy-code"  # in `kept`: the code to hand over; an address never holds one
JOINING: Final = "proxy-joining"
_SAID: Final[dict[Side, str]] = {
    "principal": "代理を頼む to let somebody act for me",
    "proxy": "代理を引き受ける to act for somebody",
}
_OPENS: Final[dict[Side, str]] = {"principal": "/proxies/give", "proxy": "/proxies/ask"}


def screens(site: Site) -> list[Any]:
    """Return the routes of delegations."""
    opening = [route for side in _OPENS for route in _opening(site, side)]
    return [_all(site), *opening, _code(site), *_entering(site), *_joining(site), *_changing(site)]


def finish(site: Site) -> Finish:
    """Return what does what a card signed of delegations."""

    async def finished(visit: Visit, spent: Spent) -> str:
        done, code = await proxies.do(site.portal, visit, spent)
        visit.kept.pop(JOINING, None)
        if code:
            visit.kept[CODE] = code
            return CODE_PAGE
        visit.done = (done, "")
        return PROXIES

    return finished


def _all(site: Site) -> Any:  # noqa: ANN401 - a route
    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        language = visit.language
        mine = await proxies.listed(site.portal, visit.who)
        acts = (
            acts_shown(await proxies_reading.acts(site.portal, visit, mine), language)
            if mine
            else []
        )
        told = await proxies_reading.words(site.portal, visit.who)
        labels = {one.part: shown(one, language) for one in mine}
        answer = site.front.page(
            visit,
            "proxies.html",
            problem=problem,
            given=[labels[one.part] for one in mine if one.side == "principal"],
            held=[labels[one.part] for one in mine if one.side == "proxy"],
            acts=acts,
            words=[(_word(word), new, labels.get(word.part)) for word, new in told],
        )
        answer.headers |= site.policy()
        return answer

    return site.front.page_route(
        PROXIES, patiently(site, show), admitted=ONESELF, says="her delegations"
    )


def _word(word: Word) -> tuple[str, str, str]:
    return word.at.astimezone(JST).strftime("%Y-%m-%d %H:%M"), word.kind, word.why


def _opening(site: Site, side: Side) -> list[Any]:
    front = site.front

    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        typed = drafts.shown(visit, _OPENS[side], typed)
        named = [(one, wording.purpose(one).say(visit.language)) for one in delegated_purposes()]
        answer = front.page(
            visit, "proxy_open.html", problem=problem, typed=typed, side=side, purposes=named
        )
        answer.headers |= site.policy()
        return answer

    async def ask(visit: Visit, form: Form) -> str:
        change = proxies.opening(
            side,
            text(form, "purpose"),
            text(form, "days"),
            text(form, "label"),
            today=site.portal.today(),
        )
        lines = _lines(side, change.purpose, change.until.isoformat(), change.label)
        return await to_sign(site, visit, change, lines, kind=KIND, draft=(_OPENS[side], form))

    path, says = _OPENS[side], f"open a delegation, as {side}"
    return [
        front.page_route(path, show, admitted=ONESELF, says=says),
        front.deed_route(path, ask, admitted=ONESELF, says=says, otherwise=show),
    ]


def _lines(side: Side, purpose: str, until: str, label: str) -> tuple[str, ...]:
    """Return what is signed: as which side, what for, until when, and what she calls the other."""
    words = wording.purpose(purpose)
    return one_line(
        [
            _SAID[side],
            f"相手 whom: {label}",
            f"できること what for: {words.japanese} {words.english}",
            f"期限 until: {until}",
        ]
    )


def _code(site: Site) -> Any:  # noqa: ANN401 - a route
    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        code = visit.kept.get(CODE, "")
        if not code:
            return away(PROXIES)
        return site.front.page(visit, "proxy_code.html", problem=problem, code=code)

    return site.front.page_route(CODE_PAGE, show, admitted=ONESELF, says="a code to hand over")


def _entering(site: Site) -> list[Any]:
    front = site.front

    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        return front.page(visit, "proxy_enter.html", problem=problem, typed=typed)

    async def enter(visit: Visit, form: Form) -> str:
        found = await proxies.waiting_under(site.portal, visit, text(form, "code"))
        drafts.drop(visit)
        visit.kept[JOINING] = found.delegation
        return JOIN

    says = "a code that was handed over"
    return [
        front.page_route("/proxies/enter", show, admitted=ONESELF, says=says),
        front.deed_route("/proxies/enter", enter, admitted=ONESELF, says=says, otherwise=show),
    ]


def _joining(site: Site) -> list[Any]:
    front = site.front

    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        try:
            found = await proxies.find(site.portal, visit, visit.kept.get(JOINING, ""))
        except CodeUnknown:
            return away("/proxies/enter")
        answer = front.page(
            visit,
            "proxy_join.html",
            problem=problem,
            typed=drafts.shown(visit, JOIN, typed),
            side=other(found.opener),
            purpose=wording.purpose(found.purpose).say(visit.language),
            until=found.until.isoformat(),
        )
        answer.headers |= site.policy()
        return answer

    async def join(visit: Visit, form: Form) -> str:
        found = await proxies.find(site.portal, visit, visit.kept.get(JOINING, ""))
        change = Joining(delegation=found.delegation, label=proxies.label_of(text(form, "label")))
        side = other(found.opener)
        lines = _lines(side, found.purpose, found.until.isoformat(), change.label)
        return await to_sign(site, visit, change, lines, kind=KIND, draft=(JOIN, form))

    says = "join a delegation"
    return [
        front.page_route(JOIN, show, admitted=ONESELF, says=says),
        front.deed_route(JOIN, join, admitted=ONESELF, says=says, otherwise=show),
    ]


def _changing(site: Site) -> list[Any]:
    front = site.front

    async def end(visit: Visit, form: Form) -> str:
        await proxies.end(site.portal, visit, text(form, "part"))
        visit.done = ("ended", "")
        return PROXIES

    async def restore(visit: Visit, form: Form) -> str:
        mine = await proxies.one_of(site.portal, visit, text(form, "part"))
        restored(mine.one, visit.who)  # nobody else's card is asked to sign for nothing
        lines = _lines(mine.side, mine.one.purpose, mine.one.until.isoformat(), mine.label)
        return await to_sign(site, visit, Restoring(part=mine.part), lines, kind=KIND)

    async def otherwise(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        return front.page(visit, "problem.html", problem=problem)

    return [
        front.deed_route(
            "/proxies/end", end, admitted=ONESELF, says="end a delegation", otherwise=otherwise
        ),
        front.deed_route(
            "/proxies/restore",
            restore,
            admitted=ONESELF,
            says="let a delegation go on",
            otherwise=otherwise,
        ),
    ]
