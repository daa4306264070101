"""Secure messaging of the text application, and its refusal everywhere else."""

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from kumihimo.card.cv import parse_public
from kumihimo.card.secure import KEY_DELIVERY, SecureSession
from kumihimo.card.tlv import tlv
from tests.card.reader import COMMON, JPKI, JUKI, TEXT, VISUAL

SEED = bytes(range(32))
WRAP = OAEP(MGF1(SHA256()), SHA256(), None)


@pytest.fixture
def text(reader):
    reader.select(TEXT)
    assert reader.verify("1234", "0011") == "9000"
    return reader


def public(reader):
    return parse_public(bytes.fromhex(reader.read("0006")[:-4])[4:])


def deliver(reader, message=KEY_DELIVERY + SEED, padding: OAEP | PKCS1v15 = WRAP):
    wrapped = public(reader).encrypt(message, padding)
    return reader.send(f"80AE0000000100{wrapped.hex()}")


@pytest.fixture
def secure(text):
    assert deliver(text) == "9000"
    session = SecureSession(SEED[:16])

    def send(header, value, tag=0x86):
        session.next()
        data = tlv(tag, session.encrypt(value) if tag == 0x86 else value)
        return text.send(f"{header}{len(data):02X}{data.hex()}")

    return text, session, send


@pytest.mark.parametrize(
    ("aid", "status"), [(JPKI, "6982"), (JUKI, "6982"), (COMMON, "66F1"), (VISUAL, "66F1")]
)
def test_other_applications_take_no_session_key(reader, aid, status):
    assert reader.send("80AE000000") == "6D00"
    reader.select(aid)
    for pin, value in {JPKI: [("0018", "1234")], VISUAL: [("0011", "020401")]}.get(aid, []):
        reader.verify(value, pin)
    assert reader.send("80AE0000000100" + "00" * 256) == status


def test_a_session_key_is_taken_after_the_pin_and_not_after_the_number(reader):
    reader.select(TEXT)
    assert reader.send("80AE0000000100" + "00" * 256) == "6982"
    assert reader.verify("987654321013", "0014") == "9000"
    assert deliver(reader) == "6982"
    assert reader.verify("1234", "0011") == "9000"
    assert deliver(reader) == "9000"


@pytest.mark.parametrize(
    "message",
    [SEED, KEY_DELIVERY + SEED[:31], KEY_DELIVERY + SEED + b"!", b"\xa0\x22\x81\x20" + SEED, b""],
)
def test_a_delivery_of_another_form_is_refused(text, message):
    assert deliver(text, message) == "6A80"


def test_a_delivery_under_another_padding_is_refused(text):
    assert deliver(text, padding=PKCS1v15()) == "6A80"
    assert text.send("80AE0000000100" + "FF" * 256) == "6F00"  # past the modulus
    assert text.send("80AE0000" + "10" + "00" * 16) == "6700"
    assert text.send("80AE0100000100" + "00" * 256) == "6A86"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("08A4020C13861101" + "00" * 16, "6882"),
        ("08B00000059603000000", "69FC"),
        ("0820009113861101" + "00" * 16, "69FC"),
        ("0CB00000059603000000", "69FC"),
        ("08840000", "6882"),
        ("882A0000", "6882"),
    ],
)
def test_without_a_session_nothing_is_done_in_one(text, command, status):
    assert text.send(command) == status


def test_a_session_gives_confidence_and_asks_for_no_more(secure):
    reader, session, send = secure
    assert send("0820009" + "4", b"987654321013") == "9000"
    assert send("08A4020C", b"\x00\x01") == "9000"
    session.next()
    answer = reader.send("08B0000000000596030000110000")
    assert answer.endswith("9000")
    assert session.decrypt(bytes.fromhex(answer[:-4])[2:])[3:15] == b"987654321013"


def test_what_the_application_refuses_counts_and_the_session_goes_on(secure):
    reader, _, send = secure
    assert send("08200092", b"1234") == "6984"
    assert send("08A4020C", b"\x00\x77") == "6A82"
    assert reader.send("00A4020C020001") == "9000"  # in clear, between
    assert send("08A4020C", b"\x00\x02") == "9000"


@pytest.mark.parametrize(
    ("header", "value", "tag"),
    [
        ("08B00000", b"\0\0\x11", 0x86),  # a cryptogram where a length belongs
        ("08200091", b"\0\0\x11", 0x96),
        ("08B00000", b"\0\x11", 0x96),
        ("08200091", b"1234", 0x87),
    ],
)
def test_the_wrong_object_ends_the_session(secure, header, value, tag):
    reader, _, send = secure
    assert send(header, value, tag) == "6988"
    assert reader.send("08B00000059603000000") == "69FC"


@pytest.mark.parametrize(
    "command", ["08B0000000", "08B000000A96030000009603000000", "0820009101" + "86"]
)
def test_no_object_or_two_end_the_session(secure, command):
    reader, _, _ = secure
    assert reader.send(command) == "6988"
    assert reader.send("08B00000059603000000") == "69FC"


def test_a_message_that_is_sent_twice_ends_the_session(secure):
    reader, session, _ = secure
    session.next()
    data = tlv(0x86, session.encrypt(b"987654321013"))
    command = f"08200094{len(data):02X}{data.hex()}"
    assert reader.send(command) == "9000"
    assert reader.send(command) == "6988"


def test_a_class_that_asks_for_integrity_is_refused_and_ends_the_session(secure):
    reader, _, _ = secure
    assert reader.send("0CB00000059603000000") == "6987"
    assert reader.send("08B00000059603000000") == "69FC"


@pytest.mark.parametrize("leave", ["select", "reset"])
def test_a_session_ends_with_the_application(secure, leave):
    reader, _, _ = secure
    if leave == "reset":
        reader.chip.reset()
    reader.select(TEXT)
    assert reader.send("08B00000059603000000") == "69FC"


def test_a_closed_file_is_closed_in_a_session_too(secure):
    reader, _, send = secure
    assert reader.verify("9999", "0011") == "63C2"
    assert send("08A4020C", b"\x00\x02") == "9000"
    assert send("08B00000", b"\0\0\0", 0x96) == "6982"
