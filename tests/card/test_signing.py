"""Signatures of the chip, each checked with the certificate or key that the card itself shows."""

import hashlib

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from kumihimo.card.carriers import CHILD
from kumihimo.card.cv import CvCertificate
from kumihimo.card.switches import Switches
from tests.card.reader import COMMON, JPKI, TEXT, VISUAL

AUTH = ("0018", "1234", "000A", "97")
SIGN = ("001B", "ABC123", "0001", "9A")
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420")
MESSAGE = b"a message"
HASH = hashlib.sha256(MESSAGE).digest()


def signed(reader, p1, p2, data):
    return reader.data(f"802A{p1:02X}{p2}{len(data):02X}{data.hex()}00")


def certificate(reader, fid):
    return x509.load_der_x509_certificate(bytes.fromhex(reader.read(fid)[:-4])).public_key()


@pytest.fixture(params=[AUTH, SIGN], ids=["auth", "sign"])
def holder(request, reader):
    pin, value, fid, p2 = request.param
    reader.select(JPKI)
    assert reader.verify(value, pin) == "9000"
    return reader, certificate(reader, fid), p2


def payload(key, signature):
    return key.recover_data_from_signature(signature, PKCS1v15(), None)


@pytest.mark.parametrize(
    "data", [b"\x01", b"x" * 51, b"y" * 245, DIGEST_INFO + HASH, b"\x30\x2f" + bytes(47)]
)
def test_whatever_is_given_is_padded_and_nothing_is_put_right(holder, data):
    reader, key, p2 = holder
    assert payload(key, signed(reader, 0, p2, data)) == data


def test_the_card_hashes_where_it_is_asked_to(holder):
    reader, key, p2 = holder
    assert payload(key, signed(reader, 1, p2, MESSAGE)) == HASH
    assert payload(key, signed(reader, 2, p2, HASH)) == DIGEST_INFO + HASH
    assert payload(key, signed(reader, 3, p2, MESSAGE)) == DIGEST_INFO + HASH
    key.verify(signed(reader, 3, p2, MESSAGE), MESSAGE, PKCS1v15(), SHA256())


def test_the_card_signs_by_pss_with_a_salt_of_its_own(holder):
    reader, key, p2 = holder
    salt = PSS(MGF1(SHA256()), 32)
    first, second = signed(reader, 4, p2, HASH), signed(reader, 5, p2, MESSAGE)
    key.verify(first, MESSAGE, salt, SHA256())
    key.verify(second, MESSAGE, salt, SHA256())
    assert first != second
    with pytest.raises(InvalidSignature):
        key.verify(first, b"another message", salt, SHA256())


@pytest.mark.parametrize(
    ("p1", "data", "status"),
    [
        (0, "", "6700"),
        (0, "41" * 246, "6700"),
        (1, "", "6700"),
        (2, "41" * 31, "6985"),
        (2, "41" * 33, "6985"),
        (2, "", "6700"),
        (4, "41" * 31, "6985"),
        (6, "41", "6A86"),
        (255, "41", "6A86"),
    ],
)
def test_what_a_form_does_not_take_is_refused(reader, p1, data, status):
    reader.select(JPKI)
    reader.verify("1234", "0018")
    body = f"{len(data) // 2:02X}{data}" if data else ""
    assert reader.send(f"802A{p1:02X}97{body}00") == status


def test_a_reader_without_room_for_a_signature_gets_none(reader):
    reader.select(JPKI)
    reader.verify("1234", "0018")
    assert reader.send("802A0097014180") == "6700"
    assert len(reader.data("802A00970141")) == 256  # it did not say


def test_the_sign_key_is_not_opened_by_the_login_pin_nor_the_reverse(reader):
    reader.select(JPKI)
    reader.verify("1234", "0018")
    assert reader.send("802A009A014100") == "6982"
    assert reader.read("0001") == "6982"
    reader.chip.reset()
    reader.select(JPKI)
    reader.verify("ABC123", "001B")
    assert reader.send("802A0097014100") == "6982"


def test_a_signature_needs_a_key(reader):
    assert reader.send("802A0080014100") == "6986"
    assert reader.send("802A0000014100") == "6A88"
    reader.select(JPKI)
    assert reader.send("802A0080014100") == "6986"
    assert reader.send("802A0000014100") == "6A88"  # no default key here
    assert reader.send("802A009D014100") == "6A88"
    reader.verify("1234", "0018")
    assert reader.send("802A0080014100") == "6985"  # a PIN is no key


def test_a_child_has_no_sign_key(insert):
    reader = insert(CHILD)
    reader.select(JPKI)
    assert reader.ef("001A") == "6A82"
    assert reader.send("802A009A014100") == "6A88"


@pytest.mark.parametrize(
    ("aid", "pin", "value", "fid", "tag"),
    [(TEXT, "0011", "1234", "0007", "DF51"), (VISUAL, "0011", "020401", "0001", "DF12")],
)
def test_the_applications_for_reading_prove_the_card_without_a_pin(
    reader, aid, pin, value, fid, tag
):
    reader.select(aid)
    signature = signed(reader, 3, "00", MESSAGE)
    assert len(signature) == 256
    reader.verify(value, pin)
    content = bytes.fromhex(reader.read(fid)[:-4])
    modulus = content[content.index(bytes.fromhex("91820100")) + 4 :][:256]
    number = pow(int.from_bytes(signature, "big"), 65537, int.from_bytes(modulus, "big"))
    assert number.to_bytes(256, "big").endswith(DIGEST_INFO + HASH)
    assert bytes.fromhex(tag) in content


def test_the_chips_own_key_answers_a_challenge_without_any_pin(reader):
    chip = CvCertificate.parse(reader.data("00CA7F21000000"))
    reader.select(COMMON)
    question = bytes(range(32))
    answer = reader.data(f"0088009920{question.hex()}00")
    chip.key.verify(answer, question, PKCS1v15(), SHA256())
    assert answer == reader.data(f"0088009920{question.hex()}00")
    with pytest.raises(InvalidSignature):
        chip.key.verify(answer, question + b"!", PKCS1v15(), SHA256())


@pytest.mark.parametrize(
    ("aid", "command", "status"),
    [
        (COMMON, "00880099", "6700"),
        (COMMON, "0088019901" + "41", "6A86"),
        (COMMON, "0088009901" + "4180", "6700"),
        (COMMON, "00880099000100" + "41" * 256, "6700"),
        (COMMON, "802A0099" + "0141" + "00", "6985"),
        (JPKI, "0088009701" + "4100", "6982"),
        (TEXT, "0088009301" + "4100", "6985"),
        (VISUAL, "0088009A01" + "4100", "6985"),
    ],
)
def test_other_keys_answer_no_challenge(reader, aid, command, status):
    reader.select(aid)
    assert reader.send(command) == status


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("0084000008", 8),
        ("0084000000", 256),
        ("00840000000100", 256),
        ("0084000001", 1),
    ],
)
def test_challenges_have_the_length_asked_for_and_are_never_alike(reader, command, answer):
    first, second = reader.data(command), reader.data(command)
    assert len(first) == len(second) == answer
    assert answer == 1 or first != second


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("00840000", "6700"),
        ("00840000000000", "6985"),
        ("0084010008", "6A86"),
        ("0084000001" + "41" + "08", "6700"),
    ],
)
def test_a_challenge_of_no_length_is_refused(reader, command, status):
    assert reader.send(command) == status


def test_switches_do_not_touch_signatures(insert):
    reader = insert(switches=Switches(eof_sw=0x6282))
    reader.select(JPKI)
    reader.verify("1234", "0018")
    assert len(reader.data("802A0097014100")) == 256
