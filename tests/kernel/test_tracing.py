"""Spans of a room: the program's own words, a trace that ends at the wall, and nothing when off."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
from litestar import get
from litestar.params import FromPath
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.federation.street import transport_to
from typing_extensions import override

from kumihimo.kernel.door import lawful, room_app
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.refusal import Conflict
from kumihimo.kernel.tracing import span, to_collector, trace, traces_of, tracing
from kumihimo.kernel.worker import Job, working

LAW = lawful(authority="Number Act art. 21", callers=("anyone",))
PERSON = "山田花子"
COMES_WITH = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class House:
    """An application whose doors work, refuse, break and ask another, and its spans."""

    def __init__(self, name, *, asks: Any = None, one_in=1, on=True):
        @get("/people/{person:str}", opt=LAW)
        async def look(person: FromPath[str]) -> str:
            """Do as the last letter says."""
            with span("database"):
                if person[-1] == "c":
                    raise Conflict(PERSON)
                if person[-1] == "b":
                    raise RuntimeError(PERSON)
            if asks is not None:
                with span("call /people", begins=True):
                    return await asks.ask(person)
            return person

        self.app = room_app(name, [look], report=lambda *_: None)
        self.spans = InMemorySpanExporter()
        self.tracing = tracing(name, self.spans, one_in=one_in, entropy=SeededEntropy(name))
        if on:
            trace(self.app, self.tracing)

    async def ask(self, person):
        headers = {"traceparent": COMES_WITH, "tracestate": "a=b", "baggage": "who=1"}
        async with httpx2.AsyncClient(transport=transport_to(self.app)) as http:
            answer = await http.get(f"http://house/people/{person}", headers=headers)
        return answer.text

    def asked(self, *people) -> Any:
        async def whole():
            for person in people:
                await self.ask(person)

        asyncio.run(whole())
        return self.told()

    def told(self) -> Any:
        self.tracing.provider.force_flush()
        return self.spans.get_finished_spans()


def test_a_request_is_a_trace_of_its_door_and_what_was_done_inside_it():
    inner, outer = House("a").asked("x")
    assert (outer.name, outer.parent) == ("door look", None)
    assert dict(outer.attributes) == {"outcome": "ok"}
    assert inner.name == "database"
    assert inner.parent.span_id == outer.context.span_id
    assert dict(inner.attributes) == {}
    assert outer.resource.attributes == {"service.name": "kumihimo-a"}


def test_a_refusal_is_told_by_its_name_and_a_bug_as_one_and_neither_in_its_words():
    told = House("a").asked("c", "b")
    outcomes = [(one.name, one.attributes["outcome"]) for one in told]
    assert outcomes == [
        ("database", "conflict"),
        ("door look", "conflict"),
        ("database", "internal"),
        ("door look", "internal"),
    ]
    for one in told:
        assert not one.events
        assert PERSON not in one.to_json(indent=None).encode().decode("unicode-escape")
        assert "people" not in one.to_json()


def test_a_trace_that_comes_with_a_request_is_not_gone_on_with():
    for one in House("a").asked("x"):
        assert one.context.trace_id != int(COMES_WITH.split("-")[1], 16)
        assert not one.context.trace_state
    [_, outer] = House("a").asked("x")
    assert outer.parent is None


@pytest.mark.parametrize("on", [True, False])
def test_a_room_that_is_asked_by_another_has_a_trace_of_its_own_or_none(on):
    provider = House("b", on=on)
    asker = House("a", asks=provider)
    asked = asker.asked("x")
    assert [one.name for one in asked] == ["database", "call /people", "door look"]
    assert len({one.context.trace_id for one in asked}) == 1
    answered = provider.told()
    assert len(answered) == (2 if on else 0)
    ids = {one.context.trace_id for one in asked} | {one.context.span_id for one in asked}
    for one in answered:
        assert not ids & {one.context.trace_id, one.context.span_id}


def test_without_a_collector_there_are_no_spans():
    assert House("a", on=False).asked("x", "b") == ()


def test_of_many_requests_the_share_that_was_asked_for_is_traced_each_whole():
    told = House("a", one_in=4).asked(*["x"] * 80)
    doors = [one for one in told if one.name == "door look"]
    assert 0 < len(doors) < 80
    assert len(told) == 2 * len(doors)


def test_work_beside_the_requests_begins_its_traces_where_it_calls():
    house, done = House("a"), asyncio.Event()

    async def work():
        with span("database"):  # looks at an empty queue again and again
            pass
        with span("call /records", begins=True), span("database"):
            pass
        done.set()
        return 0

    async def whole():
        async with working([Job("sending", work, 3_600)], lambda *_: None)(house.app):
            await done.wait()

    asyncio.run(whole())
    assert [one.name for one in house.told()] == ["database", "call /records"]


class Collector(ThreadingHTTPServer):
    """A real collector's address on loopback, which keeps what it is sent."""

    def __init__(self):
        self.taken = []
        super().__init__(("127.0.0.1", 0), Taking)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/v1/traces"


class Taking(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        server: Any = self.server
        server.taken.append((self.path, dict(self.headers), body))
        self.send_response(200)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def collector():
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_collector_is_sent_the_spans_and_nothing_of_the_machine(collector, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=secret")
    exporter = to_collector(collector.address)
    by = tracing("house", exporter, one_in=1, entropy=SeededEntropy("a"))
    app = room_app("house", [], report=lambda *_: None)
    trace(app, by)
    with traces_of(app), span("door look", begins=True):
        pass
    by.close()
    [(path, _, body)] = collector.taken
    assert path == "/v1/traces"
    sent = ExportTraceServiceRequest.FromString(body)
    [of_resource] = sent.resource_spans
    attributes = {one.key: one.value.string_value for one in of_resource.resource.attributes}
    assert attributes == {"service.name": "kumihimo-house"}
    [[one]] = [list(of_scope.spans) for of_scope in of_resource.scope_spans]
    assert (one.name, one.parent_span_id) == ("door look", b"")
