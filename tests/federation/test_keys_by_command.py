"""What an operator does by command while rooms run: keys are changed, links are audited."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from threading import Event
from typing import NamedTuple

import polars as pl
import pytest

from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import IndividualNumber
from kumihimo.rooms.register import api as register
from kumihimo.run.cli import build, run
from tests.federation.processes import (
    EAST,
    WEST,
    ask_register,
    questions_about,
    settle,
    two_towns,
    until,
)
from tests.federation.street import ALLOWANCE, MINATO, OSAKA
from tests.hostile.terminal import typed
from tests.rooms.register.made import birth
from tests.run.audits import done

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


HEADER = "reference,addressee,affair,category,title,text,deadline"


def write(folder, *rows, header=HEADER):
    path = folder / f"{len(list(folder.iterdir()))}.csv"
    path.write_text("\n".join((header, *rows)) + "\n", "utf-8")
    return path


def test_notices_are_sent_from_a_file_listed_and_withdrawn_by_command(town, tmp_path):
    rooms, _, names = town
    config = ["--config", str(rooms.rooms[EAST].settings)]

    def notice(what, *more):
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            code = run(build(), ["gateway", "notice", what, MINATO, *map(str, more), *config])
        return code, out.getvalue(), err.getvalue()

    row = f"n-1,{names[0]},{ALLOWANCE},child,児童手当の現況届,出してください,"
    by = ("--officer", "sato")
    code, out, err = notice("send", write(tmp_path, row), *by)
    assert (code, err) == (0, "")
    reference, name, said = out.rstrip("\n").split("\t")
    assert (reference, said) == ("n-1", "送りました sent")
    other = f"n-2,nobody,{ALLOWANCE},child,題,文,"
    code, out, err = notice("send", write(tmp_path, row, other), *by)
    assert code == 1
    assert f"n-1\t{name}\t送ってあります" in out
    assert "n-2\t-\t登録がありません" in out
    assert "1 件は送っていません" in err
    assert notice("withdraw", name, *by)[0] == 0
    code, out, _ = notice("listed", names[0])
    assert out.split("\t")[0::2][:2] == [name, "withdrawn"]
    for bad, wanted in (
        (write(tmp_path, row, f"n-3,{names[0]},{ALLOWANCE},spam,題,文,"), "row 2"),
        (write(tmp_path, row, header="reference,who"), "columns"),
        (write(tmp_path, row + "soon"), "deadline"),
        (write(tmp_path, "short"), "row 1"),
        (tmp_path / "missing.csv", "No such file"),
    ):
        code, out, err = notice("send", bad, *by)
        assert (code, out) == (2, ""), (bad, err)
        assert wanted in err, (wanted, err)
    assert len(notice("listed", names[0])[1].splitlines()) == 1


def test_the_key_of_an_institution_that_is_not_hosted_here_is_not_changed(town, capsys):
    rooms, _, _ = town
    line = ["gateway", "change-key", OSAKA, "--config", str(rooms.rooms[EAST].settings)]
    assert run(build(), line) == 2
    assert "does not host" in capsys.readouterr().err


def test_an_institution_audits_its_links_by_command_and_register_is_asked_under_its_name(
    town, tmp_path
):
    rooms, _, _ = town
    births = [birth(who) for who in range(1, 6)]
    codes = tuple(one.resident_code for one in births)
    given = ask_register(rooms, register.DESIGNATE_PATH, register.Designate(codes), None)
    numbers = [one.number for one in given.designated]
    numbers[4] = IndividualNumber.generate("00000000001", space=NumberSpace.TEST).reveal()
    lines = (
        f"r{who},{number},{one.name},{one.birth},{one.sex},{one.address}\n"
        for who, (one, number) in enumerate(zip(births, numbers, strict=True))
    )
    rows, mapping, folder = (tmp_path / name for name in ("rows.csv", "mapping.toml", "asked"))
    rows.write_text("整理番号,個人番号,氏名,生年月日,性別,住所\n" + "".join(lines), "utf-8")
    names = ("--institution", "試験", "--affair", "手当", "--number-space", "test")
    done("map", rows, "--out", mapping, *names)
    line = ["run", mapping, "--rows", rows, "--out", folder]
    line = [str(word) for word in (*line, "--register", rooms.rooms[EAST].settings)]
    assert "--affair" in typed("audit", *line).err
    other = ("--affair", ALLOWANCE, "--institution", OSAKA)
    assert "--institution" in typed("audit", *line, *other).err
    assert not folder.exists()
    done(*line, "--affair", ALLOWANCE)
    found = pl.read_parquet(folder / "findings.parquet")
    # Register holds no readings here, so it cannot say that nobody else is there.
    assert found["verdict"].to_list() == ["person"] * 4 + ["mislink"]
    done("report", folder)
    assert "住基ネットへの照会だけ" in (folder / "report.html").read_text("utf-8")


def test_an_institution_compares_its_links_with_register_by_command(town):
    rooms, _, _ = town
    config = ("--config", str(rooms.rooms[EAST].settings))
    told = typed("gateway", "check-links", MINATO, "--affair", ALLOWANCE, *config)
    assert (told.code, f"{PEOPLE}\tEQUAL {PEOPLE}" in told.out) == (0, True), told
    assert typed("gateway", "check-links", MINATO, "--history", *config).out == told.out
