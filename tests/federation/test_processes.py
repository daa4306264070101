"""The main story with every room a process of its own, and the rooms killed under a load.

What was acknowledged is never lost and never doubled: at the requester, the core, the provider and
the ledger.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
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

PEOPLE = 100
BATCHES = 2  # on their way at each death
BATCH = 250
VICTIMS = ("linkage", EAST, "ledger", WEST)


@pytest.fixture
def federation():
    with two_towns(durable=True) as found:
        yield found


def ask_until_taken(client, questions):
    """Ask until the batch is acknowledged; what was not acknowledged may be asked again."""
    while True:
        try:
            return [accepted.inquiry for accepted in client.ask(questions)]
        except (Unavailable, Refused):
            time.sleep(0.3)


PLACES = {
    "core": ("linkage", "SELECT count(DISTINCT permit), count(*) FROM exchange_record"),
    "ledger": ("ledger", "SELECT count(DISTINCT permit), count(*) FROM record"),
    "ends": ("ledger", "SELECT count(DISTINCT permit), count(*) / 2 FROM record_end"),
    "requester": (
        "gateway_east",
        """SELECT (SELECT count(DISTINCT permit) FROM inquiry WHERE outcome = 'OK'), count(*)
        FROM exchange_record WHERE side = 'requester' AND outcome = 'OK'""",
    ),
    "provider": (
        "gateway_west",
        """SELECT (SELECT count(DISTINCT permit) FROM provision), count(*)
        FROM exchange_record WHERE side = 'provider' AND outcome = 'OK'""",
    ),
}


def counts(server):
    """Return, by place, how many exchanges and how many rows about them."""
    found = {}
    for place, (name, query) in PLACES.items():
        with psycopg.connect(server.admin(f"kumihimo_{name}").reveal()) as connection:
            found[place] = connection.execute(query.encode()).fetchone()
    return found


def test_rooms_and_database_are_killed_under_thousands_of_inquiries_and_nothing_is_lost_or_doubled(
    federation,
):
    rooms, server = federation
    minato, osaka = rooms.client(MINATO), rooms.client(OSAKA)
    names = settle(rooms, minato, osaka, PEOPLE)
    questions = questions_about([names[index % PEOPLE] for index in range(BATCH)])
    asking = []
    with ThreadPoolExecutor(BATCHES) as threads:

        def load():
            """Send batches, and let some of it get under way; what was sent before goes on."""
            asking.extend(
                threads.submit(ask_until_taken, minato, questions) for _ in range(BATCHES)
            )
            time.sleep(0.3)

        for victim in VICTIMS:
            load()
            rooms.rooms[victim].kill()
            rooms.restart(victim)
        load()
        server.kill()
        server.restart()
        acknowledged = [inquiry for one in asking for inquiry in one.result()]
    assert len(set(acknowledged)) == (len(VICTIMS) + 1) * BATCHES * BATCH
    until(lambda: outcomes(minato, acknowledged) == {"OK"})
    until(lambda: len(set(counts(server).values())) == 1)
    [(exchanges, rows)] = set(counts(server).values())
    assert exchanges == rows
    assert exchanges >= len(acknowledged)
    minato.close()
    osaka.close()
