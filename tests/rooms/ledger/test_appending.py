"""Several processes append to one log, sleep, die and repeat themselves: it stays one log."""

import asyncio
from typing import Any

import pytest

from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.tlog.leaf import Submission
from kumihimo.rooms.ledger.log import Log, SubmissionChanged
from tests.rooms.ledger.logs import holds_together, leaves, submission


class Sleeping:
    """The ledger's database as a process sees it that falls asleep before, or after, it appends."""

    def __init__(self, database: Any, *, after: bool = False) -> None:
        self.transaction = database.transaction
        self.append = database.alone
        self.after = after
        self.asleep, self.awake = asyncio.Event(), asyncio.Event()

    async def sleep(self):
        self.asleep.set()
        await self.awake.wait()

    async def alone(self, *statement):
        if not self.after:
            await self.sleep()
        appended = await self.append(*statement)
        if self.after:
            await self.sleep()
        return appended


async def asleep(house, one, *, after=False):
    """Let a second process of the ledger take a submission, and fall asleep over it."""
    sleeping: Any = Sleeping(house.database, after=after)
    log = Log(sleeping, house.ledger.log.signer, house.clock)
    task = asyncio.create_task(log.take("linkage", [one]))
    await asyncio.wait_for(sleeping.asleep.wait(), 10)
    return sleeping, task


def test_a_process_that_sleeps_over_its_batch_keeps_nobody_from_the_log(in_house):
    async def story(house):
        await house.submit(submission(house, leaves(10)))
        sleeping, task = await asleep(house, submission(house, leaves(300, 100)))
        assert await asyncio.wait_for(house.submit(submission(house, leaves(5, 10))), 10) == [10]
        assert await holds_together(house, 15) == leaves(15)
        sleeping.awake.set()
        assert await task == [15]
        assert await holds_together(house, 315) == leaves(15) + leaves(300, 100)
        assert await house.submit(submission(house, leaves(1))) == [315]

    in_house(story)


@pytest.mark.parametrize("after", [False, True])
def test_a_submission_of_a_process_that_sleeps_is_appended_once_whoever_repeats_it(in_house, after):
    async def story(house):
        one = submission(house, leaves(3))
        sleeping, task = await asleep(house, one, after=after)
        assert await asyncio.wait_for(house.submit(one), 10) == [0]
        sleeping.awake.set()
        assert await task == [0]
        assert await holds_together(house, 3) == leaves(3)

    in_house(story)


def test_a_batch_that_did_not_reach_the_database_leaves_no_trace(in_house):
    class Gone(Sleeping):
        async def alone(self, *_statement):
            raise Unavailable("gone")

    async def story(house):
        await house.submit(submission(house, leaves(10)))
        gone: Any = Gone(house.database)
        log = Log(gone, house.ledger.log.signer, house.clock)
        with pytest.raises(Unavailable):
            await log.take("linkage", [submission(house, leaves(5, 100))])
        await house.submit(submission(house, leaves(5, 10)))
        assert await holds_together(house, 15) == leaves(15)

    in_house(story)


def test_two_processes_append_to_one_log(in_house):
    async def story(house):
        logs = [Log(house.database, house.ledger.log.signer, house.clock) for _ in range(2)]
        wanted = leaves(520)
        for start in range(0, 520, 4):
            takes = [
                logs[at % 2].take("linkage", [submission(house, [wanted[start + at]])])
                for at in range(4)
            ]
            await asyncio.gather(*takes)
        assert sorted(await holds_together(house, 520)) == sorted(wanted)

    in_house(story)


def test_whoever_comes_while_a_batch_is_under_way_shares_the_next_one(in_house):
    async def story(house):
        several = [submission(house, leaves(2, at)) for at in range(0, 24, 2)]
        takes = [house.ledger.log.take("linkage", [one]) for one in several]
        places = await asyncio.gather(*takes)
        assert sorted(places) == [[at] for at in range(0, 24, 2)]
        async with house.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM log_batch") < 3

    in_house(story)


def test_one_that_was_changed_spoils_no_other_of_its_batch(in_house):
    async def story(house):
        one = submission(house, leaves(1))
        changed = Submission(one.submission, b"".join(leaves(1, 7)))
        other = submission(house, leaves(1, 8))
        takes = [("linkage", [one]), ("linkage", [other, changed]), ("linkage", [other])]
        found = await asyncio.gather(
            *(house.ledger.log.take(*take) for take in takes), return_exceptions=True
        )
        assert [found[0], type(found[1]), found[2]] == [[0], SubmissionChanged, [1]]
        assert await holds_together(house, 2) == leaves(1) + leaves(1, 8)

    in_house(story)
