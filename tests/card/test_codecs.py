"""TLV, secure messaging and certificates as codecs: what one side writes the other reads."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kumihimo.card import faces
from kumihimo.card.cv import BadCertificate, CvCertificate, KeyId, parse_public
from kumihimo.card.files import Role
from kumihimo.card.portraits import no_portrait, portrait
from kumihimo.card.secure import SecureSession, SessionBroken
from kumihimo.card.tlv import BadTlv, parse, parse_one, tlv
from kumihimo.kernel.entropy import SeededEntropy
from tests.card.issued import hierarchy

tags = st.sampled_from([0x86, 0x90, 0xA1, 0x7F21, 0x5F4E, 0xDF21, 0xFF20])
values = st.binary(max_size=700)


@given(st.lists(st.tuples(tags, values), max_size=5))
def test_objects_one_after_another_are_read_again(objects):
    encoded = b"".join(tlv(tag, value) for tag, value in objects)
    assert list(parse(encoded)) == objects
    assert list(parse(encoded + b"\xff" * 7)) == objects


@given(tags, values)
def test_lengths_are_written_in_the_shortest_form(tag, value):
    encoded = tlv(tag, value)
    header = len(encoded) - len(value) - (2 if tag > 0xFF else 1)
    assert header == (1 if len(value) < 128 else 2 if len(value) < 256 else 3)
    assert parse_one(encoded) == (tag, value)


@given(st.binary(max_size=60))
def test_any_bytes_are_objects_or_refused(data):
    try:
        assert sum(len(value) for _, value in parse(data)) <= len(data)
        parse_one(data)
    except BadTlv:
        return


@pytest.mark.parametrize(
    "data", ["", "30", "3081", "308300000041", "3080", "3002FF", "1F", "300100FF"]
)
def test_what_is_no_object_is_refused(data):
    with pytest.raises(BadTlv):
        parse_one(bytes.fromhex(data))


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=5))
def test_both_sides_of_a_session_read_each_other_in_step(messages):
    one, other = SecureSession(b"k" * 16), SecureSession(b"k" * 16)
    for message in messages:
        one.next()
        other.next()
        assert other.decrypt(one.encrypt(message)) == message
        assert one.decrypt(other.encrypt(message)) == message


@given(st.binary(max_size=40))
def test_a_side_that_missed_a_message_reads_nothing_of_the_next(message):
    one, other = SecureSession(b"k" * 16), SecureSession(b"k" * 16)
    one.next()
    one.next()
    other.next()
    try:
        assert other.decrypt(one.encrypt(message)) != message
    except SessionBroken:
        return


@pytest.mark.parametrize(
    "value", [b"", b"\x01", b"\x02" + bytes(16), b"\x01" + bytes(15), b"\x01" + bytes(16)]
)
def test_what_is_no_cryptogram_is_refused(value):
    session = SecureSession(b"k" * 16)
    session.next()
    with pytest.raises(SessionBroken):
        session.decrypt(value)


def test_a_certificate_is_read_with_its_outer_tag_or_without():
    whole = hierarchy().terminal(Role.COUNTER, "7000005").certificate
    assert CvCertificate.parse(whole) == CvCertificate.parse(whole[5:])
    assert CvCertificate.parse(whole).subject.role is Role.COUNTER


@pytest.mark.parametrize("cut", [0, 1, 5, 100, 567])
def test_a_part_of_a_certificate_is_none(cut):
    whole = hierarchy().terminal(Role.TERMINAL, "7000006").certificate
    with pytest.raises(BadCertificate):
        CvCertificate.parse(whole[:cut])


def test_a_certificate_whose_parts_stand_the_wrong_way_round_is_none():
    whole = hierarchy().terminal(Role.TERMINAL, "7000007").certificate
    with pytest.raises(BadCertificate):
        CvCertificate.parse(whole[307:] + whole[5:307])


@pytest.mark.parametrize("number", ["690002", "69000201", "69000x0"])
def test_a_key_id_has_its_form(number):
    with pytest.raises(BadCertificate):
        KeyId.of(number)


@pytest.mark.parametrize(
    "data",
    [
        bytes(265),
        tlv(0x90, b"\x01\0\x01") + tlv(0x92, bytes(256)),
        tlv(0x90, bytes(3)) + tlv(0x91, bytes(256)),
        b"\x90\x03\x01\x00\x01\x91\x82\x01\x01" + bytes(256),
    ],
)
def test_what_is_no_public_key_is_refused(data):
    with pytest.raises(BadCertificate):
        parse_public(data)


@pytest.mark.parametrize(
    "name", ["林", "見本　花子", "𠮷田　髙﨑", "あ" * 80, "ALEXANDRA MARIA VON HOHENSTEIN"]
)
def test_a_name_of_any_length_fits_its_picture(name):
    image = Image.open(BytesIO(faces.name_png(name)))
    assert image.size == faces.NAME
    assert image.getextrema() == (0, 255)
    margin = image.crop((0, image.height - 1, image.width, image.height))
    assert margin.getextrema() == (255, 255), "nothing is cut off below"


def test_a_character_of_the_register_is_drawn_as_itself():
    assert faces.name_png("髙") != faces.name_png("高")
    assert faces.name_png("𠮷") != faces.name_png("吉")


def test_a_portrait_is_of_nobody_and_the_same_for_the_same_seed():
    assert portrait(SeededEntropy(1)) == portrait(SeededEntropy(1))
    assert portrait(SeededEntropy(1)) != portrait(SeededEntropy(2))
    empty = Image.open(BytesIO(no_portrait()))
    assert (empty.mode, empty.size) == ("L", (180, 240))
