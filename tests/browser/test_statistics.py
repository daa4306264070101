"""The page of public statistics: axe, a phone, twice the text, dark mode, and no script."""

import msgspec

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.sql import Database
from kumihimo.rooms.oversight import store_published
from kumihimo.rooms.oversight.app import build
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.oversight.service import Oversight
from kumihimo.rooms.oversight.statistics_api import InstitutionCounted, MonthCounted, SideCounted
from kumihimo.run.loopback import served
from tests.browser.looks import faults
from tests.rooms.oversight.test_directory import START

SIDE = SideCounted(
    inquiries=1_230_450,
    outcomes={"OK": 1_200_000, "REFUSED_CASE": 20_000, "NO_DATA": 10_450},
    within=(1_000_000, 1_100_000, 1_190_000, 1_200_000),
)
MONTH = MonthCounted(
    month="2026-10",
    institutions=tuple(
        InstitutionCounted(institution=name, asked=SIDE, was_asked=SIDE)
        for name in ("lg-131032", "lg-271004", "nenkin", "kouiki-13")
    ),
)


def never(where, error):
    raise AssertionError(where) from error


def test_the_page_of_public_statistics_is_sound(chromium, loop, new_room):
    async def story():
        _, reached = new_room("oversight")
        database = Database(reached.runtime, pool_max=2)
        await database.open()
        keys = PartyKeys("oversight", new_master(SystemEntropy()))
        book = DirectoryBook(keys.public.signing)
        oversight = Oversight(database, keys, book, HandClock(START))
        app = build(oversight, entropy=SystemEntropy(), report=never).app
        found = {}
        try:
            async with served(app) as address, chromium.person(address, script=True) as page:
                found["empty"] = await open_and_look(page, "/")
                body = msgspec.json.encode(MONTH)
                async with database.transaction() as tx:
                    await store_published.add(tx, MONTH.month, body, START)
                for way in ("/", "/?language=en&month=2026-10", "/?month=2000-01"):
                    found[way] = await open_and_look(page, way)
        finally:
            await database.close()
        return found

    found = loop.run(story())
    assert len(found) == 4
    assert [fault for faults_of in found.values() for fault in faults_of] == []


async def open_and_look(page, way):
    await page.goto(way)
    return await faults(page)
