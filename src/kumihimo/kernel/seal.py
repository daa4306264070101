"""Sealing a point to a receiver, and converting what is sealed without opening it.

ElGamal over ristretto255. `Enc(Y, M) = (kG, M + kY)`, 64 bytes. Whoever knows Δ turns an encryption
of M into an encryption of ΔM to another receiver's key only when M was sealed to that same key:
`(Δ·R + k'G, Δ·S + k'Y)`. The result is freshly random, so neither side recognises it.

A seal that comes from elsewhere is not looked through before it is used: each operation refuses what
is no point, and to decode both halves once more only to ask would take a tenth of a conversion.
"""

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.group import (
    POINT_BYTES,
    NotInGroup,
    Point,
    Scalar,
    add,
    base,
    multiply,
    parse_point,
    random_scalar,
    subtract,
)

SEALED_BYTES = 2 * POINT_BYTES


def seal(message: Point, *, to: Point, entropy: Entropy) -> bytes:
    """Seal a point to the receiver whose public key is `to`; without her key the seal tells nothing."""
    blind = random_scalar(entropy)
    return base(blind) + add(message, multiply(blind, to))


def convert(sealed: bytes, *, by: Scalar, to: Point, entropy: Entropy) -> bytes:
    """Multiply what is sealed by a scalar and make the seal unrecognisable.

    `to` is the key that `sealed` was made for; the result opens with the same key. Raises
    `NotInGroup` unless both halves are points.
    """
    r, s = _halves(sealed)
    blind = random_scalar(entropy)
    return add(multiply(by, r), base(blind)) + add(multiply(by, s), multiply(blind, to))


def open_sealed(sealed: bytes, *, key: Scalar) -> Point:
    """Open a seal with the receiver's secret.

    Raises `NotInGroup` unless both halves are points, and when the content is the identity, which no
    honest party ever seals.
    """
    r, s = _halves(sealed)
    return subtract(s, multiply(key, r))


def check_sealed(sealed: bytes) -> None:
    """Raise `NotInGroup` unless both halves are points; for a seal that nothing is done with."""
    for half in _halves(sealed):
        parse_point(half)


def _halves(sealed: bytes) -> tuple[bytes, bytes]:
    if len(sealed) != SEALED_BYTES:
        raise NotInGroup("a sealed point is 64 bytes")
    r, s = sealed[:POINT_BYTES], sealed[POINT_BYTES:]
    if not any(r) or not any(s):
        raise NotInGroup("half of a sealed point is the identity")
    return r, s
