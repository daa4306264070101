"""One process mails what is due, another what it died over, and all of it once the relay is back."""

import asyncio

import pytest

from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.portal import mailing
from kumihimo.rooms.portal.mailing import TAKEN_FOR
from tests.rooms.portal.delegating import press, signs
from tests.rooms.portal.test_wishes import ADDRESS


class Slow:
    """A relay that takes its time over the first mail; `down`: it takes nothing."""

    def __init__(self):
        self.begun, self.goes_on, self.mails, self.down = (
            asyncio.Event(),
            asyncio.Event(),
            [],
            False,
        )

    async def send(self, to, subject, text):
        if self.down:
            raise Unavailable("no relay")
        if not self.begun.is_set():
            self.begun.set()
            await self.goes_on.wait()
        self.mails.append((to, subject, text))


async def code_is_due(house):
    slow = Slow()
    object.__setattr__(house.portal, "mailer", slow)
    hanako = house.person()
    await hanako.log_in()
    await hanako.open("/wishes")
    await press(hanako, "/wishes/address", address=ADDRESS)
    await signs(hanako)
    return slow


def test_what_one_process_hands_over_no_other_mails_as_well(at_portal):
    async def story(house):
        slow = await code_is_due(house)
        first = asyncio.create_task(mailing.send_due(house.portal))
        await slow.begun.wait()
        assert await mailing.send_due(house.portal) == 0
        slow.goes_on.set()
        assert (await first, len(slow.mails)) == (1, 1)
        assert await mailing.send_due(house.portal) == 0, "it is done"

    at_portal(story)


def test_what_a_process_died_over_is_mailed_by_another_in_time(at_portal):
    async def story(house):
        slow = await code_is_due(house)
        first = asyncio.create_task(mailing.send_due(house.portal))
        await slow.begun.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        slow.goes_on.set()
        assert await mailing.send_due(house.portal) == 0, "it may be under way"
        house.clock.advance(TAKEN_FOR)
        assert (await mailing.send_due(house.portal), len(slow.mails)) == (1, 1)

    at_portal(story)


def test_while_the_relay_is_down_nothing_is_lost_and_all_goes_as_soon_as_it_is_back(at_portal):
    async def story(house):
        slow = await code_is_due(house)
        slow.goes_on.set()
        slow.down = True
        with pytest.raises(Unavailable):
            await mailing.send_due(house.portal)
        slow.down = False
        assert await mailing.send_due(house.portal) == 1

    at_portal(story)
