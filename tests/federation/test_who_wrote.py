"""A federation lives a day, and each room knows which of all that was written was its own."""

import asyncio
from datetime import date

import psycopg

from kumihimo.kernel.anchoring import Anchoring
from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.run.plan import Plan
from kumihimo.run.street import open_street
from tests.federation.street import MINATO, NAGOYA, OSAKA
from tests.kernel.watched import telling_server
from tests.leaks.full_run import GATEWAYS, Left, Run

# Of each room a table that it changes itself, and one to which it only adds.
CHANGED = {
    "oversight": ("party", "directory_version"),
    "register": ("acquisition_quota", "resident_event"),
    "linkage": ("domain", "exchange"),
    "ledger": ("record", "log_batch"),
    "jpki": ("certificate", "authority"),
    "cards": ("card", "card_act"),
    **dict.fromkeys(GATEWAYS, ("person", "evidence")),
    "gateway-c": ("person",),  # nobody asked it anything
}


def reported(name, error):
    raise AssertionError(name) from error


def watches(street):
    """Return what looks for each room, that of oversight made by hand: none but it speaks of itself."""
    of_oversight = Anchoring(
        room="oversight",
        database=street.oversight.database,
        keys=street.keys["oversight"],
        clock=street.clock,
        send=None,
    )
    centre = ("register", "linkage", "ledger", "jpki", "cards")
    return {
        "oversight": of_oversight,
        **{name: getattr(street, name).anchors for name in centre},
        **{name: room.anchors for name, room in street.gateways.items()},
    }


async def looked(anchors):
    """Look, and return the tables of which somebody else wrote rows, or what is wrong with the watch."""
    known = set(anchors.found)
    await anchors.run_once()
    new = set(anchors.found) - known
    return {one.table or one.what for one in new if one.counts in {"transaction", "place"}}


def superuser(server, room, statement):
    name = f"kumihimo_{room.replace('-', '_')}"
    with psycopg.connect(server.admin(name).reveal(), autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        assert admin.execute(statement).rowcount > 0, "there was a row"


def test_of_a_whole_day_nothing_is_told_and_of_what_a_superuser_wrote_everything():
    async def whole(server):
        street = await open_street(
            Plan(
                gateways=GATEWAYS,
                assessed={name: date(2026, 1, 1) for name in (MINATO, OSAKA, NAGOYA)},
            ),
            postgres=server,
            clock=SystemClock(),
            entropy=SystemEntropy(),
            report=reported,
        )
        try:
            rooms = watches(street)
            begun = {name: await looked(anchors) for name, anchors in rooms.items()}
            assert begun == {name: set() for name in rooms}
            await Run(street, Left()).exchange()
            day = {name: await looked(anchors) for name, anchors in rooms.items()}
            assert day == {name: set() for name in rooms}
            for name, tables in CHANGED.items():
                for table in tables:
                    superuser(server, name, f"DELETE FROM {table}")
            told = {name: await looked(anchors) for name, anchors in rooms.items()}
            assert told == {name: set(tables) for name, tables in CHANGED.items()}
        finally:
            await street.close()

    with telling_server() as server:
        asyncio.run(whole(server))
