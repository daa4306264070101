"""The doors for what persons say: from the ledger (signed), to the business systems (`/v1/claims`)."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import bearer_of, lawful, verified_of
from kumihimo.kernel.routes import get, post
from kumihimo.rooms.gateway import business_claims as form
from kumihimo.rooms.gateway import claims
from kumihimo.rooms.gateway.clients import BusinessClient
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.linkage.api import Received
from kumihimo.rooms.oversight import api

Incoming = Request[Any, Any, Any]

CALLERS: Final = ("business system of the institution",)
LAW: Final = "Number Act art. 31, suppl. art. 6(3)"


def ledger_routes(gateway: Gateway, tenants: Mapping[str, Tenant]) -> list[HTTPRouteHandler]:
    """Return the doors for the ledger; the signed door has checked the recipient."""

    @post(api.CLAIMS_PATH, status_code=200, opt=lawful(authority=LAW, callers=("ledger",)))
    async def take_claim(request: Incoming, data: JSONBody[api.Claim]) -> Received:
        """Take what a person says of an exchange."""
        tenant = tenants[request.scope["state"]["recipient"]]
        return await claims.take(gateway, tenant, verified_of(request), data)

    @post(api.CLAIM_STATES_PATH, status_code=200, opt=lawful(authority=LAW, callers=("ledger",)))
    async def claim_states(request: Incoming, data: JSONBody[api.AskClaims]) -> api.ClaimStates:
        """Tell how claims stand, and their answers."""
        tenant = tenants[request.scope["state"]["recipient"]]
        return await claims.states(gateway, tenant, verified_of(request), data)

    return [take_claim, claim_states]


def claim_routes(gateway: Gateway) -> list[HTTPRouteHandler]:
    """Return the doors for the business systems."""

    @get("/claims", opt=lawful(authority=LAW, callers=CALLERS), tags=["claims"])
    async def waiting_claims(request: Incoming) -> form.ClaimsShown:
        """List what persons say of exchanges and wait to be answered, the one due first first."""
        caller = bearer_of(request, BusinessClient)
        found = await claims.waiting(gateway, caller.tenant, affairs=caller.affairs)
        return form.ClaimsShown(tuple(found))

    @post(
        "/claims/answer",
        status_code=204,
        opt=lawful(authority=LAW, callers=CALLERS),
        tags=["claims"],
    )
    async def answer_claim(request: Incoming, data: JSONBody[form.ClaimAnswered]) -> None:
        """Answer one; she reads it at the portal."""
        caller = bearer_of(request, BusinessClient)
        await claims.answer(gateway, caller.tenant, data, affairs=caller.affairs)

    return [waiting_claims, answer_claim]
