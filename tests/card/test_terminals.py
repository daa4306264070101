"""Who may change a chip: a counter that its hierarchy certified and that proves its key, only."""

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from kumihimo.card import terminal as reading
from kumihimo.card.applications import (
    AUTH_KEY,
    AUTH_PIN,
    CARD_INFO,
    CARD_PIN,
    COMMON,
    JPKI,
    JUKI,
    NUMBER,
    RESIDENT_CODE,
    SIGN_CERTIFICATE,
    SIGN_KEY,
    SIGN_PIN,
    TEXT,
    TEXT_A,
    TEXT_BLOCKED,
    TEXT_PIN,
    VISUAL,
)
from kumihimo.card.files import Role
from kumihimo.card.terminal import CardDeclined, PinBlocked, WrongPin
from kumihimo.kernel.withheld import Withheld
from tests.card.issued import SERIAL, hierarchy, impostor, issue, terminal

PIN = Withheld(b"1234")
NEW = Withheld(b"5678")


@pytest.fixture
def chip():
    return issue()[0].process


def as_counter(chip, application=JPKI):
    reading.prove_role(chip, application, terminal(Role.COUNTER), SERIAL)


def word(call, *arguments, **named):
    with pytest.raises(CardDeclined) as told:
        call(*arguments, **named)
    return told.value.word


ADMINISTRATION = [
    "00D600000141",
    "00D681000141",
    "00DC01040301014100"[:16],
    "8046009700",
    "002C029B06" + "5A" * 6,
    "002C039B",
    "002C049B",
]


@pytest.mark.parametrize("command", ADMINISTRATION)
@pytest.mark.parametrize("role", [None, Role.TERMINAL])
def test_nobody_but_a_counter_changes_a_chip(command, role):
    chip, memory = issue()
    before = dict(memory.contents)
    if role:
        reading.prove_role(chip.process, JPKI, terminal(role), SERIAL)
    else:
        reading.select(chip.process, JPKI)
        reading.verify(chip.process, AUTH_PIN, PIN)
        reading.verify(chip.process, SIGN_PIN, Withheld(b"ABC123"))
    assert chip.process(bytes.fromhex(command)).hex() == "6982"
    assert memory.contents == before


@pytest.mark.parametrize("application", [JPKI, TEXT, VISUAL, JUKI, COMMON])
def test_a_counter_proves_itself_in_the_application_it_works_on(chip, application):
    as_counter(chip, application)
    assert chip(bytes.fromhex("00D60000")).hex() == "6700"  # it may; it said nothing
    other = TEXT if application is JPKI else JPKI
    reading.select(chip, other)
    reading.select_file(chip, 0x0004 if other is TEXT else 0x0006)
    assert chip(bytes.fromhex("00D600000141")).hex() == "6982"


def test_a_counter_of_another_hierarchy_is_not_believed(chip):
    assert word(reading.prove_role, chip, JPKI, impostor(), SERIAL) == 0x6300


def test_a_certificate_alone_proves_nothing(chip):
    copied = attrs.evolve(terminal(Role.COUNTER), key=impostor().key)
    assert word(reading.prove_role, chip, JPKI, copied, SERIAL) == 0x6300
    assert chip(bytes.fromhex("002C039B")).hex() == "6982"


def test_a_proof_for_another_card_is_worth_nothing_here(chip):
    other = b"900000000000002"
    assert word(reading.prove_role, chip, JPKI, terminal(Role.COUNTER), other) == 0x6300


def test_a_proof_counts_once(chip):
    counter = terminal(Role.COUNTER)
    reading.select(chip, JPKI)
    reading.call(chip, reading.Command(0x80, 0xA2, 0, 0xC1, counter.certificate))
    proof = counter.key.sign(SERIAL + reading.challenge(chip))
    again = reading.Command(0, 0x82, 0, 0, proof)
    reading.call(chip, again)
    assert word(reading.call, chip, again) == 0x6985
    reading.select(chip, TEXT)
    assert word(reading.call, chip, again) == 0x6985


def test_a_challenge_that_could_be_waited_for_does_not_count(chip):
    counter = terminal(Role.COUNTER)
    reading.select(chip, JPKI)
    reading.call(chip, reading.Command(0x80, 0xA2, 0, 0xC1, counter.certificate))
    proof = counter.key.sign(SERIAL + reading.challenge(chip, 15))
    assert word(reading.call, chip, reading.Command(0, 0x82, 0, 0, proof)) == 0x6985


def test_a_key_that_is_certified_for_nothing_opens_nothing(chip):
    authority = hierarchy()
    key = authority.terminal(Role.COUNTER, "7000009").key
    certificate = authority.terminal_ca.certify(authority.text_ca.id, key.private.public_key())
    nothing = attrs.evolve(terminal(Role.COUNTER), key=key, certificate=certificate)
    assert word(reading.prove_role, chip, JPKI, nothing, SERIAL) == 0x6985


@pytest.mark.parametrize("place", [0, 3, 20, 40, 300, 310, 567])
def test_an_altered_certificate_is_refused(chip, place):
    counter = terminal(Role.COUNTER)
    altered = bytearray(counter.certificate)
    altered[place] ^= 1
    reading.select(chip, JPKI)
    command = reading.Command(0x80, 0xA2, 0, 0xC1, bytes(altered))
    assert word(reading.call, chip, command) == 0x6300


@pytest.mark.parametrize(
    ("p1", "p2", "size", "status"),
    [
        (0, 0xC2, 568, 0x6A86),
        (1, 0xC1, 568, 0x6A86),
        (0, 0xC1, 567, 0x6700),
        (0, 0xC1, 261, 0x6700),
    ],
)
def test_a_certificate_comes_whole_or_in_two_parts(chip, p1, p2, size, status):
    command = reading.Command(0x80, 0xA2, p1, p2, bytes(size))
    assert word(reading.call, chip, command) == status


def test_a_phone_believes_no_terminal():
    chip, _ = issue("android")
    assert word(reading.prove_role, chip.process, JPKI, terminal(Role.COUNTER), SERIAL) == 0x6A88


def test_an_approved_terminal_signs_in_without_a_pin_and_does_not_sign_documents():
    chip, _ = issue("pinless")
    reading.prove_role(chip.process, JPKI, terminal(Role.TERMINAL), SERIAL)
    assert len(reading.sign(chip.process, AUTH_KEY, b"x" * 51)) == 256
    assert word(reading.sign, chip.process, SIGN_KEY, b"x" * 51) == 0x6A88
    ordinary, _ = issue()
    reading.prove_role(ordinary.process, JPKI, terminal(Role.TERMINAL), SERIAL)
    assert word(reading.sign, ordinary.process, SIGN_KEY, b"x" * 51) == 0x6982


def test_a_counter_does_not_sign_in_for_the_holder(chip):
    as_counter(chip)
    assert word(reading.sign, chip, AUTH_KEY, b"x" * 51) == 0x6982


def test_a_counter_sets_a_blocked_pin_anew(chip):
    reading.select(chip, JPKI)
    for _ in range(3):
        with pytest.raises((WrongPin, PinBlocked)):
            reading.verify(chip, AUTH_PIN, NEW)
    as_counter(chip)
    reading.set_pin(chip, AUTH_PIN, NEW)
    assert reading.tries(chip, AUTH_PIN) == 3
    with pytest.raises(WrongPin) as told:
        reading.verify(chip, AUTH_PIN, PIN)
    assert told.value.left == 2
    reading.verify(chip, AUTH_PIN, NEW)


def test_a_counter_gives_tries_back_and_does_not_learn_the_pin(chip):
    reading.select(chip, JPKI)
    with pytest.raises(WrongPin):
        reading.verify(chip, AUTH_PIN, NEW)
    as_counter(chip)
    reading.restore_tries(chip, AUTH_PIN)
    assert reading.tries(chip, AUTH_PIN) == 3
    assert word(reading.sign, chip, AUTH_KEY, b"x" * 51) == 0x6982
    reading.verify(chip, AUTH_PIN, PIN)


def test_setting_a_pin_presents_it_to_nobody(chip):
    as_counter(chip)
    reading.verify(chip, AUTH_PIN, PIN)
    reading.set_pin(chip, AUTH_PIN, NEW)
    assert word(reading.sign, chip, AUTH_KEY, b"x" * 51) == 0x6982


def test_a_card_goes_from_pins_to_none_and_back_at_the_counter(chip):
    as_counter(chip)
    reading.take_pin_away(chip, AUTH_PIN)
    with pytest.raises(PinBlocked):
        reading.verify(chip, AUTH_PIN, PIN)
    assert word(reading.restore_tries, chip, AUTH_PIN) == 0x6985
    reading.set_pin(chip, AUTH_PIN, NEW)
    reading.verify(chip, AUTH_PIN, NEW)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("002C029B", "6700"),
        ("002C039B0141", "6700"),
        ("002C009B", "6a86"),
        ("002C029B0561" + "41" * 4, "6a80"),
        ("002C0280" + "0431323334", "6986"),
        ("002C028104" + "31323334", "6981"),
    ],
)
def test_a_pin_is_set_in_one_way(chip, command, status):
    as_counter(chip)
    assert chip(bytes.fromhex(command)).hex() == status


def test_the_blocked_pin_of_the_text_application_stays_blocked_for_readers(chip):
    as_counter(chip, TEXT)
    assert word(reading.restore_tries, chip, TEXT_BLOCKED) == 0x6985
    assert reading.tries(chip, TEXT_PIN) == 3
    assert reading.tries(chip, TEXT_A) == 10


def test_the_counter_writes_a_new_certificate_for_a_new_key(chip):
    as_counter(chip)
    key = reading.generate_key(chip, SIGN_KEY)
    reading.update_file(chip, SIGN_CERTIFICATE, b"\x30\x82" + bytes(1500))
    reading.verify(chip, SIGN_PIN, Withheld(b"ABC123"))
    assert reading.read_file(chip, SIGN_CERTIFICATE) == b"\x30\x82" + bytes(1500)
    assert isinstance(key, RSAPublicKey)
    key.verify(reading.sign(chip, SIGN_KEY, b"m", form=3), b"m", PKCS1v15(), SHA256())


def test_a_child_gets_a_sign_key_when_she_is_old_enough():
    chip = issue("child")[0].process
    as_counter(chip)
    assert word(reading.sign, chip, SIGN_KEY, b"m") == 0x6A88
    reading.generate_key(chip, SIGN_KEY)
    reading.set_pin(chip, SIGN_PIN, Withheld(b"ABC123"))
    reading.verify(chip, SIGN_PIN, Withheld(b"ABC123"))
    assert len(reading.sign(chip, SIGN_KEY, b"m")) == 256


@pytest.mark.parametrize(("command", "status"), [("8046019700", "6a86"), ("8046009800", "6a88")])
def test_only_the_holders_keys_are_made_anew(chip, command, status):
    as_counter(chip)
    assert chip(bytes.fromhex(command)).hex() == status
    as_counter(chip, TEXT)
    assert chip(bytes.fromhex("8046009300")).hex() == "6a88"


def test_a_file_is_replaced_whole_or_lengthened_at_its_end(chip):
    as_counter(chip, TEXT)
    reading.update_file(chip, NUMBER, b"first")
    assert chip(bytes.fromhex("00D600050A") + b" and after").hex() == "9000"
    assert chip(bytes.fromhex("00D600030141")).hex() == "6b00"
    assert chip(bytes.fromhex("00D681000541")).hex() == "6700"
    reading.verify(chip, TEXT_PIN, PIN)
    assert reading.read_file(chip, NUMBER) == b"first and after"
    assert chip(bytes.fromhex("00D681000131")).hex() == "9000"  # by its short id
    assert reading.read_file(chip, NUMBER) == b"1"


def test_a_file_does_not_grow_past_what_can_be_read(chip):
    as_counter(chip, TEXT)
    reading.select_file(chip, NUMBER)
    assert word(reading.update_file, chip, NUMBER, bytes(0x8000)) == 0x6A84
    reading.update_file(chip, NUMBER, bytes(0x7FFF))
    assert chip(bytes.fromhex("00D67FFF0141")).hex() == "6a84"


@pytest.mark.parametrize("fid", [0x0011, 0x0013])
def test_a_counter_writes_no_pin_and_no_key_as_a_file(chip, fid):
    as_counter(chip, TEXT)
    assert word(reading.update_file, chip, fid, b"1234") == 0x6981


def test_the_cards_last_day_is_written_anew(chip):
    as_counter(chip, COMMON)
    record = b"\x01\x1c9000000000000011310120460401"
    reading.update_record(chip, CARD_INFO, 1, record)
    assert reading.read_record(chip, CARD_INFO, 1) == record
    assert word(reading.update_record, chip, CARD_INFO, 1, record[:-1]) == 0x6A80
    assert word(reading.update_record, chip, CARD_INFO, 1, b"\x02" + record[1:]) == 0x6A80
    assert word(reading.update_record, chip, CARD_INFO, 2, record) == 0x6A83
    assert chip(bytes.fromhex("00DC01050141")).hex() == "6a81"


def test_the_counter_reads_the_resident_code(chip):
    as_counter(chip, JUKI)
    assert reading.read_file(chip, RESIDENT_CODE) == b"98765432108"
    assert reading.tries(chip, CARD_PIN) == 3


def test_a_holder_changes_her_pins_with_the_readers_functions(chip):
    for application, fid in [
        (JPKI, AUTH_PIN),
        (TEXT, TEXT_PIN),
        (COMMON, CARD_PIN),
        (JUKI, CARD_PIN),
    ]:
        reading.select(chip, application)
        reading.verify(chip, fid, PIN)
        reading.change_pin(chip, application, fid, NEW)
        reading.verify(chip, fid, NEW)
    reading.select(chip, VISUAL)
    assert word(reading.change_pin, chip, VISUAL, 0x0011, NEW) == 0x6D00
