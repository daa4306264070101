"""The files of the applications for reading: exact sizes, objects, digests and signatures."""

import hashlib
from datetime import date
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from PIL import Image

from kumihimo.card.cv import BadCertificate, CvCertificate, KeyId
from kumihimo.card.holding import era_day
from kumihimo.card.tlv import header, parse, tlv
from kumihimo.kernel.withheld import Withheld
from tests.card.reader import JPKI, TEXT, VISUAL

A = "987654321013"


@pytest.fixture
def text(reader):
    reader.select(TEXT)
    assert reader.verify("1234", "0011") == "9000"
    return lambda fid: bytes.fromhex(reader.read(fid)[:-4])


@pytest.fixture
def visual(reader):
    reader.select(VISUAL)
    assert reader.verify(A, "0013") == "9000"
    return lambda fid: bytes.fromhex(reader.read(fid)[:-4])


def inside(content, tag):
    found, start, end = header(content, 0)
    assert found == tag
    return content[start:end]


def objects(content, tag):
    return dict(parse(inside(content, tag)))


@pytest.mark.parametrize(
    ("fid", "size"), [("0001", 17), ("0003", 336), ("0004", 568), ("0005", 256), ("0008", 16)]
)
def test_files_of_the_text_application_have_the_sizes_that_clients_expect(text, fid, size):
    assert len(text(fid)) == size


def test_the_number_stands_before_two_bytes_of_filler(text):
    assert text("0001") == b"\xff\x10\x0c987654321013\xff\xff"


def test_the_four_attributes_stand_where_the_table_says(text):
    content = text("0002")
    fields = objects(content, 0xFF20)
    offsets = fields.pop(0xDF21)
    assert list(fields) == [0xDF22, 0xDF23, 0xDF24, 0xDF25]
    assert fields[0xDF22].decode() == "見本　花子"
    assert fields[0xDF23].decode() == "東京都千代田区霞が関二丁目１番２号"
    assert (fields[0xDF24], fields[0xDF25]) == (b"19900401", b"2")
    for place, (tag, value) in enumerate(fields.items()):
        start = int.from_bytes(offsets[2 * place :][:2], "big")
        assert content[start:].startswith(tlv(tag, value))


def test_number_and_attributes_are_signed_by_the_issuer(text):
    fields = objects(text("0003"), 0xFF30)
    assert fields[0xDF31] == hashlib.sha256(text("0001")).digest()
    attributes = inside(text("0002"), 0xFF20)
    table_ends = header(attributes, 0)[2]
    assert fields[0xDF32] == hashlib.sha256(attributes[table_ends:]).digest()
    signed = inside(text("0003"), 0xFF30)[:70]
    issuer = CvCertificate.parse(text("0004"))
    issuer.key.verify(fields[0xDF33], signed, PKCS1v15(), SHA256())


@pytest.mark.parametrize(("number", "application"), [("6900033", TEXT), ("6900023", VISUAL)])
def test_the_issuer_is_certified_by_a_key_of_the_test_kind(reader, number, application):
    reader.select(application)
    content = bytes.fromhex(reader.read("0004")[:-4])
    assert content[:5].hex() == "7f21820233"
    assert content[5:10].hex() == "5f4e820129"
    assert content[307:312].hex() == "5f37820100"
    found = CvCertificate.parse(content)
    assert found.issuer == KeyId.of(number)
    assert found.subject.octets.startswith(b"13101")
    with pytest.raises(BadCertificate):
        found.check(KeyId.of(number), found.key)
    with pytest.raises(BadCertificate):
        found.check(KeyId.of("6900020"), found.key)


def test_the_basics_of_the_text_application_are_padded_to_256(text):
    content = text("0005")
    fields = objects(content, 0xFF40)
    assert fields[0xDF41].hex() == "01030e01"
    assert fields[0xDF42].startswith(b"6")
    assert len(fields[0xDF43]) == 128
    assert fields[0xDF43].endswith(b"\xff" * 96)
    assert content.endswith(b"\xff" * 90)


def test_the_key_of_the_text_application_is_signed_too(text):
    content = inside(text("0007"), 0xFF50)
    assert len(content) == 0x213
    fields = dict(parse(content))
    assert len(fields[0xDF51]) == 265
    issuer = CvCertificate.parse(text("0004"))
    issuer.key.verify(fields[0xDF52], tlv(0xDF51, fields[0xDF51]), PKCS1v15(), SHA256())
    assert len(text("0006")) == 4 + 265


def test_the_age_record_says_the_birth_date_and_nothing_more(visual):
    content = inside(visual("0001"), 0xFF10)
    assert len(content) == 0x21E
    fields = dict(parse(content))
    assert list(fields) == [0xDF11, 0xDF12, 0xDF13]
    signed = tlv(0xDF11, fields[0xDF11]) + tlv(0xDF12, fields[0xDF12])
    issuer = CvCertificate.parse(visual("0004"))
    issuer.key.verify(fields[0xDF13], signed, PKCS1v15(), SHA256())


def test_the_face_is_signed_in_three_segments_and_what_follows_is_not(visual):
    content = visual("0002")
    fields = objects(content, 0xFF20)
    offsets = fields.pop(0xDF21)
    assert list(fields) == list(range(0xDF22, 0xDF2B))
    starts = [int.from_bytes(offsets[at : at + 2], "big") for at in range(0, 18, 2)]
    for start, (tag, value) in zip(starts, fields.items(), strict=True):
        assert content[start:].startswith(tlv(tag, value))
    segments = [(0xDF22, 0xDF23, 0xDF24), (0xDF25, 0xDF26), (0xDF27,)]
    digests = b"".join(
        hashlib.sha256(b"".join(tlv(tag, fields[tag]) for tag in segment)).digest()
        for segment in segments
    )
    issuer = CvCertificate.parse(visual("0004"))
    payload = issuer.key.recover_data_from_signature(fields[0xDF28], PKCS1v15(), None)
    assert payload.endswith(digests)
    assert payload[:2].hex() == "3071"
    assert fields[0xDF29] == b"20360401"


def test_the_pictures_are_what_they_say(visual):
    fields = objects(visual("0002"), 0xFF20) | objects(visual("0005"), 0xFF40)
    for tag, size in [
        (0xDF25, None),
        (0xDF26, None),
        (0xDF2A, (24, 12)),
        (0xDF41, (72, 12)),
    ]:
        image = Image.open(BytesIO(fields[tag]))
        assert (image.format, image.mode) == ("PNG", "1")
        assert size in {None, image.size}
        assert image.getextrema() == (0, 255)  # something is drawn
    photo = Image.open(BytesIO(fields[0xDF27]))
    assert (photo.format, photo.mode) == ("JPEG2000", "L")
    assert fields[0xDF27][4:8] == b"jP  "


def test_the_picture_of_the_number_is_signed(visual):
    fields = objects(visual("0005"), 0xFF40)
    signed = tlv(0xDF41, fields[0xDF41]) + tlv(0xDF42, fields[0xDF42])
    issuer = CvCertificate.parse(visual("0004"))
    issuer.key.verify(fields[0xDF43], signed, PKCS1v15(), SHA256())


def test_the_same_card_key_stands_in_all_three_records(visual):
    keys = {
        objects(visual("0001"), 0xFF10)[0xDF12],
        objects(visual("0002"), 0xFF20)[0xDF24],
        objects(visual("0005"), 0xFF40)[0xDF42],
    }
    assert len(keys) == 1


def test_the_basics_of_the_visual_application_name_the_municipality(visual):
    fields = objects(visual("0003"), 0xFF30)
    assert fields[0xDF31].hex() == "06030e01"
    assert fields[0xDF34] == b"13101"
    assert len(fields[0xDF35]) == 16 + 256


def test_the_token_describes_itself_in_160_bytes(reader):
    reader.select(JPKI)
    token = bytes.fromhex(reader.read("0006")[:-4])
    assert len(token) == 160
    assert token[:32] == b"JPKIAPICCTOKEN2".ljust(32)
    assert token[96:100].hex() == "0000040d"
    assert [int.from_bytes(token[at : at + 4], "big") for at in range(116, 124, 4)] == [16, 6]
    assert token[124:140] == b"\xff" * 16
    assert token[140:] == b"0301" + b"9" * 16
    assert reader.read("0008") == "8F8F009000"
    assert reader.read("000A").startswith("3082")


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (date(1980, 2, 17), b"550217"),
        (date(1989, 1, 7), b"640107"),
        (date(1989, 1, 8), b"010108"),
        (date(2019, 4, 30), b"310430"),
        (date(2019, 5, 1), b"010501"),
        (date(1926, 12, 24), b"151224"),
        (date(1912, 7, 29), b"450729"),
    ],
)
def test_a_birth_date_is_told_in_its_era(day, told):
    assert era_day(Withheld(day)).reveal() == told
