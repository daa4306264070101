"""The key of the ledger's domain changes: nothing is lost, and no end disagrees because of it."""

import asyncio

import attrs
import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.ledger import rotation, store
from kumihimo.rooms.ledger.context import held_steps
from kumihimo.rooms.linkage.api import ROTATE_PATH, ROTATED_PATH


class PowerCut(Exception):
    pass


class DyingClock:
    """A clock under which the power fails at the n-th look, inside whatever looks."""

    def __init__(self, clock, lives):
        self.clock = clock
        self.lives = lives

    def now(self):
        if self.lives == 0:
            raise PowerCut
        self.lives -= 1
        return self.clock.now()


async def rotate(house, **changes):
    ledger = attrs.evolve(house.ledger, **changes)
    return await rotation.rotate(ledger, house.caller("ledger"), rows_at_once=2)


async def versions(house):
    async with house.database.transaction() as tx:
        found = await tx.connection.execute(
            "SELECT version FROM record UNION SELECT version FROM record_end"
            " WHERE person IS NOT NULL UNION SELECT version FROM session"
        )
        return {version for (version,) in await found.fetchall()}


async def exchange(house, person, *, provided_about="", version=None):
    """Let an exchange with both ends be delivered; returns its record."""
    record = house.record(person, version=version)
    end = house.end(record, provided_about or person, version=version)
    await house.deliver(record, ends=[end], version=version)
    return record


def test_records_from_before_during_and_after_a_change_are_all_found(in_house):
    async def story(house):
        before = [await exchange(house, "one") for _ in range(5)]
        old_session = await house.enter("one")
        house.losing.add(ROTATED_PATH)
        house.down.add("linkage")
        with pytest.raises(Unavailable):
            await rotate(house)
        house.down.clear()
        with pytest.raises(Unavailable):
            await rotate(house)  # all is carried; the core's word on it got lost
        house.core.version = 1  # or rather, never reached it
        house.core.rotating = 2
        during = [await exchange(house, "one") for _ in range(2)]
        amid = await house.enter("one")
        everything = {one.record for one in before + during}
        assert set(await house.read(old_session)) == set(await house.read(amid)) == everything
        await rotate(house)
        after = [await exchange(house, "one")]
        everything |= {one.record for one in after}
        for token in (old_session, amid, await house.enter("one")):
            assert set(await house.read(token)) == everything
        assert await house.read(await house.enter("other")) == []
        assert await versions(house) == {2}
        assert await house.alarms() == []

    in_house(story)


def test_wherever_the_power_fails_the_change_goes_on_and_she_reads_everything(in_house):
    async def story(house):
        made = [await exchange(house, "one") for _ in range(5)]
        liar = await exchange(house, "one", provided_about="other")
        token = await house.enter("one")
        cuts = 0
        while True:
            try:
                await rotate(house, clock=DyingClock(house.clock, cuts % 3))
            except PowerCut:
                cuts += 1
            else:
                break
            made.append(await exchange(house, "one"))
            expected = {one.record for one in [*made, liar]}
            assert set(await house.read(token)) == expected
            assert set(await house.read(await house.enter("one"))) == expected
        assert cuts > 3
        assert await versions(house) == {2}
        assert house.core.version == 2
        assert await house.alarms() == [("ends-disagree", liar.permit)]
        async with house.database.transaction() as tx:
            await journal.verify(tx)

    in_house(story)


def test_a_lost_answer_at_the_end_of_a_change_does_not_begin_another(in_house):
    async def story(house):
        await exchange(house, "one")
        house.losing.add(ROTATED_PATH)
        with pytest.raises(Unavailable):
            await rotate(house)
        assert house.core.version == 2
        assert await rotation.resume(house.ledger, house.caller("ledger")) == 0
        assert house.core.asked == [ROTATE_PATH, ROTATED_PATH, ROTATED_PATH]
        assert await rotation.resume(house.ledger, house.caller("ledger")) == 0
        assert house.core.asked == [ROTATE_PATH, ROTATED_PATH, ROTATED_PATH]

    in_house(story)


def test_a_lost_answer_at_the_beginning_changes_nothing_and_the_next_try_does(in_house):
    async def story(house):
        record = await exchange(house, "one")
        house.losing.add(ROTATE_PATH)
        with pytest.raises(Unavailable):
            await rotate(house)
        assert await rotation.resume(house.ledger, house.caller("ledger")) == 0
        assert await versions(house) == {1}
        assert await rotate(house) == 2
        assert await house.read(await house.enter("one")) == [record.record]

    in_house(story)


def test_what_comes_late_under_an_old_key_is_carried_on_arrival_however_many_changes_later(
    in_house,
):
    async def story(house):
        late = house.record("one")
        late_end = house.end(late, "one")
        early = house.record("one")
        await house.deliver(early)
        early_end = house.end(early, "one")
        for _ in range(2):
            await rotate(house)
        await house.deliver(late, version=1)
        await house.deliver(ends=[late_end, early_end], version=1)
        assert await versions(house) == {3}
        assert await house.alarms() == []
        assert set(await house.read(await house.enter("one"))) == {late.record, early.record}

    in_house(story)


def test_ends_under_different_keys_that_name_different_people_are_told_all_the_same(in_house):
    async def story(house):
        liar = house.record("one")
        false_end = house.end(liar, "other")
        await house.deliver(liar)
        await rotate(house)
        await house.deliver(ends=[false_end], version=1)
        assert await house.alarms() == [("ends-disagree", liar.permit)]

    in_house(story)


def test_ends_that_meet_under_one_key_only_by_the_walk_are_compared_then(in_house):
    async def story(house):
        liar, honest = house.record("one"), house.record("one")
        await house.deliver(liar, honest)
        with pytest.raises(PowerCut):
            await rotate(house, clock=DyingClock(house.clock, 1))  # begun, nothing carried
        ends = [house.end(liar, "other"), house.end(honest, "one")]
        await house.deliver(ends=ends)
        assert await versions(house) == {1, 2}
        assert await house.alarms() == []
        await rotate(house)
        assert await house.alarms() == [("ends-disagree", liar.permit)]

    in_house(story)


def test_deliveries_and_readers_at_the_same_time_as_the_walk_lose_nothing(in_house):
    async def story(house):
        made = [await exchange(house, "one") for _ in range(6)]
        token = await house.enter("one")
        known = {one.record for one in made}
        walk = asyncio.create_task(rotate(house))
        coming = [asyncio.create_task(exchange(house, "one")) for _ in range(6)]
        for read in await asyncio.gather(*(house.read(token) for _ in range(8))):
            assert known <= set(read)
        made += await asyncio.gather(*coming)
        await walk
        assert await versions(house) == {2}
        assert set(await house.read(token)) == {one.record for one in made}
        assert await house.alarms() == []

    in_house(story)


def test_a_change_waits_for_whoever_is_writing_under_the_present_key(in_house):
    async def story(house):
        slow = house.record("one")
        async with house.database.transaction() as tx:
            assert await held_steps(house.ledger, tx) == []
            change = asyncio.create_task(rotate(house))
            await house.blocked(change)
            await store.add_records(tx, [slow], [house.coded("one", 1)], [None])
        assert await change == 1
        await house.deliver(ends=[house.end(slow)])
        assert await house.read(await house.enter("one")) == [slow.record]

    in_house(story)


def test_an_end_that_is_being_replaced_is_not_overwritten_by_the_walk(in_house):
    async def story(house):
        record = house.record("one")
        await house.deliver(record, ends=[house.end(record, "one", outcome="PENDING_MANUAL")])
        with pytest.raises(PowerCut):
            await rotate(house, clock=DyingClock(house.clock, 1))
        async with house.database.transaction() as tx:
            decided = house.end(record)
            assert await store.add_ends(tx, [decided], [house.coded("other", 2)], [None])
            change = asyncio.create_task(rotate(house))
            await house.blocked(change)
        await change
        assert await house.read(await house.enter("other")) == [record.record]

    in_house(story)


def test_two_changes_asked_for_at_once_are_one(in_house):
    async def story(house):
        record = await exchange(house, "one")
        await asyncio.gather(rotate(house), rotate(house))
        assert await house.read(await house.enter("one")) == [record.record]
        assert await versions(house) == {house.core.version}

    in_house(story)


def test_the_way_from_an_old_key_is_forgotten_in_time_and_what_needs_it_is_refused(in_house):
    async def story(house):
        record = await exchange(house, "one")
        late = house.record("one")
        await rotate(house)
        house.clock.advance(rotation.STEP_KEPT)
        assert await rotation.forget(house.ledger) == 0
        house.clock.advance(rotation.STEP_KEPT)
        assert await rotation.forget(house.ledger) == 1
        assert await rotation.forget(house.ledger) == 0
        with pytest.raises(Refused) as refused:
            await house.deliver(late, version=1)
        assert refused.value.remote.pointer == "version"
        assert await house.read(await house.enter("one")) == [record.record]
        fresh = await exchange(house, "one")
        await rotate(house)
        assert set(await house.read(await house.enter("one"))) == {record.record, fresh.record}

    in_house(story)


def test_an_unfinished_change_is_never_forgotten(in_house):
    async def story(house):
        await exchange(house, "one")
        with pytest.raises(PowerCut):
            await rotate(house, clock=DyingClock(house.clock, 1))
        house.clock.advance(rotation.STEP_KEPT * 3)
        assert await rotation.forget(house.ledger) == 0
        assert await rotation.resume(house.ledger, house.caller("ledger")) == 2

    in_house(story)


def test_whoever_looks_sees_the_version_and_how_far_a_change_is(in_house):
    async def story(house):
        async def look():
            state = await rotation.state(house.ledger)
            return state.version, state.under_way, state.changed_on, state.codes, state.left

        await exchange(house, "one")
        assert await look() == (1, False, None, 2, 0)
        with pytest.raises(PowerCut):
            await rotate(house, clock=DyingClock(house.clock, 3))
        assert await look() == (2, True, None, 2, 1)
        told = []
        await rotation.rotate(house.ledger, house.caller("ledger"), progress=told.append)
        assert await look() == (2, False, legal_day(house.clock.now()), 2, 0)
        assert told[-1] == 1

    in_house(story)


def test_the_journal_says_once_that_a_change_began_and_once_that_it_ended(in_house):
    async def story(house):
        await exchange(house, "one")
        house.losing.add(ROTATED_PATH)
        with pytest.raises(Unavailable):
            await rotate(house)
        assert await rotation.resume(house.ledger, house.caller("ledger")) == 0
        assert await rotation.resume(house.ledger, house.caller("ledger")) == 0
        async with house.database.transaction() as tx:
            said = await tx.connection.execute(
                "SELECT act FROM journal WHERE act LIKE 'rotation-%' ORDER BY seq"
            )
            assert await said.fetchall() == [("rotation-begun",), ("rotation-finished",)]

    in_house(story)


def test_the_scalar_of_a_change_is_not_in_the_database(in_house, postgres):
    async def story(house):
        await exchange(house, "one")
        await rotate(house)
        async with house.database.transaction() as tx:
            [step] = await held_steps(house.ledger, tx)
        assert step.scalar is not None
        assert step.scalar.reveal().hex().encode() not in postgres.dump(house.name)

    in_house(story)
