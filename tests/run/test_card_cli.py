"""`kumihimo card`, as a person types it."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kumihimo.card.carriers import CARRIERS
from kumihimo.card.keeping import create, opened
from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.withheld import Withheld
from kumihimo.run.trial_card import trial_card
from tests.card.reader import JPKI, powered
from tests.hostile.terminal import typed
from tests.nowhere import nowhere, nowhere_by_itself

IN_TIME_S = 60
PASSPHRASE = Withheld(b"my card")
COMMAND = [sys.executable, "-m", "kumihimo", "card"]


@pytest.fixture(scope="module")
def contents():
    return trial_card(CARRIERS["card"], clock=SystemClock(), entropy=SystemEntropy())


@pytest.fixture
def card(tmp_path, contents):
    create(tmp_path / "my.card", contents, PASSPHRASE, entropy=SystemEntropy(), cost=4)
    return tmp_path / "my.card"


def secret(path, content):
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


@pytest.fixture
def key(tmp_path):
    file = secret(tmp_path / "pass", PASSPHRASE.reveal() + b"\n")
    return f"--passphrase-file={file}"


def tries(card):
    with opened(card, PASSPHRASE, entropy=SystemEntropy()) as memory:
        reader = powered(memory)
        reader.select(JPKI)
        return reader.tries("0018")


def at_terminal(arguments, *answers):
    """Type answers at a terminal as a person does; returns what stands there and the exit code."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        told = b""
        waiting = list(answers)
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:  # the other side has ended
                break
            if not more:
                break
            told += more
            if waiting and told.endswith(b": "):
                os.write(ours, waiting.pop(0).encode() + b"\n")
        os.close(ours)
        process.wait(IN_TIME_S)
    return told.decode(errors="replace"), process.returncode


@pytest.mark.parametrize("carrier", ["card", "pinless", "next"])
def test_a_new_card_opens_and_shows_what_it_is(tmp_path, key, carrier):
    card = tmp_path / "new.card"
    told = typed("card", "new", str(card), f"--carrier={carrier}", key)
    assert told.code == 0, told
    told = typed("card", "show", str(card), key)
    assert told.code == 0, told
    assert f"Carrier: {carrier} " in told.out
    assert ("なし none" in told.out) == (carrier == "pinless")
    assert ("EC-384" in told.out) == (carrier == "next")


def test_what_is_shown_is_nothing_of_the_holder_and_no_secret(card, key, contents):
    told = typed("card", "show", str(card), key)
    shown = "".join(told.out.split())
    for secret in ("見本", "花子", "霞が関", "987654321013", "19900401", "1990-04-01"):
        assert nowhere(secret, shown)
    assert nowhere_by_itself("ABC123", told.out)
    assert "0018:3/3" in shown


def test_a_card_is_never_written_over_another_file(card, key):
    before = card.read_bytes()
    told = typed("card", "new", str(card), key)
    assert told.code == 1
    assert "never overwritten" in told.err
    assert card.read_bytes() == before


def test_a_passphrase_is_asked_for_twice_and_not_shown(tmp_path):
    card = tmp_path / "asked.card"
    told, code = at_terminal(["new", card], "pass phrase", "pass phrase")
    assert code == 0, told
    assert "pass phrase" not in told
    told, code = at_terminal(["show", card], "pass phrase")
    assert code == 0, told
    told, code = at_terminal(["show", card], "another")
    assert code == 2
    assert "not this passphrase" in told


def test_two_passphrases_that_differ_make_no_card(tmp_path):
    told, code = at_terminal(["new", tmp_path / "asked.card"], "one", "other")
    assert code == 2, told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"x" * 2_000])
def test_a_passphrase_file_without_one_passphrase_is_refused_by_name(card, tmp_path, content):
    bad = secret(tmp_path / "bad", content)
    told = typed("card", "show", str(card), f"--passphrase-file={bad}")
    assert told.code == 2
    assert str(bad) in told.err


def test_a_passphrase_that_others_can_read_is_none(card, tmp_path):
    (tmp_path / "open").write_bytes(PASSPHRASE.reveal())
    told = typed("card", "show", str(card), f"--passphrase-file={tmp_path / 'open'}")
    assert told.code == 2
    assert "chmod 600" in told.err


def test_nobody_waits_for_a_passphrase_where_nobody_is(card):
    done = subprocess.run(
        [*COMMAND, "show", card],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=IN_TIME_S,
    )
    assert done.returncode == 2
    assert "--passphrase-file" in done.stderr


def test_a_pin_is_changed_by_who_knows_the_old_one(card, key):
    told, code = at_terminal(["pin", card, "auth", key], "1234", "4321")
    assert code == 0, told
    assert nowhere_by_itself("1234", told)
    assert nowhere_by_itself("4321", told)
    told, code = at_terminal(["pin", card, "auth", key], "1234", "5555")
    assert code == 1
    assert "2 tries are left" in told
    assert tries(card) == "63C2"


def test_a_pin_of_another_form_is_declined_and_the_old_one_stays(card, key):
    told, code = at_terminal(["pin", card, "auth", key], "1234", "12345")
    assert code == 1
    assert "6A80" in told
    told, code = at_terminal(["pin", card, "auth", key], "1234", "4321")
    assert code == 0, told


@pytest.fixture
def vpcd_port():
    """A port at which a test plays vpcd."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(IN_TIME_S)
        yield server


def ask(connection, message):
    connection.sendall(len(message).to_bytes(2, "big") + message)
    with connection.makefile("rb") as file:
        return file.read(int.from_bytes(file.read(2), "big"))


def test_a_card_in_a_reader_shows_what_passes_without_the_pin_until_ctrl_c(card, key, vpcd_port):
    port = vpcd_port.getsockname()[1]
    with subprocess.Popen(
        [*COMMAND, "insert", card, f"--port={port}", key],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            connection, _ = vpcd_port.accept()
            with connection:
                connection.settimeout(IN_TIME_S)
                assert ask(connection, b"\x04").hex() == "3be000ff8131fe4514"
                for command in (f"00A4040C0A{JPKI}", "00A4020C020018"):
                    assert ask(connection, bytes.fromhex(command)) == b"\x90\x00"
                assert ask(connection, bytes.fromhex("002000800439393939")) == b"\x63\xc2"
                process.send_signal(signal.SIGINT)
                assert connection.recv(1) == b""
            _, told = process.communicate(timeout=IN_TIME_S)
        finally:
            process.kill()  # where it did not end: `with` waits for it
    assert process.returncode == 130
    assert re.search(r"^VERIFY +00200080 \(4 bytes\) → 63C2$", told, re.MULTILINE)
    assert "39393939" not in told
    assert "The card is out." in told
    assert tries(card) == "63C2"


def test_where_no_reader_is_open_it_says_how_to_get_one(card, key, vpcd_port):
    port = vpcd_port.getsockname()[1]
    vpcd_port.close()
    told = typed("card", "insert", str(card), f"--port={port}", key)
    assert told.code == 1
    assert f"127.0.0.1:{port}" in told.err
    assert "card run" in told.err
    assert "vsmartcard-vpcd" in told.err


@pytest.mark.parametrize("words", [["--slot=2"], ["--slot=-1"], ["--port=0"], ["--port=65535"]])
def test_a_slot_that_no_reader_has_is_refused(card, key, words):
    told = typed("card", "insert", str(card), *words, key)
    assert told.code == 2


def test_a_card_that_is_in_use_is_not_put_into_a_second_reader(card, key):
    with opened(card, PASSPHRASE, entropy=SystemEntropy()):
        told = typed("card", "insert", str(card), key)
    assert told.code == 1
    assert "Another process" in told.err


def test_no_program_is_no_work(card, key):
    assert typed("card", "run", str(card), key).code == 2


def test_what_is_no_card_is_told_before_anybody_is_asked(tmp_path):
    Path(tmp_path / "x").write_bytes(b"no card")
    for words in (["show"], ["insert"], ["run"], ["pin"]):
        rest = {"run": ["--", "true"], "pin": ["auth"]}.get(words[0], [])
        told = typed("card", *words, str(tmp_path / "x"), *rest)
        assert told.code == 2, told
        assert "no card of Kumihimo" in told.err
