"""The ledger's routes: translation only."""

from datetime import date, datetime
from typing import Annotated, Any, Final

from litestar import Request, Response, Router, delete
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, QueryParameter

from kumihimo.kernel.admission import PERSONS
from kumihimo.kernel.clock import JST
from kumihimo.kernel.door import BearerDoor, OpenDoor, bearer_of, behind, lawful, verified_of
from kumihimo.kernel.net import Caller
from kumihimo.kernel.routes import get, post
from kumihimo.kernel.tracker import UsesReader, tracker_routes
from kumihimo.rooms.ledger import (
    api,
    claims,
    cursors,
    history,
    notices,
    overview,
    own,
    service,
    sessions,
    tracker,
)
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.http_bells import hang_route, hear_route
from kumihimo.rooms.ledger.http_delegations import delegation_routes, end_route
from kumihimo.rooms.ledger.http_log import log_routes
from kumihimo.rooms.ledger.own import Asker
from kumihimo.rooms.ledger.service import PAGE_MAX
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.ledger.store import Wanted
from kumihimo.rooms.linkage.api import NOTICES_PATH, RECORDS_PATH, Received, RecordsDelivered
from kumihimo.rooms.linkage.notice_api import PortalNotices

Incoming = Request[Any, Any, Any]

ANYBODY: Final = ("a person with a ticket of register",)
TICKET_BODY_MAX: Final = 16 * 1024  # a sealed ticket is under half a kilobyte
ASK_BODY_MAX: Final = 1024  # the name of a kind of information
CLAIM_BODY_MAX: Final = 16 * 1024  # a thousand characters, each as an escape of JSON
ONESELF: Final = ("the person herself",)


def routes(ledger: Ledger, asker: Asker) -> list[HTTPRouteHandler | Router]:
    """Return the ledger's route handlers."""
    mine = _mine(ledger, asker)
    taking = [_take(ledger), _take_notices(ledger)]
    opening = _open_session(ledger, asker.caller)
    ones_own = [opening, mine, end_route(ledger), _uses(ledger), hear_route(ledger)]
    return [*taking, *ones_own, *log_routes(ledger)]


def _take(ledger: Ledger) -> HTTPRouteHandler:
    @post(
        RECORDS_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 23(3)", callers=("linkage",)),
    )
    async def take(request: Incoming, data: JSONBody[RecordsDelivered]) -> Received:
        """Take records and ends from the core."""
        return await service.take(ledger, verified_of(request), data)

    return take


def _take_notices(ledger: Ledger) -> HTTPRouteHandler:
    @post(
        NOTICES_PATH,
        status_code=200,
        opt=lawful(authority="Number Act suppl. art. 6(3)", callers=("linkage",)),
    )
    async def take_notices(request: Incoming, data: JSONBody[PortalNotices]) -> Received:
        """Take notices to persons from the core."""
        return await notices.take(ledger, verified_of(request), data)

    return take_notices


def _open_session(ledger: Ledger, caller: Caller) -> HTTPRouteHandler:
    @post(
        api.SESSIONS_PATH,
        status_code=200,
        middleware=[OpenDoor()],
        opt={
            **lawful(authority="Number Act art. 23(3), suppl. art. 6(3)", callers=ANYBODY),
            "unsigned": True,
            "body_max": TICKET_BODY_MAX,
        },
    )
    async def open_session(data: JSONBody[api.OpenSession]) -> api.Session:
        """Open a session with the ticket that register sealed for the ledger. It works once."""
        return await sessions.open_session(ledger, caller, data)

    return open_session


def _mine(ledger: Ledger, asker: Asker) -> Router:
    async def authenticate(authorization: str) -> Person:
        return await sessions.authenticate(ledger, authorization)

    @get("/records", opt=lawful(authority="Number Act art. 23(3)", callers=ONESELF))
    async def records(
        request: Incoming,
        *,
        since: Annotated[date | None, QueryParameter(description="First day, JST.")] = None,
        until: Annotated[
            date | None, QueryParameter(description="Day after the last, JST.")
        ] = None,
        requester: Annotated[str, QueryParameter(max_length=64)] = "",
        provider: Annotated[str, QueryParameter(max_length=64)] = "",
        outcome: Annotated[str, QueryParameter(max_length=64)] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
        cursor: Annotated[str, QueryParameter(description="`next` of the page before.")] = "",
        acts: Annotated[bool, QueryParameter(description="With what others read for me.")] = False,
    ) -> api.MyRecords:
        """Read my own records (情報提供等記録), newest first."""
        wanted = Wanted(
            since=_start(since),
            until=_start(until),
            requester=_word(requester),
            provider=_word(provider),
            outcome=_word(outcome),
            after=cursors.read(cursor) if cursor else None,
            limit=limit,
        )
        return await service.my_records(ledger, bearer_of(request, Person).code, wanted, acts=acts)

    @get("/who-asked", opt=lawful(authority="Number Act art. 23(3)", callers=ONESELF))
    async def who_asked(request: Incoming) -> api.WhoAskedList:
        """Read which bodies asked about me, how often, and when last."""
        return await service.who_asked(ledger, bearer_of(request, Person).code)

    @delete("/session", opt=lawful(authority="Number Act art. 23(3)", callers=ONESELF))
    async def close(request: Incoming) -> None:
        """End my session."""
        await sessions.close(ledger, bearer_of(request, Person))

    door = BearerDoor(authenticate, consumer_of=sessions.name_of, bounds=PERSONS)
    return behind(
        door,
        "/my",
        [
            records,
            who_asked,
            _history(asker),
            close,
            *_own(asker),
            *_claims(asker),
            _notices(ledger),
            *delegation_routes(asker),
            hang_route(ledger),
            _overview(ledger),
        ],
    )


def _uses(ledger: Ledger) -> Router:
    async def authenticate(authorization: str) -> UsesReader:
        return await tracker.let_in(ledger, authorization)

    return tracker_routes(authenticate, authority="Number Act art. 23(3)", callers=ONESELF)


def _history(asker: Asker) -> HTTPRouteHandler:
    @get(
        "/history",
        opt=lawful(authority="Number Act art. 23(3)", callers=ONESELF),
        media_type="application/json",
    )
    async def take_away(request: Incoming) -> Response[bytes]:
        """Take my history away, with what proves it (`kumihimo verify`)."""
        person = bearer_of(request, Person).code
        content = await history.take_away(asker.ledger, person, pinned=asker.book.pinned)
        return Response(content, media_type="application/json")

    return take_away


def _own(asker: Asker) -> list[HTTPRouteHandler]:
    opt = lawful(authority="Number Act suppl. art. 6(3)", callers=ONESELF)

    @post("/information/ask", status_code=200, opt={**opt, "body_max": ASK_BODY_MAX})
    async def ask_own(request: Incoming, data: JSONBody[api.AskOwn]) -> api.OwnInformation:
        """Ask every institution that may hold a kind of information about me (自己情報)."""
        return await own.ask(asker, bearer_of(request, Person), data)

    @get("/information", opt=opt)
    async def own_information(request: Incoming) -> api.OwnInformation:
        """Read what I asked in this session, and what came."""
        return await own.read(asker.ledger, bearer_of(request, Person))

    return [ask_own, own_information]


def _claims(asker: Asker) -> list[HTTPRouteHandler]:
    opt = lawful(authority="Number Act art. 31, suppl. art. 6(3)", callers=ONESELF)

    @post("/claims/tell", status_code=200, opt={**opt, "body_max": CLAIM_BODY_MAX})
    async def tell_claim(request: Incoming, data: JSONBody[api.TellClaim]) -> api.MyClaims:
        """Say something of an exchange of mine, to the institution or to oversight."""
        return await claims.tell(asker, bearer_of(request, Person), data)

    @get("/claims", opt=opt)
    async def my_claims(request: Incoming) -> api.MyClaims:
        """Read how what I said stands, and the answers."""
        return await claims.mine(asker.ledger, bearer_of(request, Person))

    return [tell_claim, my_claims]


def _notices(ledger: Ledger) -> HTTPRouteHandler:
    @get("/notices", opt=lawful(authority="Number Act suppl. art. 6(3)", callers=ONESELF))
    async def my_notices(request: Incoming) -> api.MyNotices:
        """Read what institutions tell me (お知らせ)."""
        return await notices.mine(ledger, bearer_of(request, Person))

    return my_notices


def _overview(ledger: Ledger) -> HTTPRouteHandler:
    law = "Number Act art. 23(3), suppl. art. 6(3)"

    @get("/overview", opt=lawful(authority=law, callers=ONESELF))
    async def my_overview(request: Incoming) -> api.Overview:
        """Read the latest of who looked, of my claims and of my notices together."""
        return await overview.read(ledger, bearer_of(request, Person))

    return my_overview


def _start(day: date | None) -> datetime | None:
    # Left in Japanese time: in UTC the first day of the calendar would begin before it.
    return None if day is None else datetime.combine(day, datetime.min.time(), JST)


def _word(text: str) -> str:
    # PostgreSQL has no place for a NUL, and no record holds one.
    return text.replace("\0", "\ufffd")
