"""Requests and answers as a door handles them: whole, because what is signed is signed whole."""

from typing import Any, Final

import attrs
import msgspec
from litestar.types import ASGIApp, Message, Scope, Send

from kumihimo.kernel.message import CONTENT_TYPE, PROBLEM_TYPE
from kumihimo.kernel.refusal import Problem

RETRY_AFTER: Final = "retry-after"
_PASSED_ON: Final = (b"content-type", RETRY_AFTER.encode())


@attrs.frozen
class Captured:
    """An answer of the application, before it is sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """What the body is."""
        return self.headers["content-type"]


def refused(problem: Problem) -> Captured:
    """Return a refusal as an answer; what may be tried again says when."""
    headers = {"content-type": PROBLEM_TYPE}
    if problem.retry_after_s:
        headers[RETRY_AFTER] = str(problem.retry_after_s)
    return Captured(problem.status, headers, msgspec.json.encode(problem))


async def run_captured(app: ASGIApp, scope: Scope, body: bytes) -> Captured:
    """Let the application answer a body that was read before."""
    status, headers = 500, {"content-type": CONTENT_TYPE}
    parts: list[bytes] = []

    async def capture(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            for name, value in message["headers"]:
                if name.lower() in _PASSED_ON:
                    headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        elif message["type"] == "http.response.body":
            parts.append(message["body"])

    await app(scope, replayed(body), capture)
    return Captured(status, headers, b"".join(parts))


def replayed(body: bytes) -> Any:  # noqa: ANN401 - an ASGI receive
    """Return what gives the application a body that was read before."""

    async def replay() -> Any:  # noqa: ANN401 - an ASGI message
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def send_whole(captured: Captured, send: Send) -> None:
    """Send an answer in one piece."""
    raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in captured.headers.items()]
    raw.append((b"content-length", str(len(captured.body)).encode()))
    await send({"type": "http.response.start", "status": captured.status, "headers": raw})
    await send({"type": "http.response.body", "body": captured.body, "more_body": False})


async def send_problem(problem: Problem, send: Send) -> None:
    """Send a refusal."""
    await send_whole(refused(problem), send)
