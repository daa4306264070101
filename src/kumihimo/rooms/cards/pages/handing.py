"""Screens of a card's way to its holder: what arrives and is posted, and handing over."""

from typing import Any, Final

import msgspec
from litestar import Response

from kumihimo.kernel.refusal import BadInput
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.visits import Visit
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.domain.pins import PIN_KINDS
from kumihimo.rooms.cards.domain.tables import proxy_reasons
from kumihimo.rooms.cards.pages import fields
from kumihimo.rooms.cards.pages.console import Console, same_card, screen

HANDING: Final = "Number Act art. 17"


def screens(console: Console) -> list[Any]:
    """Return the screens of a card that is not in its holder's hand yet."""
    return [*_way(console), *_hand_over(console)]


async def named_or_in_reader(console: Console, form: Form) -> api.CardShown:
    """Return the card of an application id that was typed, or else the one in the reader.

    Raises what the centre refuses, and `NoCard` when there is neither.
    """
    if text(form, "form"):
        asked = api.FindCard(form=text(form, "form"))
        return await console.centre.ask(api.FIND_PATH, asked, api.CardShown)
    with console.counter() as counter:
        return await same_card(counter, form)


def _way(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        seen = await console.look(visit)
        return console.front.page(visit, "way.html", problem=problem, typed=typed, seen=seen)

    async def act(visit: Visit, form: Form) -> tuple[str, str]:
        card = await named_or_in_reader(console, form)
        step = {"card": card.card, "event": text(form, "step"), "officer": visit.who}
        try:
            asked = msgspec.convert(step, api.HandleCard)
        except msgspec.ValidationError:
            raise BadInput("choose what happened to the card", pointer="step") from None
        after = await console.centre.ask(api.HANDLE_PATH, asked, api.CardAfter)
        return "/way", f"way {after.state}"

    says = "where a card is on its way to its holder"
    return screen(console, "/way", show, act, says=says, authority=HANDING)


def _hand_over(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        return console.front.page(
            visit,
            "hand_over.html",
            problem=problem,
            typed=typed,
            seen=await console.look(visit),
            papers=fields.PAPERS,
            reasons=proxy_reasons().values(),
        )

    async def act(visit: Visit, form: Form) -> tuple[str, str]:
        with console.counter() as counter:
            card = await same_card(counter, form)
            secrets = fields.new_pins(form, tuple(k for k in PIN_KINDS if k in card.pins))
            second = await fields.second_officer(console, visit, form)
            visitor = fields.visitor(visit, form, second=second)
            await counter.act("activate", visitor, secrets=secrets)
        return "/", "activate"

    return screen(
        console,
        "/hand-over",
        show,
        act,
        says="a card to its holder",
        authority=HANDING,
    )
