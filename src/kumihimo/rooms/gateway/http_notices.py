"""The business systems' doors for notices to persons (`/v1/portal-notices`)."""

from typing import Any, Final

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import bearer_of, lawful
from kumihimo.kernel.routes import post
from kumihimo.rooms.gateway import business_notices as form
from kumihimo.rooms.gateway import looks, portal_notices
from kumihimo.rooms.gateway.business_looks import LookedAt
from kumihimo.rooms.gateway.clients import BusinessClient
from kumihimo.rooms.gateway.context import Gateway

Incoming = Request[Any, Any, Any]

CALLERS: Final = ("business system of the institution",)
LAW: Final = "Number Act suppl. art. 6(3)"


def notice_routes(gateway: Gateway) -> list[HTTPRouteHandler]:
    """Return the doors."""
    opt, tags = lawful(authority=LAW, callers=CALLERS), ["notices"]

    @post("/portal-notices", status_code=200, opt=opt, tags=tags)
    async def send_notices(
        request: Incoming, data: JSONBody[form.NoticesToSend]
    ) -> form.NoticesSent:
        """Tell persons something by the portal (お知らせ)."""
        caller = bearer_of(request, BusinessClient)
        sent = await portal_notices.send(gateway, caller.tenant, data, affairs=caller.affairs)
        return form.NoticesSent(sent)

    @post("/portal-notices/withdraw", status_code=204, opt=opt, tags=tags)
    async def withdraw_notice(request: Incoming, data: JSONBody[form.NoticeWithdrawn]) -> None:
        """Take a notice back; the person reads that it was withdrawn."""
        await portal_notices.withdraw(gateway, bearer_of(request, BusinessClient).tenant, data)

    @post("/portal-notices/of-person", status_code=200, opt=opt, tags=tags)
    async def notices_of(request: Incoming, data: JSONBody[LookedAt]) -> form.NoticesOf:
        """List what a person was sent, the latest first."""
        caller = bearer_of(request, BusinessClient)
        await looks.looked(gateway, caller, data, looks.NOTICES)
        return form.NoticesOf(
            await portal_notices.of_person(gateway, caller.tenant, data.addressee)
        )

    return [send_notices, withdraw_notice, notices_of]
