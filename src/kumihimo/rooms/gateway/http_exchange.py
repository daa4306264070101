"""The gateway's doors for other gateways (permit sheets in, sealed answers out) and the data tracker's."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Router
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import lawful, verified_of
from kumihimo.kernel.routes import post
from kumihimo.kernel.tracker import UsesReader, tracker_routes
from kumihimo.rooms.gateway import api, providing, tracker, withdrawing
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.linkage.api import Received

Incoming = Request[Any, Any, Any]


def routes(gateway: Gateway, tenants: Mapping[str, Tenant]) -> list[HTTPRouteHandler]:
    """Return the handlers; the signed door has checked that the recipient is one of `tenants`."""

    @post(
        api.PROVISIONS_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 22(1)", callers=("institution", "ledger")),
    )
    async def provide(request: Incoming, data: JSONBody[api.Provide]) -> api.Provisions:
        """Answer the permits of one sheet."""
        tenant = tenants[request.scope["state"]["recipient"]]
        return await providing.provide(gateway, tenant, verified_of(request), data)

    @post(
        api.RESULTS_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 22(1)", callers=("institution", "ledger")),
    )
    async def results(request: Incoming, data: JSONBody[api.Ask]) -> api.Provisions:
        """Tell what became of permits that waited for a person's decision."""
        tenant = tenants[request.scope["state"]["recipient"]]
        return await providing.results(gateway, tenant, verified_of(request), data)

    @post(
        api.WITHDRAWN_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 12, 29-4", callers=("institution",)),
    )
    async def withdraw_provisions(
        request: Incoming, data: JSONBody[api.WithdrawnProvisions]
    ) -> Received:
        """Take notice that what was received under these permits was of another person."""
        tenant = tenants[request.scope["state"]["recipient"]]
        return await withdrawing.take(gateway, tenant, verified_of(request), data)

    return [provide, results, withdraw_provisions]


def tracker_doors(gateway: Gateway, tenants: Mapping[str, Tenant]) -> Router:
    """Return the data tracker's doors for persons whom an institution let in."""

    async def authenticate(authorization: str) -> UsesReader:
        return await tracker.authenticate(gateway, tenants, authorization)

    return tracker_routes(
        authenticate,
        authority="Number Act art. 23(3), suppl. art. 6(3)",
        callers=("the person herself",),
    )
