"""The ledger's operators hear of a log that nobody cosigns, and of one that stands still."""

from datetime import timedelta

from kumihimo.kernel.health import Watch
from kumihimo.operations.alarms import limits
from kumihimo.rooms.ledger.store_waits import look_at_log
from tests.rooms.ledger.logs import leaves, submission
from tests.rooms.ledger.test_witnessed import in_sight, witnessed

__all__ = ["in_sight"]
SECOND = timedelta(seconds=1)


async def health(house):
    watch = Watch(
        room="ledger",
        database=house.ledger.database,
        clock=house.clock,
        limits=limits(),
        looks=(look_at_log,),
    )
    return await watch.health()


async def alarms(house):
    return [(one.of, one.party) for one in (await health(house)).alarms]


def test_a_checkpoint_that_oversight_does_not_cosign_is_told_until_it_does(in_sight):
    async def story(house, oversight):
        await house.submit(submission(house, leaves(1)))
        await witnessed(house)
        await house.submit(submission(house, leaves(1, 1)))
        house.clock.advance(timedelta(minutes=1))
        await house.submit(submission(house, leaves(1, 2)))
        house.clock.advance(timedelta(minutes=4) - SECOND)
        assert await alarms(house) == []
        house.clock.advance(SECOND)
        [queue] = (await health(house)).queues
        assert (queue.queue, queue.count, queue.oldest_s) == ("cosignature", 2, 300)
        assert await alarms(house) == [("cosignature", "oversight")]
        await witnessed(house)
        assert await alarms(house) == []

    in_sight(story)


def test_a_log_that_stands_still_for_days_is_told_and_one_that_never_began_is_not(in_sight):
    async def story(house, oversight):
        assert await alarms(house) == []
        assert [one.age_s for one in (await health(house)).ages] == [None]
        await house.submit(submission(house, leaves(1)))
        await witnessed(house)
        house.clock.advance(timedelta(days=3) - SECOND)
        assert await alarms(house) == []
        house.clock.advance(SECOND)
        assert await alarms(house) == [("checkpoint", "")]
        await house.submit(submission(house, leaves(1, 1)))
        assert await alarms(house) == []

    in_sight(story)
