"""Anybody checks a history from the command line, and is told in words what is wrong."""

import msgspec
import pytest

from kumihimo.run import cli
from tests.hostile.terminal import typed
from tests.rooms.ledger.domain.made import LOG, SIGNERS, WITNESS, Maker, resigned, signer, written

KEYS = ("--log-key", LOG.key.vkey(), "--witness-key", WITNESS.key.vkey())

CHANGED = "Record 1: it is not what stands in the public log (its words or its proof were changed)."


@pytest.fixture
def files(tmp_path):
    """Return the folder with an earlier history, and the one that continues it."""
    maker = Maker()
    links = maker.links(2)
    (tmp_path / "earlier.json").write_bytes(written(maker.history(links)))
    links += maker.links(3, links[-1])
    (tmp_path / "history.json").write_bytes(written(maker.history(links)))
    return tmp_path


def test_a_history_that_holds_is_told_with_its_numbers(files):
    told = typed("verify", str(files / "history.json"), *KEYS)
    assert told.code == cli.DONE
    assert "1番から5番まで、欠けていません" in told.out
    assert "nothing is missing" in told.out
    told = typed(
        "verify", str(files / "history.json"), *KEYS, "--earlier", str(files / "earlier.json")
    )
    assert told.code == cli.DONE
    assert "前の書類の続きです" in told.out


def test_without_keys_it_is_told_that_anybody_could_have_signed(files):
    told = typed("verify", str(files / "history.json"))
    assert told.code == cli.FAILED
    assert "だれが署名したかは、まだ確かめていません" in told.out
    assert SIGNERS.log[0].vkey() in told.out
    assert "nothing is missing" not in told.out


def test_what_is_wrong_is_told_in_both_languages_and_by_the_exit_code(files):
    path = files / "history.json"
    path.write_bytes(path.read_bytes().replace(b"lg-131032", b"lg-131041", 1))
    told = typed("verify", str(path), *KEYS)
    assert told.code == cli.FAILED
    assert told.out.splitlines() == [
        "合いません：1番の記録：公開ログにあるものと違います（内容か証明が書き換えられています）。",
        f"Does not hold: {CHANGED}",
    ]
    told = typed(
        "verify", str(files / "earlier.json"), *KEYS, "--earlier", str(files / "history.json")
    )
    assert told.code == cli.FAILED
    assert "前の書類：1番の記録" in told.out


def test_a_history_that_somebody_made_up_does_not_hold(files):
    maker, other = Maker(), signer(LOG.name, LOG.kind, 9)
    made_up = maker.history(maker.links(3), log=other)
    (files / "made.json").write_bytes(written(made_up))
    assert typed("verify", str(files / "made.json"), *KEYS).code == cli.FAILED
    history = msgspec.json.decode((files / "history.json").read_bytes(), type=type(made_up))
    (files / "made.json").write_bytes(written(resigned(history, log=other)))
    assert typed("verify", str(files / "made.json"), *KEYS).code == cli.FAILED


@pytest.mark.parametrize(
    "words",
    [
        KEYS[:2],
        KEYS[2:],
        ("--log-key", "x", *KEYS[2:]),
        ("--log-key", WITNESS.key.vkey(), *KEYS[2:]),
        (*KEYS[:2], "--witness-key", LOG.key.vkey()),
        (*KEYS, "--earlier", "no-such-file"),
    ],
)
def test_one_key_alone_or_one_of_another_kind_is_no_input(files, words):
    assert typed("verify", str(files / "history.json"), *words).code == cli.BAD_INPUT
