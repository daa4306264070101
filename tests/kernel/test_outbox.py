import asyncio
from datetime import timedelta

import pytest
from tests.federation.street import START

from kumihimo.kernel import outbox
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.net import Refused
from kumihimo.kernel.outbox import CLAIM_FOR, Outbox
from kumihimo.kernel.refusal import NotAllowed, QueueFull, TooMany, Unavailable
from kumihimo.kernel.sql import Database


class Post:
    """A receiver that can be away, refuse, or die after taking a letter."""

    def __init__(self):
        self.taken = []
        self.mood: str | None = None

    async def deliver(self, letter):
        if self.mood == "away":
            raise Unavailable
        if self.mood == "refuse":
            raise Refused("ledger", NotAllowed().problem())
        if self.mood == "full":
            raise Refused("ledger", TooMany().problem())
        self.taken.append(letter.body)
        if self.mood == "die":
            raise KeyboardInterrupt


@pytest.fixture
def with_outbox(new_room):
    _, reached = new_room("linkage")

    def run(story):
        async def whole():
            database = Database(reached.runtime, pool_max=4)
            await database.open()
            post = Post()
            clock = HandClock(START)
            box = Outbox(database, post.deliver, clock, SeededEntropy(1))
            async with database.transaction() as tx:
                for number in range(3):
                    await outbox.put(
                        tx, topic="/x", destination="ledger", body=b"%d" % number, at=clock.now()
                    )
            try:
                await story(box, post, clock, database)
            finally:
                await database.close()

        asyncio.run(whole())

    return run


def test_what_was_committed_is_delivered_once_and_forgotten(with_outbox):
    async def story(box, post, clock, database):
        assert await box.run_once() == 3
        assert sorted(post.taken) == [b"0", b"1", b"2"]
        assert await box.run_once() == 0
        assert await box.depth() == (0, None)

    with_outbox(story)


def test_what_was_rolled_back_never_leaves(with_outbox):
    async def story(box, post, clock, database):
        await box.run_once()

        async def changes_its_mind():
            async with database.transaction() as tx:
                await outbox.put(tx, topic="/x", destination="l", body=b"no", at=clock.now())
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await changes_its_mind()
        assert await box.run_once() == 0
        assert b"no" not in post.taken

    with_outbox(story)


def test_a_receiver_that_is_away_is_tried_again_ever_more_rarely(with_outbox):
    async def story(box, post, clock, database):
        post.mood = "away"
        tries = 0
        for _ in range(60):
            tries += await box.run_once()
            clock.advance(timedelta(seconds=1))
        assert 9 <= tries <= 24
        post.mood = None
        clock.advance(timedelta(minutes=10))
        assert await box.run_once() == 3
        assert len(post.taken) == 3

    with_outbox(story)


def test_a_refused_message_is_set_aside_and_can_be_given_another_life(with_outbox):
    async def story(box, post, clock, database):
        post.mood = "refuse"
        await box.run_once()
        assert (await box.depth())[0] == 0
        post.mood = None
        assert await box.requeue() == 3
        assert await box.run_once() == 3

    with_outbox(story)


@pytest.mark.parametrize("together", [False, True])
def test_a_receiver_that_has_too_much_to_do_gets_the_letters_later(with_outbox, together):
    async def story(box, post, clock, database):
        if together:
            box.packs["/x"] = lambda bodies: [(len(bodies), b"".join(bodies))]
        post.mood = "full"
        assert await box.run_once() == 3
        async with database.transaction() as tx:
            assert await outbox.dead(tx) == []
        post.mood = None
        clock.advance(timedelta(seconds=10))
        assert await box.run_once() == 3
        assert b"".join(sorted(post.taken)) == b"012"

    with_outbox(story)


def test_a_worker_that_dies_after_sending_sends_again_and_loses_nothing(with_outbox):
    async def story(box, post, clock, database):
        post.mood = "die"
        with pytest.raises(KeyboardInterrupt):
            await box.run_once()
        post.mood = None
        assert await box.run_once() == 0
        clock.advance(CLAIM_FOR + timedelta(seconds=1))
        assert await box.run_once() == 3
        assert set(post.taken) == {b"0", b"1", b"2"}

    with_outbox(story)


def test_two_workers_do_not_take_the_same_letter(with_outbox):
    async def story(box, post, clock, database):
        counts = await asyncio.gather(box.run_once(), box.run_once())
        assert sum(counts) == 3
        assert len(post.taken) == 3

    with_outbox(story)


def test_however_long_nobody_answers_a_letter_is_neither_lost_nor_set_aside(with_outbox):
    async def story(box, post, clock, database):
        post.mood = "away"
        asked = await box.run_once()
        async with database.transaction() as tx:
            await tx.execute("UPDATE outbox SET tries = 1000000")
        clock.advance(timedelta(days=1_000))
        assert await box.run_once() == asked
        assert (await box.depth())[0] == asked
        post.mood = None
        clock.advance(timedelta(minutes=10))
        assert await box.run_once() == asked
        assert sorted(post.taken) == [b"0", b"1", b"2"]

    with_outbox(story)


def test_what_waits_and_what_was_refused_is_told_by_sender_and_destination(with_outbox):
    async def story(box, post, clock, database):
        since = clock.now()
        clock.advance(timedelta(minutes=1))
        async with database.transaction() as tx:
            await outbox.put(tx, topic="/x", destination="jpki", body=b"4", at=clock.now())
            found = {one.destination: (one.count, one.oldest) for one in await outbox.waiting(tx)}
            assert found == {"ledger": (3, since), "jpki": (1, clock.now())}
            assert await outbox.dead(tx) == []
        post.mood = "refuse"
        await box.run_once()
        async with database.transaction() as tx:
            assert await outbox.waiting(tx) == []
            assert {one.destination: one.count for one in await outbox.dead(tx)} == {
                "ledger": 3,
                "jpki": 1,
            }

    with_outbox(story)


def test_what_may_be_done_later_is_refused_where_so_many_letters_wait_for_one_destination(
    with_outbox,
):
    async def story(box, post, clock, database):
        async def put(*, destination="ledger", sender="", most: int | None = None):
            async with database.transaction() as tx:
                await outbox.put(
                    tx,
                    topic="/y",
                    destination=destination,
                    body=b"y",
                    at=clock.now(),
                    sender=sender,
                    most=most,
                )

        with pytest.raises(QueueFull):
            await put(most=3)
        await put(most=4)
        await put(most=3, destination="oversight")
        await put(most=3, sender="lg-131032")
        await put()
        assert (await box.depth())[0] == 7, "what is told whatever happens is taken"
        await box.run_once()
        await put(most=3)

    with_outbox(story)
