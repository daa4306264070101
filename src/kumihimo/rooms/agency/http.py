"""The agency's routes."""

from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import lawful, verified_of
from kumihimo.kernel.routes import post
from kumihimo.rooms.agency import api, service
from kumihimo.rooms.agency.service import Agency
from kumihimo.rooms.oversight.api import Received

Asked = Request[Any, Any, Any]


def routes(agency: Agency) -> list[HTTPRouteHandler]:
    """Return the agency's route handlers."""

    @post(
        api.MISLINK_PATH,
        status_code=200,
        opt=lawful(authority="operations: reports that name nobody", callers=("institution",)),
    )
    async def take(request: Asked, data: JSONBody[api.MislinkReported]) -> Received:
        """Report mis-links of an affair: how many and how they went wrong, never whose."""
        return await service.take(agency, verified_of(request), data)

    @post(
        api.OF_MINISTRY_PATH,
        status_code=200,
        opt=lawful(
            authority="operations: reports that name nobody", callers=("institution: ministry",)
        ),
    )
    async def of_ministry(request: Asked, data: JSONBody[api.MislinksAsked]) -> api.MislinksTold:
        """Read the reports of the affairs that the ministry is in charge of."""
        return await service.of_ministry(agency, verified_of(request), data)

    return [take, of_ministry]
