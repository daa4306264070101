"""What known clients send, command by command, and what the card must answer to be one to them.

Written down from what the clients do (docs/reference/card.md); none of them runs here.
"""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from tests.card.reader import COMMON, JPKI, TEXT, VISUAL

# Answers are hex; a number is a length of data before 9000; None is anything that ends in 9000.
BIND = [
    ("00A4040C0AD392F000260100000001", "9000"),
    ("00A4020C020018", "9000"),
    ("00200080", "63C3"),
    ("00A4020C02001B", "9000"),
    ("00200080", "63C5"),
    ("00A4020C02000A", "9000"),
    ("00B0000004", 4),
    ("00B0000000", 256),
    ("00B0010000", 256),
    ("00A4020C020001", "9000"),
    ("00B0000004", "6982"),
    ("00A4020C02000B", "9000"),
    ("00B0000004", 4),
    ("00A4020C020002", "9000"),
    ("00B0000004", 4),
]
DIGEST_INFO = "3031300D060960864801650304020105000420" + "AB" * 32
# The bare digest identifier without NULL parameters, as pyjpki builds it.
WITHOUT_NULL = "302F300B0609608648016503040201" + "0420" + "AB" * 32
SIGN = [
    ("00A4020C020018", "9000"),
    ("002000800431323334", "9000"),
    ("00A4020C020017", "9000"),
    (f"802A008033{DIGEST_INFO}00", 256),
]
PYMYNA_TEXT = [
    ("00A4040C0AD392F000260100000001", "9000"),
    ("00A4020C020006", "9000"),
    ("00B0000020", "4A504B494150494343544F4B454E32" + "20" * 17 + "9000"),
    ("00A4040C0AD3921000310001010408", "9000"),
    ("00A4020C020011", "9000"),
    ("00200080", "63C3"),
    ("002000800431323334", "9000"),
    ("00A4020C020001", "9000"),
    ("00B00000000011", 17),
    ("00A4020C020002", "9000"),
    ("00B00000000000", None),
    ("00A4020C020003", "9000"),
    ("00B00000000150", 336),
    ("00A4020C020004", "9000"),
    ("00B00000000238", 568),
    ("00A4020C020005", "9000"),
    ("00B00000000100", 256),
]
GO_PIN_STATUS = [
    ("00A4040C0AD392F000260100000001", "9000"),
    ("00A4020C020018", "9000"),
    ("00200080", "63C3"),
    ("00A4020C02001B", "9000"),
    ("00200080", "63C5"),
    ("00A4040C0AD3921000310001010408", "9000"),
    ("00A4020C020011", "9000"),
    ("00200080", "63C3"),
    ("00A4020C020014", "9000"),
    ("00200080", "63CA"),
    ("00A4020C020015", "9000"),
    ("00200080", "63CA"),
    ("00A4040C0AD3921000310001010402", "9000"),
    ("00A4020C020013", "9000"),
    ("00200080", "63CA"),
    ("00A4020C020012", "9000"),
    ("00200080", "63CA"),
    ("00A4040C0AD3921000310001010401", "9000"),
    ("00A4020C02001C", "9000"),
    ("00200080", "63C3"),
]
GO_CHANGE = [
    ("00A4040C0AD392F000260100000001", "9000"),
    ("00A4020C020018", "9000"),
    ("002000800431323334", "9000"),
    ("002401800435363738", "9000"),
    ("00A4040C0AD3921000310001010100", "9000"),
    ("00A4020C02001C", "9000"),
    ("002000800431323334", "9000"),
    ("803200800435363738", "9000"),
]
NODE = [
    ("00A404000AD392100031000101040800", "9000"),
    ("002000910431323334", "9000"),
    ("00B08100000000", 17),
    ("00B08200000000", None),
]
PYJPKI = [
    ("00A4040C0AD392F000260100000001", "9000"),
    ("00A4020C020018", "9000"),
    ("002000800431323334", "9000"),
    ("00A4040C0AD392F000260100000001", "9000"),
    ("00A4020C020017", "9000"),
    (f"802A008031{WITHOUT_NULL}00", 256),
]
VISUAL_PHOTO = [
    ("00A4040C0AD3921000310001010402", "9000"),
    ("00A4020C020013", "9000"),
    ("002000800C393837363534333231303133", "9000"),
    ("00A4020C020002", "9000"),
    ("00B0000007", 7),
]
TOKEN = [
    ("00A4040C0AD392F000260100000001", "9000"),
    ("00A4020C020006", "9000"),
    ("00B00000A0", 160),
]
CLIENTS = {
    "opensc binds": BIND,
    "opensc binds and signs": BIND + SIGN,
    "opensc-tool reads the token": TOKEN,
    "pymyna reads the text": PYMYNA_TEXT,
    "go myna shows the tries": GO_PIN_STATUS,
    "go myna changes pins": GO_CHANGE,
    "go myna reads the photo": VISUAL_PHOTO,
    "node with jsapdu reads the number": NODE,
    "pyjpki signs": PYJPKI,
}
# Applications of other cards that OpenSC looks for before it takes a card for this one.
PROBED = [
    "A000000308000010000100",
    "A0000000790100",
    "A00000039742544659020100",
    "A000000001",
    "A00000006601000001",
    "A000000063504B43532D3135",
    "A0000001510000000000"[:14] + "01",
    "A000000167455349474E",
    "D27600012401",
    "D27600002545500100",
    "D2760000850100",
    "E80704007F00070302",
    "E82B0601040181C31F0201",
    "F04573744549442076657220312E30",
    "627601FF000000",
    "A0000000041010",
]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_finds_what_it_needs(reader, client):
    for command, expected in CLIENTS[client]:
        answer = reader.send(command)
        if isinstance(expected, str):
            assert answer == expected, command
        else:
            assert answer.endswith("9000"), command
            assert expected in {None, len(answer) // 2 - 2}, command


@pytest.mark.parametrize("aid", PROBED)
def test_a_probe_for_another_card_is_answered_cleanly_and_changes_nothing(reader, aid):
    for p2, le in [("00", "00"), ("0C", ""), ("00", "")]:
        assert reader.send(f"00A404{p2}{len(aid) // 2:02X}{aid}{le}") == "6A82"
    assert len(reader.data("00CA004500")) == 15  # the issuer's domain is current still


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("00CA01810000", "6700"),
        ("00CA018100", "6A88"),
        ("00CADF3008", "6A88"),
        ("00CA7F6800", "6A88"),
        ("00CA006E00", "6A88"),
        ("80CA9F7F00", "6D00"),
        ("80F20000024F0000", "6D00"),
        ("00CB3FFF035C017E00", "6D00"),
        ("9034000003000000", "6E00"),
        ("00A4080C022F00", "6A86"),
        ("00A4000C023F00", "6A82"),
        ("00A4030C", "6A86"),
    ],
)
def test_a_question_that_is_not_for_this_card_is_answered_cleanly(reader, command, status):
    assert reader.send(command) == status


def test_opensc_reads_the_whole_certificate_by_its_own_length(reader):
    reader.select(JPKI)
    reader.ef("000A")
    size = 4 + int.from_bytes(reader.data("00B0000004")[2:], "big")
    found = b""
    while len(found) < size:
        found += reader.data(f"00B0{len(found):04X}{min(256, size - len(found)) % 256:02X}")
    assert len(found) == size
    certificate = x509.load_der_x509_certificate(found)
    reader.verify("1234", "0018")
    digest = hashlib.sha256(b"m").hexdigest()
    info = "3031300D060960864801650304020105000420" + digest
    reader.ef("0017")
    signature = reader.data(f"802A008033{info}00")
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(signature, b"m", PKCS1v15(), SHA256())


def test_the_verifier_of_pyjpki_gets_what_it_gave(reader):
    for command, _ in PYJPKI[:-1]:
        reader.send(command)
    signature = reader.data(PYJPKI[-1][0])
    key = x509.load_der_x509_certificate(bytes.fromhex(reader.read("000A")[:-4])).public_key()
    assert isinstance(key, RSAPublicKey)
    payload = key.recover_data_from_signature(signature, PKCS1v15(), None)
    assert payload == bytes.fromhex(WITHOUT_NULL)


def test_the_manufacture_number_of_the_portals_native_host_stands_in_the_record(reader):
    reader.select(COMMON)
    reader.ef("0001")
    assert reader.data("00B2010400")[2:15] == b"9000000000000"


@pytest.mark.parametrize("aid", [TEXT, VISUAL])
def test_the_certificate_of_the_issuer_is_read_without_anything(reader, aid):
    reader.select(aid)
    assert len(bytes.fromhex(reader.read("0004"))) == 570
