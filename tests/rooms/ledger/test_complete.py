"""A database that lacks what it once put into the log says so: what, how much, and since when."""

from datetime import timedelta

import psycopg
import pytest

from kumihimo.kernel import journal, leaves
from kumihimo.kernel.completeness import hold, journal_held
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.journal import JournalLine
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.net import Refused
from kumihimo.kernel.sql import Database
from kumihimo.kernel.tlog.leaf import Submission
from kumihimo.kernel.tlog.mine import MINE_PATH, STRETCH, AskMine, Mine
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT
from kumihimo.rooms.oversight.api import SEEN_PATH, CheckpointSeen, Nothing
from kumihimo.rooms.oversight.client import anchoring
from kumihimo.run.prove import Report, tell_log
from tests.rooms.ledger.house import OSAKA
from tests.rooms.ledger.logs import leaves as some_leaves
from tests.rooms.ledger.logs import submission
from tests.rooms.ledger.test_witnessed import by_superuser, overseen, witnessed


class Room:
    """The core's database, which put into the ledger's log a record and a head, and again a minute later."""

    def __init__(self, house, postgres, name, database):
        self.house = house
        self.postgres = postgres
        self.name = name
        self.database = database
        self.anchors = anchoring("linkage", database, house.caller("linkage"))

    async def act(self, *, told=True):
        """Do something that has a leaf and a line; `told`: the log's answer was written down."""
        one = Submission(new_id(self.house.entropy), b"".join(some_leaves(1)), "record")
        line = JournalLine(act="tested", actor="linkage", detail={})
        async with self.database.transaction() as tx:
            await leaves.put(tx, one, self.house.clock.now())
            await journal.write(tx, line, at=self.house.clock.now())
        [first] = await self.house.submit(one)
        if told:
            self.superuser(f"UPDATE leaf_batch SET first = {first} WHERE first IS NULL")
            await self.anchors.run_once()
            self.house.clock.advance(timedelta(minutes=1))

    async def ask(self, asked, party="linkage"):
        told, _ = await self.house.caller(party).call("ledger", MINE_PATH, asked, Mine)
        return told

    async def held(self, **more):
        return await hold(self.database, self.house.keys["linkage"], self.ask, **more)

    def superuser(self, *statements, name=""):
        admin = self.postgres.admin(f"kumihimo_{name or self.name}").reveal()
        with psycopg.connect(admin) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement)


@pytest.fixture
def in_room(in_house, new_room, postgres):
    def run(story):
        async def whole(house):
            name, reached = new_room("linkage")
            database = Database(reached.runtime, pool_max=2)
            await database.open()
            try:
                room = Room(house, postgres, name, database)
                for _ in range(2):
                    await room.act()
                await story(room)
            finally:
                await database.close()

        in_house(whole)

    return run


def test_a_database_that_lost_nothing_is_complete(in_room):
    async def story(room):
        held = await room.held()
        assert held.complete()
        assert (held.size, held.leaves) == (4, 4)
        assert held.newest_at == room.house.clock.now() - timedelta(minutes=1)
        journal_is = await journal_held(room.database)
        assert journal_is.wrong == ()
        assert journal_is.lines == journal_is.anchored == 2
        # In the log, and nobody has written down yet where; and put down, and not sent yet.
        await room.act(told=False)
        room.superuser(
            "INSERT INTO leaf_batch SELECT repeat('A', 22), now(), leaves FROM leaf_batch LIMIT 1"
        )
        held = await room.held()
        assert (held.complete(), held.leaves) == (True, 5)

    in_room(story)


def test_what_a_room_that_serves_does_meanwhile_is_no_loss(in_room):
    async def story(room):
        asked_before = room.ask

        async def ask(asked):
            if asked.start == 0:
                await room.act()
            return await asked_before(asked)

        held = await hold(room.database, room.house.keys["linkage"], ask)
        assert (held.complete(), held.leaves) == (True, 6)

    in_room(story)


def test_a_lost_record_is_told_with_its_entry_and_its_time(in_room):
    async def story(room):
        room.superuser("DELETE FROM leaf_batch WHERE first = 2")
        [lost] = (await room.held()).lost
        assert (lost.what, lost.leaves, lost.first, lost.last) == ("record", 1, 2, 2)
        assert lost.since == lost.until == room.house.clock.now() - timedelta(minutes=1)
        assert not (await room.held(since=2)).complete()
        assert (await room.held(since=3)).complete()

    in_room(story)


def test_a_journal_that_was_turned_back_is_told_by_the_heads_it_lacks(in_room):
    async def story(room):
        room.superuser("DELETE FROM journal_anchor WHERE number = 2")
        [lost] = (await room.held()).lost
        assert (lost.what, lost.leaves, lost.first) == ("head", 1, 3)

    in_room(story)


def test_a_log_that_forgot_is_told_from_what_the_room_was_told(in_room):
    async def story(room):
        room.superuser(
            "DELETE FROM log_batch WHERE start >= 2",
            "DELETE FROM log_submission WHERE first >= 2",
            name=room.house.name,
        )
        held = await room.held()
        assert (held.size, held.lost) == (2, ())
        assert (held.forgotten, held.believed) == (2, 3)

    in_room(story)


def test_leaves_that_stand_elsewhere_are_told(in_room):
    async def story(room):
        room.superuser(
            "UPDATE leaf_batch SET first = 1 WHERE first = 2",
            "UPDATE leaf_batch SET leaves = leaves || leaves WHERE first = 0",
        )
        held = await room.held()
        assert (held.moved, held.lost, held.forgotten) == (2, (), 0)

    in_room(story)


def test_a_party_that_changed_its_key_knows_its_old_heads_by_their_places(in_room):
    async def story(room):
        told = await room.ask(AskMine(0))

        async def ask(asked):
            return told if asked.start == 0 else Mine((), told.size, told.size)

        new_key = PartyKeys("linkage", new_master(room.house.entropy))
        assert (await hold(room.database, new_key, ask)).complete()

    in_room(story)


def test_a_journal_that_does_not_hold_is_told_by_the_line(in_room):
    async def story(room):
        room.superuser("DELETE FROM journal WHERE seq = 1")
        assert ("line-missing", 2) in (await journal_held(room.database)).wrong
        room.superuser("DELETE FROM journal WHERE seq = 2")
        wrong = (await journal_held(room.database)).wrong
        assert {"head-moved", "line-unlike-anchor"} <= {what for what, _ in wrong}

    in_room(story)


def test_a_party_is_told_of_its_own_leaves_in_stretches_and_of_nobody_elses(in_room):
    async def story(room):
        assert (await room.ask(AskMine(0), OSAKA)).submissions == ()
        assert [one.first for one in (await room.ask(AskMine(0))).submissions] == [0, 1, 2, 3]
        for start in (-1, 1 << 63):
            with pytest.raises(Refused) as refusal:
                await room.ask(AskMine(start))
            assert refusal.value.reason == "bad-input"
        many = [submission(room.house, some_leaves(1_500, at * 1_500)) for at in range(3)]
        await room.house.submit(*many, sender=OSAKA)
        await room.act()
        held = await room.held()
        assert held.size == 4_506 > STRETCH
        assert (held.leaves, held.complete()) == (6, True)
        assert await room.ask(AskMine(9_999)) == Mine((), 4_506, 4_506)

    in_room(story)


# The ledger's own database


@pytest.fixture
def in_ledger(in_house, new_room, postgres):
    """Run a story on a ledger whose log of 303 entries oversight has cosigned, and two records."""

    def run(story):
        async def whole(house):
            async with overseen(house, new_room):
                await house.exchanged(house.record("Hanako"), house.record("Taro"))
                await house.submit(submission(house, some_leaves(299)))
                assert await witnessed(house) == 1
                await story(house, lambda *statements: by_superuser(postgres, house, *statements))

        in_house(whole)

    return run


async def told(house):
    report = Report()
    await tell_log(report, house.database, house.caller("ledger"))
    return report


def test_a_ledger_that_lost_nothing_is_complete_and_so_is_one_that_grew(in_ledger):
    async def story(house, superuser):
        report = await told(house)
        assert report.complete, report.lines
        await house.submit(submission(house, some_leaves(1)))
        assert (await told(house)).complete
        with pytest.raises(Refused):
            await house.caller("linkage").call(OVERSIGHT, SEEN_PATH, Nothing(), CheckpointSeen)

    in_ledger(story)


def test_a_ledger_that_forgot_what_oversight_cosigned_is_told_the_entries(in_ledger):
    async def story(house, superuser):
        superuser("DELETE FROM log_batch WHERE start = (SELECT max(start) FROM log_batch)")
        report = await told(house)
        assert not report.complete
        assert any("MISSING HERE: 299 x 項目 entries 4-302" in line for line in report.lines)

    in_ledger(story)


def test_a_log_that_was_made_anew_is_not_the_one_that_oversight_cosigned(in_ledger):
    async def story(house, superuser):
        superuser(
            "DELETE FROM log_batch WHERE start = (SELECT max(start) FROM log_batch)",
            "DELETE FROM log_node",
            "DELETE FROM log_submission WHERE first >= 4",
        )
        await house.submit(submission(house, some_leaves(300, 1)))
        report = await told(house)
        assert any("ANOTHER HISTORY" in line for line in report.lines)

    in_ledger(story)


def test_a_row_that_is_taken_out_of_a_restored_ledger_is_missed(in_ledger):
    async def story(house, superuser):
        superuser("DELETE FROM record WHERE leaf = 0")
        house.clock.advance(timedelta(minutes=11))
        report = await told(house)
        assert "台帳の行 rows of the ledger: record-missing: 1" in report.lines

    in_ledger(story)
