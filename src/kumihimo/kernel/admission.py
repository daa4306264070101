"""How much may be under way at a door: of each consumer, and in all. More is refused early, by name.

Whoever floods a door meets its own bound first and is told `busy`; where all together are too many,
whoever comes next is told `overloaded`. Both say when to come again, and nothing was done.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import attrs
from litestar.types import Receive

from kumihimo.kernel.fair import working_for
from kumihimo.kernel.refusal import Busy, Overloaded, TooSlow

MIB: Final = 1024 * 1024
STRANGERS: Final = "strangers"  # no party, no institution and no session has this name
READ_WITHIN_S: Final = 60.0  # our choice: the largest body in this time is a line of 9 Mbit/s


@attrs.frozen(kw_only=True)
class Bounds:
    """Calls under way, and the bytes of their bodies: of each consumer, and in all.

    `strangers` bounds the calls of all whom the door does not know, or not yet, together.
    """

    calls_each: int
    strangers: int = 1_024
    calls_all: int
    bytes_each: int
    bytes_all: int


# Our choice. A gateway has 32 calls under way at the core at most, whoever hosts it.
PARTIES: Final = Bounds(calls_each=256, calls_all=4_096, bytes_each=64 * MIB, bytes_all=512 * MIB)
# A page of the portal asks for a handful at once.
PERSONS: Final = Bounds(calls_each=16, calls_all=4_096, bytes_each=8 * MIB, bytes_all=64 * MIB)
ANYBODY: Final = Bounds(calls_each=0, calls_all=1_024, bytes_each=64 * MIB, bytes_all=64 * MIB)


class Doorkeeper:
    """Counts what is under way at one door."""

    def __init__(self, bounds: Bounds = PARTIES) -> None:
        self._bounds = bounds
        self._calls: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._calls_all = 0
        self._bytes_all = 0

    @contextmanager
    def call(self, consumer: str) -> Generator[None]:
        """Let a call be under way while the block runs. Raises `Busy`, `Overloaded`."""
        if self._calls_all >= self._bounds.calls_all:
            raise Overloaded
        if consumer == STRANGERS:
            if self._calls[consumer] >= self._bounds.strangers:
                raise Overloaded
        elif self._calls[consumer] >= self._bounds.calls_each:
            raise Busy
        self._calls[consumer] += 1
        self._calls_all += 1
        try:
            with working_for(consumer):
                yield
        finally:
            self._calls_all -= 1
            _take_off(self._calls, consumer, 1)

    @asynccontextmanager
    async def reading(
        self, consumer: str, receive: Receive, limit: int
    ) -> AsyncGenerator[bytes | None]:
        """Read a body and hold it while the block runs.

        Gives None for one that is larger than `limit` or breaks off. Raises `TooSlow`, `Busy` when
        the bodies of this consumer, and `Overloaded` when all together are more than the door holds.
        """
        held = _Held()
        try:
            yield await self._read(consumer, receive, limit, held)
        finally:
            self._bytes_all -= held.size
            _take_off(self._bytes, consumer, held.size)

    async def _read(
        self, consumer: str, receive: Receive, limit: int, held: "_Held"
    ) -> bytes | None:
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    part = message["body"]
                    held.size += len(part)
                    if held.size > limit:
                        held.size -= len(part)
                        return None
                    self._hold(consumer, len(part))
                    parts.append(part)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise TooSlow from None

    def _hold(self, consumer: str, size: int) -> None:
        self._bytes[consumer] += size
        self._bytes_all += size
        if self._bytes_all > self._bounds.bytes_all:
            raise Overloaded
        if self._bytes[consumer] > self._bounds.bytes_each:
            raise Overloaded if consumer == STRANGERS else Busy


@attrs.define
class _Held:
    """How many bytes of a body are in memory."""

    size: int = 0


def _take_off(counter: Counter[str], consumer: str, by: int) -> None:
    counter[consumer] -= by
    if not counter[consumer]:
        del counter[consumer]
