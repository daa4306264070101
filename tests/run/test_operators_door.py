"""The operators' door of a room: what programs and people read there, and what else it lets in."""

import asyncio
import socket
from datetime import timedelta

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.grace import Grace, Running, Silence
from kumihimo.kernel.health import Age, Health, Made, Overdue, Queue, Waits, Watch
from kumihimo.kernel.refusal import BadInput, Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.operations.graces import AT_ONCE
from kumihimo.run.loopback import free_port
from kumihimo.run.operators_door import open_to_operators, page
from tests.federation.street import START

GRACE = Grace(
    room="r", missing="m", goes_on="", stops="", period=AT_ONCE, then=Unavailable, test=""
)


@pytest.fixture
def at_the_door(new_room):
    """Run a story with a client at the operators' address of a room; gives the bugs it told."""
    _, reached = new_room("linkage")

    def run(story, **given):
        bugs = []

        async def whole():
            watch = Watch(
                room="linkage",
                database=Database(reached.runtime, pool_max=1),
                clock=HandClock(START),
                **given,
            )
            port = free_port()
            report = lambda *bug: bugs.append(bug)  # noqa: E731 - two words
            async with (
                open_to_operators(watch, ("127.0.0.1", port), report),
                httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
            ):
                await story(http)

        asyncio.run(whole())
        return bugs

    return run


def test_a_program_reads_json_and_a_person_a_page(at_the_door):
    async def story(http):
        answer = await http.get("/health")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json()["state"] == "ok"
        answer = await http.get("/health", headers={"accept": "text/html,*/*;q=0.8"})
        assert answer.headers["content-type"].startswith("text/html")
        assert "<h1>linkage: 正常 All is well</h1>" in answer.text
        assert answer.headers["cache-control"] == "no-store"

    assert at_the_door(story) == []


def test_a_room_that_refuses_tells_a_balancer_to_go_elsewhere(at_the_door):
    async def story(http):
        for accept in ("application/json", "text/html"):
            answer = await http.get("/health", headers={"accept": accept})
            assert answer.status_code == 503

    at_the_door(story, silences=(Silence(GRACE, START.replace(year=2025)),))


def told(text):
    """Read what Prometheus would; gives each sample by its name and labels."""
    found = [one for family in text_string_to_metric_families(text) for one in family.samples]
    told = {(one.name, *sorted(one.labels.values())): one.value for one in found}
    assert len(told) == len(found), "a sample stands there twice"
    return told


def test_prometheus_reads_what_health_tells_also_of_a_room_that_refuses(at_the_door):
    async def story(http):
        answer = await http.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        found = told(answer.text)
        assert found["kumihimo_room_state", "linkage", "refusing"] == 1
        assert found["kumihimo_room_state", "linkage", "ok"] == 0
        assert found["kumihimo_grace_left_seconds", "m", "unavailable"] == 0
        assert found["kumihimo_queue_messages", "lg-131032", "notice"] == 3
        assert found["kumihimo_queue_oldest_seconds", "lg-131032", "notice"] == 60
        assert found["kumihimo_age_seconds", "list"] == 120
        assert ("kumihimo_age_seconds", "never") not in found
        assert found["process_cpu_seconds_total",] > 0

    async def look(tx):
        return [
            Waits("notice", "lg-131032", 3, START - timedelta(minutes=1)),
            Made("list", START - timedelta(minutes=2)),
            Made("never", None),
        ]

    long_ago = START.replace(year=2025)
    silences = (Silence(GRACE, long_ago), Silence(GRACE, START - timedelta(hours=1)))
    assert at_the_door(story, looks=(look,), silences=silences) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/health/"),
        ("GET", "/healthy"),
        ("GET", "/%68ealth"),
        ("GET", "/metrics/"),
        ("POST", "/metrics"),
        ("GET", "/schema"),
        ("POST", "/health"),
        ("DELETE", "/health"),
        ("OPTIONS", "*"),
    ],
)
def test_nothing_else_is_there(at_the_door, method, path):
    async def story(http):
        answer = await http.request(method, path)
        assert (answer.status_code, answer.content) == (404, b"")

    at_the_door(story)


def test_a_bug_in_a_look_is_reported_and_the_door_stays_open(at_the_door):
    async def look(tx):
        raise ZeroDivisionError

    async def story(http):
        for _ in range(2):
            answer = await http.get("/health")
            assert (answer.status_code, answer.content) == (500, b"")

    bugs = at_the_door(story, looks=(look,))
    assert [type(error) for _, error in bugs] == [ZeroDivisionError] * 2


def test_an_address_that_is_taken_is_told_by_its_key(new_room):
    _, reached = new_room("linkage")

    async def whole():
        watch = Watch(room="linkage", database=Database(reached.runtime), clock=HandClock(START))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with pytest.raises(BadInput, match="operators"):
                async with open_to_operators(watch, taken.getsockname(), lambda *_: None):
                    raise AssertionError

    asyncio.run(whole())


def test_a_page_shows_everything_that_a_program_reads_and_escapes_it():
    told = Health(
        room="linkage",
        at=START,
        state="grace",
        queues=(Queue(queue="outbox", party="<ledger>", count=41, oldest_s=42),),
        ages=(Age(what="list sign", age_s=43), Age(what="checkpoint", age_s=None)),
        graces=(Running(missing="ledger", silent_s=44, left_s=45, then="ledger-silent"),),
        alarms=(Overdue(of="list sign", party="", age_s=43, limit_s=46),),
    )
    shown = page(told)
    for word in (
        "&lt;ledger&gt;",
        "41",
        "42",
        "43",
        "checkpoint",
        "—",
        "44",
        "45",
        "46",
        "ledger-silent",
    ):
        assert f"<td>{word}</td>" in shown
    assert "猶予中" in shown
    assert "<ledger>" not in shown
    assert "script" not in shown


def test_a_page_of_a_room_with_nothing_says_so():
    told = Health(room="r", at=START, state="ok", queues=(), ages=(), graces=())
    assert page(told).count("なし None") == 5
