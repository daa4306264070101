"""The log of what passed is one that a person can hand on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.card.apdu_log import SHOWN_BYTES, ApduLog
from kumihimo.card.carriers import ORDINARY
from kumihimo.card.chip import Chip
from kumihimo.card.files import File, Records
from kumihimo.card.memory import Volatile, slot
from kumihimo.kernel.entropy import SeededEntropy
from tests.card.conftest import drawn
from tests.card.reader import COMMON, JPKI, TEXT, VISUAL

VERIFY_AUTH, VERIFY_SIGN = "00200080" + "0431323334", "00200080" + "06414243313233"


def told(*commands):
    """Return the lines for commands to a card whose power was just switched on."""
    chip = Chip(ORDINARY, Volatile(drawn("card")), entropy=SeededEntropy("log"))
    chip.power_on()
    log = ApduLog(ORDINARY)
    return [log.line(command, chip.process(command)) for command in map(bytes.fromhex, commands)]


def dir_of(aid):
    return f"00A4040C0A{aid}"


def test_what_is_selected_and_how_it_ended_stands_there():
    assert told(dir_of(JPKI), "00A4020C020077")[0].split() == [
        *("SELECT", "00A4040C", JPKI, "→", "9000")
    ]
    assert told(dir_of(JPKI), "00A4020C020077")[1].endswith("0077 → 6A82")


def test_a_pin_is_told_by_its_length_only():
    lines = told(dir_of(JPKI), "00A4020C020018", VERIFY_AUTH, "00200080" + "0439393939")
    assert lines[2].split() == ["VERIFY", "00200080", "(4", "bytes)", "→", "9000"]
    assert lines[3].endswith("(4 bytes) → 63C2")


@pytest.mark.parametrize(
    "command", ["002401800435363738", "003200800435363738", "0020008005393939"]
)
def test_a_new_pin_or_a_broken_command_with_a_pin_tells_no_digit(command):
    *_, line = told(dir_of(JPKI), "00A4020C020018", VERIFY_AUTH, command)
    assert "35363738" not in line
    assert "393939" not in line
    assert "bytes)" in line


def test_a_file_that_is_free_is_shown_by_its_beginning():
    *_, line = told(dir_of(JPKI), "00A4020C020006", "00B00000A0")
    assert "9000 4A504B494150494343544F4B454E3220… (160 bytes)" in line


def test_a_protected_file_is_told_by_its_length():
    lines = told(dir_of(JPKI), "00A4020C02001B", VERIFY_SIGN, "00A4020C020001", "00B0000010")
    assert lines[-1].endswith("→ 9000 (16 bytes)")


def test_a_signature_and_what_is_signed_are_told_by_their_length():
    sign = "802A00800548656C6C6F00"
    *_, line = told(dir_of(JPKI), "00A4020C020018", VERIFY_AUTH, "00A4020C020017", sign)
    assert line.endswith("(5 bytes) → 9000 (256 bytes)")


@pytest.mark.parametrize("command", ["31323334", "313233", "414243313233", ""])
def test_a_pin_that_was_sent_bare_is_counted_and_not_shown(command):
    [line] = told(command)
    assert line.split()[:3] == ["?", f"({len(command) // 2}", "bytes)"]


FREE = {
    slot(application.name, entry.fid)
    for application in ORDINARY.applications
    for entry in application.entries.values()
    if isinstance(entry, File | Records) and entry.read is None
}
FIDS = [f"00A4020C02{fid:04X}" for fid in range(0x1D)]
COMMANDS = st.sampled_from(
    [
        *FIDS,
        *map(dir_of, (JPKI, TEXT, VISUAL, COMMON)),
        *(VERIFY_AUTH, VERIFY_SIGN, "00200080"),
        *("00B0000000", "00B0000400", "00B00000000000", "00B2010C00", "0084000010"),
        *(f"00B0{0x80 | sfi:02X}0000" for sfi in range(0x1D)),
        "00CA004500",
    ]
)


@given(st.lists(COMMANDS, max_size=12))
@settings(max_examples=200)
def test_no_order_of_commands_makes_the_log_tell_a_byte_of_a_protected_file(commands):
    secret = {
        value[at : at + 6].hex().upper()
        for name, value in drawn("card").items()
        if name.count("/") == 1
        and name not in FREE
        and not name.startswith("card/")  # objects that everybody may ask for
        and not value.startswith((b"\xff" * 8, b"0\x82"))
        for at in range(min(len(value), SHOWN_BYTES) - 5)
    }
    for line in told(*commands):
        shown = line.partition("→")[2]
        assert not any(part in shown for part in secret), line
