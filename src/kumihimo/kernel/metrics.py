"""What a process of a room counts of its own work, for operators: how its doors answered, how fast.

Doors and outcomes have the program's own names, so that nothing that a caller sent, no address with
an id in it and nobody's name is ever a label. A caller is no label either: who asks would tell of a
person.
"""

from collections.abc import Iterable
from time import perf_counter
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from typing_extensions import override

from kumihimo.kernel.message import PROBLEM_TYPE
from kumihimo.kernel.refusal import URN, codes
from kumihimo.kernel.tracing import span, traces_of

OK: Final = "ok"
BROKEN: Final = "internal"
GONE: Final = "gone"  # whoever asked did not wait for the answer
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_FAILED: Final = 400
_STATE: Final = "meter"


class Meter:
    """The counts of one process. `registry` is what Prometheus' library makes of them.

    `outcomes` are counted by name beside the refusals that the program has: what another party
    calls its refusal is passed on to whoever asked, and must not become a label.
    """

    def __init__(self, outcomes: Iterable[str] = ()) -> None:
        self.outcomes = codes() | {BROKEN, *outcomes}
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._answers = Counter(
            "kumihimo_door_answers_total",
            "Answers of a door, by ok, a refusal's code, or a status where a page was shown.",
            ("door", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "kumihimo_door_seconds",
            "Seconds from a request's arrival at a door to the end of the answer.",
            ("door",),
            buckets=SECONDS,
            registry=self.registry,
        )

    def answered(self, door: str, outcome: str, seconds: float | None = None) -> None:
        """Count an answer; where one costs less than a clock does, no time is told."""
        self._answers.labels(door, outcome).inc()
        if seconds is not None:
            self._seconds.labels(door).observe(seconds)


class MeasuredDoors(ASGIMiddleware):
    """Counts what every door of an application answers; stands outside all others."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        handler = scope["route_handler"]
        if not isinstance(handler, HTTPRouteHandler) or not handler.opt.get("authority"):
            await next_app(scope, receive, send)  # the framework's own: the doors' description
            return
        begun, heard = perf_counter(), _Outcome(self._meter.outcomes)
        door = handler.name or handler.handler_name

        async def listen(message: Message) -> None:
            heard.take(message)
            await send(message)

        with traces_of(scope["litestar_app"]), span(f"door {door}", begins=True) as told:
            try:
                await next_app(scope, receive, listen)
            except Exception:
                heard.outcome = BROKEN
                raise
            finally:
                self._meter.answered(door, heard.outcome, perf_counter() - begun)
                told.outcome(heard.outcome)


class _Named(msgspec.Struct):
    type: str


class _Outcome:
    """What an answer says of itself while it is sent."""

    def __init__(self, named: frozenset[str]) -> None:
        self.outcome = GONE
        self._named = named
        self._problem = False

    def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            self.outcome = OK if status < _FAILED else str(status)
            self._problem = any(
                name.lower() == b"content-type" and value == PROBLEM_TYPE.encode()
                for name, value in message["headers"]
            )
        elif message["type"] == "http.response.body" and self._problem:
            code, self._problem = _code(message["body"]), False
            if code in self._named:
                self.outcome = code


def _code(body: bytes) -> str:
    """Return the code of a refusal, "" where the body is none of ours."""
    try:
        named = msgspec.json.decode(body, type=_Named).type
    except msgspec.DecodeError:
        return ""
    return named.removeprefix(URN) if named.startswith(URN) else ""


def metered(app: Litestar, meter: Meter) -> Litestar:
    """Let `meter_of` find the meter of an application's doors."""
    app.state[_STATE] = meter
    return app


def meter_of(app: Litestar) -> Meter:
    """Return what counts the answers of an application."""
    found: Any = app.state.get(_STATE)
    assert isinstance(found, Meter), "its doors are not measured"
    return found
