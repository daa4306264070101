"""Screens that stop a card or end it: loss, return, misdelivery."""

from typing import Any, Final

import msgspec
from litestar import Response

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.visits import Visit
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.pages import fields
from kumihimo.rooms.cards.pages.console import Console, same_card, screen
from kumihimo.rooms.cards.pages.handing import HANDING, named_or_in_reader

STEPS: Final = ("open", "take-back", "close")


def screens(console: Console) -> list[Any]:
    """Return the screens of loss, return and misdelivery."""
    return [*_lost(console), *_return(console), *_misdelivery(console)]


def _lost(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        return console.front.page(visit, "lost.html", problem=problem, typed=typed)

    async def act(_: Visit, form: Form) -> tuple[str, str]:
        asked = api.HoldCard(
            attributes=fields.attributes(form),
            channel="counter",
            police_report=text(form, "police_report"),
        )
        held = await console.centre.ask(api.HOLD_PATH, asked, api.Held)
        return "/", "held" if held.new else "none-held"

    says = "stop a lost card"
    return screen(console, "/lost", show, act, says=says, authority=HANDING)


def _return(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        seen = await console.look(visit)
        return console.front.page(visit, "return.html", problem=problem, typed=typed, seen=seen)

    async def act(visit: Visit, form: Form) -> tuple[str, str]:
        if not text(form, "wanted"):
            raise BadInput("the holder gives the card back", pointer="wanted")
        with console.counter() as counter:
            card = await same_card(counter, form)
            asked = api.EndCard(card=card.card, because="return", officer=visit.who)
            await console.centre.ask(api.END_PATH, asked, api.CardAfter)
        return "/", "returned"

    says = "take a card back for good"
    return screen(console, "/return", show, act, says=says, authority=HANDING)


def _misdelivery(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        seen = await console.look(visit)
        return console.front.page(
            visit, "misdelivery.html", problem=problem, typed=typed, seen=seen
        )

    async def act(visit: Visit, form: Form) -> tuple[str, str]:
        step = text(form, "step")
        if step not in STEPS:
            raise BadInput("choose a step", pointer="step")
        if step == "take-back":  # it is back when it lies here, and not when somebody says so
            with console.counter() as counter:
                card = await same_card(counter, form)
        else:
            card = await named_or_in_reader(console, form)
        told = {
            "incident": card.incident.incident if card.incident else new_id(console.entropy),
            "card": card.card,
            "kind": card.incident.kind if card.incident else text(form, "kind"),
            "step": step,
            "officer": visit.who,
            "second_officer": await fields.second_officer(console, visit, form),
        }
        try:
            asked = msgspec.convert(told, api.ReportMisdelivery)
        except msgspec.ValidationError:
            raise BadInput("choose what went wrong", pointer="kind") from None
        incident = await console.centre.ask(api.MISDELIVERY_PATH, asked, api.Incident)
        return "/misdelivery", f"incident {incident.state}"

    return screen(
        console,
        "/misdelivery",
        show,
        act,
        says="a card that a wrong person has",
        authority=HANDING,
    )
