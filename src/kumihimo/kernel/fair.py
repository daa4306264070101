"""In turns: whatever a room has little of is handed out in turns to those for whom it works.

One consumer's flood waits behind itself. Who the consumer is, a door says once for a request; what
is done for it later, in tasks and threads, knows it too. The room's own work is a consumer like
the others. Every queue has a bound for each consumer and one for all.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, Final, Generic, ParamSpec, TypeVar

import attrs
from typing_extensions import override

from kumihimo.kernel.refusal import Busy, Overloaded

T = TypeVar("T")
P = ParamSpec("P")

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
        line = self._lines.get(consumer)
        return len(line) if line else 0

    def push(self, consumer: str, one: T) -> None:
        """Put one at the end of its consumer's line."""
        self._lines.setdefault(consumer, deque()).append(one)
        self.length += 1

    def drop(self, consumer: str, one: T) -> None:
        """Take one out of its line, wherever it stands there."""
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
        consumer, line = next(iter(self._lines.items()))
        del self._lines[consumer]
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

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for a turn and hold it while the block runs. Raises `Busy` or `Overloaded`."""
        await self.enter()
        try:
            yield
        finally:
            self.leave()

    async def enter(self) -> None:
        """Wait for a turn, which `leave` ends."""
        if self._free:
            self._free -= 1
            return
        consumer = worked_for()
        if self._lines.of(consumer) >= self._each:
            raise Busy
        if self._lines.length >= self._most:
            raise Overloaded
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.push(consumer, turn)
        try:
            async with asyncio.timeout(self._wait_s):
                await turn
        except BaseException as error:
            self._lines.drop(consumer, turn)
            if turn.done() and not turn.cancelled():
                self.leave()  # it came in the very moment in which nobody wanted it any more
            if isinstance(error, TimeoutError):
                raise Overloaded from None
            raise

    def leave(self) -> None:
        """End a turn: the next who still waits has it."""
        while (turn := self._lines.pop()) is not None:
            if not turn.done():  # one whose task is being cancelled has not left its line yet
                turn.set_result(None)
                return
        self._free += 1


@attrs.frozen
class _Work:
    """Something to do in a thread."""

    act: Callable[[], Any]
    done: Future[Any]


class FairThreads(ThreadPoolExecutor):
    """Threads for what would halt the event loop, in turns by consumer. Made for `asyncio`."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="fair")
        self._lines: Lines[_Work] = Lines()
        self._free = threads
        self._lock = Lock()

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        with self._lock:
            self._lines.push(worked_for(), _Work(lambda: fn(*args, **kwargs), done))
        self._next()
        return done

    def _next(self) -> None:
        with self._lock:
            if not self._free:
                return
            work = self._lines.pop()
            if work is None:
                return
            self._free -= 1
        super().submit(self._run, work)

    def _run(self, work: _Work) -> None:
        try:
            if work.done.set_running_or_notify_cancel():
                try:
                    work.done.set_result(work.act())
                except BaseException as error:  # noqa: BLE001 - told to whoever waits for it
                    work.done.set_exception(error)
        finally:
            with self._lock:
                self._free += 1
            self._next()
