"""Operators are told how long mail waits and when bells were last heard, and nothing of it is stored."""

from datetime import timedelta

import pytest

from kumihimo.kernel.health import Made, Watch
from kumihimo.kernel.refusal import Unavailable
from kumihimo.operations.alarms import limits
from kumihimo.rooms.portal import mailing
from tests.rooms.portal.test_wishes import ADDRESS, passes, posted, with_mail

HOUR = timedelta(hours=1)


async def alarms(house):
    watch = Watch(
        room="portal",
        database=house.portal.database,
        clock=house.clock,
        limits=limits(),
        looks=(house.portal.mail_waits.look,),
        ages=house.portal.mail_waits.ages,
    )
    return {one.of: one.age_s for one in (await watch.health()).alarms}


async def waits(house):
    found = await house.portal.mail_waits.look(None)
    return {one.queue: (one.party, one.count, house.clock.now() - one.since) for one in found}


def test_mail_that_no_relay_takes_is_an_alarm_by_its_age_and_none_once_it_went(at_portal):
    async def story(house):
        async with posted(house) as post:
            await with_mail(house, post)
            house.ledger.ringing.add("hanako")
            object.__setattr__(house.mailer, "port", 1)
            with pytest.raises(Unavailable):
                await passes(house)
            assert await alarms(house) == {}
            house.clock.advance(HOUR)
            with pytest.raises(Unavailable):
                await mailing.send_due(house.portal)
            assert await waits(house) == {"mail": ("relay", 1, HOUR)}
            assert (await alarms(house))["mail"] == HOUR.total_seconds()
            object.__setattr__(house.mailer, "port", post.port)
            await passes(house)
            await passes(house)
            assert (await waits(house), await alarms(house)) == ({}, {})

    at_portal(story)


def test_an_address_that_is_put_off_is_told_apart_and_an_alarm_only_after_a_day(at_portal):
    async def story(house):
        async with posted(house) as post:
            await with_mail(house, post)
            house.ledger.ringing.add("hanako")
            post.postpones.add(ADDRESS)
            await passes(house)
            await passes(house)
            house.clock.advance(23 * HOUR)
            await passes(house)
            assert await waits(house) == {"mail-put-off": ("relay", 1, 23 * HOUR)}
            assert await alarms(house) == {}
            house.clock.advance(HOUR)
            await passes(house)
            assert await alarms(house) == {"mail-put-off": 24 * HOUR.total_seconds()}

    at_portal(story)


def test_bells_that_the_ledger_does_not_tell_of_are_an_alarm_and_no_relay_no_bells(at_portal):
    async def story(house):
        await mailing.listen(house.portal)
        assert house.portal.mail_waits.ages() == (), "nothing is mailed here"
        async with posted(house) as post:
            await with_mail(house, post)
            await passes(house)
            assert house.portal.mail_waits.ages() == (Made("bells", house.clock.now()),)
            house.ledger.silent.add("bells")
            house.clock.advance(HOUR)
            with pytest.raises(Unavailable):
                await mailing.listen(house.portal)
            assert await alarms(house) == {"bells": HOUR.total_seconds()}
            house.ledger.silent.clear()
            await mailing.listen(house.portal)
            assert await alarms(house) == {}

    at_portal(story)
