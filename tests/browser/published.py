"""The page of public statistics, served: without a month, and with one."""

from contextlib import asynccontextmanager

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


class Place(str):
    """The page's address, and oversight's `database`."""

    __slots__ = ("database",)


@asynccontextmanager
async def statistics(new_room):
    """Yield the address of an oversight that was told no month yet."""
    _, reached = new_room("oversight")
    database = Database(reached.runtime, pool_max=2)
    await database.open()
    keys = PartyKeys("oversight", new_master(SystemEntropy()))
    oversight = Oversight(database, keys, DirectoryBook(keys.public.signing), HandClock(START))
    app = build(oversight, entropy=SystemEntropy(), report=never).app
    try:
        async with served(app) as address:
            place = Place(address)
            place.database = database
            yield place
    finally:
        await database.close()


async def at_statistics(page, place):
    """Go through the page's states; yields the name of each that is open."""
    await page.goto("/")
    yield "statistics-empty"
    async with place.database.transaction() as tx:
        await store_published.add(tx, MONTH.month, msgspec.json.encode(MONTH), START)
    for way, name in (
        ("/", ""),
        ("/?language=en&month=2026-10", "-en"),
        ("/?month=2000-01", "-none"),
    ):
        await page.goto(way)
        yield f"statistics{name}"
