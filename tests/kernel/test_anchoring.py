"""A journal that somebody changed behind the room's back is found out, and told once."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from tests.databases import may_write
from tests.kernel.anchored import KEYS, in_room

from kumihimo.kernel import journal
from kumihimo.kernel.anchoring import leaf, submission_id
from kumihimo.kernel.health import Watch
from kumihimo.kernel.journal import JournalLine
from kumihimo.kernel.leaves import salts
from kumihimo.kernel.refusal import Unavailable

__all__ = ("in_room",)


def test_a_journal_that_nobody_touched_is_anchored_and_found_whole(in_room):
    async def story(room):
        assert await room.look() == set()
        assert room.log.taken == {}, "an empty journal has no head"
        await room.write(5)
        assert await room.look(2) == set()
        await room.write(2)
        assert await room.look(3) == set()
        room.begin()
        assert await room.look(2) == set()
        anchors = await room.rows(
            "SELECT number, seq, party, place FROM journal_anchor ORDER BY number"
        )
        assert anchors == [(1, 5, "linkage", 0), (2, 7, "linkage", 1)]
        [(digest,)] = await room.rows("SELECT digest FROM journal WHERE seq = 7")
        secret = salts(KEYS)
        assert room.log.taken[submission_id(secret, 2)] == (
            1,
            leaf(secret, "linkage", 2, 7, digest),
        )
        assert room.told == []
        assert room.anchoring.whole_at == room.clock.now()

    in_room(story)


TURNED_BACK = (
    "DELETE FROM journal WHERE seq >= 9; UPDATE journal_head SET seq = 8, digest ="
    " (SELECT digest FROM journal WHERE seq = 8)"
)
EDITS = {
    "an edited word": ("UPDATE journal SET actor = 'ledger' WHERE seq = 4", "line-changed", 4),
    "another instant": (
        "UPDATE journal SET at = at - interval '1 day' WHERE seq = 4",
        "line-changed",
        4,
    ),
    "other counts": ("UPDATE journal SET detail = '{\"n\":99}' WHERE seq = 1", "line-changed", 1),
    "a line taken out": ("DELETE FROM journal WHERE seq = 4", "line-missing", 5),
    "the last lines taken out": ("DELETE FROM journal WHERE seq >= 9", "head-moved", 10),
    "the last lines and the head": (
        TURNED_BACK,
        "lines-cut",
        10,
    ),
    "a line put in at the end": (
        "INSERT INTO journal SELECT 11, at, act, actor, detail, digest FROM journal WHERE seq = 9",
        "head-moved",
        10,
    ),
    "a head that moved": ("UPDATE journal_head SET seq = seq + 1", "head-moved", 11),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_superuser_who_changes_the_journal_is_told_of_within_a_minute(in_room, what):
    statement, found, line = EDITS[what]

    async def story(room):
        await room.write(10)
        assert await room.look(2) == set()
        room.superuser(statement)
        assert (found, line) in await room.look(3)  # half a minute
        assert room.told

    in_room(story)


def test_words_that_moved_between_columns_and_have_the_same_bytes_are_told(in_room):
    async def story(room):
        await room.write(1, a="x", b="y", c="z")
        assert await room.look(2) == set()
        room.superuser(
            'UPDATE journal SET act = \'tested","linkage",{"a":"x\', actor = \'b":"y\','
            ' detail = \'"c":"z","n":0}\''
        )
        assert ("line-changed", 1) in await room.look()

    in_room(story)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_journal_that_was_rewritten_whole_is_not_what_was_anchored(in_room, restarted):
    async def story(room):
        await room.write(10)
        await room.look(2)
        room.forge(4, act="'forged'")
        if restarted:
            room.begin()
        assert ("line-unlike-anchor", 10) in await room.look(3)

    in_room(story)


def test_a_journal_rewritten_with_its_anchor_is_not_what_is_in_the_log(in_room):
    async def story(room):
        await room.write(10)
        await room.look(2)
        room.forge(4, act="'forged'")
        room.superuser("UPDATE journal_anchor SET digest = (SELECT digest FROM journal_head)")
        room.begin()
        assert ("anchor-changed", 10) in await room.look(3)
        await room.write(2)
        await room.look(2)
        [(newest,)] = await room.rows("SELECT max(seq) FROM journal_anchor WHERE place IS NOT NULL")
        assert newest > 10, "what comes after is anchored all the same"

    in_room(story)


def test_a_journal_turned_back_with_its_anchors_cannot_be_anchored_anew(in_room):
    async def story(room):
        await room.write(10)
        await room.look(2)
        room.superuser(
            "DELETE FROM journal WHERE seq >= 8",
            "UPDATE journal_head SET seq = 7, digest = (SELECT digest FROM journal WHERE seq = 7)",
            "DELETE FROM journal_anchor",
        )
        room.begin()
        await room.write(1)
        assert ("anchor-changed", 8) in await room.look(2)

    in_room(story)


@pytest.mark.parametrize("changed", ["party = 'ledger'", "place = place + 1"])
def test_an_anchor_that_says_otherwise_is_told(in_room, changed):
    async def story(room):
        await room.write(10)
        await room.look(2)
        room.superuser(f"UPDATE journal_anchor SET {changed}")
        assert ("anchor-changed", 10) in await room.look()

    in_room(story)


def test_a_line_that_is_put_in_today_and_says_yesterday_is_told(in_room):
    async def story(room):
        await room.write(10)
        await room.look(2)
        await room.write(1)
        room.forge(11, at="at - interval '1 day'")
        assert await room.look() == {("line-back-dated", 11), ("lines-touched", 0)}

    in_room(story)


def test_a_line_that_says_less_than_the_one_before_is_told_by_a_process_that_knows_nothing(in_room):
    async def story(room):
        await room.write(11)
        room.forge(11, at="at - interval '1 day'")
        assert await room.look() == {("line-back-dated", 11)}

    in_room(story)


def test_a_line_from_before_the_last_look_is_back_dated_though_it_follows_in_order(in_room):
    async def story(room):
        await room.write(10)
        room.clock.advance(timedelta(hours=1))
        await room.look(2)
        before = room.clock.now() - timedelta(minutes=30)
        async with room.database.transaction() as tx:
            line = JournalLine(act="tested", actor="linkage", detail={"n": 1})
            await journal.write(tx, line, at=before)
        assert ("line-back-dated", 11) in await room.look()

    in_room(story)


def test_a_slow_writer_and_a_clock_that_is_a_little_behind_are_no_finding(in_room):
    async def story(room):
        await room.write(3)
        await room.look(2)
        async with room.database.transaction() as tx:
            line = JournalLine(act="tested", actor="linkage", detail={"n": 1})
            await journal.write(tx, line, at=room.clock.now() - timedelta(minutes=4))
        assert await room.look(3) == set()

    in_room(story)


def test_the_servers_own_count_tells_of_a_change_before_the_round_comes_there(in_room):
    async def story(room):
        await room.write(30)
        room.begin(lines_at_once=2)
        await room.look(2)
        room.superuser("UPDATE journal SET actor = actor WHERE seq = 29")
        assert await room.look() == {("lines-touched", 0)}

    in_room(story)


def test_the_whole_is_checked_in_rounds_each_look_a_part(in_room):
    async def story(room):
        await room.write(20)
        await room.look()
        room.superuser("UPDATE journal SET actor = 'ledger' WHERE seq = 17")
        room.begin(lines_at_once=5)
        assert await room.look(3) == set()
        assert room.anchoring.whole_at is None
        assert ("line-changed", 17) in await room.look()

    in_room(story)


def test_a_finding_is_told_once_and_again_after_a_silence(in_room):
    async def story(room):
        await room.write(10)
        await room.look(2)
        room.superuser("UPDATE journal SET actor = 'ledger' WHERE seq = 4")
        room.oversight_silent = True
        with pytest.raises(Unavailable):
            await room.look()
        room.oversight_silent = False
        await room.look(4)
        assert len(room.told) == len(set(room.told)) == 2  # the line, and that a row was touched
        acts = [act for (act,) in await room.rows("SELECT act FROM journal")]
        assert acts.count("journal-broken") == 2
        first = room.told[:]
        room.begin()
        await room.look(2)
        assert set(room.told[2:]) <= set(first), "oversight knows a finding that comes again"

    in_room(story)


def test_a_finding_that_was_told_while_no_line_could_be_written_is_written_down_later(in_room):
    """As when another server begins to lead: what was told stood in no journal ever after."""

    async def story(room):
        await room.write(10)
        await room.look(2)
        room.superuser("UPDATE journal SET actor = 'ledger' WHERE seq = 4")
        room.told_of = lambda: may_write(room.admin, yes=False)
        with pytest.raises(Unavailable):
            await room.look()
        assert room.told
        may_write(room.admin, yes=True)
        room.told_of = lambda: None
        await room.look(4)
        acts = [act for (act,) in await room.rows("SELECT act FROM journal")]
        assert acts.count("journal-broken") == 2  # the line, and that a row was touched

    in_room(story)


def test_what_a_look_found_before_it_was_broken_off_is_told_by_the_next(in_room):
    """The server's count of changed rows has grown for one look alone."""
    sums = "ALTER TABLE journal_anchor ALTER digest TYPE {} USING {}(digest, 'hex')"

    async def story(room):
        await room.write(10)
        await room.look(2)
        room.superuser(
            "UPDATE journal SET actor = actor WHERE seq = 4",
            "ALTER TABLE journal_anchor DROP CONSTRAINT journal_anchor_digest_check",
            sums.format("text", "encode"),
        )
        with pytest.raises(psycopg.errors.UndefinedFunction):  # text is compared with bytes
            await room.look()
        room.superuser(sums.format("bytea", "decode"))
        assert ("lines-touched", 0) in await room.look()
        assert room.told

    in_room(story)


def test_while_the_log_is_silent_the_journal_is_checked_and_one_anchor_waits(in_room):
    async def story(room):
        room.log.silent = True
        for _ in range(3):
            await room.write(2)
            with pytest.raises(Unavailable):
                await room.look()
        assert await room.rows("SELECT seq, place FROM journal_anchor") == [(2, None)]
        room.superuser("UPDATE journal SET actor = 'ledger' WHERE seq = 4")
        with pytest.raises(Unavailable):
            await room.look()
        assert room.told
        room.log.silent = False
        await room.look(2)
        [(_, place), (newest, _)] = await room.rows("SELECT seq, place FROM journal_anchor")
        assert place == 0
        assert newest > 6

    in_room(story)


def test_two_processes_of_a_room_make_one_row_of_anchors(in_room):
    async def story(room):
        await room.write(5)
        other = room.process()
        for _ in range(4):
            await room.write(1)
            await asyncio.gather(room.anchoring.run_once(), other.run_once())
        numbers = await room.rows("SELECT number FROM journal_anchor ORDER BY number")
        assert [number for (number,) in numbers] == list(range(1, len(numbers) + 1))
        assert len(room.log.taken) == len(numbers)
        assert not room.anchoring.found
        assert not other.found

    in_room(story)


def test_the_rooms_health_says_that_its_journal_is_broken(in_room):
    async def story(room):
        await room.write(10)
        await room.look(2)
        watch = Watch(
            room="linkage",
            database=room.database,
            clock=room.clock,
            looks=(room.anchoring.look,),
        )
        well = await watch.health()
        assert (well.state, well.broken) == ("ok", ())
        assert [(one.what, one.age_s) for one in well.ages] == [
            ("journal-checked", 0),
            ("writers-seen", None),
        ]
        room.superuser("UPDATE journal SET actor = 'ledger' WHERE seq = 4")
        await room.look()
        damaged = await watch.health()
        assert damaged.state == "damaged"
        assert damaged.serves
        assert {one.what for one in damaged.broken} == {"line-changed", "lines-touched"}

    in_room(story)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM journal_anchor",
        "UPDATE journal_anchor SET seq = 99",
        "UPDATE journal_anchor SET place = 7",
    ],
)
def test_who_serves_requests_cannot_change_an_anchor_that_has_its_place(in_room, statement):
    async def story(room):
        await room.write(3)
        await room.look()
        with pytest.raises(psycopg.Error, match=r"permission denied|an anchor gets its place once"):
            await room.rows(statement)

    in_room(story)
