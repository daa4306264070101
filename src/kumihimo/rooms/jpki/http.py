"""jpki's routes: translation only."""

from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import lawful, verified_of
from kumihimo.kernel.routes import get, post
from kumihimo.rooms.jpki import api, authorities, issuance, revocation
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.register import api as register

Asked = Request[Any, Any, Any]


def routes(jpki: Jpki) -> list[HTTPRouteHandler]:
    """Return jpki's route handlers."""

    @get(
        api.AUTHORITIES_PATH,
        opt={**lawful(authority="JPKI Act art. 3, 22", callers=("anyone",)), "unsigned": True},
    )
    async def own_certificates() -> api.Authorities:
        """Fetch the self-signed certificates of every generation of both authorities."""
        return await authorities.authorities(jpki)

    @post(
        api.ISSUE_PATH,
        status_code=200,
        opt=lawful(authority="JPKI Act art. 3, 22", callers=("cards",)),
    )
    async def issue(request: Asked, data: JSONBody[register.Sealed]) -> register.Sealed:
        """Order certificates: a sealed `IssueCertificates`; the answer is a sealed `Issued`."""
        sender = verified_of(request).sender
        issuance.require_cards(jpki, sender)
        batch = jpki.open(data, api.IssueCertificates, path=api.ISSUE_PATH)
        issued = await issuance.issue(jpki, sender, batch)
        return jpki.seal(issued, to=sender, path=api.ISSUE_PATH)

    @post(
        api.STATUS_EVENTS_PATH,
        status_code=200,
        opt=lawful(authority="JPKI Act art. 9, 10", callers=("cards",)),
    )
    async def status_events(request: Asked, data: JSONBody[api.StatusEvents]) -> api.StatusChanged:
        """Tell what happened to certificates: revoke, hold, or release what may be released."""
        return await revocation.take_status_events(jpki, verified_of(request).sender, data)

    @post(
        register.RESIDENTS_CHANGED_PATH,
        status_code=200,
        opt=lawful(authority="JPKI Act art. 12", callers=("register",)),
    )
    async def residents_changed(
        request: Asked, data: JSONBody[register.ResidentsChanged]
    ) -> register.EventsTaken:
        """Tell that residents' records changed: a move kills the sign certificate."""
        return await revocation.take_changes(jpki, verified_of(request).sender, data)

    return [own_certificates, issue, status_events, residents_changed]
