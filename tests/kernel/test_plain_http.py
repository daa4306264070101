"""The plain HTTP of short questions: what is a question is answered once, and nothing else is."""

import asyncio
from contextlib import suppress

import httpx2
import pytest

from kumihimo.kernel import plain_http
from kumihimo.kernel.plain_http import BODY_MAX, Answer, listening
from kumihimo.run.loopback import HOST, free_port

POST = b"POST /ask?x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-Word: w\r\n\r\nabc"


class Asked:
    """Answers with what it was asked; may be kept from answering for a while."""

    def __init__(self):
        self.questions = []
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, question):
        self.questions.append(question)
        self.was_asked.set()
        await self.may_answer.wait()
        return Answer(b"200 OK", b"text/plain", question.method + question.path + question.body)


def served(story):
    async def whole():
        asked, port = Asked(), free_port()
        async with listening(asked, HOST, port):
            await asyncio.wait_for(story(asked, port), 60)

    asyncio.run(whole())


async def said(port, *pieces, ends=True):
    """Send pieces one after the other; return everything that comes until the server closes."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        if ends:
            writer.write_eof()
        return await reader.read()
    finally:
        await closed(writer)


async def closed(writer):
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def test_a_client_that_we_did_not_write_is_answered_again_and_again_on_one_connection():
    async def story(asked, port):
        async with httpx2.AsyncClient(trust_env=False) as client:
            for body in (b"", b"one", b"x" * BODY_MAX):
                answer = await client.post(f"http://{HOST}:{port}/a", content=body)
                assert (answer.status_code, answer.content) == (200, b"POST/a" + body)
                assert answer.headers["cache-control"] == "no-store"
            answer = await client.get(f"http://{HOST}:{port}/b%2Fc")
            assert answer.content == b"GET/b%2Fc"
        assert len(asked.questions) == 4

    served(story)


def test_a_question_that_comes_in_pieces_is_one_question():
    async def story(asked, port):
        whole = await said(port, *(POST[i : i + 7] for i in range(0, len(POST), 7)))
        assert whole.endswith(b"\r\n\r\nPOST/ask?xabc")
        [question] = asked.questions
        assert question.headers == {b"host": b"a", b"content-length": b"3", b"x-word": b"w"}

    served(story)


def test_a_second_question_waits_for_the_answer_to_the_first():
    async def story(asked, port):
        asked.may_answer.clear()
        asking = asyncio.create_task(said(port, POST, POST))
        await asyncio.sleep(0.1)
        assert len(asked.questions) == 1
        asked.may_answer.set()
        assert (await asking).count(b"POST/ask?xabc") == 2

    served(story)


def test_a_client_of_http_1_0_is_answered_and_its_connection_closed():
    async def story(asked, port):
        found = await said(port, POST.replace(b"/1.1", b"/1.0"), ends=False)
        assert b"connection: close\r\n" in found
        assert found.endswith(b"POST/ask?xabc")

    served(story)


@pytest.mark.parametrize(
    "sent",
    [
        b"\0" * 100,
        b"GET\r\n\r\n",
        b"HELLO /ask HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /ask HTTP/9.9\r\n\r\n",
        b"POST /ask HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /ask HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST /ask HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"POST /ask HTTP/1.1\r\nHost a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /ask HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"POST /ask HTTP/1.1\r\nX: " + b"x" * 60_000,
        b"GET /" + b"x" * 60_000,
        b"POST /ask HTTP/1.1\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000,
        POST + POST,
    ],
    ids=lambda sent: sent[:50].decode("latin-1"),
)
def test_what_is_no_single_question_is_refused_and_the_connection_closed(sent):
    async def story(asked, port):
        found = await said(port, sent, ends=False)
        assert found.startswith(b"HTTP/1.1 400 ")
        assert b"abc" not in found
        assert await said(port, POST) != b""

    served(story)


def test_a_client_that_goes_away_takes_its_question_with_it():
    async def story(asked, port):
        asked.may_answer.clear()
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(POST)
        await asked.was_asked.wait()
        writer.transport.abort()
        await closed(writer)
        await asyncio.sleep(0.1)
        asked.may_answer.set()
        assert (await said(port, POST)).endswith(b"abc")

    served(story)


def test_silence_and_a_crowd_are_shut_out(monkeypatch):
    monkeypatch.setattr(plain_http, "SILENCE_MAX_S", 0.2)
    monkeypatch.setattr(plain_http, "_SWEEP_S", 0.1)
    monkeypatch.setattr(plain_http, "CONNECTIONS_MAX", 1)

    async def story(asked, port):
        silent, kept = await asyncio.open_connection(HOST, port)
        await asyncio.sleep(0.05)
        with pytest.raises(OSError, match=r"not connected|reset"):
            await said(port, POST)
        assert await silent.read() == b""
        await closed(kept)
        await asyncio.sleep(0.05)
        assert (await said(port, POST)).endswith(b"abc")

    served(story)


def test_an_address_that_is_taken_is_shared_only_by_those_who_agree():
    async def story(asked, port):
        with pytest.raises(OSError, match="in use"):
            async with listening(asked, HOST, port, share_port=True):
                pass
        both = free_port()
        async with (
            listening(asked, HOST, both, share_port=True),
            listening(asked, HOST, both, share_port=True),
        ):
            assert (await said(both, POST)).endswith(b"abc")

    served(story)
