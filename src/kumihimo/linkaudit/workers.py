"""Tasks of a stage in processes of their own: a task reads files, writes files, and is not lost.

A fresh interpreter for each worker, since Polars' threads do not live through a fork.
"""

import multiprocessing
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Final, TypeAlias, TypeVar

import attrs

from kumihimo.kernel.settings import environment_with

T = TypeVar("T")
R = TypeVar("R")

# Stage, rows done, rows in all.
Progress: TypeAlias = Callable[[str, int, int], None]

_WORKERS_MAX: Final = 64
# Polars asks the environment when it is read in. Threads of several processes that are more than
# there are processors wait for each other: a sixth of the time of comparing went into that. And
# memory that is given back to the system is cleared by it before it is had again: a tenth. Polars has
# an allocator of its own; NumPy's arrays come from the C library, which gives large ones back at once.
_KEPT: Final = 1 << 28  # bytes: our choice, what a worker may keep of them
_ALLOCATOR: Final = {
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:10000,muzzy_decay_ms:0",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),  # the most that it takes
    "MALLOC_TRIM_THRESHOLD_": str(_KEPT),
}


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Take no notice of progress."""


def cores() -> int:
    """Return how many processors this process may use."""
    return min(len(os.sched_getaffinity(0)), _WORKERS_MAX)


@contextmanager
def _told(**settings: str) -> Generator[None]:
    """Set some variables for the processes that are begun meanwhile."""
    before = environment_with()
    for name, value in settings.items():
        os.putenv(name, value)
    try:
        yield
    finally:
        for name in settings:
            if name in before:
                os.putenv(name, before[name])
            else:
                os.unsetenv(name)


@attrs.frozen
class Team:
    """Does tasks in the processes of a pool, or here where there is none; tells `progress`."""

    pool: ProcessPoolExecutor | None
    progress: Progress

    @classmethod
    def alone(cls) -> "Team":
        """Return a team of this process only."""
        return cls(None, quiet)

    @classmethod
    @contextmanager
    def at_work(cls, workers: int, progress: Progress) -> Generator["Team"]:
        """Give a team of some workers; they are sent away at the end, and at once on an error."""
        if workers == 1:
            yield cls(None, progress)
            return
        fresh = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, mp_context=fresh)
        with _told(POLARS_MAX_THREADS=str(max(1, cores() // workers)), **_ALLOCATOR):
            try:
                yield cls(pool, progress)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def come(self, task: Callable[[int], object], workers: int) -> None:
        """Let so many workers begin with something, while the work for them is still prepared.

        To read in what a task needs takes each of them a second. Nobody waits for what comes of it.
        """
        if self.pool is not None:
            for n in range(workers):
                self.pool.submit(task, n)

    def beside(self, task: Callable[[T], R], item: T) -> Callable[[], R]:
        """Begin a task beside what is done meanwhile; return what waits for it, and gives what it gave.

        Without a pool it is done when it is waited for.
        """
        return self.pool.submit(task, item).result if self.pool else lambda: task(item)

    def in_order(
        self, stage: str, task: Callable[[T], R], items: Sequence[T], rows: Sequence[int]
    ) -> Iterator[R]:
        """Give what `task` gives for each item, in their order, each as soon as it is there.

        `rows` is what each weighs. Where nobody asks for more, what was not begun is left.
        """
        total, done = sum(rows), 0
        pool = self.pool if len(items) > 1 else None
        asked = [pool.submit(task, item) for item in items] if pool else []
        try:
            for n, item in enumerate(items):
                yield asked[n].result() if asked else task(item)
                done += rows[n]
                self.progress(stage, done, total)
        finally:
            for future in asked:
                future.cancel()

    def each(
        self, stage: str, task: Callable[[T], R], items: Sequence[T], rows: Sequence[int]
    ) -> list[R]:
        """Return what `task` gives for each item, in their order; `rows` is what each weighs."""
        total, done = sum(rows), 0
        if self.pool is None or len(items) <= 1:
            found: list[R] = []
            for item, weight in zip(items, rows, strict=True):
                found.append(task(item))
                done += weight
                self.progress(stage, done, total)
            return found
        asked = {self.pool.submit(task, item): n for n, item in enumerate(items)}
        for future in as_completed(asked):
            future.result()
            done += rows[asked[future]]
            self.progress(stage, done, total)
        return [future.result() for future in asked]
