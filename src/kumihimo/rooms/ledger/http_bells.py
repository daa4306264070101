"""The ledger's routes of bells: translation only."""

from typing import Any, Final

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import OpenDoor, bearer_of, lawful
from kumihimo.kernel.routes import post
from kumihimo.rooms.ledger import api, bells
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.sessions import Person

Incoming = Request[Any, Any, Any]

LAW: Final = "Number Act suppl. art. 6(3)"
BODY_MAX: Final = 160 * 1024  # three lists of a thousand secrets


def hang_route(ledger: Ledger) -> HTTPRouteHandler:
    """Return the route by which a person has a bell hung."""

    @post(
        "/bells/hang",
        status_code=200,
        opt=lawful(authority=LAW, callers=("the person herself",)),
    )
    async def hang(request: Incoming, data: JSONBody[api.HangBell]) -> api.BellHung:  # noqa: ARG001
        """Let my portal hear that something new waits for me, and nothing of what it is."""
        return await bells.hang(ledger, bearer_of(request, Person))

    return hang


def hear_route(ledger: Ledger) -> HTTPRouteHandler:
    """Return the route that says which bells ring: a secret tells one bit, and opens nothing."""

    @post(
        api.HEAR_BELLS_PATH,
        status_code=200,
        middleware=[OpenDoor()],
        opt={
            **lawful(authority=LAW, callers=("whoever holds a bell",)),
            "unsigned": True,
            "body_max": BODY_MAX,
        },
    )
    async def hear(data: JSONBody[api.HearBells]) -> api.BellsHeard:
        """Hear which of these bells ring; one answer for one that is still and for none."""
        return await bells.hear(ledger, data)

    return hear
