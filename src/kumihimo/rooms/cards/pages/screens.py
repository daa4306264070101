"""The console's screens put together, and the one of what was cut."""

from typing import Any

from litestar import Litestar, Response

from kumihimo.kernel.door import Reporter
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.visits import Visit
from kumihimo.rooms.cards.notes import unfinished
from kumihimo.rooms.cards.pages import acting, applying, handing, stopping
from kumihimo.rooms.cards.pages.console import SIGNED_IN, Console, application, screen


def build(console: Console, report: Reporter) -> Litestar:
    """Return the application with every screen."""
    routes = [
        _home(console),
        *applying.screens(console),
        *handing.screens(console),
        *acting.screens(console),
        *stopping.screens(console),
        *_unfinished(console),
    ]
    return application(console, routes, report)


def _home(console: Console) -> Any:  # noqa: ANN401 - a route
    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        return console.front.page(visit, "home.html", problem=problem)

    return console.front.page_route("/", show, admitted=SIGNED_IN, says="what can be done")


def _unfinished(console: Console) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        acts = unfinished(console.notes)
        return console.front.page(visit, "unfinished.html", problem=problem, typed=typed, acts=acts)

    async def act(_: Visit, form: Form) -> tuple[str, str]:
        with console.counter() as counter:
            ended = await counter.give_up(text(form, "session"))
        return "/unfinished", ended.phase

    return screen(
        console,
        "/unfinished",
        show,
        act,
        says="acts that were cut",
        authority=handing.HANDING,
    )
