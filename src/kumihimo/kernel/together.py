"""Questions that come while a transaction is under way travel in the next one, together.

One transaction, one round trip and one commit then serve as many callers as there are, and no
caller waits for more than two transactions. The busier the room, the less each question costs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from kumihimo.kernel.fair import OURSELVES, working_for
from kumihimo.kernel.refusal import Busy, Overloaded

Q = TypeVar("Q")
A = TypeVar("A")

WAITING_MAX: Final = 4_096  # more than this is a flood: who comes next is told at once


class Together(Generic[Q, A]):
    """Gathers questions for `act`, which answers each of them in their order.

    At most `most` travel together, and at most `at_once` such companies are under way.
    They travel in the name of `consumer`: the room's own where questions of many travel together.
    """

    def __init__(
        self,
        act: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        *,
        most: int,
        at_once: int = 1,
        consumer: str = OURSELVES,
    ) -> None:
        self._consumer = consumer
        self._act = act
        self._most = most
        self._at_once = at_once
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._running: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """Whether nobody waits and nothing is under way."""
        return not self._running

    async def ask(self, question: Q) -> A:
        """Return the answer, or raise what `act` raised; raises `Busy` or `Overloaded` in a flood."""
        if len(self._waiting) >= WAITING_MAX:
            raise Busy if self._consumer else Overloaded
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if len(self._running) < self._at_once:
            with working_for(self._consumer):
                self._running.add(asyncio.create_task(self._run(), name="together"))
        return await answer

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers = await self._act([question for question, _ in batch])
                assert len(answers) == len(batch), "each question has its answer"
            except Exception as error:  # noqa: BLE001 - told to everybody who asked
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():  # a caller that went away
                    future.set_result(answer)
        task = asyncio.current_task()
        assert task is not None, "this runs as a task"
        self._running.discard(task)  # in the same step: who asks now finds no one to wait for
