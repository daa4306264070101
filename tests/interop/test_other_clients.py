"""OpenSSL, GnuTLS, curl and OpenSSH sign with the card's keys."""

import shlex

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.interop.desk import AUTH, AUTH_PIN, MODULE, SIGN, SIGN_PIN
from tests.interop.test_opensc import verify

ENGINE = """openssl_conf = main
[main]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
MODULE_PATH = {module}
{pin}
init = 0
"""
TOKENS = {"auth": (AUTH, "%01"), "sign": (SIGN, "%02")}
# A server that asks for a certificate, on loopback and on a port that the system picks.
SERVED = """
coproc openssl s_server -accept 127.0.0.1:0 -tls1_2 -cert server.pem -key server.key \
  -CAfile ca.pem -Verify 1 -verify_return_error -client_sigalgs RSA+SHA256 -www
until read -r line <&"${COPROC[0]}" && [[ $line == ACCEPT* ]]; do :; done
trap 'kill "$COPROC_PID"' EXIT
curl --silent --show-error --cacert server.pem --connect-to "server:443:127.0.0.1:${line##*:}" \
  "$@" https://server/
"""


def uri(key, kind="private"):
    token, number = TOKENS[key]
    return f"pkcs11:token={token.replace(' ', '%20')};id={number};type={kind}"


def conf(desk, pin):
    told = ENGINE.format(module=MODULE, pin=f"PIN = {pin}" if pin else "")
    return desk.file(f"openssl-{pin}.cnf", told.encode())


@pytest.fixture(scope="module")
def authority(desk, card):
    return desk.file("ca.pem", card.authority().public_bytes(Encoding.PEM))


@pytest.fixture(scope="module")
def server(desk):
    new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key")
    names = ("-subj", "/CN=server", "-addext", "subjectAltName=DNS:server")
    desk.done("openssl", *new, "-out", "server.pem", *names)
    desk.file("served.sh", SERVED.encode())


def test_the_openssl_engine_signs(desk, card):
    message, out = desk.file("message", b"I agree"), desk.folder / "signature"
    engine = ("-engine", "pkcs11", "-keyform", "engine", "-sign", uri("auth"))
    settings = str(conf(desk, AUTH_PIN))
    desk.done("openssl", "dgst", "-sha256", *engine, "-out", out, message, OPENSSL_CONF=settings)
    assert verify(desk, card, sign=False, signature=out, message=message) == "Verified OK"


def test_openssl_makes_a_signed_message_when_the_password_is_typed(desk, card):
    # The key asks each time, at the terminal: a setting cannot answer it.
    desk.file("message", b"I agree")
    certificate = desk.file("sign.pem", card.certificate(sign=True).public_bytes(Encoding.PEM))
    authority = desk.file("sign-ca.pem", card.authority(sign=True).public_bytes(Encoding.PEM))
    signing = f"openssl cms -sign -engine pkcs11 -keyform engine -inkey {shlex.quote(uri('sign'))}"
    files = f"-signer {certificate} -in message -out message.cms -outform DER -nodetach -binary"
    settings = str(conf(desk, ""))
    typed = f"{SIGN_PIN}\n" * 2
    script = ("script", "-qec", f"{signing} {files}", "/dev/null")
    told = desk.run(*script, text=typed, OPENSSL_CONF=settings)
    assert told.code == 0, told
    verifying = ("-verify", "-in", "message.cms", "-inform", "DER", "-purpose", "any")
    told = desk.run("openssl", "cms", *verifying, "-CAfile", authority, "-out", "said")
    assert "Verification successful" in told.err, told
    assert (desk.folder / "said").read_bytes() == b"I agree"


def test_gnutls_lists_and_reads_what_is_on_the_card(desk, card):
    told = desk.done("p11tool", "--provider", MODULE, "--list-token-urls")
    assert told.count("manufacturer=JPKI") == 2
    certificate = uri("auth", "cert")
    told = desk.done("p11tool", "--provider", MODULE, "--export", certificate)
    assert card.certificate().public_bytes(Encoding.PEM).decode() in told


@pytest.mark.usefixtures("card")
def test_gnutls_signs_with_the_card_and_checks_it(desk):
    told = desk.run(
        "p11tool",
        *("--provider", MODULE, "--login", "--test-sign", uri("auth")),
        GNUTLS_PIN=AUTH_PIN,
    )
    assert told.code == 0, told
    assert "ok" in told.all


def test_openssh_reads_the_authentication_key(desk, card):
    told = desk.run("ssh-keygen", "-D", MODULE)
    openssh = card.certificate().public_key()
    wanted = openssh.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    assert wanted in told.out, told


@pytest.mark.usefixtures("authority", "server")
def test_a_web_site_that_asks_for_a_certificate_lets_the_card_in(desk, card):
    certificate = desk.file("auth.pem", card.certificate().public_bytes(Encoding.PEM))
    private = ("--engine", "pkcs11", "--key-type", "ENG", "--key", uri("auth"))
    settings = str(conf(desk, AUTH_PIN))
    tls = ("--tls-max", "1.2", "--cert", certificate, *private)
    told = desk.run("bash", "served.sh", *tls, OPENSSL_CONF=settings)
    assert told.code == 0, told
    assert certificate.read_text() in told.out, told  # the server shows who came


@pytest.mark.usefixtures("card", "authority", "server")
def test_the_same_web_site_lets_nobody_in_who_shows_no_card(desk):
    told = desk.run("bash", "served.sh", "--tls-max", "1.2")
    assert told.code != 0
    assert "alert" in told.err
