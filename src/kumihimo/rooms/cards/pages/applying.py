"""Screens of an application at the counter: the person, the photo, the form."""

from typing import Any, Final

import msgspec
from litestar import Response

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput
from kumihimo.pages.forms import Form, Problem, text, texts
from kumihimo.pages.front import away
from kumihimo.pages.visits import Visit
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.domain.pins import PIN_KINDS
from kumihimo.rooms.cards.domain.tables import express_reasons
from kumihimo.rooms.cards.pages import fields
from kumihimo.rooms.cards.pages.console import Console, screen

APPLYING: Final = "Number Act art. 16-2"


def screens(console: Console) -> list[Any]:
    """Return the three steps of an application."""
    return [*_person(console), *_photo(console), *_form(console)]


def _person(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        return console.front.page(visit, "apply_person.html", problem=problem, typed=typed)

    async def act(visit: Visit, form: Form) -> tuple[str, str]:
        asked = api.OpenApplication(
            application=new_id(console.entropy),
            number=text(form, "number"),
            attributes=fields.attributes(form),
        )
        opened = await console.centre.ask(api.OPEN_PATH, asked, api.OpenedApplication)
        visit.kept = {"application": opened.application, "form": opened.form}
        return "/apply/photo", ""

    says = "who applies"
    return screen(console, "/apply", show, act, says=says, authority=APPLYING)


def _photo(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        if "application" not in visit.kept:
            return away("/apply")
        return console.front.page(
            visit, "apply_photo.html", problem=problem, typed=typed, form=visit.kept["form"]
        )

    async def act(visit: Visit, form: Form) -> tuple[str, str]:
        picture = form.get("photo", [b""])[0]
        if isinstance(picture, bytes) and picture:
            taken = api.TakePhoto(application=visit.kept.get("application", ""), photo=picture)
            await console.centre.ask(api.PHOTO_PATH, taken, api.PhotoTaken)
        elif not text(form, "infant"):
            raise BadInput("choose a photo", pointer="photo")
        return "/apply/form", ""

    says = "the photo, bound to the application"
    return screen(console, "/apply/photo", show, act, says=says, authority=APPLYING)


def _form(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        if "application" not in visit.kept:
            return away("/apply")
        return console.front.page(
            visit,
            "apply_form.html",
            problem=problem,
            typed=typed,
            form=visit.kept["form"],
            papers=fields.PAPERS,
            express=express_reasons().values(),
            look_twice=problem is not None and problem.code == "look-twice",
        )

    async def act(visit: Visit, form: Form) -> tuple[str, str]:
        asked = _submitted(visit.kept.get("application", ""), form)
        applied = await console.centre.ask(api.SUBMIT_PATH, asked, api.Application)
        visit.kept = {}
        return "/", f"applied {applied.due_from} {applied.due_by} {applied.fee} {applied.form}"

    says = "the form"
    return screen(console, "/apply/form", show, act, says=says, authority=APPLYING)


def _submitted(application: str, form: Form) -> api.Submit:
    """Return what was filled in. Raises `BadInput` for a choice that the form does not offer."""
    asked: dict[str, Any] = {
        "application": application,
        "channel": "counter",
        "handover": text(form, "handover") or "counter",
        "kind": text(form, "kind") or "standard",
        "certificates": not text(form, "no_certificates"),
        "express": text(form, "express"),
        "event_on": fields.day(form, "event_on"),
        "replaces": text(form, "replaces"),
        "ward": bool(text(form, "ward")),
        "stay": text(form, "stay") or "japanese",
        "stay_until": fields.day(form, "stay_until"),
        "papers": texts(form, "papers"),
        "agent": fields.agent(form),
        "pins": {k: pin for k, pin in fields.typed_pins(form, PIN_KINDS).items() if pin},
        "looked_twice": bool(text(form, "looked_twice")),
    }
    try:
        return msgspec.convert(asked, api.Submit, from_attributes=True)
    except msgspec.ValidationError:
        raise BadInput("choose one of what the form offers") from None
