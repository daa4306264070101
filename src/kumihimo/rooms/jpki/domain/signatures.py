"""Whether a signature over a digest is one of a certificate's key.

RSA: PKCS#1 v1.5 (RFC 8017, 8.2.2). The chip signs the DigestInfo that the reader hands it, and some
readers leave the NULL parameters out; RFC 8017, appendix B.1 has a verifier accept both.
"""

import hashlib
import hmac
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA384

from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.jpki.domain import asn1
from kumihimo.rooms.jpki.domain.keys import KeyKind, PublicKey, kind_of

HashAlgorithm = Literal["sha256", "sha384"]

# The hash that a key of each kind signs with, and how long its digest is.
HASHES: Final[dict[KeyKind, tuple[HashAlgorithm, int]]] = {
    "rsa-2048": ("sha256", 32),
    "p-384": ("sha384", 48),
}
_SHA256: Final = asn1.tagged(asn1.OID, bytes.fromhex("608648016503040201"))
_NULL: Final = asn1.tagged(asn1.NULL, b"")
SIGNATURE_BYTES_MAX: Final = 512  # RSA-2048 has 256, P-384 in DER at most 104


class SignatureFalse(Exception):
    """The signature is not one of this key over this digest."""


def check_signature(
    key: PublicKey, algorithm: HashAlgorithm, digest: bytes, signature: bytes
) -> None:
    """Return when the signature is the key's; raises `SignatureFalse`, `BadInput`."""
    wanted, size = HASHES[kind_of(key)]
    if algorithm != wanted:
        raise BadInput(f"a key of this kind signs with {wanted}", pointer="hash_algorithm")
    if len(digest) != size:
        raise BadInput(f"a digest of {wanted} has {size} bytes", pointer="digest")
    try:
        if isinstance(key, RSAPublicKey):
            _check_rsa(key, digest, signature)
        else:
            key.verify(signature, digest, ECDSA(Prehashed(SHA384())))
    except InvalidSignature:
        raise SignatureFalse from None


def check_signed(key: PublicKey, text: bytes, signature: bytes) -> None:
    """Return when a text was signed with the key, by the hash of its kind; raises `SignatureFalse`."""
    algorithm, _ = HASHES[kind_of(key)]
    check_signature(key, algorithm, hashlib.new(algorithm, text).digest(), signature)


def _check_rsa(key: RSAPublicKey, digest: bytes, signature: bytes) -> None:
    info = key.recover_data_from_signature(signature, PKCS1v15(), None)
    octets = asn1.tagged(asn1.OCTET_STRING, digest)
    lawful = [
        asn1.sequence(asn1.sequence(_SHA256, *parameters), octets) for parameters in ((_NULL,), ())
    ]
    if not any(hmac.compare_digest(info, one) for one in lawful):
        raise InvalidSignature
