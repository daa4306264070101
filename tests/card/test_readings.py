"""The reader's side over a chip: values out of files, signatures checked, secrets not overheard."""

from datetime import date

import pytest

from kumihimo.card import readings, terminal
from kumihimo.card.applications import (
    AUTH_PIN,
    COMMON,
    JPKI,
    NUMBER,
    TEXT,
    TEXT_A,
    TEXT_B,
    TEXT_PIN,
    VISUAL,
    VISUAL_B,
)
from kumihimo.card.hierarchy import ROOT, TEXT_CA, VISUAL_CA
from kumihimo.card.memory import slot
from kumihimo.card.readings import BadCard, SecureReading
from kumihimo.card.terminal import CardDeclined, PinBlocked, WrongPin
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.withheld import Withheld
from tests.card.issued import SERIAL, hierarchy, issue

PIN = Withheld(b"1234")
A = Withheld(b"987654321013")
B = Withheld(b"02040120361234")
WRONG = Withheld(b"9999")


def public(name):
    return getattr(hierarchy(), name).private.public_key()


@pytest.fixture
def card():
    chip, memory = issue()
    return chip.process, memory


def test_a_reader_tells_the_card_by_its_own_words(card):
    info = readings.card_info(card[0])
    assert (info.serial, info.municipality) == ("900000000000001", "13101")
    assert info.expires == date(2036, 4, 1)


def test_number_and_attributes_come_out_withheld(card):
    transmit, _ = card
    terminal.select(transmit, TEXT)
    terminal.verify(transmit, TEXT_PIN, PIN)
    number = readings.number(transmit)
    found = readings.attributes(transmit)
    assert number.reveal() == "987654321013"
    assert found.name.reveal() == "見本　花子"
    assert found.birth.reveal() == "19900401"
    assert "9876" not in repr(number)
    assert "見本" not in repr(found)


def test_a_genuine_card_is_believed_whole(card):
    transmit, _ = card
    terminal.select(transmit, TEXT)
    terminal.verify(transmit, TEXT_PIN, PIN)
    readings.check_text(transmit, TEXT_CA, public("text_ca"))
    terminal.select(transmit, VISUAL)
    terminal.verify(transmit, VISUAL_B, B)
    fields = readings.face(transmit, VISUAL_CA, public("visual_ca"))
    assert fields[0xDF23] == b"2"
    question = bytes(16)
    assert readings.check_chip(transmit, ROOT, public("root"), question) == SERIAL


@pytest.mark.parametrize("fid", ["text/0001", "text/0002", "text/0003", "text/0004"])
def test_a_byte_changed_in_the_text_is_found_out(card, fid):
    transmit, memory = card
    changed = bytearray(memory.contents[fid])
    changed[-3] ^= 1
    memory.contents[fid] = bytes(changed)
    terminal.select(transmit, TEXT)
    terminal.verify(transmit, TEXT_PIN, PIN)
    with pytest.raises(BadCard):
        readings.check_text(transmit, TEXT_CA, public("text_ca"))


@pytest.mark.parametrize("tag", ["DF22", "DF23", "DF24", "DF25", "DF26", "DF27", "DF28"])
def test_a_byte_changed_in_the_face_is_found_out(card, tag):
    transmit, memory = card
    content = bytearray(memory.contents["visual/0002"])
    at = content.index(bytes.fromhex(tag), 26)
    at += 2 + (3 if content[at + 2] == 0x82 else 2 if content[at + 2] == 0x81 else 1)
    content[at] ^= 1
    memory.contents["visual/0002"] = bytes(content)
    terminal.select(transmit, VISUAL)
    terminal.verify(transmit, VISUAL_B, B)
    with pytest.raises(BadCard):
        readings.face(transmit, VISUAL_CA, public("visual_ca"))


def test_the_files_of_one_card_in_another_chip_are_found_out(card):
    transmit, memory = card
    other = issue("next")[1].contents
    memory.contents[slot("common", 0x0019)] = other[slot("common", 0x0019)]
    with pytest.raises(BadCard):
        readings.check_chip(transmit, ROOT, public("root"), bytes(16))
    memory.contents |= {name: other[name] for name in ("card/7F21", "card/0045")}
    memory.contents["card/0045"] = b"900000000000002"
    with pytest.raises(BadCard):
        readings.check_chip(transmit, ROOT, public("root"), bytes(16))


def test_another_root_vouches_for_nothing(card):
    transmit, _ = card
    with pytest.raises(BadCard):
        readings.check_chip(transmit, ROOT, public("text_ca"), bytes(16))
    with pytest.raises(BadCard):
        readings.check_chip(transmit, TEXT_CA, public("root"), bytes(16))


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"\xff\x20\x05\xdf\x22", b"\x30\x00", b"\xff\x20\x00"]
)
def test_what_is_no_card_is_no_card(card, content):
    transmit, memory = card
    memory.contents |= {"text/0001": content or b"\0", "text/0002": content or b"\0"}
    terminal.select(transmit, TEXT)
    terminal.verify(transmit, TEXT_PIN, PIN)
    with pytest.raises(BadCard):
        readings.attributes(transmit)
    with pytest.raises(BadCard):
        readings.number(transmit)


def test_refusals_are_told_by_name_and_never_with_the_pin(card):
    transmit, _ = card
    terminal.select(transmit, JPKI)
    told = []
    for _ in range(4):
        with pytest.raises((WrongPin, PinBlocked)) as refused:
            terminal.verify(transmit, AUTH_PIN, WRONG)
        told.append(refused.value)
    assert [getattr(one, "left", 0) for one in told] == [2, 1, 0, 0]
    assert all("9999" not in f"{one} {one!r} {one.detail}" for one in told)
    assert terminal.tries(transmit, AUTH_PIN) == 0
    with pytest.raises(CardDeclined):
        terminal.verify(transmit, 0x0006, WRONG)
    with pytest.raises(CardDeclined):
        terminal.tries(transmit, 0x0006)


def test_a_file_is_read_to_its_end_whatever_its_length(card):
    transmit, memory = card
    terminal.select(transmit, TEXT)
    assert len(terminal.read_file(transmit, 0x0005)) == 256
    for size in (1, 255, 257, 512):
        memory.contents["text/0005"] = bytes(size)
        assert len(terminal.read_file(transmit, 0x0005)) == size
    memory.contents["text/0005"] = b""
    with pytest.raises(CardDeclined):
        terminal.read_file(transmit, 0x0005)
    with pytest.raises(CardDeclined) as told:
        terminal.read_file(transmit, NUMBER)
    assert told.value.word == 0x6982


@pytest.mark.parametrize("record", [b"\x01\x1c" + b"9" * 28, b"\x01\x02\xff\xff"])
def test_a_card_that_speaks_nonsense_of_itself_is_no_card(card, record):
    card[1].contents["common/0001"] = record
    with pytest.raises(BadCard):
        readings.card_info(card[0])


@pytest.mark.parametrize("answer", ["869000", "8702010" + "19000", "861101" + "00" * 16 + "9000"])
def test_an_answer_in_a_session_that_is_none_is_told(wire, answer):
    plain, session = wire
    transmit = plain._transmit

    def answering(command):
        return bytes.fromhex(answer) if command[1] == 0xB0 else transmit(command)

    plain._transmit = answering
    with pytest.raises(BadCard):
        session.read_file(NUMBER)


def test_a_login_is_one_function(card):
    assert len(terminal.sign_in(card[0], PIN, b"x" * 51)) == 256


def test_an_object_that_is_not_there_is_told(card):
    terminal.select(card[0], COMMON)
    with pytest.raises(CardDeclined):
        terminal.get_data(card[0], 0x0045)


class Overheard:
    """A wire that somebody listens at."""

    def __init__(self, transmit):
        self._transmit = transmit
        self.heard = b""

    def __call__(self, command):
        answer = self._transmit(command)
        self.heard += command + answer
        return answer


@pytest.fixture
def wire(card):
    wire = Overheard(card[0])
    terminal.select(wire, TEXT)
    terminal.verify(wire, TEXT_PIN, PIN)
    session = SecureReading(wire, entropy=SeededEntropy("reader"))
    wire.heard = b""
    return wire, session


def test_in_a_secure_session_nobody_overhears_the_number(wire):
    heard, session = wire
    assert session.read_file(NUMBER)[3:15] == A.reveal()
    session.verify(TEXT_A, A)
    assert "見本".encode() in session.read_file(0x0002)
    assert A.reveal() not in heard.heard
    assert "見本".encode() not in heard.heard


def test_a_wrong_secret_in_a_session_counts_and_the_session_goes_on(wire):
    plain, session = wire
    with pytest.raises(CardDeclined) as told:
        session.verify(TEXT_B, A)
    assert told.value.word == 0x63C9
    assert session.read_file(NUMBER)[3:15] == A.reveal()
    assert terminal.tries(plain, TEXT_B) == 9  # in clear, between


def test_a_message_altered_on_the_way_ends_the_session(card):
    transmit, _ = card
    terminal.select(transmit, TEXT)
    terminal.verify(transmit, TEXT_PIN, PIN)

    def altering(command):
        return transmit(command[:-9] + bytes((command[-9] ^ 1,)) + command[-8:])

    session = SecureReading(transmit, entropy=SeededEntropy("reader"))
    session._transmit = altering
    for word in (0x6988, 0x69FC):
        with pytest.raises(CardDeclined) as told:
            session.verify(TEXT_A, A)
        assert told.value.word == word
