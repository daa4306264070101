"""Clients in Python: python-pkcs11, pyscard, pyHanko."""

import subprocess
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from kumihimo.card.applications import TEXT
from tests.card.reader import JPKI
from tests.interop.desk import ALONE, AUTH, AUTH_PIN, MODULE, OWN, SIGN, SIGN_PIN
from tests.interop.hanko import signed_pdf

SYSTEM_PYTHON = "/usr/bin/python3"  # pyscard comes as a package of Debian
SIGNS = """
import sys
import time
import pkcs11
module, label, pin = sys.argv[1:]
for left in reversed(range(20)):
    try:
        token = pkcs11.lib(module).get_token(token_label=label)
        break
    except pkcs11.DeviceError:  # OpenSC, where the reader was busy with another program
        if not left:
            raise
        time.sleep(0.2)
with token.open(user_pin=pin) as session:
    [key] = session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY})
    print(key.sign(b"I agree", mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS).hex())
"""
TALKS = """
import sys
from smartcard.System import readers
from smartcard.util import toBytes, toHexString
connection = readers()[int(sys.argv[1])].createConnection()
connection.connect()
for line in sys.stdin:
    try:
        data, sw1, sw2 = connection.transmit(toBytes(line))
        print(bytes([*data, sw1, sw2]).hex().upper(), flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)
"""


class Talker:
    """pyscard at a slot, as a process: hex in, hex out, or the name of its exception."""

    def __init__(self, desk, at=0):
        self.process = subprocess.Popen(
            [*ALONE, SYSTEM_PYTHON, "-c", TALKS, str(at)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=desk.variables(),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()

    def send(self, *lines):
        assert self.process.stdin
        assert self.process.stdout
        answer = ""
        for line in lines:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().strip()
        return answer


@pytest.mark.parametrize(
    ("label", "pin", "sign"), [(AUTH, AUTH_PIN, False), (SIGN, SIGN_PIN, True)]
)
def test_python_pkcs11_signs_with_both_keys(desk, card, label, pin, sign):
    told = desk.done(OWN / "python", "-c", SIGNS, MODULE, label, pin)
    public = card.certificate(sign=sign).public_key()
    public.verify(bytes.fromhex(told), b"I agree", PKCS1v15(), SHA256())


def test_pyscard_reads_and_signs_by_bare_commands(desk, card):
    digest_info = "3031300D060960864801650304020105000420" + sha256(b"I agree").hexdigest()
    with Talker(desk) as talker:
        assert talker.send(f"00A4040C0A{JPKI}", "00A4020C020018", "00200080") == "63C3"
        assert talker.send("002000800431323334") == "9000"
        answer = talker.send("00A4020C020017", f"802A008033{digest_info}00")
    assert answer.endswith("9000")
    signature = bytes.fromhex(answer[:-4])
    card.certificate().public_key().verify(signature, b"I agree", PKCS1v15(), SHA256())


def test_a_card_that_is_pulled_out_in_the_middle_is_told_to_the_client_and_keeps_its_tries(desk):
    with desk.card(at=1) as found, Talker(desk, at=1) as talker:
        select = (f"00A4040C0A{JPKI}", "00A4020C020018")
        assert talker.send(*select, "002000800439393939") == "63C2"
        found.inserted.remove()
        desk.until(1, "No")
        assert talker.send("00200080") in {"CardConnectionException", "NoCardException"}
        kept = found.memory.contents
    with desk.card(at=1, contents=kept), Talker(desk, at=1) as talker:
        assert talker.send(*select, "00200080") == "63C2"


def test_two_readers_hold_two_cards_that_know_nothing_of_each_other(desk, card):
    with desk.card("child", at=1) as other, Talker(desk) as here, Talker(desk, at=1) as there:
        select = (f"00A4040C0A{JPKI}", "00A4020C020018")
        # A client before this one may have left the card with power, and its PIN verified.
        assert here.send(f"00A4040C{len(TEXT.aid):02X}{TEXT.aid.hex()}") == "9000"
        assert here.send(*select, "00200080") == "63C3"
        assert there.send(*select, "002000800439393939") == "63C2"
        assert there.send("002000800431323334") == "9000"
        sign = ("00A4020C020017", "802A00800548656C6C6F00")
        assert here.send(*sign) == "6982"
        assert there.send(*sign).endswith("9000")
        assert here.send(*select, "00200080") == "63C3"
    assert card.certificate() != other.certificate()


def test_pyhanko_signs_a_pdf_that_is_valid_and_not_any_more_with_one_byte_changed(desk, card):
    signed = signed_pdf(desk)
    authority = desk.file("sign-ca.pem", card.authority(sign=True).public_bytes(Encoding.PEM))
    trust = ("--trust-replace", "--trust", authority, "--no-revocation-check", "--pretty-print")
    validate = (OWN / "pyhanko", "sign", "validate", *trust)
    told = desk.run(*validate, signed)
    assert told.code == 0, told
    assert "The signature is judged VALID." in told.out
    desk.file("changed.pdf", signed.read_bytes().replace(b"[0 0 595 842]", b"[0 0 595 843]"))
    told = desk.run(*validate, "changed.pdf")
    assert "INVALID" in told.out, told
