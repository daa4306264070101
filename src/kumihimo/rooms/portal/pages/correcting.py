"""Calling an item of one's own data wrong: said to the institution that holds it, by the card."""

from typing import Any, Final

import msgspec
from litestar import Response

from kumihimo.kernel.refusal import NotFound
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.front import away
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal import proving, questions, reading, wording
from kumihimo.rooms.portal.pages import drafts
from kumihimo.rooms.portal.pages.acting import nothing_but_why, to_ask
from kumihimo.rooms.portal.pages.looked import patiently
from kumihimo.rooms.portal.pages.mine import MINE
from kumihimo.rooms.portal.pages.site import ONESELF, Site
from kumihimo.rooms.portal.questions import Asked

WRONG: Final = "/wrong"
CALLED_WRONG: Final = "called-wrong"  # in `kept`: the item, without its value


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    answer: str
    provider: str
    item: str


def screens(site: Site) -> list[Any]:
    """Return the routes of calling an item wrong."""
    front = site.front

    async def choose(visit: Visit, form: Form) -> str:
        answer, _, item = text(form, "item").partition(" ")
        found = await reading.own(site.portal, visit)
        answers = [one for asked in found.asked for one in asked.answers if one.answer == answer]
        if not answers or item not in {one.item for one in answers[0].items}:
            raise NotFound
        chosen = _Item(answer=answer, provider=answers[0].provider, item=item)
        drafts.drop(visit)
        visit.kept[CALLED_WRONG] = msgspec.json.encode(chosen).decode()
        return WRONG

    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        item = _item(visit)
        if item is None:
            return away(MINE)
        said = _said(item, visit.language)
        typed = drafts.shown(visit, WRONG, typed)
        answer = front.page(visit, "wrong.html", problem=problem, typed=typed, said=said)
        answer.headers |= site.policy()
        return answer

    async def say(visit: Visit, form: Form) -> str:
        item = _item(visit)
        if item is None:
            raise proving.ProofOver
        asked = Asked(
            kind="wrong",
            addressee=item.provider,
            record=item.answer,
            entry=_said(item, "ja"),
            text=questions.check(text(form, "text")),
            item=item.item,
        )
        return await to_ask(site, visit, asked, draft=(WRONG, form))

    shown = patiently(site, show)
    says = "this is wrong"
    return [
        front.deed_route(
            "/mine/wrong", choose, admitted=ONESELF, says=says, otherwise=nothing_but_why(site)
        ),
        front.page_route(WRONG, shown, admitted=ONESELF, says=says),
        front.deed_route(WRONG, say, admitted=ONESELF, says=says, otherwise=shown),
    ]


def _item(visit: Visit) -> _Item | None:
    kept = visit.kept.get(CALLED_WRONG)
    return None if kept is None else msgspec.json.decode(kept, type=_Item)


def _said(item: _Item, language: Language) -> str:
    provider = wording.body(item.provider).say(language)
    return f"{provider} {wording.item(item.item).say(language)}"
