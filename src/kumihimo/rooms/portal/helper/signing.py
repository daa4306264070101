"""Having a card sign a portal's text: the digest of its key's kind, under the four-digit PIN."""

import hashlib
from typing import Final

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from kumihimo.card import terminal
from kumihimo.card.applications import AUTH_CERTIFICATE, AUTH_KEY, AUTH_PIN, JPKI
from kumihimo.card.terminal import Transmit
from kumihimo.kernel.withheld import Withheld

# DigestInfo of SHA-256 up to the digest (RFC 8017, 9.2).
_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")


@attrs.frozen(repr=False)
class Signed:
    """What the portal is shown: the certificate, DER, and the signature over the text."""

    certificate: bytes
    signature: bytes


def sign(transmit: Transmit, text: str, pin: Withheld[bytes]) -> Signed:
    """Have the chip sign a text. Raises `WrongPin`, `PinBlocked`, `CardDeclined`, `CardGone`."""
    terminal.select(transmit, JPKI)
    certificate = terminal.read_file(transmit, AUTH_CERTIFICATE)
    terminal.verify(transmit, AUTH_PIN, pin)
    return Signed(certificate, terminal.sign(transmit, AUTH_KEY, _to_sign(certificate, text)))


def _to_sign(certificate: bytes, text: str) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    if isinstance(key, EllipticCurvePublicKey):
        return hashlib.sha384(text.encode()).digest()
    return _DIGEST_INFO + hashlib.sha256(text.encode()).digest()
