import asyncio
from typing import Any

import httpx2
import msgspec
import pytest
from litestar import Request, Router, get, post
from litestar.params import JSONBody
from tests.federation.street import START, transport_to

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.door import (
    BearerDoor,
    SignedDoor,
    behind,
    lawful,
    own_routes,
    room_app,
    verified_of,
)
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.message import MAX_AGE, MAX_SKEW, sign_request
from kumihimo.kernel.net import Caller, HttpNet, Refused
from kumihimo.kernel.refusal import Conflict, Unavailable

ENTROPY = SystemEntropy()
SECRET = "山田花子"


class Sum(msgspec.Struct):
    """What the door under test asks for."""

    number: int
    note: str = ""


class Answer(msgspec.Struct):
    """What it answers."""

    sender: str
    number: int


class Book:
    def __init__(self, *keys):
        self.keys = {k.party: k.public.signing for k in keys}

    def signing_key(self, key_id):
        return self.keys.get(key_id.partition("#")[0])


class House:
    """A room with one door, and somebody outside."""

    def __init__(self):
        self.room = PartyKeys("linkage", new_master(ENTROPY))
        self.outside = PartyKeys("lg-131032", new_master(ENTROPY))
        self.clock = HandClock(START)
        self.book = Book(self.room, self.outside)
        self.bugs = []

        @post(
            "/sum",
            status_code=200,
            opt=lawful(authority="Number Act art. 21", callers=("institution",)),
        )
        async def take(request: Request[Any, Any, Any], data: JSONBody[Sum]) -> Answer:
            if data.number == 7:
                raise Conflict("seven is taken", pointer="number")
            if data.number == 8:
                raise RuntimeError(SECRET)
            return Answer(verified_of(request).sender, data.number)

        door = SignedDoor(
            keys_of=lambda party: self.room if party == "linkage" else None,
            book=self.book,
            clock=self.clock,
            entropy=ENTROPY,
            body_max=10_000,
        )
        self.app = room_app("house", [take], report=lambda *bug: self.bugs.append(bug), door=door)
        self.net = HttpNet({"linkage": "http://linkage"}, transport=transport_to(self.app))

    def call(self, body, *, keys=None):
        caller = Caller(keys or self.outside, self.book, self.net, self.clock, ENTROPY)
        return asyncio.run(caller.send("linkage", "/sum", body, Answer))[0]

    def post(self, headers, body):
        async def send():
            async with httpx2.AsyncClient(transport=transport_to(self.app)) as client:
                return await client.post("http://linkage/sum", headers=headers, content=body)

        return asyncio.run(send())

    def signed(self, body, *, recipient="linkage", path="/sum"):
        return sign_request(
            self.outside,
            path=path,
            recipient=recipient,
            body=body,
            at=self.clock.now(),
            entropy=ENTROPY,
        )


@pytest.fixture
def house():
    return House()


GOOD = b'{"number": 3}'


def test_a_signed_message_is_answered_and_the_room_knows_who_asked(house):
    assert house.call(GOOD) == Answer("lg-131032", 3)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"number": "3"}', b'{"number": null}', b"\xff\xfe", b'{"note": "x"}'],
)
def test_a_body_of_another_form_is_refused_with_the_place_and_without_the_value(house, body):
    with pytest.raises(Refused) as refusal:
        house.call(body)
    assert refusal.value.reason == "bad-input"
    assert '"3"' not in refusal.value.remote.detail


def test_a_nul_is_refused_with_its_place(house):
    with pytest.raises(Refused) as refusal:
        house.call(b'{"number": 3, "note": "a\\u0000"}')
    assert (refusal.value.reason, refusal.value.remote.pointer) == ("bad-input", "note")


def test_a_refusal_is_signed_and_named(house):
    with pytest.raises(Refused) as refusal:
        house.call(b'{"number": 7}')
    assert (refusal.value.reason, refusal.value.remote.pointer) == ("conflict", "number")


def test_a_bug_is_told_to_the_operator_and_not_to_the_caller(house):
    answer = house.post(house.signed(b'{"number": 8}'), b'{"number": 8}')
    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert len(house.bugs) == 1


def forgeries(house):
    """Every way of not being authentic: one word in a header, the body, the path, the time."""
    good = house.signed(GOOD)
    yield {}, GOOD
    yield good, b'{"number": 4}'
    yield house.signed(GOOD, recipient="ledger"), GOOD
    yield house.signed(GOOD, path="/other"), GOOD
    yield good | {"kumihimo-recipient": "ledger"}, GOOD
    yield good | {"content-type": "application/xml"}, GOOD
    yield good | {"signature": "kumihimo=:" + "A" * 86 + "==:"}, GOOD
    yield {k: v for k, v in good.items() if k != "content-digest"}, GOOD
    stranger = PartyKeys("lg-131032", new_master(ENTROPY))
    house.outside = stranger
    yield house.signed(GOOD), GOOD


def test_whatever_is_not_authentic_gets_the_same_words(house):
    answers = {(a.status_code, a.content) for a in (house.post(h, b) for h, b in forgeries(house))}
    [(status, content)] = answers
    assert status == 401
    assert b"not-authentic" in content


@pytest.mark.parametrize("shift", [-MAX_SKEW * 2, MAX_AGE * 2])
def test_an_old_message_and_one_from_the_future_are_refused(house, shift):
    headers = house.signed(GOOD)
    assert house.post(headers, GOOD).status_code == 200
    house.clock.advance(shift)
    assert house.post(headers, GOOD).status_code == 401


def test_a_message_larger_than_the_door_is_refused(house):
    body = b'{"number": 3, "note": "' + b"x" * 20_000 + b'"}'
    assert house.post(house.signed(body), body).status_code == 401


def test_an_answer_that_the_asked_party_did_not_sign_is_not_believed(house):
    house.book.keys["linkage"] = house.outside.public.signing
    with pytest.raises(Unavailable):
        house.call(GOOD)


def test_a_route_without_authority_or_callers_does_not_start():
    @post("/free")
    async def free() -> None: ...

    with pytest.raises(AssertionError, match="authority"):
        room_app("free", [free], report=lambda *_: None)


async def anybody(authorization):
    return authorization


def doors_of(routes):
    """Return the doors that stand before routes in a room that they are registered in."""
    app = room_app("house", [routes], report=lambda *_: None)
    [handler] = [handler for _, handler in own_routes(app)]
    return [one for one in handler.resolve_middleware() if isinstance(one, BearerDoor)]


def test_a_door_counts_what_is_under_way_on_its_routes_and_so_is_registered_itself():
    @get("/sum", opt=lawful(authority="Number Act art. 21", callers=("oneself",)))
    async def read() -> int:
        return 1

    door = BearerDoor(anybody, consumer_of=str)
    assert doors_of(behind(door, "/my", [read])) == [door]
    # The framework's own routes are registered as a copy, with another door.
    assert doors_of(Router("/my", route_handlers=[read], middleware=[door])) != [door]
