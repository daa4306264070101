"""Register's routes: translation only. Every one stands behind the signed door."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import lawful, verified_of
from kumihimo.kernel.routes import post
from kumihimo.rooms.register import (
    acquisition,
    api,
    comparing,
    disclosing,
    events,
    holders,
    inquiries,
    latest,
    numbers,
)
from kumihimo.rooms.register.context import Register

Asked = Request[Any, Any, Any]
Logged = Callable[[], Awaitable[None]]


def routes(register: Register, logged: Logged) -> list[HTTPRouteHandler]:
    """Return register's route handlers. `logged` returns once what was written is in the log."""
    return [
        *_residents(register),
        *_finding(register, logged),
        *_holding(register, logged),
        *_disclosing(register),
        *_codes(register),
    ]


def _residents(register: Register) -> list[HTTPRouteHandler]:
    @post(
        api.EVENTS_PATH,
        status_code=200,
        opt=lawful(
            authority="Basic Resident Register Act art. 30-6",
            callers=("institution: municipality",),
        ),
    )
    async def take_events(request: Asked, data: JSONBody[api.Sealed]) -> api.EventsTaken:
        """Record events of the caller's residents: a sealed `EventBatch`, whole or not at all."""
        batch = register.open(data, api.EventBatch, path=api.EVENTS_PATH)
        return await events.take_events(register, verified_of(request).sender, batch)

    @post(
        api.DESIGNATE_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 8(1)-(2)", callers=("institution: municipality",)),
    )
    async def designate(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        """Have numbers designated: a sealed `Designate`; the answer is a sealed `Designations`."""
        sender = verified_of(request).sender
        entry = register.institution(sender)
        asked = register.open(data, api.Designate, path=api.DESIGNATE_PATH)
        given = await numbers.designate(register, sender, asked)
        return register.seal(given, entry, path=api.DESIGNATE_PATH)

    return [take_events, designate]


def _finding(register: Register, logged: Logged) -> list[HTTPRouteHandler]:
    @post(
        api.STRICT_PATH,
        status_code=200,
        opt=lawful(
            authority="Number Act art. 14(2); Basic Resident Register Act art. 30-9 to 30-12",
            callers=("institution",),
        ),
    )
    async def inquire(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        """Ask for numbers by all attributes: a sealed `StrictBatch`; sealed `StrictAnswers`."""
        sender = verified_of(request).sender
        entry = register.institution(sender)
        batch = register.open(data, api.StrictBatch, path=api.STRICT_PATH)
        answers = await inquiries.inquire(register, sender, batch)
        await logged()
        return register.seal(answers, entry, path=api.STRICT_PATH)

    @post(
        api.ABOUT_ME_PATH,
        status_code=200,
        opt=lawful(
            authority="Basic Resident Register Act art. 30-32", callers=("institution: counter",)
        ),
    )
    async def about_me(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        """Tell an identified person who asked about her: `DisclosureAsked`; sealed `AboutMe`."""
        sender = verified_of(request).sender
        entry = register.institution(sender)
        person = register.open(data, api.DisclosureAsked, path=api.ABOUT_ME_PATH)
        told = await inquiries.about_me(register, sender, person)
        return register.seal(told, entry, path=api.ABOUT_ME_PATH)

    @post(
        api.LINKS_PATH,
        status_code=200,
        opt=lawful(
            authority="Number Act art. 12, 16; Basic Resident Register Act art. 30-9 to 30-12",
            callers=("institution",),
        ),
    )
    async def compare_links(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        """Compare links that the caller holds: a sealed `LinkBatch`; sealed `LinksJudged`."""
        sender = verified_of(request).sender
        entry = register.institution(sender)
        batch = register.open(data, api.LinkBatch, path=api.LINKS_PATH)
        judged = await comparing.compare(register, sender, batch)
        await logged()
        return register.seal(judged, entry, path=api.LINKS_PATH)

    return [inquire, about_me, compare_links]


def _holding(register: Register, logged: Logged) -> list[HTTPRouteHandler]:
    @post(
        api.HOLDER_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 16-2, 17", callers=("cards",)),
    )
    async def holder(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        """Tell cards who applies for a card: a sealed `HolderAsked`; a sealed `HolderFound`."""
        asked = register.open(data, api.HolderAsked, path=api.HOLDER_PATH)
        sender = verified_of(request).sender
        return await holders.holder(register, sender, asked)

    @post(
        api.HANDLE_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 16-2, 17", callers=("cards",)),
    )
    async def holder_now(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        """Tell cards of a holder as she is now: a sealed `HolderNow`; a sealed `HolderFound`."""
        asked = register.open(data, api.HolderNow, path=api.HANDLE_PATH)
        sender = verified_of(request).sender
        return await holders.holder_now(register, sender, asked)

    @post(
        api.LATEST_PATH,
        status_code=200,
        opt=lawful(authority="JPKI Act art. 18", callers=("jpki",)),
    )
    async def latest_attributes(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        """Tell jpki a holder's attributes as they are now: `LatestAsked`; a sealed `LatestTold`."""
        asked = register.open(data, api.LatestAsked, path=api.LATEST_PATH)
        told = await latest.latest(register, verified_of(request).sender, asked)
        await logged()
        return told

    return [holder, holder_now, latest_attributes]


def _disclosing(register: Register) -> list[HTTPRouteHandler]:
    @post(
        api.DISCLOSE_PATH,
        status_code=200,
        opt=lawful(
            authority="Number Act art. 23(3), suppl. art. 6(3); Basic Resident Register Act"
            " art. 30-32",
            callers=("jpki",),
        ),
    )
    async def disclose(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        """Give a holder at a portal her ticket: `HolderDiscloses`; a sealed `HolderDisclosure`."""
        asked = register.open(data, api.HolderDiscloses, path=api.DISCLOSE_PATH)
        return await disclosing.disclose(register, verified_of(request).sender, asked)

    @post(
        api.READ_AGAIN_PATH,
        status_code=200,
        opt=lawful(authority="Basic Resident Register Act art. 30-32", callers=("jpki",)),
    )
    async def read_again(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        """Tell a holder at a portal who asked by now: `HolderReadsAgain`; a `Sealed` inside a `Sealed`."""
        asked = register.open(data, api.HolderReadsAgain, path=api.READ_AGAIN_PATH)
        return await disclosing.read_again(register, verified_of(request).sender, asked)

    return [disclose, read_again]


def _codes(register: Register) -> list[HTTPRouteHandler]:
    @post(
        api.ACQUIRE_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 21-2(2)", callers=("institution",)),
    )
    async def begin(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        """Begin acquisitions for the caller: a sealed `AcquireBatch`; sealed `Tickets`."""
        sender = verified_of(request).sender
        entry = register.institution(sender)
        batch = register.open(data, api.AcquireBatch, path=api.ACQUIRE_PATH)
        tickets = await acquisition.begin(register, sender, batch)
        return register.seal(tickets, entry, path=api.ACQUIRE_PATH)

    @post(
        api.TICKET_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 16, 23(3)", callers=("institution: counter",)),
    )
    async def ticket(request: Asked, data: JSONBody[api.Sealed]) -> api.DisclosureTicket:
        """Give an identified person her ticket to the ledger: a sealed `DisclosureAsked`."""
        asked = register.open(data, api.DisclosureAsked, path=api.TICKET_PATH)
        return await acquisition.ticket(register, verified_of(request).sender, asked)

    return [begin, ticket]
