"""Work that goes on beside the requests: due batches, the outbox, expiry."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
from litestar import Litestar

from kumihimo.kernel.door import Reporter
from kumihimo.kernel.fair import OURSELVES, working_for
from kumihimo.kernel.refusal import TooMany, Unavailable


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
        if not found:
            await asyncio.sleep(job.pause_s)


class Errands:
    """Things to do at once after a request was answered. One that is lost, a worker finds later."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._running: set[asyncio.Task[None]] = set()

    def start(self, name: str, errand: Coroutine[Any, Any, None]) -> None:
        """Begin an errand and return at once."""
        task = asyncio.create_task(self._run(name, errand), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

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
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
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
