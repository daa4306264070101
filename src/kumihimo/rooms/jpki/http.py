"""jpki's routes: translation only."""

from litestar import get
from litestar.handlers import HTTPRouteHandler

from kumihimo.kernel.door import lawful
from kumihimo.rooms.jpki import api, authorities
from kumihimo.rooms.jpki.context import Jpki


def routes(jpki: Jpki) -> list[HTTPRouteHandler]:
    """Return jpki's route handlers."""

    @get(
        api.AUTHORITIES_PATH,
        opt={**lawful(authority="JPKI Act art. 3, 22", callers=("anyone",)), "unsigned": True},
    )
    async def own_certificates() -> api.Authorities:
        """Fetch the self-signed certificates of every generation of both authorities."""
        return await authorities.authorities(jpki)

    return [own_certificates]
