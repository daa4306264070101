"""Check digits by the million: for each body what `people.check_digits` says of it alone."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kumihimo.people.check_digits import (
    INDIVIDUAL_BODY,
    MODULUS,
    RESIDENT_BODY,
    TEST_SHIFT,
    NumberSpace,
    weight,
)

Integers: TypeAlias = NDArray[np.int64]

_TEN = 10


def check_digits_individual(
    bodies: Integers, space: NumberSpace = NumberSpace.OFFICIAL
) -> Integers:
    """Return the check digits (0-9) of 11-digit bodies, int64 in, int64 out, same shape."""
    return _vectorised(bodies, INDIVIDUAL_BODY, space)


def check_digits_resident(bodies: Integers, space: NumberSpace = NumberSpace.OFFICIAL) -> Integers:
    """Return the check digits (0-9) of 10-digit bodies; the assumption of the scalar holds."""
    return _vectorised(bodies, RESIDENT_BODY, space)


def _vectorised(bodies: Integers, length: int, space: NumberSpace) -> Integers:
    assert bodies.dtype == np.int64, "bodies are int64"
    assert bool(np.all((bodies >= 0) & (bodies < 10**length))), "a body is out of range"
    total = np.zeros_like(bodies)
    left = bodies.copy()
    for n in range(length):
        left, digit = np.divmod(left, _TEN)
        total += digit * weight(n)
    rest = total % MODULUS
    official = np.where(rest <= 1, 0, MODULUS - rest).astype(np.int64)
    return official if space is NumberSpace.OFFICIAL else (official + TEST_SHIFT) % _TEN
