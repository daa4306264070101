"""The reviewer's screens: the queue, the record in her hands, her answer."""

import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast

import attrs
from litestar import Response

from kumihimo.kernel.clock import JST, legal_day
from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit.reasons import SENTENCES, Reason
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.front import Act, away
from kumihimo.pages.visits import Visit
from kumihimo.rooms.review import looking, overseeing
from kumihimo.rooms.review.api import Answer, Role
from kumihimo.rooms.review.domain.checks import MECHANISM as MISMATCH
from kumihimo.rooms.review.domain.differences import Compared, compare
from kumihimo.rooms.review.domain.waterfall import waterfall
from kumihimo.rooms.review.domain.worth import probability
from kumihimo.rooms.review.looking import Given, Shown, tail
from kumihimo.rooms.review.pages.console import EVERYBODY, REVIEWER, Console
from kumihimo.rooms.review.store_reports import Line, Queued

MECHANISMS: Final = ("household", "twin", "homonym", "random", "shift")


@attrs.frozen
class Attribute:
    """One attribute on the page: both sides and what differs.

    Not `told`: register says how far it agrees, and no value.
    """

    name: str
    compared: Compared
    level: str
    told: bool


def screens(console: Console) -> list[Any]:
    """Return the reviewer's screens."""
    return [*_home(console), _queue(console), *_item(console)]


def _home(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        if visit.role == Role.SUPERVISOR:
            return away("/progress")
        found = await overseeing.queue(console.desk)
        return console.front.page(
            visit,
            "home.html",
            problem=problem,
            typed=typed,
            found=found,
            mechanisms=_by_mechanism(found),
            can_take_back="last" in visit.kept,
        )

    async def act(visit: Visit, form: Form) -> str:
        mechanism = text(form, "mechanism")
        wanted = mechanism if mechanism in (*MECHANISMS, MISMATCH) else ""
        if await looking.take(console.desk, visit.who, mechanism=wanted):
            return "/item"
        visit.done = ("none", "")
        return "/"

    says = "the queue by mechanism"
    return [
        console.front.page_route("/", show, admitted=EVERYBODY, says=says),
        console.front.deed_route(
            "/take",
            act,
            admitted=REVIEWER,
            says="take the record that is worth most",
            otherwise=show,
        ),
    ]


def _by_mechanism(found: overseeing.QueuePage) -> Sequence[tuple[str, int, float]]:
    """Return what waits for a look: mechanism, items, minutes; the most first."""
    rows = [(one.mechanism, one.items, max(0.0, one.minutes)) for one in found.open]
    return sorted(rows, key=lambda row: -row[1])


def _queue(console: Console) -> Any:  # noqa: ANN401 - a route
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        worth, item = _place(text(typed, "after"))
        found = await overseeing.queue(console.desk, worth=worth, item=item)
        return console.front.page(
            visit,
            "queue.html",
            problem=problem,
            items=[(one, probability(one.odds)) for one in found.items],
            after=_after(found.items),
        )

    says = "a page of the queue, in which nothing of a person stands"
    return console.front.page_route(
        "/queue", show, admitted=EVERYBODY, says=says, places=("after",)
    )


def _place(text: str) -> tuple[float, str]:
    """Read a place in the queue; the head where there is none."""
    worth, _, item = text.partition(",")
    try:
        number = float(worth)
    except ValueError:
        return math.inf, ""
    return (number, item[:64]) if math.isfinite(number) and item.isascii() else (math.inf, "")


def _after(items: Sequence[Queued]) -> str:
    return f"{items[-1].worth!r},{items[-1].item}" if items else ""


def _item(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        return await _record(console, visit, problem, typed)

    async def answer(visit: Visit, form: Form) -> str:
        return await _answered(console, visit, form)

    async def numbers(visit: Visit, form: Form) -> str:
        visit.kept = {**visit.kept, "numbers": text(form, "item")}
        return "/item"

    async def leave(visit: Visit, _: Form) -> str:
        await looking.leave(console.desk, visit.who)
        return "/"

    async def take_back(visit: Visit, _: Form) -> str:
        last = visit.kept.pop("last", "")
        await looking.take_back(console.desk, visit.who, last)
        visit.done = ("taken-back", "")
        return "/item"

    def deed(path: str, says: str, act: Act) -> Any:  # noqa: ANN401 - a route
        return console.front.deed_route(path, act, admitted=REVIEWER, says=says, otherwise=show)

    return [
        console.front.page_route("/item", show, admitted=REVIEWER, says="the record in her hands"),
        deed("/item", "write her answer down", answer),
        deed("/numbers", "show whole numbers, which is written down", numbers),
        deed("/leave", "give the record back", leave),
        deed("/take-back", "take the last answer back", take_back),
    ]


async def _answered(console: Console, visit: Visit, form: Form) -> str:
    given = _given(form)
    await looking.answer(console.desk, visit.who, given)
    visit.kept = {"last": given.item}
    visit.done = ("answered", "")
    goes_on = text(form, "then") != "stop"
    return "/item" if goes_on and await looking.take(console.desk, visit.who) else "/"


async def _record(
    console: Console, visit: Visit, problem: Problem | None, typed: Form
) -> Response[Any]:
    numbers_of = visit.kept.get("numbers", "")
    shown = await looking.show(console.desk, visit.who, numbers_of=numbers_of)
    if shown is None:
        return console.front.page(visit, "no_item.html", problem=problem)
    line = await overseeing.line(console.desk, shown.audit_run, shown.pattern)
    weights = _weights(line)
    return console.front.page(
        visit,
        "item.html",
        problem=problem,
        typed=typed,
        shown=shown,
        attributes=_attributes(shown, line),
        number=_number(shown),
        proposed=_proposed(shown),
        ground=shown.proposal.reveal().ground if shown.proposal else "",
        fall=waterfall(weights, odds=shown.odds) if weights else None,
        reason=_reason(shown, line),
        probability=probability(shown.odds),
        mechanisms=MECHANISMS,
        until=shown.until.astimezone(JST).strftime("%H:%M"),
        day=_day,
        can_take_back="last" in visit.kept,
    )


def _day(at: datetime) -> str:
    return legal_day(at).isoformat()


def _given(form: Form) -> Given:
    """Return the answer that was sent. Raises `BadInput` where nothing was chosen."""
    try:
        answer = Answer(text(form, "answer"))
    except ValueError:
        raise BadInput("choose an answer", pointer="answer") from None
    mechanism, right = text(form, "mechanism"), text(form, "right")
    if answer is Answer.WRONG and mechanism not in (*MECHANISMS, "unknown"):
        raise BadInput("choose how it went wrong", pointer="mechanism")
    if answer is Answer.WRONG and right not in {"proposed", "typed", "unknown"}:
        raise BadInput("choose the right number, or that it is not known", pointer="right")
    if right == "typed" and answer is Answer.WRONG and not text(form, "number"):
        raise BadInput("type the number", pointer="number")
    return Given(
        item=text(form, "item"),
        answer=answer,
        mechanism=mechanism if mechanism in MECHANISMS else "",
        number=text(form, "number") if right == "typed" else "",
        proposed=right == "proposed",
    )


def _reason(shown: Shown, line: Line | None) -> tuple[str, str]:
    """Return why the record is here, as the audit says it: (Japanese, English)."""
    if shown.reason in set(Reason):
        sentence = SENTENCES[Reason(shown.reason)]
        return sentence.ja, sentence.en
    return (line.reason_ja, line.reason_en) if line else ("", "")


def _attributes(shown: Shown, line: Line | None) -> Sequence[Attribute]:
    both = shown.sides.reveal()
    levels = cast("dict[str, str]", json.loads(line.levels)) if line else {}
    told = bool(both.other)
    return [
        Attribute(name, compare(both.own.get(name, ""), value), levels.get(name, ""), told)
        for name, value in (both.other or dict.fromkeys(both.own, "")).items()
    ]


def _weights(line: Line | None) -> dict[str, float | None]:
    return cast("dict[str, float | None]", json.loads(line.weights)) if line else {}


def _number(shown: Shown) -> str:
    number = shown.sides.reveal().number
    return number if shown.numbers_shown else tail(number)


def _proposed(shown: Shown) -> str:
    if shown.proposal is None:
        return ""
    number = shown.proposal.reveal().number
    return number if shown.numbers_shown else tail(number)
