"""The ledger's routes: translation only."""

from typing import Any

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import lawful, verified_of
from kumihimo.rooms.ledger import service
from kumihimo.rooms.ledger.service import Ledger
from kumihimo.rooms.linkage import api


def routes(ledger: Ledger) -> list[HTTPRouteHandler]:
    """Return the ledger's route handlers."""

    @post(
        api.RECORDS_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 23(3)", callers=("linkage",)),
    )
    async def take(
        request: Request[Any, Any, Any], data: JSONBody[api.RecordsDelivered]
    ) -> api.Received:
        """Take records and ends from the core."""
        return await service.take(ledger, verified_of(request), data)

    return [take]
