"""Oversight's routes. The directory is open to all: it vouches for itself by its signature."""

from typing import Any, Final

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import lawful, verified_of
from kumihimo.kernel.routes import get, post
from kumihimo.kernel.tlog.leaf import Places, Submitted
from kumihimo.rooms.oversight import api, claims, leaks, service, witness
from kumihimo.rooms.oversight.http_statistics import statistics_routes
from kumihimo.rooms.oversight.service import Oversight

Asked = Request[Any, Any, Any]
# Of exchanges the ledger and the core; of its own journal everybody.
REPORTERS: Final = (
    "ledger",
    "linkage",
    "register",
    "jpki",
    "cards",
    "agency",
    "institution",
    "portal",
    "desk",
)


def routes(oversight: Oversight) -> list[HTTPRouteHandler]:
    """Return oversight's route handlers."""

    @get(
        api.DIRECTORY_PATH,
        opt={
            **lawful(authority="Number Act art. 33", callers=("anyone",)),
            "unsigned": True,
        },
    )
    async def directory() -> api.SignedDirectory:
        """Fetch the latest signed directory of parties."""
        return await service.directory(oversight)

    @get(
        api.HEAD_PATH,
        opt={
            **lawful(authority="Number Act art. 33", callers=("anyone",)),
            "unsigned": True,
        },
    )
    async def head() -> api.SignedHead:
        """Say which directory is the latest at this instant, signed."""
        return await service.head(oversight)

    @post(
        api.ENROL_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 33", callers=("oversight-operator",)),
    )
    async def enrol(request: Asked, data: JSONBody[api.Enrol]) -> api.SignedDirectory:
        """Enrol a party, or change its keys, standing or PIA date."""
        return await service.enrol(oversight, verified_of(request), data)

    @post(
        api.ALARM_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 35", callers=REPORTERS),
    )
    async def take_alarm(request: Asked, data: JSONBody[api.Alarm]) -> api.Received:
        """Report an alarm: which exchange and which bodies, never who."""
        return await service.take_alarm(oversight, verified_of(request), data)

    @post(
        api.LEAK_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 29-4", callers=("institution",)),
    )
    async def take_leak(request: Asked, data: JSONBody[api.LeakReported]) -> api.Received:
        """Report a leak of specific personal information: facts and words that name nobody."""
        return await leaks.take_leak(oversight, verified_of(request), data)

    doors = [*_log(oversight), *_claims(oversight), *statistics_routes(oversight)]
    return [directory, head, enrol, take_alarm, take_leak, *doors]


def _log(oversight: Oversight) -> list[HTTPRouteHandler]:
    return [_cosign(oversight), _seen(oversight), _leaves(oversight)]


def _cosign(oversight: Oversight) -> HTTPRouteHandler:
    @post(
        api.WITNESS_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 33", callers=("ledger",)),
    )
    async def cosign(request: Asked, data: JSONBody[api.CheckpointShown]) -> api.Witnessed:
        """Show a checkpoint of the log, and have it cosigned if it continues what was seen."""
        return await witness.witness(oversight, verified_of(request), data)

    return cosign


def _seen(oversight: Oversight) -> HTTPRouteHandler:
    @post(
        api.SEEN_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 33", callers=("ledger",)),
    )
    async def seen(request: Asked, data: JSONBody[api.Nothing]) -> api.CheckpointSeen:
        """Tell the ledger how far oversight saw its log: a ledger that was restored asks."""
        return await witness.seen(oversight, verified_of(request), data)

    return seen


def _leaves(oversight: Oversight) -> HTTPRouteHandler:
    @post(
        api.WAITING_LEAVES_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 33", callers=("ledger",)),
    )
    async def waiting_leaves(request: Asked, data: JSONBody[Places]) -> Submitted:
        """Tell where leaves stand that were fetched here, and fetch those that wait."""
        return await service.waiting_leaves(oversight, verified_of(request), data)

    return waiting_leaves


def _claims(oversight: Oversight) -> list[HTTPRouteHandler]:
    law = lawful(authority="Number Act art. 33, 38", callers=("ledger",))

    @post(api.CLAIMS_PATH, status_code=200, opt=law)
    async def take_objection(request: Asked, data: JSONBody[api.Claim]) -> api.Received:
        """Take what a person objects to: an exchange by its permit, never who she is."""
        return await claims.take(oversight, verified_of(request), data)

    @post(api.CLAIM_STATES_PATH, status_code=200, opt=law)
    async def objection_states(request: Asked, data: JSONBody[api.AskClaims]) -> api.ClaimStates:
        """Tell how objections stand, and their answers."""
        return await claims.states(oversight, verified_of(request), data)

    return [take_objection, objection_states]
