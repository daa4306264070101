"""The supervisor's screens: how the desk gets on, who saw what, the lines of the pattern table."""

import json
from datetime import datetime
from typing import Any, Final, cast

from litestar import Response

from kumihimo.kernel.clock import JST
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.front import Act
from kumihimo.pages.visits import Visit
from kumihimo.rooms.review import overseeing, telling
from kumihimo.rooms.review.pages.console import SUPERVISOR, Console

_NEWEST: Final = 2**62
_DIGITS_MAX: Final = 18  # what a bigint holds


def screens(console: Console) -> list[Any]:
    """Return the supervisor's screens."""
    return [*_progress(console), _viewings(console), _patterns(console)]


def _progress(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        found = await overseeing.progress(console.desk)
        return console.front.page(
            visit,
            "progress.html",
            problem=problem,
            typed=typed,
            found=found,
            local=_local,
        )

    async def put_back(visit: Visit, form: Form) -> str:
        await overseeing.put_back(console.desk, visit.who, text(form, "item"))
        visit.done = ("put-back", "")
        return "/progress"

    async def tell_again(visit: Visit, form: Form) -> str:
        await telling.tell_again(console.desk, visit.who, _count(text(form, "effect")))
        visit.done = ("told-again", "")
        return "/progress"

    def deed(path: str, says: str, act: Act) -> Any:  # noqa: ANN401 - a route
        return console.front.deed_route(path, act, admitted=SUPERVISOR, says=says, otherwise=show)

    return [
        console.front.page_route(
            "/progress", show, admitted=SUPERVISOR, says="how the desk gets on"
        ),
        deed("/put-back", "put a record back whose office has answered", put_back),
        deed("/tell-again", "tell the gateway once more what it refused", tell_again),
    ]


def _local(at: datetime) -> str:
    return at.astimezone(JST).strftime("%Y-%m-%d %H:%M")


def _count(text: str) -> int:
    sound = text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX
    return int(text) if sound else 0


def _viewings(console: Console) -> Any:  # noqa: ANN401 - a route
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        before = _count(text(typed, "before")) or _NEWEST
        found = await overseeing.viewings(console.desk, before=before)
        return console.front.page(
            visit,
            "viewings.html",
            problem=problem,
            found=[
                (one, one.seen_at.astimezone(JST).strftime("%Y-%m-%d %H:%M:%S"), _named(one))
                for one in found
            ],
            before=found[-1].viewing if found else 0,
        )

    says = "who saw which values, the latest first"
    return console.front.page_route(
        "/viewings", show, admitted=SUPERVISOR, says=says, places=("before",)
    )


def _named(one: overseeing.Viewing) -> list[tuple[str, str]]:
    """Return side and attribute of what was seen."""
    parts = [name.partition(".") for name in one.attributes.split()]
    return [(side, attribute) for side, _, attribute in parts]


def _patterns(console: Console) -> Any:  # noqa: ANN401 - a route
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        found = await overseeing.patterns(console.desk)
        lines = [
            (line, count, cast("dict[str, str]", json.loads(line.levels)))
            for line, count in found.lines
        ]
        return console.front.page(
            visit, "patterns.html", problem=problem, typed=typed, run=found.run, lines=lines
        )

    says = "the pattern table with what people found"
    return console.front.page_route("/patterns", show, admitted=SUPERVISOR, says=says)
