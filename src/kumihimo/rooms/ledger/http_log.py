"""The log's routes: translation only. Reading it is open to all: it vouches for itself."""

from typing import Any, Final

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from kumihimo.kernel.door import lawful, verified_of
from kumihimo.kernel.routes import get, post
from kumihimo.kernel.tlog.leaf import Logged, Submitted
from kumihimo.kernel.tlog.mine import AskMine, Mine
from kumihimo.rooms.ledger import mine, publishing, witnessed
from kumihimo.rooms.ledger.api import (
    CHECKPOINT_PATH,
    COSIGNED_PATH,
    LEAVES_PATH,
    MINE_PATH,
    TILE_PATH,
)
from kumihimo.rooms.ledger.context import Ledger

SUBMITTERS: Final = (
    "linkage",
    "register",
    "oversight",
    "jpki",
    "cards",
    "agency",
    "institution",
    "portal",
    "desk",
)
_LAW: Final = "Number Act art. 23(3), 33"
_FOR_GOOD: Final = {"cache-control": "public, max-age=31536000, immutable"}
_FOR_NOW: Final = {"cache-control": "no-cache"}
_OPEN: Final = {**lawful(authority="Number Act art. 33", callers=("anyone",)), "unsigned": True}


def log_routes(ledger: Ledger) -> list[HTTPRouteHandler]:
    """Return the route handlers of the log."""
    return [_take_leaves(ledger), _tell_mine(ledger), *_reading(ledger)]


def _take_leaves(ledger: Ledger) -> HTTPRouteHandler:
    @post(
        LEAVES_PATH,
        status_code=200,
        opt=lawful(authority=_LAW, callers=SUBMITTERS),
    )
    async def take_leaves(request: Request[Any, Any, Any], data: JSONBody[Submitted]) -> Logged:
        """Put leaves into the log; the answer comes once they are there for good."""
        return await publishing.take_leaves(ledger, verified_of(request), data)

    return take_leaves


def _tell_mine(ledger: Ledger) -> HTTPRouteHandler:
    @post(MINE_PATH, status_code=200, opt=lawful(authority=_LAW, callers=SUBMITTERS))
    async def tell_mine(request: Request[Any, Any, Any], data: JSONBody[AskMine]) -> Mine:
        """Tell a room which of its own leaves are in the log, and since when."""
        return await mine.mine(ledger, verified_of(request), data)

    return tell_mine


def _reading(ledger: Ledger) -> list[HTTPRouteHandler]:
    @get(CHECKPOINT_PATH, opt=_OPEN, media_type="text/plain")
    async def checkpoint() -> Response[bytes]:
        """Read the log's newest checkpoint (c2sp.org/tlog-checkpoint)."""
        note = await publishing.checkpoint(ledger)
        return Response(note, media_type="text/plain", headers=_FOR_NOW)

    @get(COSIGNED_PATH, opt=_OPEN, media_type="text/plain")
    async def cosigned() -> Response[bytes]:
        """Read the newest checkpoint that oversight has cosigned (c2sp.org/tlog-cosignature)."""
        note = await witnessed.cosigned(ledger)
        return Response(note, media_type="text/plain", headers=_FOR_NOW)

    @get(TILE_PATH, opt=_OPEN, media_type="application/octet-stream")
    async def tile(tile: FromPath[str]) -> Response[bytes]:
        """Read hashes or entries of the log (c2sp.org/tlog-tiles)."""
        found = await publishing.tile(ledger, tile.removeprefix("/"))
        return Response(found, media_type="application/octet-stream", headers=_FOR_GOOD)

    return [checkpoint, cosigned, tile]
