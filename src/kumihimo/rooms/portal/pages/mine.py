"""One's own data (自己情報): asked by kind, answered by each institution for itself, kept nowhere here."""

from typing import Any, Final

import attrs
from litestar import Response

from kumihimo.kernel.clock import JST
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import OwnAnswer, OwnAsked, OwnItem
from kumihimo.rooms.portal import reading, wording
from kumihimo.rooms.portal.pages.looked import patiently
from kumihimo.rooms.portal.pages.site import ONESELF, Site

MINE: Final = "/mine"
_GROUPED_FROM: Final = 10_000  # 3,210,000, but 2025
_FLAG: Final[dict[bool, wording.Words]] = {
    True: wording.Words("はい", "はい", "yes"),
    False: wording.Words("いいえ", "いいえ", "no"),
}


@attrs.frozen(kw_only=True)
class Shown:
    """One item in words."""

    item: str
    name: str
    value: str
    as_of: str
    registered_on: str


@attrs.frozen(kw_only=True)
class Answer:
    """What one institution answered, in words."""

    answer: str
    provider: str
    checking: bool
    items: tuple[Shown, ...]


@attrs.frozen(kw_only=True)
class Asked:
    """One question in words. `waiting` are the bodies that have not answered yet."""

    information: str
    name: str
    at: str
    institutions: int
    waiting: tuple[str, ...]
    answers: tuple[Answer, ...]


def screens(site: Site) -> list[Any]:
    """Return the routes of one's own data."""
    front = site.front

    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        found = await reading.own(site.portal, visit)
        language = visit.language
        return front.page(
            visit,
            "mine.html",
            problem=problem,
            typed=typed,
            kinds=[(one, wording.information(one).say(language)) for one in wording.kinds()],
            asked=asked_shown(found.asked, language),
        )

    async def ask(visit: Visit, form: Form) -> str:
        await reading.ask_own(site.portal, visit, text(form, "information"))
        return MINE

    shown = patiently(site, show)
    return [
        front.page_route(MINE, shown, admitted=ONESELF, says="my own data"),
        front.deed_route(MINE, ask, admitted=ONESELF, says="ask for my data", otherwise=shown),
    ]


def asked_shown(found: tuple[OwnAsked, ...], language: Language) -> list[Asked]:
    """Return of each kind the latest question, in words."""
    return [_asked(one, language) for one in _latest(found)]


def _latest(asked: tuple[OwnAsked, ...]) -> list[OwnAsked]:
    """Return of each kind the latest question; a question to very many stands in parts."""
    at: dict[str, Any] = {}
    for one in asked:
        at.setdefault(one.information, one.asked_at)
    return [one for one in asked if at[one.information] == one.asked_at]


def _asked(one: OwnAsked, language: Language) -> Asked:
    return Asked(
        information=one.information,
        name=wording.information(one.information).say(language),
        at=one.asked_at.astimezone(JST).strftime("%H:%M"),
        institutions=one.institutions,
        waiting=tuple(wording.body(name).say(language) for name in one.waiting),
        answers=tuple(_answer(answer, language) for answer in one.answers),
    )


def _answer(one: OwnAnswer, language: Language) -> Answer:
    return Answer(
        answer=one.answer,
        provider=wording.body(one.provider).say(language),
        checking=one.state == "checking",
        items=tuple(_item(item, language) for item in one.items),
    )


def _item(one: OwnItem, language: Language) -> Shown:
    return Shown(
        item=one.item,
        name=wording.bare_item(one.item).say(language),
        value=_value(one.value, language),
        as_of=one.as_of,
        registered_on=one.registered_on,
    )


def _value(value: object, language: Language) -> str:
    match value:
        case bool():
            return _FLAG[value].say(language)
        case int() if value >= _GROUPED_FROM:
            return f"{value:,}"
        case list():
            return "、".join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
        case _:
            return str(value)
