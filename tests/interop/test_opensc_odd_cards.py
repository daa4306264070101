"""OpenSC's own tools with cards that are not as usual: fresh, blocked, without PINs, contactless."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from kumihimo.card.switches import Switches
from tests.interop.desk import AUTH_PIN, MODULE, SIGN_PIN

CONTACTLESS = bytes.fromhex("3B888001000000003381810000BB")
RIGHT = ("--verify-pin", "--auth-id", "1", "--pin", AUTH_PIN)
WRONG = (*RIGHT[:-1], "9999")


def test_the_card_is_recognised_with_whatever_answer_a_contactless_reader_makes_up(desk):
    with desk.card(atr=CONTACTLESS):
        assert desk.done("opensc-tool", "-r", "0", "-n").strip() == "jpki"


def test_the_signature_certificate_is_behind_its_password(desk):
    # A card that was just put in: OpenSC leaves what was proved to the next program.
    with desk.card() as card:
        read = ("pkcs15-tool", "--reader", "0", "--read-certificate", "2")
        assert desk.run(*read).code != 0
        told = desk.done(*read, "--verify-pin", "--auth-id", "2", "--pin", SIGN_PIN)
        assert told == card.certificate(sign=True).public_bytes(Encoding.PEM).decode()


def test_a_pin_that_was_wrong_three_times_is_shown_as_locked(desk):
    with desk.card():
        for left in ("2", "1", "0"):
            told = desk.run("pkcs15-tool", "--reader", "0", *WRONG)
            assert told.code != 0
            pins = desk.done("pkcs15-tool", "--reader", "0", "--list-pins")
            tries = [line.split()[-1] for line in pins.splitlines() if "Tries left" in line]
            assert tries == [left, "5"]
        assert "user PIN locked" in desk.done("pkcs11-tool", "--module", MODULE, "-L")
        assert desk.run("pkcs15-tool", "--reader", "0", *RIGHT).code != 0


@pytest.mark.parametrize("status", [0x6984, 0x6983])
def test_a_blocked_pin_gets_the_status_word_that_was_asked_for(desk, status):
    with desk.card(switches=Switches(blocked_sw=status)) as found:
        found.memory.contents["jpki/0018/tries"] = b"\0"
        login = ("--login", "--pin", AUTH_PIN, "--slot-index", "0", "-O")
        told = desk.run("pkcs11-tool", "--module", MODULE, *login)
        assert told.code != 0
        wanted = {0x6984: "CKR_GENERAL_ERROR", 0x6983: "CKR_PIN_LOCKED"}[status]
        assert wanted in told.all


def test_a_card_without_pins_is_taken_and_can_do_nothing_that_needs_one(desk):
    with desk.card("pinless") as found:
        assert desk.done("opensc-tool", "-r", "0", "-n").strip() == "jpki"
        told = desk.done("pkcs15-tool", "--reader", "0", "--read-certificate", "1")
        assert told == found.certificate().public_bytes(Encoding.PEM).decode()
        assert desk.done("pkcs11-tool", "--module", MODULE, "-L").count("user PIN locked") == 2
        assert desk.run("pkcs15-tool", "--reader", "0", *RIGHT).code != 0
