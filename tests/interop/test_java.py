"""Java signs with both of the card's keys through its own PKCS#11 provider."""

import zipfile

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.interop.desk import AUTH_PIN, MODULE, SIGN_PIN

PROVIDER = ("-storetype", "PKCS11", "-providerClass", "sun.security.pkcs11.SunPKCS11")
KEYS = {
    "auth": (0, AUTH_PIN, "User Authentication Certificate"),
    "sign": (1, SIGN_PIN, "Digital Signature Certificate"),
}


def store(desk, slot, pin):
    """Return what makes one token of the card Java's key store."""
    lines = f"name=JPKI\nlibrary={MODULE}\nslotListIndex={slot}\n"
    settings = desk.file(f"java-{slot}.cfg", lines.encode())
    return ("-keystore", "NONE", *PROVIDER, "-providerArg", settings, "-storepass", pin)


def signed(desk, key, *, pin=None):
    """Have `jarsigner` sign an archive with a key of the card."""
    slot, right, alias = KEYS[key]
    with zipfile.ZipFile(desk.folder / "plain.jar", "w") as archive:
        archive.writestr("said", "I agree")
    out = desk.folder / f"{key}.jar"
    out.unlink(missing_ok=True)
    keystore = store(desk, slot, pin or right)
    told = desk.run(
        "jarsigner", *keystore, "-sigfile", "CARD", "-signedjar", out, "plain.jar", alias
    )
    return out, told


@pytest.mark.parametrize("key", KEYS)
def test_java_lists_the_key(desk, card, key):
    slot, pin, alias = KEYS[key]
    told = desk.done("keytool", "-list", "-rfc", *store(desk, slot, pin), "-alias", alias)
    pem = card.certificate(sign=key == "sign").public_bytes(Encoding.PEM).decode()
    assert pem in told.replace("\r", "")


@pytest.mark.parametrize("key", KEYS)
def test_what_java_signs_openssl_verifies(desk, card, key):
    out, told = signed(desk, key)
    assert told.code == 0, told
    assert "jar verified" in desk.done("jarsigner", "-verify", out)
    with zipfile.ZipFile(out) as archive:
        desk.file("card.cms", archive.read("META-INF/CARD.RSA"))
        desk.file("content", archive.read("META-INF/CARD.SF"))
    desk.file("other", b"I do not agree")
    authority = card.authority(sign=key == "sign").public_bytes(Encoding.PEM)
    trusted = ("-CAfile", desk.file("java-ca.pem", authority), "-purpose", "any")
    verify = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "card.cms")
    desk.done(*verify, "-content", "content", *trusted, "-out", "said")
    assert desk.run(*verify, "-content", "other", *trusted, "-out", "said").code != 0


def test_java_signs_nothing_with_a_wrong_password(desk, card):
    assert card
    out, told = signed(desk, "auth", pin="9999")
    assert told.code != 0
    assert not out.exists()
    assert signed(desk, "auth")[1].code == 0  # and the right one gives all tries back
