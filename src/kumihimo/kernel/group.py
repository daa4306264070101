"""The group ristretto255 (RFC 9496): scalars, points, and a hash to the group (RFC 9380).

Thin over libsodium through `rbcl`. Points are 32 public bytes; scalars are secret and do not
print. The identity is never a valid point here: a code or a key equal to it would tell itself.
"""

import hashlib
import sys
from pathlib import Path
from typing import NewType, final

import attrs
import rbcl

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.withheld import Withheld

POINT_BYTES = 32
SCALAR_BYTES = 32
_IDENTITY = bytes(POINT_BYTES)
_SHA512_BLOCK = 128
_XMD_LIMIT = 255  # RFC 9380 section 5.3.1, both for blocks and for the length of the tag

# rbcl writes its libsodium into the temporary folder in every process and leaves it there: 3 MB each.
# It is mapped by now, so the file can go.
Path(sys.modules["rbcl._sodium"].lib_path).unlink(missing_ok=True)

Point = NewType("Point", bytes)


class NotInGroup(ValueError):
    """The bytes are not the canonical encoding of a usable element."""


@final
@attrs.frozen(repr=False, str=False, order=False)
class Scalar(Withheld[bytes]):
    """A secret residue modulo the order of the group, 32 bytes little-endian, never zero."""


def parse_point(data: bytes) -> Point:
    """Return the point that 32 bytes encode.

    Raises `NotInGroup` for any other length, a non-canonical encoding, or the identity.
    """
    if len(data) != POINT_BYTES or data == _IDENTITY:
        raise NotInGroup("not a point: 32 bytes of a canonical, non-zero element are expected")
    if not rbcl.crypto_core_ristretto255_is_valid_point(data):
        raise NotInGroup("not a point: the encoding is not canonical")
    return Point(data)


def parse_scalar(data: bytes) -> Scalar:
    """Return the scalar that 32 little-endian bytes encode; `NotInGroup` when zero or too large."""
    if len(data) != SCALAR_BYTES:
        raise NotInGroup("not a scalar: 32 bytes are expected")
    reduced = rbcl.crypto_core_ristretto255_scalar_reduce(data + bytes(32))
    if reduced != data or data == bytes(SCALAR_BYTES):
        raise NotInGroup("not a scalar: zero, or not reduced")
    return Scalar(data)


def random_scalar(entropy: Entropy) -> Scalar:
    """Draw a uniform non-zero scalar from 64 bytes of entropy."""
    while True:
        drawn = rbcl.crypto_core_ristretto255_scalar_reduce(entropy.bytes(64))
        if drawn != bytes(SCALAR_BYTES):
            return Scalar(drawn)


def derive_scalar(secret: bytes, label: bytes) -> Scalar:
    """Derive a scalar from a master secret and a label, by `expand_message_xmd` over both."""
    uniform = expand_message_xmd(secret + label, b"kumihimo-derive-scalar-v1", 64)
    return Scalar(rbcl.crypto_core_ristretto255_scalar_reduce(uniform))


def expand_message_xmd(message: bytes, dst: bytes, size: int) -> bytes:
    """RFC 9380 section 5.3.1 with SHA-512; `size` at most 255 * 64 bytes."""
    blocks = -(-size // 64)
    assert blocks <= _XMD_LIMIT, "too much asked for"
    assert len(dst) <= _XMD_LIMIT, "domain separation tag too long"
    dst_prime = dst + bytes([len(dst)])
    padded = bytes(_SHA512_BLOCK) + message + size.to_bytes(2, "big") + b"\0" + dst_prime
    first = hashlib.sha512(padded).digest()
    block = hashlib.sha512(first + b"\1" + dst_prime).digest()
    out = [block]
    for index in range(2, blocks + 1):
        mixed = bytes(x ^ y for x, y in zip(first, block, strict=True))
        block = hashlib.sha512(mixed + bytes([index]) + dst_prime).digest()
        out.append(block)
    return b"".join(out)[:size]


def hash_to_group(message: bytes, dst: bytes) -> Point:
    """`hash_to_ristretto255` of RFC 9380 appendix B."""
    return Point(rbcl.crypto_core_ristretto255_from_hash(expand_message_xmd(message, dst, 64)))


def base(scalar: Scalar) -> Point:
    """Return scalar · G."""
    return Point(rbcl.crypto_scalarmult_ristretto255_base(scalar.reveal()))


def multiply(scalar: Scalar, point: bytes) -> Point:
    """Return scalar · point; raises `NotInGroup` for 32 bytes that are no point."""
    try:
        return Point(rbcl.crypto_scalarmult_ristretto255(scalar.reveal(), point))
    except RuntimeError as error:
        raise NotInGroup("not a point: the encoding is not canonical, or the identity") from error


def add(left: bytes, right: bytes) -> Point:
    """Return left + right; raises `NotInGroup` for 32 bytes that are no point, and for the identity."""
    return _usable(rbcl.crypto_core_ristretto255_add(left, right))


def subtract(left: bytes, right: bytes) -> Point:
    """Return left - right; raises `NotInGroup` for 32 bytes that are no point, and for the identity."""
    return _usable(rbcl.crypto_core_ristretto255_sub(left, right))


def _usable(found: bytes) -> Point:
    # Of what is no point libsodium makes nothing, and `rbcl` hands out the zeros that stood there.
    if found == _IDENTITY:
        raise NotInGroup("not a point, or the identity")
    return Point(found)


def product(left: Scalar, right: Scalar) -> Scalar:
    """Return left · right."""
    return Scalar(rbcl.crypto_core_ristretto255_scalar_mul(left.reveal(), right.reveal()))


def invert(scalar: Scalar) -> Scalar:
    """Return the multiplicative inverse."""
    return Scalar(rbcl.crypto_core_ristretto255_scalar_invert(scalar.reveal()))


def quotient(numerator: Scalar, denominator: Scalar) -> Scalar:
    """Return numerator · denominator⁻¹."""
    return product(numerator, invert(denominator))
