"""Screens of acts on the holder's own card: PINs, new address, new certificates, release, leaving.

Each is done with her card in the reader and her, or who represents her, before the officer.
"""

from collections.abc import Callable
from typing import Any, Final

import attrs
from litestar import Response

from kumihimo.kernel.withheld import Withheld
from kumihimo.pages.forms import Form, Problem, text, texts
from kumihimo.pages.visits import Visit
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.counter import More, Secrets
from kumihimo.rooms.cards.domain.pins import PIN_KINDS
from kumihimo.rooms.cards.pages import fields
from kumihimo.rooms.cards.pages.console import Console, same_card, screen

HANDING: Final = "Number Act art. 17"


def _nothing(_: Form) -> Secrets | None:
    return None


def _pins(form: Form) -> Secrets:
    chosen = texts(form, "kinds")
    return fields.new_pins(form, tuple(k for k in PIN_KINDS if k in chosen))


def _no_more(_: Form) -> More:
    return More()


def _more(form: Form) -> More:
    return More(leaves_on=fields.day(form, "leaves_on"), text_pin=Withheld(text(form, "text_pin")))


@attrs.frozen(kw_only=True)
class Act:
    """One act: its address, its template, and what it takes out of the form."""

    path: str
    kind: api.SessionKind
    template: str
    says: str
    secrets: Callable[[Form], Secrets | None] = _nothing
    more: Callable[[Form], More] = _no_more


ACTS: Final = (
    Act(path="/pins", kind="pins", template="pins.html", says="new PINs", secrets=_pins),
    Act(
        path="/update",
        kind="update",
        template="update.html",
        says="bring the card up to date and use it on after a move (within 90 days)",
        more=_more,
    ),
    Act(
        path="/renew",
        kind="certificates",
        template="renew.html",
        says="new certificates in place of the old",
    ),
    Act(path="/found", kind="found", template="found.html", says="let a stopped card work again"),
    Act(
        path="/abroad",
        kind="abroad",
        template="abroad.html",
        says="use the card on after leaving Japan, asked for before",
        more=_more,
    ),
)


def screens(console: Console) -> list[Any]:
    """Return a screen for each act."""
    return [route for act in ACTS for route in _screen(console, act)]


def _screen(console: Console, one: Act) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        return console.front.page(
            visit,
            one.template,
            problem=problem,
            typed=typed,
            seen=await console.look(visit),
            papers=fields.PAPERS,
        )

    async def act(visit: Visit, form: Form) -> tuple[str, str]:
        secrets, more = one.secrets(form), one.more(form)
        with console.counter() as counter:
            await same_card(counter, form)
            await counter.act(one.kind, fields.visitor(visit, form), secrets=secrets, more=more)
        return "/", one.kind

    return screen(
        console,
        one.path,
        show,
        act,
        says=one.says,
        authority=HANDING,
    )
