"""What stands of each exchange at requester, provider, core and ledger: once with each of the four."""

import asyncio
from collections import Counter

import psycopg

from kumihimo.kernel import journal
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import Locker
from kumihimo.kernel.sql import Database
from kumihimo.rooms.gateway.context import Tenant
from kumihimo.rooms.gateway.records import unlock_detail
from tests.federation.processes import EAST, WEST
from tests.federation.street import MINATO, OSAKA

FOUR = (EAST, WEST, "linkage", "ledger")

JOURNALED = {
    "permits of the core": ("linkage", "inquiries-recorded", "permitted", 1),
    "answers of the provider": (WEST, "sheet-answered", "given", 1),
    "answers of the requester": (EAST, "answers-taken", "given", 1),
    "ends at the core": ("linkage", "ends-recorded", "new", 2),
    "records and ends at the ledger": ("ledger", "records-taken", "new", 3),
}


def connect(server, room):
    database = "kumihimo_" + room.replace("-", "_")
    return psycopg.connect(server.admin(database).reveal(), autocommit=True)


def rows(server, room, query, params=()):
    with connect(server, room) as connection:
        return connection.execute(query, params).fetchall()


def value(server, room, query, params=()):
    [(found,)] = rows(server, room, query, params)
    return found


def permits_by_place(rooms, server):
    """Return, by place, which permits stand there, as often as they do."""

    def permits(room, query):
        return Counter(permit for (permit,) in rows(server, room, query))

    asked = dict(rows(server, EAST, "SELECT inquiry, permit FROM inquiry WHERE outcome = 'OK'"))
    ends = "SELECT permit FROM {} WHERE side = '{}'"
    return {
        "core": permits("linkage", "SELECT permit FROM exchange_record"),
        "core, requester's end": permits("linkage", ends.format("exchange_end", "requester")),
        "core, provider's end": permits("linkage", ends.format("exchange_end", "provider")),
        "ledger": permits("ledger", "SELECT permit FROM record"),
        "ledger, requester's end": permits("ledger", ends.format("record_end", "requester")),
        "ledger, provider's end": permits("ledger", ends.format("record_end", "provider")),
        "provider": permits(WEST, "SELECT permit FROM provision"),
        "provider's record": recorded(rooms, server, WEST, OSAKA),
        "requester": Counter(asked.values()),
        "requester's record": Counter(
            asked[name] for name in recorded(rooms, server, EAST, MINATO).elements()
        ),
    }


def recorded(rooms, server, room, institution):
    """Open an institution's legal records with its own key: which exchanges they are about."""
    keys, entropy = rooms.keys[institution], SystemEntropy()
    tenant = Tenant(institution, keys, Locker.of(keys.secret("columns"), entropy))
    found = rows(server, room, "SELECT detail_locked FROM exchange_record")
    return Counter(unlock_detail(tenant, locked).reference for (locked,) in found)


def at_rest(server):
    """Say whether no room has anything left to tell; words go from the first to the last."""
    waits = "SELECT count(*) FROM outbox"
    return not any(value(server, room, waits) for room in FOUR)


def journaled(server, room, act, word, actor="%"):
    """Add up what the journal counted."""
    return value(
        server,
        room,
        "SELECT sum((detail::json ->> %(word)s)::integer) FROM journal"
        " WHERE act = %(act)s AND actor LIKE %(actor)s",
        {"word": word, "act": act, "actor": actor},
    )


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


def each_stands_once(rooms, server, acknowledged, *, unheard=False):
    """Compare the four, exchange by exchange; `acknowledged` are all inquiries ever taken.

    `unheard`: some may stand of which their clerk never heard that they were taken.
    """
    asked = Counter(
        name for (name,) in rows(server, "linkage", "SELECT inquiry FROM exchange_record")
    )
    lost = set(acknowledged) - set(asked)
    assert not lost, f"lost at the core: {len(lost)} of {len(acknowledged)}"
    assert set(asked.values()) == {1}
    assert unheard or len(asked) == len(acknowledged)
    found = permits_by_place(rooms, server)
    once = Counter(dict.fromkeys(found["core"], 1))
    assert len(once) == len(asked)
    lost = {place: once - permits for place, permits in found.items()}
    doubled = {place: permits - once for place, permits in found.items()}
    assert [place for place, permits in lost.items() if permits] == []
    assert [place for place, permits in doubled.items() if permits] == []
    for what, (room, act, word, times) in JOURNALED.items():
        counted = journaled(server, room, act, word)
        assert (what, counted) == (what, times * len(asked))
    for room in FOUR:
        assert value(server, room, "SELECT count(*) FROM dead_letter") == 0
    chains_hold(server, FOUR)
