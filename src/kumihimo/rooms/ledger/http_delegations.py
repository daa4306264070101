"""The ledger's routes of delegations: translation only."""

from typing import Any, Final

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import OpenDoor, bearer_of, lawful
from kumihimo.kernel.routes import get, post
from kumihimo.rooms.ledger import api, delegations
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.own import Asker
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.linkage.api import Received

Incoming = Request[Any, Any, Any]

LAW: Final = "Number Act suppl. art. 6(3)"
BODY_MAX: Final = 4 * 1024  # as many secrets as a proxy may show at once
GIVER: Final = lawful(authority=LAW, callers=("the person herself",))
PROXY: Final = lawful(authority=LAW, callers=("her proxy",))
HOLDER: Final = lawful(authority=LAW, callers=("whoever holds a delegation",))


def delegation_routes(asker: Asker) -> list[HTTPRouteHandler]:
    """Return the routes of a person and of her proxy; each comes with a session of her own."""

    @post("/delegations/give", status_code=200, opt={**GIVER, "body_max": BODY_MAX})
    async def give(request: Incoming, data: JSONBody[api.GiveDelegation]) -> api.DelegationGiven:
        """Let somebody else read one thing for me, until a day (委任)."""
        return await delegations.give(asker.ledger, bearer_of(request, Person), data)

    @post("/delegations/act", status_code=200, opt={**PROXY, "body_max": BODY_MAX})
    async def act_for(request: Incoming, data: JSONBody[api.ActFor]) -> api.DelegatedRead:
        """Read for somebody by her delegation (代理). She sees that I did, and when."""
        return await delegations.act(asker, bearer_of(request, Person), data)

    @post("/delegations/acts-for", status_code=200, opt={**PROXY, "body_max": BODY_MAX})
    async def acts_for(request: Incoming, data: JSONBody[api.ActsFor]) -> api.DelegatedActs:
        """Read what I read for others, by the delegations that I hold."""
        return await delegations.acts_for(asker.ledger, bearer_of(request, Person), data)

    @get("/delegations/acts", opt=GIVER)
    async def acts_on_me(request: Incoming) -> api.DelegatedActs:
        """Read what others read for me."""
        return await delegations.acts_on(asker.ledger, bearer_of(request, Person))

    return [give, act_for, acts_for, acts_on_me]


def end_route(ledger: Ledger) -> HTTPRouteHandler:
    """Return the route that ends a delegation: the secret lets in, and nobody can lose by it."""

    @post(
        api.END_DELEGATION_PATH,
        status_code=200,
        middleware=[OpenDoor()],
        opt={**HOLDER, "unsigned": True, "body_max": BODY_MAX},
    )
    async def end(data: JSONBody[api.EndDelegation]) -> Received:
        """End a delegation by its secret; one answer for one that is over and for none."""
        return await delegations.end(ledger, data)

    return end
