"""A signature is the key's over this digest, said in the one lawful form (RFC 8017, 9.2)."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.jpki.domain.signatures import SignatureFalse, check_signature

RSA = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP384R1())
DIGEST = hashlib.sha256(b"said").digest()
LONGER = hashlib.sha384(b"said").digest()


def by_rsa(digest):
    algorithm = {32: SHA256(), 48: SHA384()}[len(digest)]
    return RSA.sign(digest, padding.PKCS1v15(), utils.Prehashed(algorithm))


def test_a_signature_of_either_kind_of_key_holds():
    check_signature(RSA.public_key(), "sha256", DIGEST, by_rsa(DIGEST))
    signed = CURVE.sign(LONGER, ec.ECDSA(utils.Prehashed(SHA384())))
    check_signature(CURVE.public_key(), "sha384", LONGER, signed)


@pytest.mark.parametrize(
    ("digest", "signature"),
    [
        (hashlib.sha256(b"other").digest(), by_rsa(DIGEST)),
        (DIGEST, by_rsa(LONGER)),  # another hash, though of the same key
        (DIGEST, bytes(256)),
        (DIGEST, b""),
        (DIGEST, (1).to_bytes(256)),
    ],
)
def test_whatever_else_is_false(digest, signature):
    with pytest.raises(SignatureFalse):
        check_signature(RSA.public_key(), "sha256", digest, signature)


def test_a_hash_that_a_kind_of_key_does_not_use_is_refused_by_its_place():
    with pytest.raises(BadInput) as refusal:
        check_signature(RSA.public_key(), "sha384", LONGER, by_rsa(DIGEST))
    assert refusal.value.pointer == "hash_algorithm"
    with pytest.raises(BadInput) as refusal:
        check_signature(RSA.public_key(), "sha256", DIGEST[:-1], by_rsa(DIGEST))
    assert refusal.value.pointer == "digest"
