"""`kumihimo world` as a stranger uses it."""

import json

import pytest

from kumihimo.run import cli
from kumihimo.world.nation import World


def run(*arguments):
    return cli.run(cli.build(), ["world", *(str(one) for one in arguments)])


def test_a_nation_is_made_and_told(tmp_path, capsys):
    code = run("--residents", 200, "--seed", 3, "--out", tmp_path / "w", "--municipalities", 2)
    told = capsys.readouterr()
    assert code == 0
    assert "residents" in told.out
    assert "test space" in told.out
    assert "200/200" in told.err
    assert len(World.read(tmp_path / "w").residents) == 200


def test_json_is_one_object_and_nothing_else(tmp_path, capsys):
    assert run("--residents", 50, "--out", tmp_path / "w", "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["rows"]["residents"] == 50
    assert told.err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--residents", 0), "residents must be from 1"),
        (("--residents", 10, "--municipalities", 9_999), "municipalities must be from 1"),
        (("--residents", 10, "--on", "yesterday"), "YYYY-MM-DD"),
        (("--residents", 10, "--on", "1999-01-01"), "the day must be from"),
        (("--residents", 10, "--seed", -1), "seed must be from 0"),
    ],
)
def test_bad_arguments_are_told_in_one_line_and_nothing_is_written(
    tmp_path, capsys, arguments, says
):
    assert run(*arguments, "--out", tmp_path / "w") == 2
    told = capsys.readouterr()
    assert says in told.err
    assert len(told.err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_refused_and_named(tmp_path, capsys):
    (tmp_path / "mine").write_text("x")
    assert run("--residents", 10, "--out", tmp_path) == 1
    assert str(tmp_path) in capsys.readouterr().err
