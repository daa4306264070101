"""An operator changes keys by command while clerks ask: every question has its answer."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest

from kumihimo.run.cli import build, run
from tests.federation.processes import EAST, WEST, questions_about, settle, two_towns, until
from tests.federation.street import MINATO, OSAKA

PEOPLE = 24


@pytest.fixture(scope="module")
def town():
    with (
        two_towns() as (rooms, _),
        closing(rooms.client(MINATO)) as minato,
        closing(rooms.client(OSAKA)) as osaka,
    ):
        yield rooms, minato, settle(rooms, minato, osaka, PEOPLE)


@pytest.fixture
def change_key(town, capsys):
    rooms, _, _ = town
    lines = {
        MINATO: ["gateway", "change-key", MINATO, "--config", rooms.rooms[EAST].settings],
        OSAKA: ["gateway", "change-key", OSAKA, "--config", rooms.rooms[WEST].settings],
        "ledger": ["ledger", "change-key", "--config", rooms.rooms["ledger"].settings],
    }

    def typed(whose, *more):
        code = run(build(), [str(word) for word in (*lines[whose], *more)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return typed


def outcomes_of(minato, names):
    return {answer.outcome for answer in minato.ask_and_wait(questions_about(names))}


def versions(change_key, *more):
    return {
        whose: re.findall(r"Key version (\d+), .*; (never changed|changed on)", out)
        for whose in (MINATO, OSAKA, "ledger")
        for _, out, _ in [change_key(whose, *more)]
    }


def test_three_keys_are_changed_by_command_while_clerks_ask_and_every_answer_comes(
    town, change_key
):
    _, minato, names = town
    assert outcomes_of(minato, names) == {"OK"}
    assert set(map(tuple, versions(change_key, "--look").values())) == {(("1", "never changed"),)}
    over = Event()

    def ask():
        found = set()
        while not over.is_set():
            found |= outcomes_of(minato, names)
        return found

    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(ask)
        try:
            changed = versions(change_key)
        finally:
            over.set()
        assert asking.result() == {"OK"}
    assert set(map(tuple, changed.values())) == {(("2", "changed on"),)}
    assert versions(change_key, "--look") == changed
    assert outcomes_of(minato, names) == {"OK"}


def test_a_key_that_was_just_changed_is_not_changed_again_and_nothing_moves(town, change_key):
    before = versions(change_key, "--look")
    code, out, err = change_key(OSAKA)
    if before[OSAKA] == [("1", "never changed")]:  # alone, this test is the first change
        assert code == 0
        before = versions(change_key, "--look")
        code, out, err = change_key(OSAKA)
    assert (code, out) == (1, "")
    assert "less than two hours ago" in err
    assert versions(change_key, "--look") == before


def test_without_the_core_no_key_is_changed_and_one_can_still_look(town, change_key):
    rooms, minato, names = town
    before = versions(change_key, "--look")
    rooms.rooms["linkage"].kill()
    try:
        for whose in (OSAKA, "ledger"):
            code, out, err = change_key(whose)
            assert (code, out) == (1, "")
            assert "linkage does not answer" in err
        assert versions(change_key, "--look") == before
    finally:
        rooms.restart("linkage")
    until(lambda: outcomes_of(minato, names) == {"OK"})


def test_the_key_of_an_institution_that_is_not_hosted_here_is_not_changed(town, capsys):
    rooms, _, _ = town
    line = ["gateway", "change-key", OSAKA, "--config", str(rooms.rooms[EAST].settings)]
    assert run(build(), line) == 2
    assert "does not host" in capsys.readouterr().err
