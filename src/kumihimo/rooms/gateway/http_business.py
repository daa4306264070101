"""The doors for an institution's own business systems (`/v1`): translation only.

Each caller shows the bearer token of one system of one institution; everything it does happens in
that institution's rows. An addressee number is a person's, so it never stands in an address.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from litestar import Request, Router
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, QueryParameter

from kumihimo.kernel.admission import MIB, Bounds
from kumihimo.kernel.door import BearerDoor, bearer_of, behind, lawful
from kumihimo.kernel.routes import get, post
from kumihimo.kernel.worker import Errands
from kumihimo.rooms.gateway import (
    acquire,
    answers,
    asking,
    cases,
    chips,
    clients,
    copies,
    looks,
    persons,
    sending,
)
from kumihimo.rooms.gateway import business as form
from kumihimo.rooms.gateway import business_looks as look_form
from kumihimo.rooms.gateway.clients import BusinessClient
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.files import FILE_BYTES_MAX
from kumihimo.rooms.gateway.gathering import Gathering
from kumihimo.rooms.gateway.http_claims import claim_routes
from kumihimo.rooms.gateway.http_files import FileOperation, file_of
from kumihimo.rooms.gateway.http_links import link_routes
from kumihimo.rooms.gateway.http_looks import look_route
from kumihimo.rooms.gateway.http_notices import notice_routes

Incoming = Request[Any, Any, Any]

# Clerks wait here for other institutions: many calls are under way that cost next to nothing.
BUSINESS: Final = Bounds(
    calls_each=2_048, calls_all=8_192, bytes_each=128 * MIB, bytes_all=1_024 * MIB
)
CALLERS: Final = ("business system of the institution",)


def router(gateway: Gateway, tenants: Mapping[str, Tenant], errands: Errands) -> Router:
    """Return every `/v1` route behind the bearer door."""

    async def authenticate(authorization: str) -> BusinessClient:
        return await clients.authenticate(gateway, tenants, authorization)

    door = BearerDoor(authenticate, consumer_of=_institution, bounds=BUSINESS)
    return behind(
        door,
        "/v1",
        [
            *_persons(gateway),
            *_numbers(gateway),
            *_cases(gateway),
            *_copies(gateway),
            *_inquiries(gateway, errands),
            *_waiting(gateway),
            *link_routes(gateway),
            *claim_routes(gateway),
            *notice_routes(gateway),
            look_route(gateway),
        ],
    )


def _institution(caller: BusinessClient) -> str:
    return caller.tenant.institution


def _caller(request: Incoming) -> BusinessClient:
    return bearer_of(request, BusinessClient)


def _persons(gateway: Gateway) -> list[HTTPRouteHandler]:
    @post(
        "/persons",
        status_code=200,
        opt=lawful(authority="Number Act art. 9(1), 14(2), 16", callers=CALLERS),
        tags=["persons"],
    )
    async def register_persons(
        request: Incoming, data: JSONBody[form.Registrations]
    ) -> form.RegistrationReport:
        """Register persons from card readings or by strict inquiries with register."""
        return await persons.register_persons(gateway, _caller(request).tenant, data.persons)

    @post(
        "/persons/status",
        status_code=200,
        opt=lawful(authority="Number Act art. 21-2", callers=CALLERS),
        tags=["persons"],
    )
    async def person_status(
        request: Incoming, data: JSONBody[form.Addressees]
    ) -> form.PersonStatuses:
        """Tell how far registrations and the acquisition of codes are."""
        found = await persons.status(gateway, _caller(request).tenant, data.addressees)
        return form.PersonStatuses(found)

    @post(
        "/persons/flags",
        status_code=204,
        opt=lawful(authority="Number Act art. 23, 31", callers=CALLERS),
        tags=["persons"],
    )
    async def set_flags(request: Incoming, data: JSONBody[form.Flags]) -> None:
        """Set what this institution withholds of a person (自己情報提供不可, 不開示)."""
        await persons.set_flags(gateway, _caller(request).tenant, data)

    @post(
        "/persons/retry",
        status_code=204,
        opt=lawful(authority="Number Act art. 21-2", callers=CALLERS),
        tags=["persons"],
    )
    async def retry(request: Incoming, data: JSONBody[form.OneAddressee]) -> None:
        """Begin a rejected acquisition again, after a person has looked into it."""
        await acquire.retry(gateway, _caller(request).tenant, data.addressee)

    return [
        register_persons,
        person_status,
        set_flags,
        retry,
    ]


def _numbers(gateway: Gateway) -> list[HTTPRouteHandler]:
    @post(
        "/persons/number",
        status_code=204,
        opt=lawful(authority="Number Act art. 7(2), 16", callers=CALLERS),
        tags=["persons"],
    )
    async def replace_number(request: Incoming, data: JSONBody[form.NewNumber]) -> None:
        """Put a person's new number into the vault after a change; her code stays."""
        await persons.replace_number(gateway, _caller(request).tenant, data)

    @post(
        "/persons/chip",
        status_code=200,
        opt=lawful(authority="Number Act art. 9(1), 14(1), 16", callers=CALLERS),
        tags=["persons"],
    )
    async def number_from_chip(
        request: Incoming, data: JSONBody[form.ChipReading]
    ) -> form.Registered:
        """Register a person whose number was read from her chip; it goes into the vault alone."""
        caller = _caller(request)
        return await chips.number_from_chip(gateway, caller.tenant, data, affairs=caller.affairs)

    @post(
        "/persons/provenance",
        status_code=200,
        opt=lawful(authority="Number Act art. 16", callers=CALLERS),
        tags=["persons"],
    )
    async def provenance(request: Incoming, data: JSONBody[look_form.LookedAt]) -> form.Provenance:
        """Tell where a person's number was read from her chip: affair, officer, terminal, day."""
        await looks.looked(gateway, _caller(request), data, looks.PROVENANCE)
        return await chips.provenance(gateway, _caller(request).tenant, data.addressee)

    return [replace_number, number_from_chip, provenance]


def _cases(gateway: Gateway) -> list[HTTPRouteHandler]:
    @post(
        "/cases",
        status_code=200,
        opt=lawful(authority="Number Act art. 9(1), 19(viii)", callers=CALLERS),
        tags=["cases"],
    )
    async def open_cases(request: Incoming, data: JSONBody[form.OpenCases]) -> form.Cases:
        """Open cases; without an open case for the affair nobody can be asked about."""
        caller = _caller(request)
        opened = await cases.open_cases(gateway, caller.tenant, data.cases, affairs=caller.affairs)
        return form.Cases(opened)

    @post(
        "/cases/close",
        status_code=200,
        opt=lawful(authority="Number Act art. 9(1)", callers=CALLERS),
        tags=["cases"],
    )
    async def close_case(request: Incoming, data: JSONBody[form.CloseCase]) -> form.Case:
        """Close a case."""
        caller = _caller(request)
        return await cases.close_case(gateway, caller.tenant, data, affairs=caller.affairs)

    @post(
        "/cases/of-person",
        status_code=200,
        opt=lawful(authority="Number Act art. 9(1)", callers=CALLERS),
        tags=["cases"],
    )
    async def cases_of(request: Incoming, data: JSONBody[look_form.LookedAt]) -> form.Cases:
        """List a person's cases."""
        await looks.looked(gateway, _caller(request), data, looks.CASES)
        return form.Cases(await cases.cases_of(gateway, _caller(request).tenant, data.addressee))

    return [open_cases, close_case, cases_of]


def _copies(gateway: Gateway) -> list[HTTPRouteHandler]:
    @post(
        "/copies/file",
        status_code=200,
        opt={
            **lawful(authority="Number Act art. 19(viii), 22(1)", callers=CALLERS),
            "body_max": FILE_BYTES_MAX,
        },
        request_max_body_size=FILE_BYTES_MAX,
        operation_class=FileOperation,
        tags=["copies"],
    )
    async def load_file(
        request: Incoming,
        *,
        layout: Annotated[str, QueryParameter(description="Such as `local-tax/2024`.")],
        skip_bad: Annotated[
            bool,
            QueryParameter(description="Load the good rows and hand back the bad ones."),
        ] = False,
    ) -> form.LoadReport:
        """Load copies (副本) from a file, whole or not at all, or by choice without its bad rows."""
        file = await file_of(request, layout=layout, skip_bad=skip_bad)
        return await copies.load(gateway, _caller(request).tenant, file)

    @post(
        "/copies/of-person",
        status_code=200,
        opt=lawful(authority="Number Act art. 22(1)", callers=CALLERS),
        tags=["copies"],
    )
    async def copies_of(request: Incoming, data: JSONBody[look_form.CopiesOf]) -> form.Copies:
        """List a person's copies of one kind of information, without their content."""
        await looks.looked(gateway, _caller(request), data, data.info)
        return await copies.of_person(gateway, _caller(request).tenant, data)

    @post(
        "/copies/withdraw",
        status_code=200,
        opt=lawful(authority="Number Act art. 22(1)", callers=CALLERS),
        tags=["copies"],
    )
    async def withdraw(request: Incoming, data: JSONBody[form.CopyOf]) -> form.Withdrawn:
        """Take a copy out of force, at once."""
        return form.Withdrawn(await copies.withdraw(gateway, _caller(request).tenant, data))

    @post(
        "/copies/recipients",
        status_code=200,
        opt=lawful(authority="Number Act art. 22(1), 23", callers=CALLERS),
        tags=["copies"],
    )
    async def recipients(request: Incoming, data: JSONBody[form.RecipientsOf]) -> form.Recipients:
        """Find everyone who received given copies: the question after a wrong link is found."""
        since = datetime.combine(data.since, datetime.min.time(), UTC)
        found = await answers.recipients(gateway, _caller(request).tenant, data.copies, since=since)
        return form.Recipients(tuple(found))

    return [load_file, copies_of, withdraw, recipients]


def _inquiries(gateway: Gateway, errands: Errands) -> list[HTTPRouteHandler]:
    gathering = Gathering(gateway)

    @post(
        "/inquiries",
        status_code=200,
        opt=lawful(authority="Number Act art. 19(viii), 21(2)", callers=CALLERS),
        tags=["inquiries"],
    )
    async def ask(
        request: Incoming,
        data: JSONBody[form.Questions],
        *,
        wait: Annotated[
            bool, QueryParameter(description="Answer when the batch has gone as far as it goes.")
        ] = False,
    ) -> form.AcceptedQuestions:
        """Ask other institutions about persons with an open case. Poll the answers by inquiry."""
        caller = _caller(request)
        if wait:
            found = await gathering.ask(caller.tenant, data.questions, affairs=caller.affairs)
            return form.AcceptedQuestions(
                tuple(form.Accepted(inquiry=a.inquiry, outcome=a.outcome) for a in found),
                tuple(found),
            )
        taken = await asking.ask(gateway, caller.tenant, data.questions, affairs=caller.affairs)
        if taken.batch is not None:
            journey = sending.carry(gateway, caller.tenant, taken.batch, taken.rows)
            errands.start("gateway-advance", journey)
        return form.AcceptedQuestions(tuple(taken.accepted))

    @post(
        "/inquiries/answers",
        status_code=200,
        opt=lawful(authority="Number Act art. 19(viii)", callers=CALLERS),
        tags=["inquiries"],
    )
    async def poll(request: Incoming, data: JSONBody[form.Poll]) -> form.Answers:
        """Return where inquiries stand, with what was answered."""
        return form.Answers(
            tuple(await answers.poll(gateway, _caller(request).tenant, data.inquiries))
        )

    return [ask, poll]


def _waiting(gateway: Gateway) -> list[HTTPRouteHandler]:
    @get(
        "/waiting",
        opt=lawful(authority="Number Act art. 22(1)", callers=CALLERS),
        tags=["manual answers"],
    )
    async def waiting(request: Incoming) -> form.WaitingPermits:
        """List the 100 oldest permits that wait for a person's decision (自動応答不可)."""
        return form.WaitingPermits(tuple(await answers.waiting(gateway, _caller(request).tenant)))

    @post(
        "/waiting/decide",
        status_code=200,
        opt=lawful(authority="Number Act art. 22(1)", callers=CALLERS),
        tags=["manual answers"],
    )
    async def decide(request: Incoming, data: JSONBody[form.Decide]) -> form.Decided:
        """Answer a waiting permit by hand."""
        outcome = await answers.decide(gateway, _caller(request).tenant, data)
        return form.Decided(outcome)

    return [waiting, decide]
