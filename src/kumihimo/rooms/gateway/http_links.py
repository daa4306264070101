"""The doors for links in doubt (`/v1/links`): translation only."""

from typing import Any, Final

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import bearer_of, lawful
from kumihimo.kernel.routes import get, post
from kumihimo.rooms.gateway import business_links as link_form
from kumihimo.rooms.gateway import business_looks as look_form
from kumihimo.rooms.gateway import (
    checking,
    consequences,
    correcting,
    links,
    looks,
    reviewing,
    withdrawing,
)
from kumihimo.rooms.gateway.clients import BusinessClient
from kumihimo.rooms.gateway.context import Gateway

Incoming = Request[Any, Any, Any]

CALLERS: Final = ("business system of the institution",)


def _caller(request: Incoming) -> BusinessClient:
    return bearer_of(request, BusinessClient)


def link_routes(gateway: Gateway) -> list[HTTPRouteHandler]:
    """Return the doors."""
    return [*_links(gateway), *_after_a_correction(gateway), *_checks(gateway)]


def _links(gateway: Gateway) -> list[HTTPRouteHandler]:
    @post(
        "/links/suspend",
        status_code=200,
        opt=lawful(authority="Number Act art. 12, 16", callers=CALLERS),
        tags=["links"],
    )
    async def suspend_links(
        request: Incoming, data: JSONBody[link_form.LinksSuspended]
    ) -> link_form.Suspensions:
        """Suspend links that are in doubt: from now on nothing goes out or in over them."""
        return link_form.Suspensions(await links.suspend(gateway, _caller(request).tenant, data))

    @post(
        "/links/confirm",
        status_code=200,
        opt=lawful(authority="Number Act art. 12, 16", callers=CALLERS),
        tags=["links"],
    )
    async def confirm_link(
        request: Incoming, data: JSONBody[link_form.LinkConfirmed]
    ) -> link_form.Suspension:
        """Lift a suspension by the word of two people: the link was right."""
        return await links.confirm(gateway, _caller(request).tenant, data)

    @post(
        "/links/correct",
        status_code=200,
        opt=lawful(authority="Number Act art. 12, 16", callers=CALLERS),
        tags=["links"],
    )
    async def correct_link(
        request: Incoming, data: JSONBody[link_form.LinkCorrected]
    ) -> link_form.Suspension:
        """Take a wrong number from a record by the word of two people, and give it the right one."""
        caller = _caller(request)
        return await correcting.correct(gateway, caller.tenant, data, affairs=caller.affairs)

    @post(
        "/links/of-person",
        status_code=200,
        opt=lawful(authority="Number Act art. 12", callers=CALLERS),
        tags=["links"],
    )
    async def suspensions_of(
        request: Incoming, data: JSONBody[look_form.LookedAt]
    ) -> link_form.Suspensions:
        """List the doubts about a record, the latest first."""
        await looks.looked(gateway, _caller(request), data, looks.DOUBTS)
        return link_form.Suspensions(
            await links.of_record(gateway, _caller(request).tenant, data.addressee)
        )

    return [suspend_links, confirm_link, correct_link, suspensions_of]


def _after_a_correction(gateway: Gateway) -> list[HTTPRouteHandler]:
    @post(
        "/links/consequences",
        status_code=200,
        opt=lawful(authority="Number Act art. 23, 29-4", callers=CALLERS),
        tags=["links"],
    )
    async def consequences_of(
        request: Incoming, data: JSONBody[link_form.LinkCase]
    ) -> link_form.Consequences:
        """Tell who received wrong data and who saw another's, after a correction."""
        await looks.looked(gateway, _caller(request), data, looks.CONSEQUENCES)
        tenant = _caller(request).tenant
        return await consequences.consequences(gateway, tenant, data.addressee, data.case)

    @get(
        "/notices",
        opt=lawful(authority="Number Act art. 29-4(2)", callers=CALLERS),
        tags=["links"],
    )
    async def notices(request: Incoming) -> link_form.NoticesDue:
        """List the letters that persons are owed."""
        tenant = _caller(request).tenant
        return link_form.NoticesDue(await consequences.due_letters(gateway, tenant))

    @post(
        "/notices/sent",
        status_code=204,
        opt=lawful(authority="Number Act art. 29-4(2)", callers=CALLERS),
        tags=["links"],
    )
    async def notice_sent(request: Incoming, data: JSONBody[link_form.NoticeSent]) -> None:
        """Note that a letter has gone out."""
        tenant = _caller(request).tenant
        await consequences.letter_sent(gateway, tenant, data.notice, data.officer)

    @get(
        "/inquiries/withdrawn",
        opt=lawful(authority="Number Act art. 12, 29-4", callers=CALLERS),
        tags=["inquiries"],
    )
    async def withdrawn_answers(request: Incoming) -> link_form.WithdrawnAnswers:
        """List answers of which their giver said that they were about another person."""
        tenant = _caller(request).tenant
        return link_form.WithdrawnAnswers(await withdrawing.withdrawn(gateway, tenant))

    return [consequences_of, notices, notice_sent, withdrawn_answers]


def _checks(gateway: Gateway) -> list[HTTPRouteHandler]:
    @get(
        "/links/checks",
        opt=lawful(authority="Number Act art. 12, 16", callers=CALLERS),
        tags=["links"],
    )
    async def link_checks(request: Incoming) -> link_form.LinkChecks:
        """List the runs of the regular check of links."""
        return link_form.LinkChecks(await checking.history(gateway, _caller(request).tenant))

    @post(
        "/links/findings",
        status_code=200,
        opt=lawful(authority="Number Act art. 12, 16", callers=CALLERS),
        tags=["links"],
    )
    async def link_findings(
        request: Incoming, data: JSONBody[link_form.FindingsOf]
    ) -> link_form.LinkFindings:
        """List what a run found that somebody has to look at."""
        tenant = _caller(request).tenant
        found, following = await checking.findings(gateway, tenant, data.run, data.after)
        return link_form.LinkFindings(found, following)

    @post(
        "/links/to-review",
        status_code=200,
        opt=lawful(authority="Number Act art. 12, 16", callers=CALLERS),
        tags=["links"],
    )
    async def links_to_review(
        request: Incoming, data: JSONBody[link_form.FindingsOf]
    ) -> link_form.LinksToReview:
        """List what a run found and nobody has settled, with what stands beside the numbers."""
        caller = _caller(request)
        return await reviewing.to_review(gateway, caller.tenant, data, affairs=caller.affairs)

    return [link_checks, link_findings, links_to_review]
