"""What a program with a token is told, whatever the room answers or does not."""

import httpx2
import msgspec
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Busy, NotFound, Overloaded, TooMany, Unavailable
from kumihimo.kernel.token_client import TRIES, TokenClient
from kumihimo.kernel.withheld import Withheld


class Told(msgspec.Struct):
    number: int


class Room(httpx2.BaseTransport):
    """Answers with what it was given, if it answers at all."""

    def __init__(self, status, body):
        self.status, self.body, self.asked = status, body, []

    def handle_request(self, request):
        self.asked.append(request)
        if self.status is None:
            raise httpx2.ConnectError("no")
        return httpx2.Response(self.status, content=self.body)


def ask(room):
    with TokenClient("gateway", "http://room", Withheld("secret"), transport=room) as client:
        return client._post("/v1/x", Told(1), Told)


def test_an_answer_is_read_and_the_token_stands_in_the_header_and_nowhere_else():
    room = Room(201, b'{"number": 2}')
    assert ask(room) == Told(2)
    [request] = room.asked
    assert request.headers["authorization"] == "Bearer secret"
    assert "secret" not in str(request.url)
    assert b"secret" not in request.content


def test_a_refusal_comes_by_its_name():
    with pytest.raises(Refused) as refused:
        ask(Room(404, msgspec.json.encode(NotFound().problem())))
    assert refused.value.reason == "not-found"


@pytest.mark.parametrize(
    ("status", "body"), [(None, b""), (200, b"<html>"), (200, b'{"number": "2"}'), (502, b"\xff")]
)
def test_no_answer_and_one_that_is_not_understood_are_unavailable(status, body):
    with pytest.raises(Unavailable, match="gateway"):
        ask(Room(status, body))


class Crowd(httpx2.BaseTransport):
    """A room that is busy for so many calls, and then answers."""

    def __init__(self, refusal, calls):
        self.left, self.problem = calls, refusal.problem()

    def handle_request(self, request):
        assert request.method == "POST"
        self.left -= 1
        if self.left >= 0:
            content = msgspec.json.encode(self.problem)
            return httpx2.Response(self.problem.status, content=content)
        return httpx2.Response(200, content=b'{"number": 2}')


def ask_crowd(crowd):
    waited = []
    with TokenClient("gateway", "http://room", "x", transport=crowd, wait=waited.append) as client:
        try:
            return client._post("/v1/x", Told(1), Told), waited
        except Unavailable as refusal:
            return refusal.detail, waited
        except Refused as refusal:
            return refusal.reason, waited


@pytest.mark.parametrize("refusal", [Busy(), Overloaded()])
def test_a_busy_room_is_asked_again_after_the_time_that_it_says(refusal):
    first = refusal.retry_after_s
    assert ask_crowd(Crowd(refusal, 2)) == (Told(2), [first, first * 2])


def test_a_room_that_stays_busy_is_left_alone_in_the_end():
    said, waited = ask_crowd(Crowd(Busy(), 1_000))
    assert said == "gateway has too much to do now"
    assert len(waited) == TRIES - 1


def test_a_quota_is_a_refusal_and_not_asked_again():
    assert ask_crowd(Crowd(TooMany(), 1)) == ("too-many", [])
