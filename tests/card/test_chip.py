"""The chip as any reader meets it: reset, selection, what it says to what it does not know."""

import pytest

from kumihimo.card.secure import SecureSession
from tests.card.reader import JPKI, TEXT


def test_the_answer_to_reset_is_that_of_the_real_card(reader):
    assert reader.chip.reset().hex().upper() == "3BE000FF8131FE4514"


def test_a_holder_signs_in_with_her_pin(reader):
    reader.select(JPKI)
    assert reader.verify("1234", "0018") == "9000"
    assert reader.ef("0017") == "9000"
    assert len(reader.data("802A00803330" + "00" * 50 + "00")) == 256


def test_nobody_signs_in_without_the_pin(reader):
    reader.select(JPKI)
    assert reader.ef("0017") == "9000"
    assert reader.send("802A00803330" + "00" * 50 + "00") == "6982"


@pytest.mark.parametrize("command", ["", "00", "00A404", "00B0000000", "00A4040C0AD3"])
def test_a_command_cut_short_is_answered(reader, command):
    assert reader.status(command) in {"6700", "6986"}


def test_power_that_is_gone_keeps_neither_state_nor_challenge_nor_session_key(reader):
    reader.select(TEXT)
    assert reader.verify("1234", "0011") == "9000"
    reader.data("0084000010")
    running = reader.chip._running
    running.secure = SecureSession(bytes(16))
    reader.chip.power_off()
    assert running.states == set()
    assert (running.challenge, running.offered, running.secure) == (None, None, None)
    assert reader.send("08B00000059603000000") == "69FC"
