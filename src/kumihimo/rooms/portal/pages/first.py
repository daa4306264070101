"""The first page: what waits, what changed, who looked."""

from typing import Any

from litestar import Response

from kumihimo.pages.forms import Form, Problem
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal.pages.site import ONESELF, Site


def screens(site: Site) -> list[Any]:
    """Return the first page."""

    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        return site.front.page(visit, "home.html", problem=problem)

    return [site.front.page_route("/", show, admitted=ONESELF, says="the first page")]
