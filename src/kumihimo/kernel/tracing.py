"""Spans (OpenTelemetry): where the time of one request goes inside one process, for its operators.

A trace ends at the room's wall: what a room begins has an id of its own, none is sent with a
message, and none that comes with one is read (docs/decisions/0017). A span is named by the
program's own words, and says an outcome and nothing else: nobody's name, no id of a message, no
address, and not who asked whom.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import attrs
from litestar import Litestar
from typing_extensions import override

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.refusal import Refusal

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, Tracer

OUTCOME: Final = "outcome"
BROKEN: Final = "internal"
EXPORT_TIMEOUT_S: Final = 10.0
WAITING_MAX: Final = 2_048  # spans that wait for the collector; more are dropped
AT_ONCE: Final = 512
EVERY_MS: Final = 5_000
_STATE: Final = "tracing"


@attrs.frozen
class _Place:
    """Where the present work stands: whose tracer, and inside which span."""

    tracer: "Tracer"
    inside: "Span | None" = None


_PLACE: Final[ContextVar[_Place | None]] = ContextVar("span", default=None)


@attrs.frozen
class Tracing:
    """The spans of one process of a room."""

    tracer: "Tracer"
    provider: "TracerProvider"

    def close(self) -> None:
        """Send what waits, and end; takes as long as a collector that does not answer."""
        self.provider.shutdown()


def tracing(room: str, exporter: "SpanExporter", *, one_in: int, entropy: Entropy) -> Tracing:
    """Return what traces one request in so many of a room, and hands the spans to an exporter.

    Nothing is read from the environment, and nothing is said of the machine.
    """
    # A room that is not traced has nothing of this in its memory.
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.id_generator import IdGenerator  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    class Drawn(IdGenerator):
        """Ids that nobody can tell from others, and that no other room has."""

        @override
        def generate_trace_id(self) -> int:
            return int.from_bytes(entropy.bytes(16), "big") or 1

        @override
        def generate_span_id(self) -> int:
            return int.from_bytes(entropy.bytes(8), "big") or 1

    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(1 / one_in)),
        resource=Resource({"service.name": f"kumihimo-{room}"}),
        shutdown_on_exit=False,
        id_generator=Drawn(),
        span_limits=SpanLimits(max_attributes=8, max_events=0, max_links=0),
    )
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=WAITING_MAX,
            schedule_delay_millis=EVERY_MS,
            max_export_batch_size=AT_ONCE,
            export_timeout_millis=EXPORT_TIMEOUT_S * 1_000,
        )
    )
    return Tracing(provider.get_tracer("kumihimo"), provider)


def to_collector(address: str) -> "SpanExporter":
    """Return what sends spans to a collector's address (OTLP over HTTP)."""
    import requests  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    session = requests.Session()
    session.trust_env = False  # no proxy and no password of the machine's
    return OTLPSpanExporter(address, headers={}, timeout=EXPORT_TIMEOUT_S, session=session)


def trace(app: Litestar, by: Tracing) -> None:
    """Have an application's doors and work traced."""
    app.state[_STATE] = by


def tracing_of(app: Litestar) -> Tracing | None:
    """Return what traces an application, None where nothing does."""
    found: Tracing | None = app.state.get(_STATE)
    return found


@contextmanager
def traces_of(app: Litestar) -> Generator[None]:
    """Let the work of this block be an application's own, whoever called it in this process."""
    by = tracing_of(app)
    token = _PLACE.set(None if by is None else _Place(by.tracer))
    try:
        yield
    finally:
        _PLACE.reset(token)


@attrs.frozen
class Told:
    """What a span is told at its end."""

    span: "Span | None" = None

    def outcome(self, word: str) -> None:
        """Say by one of the program's own words how it ended."""
        if self.span is not None:
            self.span.set_attribute(OUTCOME, word)


_NOBODY: Final = Told()


@contextmanager
def span(name: str, *, begins: bool = False) -> Generator[Told]:
    """Measure this block as a part of what is measured around it.

    `begins`: where nothing is, a trace begins here. A block that raises says which refusal it was,
    and never in which words.
    """
    place = _PLACE.get()
    if place is None or (place.inside is None and not begins):
        yield _NOBODY
        return
    one = place.tracer.start_span(name, _context(place.inside), record_exception=False)
    token = _PLACE.set(attrs.evolve(place, inside=one))
    told = Told(one)
    try:
        yield told
    except Refusal as refusal:
        told.outcome(type(refusal).code)
        raise
    except Exception:
        told.outcome(BROKEN)
        raise
    finally:
        _PLACE.reset(token)
        one.end()


def _context(inside: "Span | None") -> Any:  # noqa: ANN401 - the library's own, a mapping
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace import set_span_in_context  # noqa: PLC0415

    return Context() if inside is None else set_span_in_context(inside, Context())
