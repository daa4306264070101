"""What a program with a token is told, whatever the room answers or does not."""

import httpx2
import msgspec
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import NotFound, Unavailable
from kumihimo.kernel.token_client import TokenClient
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
