"""The core's routes: translation only. Every one stands behind the signed door."""

from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import lawful, verified_of
from kumihimo.kernel.leaves import Submitter
from kumihimo.kernel.routes import post
from kumihimo.rooms.linkage import (
    api,
    ends,
    inquiries,
    inside_api,
    notice_api,
    notices,
    own_api,
    own_exchanges,
    service,
)
from kumihimo.rooms.linkage.service import Core

Asked = Request[Any, Any, Any]


def routes(core: Core, log: Submitter) -> list[HTTPRouteHandler]:
    """Return the core's route handlers."""
    return [
        *_acquisition(core),
        *_exchange(core, log),
        _own(core),
        _notices(core),
        *_rotation(core),
    ]


def _acquisition(core: Core) -> list[HTTPRouteHandler]:
    @post(
        api.BLINDED_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 21-2(2)", callers=("register",)),
    )
    async def take_blinded(request: Asked, data: JSONBody[api.BlindedBatch]) -> api.Received:
        """Hand over blinded persons, one for each acquisition number."""
        return await service.take_blinded(core, verified_of(request), data)

    @post(
        api.COLLECT_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 21-2(3)", callers=("institution", "ledger")),
    )
    async def collect(request: Asked, data: JSONBody[api.Collect]) -> api.Collected:
        """Fetch what is ready under the caller's own acquisition numbers."""
        return await service.collect(core, verified_of(request), data.acquisitions)

    return [take_blinded, collect]


def _exchange(core: Core, log: Submitter) -> list[HTTPRouteHandler]:
    @post(
        api.INQUIRIES_PATH,
        status_code=200,
        opt=lawful(
            authority="Number Act art. 19(viii), 21(2), suppl. art. 6(3)",
            callers=("institution", "ledger"),
        ),
    )
    async def inquire(request: Asked, data: JSONBody[api.InquiryBatch]) -> api.Grants:
        """Ask for permits; every inquiry is answered and recorded, granted or not."""
        return await inquiries.inquire(core, verified_of(request), data, log)

    @post(
        api.REFUSALS_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 23(3)", callers=("institution",)),
    )
    async def take_refusals(
        request: Asked, data: JSONBody[inside_api.LocalRefusals]
    ) -> api.Received:
        """Report what the requester refused its own clerk."""
        return await ends.take_refusals(core, verified_of(request), data, log)

    @post(
        api.STAFF_LOOKS_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 9(1), 12", callers=("institution",)),
    )
    async def take_looks(request: Asked, data: JSONBody[inside_api.StaffLooks]) -> api.Received:
        """Report what an institution's own staff looked at."""
        return await ends.take_looks(core, verified_of(request), data, log)

    @post(
        api.ENDS_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 23(1)-(3)", callers=("institution", "ledger")),
    )
    async def take_ends(request: Asked, data: JSONBody[api.Ends]) -> api.Received:
        """Report one's own end of an exchange."""
        return await ends.take_ends(core, verified_of(request), data)

    return [inquire, take_refusals, take_looks, take_ends]


def _own(core: Core) -> HTTPRouteHandler:
    @post(
        api.EXCHANGES_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 23(1)-(3)", callers=("institution",)),
    )
    async def own(request: Asked, data: JSONBody[own_api.AskExchanges]) -> own_api.OwnExchanges:
        """Tell an institution of its own exchanges: after a restore it compares."""
        return await own_exchanges.own_exchanges(core, verified_of(request), data)

    return own


def _notices(core: Core) -> HTTPRouteHandler:
    @post(
        api.PORTAL_NOTICES_PATH,
        status_code=200,
        opt=lawful(authority="Number Act suppl. art. 6(3)", callers=("institution",)),
    )
    async def pass_notices(
        request: Asked, data: JSONBody[notice_api.PortalNotices]
    ) -> api.Received:
        """Pass notices to persons on to the ledger, unread."""
        return await notices.pass_on(core, verified_of(request), data)

    return pass_notices


def _rotation(core: Core) -> list[HTTPRouteHandler]:
    @post(
        api.ROTATE_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 21(1)", callers=("institution", "ledger")),
    )
    async def begin_rotation(request: Asked, data: JSONBody[api.Nothing]) -> api.Rotation:
        """Begin (or repeat) the caller's change to the next key version."""
        return await service.begin_rotation(core, verified_of(request), data)

    @post(
        api.ROTATED_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 21(1)", callers=("institution", "ledger")),
    )
    async def finish_rotation(request: Asked, data: JSONBody[api.Rotated]) -> api.Received:
        """Say that every code of the caller is at the new version."""
        return await service.finish_rotation(core, verified_of(request), data)

    return [begin_rotation, finish_rotation]
