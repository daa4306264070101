"""Our own terminal on a PC/SC reader, as the counter uses one: readers, presence, one user, loss."""

import re
import subprocess
import sys
import time

import pytest

from kumihimo.card.carriers import CARRIERS
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Volatile
from kumihimo.card.vpcd import Inserted
from kumihimo.kernel.entropy import SystemEntropy
from tests.interop.desk import ALONE, IN_TIME_S, drawn

PUT_BACK_S = 5  # a reader that has gone blind does not see it in a minute
READERS = (sys.executable, "-m", "kumihimo", "counter", "readers")
SERIAL = """
import sys
from kumihimo.card import terminal
from kumihimo.card.pcsc import PcscReader
reader = PcscReader.named(sys.argv[1])
with reader.card() as transmit:
    print(reader.there(), terminal.serial(transmit).decode())
"""
HOLD = """
import sys
from kumihimo.card import terminal
from kumihimo.card.pcsc import PcscReader
with PcscReader.named("00 00").card() as transmit:
    terminal.serial(transmit)
    print("mine", flush=True)
    {then}
"""
PULLED = """
import sys
from kumihimo.card import terminal
from kumihimo.card.pcsc import PcscReader
from kumihimo.card.readers import CardGone, NoCard
reader = PcscReader.named("00 01")
with reader.card() as transmit:
    print("mine", flush=True)
    sys.stdin.readline()
    try:
        terminal.serial(transmit)
    except CardGone:
        print("gone")
try:
    with reader.card():
        print("still there")
except NoCard:
    print("none", reader.there())
"""

BUSY = """
from kumihimo.card import terminal
from kumihimo.card.pcsc import PcscReader
from kumihimo.card.readers import CardGone
with PcscReader.named("00 01").card() as transmit:
    print("mine", flush=True)
    try:
        while True:
            terminal.serial(transmit)
    except CardGone:
        print("gone")
"""


def script(desk, text, *words):
    return desk.run(sys.executable, "-c", text, *words)


def test_the_readers_are_listed_and_which_has_a_card(desk, card):
    told = desk.done(*READERS)
    assert re.search(r"^Kumihimo 00 00\tカードあり a card$", told, re.MULTILINE)
    assert re.search(r"^Kumihimo 00 01\tカードなし no card$", told, re.MULTILINE)


@pytest.mark.parametrize("name", ["Kumihimo 00 00", "00 00"])
def test_a_card_is_reached_by_the_name_of_its_reader_or_a_part_of_it(desk, card, name):
    told = script(desk, SERIAL, name)
    assert re.fullmatch(r"True [0-9]{15}\n", told.out), told


@pytest.mark.parametrize(
    ("name", "words"),
    [("Kumihimo", "more than one reader"), ("Palace", "no reader of that name; there are: Kum")],
)
def test_a_name_that_fits_two_readers_or_none_is_refused_with_what_there_is(
    desk, card, name, words
):
    told = script(desk, SERIAL, name)
    assert told.code != 0
    assert words in told.err


def test_without_a_service_it_is_told_what_to_look_at(desk):
    told = desk.run(*READERS, PCSCLITE_CSOCK_NAME="/nowhere")
    assert told.code == 1
    assert "is pcscd running?" in told.err
    assert "Traceback" not in told.err


def test_while_an_act_runs_no_other_program_reaches_the_card(desk, card):
    other = (
        "import subprocess; "
        "print(subprocess.run(['opensc-tool', '-r', '0', '-s', '00A4040C00'], "
        "capture_output=True, text=True).returncode)"
    )
    told = script(desk, HOLD.format(then=other))
    assert told.out.split()[0] == "mine"
    assert told.out.split()[1] != "0", told
    assert desk.done("opensc-tool", "-r", "0", "-n").strip() == "jpki"


def test_what_was_proved_ends_with_the_act(desk, card):
    """The next program finds a chip that had no power meanwhile."""
    then = """
    from kumihimo.card import applications as ap
    from kumihimo.kernel.withheld import Withheld
    terminal.select(transmit, ap.JPKI)
    terminal.verify(transmit, ap.AUTH_PIN, Withheld(b"1234"))
with PcscReader.named("00 00").card() as transmit:
    terminal.select(transmit, ap.JPKI)
    terminal.sign(transmit, ap.AUTH_KEY, b"x")
"""
    told = script(desk, HOLD.format(then=then.strip()))
    assert told.out == "mine\n"
    assert "6982" in told.err


def test_a_card_that_is_pulled_out_in_the_middle_is_told_as_gone(desk):
    with desk.card(at=1):
        program = subprocess.Popen(
            [*ALONE, sys.executable, "-c", PULLED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=desk.variables(),
        )
        assert program.stdout
        assert program.stdout.readline() == "mine\n"
    told, _ = program.communicate("\n", timeout=IN_TIME_S)
    assert told == "gone\nnone False\n"


def test_a_card_that_was_pulled_out_of_a_command_and_put_back_is_seen_at_once(desk):
    """A program that resets a card which is gone makes the reader blind for the next one."""
    with desk.card(at=1):
        program = subprocess.Popen(
            [*ALONE, sys.executable, "-c", BUSY],
            stdout=subprocess.PIPE,
            text=True,
            env=desk.variables(),
        )
        assert program.stdout
        assert program.stdout.readline() == "mine\n"
        time.sleep(0.3)  # into the middle of a command
    assert program.communicate(timeout=IN_TIME_S)[0] == "gone\n"
    contents = drawn("card")
    chip = Chip(CARRIERS["card"], Volatile(contents), entropy=SystemEntropy())
    with Inserted(chip, desk.reader.connect(1)) as inserted:
        assert inserted.seen(PUT_BACK_S)
