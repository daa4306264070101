"""Rooms as processes of their own: one is taken away, the clock is moved, and each tells how it does."""

import time
from contextlib import closing, contextmanager

import httpx2
import psutil
import pytest

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.message import PROBLEM_TYPE, sign_request
from kumihimo.kernel.net import Refused
from kumihimo.operations.graces import DIRECTORY, RECORDS
from kumihimo.rooms.linkage.api import INQUIRIES_PATH
from tests.federation.moved_clocks import SEEN_WITHIN_S, moved_clock
from tests.federation.processes import (
    EAST,
    WEST,
    outcomes,
    questions_about,
    settle,
    two_towns,
    until,
)
from tests.federation.standing import at_rest, each_stands_once
from tests.federation.street import MINATO, OSAKA

DAY_S = int(DIRECTORY.total_seconds())
FOLLOWERS = ("register", "linkage", "ledger", EAST, WEST)
PEOPLE = 4


def health(rooms, name):
    answer = httpx2.get(f"{rooms.rooms[name].operators}/health", timeout=20)
    return answer.status_code, answer.json()


def states(rooms, names=FOLLOWERS):
    return {name: health(rooms, name)[1]["state"] for name in names}


def graces(rooms, name):
    return {one["missing"]: one for one in health(rooms, name)[1]["graces"]}


def signed(rooms, path):
    """Send the core a message that Minato signed, and return what comes back."""
    headers = sign_request(
        rooms.keys[MINATO],
        path=path,
        recipient="linkage",
        body=b"{}",
        at=SystemClock().now(),
        entropy=SystemEntropy(),
    )
    return httpx2.post(rooms.rooms["linkage"].address + path, headers=headers, content=b"{}")


@contextmanager
def frozen(server):
    """Let PostgreSQL hang: nothing is refused, and nothing is answered."""
    postmaster = psutil.Process(server._server.pid)
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


class Town:
    """The federation, its clock, its people, and every inquiry that was acknowledged."""

    def __init__(self, rooms, server, clock, minato, names):
        self.rooms = rooms
        self.server = server
        self.clock = clock
        self.minato = minato
        self.names = names
        self.acknowledged = []
        self.later = 0

    def move(self, seconds):
        """Move the clock. What a room saw waiting a moment ago looks old until it looks again."""
        self.later += seconds
        self.clock.move_to(self.later)
        time.sleep(2 * SEEN_WITHIN_S)

    def ask(self):
        taken = [one.inquiry for one in self.minato.ask(questions_about(self.names))]
        self.acknowledged += taken
        return taken

    def answered(self, inquiries):
        until(lambda: outcomes(self.minato, inquiries) == {"OK"})


@pytest.fixture(scope="module")
def town():
    with (
        moved_clock() as clock,
        two_towns(lambda _: clock.applies()) as (rooms, server),
        closing(rooms.client(MINATO)) as minato,
        closing(rooms.client(OSAKA)) as osaka,
    ):
        names = settle(rooms, minato, osaka, PEOPLE)
        yield Town(rooms, server, clock, minato, names)


def test_without_oversight_the_rooms_go_on_for_a_day_and_then_refuse_and_say_so(town):
    rooms = town.rooms
    town.answered(town.ask())
    until(lambda: states(rooms) == dict.fromkeys(FOLLOWERS, "ok"))
    rooms.rooms["oversight"].kill()
    town.move(DAY_S - 600)
    until(lambda: states(rooms) == dict.fromkeys(FOLLOWERS, "alarm"))
    # The clock was moved past what waited for the ledger: it looks old until it has gone.
    until(lambda: len(health(rooms, "linkage")[1]["graces"]) == 1)
    status, told = health(rooms, "linkage")
    [running] = told["graces"]
    assert (status, running["missing"], running["then"]) == (200, "oversight", "directory-too-old")
    assert 0 < running["left_s"] < 600
    town.answered(town.ask())
    town.move(601)
    assert states(rooms) == dict.fromkeys(FOLLOWERS, "refusing")
    assert health(rooms, "linkage")[0] == 503
    with pytest.raises(Refused) as refusal:
        town.ask()
    assert refusal.value.reason == "directory-too-old"
    answer = signed(rooms, INQUIRIES_PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM_TYPE)
    assert answer.json()["type"] == "urn:kumihimo:directory-too-old"
    rooms.rooms["linkage"].kill()
    rooms.restart("linkage")  # a restart makes no directory younger
    assert health(rooms, "linkage")[1]["state"] == "refusing"
    rooms.restart("oversight")
    until(lambda: set(states(rooms).values()) == {"ok"})
    town.answered(town.ask())


def test_without_the_ledger_the_core_permits_for_a_day_and_every_record_arrives_later(town):
    rooms = town.rooms
    until(lambda: at_rest(town.server))
    rooms.rooms["ledger"].kill()
    town.answered(town.ask())
    town.move(int(RECORDS.total_seconds()) - 600)
    until(lambda: "ledger" in graces(rooms, "linkage"))
    assert health(rooms, "linkage")[1]["state"] == "alarm"
    assert any(
        (one["queue"], one["party"]) == ("outbox", "ledger") and one["oldest_s"] > DAY_S - 700
        for one in health(rooms, "linkage")[1]["queues"]
    )
    town.move(600)
    until(lambda: health(rooms, "linkage")[1]["state"] == "refusing")
    assert graces(rooms, "linkage")["ledger"]["then"] == "ledger-silent"
    until(lambda: set(states(rooms, (EAST, WEST)).values()) == {"ok"})
    waiting = town.ask()  # the gateway takes the questions; the core permits nothing
    time.sleep(1)
    assert outcomes(town.minato, waiting) == {""}
    rooms.restart("ledger")
    town.answered(waiting)
    until(lambda: at_rest(town.server))
    each_stands_once(rooms, town.server, town.acknowledged)
    until(lambda: set(states(rooms).values()) == {"ok"})


def test_a_room_whose_database_hangs_says_so(town):
    until(lambda: states(town.rooms)["linkage"] == "ok")
    with frozen(town.server):
        for _ in range(2):  # who asks again waits for the same look
            status, told = health(town.rooms, "linkage")
            assert (status, told["state"], told["queues"]) == (503, "no-database", [])
            assert {one["what"] for one in told["ages"]} == {"directory"}
    until(lambda: states(town.rooms)["linkage"] == "ok")
    town.answered(town.ask())
