"""The carriers: what a card without PINs, a child's, a phone and the next generation can do."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA384

from kumihimo.card import terminal
from kumihimo.card.applications import JPKI as JPKI_AP
from kumihimo.card.applications import SIGN_KEY
from kumihimo.card.carriers import CARRIERS, UnknownCarrier, card_in
from kumihimo.card.files import Role
from kumihimo.card.memory import CARRIER, Volatile
from kumihimo.card.tlv import header, parse
from kumihimo.kernel.withheld import Withheld
from tests.card.issued import SERIAL, issue
from tests.card.issued import terminal as certified
from tests.card.reader import COMMON, JPKI, JUKI, TEXT, VISUAL, Reader

A = "987654321013"


def card(carrier):
    chip, memory = issue(carrier)
    return Reader(chip, memory)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_memory_says_what_carrier_it_is_for(carrier):
    assert card_in(issue(carrier)[1]) is CARRIERS[carrier]


@pytest.mark.parametrize("name", [None, b"", b"credit-card", b"\xff"])
def test_a_memory_of_another_thing_is_refused(name):
    with pytest.raises(UnknownCarrier):
        card_in(Volatile({} if name is None else {CARRIER: name}))


@pytest.mark.parametrize(
    ("carrier", "label"),
    [
        ("card", b"JPKIAPICCTOKEN2"),
        ("pinless", b"JPKIAPICCTOKEN2"),
        ("child", b"JPKIAPICCTOKEN2"),
        ("android", b"JPKIAPGPSETOKEN"),
        ("iphone", b"JPKIAPIOSTOKEN"),
        ("next", b"JPKIAPICCTOKEN2"),
    ],
)
def test_the_label_of_the_token_tells_the_carrier(carrier, label):
    reader = card(carrier)
    reader.select(JPKI)
    assert bytes.fromhex(reader.read("0006"))[:32] == label.ljust(32)


def test_a_card_without_pins_lets_nobody_in_by_pin_and_is_still_a_card():
    reader = card("pinless")
    reader.select(JPKI)
    for fid, value in [("0018", "1234"), ("001B", "ABC123")]:
        assert reader.tries(fid) == "63C0"
        assert reader.verify(value, fid) == "6984"
        assert reader.send(f"002401800{len(value):X}{value.encode().hex()}") == "6982"
    assert reader.read("0008") == "008F009000"
    assert reader.read("0001") == "6982"
    assert reader.ef("001A") == "6A82"
    assert reader.read("000A").startswith("3082")
    reader.select(TEXT)
    assert reader.tries("0011") == "63C0"
    assert reader.verify(A, "0014") == "9000"
    assert reader.read("0001")[6:30] == A.encode().hex()
    reader.select(VISUAL)
    assert reader.verify(A, "0013") == "9000"
    assert reader.read("0002").startswith("FF20")


def test_a_child_signs_in_and_signs_nothing():
    reader = card("child")
    reader.select(JPKI)
    assert reader.read("0008") == "008F009000"
    assert reader.tries("001B") == "63C0"
    assert reader.verify("ABC123", "001B") == "6984"
    assert reader.read("0001") == "6982"
    assert reader.verify("1234", "0018") == "9000"
    assert reader.status("802A0097014100") == "9000"


def test_an_android_phone_shows_its_certificate_after_the_pin_and_an_iphone_before():
    android = card("android")
    android.select(JPKI)
    assert android.read("000A") == "6982"
    assert android.verify("1234", "0018") == "9000"
    assert android.read("000A").startswith("3082")
    iphone = card("iphone")
    iphone.select(JPKI)
    assert iphone.read("000A").startswith("3082")


@pytest.mark.parametrize("carrier", ["android", "iphone"])
def test_a_phone_is_no_card_to_show(carrier):
    reader = card(carrier)
    for aid in (TEXT, VISUAL, JUKI, COMMON):
        assert reader.send(f"00A4040C0A{aid}") == "6A82"
    reader.select(JPKI)
    assert reader.verify("ABC123", "001B") == "9000"
    assert len(reader.data("802A009A014100")) == 256


def test_the_next_generation_signs_by_elliptic_curve():
    reader = card("next")
    reader.select(JPKI)
    reader.verify("1234", "0018")
    key = x509.load_der_x509_certificate(bytes.fromhex(reader.read("000A")[:-4])).public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    assert key.curve.name == "secp384r1"
    digest = hashlib.sha384(b"m").hexdigest()
    key.verify(reader.data(f"802A009730{digest}00"), b"m", ECDSA(SHA384()))
    key.verify(reader.data("802A0397016D00"), b"m", ECDSA(SHA384()))
    assert reader.send("802A0097014100") == "6700"
    assert reader.send("802A039700") == "6700"
    assert reader.send(f"802A049730{digest}00") == "6A86"


def test_the_next_generation_has_two_pins_and_two_applications():
    reader = card("next")
    assert reader.send(f"00A4040C0A{VISUAL}") == "6A82"
    assert reader.send(f"00A4040C0A{JUKI}") == "6A82"
    reader.select(COMMON)
    assert reader.ef("001C") == "6A82"
    reader.select(TEXT)
    assert reader.ef("0012") == "6A82"
    assert reader.verify("9999", "0011") == "63C2"
    reader.select(JPKI)
    assert reader.tries("0018") == "63C2"  # it is the same PIN
    reader.verify("1234", "0018")
    assert reader.send("002401800435363738") == "9000"
    reader.select(TEXT)
    assert reader.tries("0011") == "63C3"
    assert reader.read("0001") == "6982"
    assert reader.verify("5678", "0011") == "9000"
    assert reader.send("002401800431323334") == "6D00"
    assert reader.read("0001")[6:30] == A.encode().hex()


def test_the_face_of_the_next_generation_does_not_show_the_sex():
    reader = card("next")
    reader.select(TEXT)
    reader.verify("1234", "0011")
    content = bytes.fromhex(reader.read("0009")[:-4])
    _, start, end = header(content, 0)
    tags = [tag for tag, _ in parse(content[start:end])]
    assert 0xDF23 not in tags
    assert {0xDF22, 0xDF25, 0xDF27, 0xDF28} <= set(tags)
    assert bytes.fromhex(reader.read("0002")[:-4]).endswith(b"\xdf\x25\x012")  # kept in the chip
    assert reader.read("000A").startswith("FF10")
    assert reader.read("000B").startswith("FF40")


def test_the_next_generation_makes_its_own_keys():
    chip, _ = issue("next")
    terminal.prove_role(chip.process, JPKI_AP, certified(Role.COUNTER), SERIAL)
    key = terminal.generate_key(chip.process, SIGN_KEY)
    terminal.verify(chip.process, 0x001B, Withheld(b"ABC123"))
    assert isinstance(key, EllipticCurvePublicKey)
    signature = terminal.sign(chip.process, SIGN_KEY, b"m", form=3)
    key.verify(signature, b"m", ECDSA(SHA384()))


def test_two_cards_in_two_readers_know_nothing_of_each_other():
    first, second = card("card"), card("card")
    first.select(JPKI)
    second.select(JPKI)
    assert first.verify("1234", "0018") == "9000"
    assert second.send("802A0097014100") == "6982"
    assert second.verify("9999", "0018") == "63C2"
    assert first.tries("0018") == "63C3"
