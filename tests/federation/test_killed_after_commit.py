"""Each room is killed at the worst moment: what it did is on its disk, and nobody has heard of it.

Then it comes back and everybody asks again. Each exchange still stands once with each of the four.
"""

import asyncio
from collections import Counter
from contextlib import closing

import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import Locker
from kumihimo.kernel.sql import Database
from kumihimo.rooms.gateway.context import Tenant
from kumihimo.rooms.gateway.records import unlock_detail
from tests.federation.held_commits import Commits, Point
from tests.federation.processes import (
    EAST,
    WEST,
    outcomes,
    questions_about,
    settle,
    two_towns,
    until,
)
from tests.federation.street import MINATO, OSAKA

PEOPLE = 24
FOUR = (EAST, WEST, "linkage", "ledger")
LEDGERS_SENDER = "SELECT EXISTS (SELECT FROM outbox)"

DEATHS = {
    "the core has granted": Point(
        "linkage",
        "exchange_record",
        "INSERT",
        EAST,
        "SELECT NOT EXISTS (SELECT FROM inquiry WHERE inquiry = ANY(%(asked)s)"
        " AND permit IS NOT NULL)",
    ),
    "the provider has answered": Point(
        WEST,
        "provision",
        "INSERT",
        EAST,
        "SELECT NOT EXISTS (SELECT FROM inquiry WHERE inquiry = ANY(%(asked)s) AND outcome = 'OK')",
    ),
    "the requester has its result": Point(
        EAST,
        "inquiry",
        "UPDATE OF outcome",
        "linkage",
        "SELECT NOT EXISTS (SELECT FROM exchange_record JOIN exchange_end USING (permit)"
        " WHERE inquiry = ANY(%(asked)s) AND side = 'requester')",
    ),
    "the core has an end": Point("linkage", "exchange_end", "INSERT", "linkage", LEDGERS_SENDER),
    "the ledger has the records": Point("ledger", "record", "INSERT", "linkage", LEDGERS_SENDER),
    "the ledger has an end": Point("ledger", "record_end", "INSERT", "linkage", LEDGERS_SENDER),
}

CHANGED = {
    "inquiry": "SELECT count(*) FROM inquiry WHERE outcome = 'OK'",
    "provision": "SELECT count(*) FROM provision",
    "exchange_record": "SELECT count(*) FROM exchange_record",
    "exchange_end": "SELECT count(*) FROM exchange_end",
    "record": "SELECT count(*) FROM record",
    "record_end": "SELECT count(*) FROM record_end",
}

JOURNALED = {
    "permits of the core": ("linkage", "inquiries-recorded", "permitted", 1),
    "answers of the provider": (WEST, "sheet-answered", "given", 1),
    "answers of the requester": (EAST, "answers-taken", "given", 1),
    "ends at the core": ("linkage", "ends-recorded", "new", 2),
    "records and ends at the ledger": ("ledger", "records-taken", "new", 3),
}


class Towns:
    """The federation, its people, and every inquiry that was ever acknowledged."""

    def __init__(self, rooms, server, minato, osaka):
        self.rooms = rooms
        self.server = server
        self.minato = minato
        self.commits = Commits(server)
        self.names = settle(rooms, minato, osaka, PEOPLE)
        self.acknowledged = []

    def ask(self):
        taken = self.minato.ask(questions_about(self.names))
        inquiries = [accepted.inquiry for accepted in taken]
        self.acknowledged += inquiries
        return inquiries


@pytest.fixture(scope="module")
def towns():
    with (
        two_towns() as (rooms, server),
        closing(rooms.client(MINATO)) as minato,
        closing(rooms.client(OSAKA)) as osaka,
    ):
        yield Towns(rooms, server, minato, osaka)


def permits_by_place(rooms, commits):
    """Return, by place, which permits stand there, as often as they do."""

    def permits(room, query):
        return Counter(permit for (permit,) in commits.rows(room, query))

    asked = dict(commits.rows(EAST, "SELECT inquiry, permit FROM inquiry WHERE outcome = 'OK'"))
    ends = "SELECT permit FROM {} WHERE side = '{}'"
    return {
        "core": permits("linkage", "SELECT permit FROM exchange_record"),
        "core, requester's end": permits("linkage", ends.format("exchange_end", "requester")),
        "core, provider's end": permits("linkage", ends.format("exchange_end", "provider")),
        "ledger": permits("ledger", "SELECT permit FROM record"),
        "ledger, requester's end": permits("ledger", ends.format("record_end", "requester")),
        "ledger, provider's end": permits("ledger", ends.format("record_end", "provider")),
        "provider": permits(WEST, "SELECT permit FROM provision"),
        "provider's record": recorded(rooms, commits, WEST, OSAKA),
        "requester": Counter(asked.values()),
        "requester's record": Counter(
            asked[name] for name in recorded(rooms, commits, EAST, MINATO).elements()
        ),
    }


def recorded(rooms, commits, room, institution):
    """Open an institution's legal records with its own key: which exchanges they are about."""
    keys, entropy = rooms.keys[institution], SystemEntropy()
    tenant = Tenant(institution, keys, Locker.of(keys.secret("columns"), entropy))
    rows = commits.rows(room, "SELECT detail_locked FROM exchange_record")
    return Counter(unlock_detail(tenant, locked).reference for (locked,) in rows)


def at_rest(commits):
    """Say whether no room has anything left to tell; words go from the first to the last."""
    waits = "SELECT count(*) FROM outbox"
    return not any(commits.value(room, waits) for room in FOUR)


def chains_hold(server, rooms):
    async def whole():
        for room in rooms:
            name = "kumihimo_" + room.replace("-", "_")
            database = Database(server.admin(name), pool_max=1)
            await database.open()
            try:
                async with database.transaction() as tx:
                    await journal.verify(tx)
            finally:
                await database.close()

    asyncio.run(whole())


def each_stands_once(towns):
    """Compare the four, exchange by exchange."""
    commits, acknowledged = towns.commits, towns.acknowledged
    asked = commits.rows("linkage", "SELECT inquiry FROM exchange_record")
    assert Counter(name for (name,) in asked) == Counter(acknowledged)
    found = permits_by_place(towns.rooms, commits)
    once = Counter(dict.fromkeys(found["core"], 1))
    assert len(once) == len(acknowledged)
    lost = {place: once - permits for place, permits in found.items()}
    doubled = {place: permits - once for place, permits in found.items()}
    assert [place for place, permits in lost.items() if permits] == []
    assert [place for place, permits in doubled.items() if permits] == []
    for what, (room, act, word, times) in JOURNALED.items():
        counted = commits.value(
            room,
            "SELECT sum((detail::json ->> %(word)s)::integer) FROM journal WHERE act = %(act)s",
            {"word": word, "act": act},
        )
        assert (what, counted) == (what, times * len(acknowledged))
    for room in FOUR:
        assert commits.value(room, "SELECT count(*) FROM dead_letter") == 0
    chains_hold(towns.server, FOUR)


def told_right(towns, inquiries):
    """Check that each answer is the one about the person that was asked about."""
    answers = towns.minato.answers(inquiries)
    assert [[value.value for value in answer.values] for answer in answers] == [
        [int(name)] for name in towns.names
    ]


def all_is_well(towns, inquiries):
    until(lambda: outcomes(towns.minato, inquiries) == {"OK"})
    until(lambda: at_rest(towns.commits))
    told_right(towns, inquiries)
    each_stands_once(towns)


@pytest.mark.parametrize("moment", DEATHS)
def test_a_room_that_dies_after_its_commit_and_before_a_word_loses_and_doubles_nothing(
    towns, moment
):
    point, commits = DEATHS[moment], towns.commits
    with commits.held(point):
        before = commits.value(point.room, CHANGED[point.table])
        inquiries = towns.ask()
        commits.wait(point)
        towns.rooms.rooms[point.room].kill()
        commits.orphan(point)
        # What it did is there, and nobody else knows.
        assert commits.value(point.room, CHANGED[point.table]) > before
        assert commits.value(point.elsewhere, point.unheard, {"asked": inquiries})
    towns.rooms.restart(point.room)
    all_is_well(towns, inquiries)


@pytest.mark.parametrize("moment", ["the provider has answered", "the requester has its result"])
def test_a_database_that_dies_with_a_commit_nobody_heard_of_loses_and_doubles_nothing(
    towns, moment
):
    point, commits = DEATHS[moment], towns.commits
    with commits.held(point):
        inquiries = towns.ask()
        commits.wait(point)
        towns.server.kill()
        towns.server.restart()
    all_is_well(towns, inquiries)


def test_a_room_that_dies_while_oversight_is_silent_comes_back_by_the_directory_it_kept(towns):
    towns.rooms.rooms["oversight"].kill()
    towns.rooms.rooms["linkage"].kill()
    towns.rooms.restart("linkage")
    all_is_well(towns, towns.ask())
    towns.rooms.restart("oversight")
