"""The console's screens: application, handing over, loss, PIN reset, and what was cut."""

from typing import Any, Final

from litestar import Litestar, Response

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, Refusal
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.counter import Visitor
from kumihimo.rooms.cards.domain.pins import PIN_KINDS, PinKind, Pins
from kumihimo.rooms.cards.domain.refusals import SecondOfficerNeeded
from kumihimo.rooms.cards.domain.tables import express_reasons, proxy_reasons
from kumihimo.rooms.cards.notes import unfinished
from kumihimo.rooms.cards.pages.console import (
    Console,
    Form,
    application,
    screen,
    text,
    texts,
)
from kumihimo.rooms.cards.pages.shifts import Shift
from kumihimo.rooms.cards.pages.telling import Problem
from kumihimo.rooms.register.api import Attributes

APPLYING: Final = "Number Act art. 16-2"
HANDING: Final = "Number Act art. 17"
PAPERS: Final = (
    "driving-licence", "my-number-card", "passport", "residence-card", "disability-handbook",
    "insurance-card", "pension-book", "student-card", "maternity-handbook", "certificate-of-birth",
)  # fmt: skip


def build(console: Console) -> Litestar:
    """Return the application with every screen."""
    routes = [
        *_person(console),
        *_photo(console),
        *_form(console),
        *_hand_over(console),
        *_lost(console),
        *_pins(console),
        *_unfinished(console),
    ]
    return application(console, routes)


def _attributes(form: Form) -> Attributes:
    return Attributes(
        name=text(form, "name"),
        birth=text(form, "birth"),
        sex=text(form, "sex"),
        address=text(form, "address"),
    )


def _person(console: Console) -> list[Any]:
    async def show(shift: Shift, problem: Problem | None, typed: Form) -> Response[str]:
        return console.page(shift, "apply_person.html", problem=problem, typed=typed)

    async def act(shift: Shift, form: Form) -> tuple[str, str]:
        asked = api.OpenApplication(
            application=new_id(console.entropy),
            number=text(form, "number"),
            attributes=_attributes(form),
        )
        opened = await console.centre.ask(api.OPEN_PATH, asked, api.OpenedApplication)
        shift.application = opened.application
        return "/apply/photo", opened.form

    says = "who applies"
    return screen(console, "/apply", show, act, name="apply", says=says, authority=APPLYING)


def _photo(console: Console) -> list[Any]:
    async def show(shift: Shift, problem: Problem | None, typed: Form) -> Response[str]:
        return console.page(shift, "apply_photo.html", problem=problem, typed=typed)

    async def act(shift: Shift, form: Form) -> tuple[str, str]:
        picture = form.get("photo", [b""])[0]
        if isinstance(picture, bytes) and picture:
            taken = api.TakePhoto(application=shift.application, photo=picture)
            await console.centre.ask(api.PHOTO_PATH, taken, api.PhotoTaken)
        elif not text(form, "infant"):
            raise BadInput("choose a photo", pointer="photo")
        return "/apply/form", ""

    says = "the photo, bound to the application"
    return screen(console, "/apply/photo", show, act, name="photo", says=says, authority=APPLYING)


def _form(console: Console) -> list[Any]:
    async def show(shift: Shift, problem: Problem | None, typed: Form) -> Response[str]:
        return console.page(
            shift,
            "apply_form.html",
            problem=problem,
            typed=typed,
            papers=PAPERS,
            express=express_reasons().values(),
            look_twice=problem is not None and problem.code == "look-twice",
        )

    async def act(shift: Shift, form: Form) -> tuple[str, str]:
        agent = None
        if text(form, "agent"):
            agent = api.AgentShown(
                kind="legal-representative", papers=("driving-licence", "family-register")
            )
        asked: dict[str, Any] = {
            "application": shift.application,
            "channel": "counter",
            "kind": text(form, "kind") or "standard",
            "replaces": text(form, "replaces"),
            "papers": texts(form, "papers"),
            "agent": agent,
            "looked_twice": bool(text(form, "looked_twice")),
        }
        applied = await console.centre.ask(api.SUBMIT_PATH, api.Submit(**asked), api.Application)
        shift.application = ""
        return "/", f"applied {applied.due_from} {applied.due_by} {applied.fee}"

    says = "the form"
    return screen(console, "/apply/form", show, act, name="form", says=says, authority=APPLYING)


async def _in_reader(console: Console) -> api.CardShown | None:
    try:
        return await console.counter().find()
    except Refusal:
        return None


def _typed(form: Form, wanted: tuple[PinKind, ...]) -> dict[PinKind, Withheld[str]]:
    """Return the PINs that the holder typed, each twice. Raises `BadPin`."""
    typed: dict[PinKind, str] = {kind: text(form, f"pin-{kind}") for kind in wanted}
    if text(form, "same"):
        for kind in ("register", "text"):
            if kind in typed:
                typed[kind] = typed.get("auth", typed[kind])
    return Pins.parse(typed, wanted=frozenset(wanted)).values


def _second(console: Console, shift: Shift, form: Form) -> str:
    """Return the second officer, who types a passcode of her own."""
    second = text(form, "second_officer")
    if not second or second == shift.officer:
        raise SecondOfficerNeeded
    console.officers.check(second, text(form, "second_passcode"))
    return second


def _hand_over(console: Console) -> list[Any]:
    async def show(shift: Shift, problem: Problem | None, typed: Form) -> Response[str]:
        card = await _in_reader(console)
        return console.page(
            shift,
            "hand_over.html",
            problem=problem,
            typed=typed,
            card=card,
            papers=PAPERS,
            reasons=proxy_reasons().values(),
        )

    async def act(shift: Shift, form: Form) -> tuple[str, str]:
        counter = console.counter()
        card = await counter.find()
        secrets = _typed(form, tuple(k for k in PIN_KINDS if k in card.pins))
        visitor = Visitor(
            officer=shift.officer,
            second_officer=_second(console, shift, form),
            form=text(form, "form"),
            holder_present=text(form, "present") != "no",
            papers=texts(form, "papers"),
            agent=_agent(form),
        )
        ended = await counter.act("activate", visitor, secrets=secrets)
        return "/", ended.state

    return screen(
        console,
        "/hand-over",
        show,
        act,
        name="hand-over",
        says="a card to its holder",
        authority=HANDING,
    )


def _agent(form: Form) -> api.AgentShown | None:
    kind = text(form, "agent")
    if not kind:
        return None
    papers = [*texts(form, "agent_papers")]
    reason = proxy_reasons().get(text(form, "reason"))
    if reason is not None and reason.paper and text(form, "reason_paper"):
        papers.append(reason.paper)
    return api.AgentShown(
        kind="legal-representative" if kind == "legal-representative" else "proxy",
        reason=text(form, "reason"),
        papers=tuple(papers),
    )


def _lost(console: Console) -> list[Any]:
    async def show(shift: Shift, problem: Problem | None, typed: Form) -> Response[str]:
        return console.page(shift, "lost.html", problem=problem, typed=typed)

    async def act(_: Shift, form: Form) -> tuple[str, str]:
        asked = api.HoldCard(
            attributes=_attributes(form),
            channel="counter",
            police_report=text(form, "police_report"),
        )
        held = await console.centre.ask(api.HOLD_PATH, asked, api.Held)
        return "/", "held" if held.new else "none-held"

    says = "stop a lost card"
    return screen(console, "/lost", show, act, name="lost", says=says, authority=HANDING)


def _pins(console: Console) -> list[Any]:
    async def show(shift: Shift, problem: Problem | None, typed: Form) -> Response[str]:
        card = await _in_reader(console)
        return console.page(
            shift, "pins.html", problem=problem, typed=typed, card=card, papers=PAPERS
        )

    async def act(shift: Shift, form: Form) -> tuple[str, str]:
        counter = console.counter()
        chosen = texts(form, "kinds")
        secrets = _typed(form, tuple(k for k in PIN_KINDS if k in chosen))
        visitor = Visitor(officer=shift.officer, papers=texts(form, "papers"))
        ended = await counter.act("pins", visitor, secrets=secrets)
        return "/", f"pins-{ended.state}"

    return screen(console, "/pins", show, act, name="pins", says="new PINs", authority=HANDING)


def _unfinished(console: Console) -> list[Any]:
    async def show(shift: Shift, problem: Problem | None, typed: Form) -> Response[str]:
        acts = unfinished(console.notes)
        return console.page(shift, "unfinished.html", problem=problem, typed=typed, acts=acts)

    async def act(_: Shift, form: Form) -> tuple[str, str]:
        counter = console.counter()
        ended = await counter.give_up(text(form, "session"))
        return "/unfinished", ended.phase

    return screen(
        console,
        "/unfinished",
        show,
        act,
        name="unfinished",
        says="acts that were cut",
        authority=HANDING,
    )
