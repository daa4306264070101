"""OpenSC's own tools believe that this is a My Number Card."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.interop.desk import AUTH, AUTH_PIN, MODULE, SIGN, SIGN_PIN

KEYS = {"auth": ("1", AUTH_PIN, 0), "sign": ("2", SIGN_PIN, 1)}


def verify(desk, card, *, sign, signature, message):
    """Let openssl verify a signature with the certificate that the card holds."""
    public = card.certificate(sign=sign).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = desk.file("key.pem", pem)
    told = desk.run("openssl", "dgst", "-sha256", "-verify", key, "-signature", signature, message)
    return told.out.strip()


@pytest.mark.usefixtures("card")
def test_the_card_is_recognised_by_its_answer_to_reset(desk):
    assert desk.done("opensc-tool", "-r", "0", "-n").strip() == "jpki"
    assert desk.done("opensc-tool", "-r", "0", "-a").strip() == "3b:e0:00:ff:81:31:fe:45:14"


@pytest.mark.usefixtures("card")
def test_both_certificates_are_listed(desk):
    told = desk.done("pkcs15-tool", "--reader", "0", "--list-certificates")
    assert "User Authentication Certificate" in told
    assert "Digital Signature Certificate" in told


@pytest.mark.usefixtures("card")
def test_both_pins_are_listed_with_all_their_tries(desk):
    told = desk.done("pkcs15-tool", "--reader", "0", "--list-pins")
    assert [line.split()[-1] for line in told.splitlines() if "Tries left" in line] == ["3", "5"]
    assert "min_len:4, max_len:4" in told
    assert "min_len:6, max_len:16" in told


@pytest.mark.usefixtures("card")
def test_the_whole_card_is_dumped(desk):
    told = desk.done("pkcs15-tool", "--reader", "0", "--dump")
    assert "PKCS#15 Card [JPKI]" in told
    assert told.count("Private RSA Key") == 2


def test_the_authentication_certificate_is_free(desk, card):
    told = desk.done("pkcs15-tool", "--reader", "0", "--read-certificate", "1")
    assert told == card.certificate().public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize("key", KEYS)
def test_what_pkcs15_crypt_signs_openssl_verifies(desk, card, key):
    number, pin, _ = KEYS[key]
    message = desk.file("message", b"I agree")
    digest = desk.folder / "digest"
    desk.done("openssl", "dgst", "-sha256", "-binary", "-out", digest, message)
    signing = ("--sign", "--sha-256", "--pkcs1", "--key", number, "--pin", pin)
    out = desk.folder / "signature"
    desk.done("pkcs15-crypt", "--reader", "0", *signing, "-R", "-i", digest, "-o", out)
    assert verify(desk, card, sign=key == "sign", signature=out, message=message) == "Verified OK"
    other = desk.file("other", b"I do not agree")
    found = verify(desk, card, sign=key == "sign", signature=out, message=other)
    assert found == "Verification failure"


@pytest.mark.usefixtures("card")
def test_pkcs11_sees_two_tokens(desk):
    told = desk.done("pkcs11-tool", "--module", MODULE, "-L")
    assert AUTH in told
    assert SIGN in told
    assert "pin min/max        : 4/4" in told
    assert "pin min/max        : 6/16" in told
    assert "locked" not in told


@pytest.mark.usefixtures("card")
def test_pkcs11_names_the_mechanisms_of_the_card(desk):
    told = desk.done("pkcs11-tool", "--module", MODULE, "-M")
    assert "SHA256-RSA-PKCS, " in told
    assert "RSA-PKCS-PSS" not in told


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.usefixtures("card")
def test_pkcs11_shows_a_key_after_login(desk, key):
    _, pin, index = KEYS[key]
    login = ("--login", "--pin", pin, "--slot-index", index)
    assert "Private Key Object; RSA" in desk.done("pkcs11-tool", "--module", MODULE, "-O", *login)


@pytest.mark.parametrize("key", KEYS)
def test_what_pkcs11_signs_openssl_verifies(desk, card, key):
    number, pin, index = KEYS[key]
    message, out = desk.file("message", b"I agree"), desk.folder / "signature"
    login = ("--login", "--pin", pin, "--slot-index", index)
    what = ("--sign", "--id", f"0{number}", "--mechanism", "SHA256-RSA-PKCS", "-i", message)
    desk.done("pkcs11-tool", "--module", MODULE, *login, *what, "-o", out)
    assert verify(desk, card, sign=key == "sign", signature=out, message=message) == "Verified OK"


def test_token_information_is_read_by_bare_commands(desk, card):
    commands = ("00A4040C0AD392F000260100000001", "00A4020C020006", "00B00000A0")
    told = desk.done("opensc-tool", "-r", "0", *(one for c in commands for one in ("-s", c)))
    assert told.count("SW1=0x90, SW2=0x00") == 3
    assert "JPKIAPICCTOKEN2" in told.replace("\n", "") or "JPKIAPICCTOKEN" in told
    assert card.commands[-1].hex().upper() == "00B00000A0"
