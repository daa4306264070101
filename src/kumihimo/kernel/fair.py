"""For whom a room works, and what it has little of handed out in turns to those.

A door says once for a request who the consumer is; what is done for the request later, in tasks and
threads, knows it too. The room's own work is a consumer like the others. One consumer's flood waits
behind itself.
"""

import asyncio
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Generic, TypeVar

from kumihimo.kernel.refusal import Busy, Overloaded

T = TypeVar("T")

OURSELVES: Final = ""  # the room's own work
_CONSUMER: Final[ContextVar[str]] = ContextVar("consumer", default=OURSELVES)


@contextmanager
def working_for(consumer: str) -> Generator[None]:
    """Say for whom the work of this block is done."""
    token = _CONSUMER.set(consumer)
    try:
        yield
    finally:
        _CONSUMER.reset(token)


def worked_for() -> str:
    """Return for whom the present work is done."""
    return _CONSUMER.get()


class Lines(Generic[T]):
    """A queue for each consumer; `pop` serves them in turns."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[T]] = {}
        self.length = 0

    def of(self, consumer: str) -> int:
        """Return how many wait for one consumer."""
        return len(self._lines.get(consumer, ()))

    def push(self, consumer: str, one: T) -> None:
        """Put one at the end of its consumer's line."""
        self._lines.setdefault(consumer, deque()).append(one)
        self.length += 1

    def drop(self, consumer: str, one: T) -> None:
        """Take one out of its line, wherever it stands there; one that was served is gone."""
        line = self._lines.get(consumer)
        if line is None or one not in line:
            return
        line.remove(one)
        self.length -= 1
        if not line:
            del self._lines[consumer]

    def pop(self) -> T | None:
        """Take the first of the consumer whose turn it is, who then goes behind the others."""
        if not self._lines:
            return None
        consumer = next(iter(self._lines))
        line = self._lines.pop(consumer)
        one = line.popleft()
        self.length -= 1
        if line:
            self._lines[consumer] = line
        return one


class FairGate:
    """Lets `at_once` pass; the others wait, in turns by consumer.

    `each` and `most` bound who may wait, of one consumer and in all; `wait_s` bounds for how long.
    """

    def __init__(self, at_once: int, *, each: int, most: int, wait_s: float) -> None:
        self._free = at_once
        self._each = each
        self._most = most
        self._wait_s = wait_s
        self._lines: Lines[asyncio.Future[None]] = Lines()
        self.asked = 0
        self.failed = 0
        self.waited_s = 0.0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._lines.length

    async def enter(self) -> None:
        """Wait for a turn, which `leave` ends. Raises `Busy`, `Overloaded`, `TimeoutError`."""
        self.asked += 1
        if self._free:
            self._free -= 1
            return
        consumer = worked_for()
        if self._lines.length >= self._most:
            self.failed += 1
            raise Overloaded
        if self._lines.of(consumer) >= self._each:
            self.failed += 1
            raise Busy
        loop = asyncio.get_running_loop()
        turn, came = loop.create_future(), loop.time()
        self._lines.push(consumer, turn)
        try:
            async with asyncio.timeout(self._wait_s):
                await turn
        except BaseException as error:
            self._lines.drop(consumer, turn)
            if turn.done() and not turn.cancelled():
                self.leave()  # it came in the very moment in which nobody wanted it any more
            self.failed += isinstance(error, TimeoutError)
            raise
        finally:
            self.waited_s += loop.time() - came

    def leave(self) -> None:
        """End a turn: the next who still waits has it."""
        while (turn := self._lines.pop()) is not None:
            if not turn.done():  # whoever is being cancelled has not left its line yet
                turn.set_result(None)
                return
        self._free += 1
