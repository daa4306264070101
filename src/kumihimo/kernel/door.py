"""The server's side: a room's doors, each with a legal authority and a list of callers.

`SignedDoor` checks a message's signature before the handler sees it and signs the answer.
`room_app` refuses to start with a route that does not say under which law it may be called and
by whom, and turns refusals into problem details (RFC 9457) without ever echoing the input.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

import attrs
from litestar import Litestar, Request, Router
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp, ControllerRouterHandler, Receive, Scope, Send
from typing_extensions import override

from kumihimo.kernel.admission import ANYBODY, PARTIES, STRANGERS, Bounds, Doorkeeper
from kumihimo.kernel.asgi import (
    Captured,
    refused,
    replayed,
    run_captured,
    send_problem,
    send_whole,
)
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.describe import Described, PlainPage
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.message import KeyBook, Verified, party_of, sign_answer, verify_request
from kumihimo.kernel.metrics import MeasuredDoors, Meter, metered
from kumihimo.kernel.problems import (
    HTTP_TITLES,
    Reporter,
    on_bug,
    on_http,
    on_refusal,
    on_validation,
    problem_of,
)
from kumihimo.kernel.refusal import BadInput, Busy, NotAuthentic, Overloaded, Refusal
from kumihimo.kernel.routes import of_one_room
from kumihimo.kernel.signature import INPUT
from kumihimo.kernel.tracing import span
from kumihimo.kernel.wire import decode_strictly

T = TypeVar("T")

USE_CASE: Final = "use case"  # a door's own work is who may come in, and the answer's signature
KNOWN_MAX: Final = 4_096  # tokens that a door remembers, as hashes
SIGNED_BODY_MAX = 8 * 1024 * 1024  # a batch of 1,000 inquiries or provisions is under 2 MiB


def lawful(*, authority: str, callers: Sequence[str]) -> dict[str, Any]:
    """Return a route's `opt`: the clause it rests on and the kinds of party that may call it."""
    assert authority, "a route needs an authority"
    assert callers, "a route needs its callers"
    return {"authority": authority, "callers": tuple(callers)}


_KEY_ID: Final = re.compile(r';keyid="([^"]*)"')


class _Door(ASGIMiddleware):
    """Counts what is under way behind it, on whichever of its routes."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, bounds: Bounds) -> None:
        self._keeper = Doorkeeper(bounds)


class SignedDoor(_Door):
    """Lets only signed messages in and only signed answers out.

    `keys_of` returns the keys of the recipient that the message names, or None when the room does
    not speak for it: a gateway speaks for many institutions. `bounds` say how much of each sender
    may be under way.
    """

    exclude_opt_key = "unsigned"

    def __init__(
        self,
        *,
        keys_of: Callable[[str], PartyKeys | None],
        book: KeyBook,
        clock: Clock,
        entropy: Entropy,
        body_max: int = SIGNED_BODY_MAX,
        bounds: Bounds = PARTIES,
    ) -> None:
        super().__init__(bounds)
        self._keys_of = keys_of
        self._book = book
        self._clock = clock
        self._entropy = entropy
        self._body_max = body_max

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        try:
            claimed = self._claimed(headers)
            async with self._keeper.reading(claimed, receive, self._body_max) as body:
                keys, verified = self._check(scope["path"], headers, body)
                scope["state"]["verified"] = verified
                scope["state"]["recipient"] = keys.party
                captured = await self._answer(scope, verified.sender, body or b"", next_app)
        except Refusal as refusal:  # also where nobody can be believed at present
            await send_problem(refusal.problem(), send)
            return
        signed = sign_answer(
            keys,
            status=captured.status,
            content_type=captured.content_type,
            body=captured.body,
            to=headers,
            path=scope["path"],
            at=self._clock.now(),
            entropy=self._entropy,
        )
        await send_whole(attrs.evolve(captured, headers=captured.headers | signed), send)

    async def _answer(self, scope: Scope, sender: str, body: bytes, next_app: ASGIApp) -> Captured:
        try:
            with self._keeper.call(sender), span(USE_CASE):
                return _strictly(scope, body) or await run_captured(next_app, scope, body)
        except (Busy, Overloaded) as refusal:  # told under the room's signature
            return refused(refusal.problem())

    def _claimed(self, headers: dict[str, str]) -> str:
        """Return in whose name a message comes: before it is read whole, nobody's word proves it.

        Whoever pretends to be another holds up that one's bodies and nobody else's.
        """
        named = _KEY_ID.search(headers.get(INPUT, ""))
        known = named is not None and self._book.signing_key(named[1]) is not None
        return party_of(named[1]) if named is not None and known else STRANGERS

    def _check(
        self, path: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[PartyKeys, Verified]:
        keys = self._keys_of(headers.get("kumihimo-recipient", ""))
        if keys is None or body is None:
            raise NotAuthentic
        verified = verify_request(
            path=path,
            headers=headers,
            body=body,
            recipient=keys.party,
            book=self._book,
            now=self._clock.now(),
        )
        return keys, verified


class BearerDoor(_Door):
    """Lets in who shows a bearer token, and only bodies of exactly the form that the route takes.

    For callers that are not parties and sign nothing: an institution's own systems, a person's
    session. `authenticate` gets the `Authorization` header and returns the caller, which
    `bearer_of` gives to the handler; it raises `NotAuthentic`. Nothing of a body is read before.
    A route's `opt` may name its own `body_max`. `consumer_of` names for whom a caller comes, and
    `bounds` say how much of each may be under way.
    """

    exclude_opt_key = "signed"

    def __init__(
        self,
        authenticate: Callable[[str], Awaitable[T]],
        *,
        consumer_of: Callable[[T], str],
        bounds: Bounds = PARTIES,
    ) -> None:
        self._authenticate = authenticate
        self._consumer_of = consumer_of
        super().__init__(bounds)
        self._known: dict[bytes, str] = {}

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = {k.lower(): v for k, v in scope["headers"]}
        try:
            authorization = headers.get(b"authorization", b"").decode("latin-1")
            consumer = await self._recognise(scope, authorization)
        except Refusal as refusal:
            await send_problem(refusal.problem(), send)
            return
        await _let_in(scope, receive, send, next_app, self._keeper, consumer)

    async def _recognise(self, scope: Scope, authorization: str) -> str:
        """Authenticate, and return for whom the caller comes.

        Strangers have bounds and a line of their own: whoever was let in a moment ago does not
        wait behind those who try out tokens.
        """
        shown = hashlib.sha256(authorization.encode()).digest()
        with self._keeper.call(self._known.get(shown, STRANGERS)):
            try:
                caller = await self._authenticate(authorization)
            except NotAuthentic:
                self._known.pop(shown, None)
                raise
        scope["state"]["bearer"] = caller
        self._known.pop(shown, None)  # to the end: whoever has not come for longest is forgotten
        consumer = self._known[shown] = self._consumer_of(caller)
        if len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]
        return consumer


class OpenDoor(_Door):
    """Lets anybody in, with a body of exactly the form that the route takes.

    For the one who has nothing to show but what stands inside the body. A route's `opt` may name
    its own `body_max`. All who come share `bounds`.
    """

    def __init__(self, bounds: Bounds = ANYBODY) -> None:
        super().__init__(bounds)

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        await _let_in(scope, receive, send, next_app, self._keeper, STRANGERS)


def behind(door: BearerDoor, path: str, handlers: Sequence[ControllerRouterHandler]) -> Router:
    """Return routes below a path, before which a bearer door stands and not the room's own."""
    return of_one_room(
        path,
        handlers,
        middleware=[door],
        opt={"unsigned": True},
        security=[{"bearer": []}],
    )


async def _let_in(
    scope: Scope,
    receive: Receive,
    send: Send,
    next_app: ASGIApp,
    keeper: Doorkeeper,
    consumer: str,
) -> None:
    limit = scope["route_handler"].opt.get("body_max", SIGNED_BODY_MAX)
    try:
        with keeper.call(consumer):
            async with keeper.reading(consumer, receive, limit) as body:
                if body is None:
                    await send_problem(problem_of(413), send)
                    return
                bad = _strictly(scope, body)
                if bad is not None:
                    await send_whole(bad, send)
                    return
                with span(USE_CASE):
                    await next_app(scope, replayed(body), send)
    except Refusal as refusal:
        await send_problem(refusal.problem(), send)


def bearer_of(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """Return the caller that the bearer door let in."""
    found = request.scope["state"]["bearer"]
    assert isinstance(found, kind), "this route does not stand behind a bearer door"
    return found


def _strictly(scope: Scope, body: bytes) -> Captured | None:
    """Decode the body as the handler's `data`, strictly; returns a refusal, or None when it fits.

    The framework would take the text "12" for a number. A signed message means what it says.
    """
    field = scope["route_handler"].parsed_fn_signature.parameters.get("data")
    if field is None:
        return None
    try:
        decode_strictly(body, field.annotation)
    except BadInput as refusal:
        return refused(refusal.problem())
    return None


def verified_of(request: Request[Any, Any, Any]) -> Verified:
    """Return the message that the signed door let in."""
    found = request.scope["state"]["verified"]
    assert isinstance(found, Verified), "this route does not stand behind a signed door"
    return found


_BEARER = Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")})


def _description(title: str) -> OpenAPIConfig:
    """Describe the doors to everybody: what they are, and nothing about anybody."""
    return OpenAPIConfig(
        title=title,
        version="1",
        components=_BEARER,
        openapi_router=of_one_room(
            "/schema",
            [],
            include_in_schema=False,
            dto=None,
            return_dto=None,
            opt={"unsigned": True},
        ),
        render_plugins=[PlainPage(), Described()],
        use_handler_docstrings=True,
    )


def room_app(
    title: str,
    handlers: Sequence[ControllerRouterHandler],
    *,
    report: Reporter,
    door: SignedDoor | None = None,
    lifespan: Sequence[Callable[[Litestar], AbstractAsyncContextManager[None]]] = (),
    on_startup: Sequence[Callable[[], Awaitable[None]]] = (),
    on_shutdown: Sequence[Callable[[], Awaitable[None]]] = (),
) -> Litestar:
    """Build a room's application; asserts that every route names its authority and callers."""
    meter = Meter(code for code, _ in HTTP_TITLES.values())
    app = Litestar(
        [of_one_room("/", handlers)],
        middleware=[MeasuredDoors(meter), *([door] if door else [])],
        exception_handlers={
            Refusal: on_refusal,
            ValidationException: on_validation,
            HTTPException: on_http,
            Exception: on_bug(report),
        },
        logging_config=None,
        openapi_config=_description(title),
        lifespan=list(lifespan),
        on_startup=list(on_startup),
        on_shutdown=list(on_shutdown),
        request_max_body_size=SIGNED_BODY_MAX,
    )
    for path, handler in own_routes(app):
        assert handler.opt.get("authority"), f"{path} names no authority"
        assert handler.opt.get("callers"), f"{path} names no callers"
    return metered(app, meter)


def own_routes(app: Litestar) -> list[tuple[str, HTTPRouteHandler]]:
    """List a room's own routes (the API description under /schema is the framework's)."""
    found: list[tuple[str, HTTPRouteHandler]] = []
    for route in app.routes:
        if route.path.startswith("/schema"):
            continue
        handlers: list[Any] = getattr(route, "route_handlers", [])
        found.extend(
            (route.path, handler)
            for handler in handlers
            if isinstance(handler, HTTPRouteHandler) and handler.handler_name != "options_handler"
        )
    return found
