"""Work that goes on beside the requests: due batches, the outbox, expiry."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import attrs
from litestar import Litestar

from kumihimo.kernel.door import Reporter
from kumihimo.kernel.fair import OURSELVES, worked_for, working_for
from kumihimo.kernel.refusal import TooMany, Unavailable
from kumihimo.kernel.tracing import traces_of

# Our choice: each holds a batch in memory, a MiB at most.
ERRANDS_EACH: Final = 256
ERRANDS_ALL: Final = 2_048


@attrs.frozen
class Job:
    """Something to do again and again; `run` returns how much it found to do.

    `end` leaves off what `run` began and did not wait for. `consumer` is for whom it is done, where
    a room works for many: a job of each, so that none waits for another's.
    """

    name: str
    run: Callable[[], Awaitable[int]]
    pause_s: float
    end: Callable[[], Awaitable[None]] | None = None
    consumer: str = OURSELVES


async def repeat(job: Job, report: Reporter) -> None:
    """Run a job for ever, at once again while there is work; a failure is reported, not fatal."""
    while True:
        try:
            with working_for(job.consumer):
                found = await job.run()
        except (Unavailable, TooMany):
            found = 0
        except Exception as error:  # noqa: BLE001 - a worker outlives its bugs, and tells of them
            report(job.name, error)
            found = 0
        obey()
        if not found:
            await asyncio.sleep(job.pause_s)


def obey() -> None:
    """Leave off where this task was cancelled and what it waited for swallowed that.

    Before Python 3.12 `asyncio.wait_for`, by which psycopg waits, does so when what it waits for comes
    in that very moment. A room that ends would then wait for the job's pause, an hour for some.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class Errands:
    """Things to do at once after a request was answered. One that is lost, a worker finds later.

    So is one that would be more than may run, of its consumer or in all.
    """

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._running: dict[asyncio.Task[None], str] = {}
        self._of: Counter[str] = Counter()

    def start(self, name: str, errand: Coroutine[Any, Any, None]) -> None:
        """Begin an errand, or leave it to the worker, and return at once."""
        consumer = worked_for()
        if self._of[consumer] >= ERRANDS_EACH or len(self._running) >= ERRANDS_ALL:
            errand.close()
            return
        task = asyncio.create_task(self._run(name, errand), name=name)
        self._running[task] = consumer
        self._of[consumer] += 1
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        consumer = self._running.pop(task)
        self._of[consumer] -= 1
        if not self._of[consumer]:
            del self._of[consumer]

    async def _run(self, name: str, errand: Coroutine[Any, Any, None]) -> None:
        try:
            await errand
        except (Unavailable, TooMany):
            return
        except Exception as error:  # noqa: BLE001 - nobody waits for an errand; it is reported
            self._report(name, error)

    async def done(self) -> None:
        """Wait until no errand runs."""
        while self._running:
            await asyncio.gather(*self._running)


def working(
    jobs: Sequence[Job], report: Reporter
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """Return a lifespan that runs the jobs while the application runs."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None]:
        with traces_of(app):
            tasks = [asyncio.create_task(repeat(job, report), name=job.name) for job in jobs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for job in jobs:
                if job.end is not None:
                    await job.end()

    return lifespan
