"""`kumihimo register`: a whole municipality gets its numbers while register serves."""

import asyncio

import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master
from kumihimo.rooms.register import numbers
from kumihimo.run.cli import build, run
from tests.rooms.register.made import MINATO, OSAKA, birth, code


@pytest.fixture
def config(tmp_path):
    """Write register's settings; returns a function that names the database."""
    save_master(tmp_path / "register.key", new_master(SystemEntropy()))
    path = tmp_path / "register.toml"

    def write(dsn):
        (tmp_path / "dsn").touch(mode=0o600)
        (tmp_path / "dsn").write_text(dsn)
        path.write_text(
            'key = "register.key"\ndatabase = { file = "dsn" }\n'
            f'oversight_key = "{"ab" * 32}"\n[peers]\noversight = "http://127.0.0.1:1"\n'
        )
        return str(path)

    return write


async def designate(municipality, path):
    return await asyncio.to_thread(
        run, build(), ["register", "designate", municipality, "--config", path]
    )


def test_a_whole_municipality_gets_its_numbers_with_a_bar_and_no_other_does(
    in_house, config, capsys, monkeypatch
):
    monkeypatch.setattr(numbers, "BULK", 20)

    async def story(house):
        await house.tell(*(birth(who) for who in range(50)))
        await house.tell(birth(1_000, municipality="271004"), office=OSAKA)
        [held] = await house.designate(code(7))
        path = config(house.dsn.reveal())
        assert await designate(MINATO, path) == 0
        said = capsys.readouterr()
        assert "東京都港区" in said.out
        assert "designated 49" in said.out
        assert "49/49" in said.err
        given = await house.designate(*(code(who) for who in range(50)))
        assert len(set(given)) == 50
        assert given[7] == held
        assert not any(number in said.out + said.err for number in given)
        async with house.database.transaction() as tx:
            await journal.verify(tx)
            assert await tx.value("SELECT count(*) FROM individual_number") == 50
        # It is done; a second time nothing is left to do.
        assert await designate(MINATO, path) == 0
        assert "designated 0" in capsys.readouterr().out

    in_house(story)


@pytest.mark.parametrize(
    ("municipality", "words"),
    [("lg-131033", "lg-131032"), ("lg-130001", "no such municipality"), ("nenkin", "no such")],
)
def test_what_is_no_municipality_is_refused_with_what_is_near(config, capsys, municipality, words):
    path = config("host=127.0.0.1 port=1 dbname=none")
    assert run(build(), ["register", "designate", municipality, "--config", path]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_a_database_that_does_not_answer_is_told_in_one_line_and_no_bar_is_drawn(config, capsys):
    path = config("host=127.0.0.1 port=1 dbname=none")
    assert run(build(), ["register", "designate", MINATO, "--config", path]) == 1
    said = capsys.readouterr()
    assert "does not answer" in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
