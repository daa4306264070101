"""Oversight's routes of statistics: the core tells a month, and everybody reads it."""

from typing import Any, Final

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from kumihimo.kernel.door import lawful, verified_of
from kumihimo.kernel.routes import get, post
from kumihimo.rooms.oversight import published
from kumihimo.rooms.oversight.api import COUNTED_PATH, MONTH_PATH, STATISTICS_PATH, Received
from kumihimo.rooms.oversight.service import Oversight
from kumihimo.rooms.oversight.statistics_api import MonthCounted, Months

_LAW: Final = "Number Act art. 33"
_PUBLIC: Final = lawful(authority=_LAW, callers=("anyone",)) | {"unsigned": True}


def statistics_routes(oversight: Oversight) -> list[HTTPRouteHandler]:
    """Return the route handlers."""

    @post(COUNTED_PATH, status_code=200, opt=lawful(authority=_LAW, callers=("linkage",)))
    async def take_month(request: Request[Any, Any, Any], data: JSONBody[MonthCounted]) -> Received:
        """Take what the core counted of a month: institutions, words and tens."""
        return await published.take(oversight, verified_of(request), data)

    @get(STATISTICS_PATH, opt=_PUBLIC)
    async def months() -> Months:
        """Say of which months there are statistics."""
        return await published.months(oversight)

    @get(MONTH_PATH, opt=_PUBLIC)
    async def month(month: FromPath[str]) -> MonthCounted:
        """Read a month: how much each institution asked and was asked, and what became of it."""
        return await published.month(oversight, month)

    return [take_month, months, month]
