import asyncio

import pytest

from kumihimo.kernel.refusal import Overloaded
from kumihimo.kernel.together import WAITING_MAX, Together


class Desk:
    """Doubles numbers, one batch at a time, and remembers who travelled with whom."""

    def __init__(self):
        self.batches = []
        self.open = asyncio.Event()

    async def act(self, questions):
        self.batches.append(list(questions))
        await self.open.wait()
        if "bad" in questions:
            raise LookupError("this batch fails")
        return [question * 2 for question in questions if question != "swallowed"]


def run(story, *, most=4, at_once=1):
    async def whole():
        desk = Desk()
        async with asyncio.timeout(30):  # who is forgotten would wait for ever
            await story(desk, Together(desk.act, most=most, at_once=at_once))

    asyncio.run(whole())


async def begun(together, *questions):
    """Start one caller for each question and let them all come to the door."""
    tasks = [asyncio.create_task(together.ask(question)) for question in questions]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


def test_everybody_gets_the_answer_to_her_own_question_whoever_travels_with_her():
    async def story(desk, together):
        tasks = await begun(together, *range(11))
        desk.open.set()
        assert await asyncio.gather(*tasks) == [2 * n for n in range(11)]
        assert [n for batch in desk.batches for n in batch] == list(range(11))
        assert max(map(len, desk.batches)) == 4

    run(story)


def test_who_comes_while_a_batch_is_under_way_travels_in_the_next_one():
    async def story(desk, together):
        first = await begun(together, 1)
        later = await begun(together, 2, 3)
        assert desk.batches == [[1]]
        desk.open.set()
        await asyncio.gather(*first, *later)
        assert desk.batches == [[1], [2, 3]]

    run(story)


def test_a_batch_that_fails_is_told_to_all_in_it_and_to_nobody_else():
    async def story(desk, together):
        first = await begun(together, "first")
        failing = await begun(together, "worse", "bad")
        desk.open.set()
        told = await asyncio.gather(*first, *failing, return_exceptions=True)
        assert told[0] == "firstfirst"
        assert [type(one) for one in told[1:]] == [LookupError, LookupError]
        assert await together.ask("later") == "laterlater"

    run(story)


def test_an_answer_too_few_is_told_to_all_and_leaves_nobody_waiting_for_ever():
    async def story(desk, together):
        desk.open.set()
        with pytest.raises(AssertionError):
            await together.ask("swallowed")
        assert await together.ask(1) == 2

    run(story)


def test_a_caller_that_goes_away_takes_nobody_with_her():
    async def story(desk, together):
        first, second = await begun(together, 1, 2)
        third, fourth = await begun(together, 3, 4)
        first.cancel()
        third.cancel()
        desk.open.set()
        told = await asyncio.gather(first, second, third, fourth, return_exceptions=True)
        assert [told[1], told[3]] == [4, 8]
        assert all(isinstance(one, asyncio.CancelledError) for one in (told[0], told[2]))

    run(story)


def test_in_a_flood_who_comes_last_is_told_at_once_and_who_waits_is_served():
    async def story(desk, together):
        [first] = await begun(together, 0)
        waiting = await begun(together, *range(WAITING_MAX))
        with pytest.raises(Overloaded):
            await together.ask(-1)
        desk.open.set()
        assert await first == 0
        assert await asyncio.gather(*waiting) == [2 * n for n in range(WAITING_MAX)]
        assert await together.ask(21) == 42

    run(story, most=256)


def test_it_rests_when_nobody_asks_and_wakes_when_somebody_does():
    async def story(desk, together):
        desk.open.set()
        assert await together.ask(1) == 2
        await asyncio.sleep(0)
        assert await together.ask(2) == 4
        assert desk.batches == [[1], [2]]

    run(story)


def test_two_may_be_under_way_at_once_and_the_third_waits_for_either():
    async def story(desk, together):
        tasks = await begun(together, 1)
        tasks += await begun(together, 2)
        tasks += await begun(together, 3)
        tasks += await begun(together, 4)
        assert desk.batches == [[1], [2]]
        assert not together.idle
        desk.open.set()
        assert await asyncio.gather(*tasks) == [2, 4, 6, 8]
        assert desk.batches == [[1], [2], [3, 4]]
        assert together.idle

    run(story, at_once=2)


def test_who_comes_in_the_very_step_in_which_the_last_one_leaves_is_served():
    async def story(desk, together):
        desk.open.set()

        async def next_one(question):
            return await together.ask(question)

        assert [await next_one(n) for n in range(50)] == [2 * n for n in range(50)]
        assert together.idle

    run(story)
