"""A call between parties: no answer, a false one and one that makes no sense are all no answer."""

import asyncio
import ssl
from datetime import UTC, datetime

import httpx2
import msgspec
import pytest

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.message import key_id_of, sign_answer
from kumihimo.kernel.net import CALLS_EACH, Answer, Caller, HttpNet, Refused, trusted
from kumihimo.kernel.refusal import Problem, Unavailable

ENTROPY = SystemEntropy()
ASKER, ASKED = (PartyKeys(name, new_master(ENTROPY)) for name in ("lg-131032", "linkage"))
CLOCK = HandClock(datetime(2026, 6, 1, tzinfo=UTC))


class Question(msgspec.Struct):
    number: int


class Reply(msgspec.Struct):
    double: int


class Book:
    def signing_key(self, key_id):
        keys = {key_id_of(k.party, k.public.signing): k.public.signing for k in (ASKER, ASKED)}
        return keys.get(key_id)


class Room:
    """Answers what it is told to, signed by whom it is told to."""

    def __init__(self, status, body, by=ASKED):
        self.status, self.body, self.by = status, body, by

    async def post(self, party, path, *, headers, body):
        assert (party, body) == ("linkage", b'{"number":2}')
        signed = sign_answer(
            self.by,
            status=self.status,
            content_type="application/json",
            body=self.body,
            to=headers,
            path=path,
            at=CLOCK.now(),
            entropy=ENTROPY,
        )
        return Answer(self.status, signed, self.body)


def call(net, reply=Reply):
    caller = Caller(ASKER, Book(), net, CLOCK, ENTROPY)
    return asyncio.run(caller.call("linkage", "/double", Question(2), reply))


def test_an_answer_that_was_signed_is_believed_and_kept():
    answer, verified = call(Room(200, b'{"double":4}'))
    assert answer == Reply(4)
    assert (verified.sender, verified.evidence.body) == ("linkage", b'{"double":4}')


def test_a_refusal_that_was_signed_has_its_name():
    problem = Problem("urn:kumihimo:not-allowed", "No", 403, "why", "where")
    with pytest.raises(Refused) as refused:
        call(Room(403, msgspec.json.encode(problem)))
    assert (refused.value.reason, refused.value.party) == ("not-allowed", "linkage")
    assert refused.value.problem() == problem


@pytest.mark.parametrize(
    "room",
    [
        Room(200, b'{"double":4}', by=ASKER),
        Room(403, b'{"type":"urn:kumihimo:x","title":"","status":403}', by=ASKER),
        Room(500, b'{"type":"urn:kumihimo:internal","title":"","status":500}'),
        Room(200, b'{"double":"4"}'),
        Room(200, b"\xff"),
        Room(403, b"[]"),
    ],
    ids=["another's", "another's refusal", "a fault", "another form", "no text", "no problem"],
)
def test_what_cannot_be_believed_is_no_answer(room):
    with pytest.raises(Unavailable) as silent:
        call(room)
    assert "linkage" in silent.value.detail


class Carrier(httpx2.AsyncBaseTransport):
    def __init__(self, handler):
        self._handler = handler

    async def handle_async_request(self, request):
        return self._handler(request)


def through(handler, routes):
    async def whole():
        net = HttpNet(routes, transport=Carrier(handler))
        try:
            return await net.post("linkage", "/double", headers={"a": "b"}, body=b"{}")
        finally:
            await net.close()

    return asyncio.run(whole())


def test_a_message_goes_to_the_partys_address_and_comes_back_whole():
    def handler(request):
        assert str(request.url) == "http://core.test/base/double"
        assert (request.headers["a"], request.content) == ("b", b"{}")
        return httpx2.Response(418, headers={"c": "d"}, content=b"tea")

    answer = through(handler, {"linkage": "http://core.test/base/"})
    assert (answer.status, answer.headers["c"], answer.body) == (418, "d", b"tea")


def test_a_party_without_an_address_or_without_an_answer_is_away():
    def dead(request):
        raise httpx2.ConnectError("down", request=request)

    def late(request):
        raise httpx2.ReadTimeout("late", request=request)

    for handler, routes in (
        (dead, {}),
        (dead, {"linkage": "http://x"}),
        (late, {"linkage": "http://x"}),
    ):
        with pytest.raises(Unavailable, match="linkage"):
            through(handler, routes)


def test_whom_https_trusts_is_read_once_and_a_stranger_behind_it_is_not_believed():
    trust = trusted()
    assert (trust.verify_mode, trust.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert trust.get_ca_certs()
    assert trusted() is trust


class Hanging(httpx2.AsyncBaseTransport):
    """One party takes calls and never answers; the others do."""

    def __init__(self):
        self.held = 0

    async def handle_async_request(self, request):
        if request.url.host == "osaka":
            self.held += 1
            await asyncio.Event().wait()
        return httpx2.Response(200)


def test_a_party_that_hangs_takes_so_many_calls_and_keeps_none_from_another():
    async def story():
        transport = Hanging()
        net = HttpNet({name: f"http://{name}" for name in ("osaka", "nagoya")}, transport=transport)
        calls = [
            asyncio.create_task(net.post("osaka", "/", headers={}, body=b"")) for _ in range(100)
        ]
        for _ in range(20):  # let them go as far as they can
            await asyncio.sleep(0)
        answer = await net.post("nagoya", "/", headers={}, body=b"")
        assert (answer.status, transport.held) == (200, CALLS_EACH)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await net.close()

    asyncio.run(story())
