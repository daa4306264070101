"""Anybody checks a history from the command line, and is told in words what is wrong."""

import asyncio
import json
from datetime import UTC, datetime

import msgspec
import pytest

from kumihimo.kernel.clock import JST
from kumihimo.rooms.ledger.api import History
from kumihimo.rooms.portal import exporting, tables, wording
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


def test_what_was_checked_is_shown_to_hold_other_files_against(files):
    told = typed("verify", str(files / "history.json"), *KEYS, "--records")
    assert told.code == cli.DONE
    shown = [line.split("\t") for line in told.out.splitlines() if "\t" in line]
    assert [one[0] for one in shown] == ["1", "2", "3", "4", "5"]
    history = msgspec.json.decode((files / "history.json").read_bytes(), type=History)
    words = history.links[0].record.content
    at = words.requested_at.astimezone(JST)
    assert shown[0][1:] == [
        f"{at:%Y-%m-%d %H:%M:%S}",
        wording.body(words.requester).japanese,
        wording.body(words.provider).japanese,
        wording.affair(words.affair).japanese,
        wording.outcome(words.outcome).japanese,
        words.record,
    ]


def test_of_a_history_that_does_not_hold_no_record_is_shown(files):
    path = files / "history.json"
    path.write_bytes(path.read_bytes().replace(b"lg-131032", b"lg-131041", 1))
    told = typed("verify", str(path), *KEYS, "--records")
    assert (told.code, "\t" in told.out) == (cli.FAILED, False)


def test_a_file_that_is_for_reading_is_named_as_one(files):
    at = datetime(2026, 6, 1, tzinfo=UTC)
    table = tables.Table(name="x", title="x", head=("x",), rows=(), wide=frozenset())
    for content in (
        exporting.as_json([], [], at=at),
        exporting.as_csv([], [], "ja"),
        asyncio.run(exporting.as_pdf([], "ja", at=at)),
        tables.as_csv(table),
    ):
        (files / "read").write_bytes(content)
        told = typed("verify", str(files / "read"), *KEYS)
        assert told.code == cli.BAD_INPUT
        assert "who-looked-proof.json" in told.err
    (files / "read").write_bytes(b"{}")
    assert "読むための" not in typed("verify", str(files / "read"), *KEYS).err


def test_a_history_that_is_laid_out_anew_holds_and_one_that_another_program_wrote_is_taken_again(
    files,
):
    path = files / "history.json"
    content = path.read_bytes()
    path.write_bytes(msgspec.json.format(content, indent=2))
    assert typed("verify", str(path), *KEYS).code == cli.DONE
    path.write_text(json.dumps(json.loads(content), ensure_ascii=True))
    told = typed("verify", str(path), *KEYS)
    assert told.code == cli.FAILED
    assert "もう一度受け取ってください" in told.out
    assert "途中で切れた" not in told.out
