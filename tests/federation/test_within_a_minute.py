"""What is done about her stands on her page within a minute, by the rooms' own workers alone.

The minute is the promise, a bound and no measurement: nothing here is delivered by hand.
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

from kumihimo.rooms.gateway import clients
from kumihimo.rooms.gateway.business import Attributes
from kumihimo.rooms.gateway.client import BusinessClient, By
from kumihimo.rooms.gateway.clients import EVERY_AFFAIR
from kumihimo.rooms.linkage.asker_api import Asker
from tests.federation.desk import Bridge
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA
from tests.federation.test_a_cards_year import HANAKO
from tests.federation.test_a_person_at_the_portal import play
from tests.federation.test_a_proxy_at_the_portal import Two
from tests.rooms.portal.delegating import acts, joins, opens

PROMISED_S = 60
TAXES = "b024"
PENSION = "b037"
COPIES = "宛名番号,基準日,所得年,合計所得金額,扶養人数\r\n7,2026-05-31,2025,3210000,2\r\n"
LOOK_AT_HER = By(affair=ALLOWANCE, asker=Asker(office="子育て課", role="受給資格の審査"))
OF_THE_NETWORK = {
    "exchange": "情報が渡されました</span>",
    "refusal": "断られました：あなたの事案がない</span>",
    "staff look": "子育て課・受給資格の審査",
}


class Living(Two):
    """The federation with a portal and two cards, clerks at their desks, its workers at work."""

    clerks = 0

    async def at_work(self, opened):
        """Let every room's workers run until `opened` is closed."""
        for app in {id(app): app for app in [*self.street.apps.values(), self.app]}.values():
            await opened.enter_async_context(app.lifespan())

    async def clerk(self, act, at=MINATO):
        """Let a clerk do something at the business system of an institution."""
        street, room = self.street, self.street.gateways["gateway"]
        self.clerks += 1
        name = f"clerk-{self.clerks}"
        token = await clients.create(room.gateway, street.tenant(at), name, [EVERY_AFFAIR])
        bridge = Bridge(room.app, asyncio.get_running_loop())
        with BusinessClient("http://gateway", token, transport=bridge) as client:
            return await asyncio.to_thread(act, client)

    def knows_her(self, addressee, affair=ALLOWANCE):
        """Return how a clerk finds her by her four attributes, at register."""
        written = self.people[HANAKO][1]
        four = Attributes(
            name=written.name, birth=written.birth, sex=written.sex, address=written.address
        )

        def ask_register(client):
            return client.register_by_strict_inquiry(addressee, affair=affair, attributes=four)

        return ask_register

    async def is_known(self):
        """Let Minato have a case of hers, and Osaka her taxes."""
        await self.clerk(self.knows_her("100"))
        await self.clerk(self.knows_her("7"), OSAKA)
        for institution in (MINATO, OSAKA):
            await self.street.acquire(institution)
        await self.clerk(open_case)
        await self.clerk(load_copies, OSAKA)
        await self.street.deliver()


def open_case(client):
    client.open_case("100", affair=ALLOWANCE)


def load_copies(client):
    client.load_copies(COPIES.encode(), layout=LAYOUT)


async def shows(person, path, words):
    """Look at a page until all of it stands there; the town's time goes by with ours."""
    while True:
        await person.open(path)
        if all(one in person.page for one in words):
            return
        await asyncio.sleep(0.5)
        person.house.clock.advance(timedelta(seconds=0.5))


def ask(client):
    client.ask_one("100", affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT)


def ask_without_a_case(client):
    client.ask_one("100", affair=TAXES, provider=OSAKA, items=[INCOME], layout=LAYOUT)


def look(client):
    client.cases_of("100", LOOK_AT_HER)


def test_within_a_minute_she_reads_each_of_them(server, new_room):
    play(server, new_room, Living, _story)


async def _story(town):
    await town.have_cards()
    await town.is_known()
    async with AsyncExitStack() as opened:
        await town.at_work(opened)
        hanako, taro = await town.come("Hanako", "hanako"), await town.come("Taro", "taro")
        opened.push_async_callback(hanako.close)
        opened.push_async_callback(taro.close)
        await joins(taro, await opens(hanako))
        await hanako.open("/looked")
        for words in OF_THE_NETWORK.values():
            assert words not in hanako.page, "not before it was done"
        for done in (ask, ask_without_a_case, look):
            await town.clerk(done)
        await acts(taro)
        async with asyncio.timeout(PROMISED_S):
            await shows(hanako, "/looked", [*OF_THE_NETWORK.values(), "代理の人（妹）が見ました"])
        await hanako.open("/notices")
        assert "厚生年金" not in hanako.page, "not before it was done"
        await town.clerk(town.knows_her("101", PENSION))
        async with asyncio.timeout(PROMISED_S):
            for path in ("/looked", "/looked/offices", "/notices", "/"):
                await shows(hanako, path, ["手続：厚生年金"])
