"""Carries questions to other rooms over HTTP/1.1, over connections that stay open.

An answer is had whole. httptools reads it, the parser that Node.js has. Decision 0019 says why it is
no library's: one was four times as dear, the other gave a question what nobody had asked for.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, cast

import attrs
import httptools
import httpx2
from typing_extensions import override

CONNECTIONS_MAX: Final = 100  # as many as `httpx2` opens
RESTING_S: Final = 5.0  # a connection that nobody used for so long is closed
ANSWER_MAX: Final = 64 * 1024 * 1024
ADDRESSES_MAX: Final = 1_024  # that are not parsed again
_PORTS: Final = {"http": 80, "https": 443}
_FIRST_FINAL: Final = 200  # what comes before it (1xx) is no answer yet

Place = tuple[str, str, int]


@attrs.define
class _Answer:
    """What has come so far."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = attrs.field(factory=list[tuple[bytes, bytes]])
    parts: list[bytes] = attrs.field(factory=list[bytes])
    size: int = 0


class _Connection(asyncio.Protocol):
    """One connection: a question at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer = _Answer()
        self._waits: asyncio.Future[_Answer] | None = None
        self._stays = False
        self._rests: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of no class of ours

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail("the connection ended before the answer did")

    @override
    def data_received(self, data: bytes) -> None:
        if self._waits is None:
            self.close()  # nothing was asked: what comes now would be taken for the next answer
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, _NotOurs):
            self._fail("what came is no answer")
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, as httptools calls it."""
        self._answer.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, as httptools calls it."""
        self._answer.size += len(body)
        if self._answer.size > ANSWER_MAX:
            raise _NotOurs
        self._answer.parts.append(body)

    def on_message_complete(self) -> None:
        """Hand the answer over, as httptools calls it at the end of one."""
        whole, self._answer = self._answer, _Answer()
        whole.status = self._parser.get_status_code()
        if whole.status < _FIRST_FINAL:
            return
        if self._waits is None or self._waits.done():
            raise _NotOurs  # a second answer to one question
        self._stays = self._parser.should_keep_alive()
        self._waits.set_result(whole)

    async def ask(self, question: bytes) -> _Answer:
        """Send a question and return the answer. Raises `ConnectionError` when none comes."""
        if self._transport is None:
            raise ConnectionError("the connection is closed")
        self._stays = False
        self._waits = self._loop.create_future()
        try:
            self._transport.write(question)
            return await self._waits
        finally:
            self._waits = None

    @property
    def may_stay(self) -> bool:
        """Whether another question may be asked on it."""
        return self._stays and self._transport is not None and not self._transport.is_closing()

    def rest(self, seconds: float, then: Callable[[], None]) -> None:
        """Do so when nobody has used it for so long."""
        self._rests = self._loop.call_later(seconds, then)

    def rouse(self) -> None:
        """Rest no more."""
        if self._rests is not None:
            self._rests.cancel()
            self._rests = None

    def close(self) -> None:
        """Close it."""
        self.rouse()
        if self._transport is not None:
            self._transport.close()

    def _fail(self, why: str) -> None:
        if self._waits is not None and not self._waits.done():
            self._waits.set_exception(ConnectionError(why))


class _NotOurs(Exception):
    """Something else came than one answer of a size that is bounded."""


class Questions:
    """Asks over a transport, of which each answer is had whole within `timeout_s`.

    What rooms need of `httpx2.AsyncClient`, at a fifth of its cost: addresses are parsed once, but for
    those in which stands what somebody asked for, and a question has the headers that it is given, its
    host and its length.
    """

    def __init__(self, transport: httpx2.AsyncBaseTransport, *, timeout_s: float) -> None:
        self._transport = transport
        self._limits = {"timeout": dict.fromkeys(("pool", "connect", "read", "write"), timeout_s)}

    async def ask(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes
    ) -> httpx2.Response:
        """Ask and return the answer. Raises `httpx2.HTTPError` when none comes."""
        request = httpx2.Request(
            method, _url(address), headers=headers, content=body, extensions=self._limits
        )
        answer = await self._transport.handle_async_request(request)
        answer.request = request
        try:
            await answer.aread()
        finally:
            await answer.aclose()
        return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def _url(address: str) -> httpx2.URL:
    return httpx2.URL(address) if "?" in address else _parsed(address)


@lru_cache(maxsize=ADDRESSES_MAX)
def _parsed(address: str) -> httpx2.URL:
    return httpx2.URL(address)


class Messenger(httpx2.AsyncBaseTransport):
    """An `httpx2` transport whose answers are whole. `verify` says whom it trusts behind HTTPS.

    No question is repeated: one that got no answer is an `httpx2.TransportError`. A time-out for
    reading is one for the whole answer.
    """

    def __init__(
        self,
        verify: ssl.SSLContext,
        *,
        connections: int = CONNECTIONS_MAX,
        resting_s: float = RESTING_S,
    ) -> None:
        self._verify = verify
        self._resting_s = resting_s
        self._resting: dict[Place, list[_Connection]] = {}
        self._room = asyncio.Semaphore(connections)

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry a question and return the answer."""
        question = _written(request, await request.aread())
        waits: dict[str, float | None] = request.extensions.get("timeout", {})
        try:
            async with asyncio.timeout(waits.get("pool")):
                await self._room.acquire()
        except TimeoutError as error:
            raise httpx2.PoolTimeout("too much is under way", request=request) from error
        try:
            answer = await self._carry(request, question, waits)
        finally:
            self._room.release()
        return httpx2.Response(
            answer.status, headers=answer.headers, content=b"".join(answer.parts)
        )

    async def _carry(
        self, request: httpx2.Request, question: bytes, waits: dict[str, float | None]
    ) -> _Answer:
        place = _place(request.url)
        connection = self._rested(place) or await self._opened(place, request, waits)
        try:
            async with asyncio.timeout(waits.get("read")):
                answer = await connection.ask(question)
        except TimeoutError as error:
            connection.close()
            raise httpx2.ReadTimeout("no answer came in time", request=request) from error
        except ConnectionError as error:
            connection.close()
            raise httpx2.RemoteProtocolError(str(error), request=request) from error
        except BaseException:
            connection.close()  # whoever asked is gone: the answer must not be the next one's
            raise
        self._rest(place, connection)
        return answer

    def _rested(self, place: Place) -> _Connection | None:
        """Return an open connection that nobody uses, the one that was used last."""
        resting = self._resting.get(place, [])
        while resting:
            found = resting.pop()
            found.rouse()
            if found.may_stay:
                return found
        return None

    def _rest(self, place: Place, connection: _Connection) -> None:
        if not connection.may_stay:
            connection.close()
            return
        resting = self._resting.setdefault(place, [])

        def over() -> None:
            resting.remove(connection)
            connection.close()

        resting.append(connection)
        connection.rest(self._resting_s, over)

    async def _opened(
        self, place: Place, request: httpx2.Request, waits: dict[str, float | None]
    ) -> _Connection:
        scheme, host, port = place
        loop = asyncio.get_running_loop()
        trusted = self._verify if scheme == "https" else None
        try:
            async with asyncio.timeout(waits.get("connect")):
                _, connection = await loop.create_connection(_Connection, host, port, ssl=trusted)
        except TimeoutError as error:
            raise httpx2.ConnectTimeout("nobody answered in time", request=request) from error
        except OSError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        return connection

    @override
    async def aclose(self) -> None:
        """Close the connections that nobody uses."""
        for resting in self._resting.values():
            for one in resting:
                one.close()
        self._resting.clear()


def _place(url: httpx2.URL) -> Place:
    if url.scheme not in _PORTS:
        raise httpx2.UnsupportedProtocol(f"{url.scheme} is no way to carry a question")
    return url.scheme, url.host, url.port or _PORTS[url.scheme]


def _written(request: httpx2.Request, body: bytes) -> bytes:
    """Return a question as it is sent. Nothing in it may begin another."""
    method = request.method.encode("ascii")
    lines = [method + b" " + request.url.raw_path + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in request.headers.raw]
    if method == b"HEAD" or any(b"\r" in line or b"\n" in line for line in lines):
        raise httpx2.LocalProtocolError("this is not sent", request=request)
    return b"\r\n".join([*lines, b"", body])
