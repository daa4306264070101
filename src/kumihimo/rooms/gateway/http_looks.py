"""The business systems' door for looks of staff (`/v1/looks`): translation only."""

from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import bearer_of, lawful
from kumihimo.kernel.routes import post
from kumihimo.rooms.gateway import business_looks as form
from kumihimo.rooms.gateway import looks
from kumihimo.rooms.gateway.clients import BusinessClient
from kumihimo.rooms.gateway.context import Gateway


def look_route(gateway: Gateway) -> HTTPRouteHandler:
    """Return the door."""

    @post(
        "/looks",
        status_code=200,
        opt=lawful(
            authority="Number Act art. 9(1), 12", callers=("business system of the institution",)
        ),
        tags=["looks"],
    )
    async def tell_looks(
        request: Request[Any, Any, Any], data: JSONBody[form.LooksTold]
    ) -> form.LooksRecorded:
        """Tell that staff look at what a business system itself holds, before it is shown."""
        caller = bearer_of(request, BusinessClient)
        return form.LooksRecorded(await looks.record(gateway, caller, data.looks))

    return tell_looks
