"""Letters to one door travel together: all arrive, in order, and a bad one stops no other."""

import asyncio

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.federation.street import START

from kumihimo.kernel import outbox
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.net import Refused
from kumihimo.kernel.outbox import Outbox, runs
from kumihimo.kernel.refusal import NotAllowed, Unavailable
from kumihimo.kernel.sql import Database


@attrs.define
class Receiver:
    """Takes letters; refuses whatever holds a bad one; may be away."""

    taken: list[bytes] = attrs.field(factory=list[bytes])
    away: bool = False

    async def deliver(self, letter):
        if self.away:
            raise Unavailable
        if b"bad" in letter.body:
            raise Refused("ledger", NotAllowed().problem())
        self.taken.append(letter.body)


def join(bodies):
    return [
        (group.stop - group.start, b" ".join(bodies[group])) for group in runs([1] * len(bodies), 3)
    ]


@pytest.fixture
def with_letters(new_room):
    _, reached = new_room("linkage")

    def run(bodies, story):
        async def whole():
            database = Database(reached.runtime, pool_max=2)
            await database.open()
            receiver, clock = Receiver(), HandClock(START)
            box = Outbox(database, receiver.deliver, clock, SeededEntropy(1), {"/x": join})
            try:
                async with database.transaction() as tx:
                    for topic, body in bodies:
                        await outbox.put(
                            tx, topic=topic, destination="ledger", body=body, at=clock.now()
                        )
                await story(box, receiver, database)
            finally:
                await database.close()

        asyncio.run(whole())

    return run


def test_letters_to_one_door_arrive_in_few_messages_and_in_order(with_letters):
    async def story(box, receiver, database):
        assert await box.run_once() == 6
        assert receiver.taken == [b"0 1 2", b"3 4", b"else"]
        assert await box.depth() == (0, None)

    with_letters([*(("/x", b"%d" % n) for n in range(5)), ("/y", b"else")], story)


def test_one_bad_letter_is_set_aside_and_the_others_arrive(with_letters):
    async def story(box, receiver, database):
        await box.run_once()
        assert receiver.taken == [b"0", b"2"]
        assert await box.depth() == (0, None)
        async with database.transaction() as tx:
            assert await tx.value("SELECT convert_from(body, 'UTF8') FROM dead_letter") == "bad"

    with_letters([("/x", b"0"), ("/x", b"bad"), ("/x", b"2")], story)


def test_when_nobody_answers_every_letter_waits(with_letters):
    async def story(box, receiver, database):
        receiver.away = True
        await box.run_once()
        assert receiver.taken == []
        count, _ = await box.depth()
        assert count == 3

    with_letters([("/x", b"%d" % n) for n in range(3)], story)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 2)), min_size=1, max_size=30),
    st.integers(1, 12),
)
def test_every_letter_is_in_one_run_of_one_kind_and_no_run_is_too_long(letters, most):
    sizes, kinds = [size for size, _ in letters], [kind for _, kind in letters]
    found = runs(sizes, most, kinds)
    assert [i for run in found for i in range(run.start, run.stop)] == list(range(len(letters)))
    for run in found:
        assert len(set(kinds[run])) == 1
        assert sum(sizes[run]) <= most or run.stop - run.start == 1
