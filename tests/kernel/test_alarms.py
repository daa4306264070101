"""What waits, or is not heard of again, is an alarm from its limit on, and not a second before."""

import asyncio
from datetime import timedelta

import pytest
from tests.federation.street import START

from kumihimo.kernel import outbox
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.grace import Grace, Silence
from kumihimo.kernel.health import Made, Overdue, Waits, Watch, look_at_letters
from kumihimo.kernel.net import Refused
from kumihimo.kernel.outbox import Outbox
from kumihimo.kernel.refusal import Problem, Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.operations.alarms import LIMITS, limits

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def watched(new_room):
    """Run a story with a room's watch, its database and its clock."""
    _, reached = new_room("linkage")

    def run(story, **given):
        async def whole():
            clock, database = HandClock(START), Database(reached.runtime, pool_max=2)
            await database.open()
            watch = Watch(room="linkage", database=database, clock=clock, limits=limits(), **given)
            try:
                await story(watch, database, clock)
            finally:
                await database.close()

        asyncio.run(whole())

    return run


async def alarms(watch):
    found = await watch.health()
    assert (found.state == "alarm") == bool(found.alarms)
    assert found.serves
    return [(one.of, one.party) for one in found.alarms]


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.of)
@pytest.mark.parametrize(
    ("party", "made"),
    [
        ("lg-131032", lambda of: Waits(of, "lg-131032", 2, START)),
        ("", lambda of: Made(of, START)),
    ],
    ids=["queue", "age"],
)
def test_at_its_limit_and_not_before(watched, limit, party, made):
    async def look(tx):
        return [made(limit.of)]

    async def story(watch, database, clock):
        if limit.after:
            clock.advance(limit.after - SECOND)
            assert await alarms(watch) == []
            clock.advance(SECOND)
        [alarm] = (await watch.health()).alarms
        limit_s = int(limit.after.total_seconds())
        assert alarm == Overdue(of=limit.of, party=party, age_s=limit_s, limit_s=limit_s)
        assert await alarms(watch) == [(limit.of, party)]

    watched(story, looks=(look,))


def test_what_never_was_and_what_has_no_limit_is_no_alarm(watched):
    async def story(watch, database, clock):
        clock.advance(timedelta(days=400))
        assert await alarms(watch) == []

    watched(story, looks=(), ages=lambda: [Made("directory", None), Made("moon", START)])


def test_letters_that_nobody_takes_and_those_that_were_refused(watched):
    async def silent(letter):
        raise Unavailable

    async def refuses(letter):
        raise Refused("ledger", Problem("urn:kumihimo:conflict", "t", 409))

    async def story(watch, database, clock):
        async def run(deliver):
            await Outbox(database, deliver, clock, SystemEntropy()).run_once()

        async with database.transaction() as tx:
            await outbox.put(
                tx, topic="/x", destination="ledger", body=b"x", at=clock.now(), sender=""
            )
        await run(silent)
        clock.advance(timedelta(minutes=15) - SECOND)
        assert await alarms(watch) == []
        clock.advance(SECOND)
        assert await alarms(watch) == [("outbox", "ledger")]
        await run(refuses)
        assert await alarms(watch) == [("refused", "ledger")]

    watched(story, looks=(look_at_letters,))


@pytest.mark.parametrize(("period", "state"), [(2 * HOUR, "alarm"), (HOUR, "refusing")])
def test_an_alarm_is_told_before_a_grace_that_runs_and_after_one_that_is_over(
    watched, period, state
):
    grace = Grace(
        room="here", missing="there", goes_on="", stops="", period=period, then=Unavailable, test=""
    )

    async def look(tx):
        return [Waits("core", "lg-131032", 1, START)]

    async def story(watch, database, clock):
        clock.advance(HOUR)
        found = await watch.health()
        assert (found.state, len(found.alarms), len(found.graces)) == (state, 1, 1)

    watched(story, looks=(look,), silences=(Silence(grace, START),))
