"""The server's side: a room's doors, each with a legal authority and a list of callers.

`SignedDoor` checks a message's signature before the handler sees it and signs the answer.
`room_app` refuses to start with a route that does not say under which law it may be called and
by whom, and turns refusals into problem details (RFC 9457) without ever echoing the input.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import attrs
import msgspec
from litestar import Litestar, Request, Response, Router
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send
from typing_extensions import override

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.describe import Described, PlainPage
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.message import (
    CONTENT_TYPE,
    PROBLEM_TYPE,
    KeyBook,
    Verified,
    sign_answer,
    verify_request,
)
from kumihimo.kernel.metrics import MeasuredDoors, Meter, metered
from kumihimo.kernel.refusal import BadInput, NotAuthentic, Problem, Refusal
from kumihimo.kernel.wire import decode_strictly

T = TypeVar("T")

SIGNED_BODY_MAX = 8 * 1024 * 1024  # a batch of 1,000 inquiries or provisions is under 2 MiB


def lawful(*, authority: str, callers: Sequence[str]) -> dict[str, Any]:
    """Return a route's `opt`: the clause it rests on and the kinds of party that may call it."""
    assert authority, "a route needs an authority"
    assert callers, "a route needs its callers"
    return {"authority": authority, "callers": tuple(callers)}


@attrs.frozen
class _Captured:
    status: int
    content_type: str
    body: bytes


class SignedDoor(ASGIMiddleware):
    """Lets only signed messages in and only signed answers out.

    `keys_of` returns the keys of the recipient that the message names, or None when the room does
    not speak for it: a gateway speaks for many institutions.
    """

    scopes = (ScopeType.HTTP,)
    exclude_opt_key = "unsigned"

    def __init__(
        self,
        *,
        keys_of: Callable[[str], PartyKeys | None],
        book: KeyBook,
        clock: Clock,
        entropy: Entropy,
        body_max: int = SIGNED_BODY_MAX,
    ) -> None:
        self._keys_of = keys_of
        self._book = book
        self._clock = clock
        self._entropy = entropy
        self._body_max = body_max

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        body = await _read(receive, self._body_max)
        try:
            keys, verified = self._check(scope["path"], headers, body)
        except Refusal as refusal:  # also where nobody can be believed at present
            await _send_problem(refusal.problem(), send)
            return
        scope["state"]["verified"] = verified
        scope["state"]["recipient"] = keys.party
        captured = _strictly(scope, body or b"") or await _run(next_app, scope, body or b"")
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
        await _send(captured.status, signed, captured.body, send)

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


class BearerDoor(ASGIMiddleware):
    """Lets in who shows a bearer token, and only bodies of exactly the form that the route takes.

    For callers that are not parties and sign nothing: an institution's own systems, a person's
    session. `authenticate` gets the `Authorization` header and returns the caller, which
    `bearer_of` gives to the handler; it raises `NotAuthentic`. Nothing of a body is read before.
    A route's `opt` may name its own `body_max`.
    """

    scopes = (ScopeType.HTTP,)
    exclude_opt_key = "signed"

    def __init__(self, authenticate: Callable[[str], Awaitable[object]]) -> None:
        self._authenticate = authenticate

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = {k.lower(): v for k, v in scope["headers"]}
        try:
            authorization = headers.get(b"authorization", b"").decode("latin-1")
            scope["state"]["bearer"] = await self._authenticate(authorization)
        except Refusal as refusal:
            await _send_problem(refusal.problem(), send)
            return
        await _let_in(scope, receive, send, next_app)


class OpenDoor(ASGIMiddleware):
    """Lets anybody in, with a body of exactly the form that the route takes.

    For the one who has nothing to show but what stands inside the body. A route's `opt` may name
    its own `body_max`.
    """

    scopes = (ScopeType.HTTP,)

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        await _let_in(scope, receive, send, next_app)


async def _let_in(scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
    body = await _read(receive, scope["route_handler"].opt.get("body_max", SIGNED_BODY_MAX))
    if body is None:
        code, title = _HTTP_TITLES[413]
        await _send_problem(Problem(f"urn:kumihimo:{code}", title, 413), send)
        return
    refused = _strictly(scope, body)
    if refused is not None:
        await _send(refused.status, {"content-type": PROBLEM_TYPE}, refused.body, send)
        return

    async def replay() -> Any:  # noqa: ANN401 - an ASGI message
        return {"type": "http.request", "body": body, "more_body": False}

    await next_app(scope, replay, send)


def bearer_of(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """Return the caller that the bearer door let in."""
    found = request.scope["state"]["bearer"]
    assert isinstance(found, kind), "this route does not stand behind a bearer door"
    return found


def _strictly(scope: Scope, body: bytes) -> _Captured | None:
    """Decode the body as the handler's `data`, strictly; returns a refusal, or None when it fits.

    The framework would take the text "12" for a number. A signed message means what it says.
    """
    field = scope["route_handler"].parsed_fn_signature.parameters.get("data")
    if field is None:
        return None
    try:
        decode_strictly(body, field.annotation)
    except BadInput as refusal:
        problem = refusal.problem()
        return _Captured(problem.status, PROBLEM_TYPE, msgspec.json.encode(problem))
    return None


async def _read(receive: Receive, limit: int) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message["body"])
        size += len(message["body"])
        if size > limit:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


async def _run(app: ASGIApp, scope: Scope, body: bytes) -> _Captured:
    status, content_type = 500, CONTENT_TYPE
    parts: list[bytes] = []

    async def replay() -> Any:  # noqa: ANN401 - an ASGI message
        return {"type": "http.request", "body": body, "more_body": False}

    async def capture(message: Message) -> None:
        nonlocal status, content_type
        if message["type"] == "http.response.start":
            status = message["status"]
            for name, value in message["headers"]:
                if name.lower() == b"content-type":
                    content_type = value.decode("latin-1")
        elif message["type"] == "http.response.body":
            parts.append(message["body"])

    await app(scope, replay, capture)
    return _Captured(status, content_type, b"".join(parts))


async def _send(status: int, headers: dict[str, str], body: bytes, send: Send) -> None:
    raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _send_problem(problem: Problem, send: Send) -> None:
    body = msgspec.json.encode(problem)
    await _send(problem.status, {"content-type": PROBLEM_TYPE}, body, send)


def verified_of(request: Request[Any, Any, Any]) -> Verified:
    """Return the message that the signed door let in."""
    found = request.scope["state"]["verified"]
    assert isinstance(found, Verified), "this route does not stand behind a signed door"
    return found


def _answer_problem(problem: Problem) -> Response[bytes]:
    return Response(
        msgspec.json.encode(problem), status_code=problem.status, media_type=PROBLEM_TYPE
    )


def _on_refusal(_: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    return _answer_problem(refusal.problem())


def _on_validation(_: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    # Only the key of the field and the rule are told; the library's text may quote the value.
    found: Any = error.extra if isinstance(error.extra, list) else []
    keys = [str(item["key"]) for item in found if "key" in item]
    detail = "Check the form of: " + ", ".join(k for k in keys if k) if any(keys) else ""
    return _answer_problem(
        Problem(
            type="urn:kumihimo:bad-input",
            title="The input does not have the form asked for",
            status=400,
            detail=detail,
        )
    )


_HTTP_TITLES = {
    401: ("not-authentic", "The caller could not be authenticated"),
    403: ("not-allowed", "You may not do this"),
    404: ("not-found", "No such record for you"),
    405: ("method-not-allowed", "This address does not take that method"),
    413: ("too-large", "The request is larger than this door takes"),
    415: ("wrong-media-type", "This address takes another content type"),
    429: ("too-many", "Too many requests; try again later"),
}


def _on_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    fallback = ("bad-input", "The input does not have the form asked for")
    code, title = _HTTP_TITLES.get(error.status_code, fallback)
    return _answer_problem(Problem(f"urn:kumihimo:{code}", title, error.status_code))


Reporter = Callable[[str, Exception], None]


def _on_bug(report: Reporter) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        report(request.route_handler.name or request.route_handler.handler_name, error)
        title = "The room made a mistake; nothing was done"
        return _answer_problem(Problem("urn:kumihimo:internal", title, 500))

    return handle


_BEARER = Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")})


def _description(title: str) -> OpenAPIConfig:
    """Describe the doors to everybody: what they are, and nothing about anybody."""
    return OpenAPIConfig(
        title=title,
        version="1",
        components=_BEARER,
        openapi_router=Router(
            "/schema",
            route_handlers=[],
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
    meter = Meter(code for code, _ in _HTTP_TITLES.values())
    app = Litestar(
        list(handlers),
        middleware=[MeasuredDoors(meter), *([door] if door else [])],
        exception_handlers={
            Refusal: _on_refusal,
            ValidationException: _on_validation,
            HTTPException: _on_http,
            Exception: _on_bug(report),
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
