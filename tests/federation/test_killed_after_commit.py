"""Each room is killed at the worst moment: what it did is on its disk, and nobody has heard of it.

Then it comes back and everybody asks again. Each exchange still stands once with each of the four.
"""

from contextlib import closing

import pytest

from kumihimo.run.cli import build, run
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
from tests.federation.standing import at_rest, each_stands_once
from tests.federation.street import MINATO, OSAKA

PEOPLE = 24
LEDGERS_SENDER = "SELECT EXISTS (SELECT FROM outbox)"

DEATHS = {
    "the core has granted": Point(
        "linkage",
        "exchange",
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
    "the core has an end": Point("linkage", "exchange_said", "INSERT", "linkage", LEDGERS_SENDER),
    "the ledger has the records": Point("ledger", "record", "INSERT", "linkage", LEDGERS_SENDER),
    "the ledger has an end": Point("ledger", "record_end", "INSERT", "linkage", LEDGERS_SENDER),
}

CHANGED = {
    "inquiry": "SELECT count(*) FROM inquiry WHERE outcome = 'OK'",
    "provision": "SELECT count(*) FROM provision",
    "exchange": "SELECT count(*) FROM exchange",
    "exchange_said": "SELECT count(*) FROM exchange_said",
    "record": "SELECT count(*) FROM record",
    "record_end": "SELECT count(*) FROM record_end",
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
        two_towns(durable=True) as (rooms, server),
        closing(rooms.client(MINATO)) as minato,
        closing(rooms.client(OSAKA)) as osaka,
    ):
        yield Towns(rooms, server, minato, osaka)


def told_right(towns, inquiries):
    """Check that each answer is the one about the person that was asked about."""
    answers = towns.minato.answers(inquiries)
    assert [[value.value for value in answer.values] for answer in answers] == [
        [int(name)] for name in towns.names
    ]


def all_is_well(towns, inquiries):
    until(lambda: outcomes(towns.minato, inquiries) == {"OK"})
    until(lambda: at_rest(towns.server))
    told_right(towns, inquiries)
    each_stands_once(towns.rooms, towns.server, towns.acknowledged)


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


@pytest.mark.parametrize("room", ["linkage", "ledger", EAST, "register", "oversight"])
def test_after_all_that_the_log_proves_of_each_room_that_nothing_is_missing(towns, room, capsys):
    config, kind = towns.rooms.rooms[room].settings, towns.rooms.rooms[room].kind
    assert run(build(), ["operations", "prove", kind, "--config", str(config)]) == 0
    assert "Complete" in capsys.readouterr().out
