"""Sealing a point to a receiver, and converting what is sealed without opening it.

ElGamal over ristretto255. `Enc(Y, M) = (kG, M + kY)`. Whoever knows Δ turns an encryption of M
into an encryption of ΔM to another receiver's key only when M was sealed to that same key:
`(Δ·R + k'G, Δ·S + k'Y)`. The result is freshly random, so neither side recognises it.
"""

from typing import Self

import attrs

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


@attrs.frozen
class Sealed:
    """A point sealed to one receiver. Without the receiver's key it tells nothing."""

    r: Point
    s: Point

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read 64 bytes; raises `NotInGroup` unless both halves are points."""
        if len(data) != SEALED_BYTES:
            raise NotInGroup("a sealed point is 64 bytes")
        return cls(parse_point(data[:POINT_BYTES]), parse_point(data[POINT_BYTES:]))

    def encode(self) -> bytes:
        """Return the 64 bytes that `parse` reads."""
        return self.r + self.s


def seal(message: Point, *, to: Point, entropy: Entropy) -> Sealed:
    """Seal a point to the receiver whose public key is `to`."""
    blind = random_scalar(entropy)
    return Sealed(base(blind), add(message, multiply(blind, to)))


def convert(sealed: Sealed, *, by: Scalar, to: Point, entropy: Entropy) -> Sealed:
    """Multiply what is sealed by a scalar and make the seal unrecognisable.

    `to` is the key that `sealed` was made for; the result opens with the same key.
    """
    blind = random_scalar(entropy)
    return Sealed(
        add(multiply(by, sealed.r), base(blind)),
        add(multiply(by, sealed.s), multiply(blind, to)),
    )


def open_sealed(sealed: Sealed, *, key: Scalar) -> Point:
    """Open a seal with the receiver's secret.

    Raises `NotInGroup` when the content is the identity, which no honest party ever seals.
    """
    return parse_point(subtract(sealed.s, multiply(key, sealed.r)))
