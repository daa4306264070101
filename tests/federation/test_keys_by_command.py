"""An operator changes keys by command while clerks ask: every question has its answer."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from threading import Event
from typing import NamedTuple

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


@pytest.fixture(scope="module")
def change_key(town):
    rooms, _, _ = town
    lines = {
        MINATO: ["gateway", "change-key", MINATO, "--config", rooms.rooms[EAST].settings],
        OSAKA: ["gateway", "change-key", OSAKA, "--config", rooms.rooms[WEST].settings],
        "ledger": ["ledger", "change-key", "--config", rooms.rooms["ledger"].settings],
    }

    def typed(whose, *more):
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            code = run(build(), [str(word) for word in (*lines[whose], *more)])
        return code, out.getvalue(), err.getvalue()

    return typed


def outcomes_of(minato, names):
    return {answer.outcome for answer in minato.ask_and_wait(questions_about(names))}


def versions(change_key, *more):
    return {
        whose: re.findall(r"Key version (\d+), .*; (never changed|changed on)", out)
        for whose in (MINATO, OSAKA, "ledger")
        for _, out, _ in [change_key(whose, *more)]
    }


class Change(NamedTuple):
    """The keys' versions before, as the commands told them, and after; what the clerks got."""

    before: dict[str, list[tuple[str, str]]]
    told: dict[str, list[tuple[str, str]]]
    after: dict[str, list[tuple[str, str]]]
    answers: set[str]


@pytest.fixture(scope="module")
def changed(town, change_key):
    """Change the three keys while clerks ask; a key is young once, so all tests share it."""
    _, minato, names = town
    answers, over = outcomes_of(minato, names), Event()
    before = versions(change_key, "--look")

    def ask():
        found = set()
        while not over.is_set():
            found |= outcomes_of(minato, names)
        return found

    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(ask)
        try:
            told = versions(change_key)
        finally:
            over.set()
        answers |= asking.result()
    after = versions(change_key, "--look")
    return Change(before, told, after, answers | outcomes_of(minato, names))


def test_three_keys_are_changed_by_command_while_clerks_ask_and_every_answer_comes(changed):
    assert set(map(tuple, changed.before.values())) == {(("1", "never changed"),)}
    assert set(map(tuple, changed.told.values())) == {(("2", "changed on"),)}
    assert changed.after == changed.told
    assert changed.answers == {"OK"}


def test_a_key_that_was_just_changed_is_not_changed_again_and_nothing_moves(changed, change_key):
    code, out, err = change_key(OSAKA)
    assert (code, out) == (1, "")
    assert "less than two hours ago" in err
    assert versions(change_key, "--look") == changed.after


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
