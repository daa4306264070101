"""How much may be under way at a door: whoever floods it is told so, and nobody else is."""

import asyncio
from typing import Any

import httpx2
import msgspec
import pytest
from litestar import Request, post
from litestar.params import JSONBody
from tests.federation.street import START, transport_to
from tests.kernel.test_door import Book

from kumihimo.kernel import admission
from kumihimo.kernel.admission import Bounds
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.door import BearerDoor, OpenDoor, SignedDoor, behind, lawful, room_app
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.fair import worked_for
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.message import sign_request
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.refusal import NotAuthentic, Unavailable

ENTROPY = SystemEntropy()
OPT = lawful(authority="Number Act art. 21", callers=("institution",))
TIGHT = Bounds(calls_each=2, strangers=2, calls_all=5, bytes_each=3_000, bytes_all=5_000)
BODY = b'{"note": "x"}'


class Note(msgspec.Struct):
    note: str


class Answer(msgspec.Struct):
    consumer: str


class Doors:
    """A bearer door, a signed one and an open one; nothing is answered before `go` is set."""

    def __init__(self, bounds=TIGHT):
        self.go = asyncio.Event()
        self.under_way: list[str] = []
        self.guesses = 0
        self.trying = asyncio.Event()
        self.clock = HandClock(START)
        self.room, self.minato, self.osaka = (
            PartyKeys(name, new_master(ENTROPY)) for name in ("linkage", "lg-131032", "lg-271004")
        )
        self.book = Book(self.room, self.minato, self.osaka)

        async def work() -> Answer:
            self.under_way.append(worked_for())
            await self.go.wait()
            return Answer(worked_for())

        @post("/work", status_code=200, opt=OPT)
        async def bearer(data: JSONBody[Note]) -> Answer:
            return await work()

        @post("/other", status_code=200, opt=OPT)
        async def other(data: JSONBody[Note]) -> Answer:
            return await work()

        @post("/signed", status_code=200, opt=OPT)
        async def signed(request: Request[Any, Any, Any], data: JSONBody[Note]) -> Answer:
            return await work()

        @post(
            "/open", status_code=200, opt={**OPT, "unsigned": True}, middleware=[OpenDoor(bounds)]
        )
        async def anybody(data: JSONBody[Note]) -> Answer:
            return await work()

        self.app = room_app(
            "doors",
            [
                behind(
                    BearerDoor(self.authenticate, consumer_of=lambda name: name, bounds=bounds),
                    "/v1",
                    [bearer, other],
                ),
                signed,
                anybody,
            ],
            report=lambda *bug: pytest.fail(str(bug)),
            door=SignedDoor(
                keys_of=lambda _: self.room,
                book=self.book,
                clock=self.clock,
                entropy=ENTROPY,
                body_max=4_000,
                bounds=bounds,
            ),
        )
        self.http = httpx2.AsyncClient(transport=transport_to(self.app))

    async def authenticate(self, authorization: str) -> str:
        kind, _, name = authorization.partition(" ")
        if kind != "Bearer":
            self.guesses += 1
            await self.trying.wait()
            raise NotAuthentic
        return name

    def ask(self, name, body=BODY, path="/v1/work", kind="Bearer"):
        """Begin a call."""
        headers = {"authorization": f"{kind} {name}"}
        return asyncio.create_task(
            self.http.post("http://room" + path, headers=headers, content=body)
        )

    def say(self, keys, body=BODY, *, signer=None):
        """Begin a signed call; `signer` is who really signs it."""
        headers = sign_request(
            signer or keys,
            path="/signed",
            recipient="linkage",
            body=BODY,
            at=self.clock.now(),
            entropy=ENTROPY,
        )
        if signer is not None:
            genuine = sign_request(
                keys,
                path="/signed",
                recipient="linkage",
                body=BODY,
                at=self.clock.now(),
                entropy=ENTROPY,
            )
            headers["signature-input"] = genuine["signature-input"]
        return asyncio.create_task(
            self.http.post("http://room/signed", headers=headers, content=body)
        )

    def call(self, keys):
        net = HttpNet({"linkage": "http://linkage"}, transport=transport_to(self.app))
        caller = Caller(keys, self.book, net, self.clock, ENTROPY)
        return caller.send("linkage", "/signed", BODY, Answer)

    async def reach(self, count):
        """Let all who came go as far as they can; so many are under way then."""
        await settled()
        assert len(self.under_way) == count


async def settled():
    """Let everybody go as far as she can."""
    for _ in range(100):
        await asyncio.sleep(0)


async def half(size, ever):
    """Send a body of which the rest never comes."""
    yield b" " * size
    await ever.wait()
    yield b""


def told(answer):
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == str(problem["retry_after_s"])
    return answer.status_code, problem["type"].removeprefix("urn:kumihimo:")


def run(story):
    async def whole():
        async with asyncio.timeout(30):  # who is forgotten would wait for ever
            await story(Doors())

    asyncio.run(whole())


BUSY, OVERLOADED = (429, "busy"), (503, "overloaded")


def test_a_flood_of_one_institution_is_told_busy_and_another_is_answered():
    async def story(doors):
        flood = [doors.ask("minato") for _ in range(2)]
        await doors.reach(2)
        assert told(await doors.ask("minato")) == BUSY
        assert told(await doors.ask("minato", path="/v1/other")) == BUSY
        other = doors.ask("osaka")
        await doors.reach(3)
        assert doors.under_way == ["minato", "minato", "osaka"]  # a refused call was not begun
        doors.go.set()
        assert {one.status_code for one in await asyncio.gather(*flood, other)} == {200}
        assert (await doors.ask("minato")).json() == {"consumer": "minato"}

    run(story)


def test_a_crowd_of_many_is_told_overloaded():
    async def story(doors):
        crowd = [doors.ask(f"town-{number % 3}") for number in range(5)]
        await doors.reach(5)
        assert told(await doors.ask("osaka")) == OVERLOADED
        doors.go.set()
        await asyncio.gather(*crowd)
        assert (await doors.ask("osaka")).status_code == 200

    run(story)


def test_a_party_that_floods_is_told_so_under_the_rooms_signature_and_takes_it_for_later():
    async def story(doors):
        flood = [doors.say(doors.minato) for _ in range(2)]
        await doors.reach(2)
        refused = await doors.say(doors.minato)
        assert told(refused) == BUSY
        assert 'keyid="linkage#' in refused.headers["signature-input"]
        with pytest.raises(Unavailable, match="enough of ours"):
            await doors.call(doors.minato)
        doors.go.set()
        assert (await doors.call(doors.osaka))[0] == Answer("lg-271004")
        await asyncio.gather(*flood)

    run(story)


def test_who_tries_out_tokens_keeps_nobody_waiting_who_is_known():
    async def story(doors):
        doors.go.set()
        await doors.ask("minato")
        trying = [doors.ask("guess", kind="Guess") for _ in range(2)]
        await settled()
        assert doors.guesses == 2
        assert (await doors.ask("minato")).status_code == 200
        assert told(await doors.ask("osaka")) == OVERLOADED  # a stranger still
        doors.trying.set()
        assert {one.status_code for one in await asyncio.gather(*trying)} == {401}
        assert (await doors.ask("osaka")).status_code == 200

    run(story)


def test_a_door_forgets_whoever_has_not_come_for_longest(monkeypatch):
    monkeypatch.setattr("kumihimo.kernel.door.KNOWN_MAX", 2)

    async def story(doors):
        doors.go.set()
        for name in ("minato", "osaka", "minato", "nagoya"):  # osaka is forgotten
            await doors.ask(name)
        trying = [doors.ask("guess", kind="Guess") for _ in range(2)]
        await settled()
        assert doors.guesses == 2
        assert (await doors.ask("minato")).status_code == 200
        assert told(await doors.ask("osaka")) == OVERLOADED
        doors.trying.set()
        await asyncio.gather(*trying)

    run(story)


def test_bodies_of_one_that_never_end_fill_no_memory_and_hold_up_no_other():
    async def story(doors):
        ever = asyncio.Event()
        slow = doors.ask("minato", half(2_000, ever))
        await settled()
        assert told(await doors.ask("minato", b" " * 2_000)) == BUSY
        doors.go.set()
        assert (await doors.ask("osaka", BODY + b" " * 2_000)).status_code == 200
        ever.set()
        assert (await slow).status_code == 400
        assert (await doors.ask("minato", BODY + b" " * 2_000)).status_code == 200

    run(story)


def test_whoever_signs_in_anothers_name_holds_up_that_ones_bodies_alone():
    async def story(doors):
        ever = asyncio.Event()
        doors.go.set()
        slow = doors.say(doors.minato, half(2_500, ever), signer=doors.osaka)
        await settled()
        assert told(await doors.say(doors.minato, BODY + b" " * 1_000)) == BUSY
        assert (await doors.say(doors.osaka)).status_code == 200
        ever.set()
        assert (await slow).status_code == 401
        assert (await doors.say(doors.minato)).status_code == 200

    run(story)


def test_who_sends_too_slowly_is_told_so(monkeypatch):
    monkeypatch.setattr(admission, "READ_WITHIN_S", 0.01)

    async def story(doors):
        answer = await doors.ask("minato", half(10, asyncio.Event()))
        assert answer.status_code == 408
        assert answer.json()["type"] == "urn:kumihimo:too-slow"

    run(story)


def test_an_open_door_takes_so_many_and_tells_the_next():
    async def story(doors):
        crowd = [doors.ask("", path="/open") for _ in range(2)]
        await doors.reach(2)
        assert told(await doors.ask("", path="/open")) == OVERLOADED
        doors.go.set()
        assert {one.status_code for one in await asyncio.gather(*crowd)} == {200}

    run(story)


@pytest.mark.parametrize("path", ["/v1/work", "/open"])
def test_a_body_larger_than_the_door_takes_is_no_flood(path):
    async def story(doors):
        doors.go.set()
        wide = Doors(Bounds(calls_each=1, calls_all=1, bytes_each=2**24, bytes_all=2**24))
        wide.go.set()
        assert (await wide.ask("minato", b" " * (2**23 + 1), path)).status_code == 413
        assert (await wide.ask("minato", path=path)).status_code == 200

    run(story)
