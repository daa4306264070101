"""Oversight cosigns what continues what it saw, and hears of a log that was changed in its database."""

import asyncio
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.kernel.tlog.note import Kind, Note, NoteKey
from kumihimo.kernel.tlog.policy import Policy
from kumihimo.rooms.ledger.log import Log, LogDamaged
from kumihimo.rooms.ledger.witnessed import be_witnessed
from kumihimo.rooms.oversight.api import LOG_ORIGIN, WITNESS_NAME
from kumihimo.rooms.oversight.app import build as build_oversight
from kumihimo.rooms.oversight.service import Oversight, alarms
from tests.rooms.ledger.house import transport_to
from tests.rooms.ledger.logs import holds_together, leaves, read, submission


@asynccontextmanager
async def overseen(house, new_room):
    """Put the real oversight beside the ledger."""
    _, reached = new_room("oversight")
    database = Database(reached.runtime, pool_max=4)
    await database.open()
    oversight = Oversight(database, house.keys["oversight"], house.book, house.clock)
    house.oversight_app = build_oversight(oversight, entropy=house.entropy, report=house.bug).app
    house.apps["oversight"] = transport_to(house.oversight_app)
    try:
        yield oversight
    finally:
        await database.close()


@pytest.fixture
def in_sight(in_house, new_room):
    def run(story):
        async def whole(house):
            async with overseen(house, new_room) as oversight:
                await story(house, oversight)

        in_house(whole)

    return run


async def witnessed(house, pinned=None):
    pinned = pinned or house.book.pinned
    return await be_witnessed(house.ledger, house.caller("ledger"), pinned=pinned)


async def cosigned(house):
    """Return the checkpoint that whoever asks for oversight's cosignature believes."""
    key = NoteKey(LOG_ORIGIN, Kind.TEXT, house.keys["ledger"].public.signing)
    witness = NoteKey(WITNESS_NAME, Kind.COSIGNATURE, house.keys["oversight"].public.signing)
    policy = Policy.parse(f"log {key.vkey()}\nwitness w {witness.vkey()}\nquorum w\n")
    return policy.believe(Note.parse((await read(house, "cosigned")).content))


def test_each_new_checkpoint_is_cosigned_and_whoever_reads_the_log_gets_it(in_sight):
    async def story(house, oversight):
        assert await witnessed(house) == 0
        assert (await read(house, "cosigned")).status_code == 404
        for size, count in ((3, 3), (4, 1), (704, 700)):
            await house.submit(submission(house, leaves(count, size - count)))
            assert await witnessed(house) == 1
            assert await witnessed(house) == 0
            believed = await cosigned(house)
            assert believed.checkpoint.size == size
            assert believed.witnessed == {"w": int(house.clock.now().timestamp())}
        await house.submit(submission(house, leaves(1)))
        assert (await cosigned(house)).checkpoint.size == 704
        assert await holds_together(house, 705)
        assert await alarms(oversight) == []

    in_sight(story)


def test_a_cosignature_that_is_another_partys_is_not_kept(in_sight):
    async def story(house, oversight):
        await house.submit(submission(house, leaves(3)))
        with pytest.raises(Unavailable):
            await witnessed(house, pinned=house.keys["register"].public.signing)
        assert (await read(house, "cosigned")).status_code == 404

    in_sight(story)


def test_a_ledger_that_forgot_what_was_cosigned_begins_where_oversight_stands(in_sight, postgres):
    async def story(house, oversight):
        await house.submit(submission(house, leaves(3)))
        await witnessed(house)
        by_superuser(postgres, house, "DELETE FROM log_cosignature")
        await house.submit(submission(house, leaves(300, 3)))
        assert await witnessed(house) == 1
        assert (await cosigned(house)).checkpoint.size == 303
        assert await alarms(oversight) == []

    in_sight(story)


def test_of_two_processes_that_show_one_checkpoint_both_are_believed(in_sight):
    async def story(house, oversight):
        await house.submit(submission(house, leaves(3)))
        assert sum(await asyncio.gather(*(witnessed(house) for _ in range(4)))) >= 1
        assert (await cosigned(house)).checkpoint.size == 3
        assert await alarms(oversight) == []

    in_sight(story)


# A superuser in the ledger's database


def by_superuser(postgres, house, *statements):
    with psycopg.connect(postgres.admin(f"kumihimo_{house.name}").reveal()) as admin:
        admin.execute("SET session_replication_role = replica")
        for statement in statements:
            admin.execute(statement)


EDITED = "set_byte(entries, 40, get_byte(entries, 40) # 1)"
INSERTED = """
INSERT INTO log_batch SELECT 305, 306, at, decode(repeat('00', 32), 'hex'), root, note
FROM log_batch WHERE start = 303
"""
CHANGES = {
    "an entry is edited": [f"UPDATE log_batch SET entries = {EDITED} WHERE start = 303"],
    "the newest batch is deleted": ["DELETE FROM log_batch WHERE start = 303"],
    "a batch is deleted between others": [
        "DELETE FROM log_batch WHERE start = 300",
        "UPDATE log_batch SET start = 300, size = 302 WHERE start = 303",
    ],
    "a batch is inserted": [INSERTED],
    "a hash is edited": ["UPDATE log_node SET hash = sha256(hash)"],
}


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("change", list(CHANGES))
def test_a_superuser_who_changes_the_log_is_reported(in_sight, postgres, change, restarted):
    async def story(house, oversight):
        for start, count in ((0, 300), (300, 3), (303, 2)):
            await house.submit(submission(house, leaves(count, start)))
        await witnessed(house)
        by_superuser(postgres, house, *CHANGES[change])
        if restarted:
            log = house.ledger.log
            object.__setattr__(house.ledger, "log", Log(log.database, log.signer, log.clock))
        with suppress(Unavailable):  # a log that is not whole takes nothing
            await house.submit(submission(house, leaves(1, 500)))
        for _ in range(2):
            with pytest.raises((Refused, LogDamaged)):
                await witnessed(house)
            await house.room.outbox.run_once()
        [alarm] = await alarms(oversight)
        assert (alarm.kind, alarm.reporter) in {
            ("two-histories", "oversight"),
            ("log-damaged", "ledger"),
        }
        assert alarm.requester == "ledger"

    in_sight(story)


def test_a_log_that_grew_by_itself_is_not_reported(in_sight):
    async def story(house, oversight):
        for start, count in ((0, 300), (300, 3), (303, 2)):
            await house.submit(submission(house, leaves(count, start)))
        await witnessed(house)
        await house.submit(submission(house, leaves(1, 500)))
        assert await witnessed(house) == 1
        assert await alarms(oversight) == []

    in_sight(story)
