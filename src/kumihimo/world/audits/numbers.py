"""Slips of one digit that the check digit lets pass: the number is well formed and not the person's."""

from typing import Final

import numpy as np

from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.columns.check_digits import check_digits_individual
from kumihimo.world.streams import Chance, Ints, individual_number_indexes

_WEIGHTS: Final = np.asarray([2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6], dtype=np.int64)
_MODULUS: Final = 11
_INVERSES: Final = np.asarray([pow(w, -1, _MODULUS) for w in range(1, 8)], dtype=np.int64)


def slipped(numbers: Ints, chance: Chance, *, seed: int, people: int) -> Ints:
    """Return for each number another that differs in one digit and passes, or -1 where there is none.

    Both official remainders 0 and 1 give check digit 0, so a digit that turns one into the other
    goes unnoticed. Numbers that somebody of the world's first `people` has are not returned.
    """
    bodies, digit = np.divmod(numbers, 10)
    rest = _remainder(bodies)
    place = chance.below(len(numbers), len(_WEIGHTS))
    power = np.int64(10) ** place
    old = bodies // power % 10
    towards = np.where(rest == 0, 1, -1)
    new = (old + towards * _INVERSES[_WEIGHTS[place] - 1]) % _MODULUS
    possible = (rest <= 1) & (new < 10) & (new != old)  # noqa: PLR2004 - a decimal digit
    changed = bodies + np.where(possible, new - old, 0) * power
    passes = check_digits_individual(changed, NumberSpace.TEST) == digit
    found = changed * 10 + digit
    free = individual_number_indexes(seed, found) >= people
    return np.where(possible & passes & free, found, -1)


def _remainder(bodies: Ints) -> Ints:
    total = np.zeros_like(bodies)
    left = bodies
    for weight in _WEIGHTS:
        left, digit = np.divmod(left, 10)
        total += digit * weight
    return total % _MODULUS
