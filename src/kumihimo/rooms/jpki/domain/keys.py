"""The kinds of keys that authorities, cards and responders have, and how each kind signs."""

from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP384R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

KeyKind = Literal["rsa-2048", "p-384"]
PublicKey = RSAPublicKey | EllipticCurvePublicKey
PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey

_EXPONENT = 65537
_BITS = 2048


def new_key(kind: KeyKind) -> PrivateKey:
    """Make a private key. Its randomness is the library's own, never a seeded stream."""
    if kind == "rsa-2048":
        return generate_rsa(_EXPONENT, _BITS)
    return generate_private_key(SECP384R1())


def kind_of(key: PublicKey) -> KeyKind:
    """Return a public key's kind."""
    return "rsa-2048" if isinstance(key, RSAPublicKey) else "p-384"


def sign_with(key: PrivateKey, message: bytes) -> bytes:
    """Sign a message as the key's kind does."""
    if isinstance(key, RSAPrivateKey):
        return key.sign(message, PKCS1v15(), SHA256())
    return key.sign(message, ECDSA(SHA384()))
