"""HTTP/1.1 for short questions that are asked very often, in the event loop's own thread.

What a room's framework and server do for one request costs more than a short answer does. Here
httptools, the parser that Node.js has, reads; one coroutine answers; nothing else comes between.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, cast

import attrs
import httptools
from typing_extensions import override

BODY_MAX: Final = 16 * 1024
HEAD_MAX: Final = 32 * 1024  # a question in the address is in it, too
CONNECTIONS_MAX: Final = 4_096  # each holds some kilobytes; who comes next is shut out
SILENCE_MAX_S: Final = 30.0  # a connection on which nothing is answered for so long is closed
_SWEEP_S: Final = 5.0
_BAD: Final = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@attrs.frozen
class Question:
    """A request that is whole. Names of headers are in lower case; the path is as it was sent."""

    method: bytes
    path: bytes
    headers: dict[bytes, bytes]
    body: bytes


@attrs.frozen
class Answer:
    """What is sent back, never to be cached."""

    status: bytes
    content_type: bytes
    body: bytes


NOT_FOUND: Final = Answer(b"404 Not Found", b"text/plain", b"")
Answerer = Callable[[Question], Awaitable[Answer]]


class _Connection(asyncio.Protocol):
    """One connection: a question at a time, the next one when the answer is sent."""

    def __init__(self, answer: Answerer, open_ones: set["_Connection"]) -> None:
        self._answer = answer
        self._open = open_ones
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._early = b""
        self._ended = False
        self._path, self._body, self._size = b"", b"", 0
        self._headers: dict[bytes, bytes] = {}
        self.heard_at = self._loop.time()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of no class of ours
        if len(self._open) >= CONNECTIONS_MAX:
            self._transport.abort()
        else:
            self._open.add(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._transport = None
        if self._task is not None:
            self._task.cancel()

    @override
    def data_received(self, data: bytes) -> None:
        if self._task is not None:  # the answer to what came before is not sent yet
            self._early += data
            if len(self._early) > HEAD_MAX + BODY_MAX:
                self.close()
            return
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, _TooLarge):
            self._refuse()
            return
        if self._task is None and self._size > HEAD_MAX + BODY_MAX:
            self._refuse()

    @override
    def eof_received(self) -> bool:
        self._ended = True  # nothing more will be asked, but an answer that is due is sent
        return self._task is not None

    def on_url(self, url: bytes) -> None:
        """Take a part of the address, as httptools calls it."""
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, as httptools calls it."""
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, as httptools calls it."""
        self._body += body
        if len(self._body) > BODY_MAX:
            raise _TooLarge

    def on_message_complete(self) -> None:
        """Answer, as httptools calls it at the end of a request."""
        if self._task is not None:
            raise _TooLarge  # two requests in one piece: nobody who asks here does that
        question = Question(self._parser.get_method(), self._path, self._headers, self._body)
        stays = self._parser.should_keep_alive()
        self._path, self._headers, self._body, self._size = b"", {}, b"", 0
        self._task = self._loop.create_task(self._respond(question, stays=stays))

    async def _respond(self, question: Question, *, stays: bool) -> None:
        answer = await self._answer(question)
        self._task = None
        if self._transport is None:
            return
        self._transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n"
            b"cache-control: no-store\r\nconnection: %b\r\n\r\n%b"
            % (
                answer.status,
                answer.content_type,
                len(answer.body),
                b"keep-alive" if stays else b"close",
                answer.body,
            )
        )
        self.heard_at = self._loop.time()
        early, self._early = self._early, b""
        if stays and early:
            self.data_received(early)
        if not stays or (self._ended and self._task is None):
            self.close()

    def _refuse(self) -> None:
        if self._transport is not None:
            self._transport.write(_BAD)
        self.close()

    def close(self) -> None:
        """Close after what is written is sent."""
        if self._transport is not None:
            self._transport.close()


class _TooLarge(Exception):
    """More came than a question has."""


@asynccontextmanager
async def listening(
    answer: Answerer, host: str, port: int, *, share_port: bool = False
) -> AsyncGenerator[None]:
    """Listen while the block runs. `answer` is given every request and must not raise.

    With `share_port` other processes may listen on the same port and each gets its share. Raises
    `OSError` when nobody can listen there.
    """
    open_ones: set[_Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(answer, open_ones), host, port, reuse_port=share_port or None
    )
    sweeper = asyncio.create_task(_sweep(open_ones))
    try:
        yield
    finally:
        sweeper.cancel()
        server.close()
        for one in list(open_ones):
            one.close()
        await server.wait_closed()


async def _sweep(open_ones: set[_Connection]) -> None:
    while True:
        await asyncio.sleep(_SWEEP_S)
        before = asyncio.get_running_loop().time() - SILENCE_MAX_S
        for one in [one for one in open_ones if one.heard_at < before]:
            one.close()
