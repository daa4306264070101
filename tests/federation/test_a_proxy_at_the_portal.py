"""Two people at the portal with cards of the rooms: one reads for the other, until her card is lost."""

import asyncio
from datetime import timedelta

from kumihimo.rooms.portal import proxies_checking
from kumihimo.rooms.portal.domain.delegations import CHECK_EVERY
from tests.federation.test_a_cards_year import HANAKO, TARO
from tests.federation.test_a_person_at_the_portal import PIN, Town, deliver_meanwhile, play
from tests.rooms.portal.delegating import PARTS, acts, joins, opens, press, signs
from tests.rooms.portal.house import Person

LOOK = "東京都港区が、大阪府大阪市に照会しました"


class Two(Town):
    """The federation with a portal, where Hanako and Taro have cards."""

    async def have_cards(self):
        await self.has_a_card()
        await self.born(TARO, sex="1")
        await self.apply(TARO)
        await self.make("taro")
        await self.deliver("taro")
        await self.street.deliver()

    async def come(self, name, card):
        """Let somebody come in with a card, which she has in her reader from then on."""
        self.clock.advance(timedelta(seconds=1))
        person = Person(self)
        person.tray.cards = {name: self.chips[card]}
        person.pin = PIN
        await person.log_in(name)
        assert person.signed_in, person.page
        return person

    async def turns_pass(self):
        """Let every certificate be looked at, as the portal's own worker does."""
        for _ in range(2):
            self.clock.advance(CHECK_EVERY)
            await proxies_checking.look_after(self.portal)


def test_a_proxy_reads_until_a_card_is_lost_and_a_new_card_alone_does_not_bring_him_back(
    server, new_room
):
    play(server, new_room, Two, _story)


async def _story(town):
    await town.have_cards()
    await town.minato_asks()
    letters = asyncio.create_task(deliver_meanwhile(town.street))
    people = []
    try:
        hanako, taro = await town.come("Hanako", "hanako"), await town.come("Taro", "taro")
        people += [hanako, taro]
        await joins(taro, await opens(hanako))
        assert "代理を始めました" in taro.page, taro.page
        await acts(taro)
        assert LOOK in taro.page, taro.page
        await hanako.open("/looked")
        assert "代理の人（妹）が見ました" in hanako.page
        await town.lose(HANAKO)
        await town.street.deliver()
        await town.turns_pass()
        taro = await town.come("Taro", "taro")
        await taro.open("/acting")
        assert LOOK not in taro.page
        await taro.open("/proxies")
        assert 'action="/acting/begin"' not in taro.page
        people += [taro, await _with_a_new_card(town, taro)]
    finally:
        letters.cancel()
        for person in people:
            await person.close()


async def _with_a_new_card(town, taro):
    """A re-issue alone changes nothing; she lets it go on, and then he reads again."""
    await town.apply(HANAKO, replaces="lost")
    await town.make("hanako again")
    await town.deliver("hanako again")
    await town.street.deliver()
    await town.turns_pass()
    taro = await town.come("Taro", "taro")
    await taro.open("/proxies")
    assert 'action="/acting/begin"' not in taro.page
    hanako = await town.come("Hanako", "hanako again")
    await hanako.open("/proxies")
    assert "中断" in hanako.page
    await press(hanako, "/proxies/restore", part=PARTS.findall(hanako.page)[0])
    await signs(hanako)
    assert "代理を再開しました" in hanako.page, hanako.page
    await acts(taro)
    assert LOOK in taro.page, taro.page
    await taro.close()
    return hanako
