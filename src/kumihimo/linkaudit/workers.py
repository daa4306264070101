"""Tasks of a stage in processes of their own: a task reads files, writes files, and is not lost.

A fresh interpreter for each worker, since Polars' threads do not live through a fork.
"""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Final, TypeAlias, TypeVar

import attrs

T = TypeVar("T")
R = TypeVar("R")

# Stage, rows done, rows in all.
Progress: TypeAlias = Callable[[str, int, int], None]

_WORKERS_MAX: Final = 64


def cores() -> int:
    """Return how many processors this process may use."""
    return min(len(os.sched_getaffinity(0)), _WORKERS_MAX)


@attrs.frozen
class Team:
    """Does tasks `workers` at a time; tells `progress` after each."""

    workers: int
    progress: Progress

    def each(
        self, stage: str, task: Callable[[T], R], items: Sequence[T], rows: Sequence[int]
    ) -> list[R]:
        """Return what `task` gives for each item, in their order; `rows` is what each weighs."""
        total, done = sum(rows), 0
        if self.workers == 1 or len(items) <= 1:
            found: list[R] = []
            for item, weight in zip(items, rows, strict=True):
                found.append(task(item))
                done += weight
                self.progress(stage, done, total)
            return found
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(self.workers, len(items)), mp_context=fresh) as pool:
            asked = {pool.submit(task, item): n for n, item in enumerate(items)}
            try:
                for future in as_completed(asked):
                    future.result()
                    done += rows[asked[future]]
                    self.progress(stage, done, total)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            return [future.result() for future in asked]
