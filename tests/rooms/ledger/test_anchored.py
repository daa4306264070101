"""Heads of journals stand in the ledger's log, and oversight hears of a journal that was changed."""

from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.anchoring import leaf
from kumihimo.kernel.journal import JournalLine
from kumihimo.kernel.leaves import salts
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.rooms.ledger.witnessed import Fetching
from kumihimo.rooms.oversight.api import ALARM_PATH, Alarm, Received
from kumihimo.rooms.oversight.app import build
from kumihimo.rooms.oversight.client import anchoring, own_alarm
from kumihimo.rooms.oversight.service import alarms
from tests.rooms.ledger.house import DESK, MINATO
from tests.rooms.ledger.logs import entries, head
from tests.rooms.ledger.test_witnessed import overseen

ROOMS = {
    "linkage": "linkage",
    "register": "register",
    "ledger": "ledger",
    "gateway": MINATO,
    "portal": "portal",
    "review": DESK,
}


class Kept:
    """A room's journal, what anchors it, and a superuser's way in."""

    def __init__(self, house, postgres, name, database, anchors):
        self.house = house
        self.admin = postgres and postgres.admin(f"kumihimo_{name}").reveal()
        self.database = database
        self.anchors = anchors

    async def write(self, count):
        for number in range(count):
            async with self.database.transaction() as tx:
                line = JournalLine(act="tested", actor="tester", detail={"n": number})
                await journal.write(tx, line, at=self.house.clock.now())

    async def look(self, times=1):
        for _ in range(times):
            self.house.clock.advance(timedelta(seconds=10))
            await self.anchors.run_once()

    def superuser(self, statement):
        with psycopg.connect(self.admin) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute(statement)


@asynccontextmanager
async def kept(house, new_room, postgres, room):
    if room == "ledger":
        yield Kept(house, postgres, house.name, house.database, house.room.anchors)
        return
    name, reached = new_room(room)
    database = Database(reached.runtime, pool_max=2)
    await database.open()
    anchors = anchoring(room, database, house.caller(ROOMS[room]), several=room == "gateway")
    try:
        yield Kept(house, postgres, name, database, anchors)
    finally:
        await database.close()


@pytest.fixture
def in_sight(in_house, new_room, postgres):
    def run(story, room):
        async def whole(house):
            async with (
                overseen(house, new_room) as oversight,
                kept(house, new_room, postgres, room) as of_room,
            ):
                await story(house, oversight, of_room)

        in_house(whole)

    return run


@pytest.mark.parametrize("room", ROOMS)
def test_the_head_of_a_journal_stands_in_the_log(in_sight, room):
    async def story(house, oversight, of_room):
        await of_room.write(5)
        await of_room.look(2)
        [found] = await entries(house, (await head(house)).size)
        async with of_room.database.transaction() as tx:
            digest = await tx.value("SELECT digest FROM journal WHERE seq = 5")
        secret = salts(house.keys[ROOMS[room]])
        assert found == leaf(secret, room, 1, 5, digest)
        assert await alarms(oversight) == []

    in_sight(story, room)


@pytest.mark.parametrize("room", ROOMS)
def test_oversight_hears_within_a_minute_whose_journal_was_changed(in_sight, room):
    async def story(house, oversight, of_room):
        await of_room.write(5)
        await of_room.look(2)
        of_room.superuser("UPDATE journal SET actor = 'another' WHERE seq = 2")
        await of_room.look(3)
        for alarm in (told := await alarms(oversight)):
            assert (alarm.kind, alarm.requester) == ("journal-broken", ROOMS[room])
            assert alarm.reporter == ROOMS[room]
        assert told

    in_sight(story, room)


def test_a_gateway_that_speaks_by_another_institution_goes_on_and_raises_no_alarm(in_sight):
    async def story(house, oversight, of_room):
        await of_room.write(5)
        await of_room.look(2)
        another = house.caller("lg-271004")
        of_room.anchors = anchoring("gateway", of_room.database, another, several=True)
        await of_room.look(2)
        await of_room.write(1)
        await of_room.look(2)
        assert (await head(house)).size == 2
        assert not of_room.anchors.found

    in_sight(story, "gateway")


@pytest.mark.parametrize("kind", ["journal-broken", "rows-touched"])
def test_nobody_says_of_anothers_journal_or_rows_that_they_are_broken(in_sight, kind):
    async def story(house, oversight, of_room):
        at = house.clock.now()
        told = own_alarm("a" * 22, kind, "linkage", at)
        with pytest.raises(Refused) as refusal:
            await house.caller("register").call("oversight", ALARM_PATH, told, Received)
        assert refusal.value.reason == "not-allowed"
        other = Alarm(
            alarm="a" * 22,
            kind="record-changed",
            permit="b" * 22,
            requester="register",
            provider="",
            noticed_at=at,
        )
        with pytest.raises(Refused):
            await house.caller("register").call("oversight", ALARM_PATH, other, Received)
        assert await alarms(oversight) == []

    in_sight(story, "linkage")


def test_the_ledger_fetches_the_heads_of_oversights_journal(in_sight):
    async def story(house, oversight, of_room):
        room = build(oversight, entropy=house.entropy, report=house.bug)
        fetching = Fetching(house.ledger, house.caller("ledger"))
        of_oversight = Kept(house, None, "", oversight.database, room.anchors)
        await of_oversight.write(3)
        with pytest.raises(Unavailable):
            await of_oversight.look()
        for _ in range(2):
            await fetching.run_once()
        await of_oversight.look(2)
        async with oversight.database.transaction() as tx:
            place = await tx.value("SELECT place FROM journal_anchor")
            digest = await tx.value("SELECT digest FROM journal WHERE seq = 3")
        secret = salts(house.keys["oversight"])
        assert place == 0
        assert await entries(house, 1) == [leaf(secret, "oversight", 1, 3, digest)]
        assert await alarms(oversight) == []

    in_sight(story, "ledger")
