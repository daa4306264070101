"""Card-verifiable certificates: 568 bytes that a chip can check. RSA-2048 only.

A certificate names two keys by ids of 16 bytes, carries the second, and is signed with the first
(PKCS#1 v1.5, SHA-256, over both ids and the key). It says nothing of time.
"""

import re
from typing import Final, Self

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    RSAPublicNumbers,
)
from cryptography.hazmat.primitives.hashes import SHA256

from kumihimo.card.files import Role
from kumihimo.card.tlv import BadTlv, parse, parse_one, tlv

CERTIFICATE: Final = 0x7F21
BODY: Final = 0x5F4E
SIGNATURE: Final = 0x5F37
CERTIFICATE_BYTES: Final = 568
# The template's header and the body object: the first of two blocks that a reader may send.
FIRST_BLOCK_BYTES: Final = 307
EXPONENT: Final = 0x90
MODULUS: Final = 0x91
KEY_BYTES: Final = 265
# DigestInfo of SHA-256 up to the digest, for three digests in one (a form of the card's own).
THREE_DIGESTS: Final = bytes.fromhex("3071300D060960864801650304020105000460")
_ID_BYTES: Final = 16
_MODULUS_BYTES: Final = 256
_ID: Final = re.compile(rb"[0-9]{7}\x08\x05[0-9]{3}\x00{4}")
# Our choice: what a key is for, told by the group of its id. The real rule is not known.
GROUPS: Final = {Role.TERMINAL: "101", Role.COUNTER: "102"}


class BadCertificate(ValueError):
    """Not a certificate of the card's form, or not signed by the key it names."""


@attrs.frozen
class KeyId:
    """The id of a key: seven digits, two fixed bytes, a group of three digits, four zeros."""

    octets: bytes

    @classmethod
    def of(cls, number: str, group: str = "001") -> Self:
        """Build one from its digits."""
        return cls.parse(number.encode("ascii") + b"\x08\x05" + group.encode("ascii") + bytes(4))

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read one. Raises `BadCertificate`."""
        if _ID.fullmatch(octets) is None:
            raise BadCertificate
        return cls(octets)

    @property
    def role(self) -> Role | None:
        """What a key with this id may prove to a chip."""
        group = self.octets[9:12].decode("ascii")
        return next((role for role, name in GROUPS.items() if name == group), None)


@attrs.frozen
class CvKey:
    """A private key with its id."""

    id: KeyId
    private: RSAPrivateKey = attrs.field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """Sign with PKCS#1 v1.5 over SHA-256."""
        return self.private.sign(data, PKCS1v15(), SHA256())

    def certify(self, subject: KeyId, key: RSAPublicKey) -> bytes:
        """Return the certificate of another key, 568 bytes."""
        body = self.id.octets + subject.octets + public_tlv(key)
        return tlv(CERTIFICATE, tlv(BODY, body) + tlv(SIGNATURE, self.sign(body)))


@attrs.frozen
class CvCertificate:
    """A certificate that was read and not yet checked."""

    issuer: KeyId
    subject: KeyId
    key: RSAPublicKey
    body: bytes
    signature: bytes

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read one, with its outer tag or without (as GET DATA gives it).

        Raises `BadCertificate`.
        """
        try:
            inner = parse_one(data)[1] if data[:2] == b"\x7f\x21" else data
            parts = list(parse(inner))
        except BadTlv as error:
            raise BadCertificate from error
        if [tag for tag, _ in parts] != [BODY, SIGNATURE]:
            raise BadCertificate
        (_, body), (_, signature) = parts
        return cls(
            KeyId.parse(body[:_ID_BYTES]),
            KeyId.parse(body[_ID_BYTES : 2 * _ID_BYTES]),
            parse_public(body[2 * _ID_BYTES :]),
            body,
            signature,
        )

    def check(self, issuer: KeyId, key: RSAPublicKey) -> None:
        """Raise `BadCertificate` unless that key of that id signed this."""
        if self.issuer != issuer:
            raise BadCertificate
        check_signature(key, self.signature, self.body)


def check_signature(key: RSAPublicKey, signature: bytes, data: bytes) -> None:
    """Check a signature over data. Raises `BadCertificate`."""
    try:
        key.verify(signature, data, PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise BadCertificate from error


def public_tlv(key: RSAPublicKey) -> bytes:
    """Return a public key as the card writes it, 265 bytes."""
    numbers = key.public_numbers()
    exponent = numbers.e.to_bytes(3, "big")
    return tlv(EXPONENT, exponent) + tlv(MODULUS, numbers.n.to_bytes(_MODULUS_BYTES, "big"))


def parse_public(data: bytes) -> RSAPublicKey:
    """Read what `public_tlv` wrote. Raises `BadCertificate`."""
    if len(data) != KEY_BYTES:
        raise BadCertificate
    try:
        parts = dict(parse(data))
        exponent = int.from_bytes(parts[EXPONENT], "big")
        return RSAPublicNumbers(exponent, int.from_bytes(parts[MODULUS], "big")).public_key()
    except (BadTlv, KeyError, ValueError) as error:
        raise BadCertificate from error
