"""Core and gateways run as two processes each, on one database behind two addresses, under load.

They share the work: nothing is done twice, and nothing is lost when one of the two dies.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import cycle

import psutil
import pytest

from kumihimo.kernel import outbox
from kumihimo.rooms.gateway import sending
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.run.federation import Room
from kumihimo.run.loopback import HOST, free_ports
from tests.federation.moved_clocks import moved_clock
from tests.federation.processes import (
    EAST,
    WEST,
    outcomes,
    questions_about,
    settle,
    two_towns,
    until,
)
from tests.federation.standing import at_rest, connect, each_stands_once, journaled, value
from tests.federation.street import MINATO, OSAKA

PEOPLE = 60
BATCHES = 4
ALONE = 20
DOUBLED = ("linkage", EAST, WEST)
# After this what a process had claimed is another's.
CLAIMED_S = int(max(sending.CLAIM_FOR, outbox.CLAIM_FOR).total_seconds())


def second(name):
    return f"{name}-2"


def double(rooms):
    """Give each of these rooms a second process; the second ones talk to each other."""
    both = [
        at for name in DOUBLED for at in (rooms.rooms[name].address, rooms.rooms[name].operators)
    ]
    moved = {
        at: f"http://{HOST}:{port}" for at, port in zip(both, free_ports(len(both)), strict=True)
    }
    for name in DOUBLED:
        room = rooms.rooms[name]
        text = room.settings.read_text()
        for old, new in moved.items():
            text = text.replace(old.removeprefix("http://"), new.removeprefix("http://"))
        settings = room.settings.with_name(f"{second(name)}.toml")
        settings.write_text(text)
        rooms.rooms[second(name)] = Room(
            second(name),
            room.kind,
            settings,
            moved[room.address],
            room.database,
            operators=moved[room.operators],
        )


class Either:
    """A business system that is sent to the one process or the other, in turn."""

    def __init__(self, *clients):
        self._turn = cycle(clients)

    def register(self, persons):
        for start in range(0, len(persons), 10):
            next(self._turn).register(persons[start : start + 10])

    def __getattr__(self, name):
        return getattr(next(self._turn), name)


class Town:
    """The federation, the clients of Minato's two processes, and every inquiry ever taken."""

    def __init__(self, rooms, server, clock, clients, names):
        self.rooms = rooms
        self.server = server
        self.clock = clock
        self.clients = clients
        self.names = names
        self.acknowledged = []


@pytest.fixture(scope="module")
def town():
    def prepare(rooms):
        double(rooms)
        clock.applies()

    with moved_clock() as clock, two_towns(prepare) as (rooms, server):
        tokens = {EAST: rooms.token(MINATO), WEST: rooms.token(OSAKA)}
        clients = [
            BusinessClient(rooms.rooms[which(name)].address, token)
            for name, token in tokens.items()
            for which in (str, second)
        ]
        with closing(clients[0]), closing(clients[1]), closing(clients[2]), closing(clients[3]):
            names = settle(rooms, Either(*clients[:2]), Either(*clients[2:]), PEOPLE)
            yield Town(rooms, server, clock, clients[:2], names)


def test_two_processes_of_a_gateway_acquire_each_code_once(town):
    server = town.server
    for room, institution in ((EAST, MINATO), (WEST, OSAKA)):
        for act, word in (
            ("acquisition-sequenced", "sequenced"),
            ("acquisition-requested", "begun"),
            ("codes-bound", "bound"),
        ):
            assert journaled(server, room, act, word) == PEOPLE, (room, act)
        # Register was asked once for each: an office that asks twice spends its quota twice.
        asked = journaled(server, "register", "acquisition-begun", "asked", institution)
        assert asked == PEOPLE
        assert value(server, room, "SELECT count(DISTINCT code) FROM person") == PEOPLE


def ask(town, clients):
    """Send a load to these processes in turn; returns when all of it is acknowledged."""
    with ThreadPoolExecutor(8) as threads:
        alone = [
            threads.submit(client.ask, questions_about([name]))
            for client, name in zip(cycle(clients), town.names[:ALONE], strict=False)
        ]
        batches = [
            threads.submit(client.ask, questions_about(town.names))
            for client, _ in zip(cycle(clients), range(BATCHES), strict=False)
        ]
        inquiries = [one.inquiry for asked in alone + batches for one in asked.result()]
    assert len(set(inquiries)) == ALONE + BATCHES * PEOPLE
    town.acknowledged += inquiries
    return inquiries


def are_answered(town, inquiries):
    return outcomes(town.clients[1], inquiries) == {"OK"}


def answered(town, inquiries):
    until(lambda: are_answered(town, inquiries))


def cut_off(server, asleep):
    """Do at once what PostgreSQL does after `connections.TRANSACTION_MS`: take back what sleepers locked."""
    with connect(server, "linkage") as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE client_port = ANY(%s) AND backend_xid IS NOT NULL AND wait_event = 'ClientRead'",
            [[one.laddr.port for process in asleep for one in process.net_connections()]],
        )


def each_once(town):
    until(lambda: at_rest(town.server))
    each_stands_once(town.rooms, town.server, town.acknowledged)


def test_two_processes_of_each_share_the_work(town):
    answered(town, ask(town, town.clients))
    each_once(town)


def test_a_process_that_sleeps_over_its_work_does_nothing_twice_when_it_wakes(town):
    first = [psutil.Process(town.rooms.rooms[name].process.pid) for name in DOUBLED]
    inquiries = ask(town, town.clients[:1])
    try:
        for process in first:
            process.suspend()
        town.clock.pass_by(CLAIMED_S)

        def by_the_others():
            cut_off(town.server, first)
            return are_answered(town, inquiries)

        until(by_the_others)
    finally:
        for process in first:
            process.resume()
    answered(town, ask(town, town.clients))
    each_once(town)


def test_when_one_of_the_two_dies_the_other_goes_on_with_all_of_it(town):
    inquiries = ask(town, town.clients)
    for name in DOUBLED:  # with whatever they have in their hands
        town.rooms.rooms[name].kill()
    town.clock.pass_by(CLAIMED_S)
    answered(town, inquiries)
    each_once(town)
    for name in DOUBLED:
        town.rooms.restart(name)
