"""Help and feedback, at one place of every page and open to everybody."""

from typing import Any, Final

from litestar import Response

from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.front import ANYONE
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal import feedback
from kumihimo.rooms.portal.pages.site import Site

HELP: Final = "/help"
FEEDBACK: Final = "/feedback"


def screens(site: Site, shown: frozenset[str]) -> list[Any]:
    """Return the pages of help and of feedback; `shown` are the addresses of all other pages."""
    return [_help(site), *_feedback(site, shown | {HELP})]


def _help(site: Site) -> Any:  # noqa: ANN401 - a route
    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        return site.front.page(visit, "help.html", problem=problem)

    return site.front.page_route(HELP, show, admitted=ANYONE, says="help")


def _feedback(site: Site, shown: frozenset[str]) -> list[Any]:
    front = site.front

    def page_of(form: Form) -> str:
        """Return the page that is spoken of: one of ours, or the first."""
        named = text(form, "page")
        return named if named in shown else "/"

    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        if text(typed, "sent"):
            visit.done = ("sent", "")
        page = page_of(typed)
        return front.page(visit, "feedback.html", problem=problem, typed=typed, page=page)

    async def send(visit: Visit, form: Form) -> str:
        page = page_of(form)
        await feedback.say(
            site.portal,
            page=page,
            found=text(form, "found"),
            text=text(form, "text"),
            language=visit.language,
            source=visit.source,
        )
        return f"{FEEDBACK}?page={page}&sent=yes"

    says = "feedback on a page"
    return [
        front.page_route(FEEDBACK, show, admitted=ANYONE, says=says, places=("page", "sent")),
        front.deed_route(FEEDBACK, send, admitted=ANYONE, says=says, otherwise=show),
    ]
