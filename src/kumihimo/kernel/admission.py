"""How much may be under way at a door: of each consumer, and in all. More is refused early, by name.

Whoever floods a door meets its own bound first and is told `busy`; a crowd of many is told
`overloaded`. Both say when to come again.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import attrs
from litestar.types import Receive

from kumihimo.kernel.fair import working_for
from kumihimo.kernel.refusal import Busy, Overloaded

MIB: Final = 1024 * 1024
READ_WITHIN_S: Final = 30.0  # our choice: the largest body in this time is a slow line of 17 Mbit/s


@attrs.frozen(kw_only=True)
class Bounds:
    """Calls under way, and the bytes of their bodies: of each consumer, and in all."""

    calls_each: int
    calls: int
    bytes_each: int
    bytes: int


PARTIES: Final = Bounds(calls_each=256, calls=4_096, bytes_each=64 * MIB, bytes=512 * MIB)


class Doorkeeper:
    """Counts what is under way at one door."""

    def __init__(self, bounds: Bounds = PARTIES) -> None:
        self._bounds = bounds
        self._calls: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._all_calls = 0
        self._held = 0  # bytes, those of bodies that are still being read too

    @contextmanager
    def call(self, consumer: str, size: int) -> Generator[None]:
        """Let a call be under way while the block runs; raises `Busy`, `Overloaded`."""
        bounds = self._bounds
        # A body that is alone is let in, whatever its size: its route has a bound of its own.
        full = self._calls[consumer] >= bounds.calls_each or (
            self._bytes[consumer] > 0 and self._bytes[consumer] + size > bounds.bytes_each
        )
        if full:
            raise Busy
        if self._all_calls >= bounds.calls:
            raise Overloaded
        self._calls[consumer] += 1
        self._bytes[consumer] += size
        self._all_calls += 1
        try:
            with working_for(consumer):
                yield
        finally:
            self._all_calls -= 1
            _less(self._calls, consumer, 1)
            _less(self._bytes, consumer, size)

    @asynccontextmanager
    async def reading(self, receive: Receive, limit: int) -> AsyncGenerator[bytes | None]:
        """Read a body and hold it while the block runs.

        Gives None for one that is larger than `limit`, breaks off or takes too long. Raises
        `Overloaded` when all bodies together are more than the door holds.
        """
        held = _Held()
        try:
            yield await self._read(receive, limit, held)
        finally:
            self._held -= held.size

    async def _read(self, receive: Receive, limit: int, held: "_Held") -> bytes | None:
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    part = message["body"]
                    held.size += len(part)
                    self._held += len(part)
                    if self._held > self._bounds.bytes:
                        raise Overloaded
                    if held.size > limit:
                        return None
                    parts.append(part)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            return None


@attrs.define
class _Held:
    """How many bytes of a body are in memory."""

    size: int = 0


def _less(counter: Counter[str], consumer: str, by: int) -> None:
    counter[consumer] -= by
    if not counter[consumer]:
        del counter[consumer]
