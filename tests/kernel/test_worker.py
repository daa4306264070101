"""Work beside the requests goes on whatever happens to it, and a failure is told."""

import asyncio
from collections import Counter
from contextlib import suppress

import pytest
from litestar import Litestar

from kumihimo.kernel.fair import working_for
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.worker import ERRANDS_ALL, ERRANDS_EACH, Errands, Job, repeat, working


class Work:
    """Finds what it is told to find, or fails as it is told."""

    def __init__(self, *steps):
        self.steps = list(steps)
        self.done = asyncio.Event()
        self.turns = 0

    async def run(self):
        self.turns += 1
        step = self.steps.pop(0) if self.steps else None
        if step is None:
            self.done.set()
            return 0
        if isinstance(step, Exception):
            raise step
        return step


def worked(*steps, pause_s=0.0):
    told = []

    async def whole():
        work = Work(*steps)
        job = Job("sending", work.run, pause_s)
        task = asyncio.create_task(repeat(job, lambda name, error: told.append((name, error))))
        await asyncio.wait_for(work.done.wait(), 20)
        task.cancel()
        return work.turns

    return asyncio.run(whole()), told


def test_while_there_is_work_it_goes_on_at_once():
    # With an hour's pause after each turn the third would never come.
    turns, told = worked(2, 1, pause_s=3_600)
    assert (turns, told) == (3, [])


def test_a_bug_is_told_and_does_not_stop_the_work():
    bug = ValueError("x")
    turns, told = worked(bug, 1)
    assert turns >= 3
    assert told == [("sending", bug)]


def test_nobody_who_answers_is_no_bug():
    turns, told = worked(Unavailable("away"), 1)
    assert turns >= 3
    assert told == []


@pytest.mark.parametrize("bug", [None, ValueError("x")])
def test_a_job_ends_with_the_room_though_what_it_waited_for_swallowed_that(bug):
    async def whole():
        begun = asyncio.Event()

        async def swallow():
            begun.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            if bug is not None:
                raise bug
            return 0

        told = []
        task = asyncio.create_task(
            repeat(Job("waiting", swallow, 3_600), lambda name, error: told.append((name, error)))
        )
        await begun.wait()
        task.cancel()
        async with asyncio.timeout(20):
            await asyncio.wait([task])
        return task.cancelled(), told

    assert asyncio.run(whole()) == (True, [] if bug is None else [("waiting", bug)])


def test_errands_are_run_and_waited_for_and_their_bugs_told():
    told, ran = [], []
    bug = ValueError("x")

    async def errand(fails):
        await asyncio.sleep(0)
        ran.append(fails)
        if fails:
            raise fails

    async def whole():
        errands = Errands(lambda name, error: told.append((name, error)))
        for name, fails in (("one", None), ("two", bug), ("three", Unavailable("away"))):
            errands.start(name, errand(fails))
        await errands.done()

    asyncio.run(whole())
    assert len(ran) == 3
    assert told == [("two", bug)]


def test_jobs_run_while_the_application_does_and_end_with_it():
    async def whole():
        work, other = Work(1), Work(1)
        jobs = [Job("one", work.run, 0.0), Job("two", other.run, 3_600)]
        async with working(jobs, lambda *_: None)(Litestar()):
            await asyncio.wait_for(asyncio.gather(work.done.wait(), other.done.wait()), 20)
        after = work.turns
        await asyncio.sleep(0.01)
        assert work.turns == after
        assert [t for t in asyncio.all_tasks() if t.get_name() in {"one", "two"}] == []

    asyncio.run(whole())


def flooded(**asked):
    """Start so many errands of each consumer; returns how many ran, and how many after a rest."""

    async def whole():
        begun, over = [], asyncio.Event()

        async def errand(consumer):
            begun.append(consumer)
            await over.wait()

        errands = Errands(lambda _name, error: pytest.fail(str(error)))
        for consumer, count in asked.items():
            with working_for(consumer):
                for _ in range(count):
                    errands.start("errand", errand(consumer))
        await asyncio.sleep(0)
        first = Counter(begun)
        over.set()
        await errands.done()
        begun.clear()
        with working_for(min(asked)):
            errands.start("errand", errand(min(asked)))
        await errands.done()
        return first, begun

    return asyncio.run(whole())


def test_a_flood_of_errands_is_bounded_and_takes_no_place_of_anothers():
    first, after = flooded(flood=ERRANDS_EACH + 100, quiet=2)
    assert first == {"flood": ERRANDS_EACH, "quiet": 2}
    assert after == ["flood"], "what ended makes room"


def test_errands_are_bounded_in_all():
    consumers = ERRANDS_ALL // ERRANDS_EACH + 1
    first, _ = flooded(**{f"c{n}": ERRANDS_EACH for n in range(consumers)})
    assert first.total() == ERRANDS_ALL
