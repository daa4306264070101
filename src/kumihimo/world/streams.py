"""Where the world's chance comes from: named streams of a seed, and permutations for its numbers.

Same seed, same bytes. Nothing here is fit for a secret.
"""

import hashlib
from typing import Final, TypeAlias

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.columns.check_digits import check_digits_individual, check_digits_resident

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Words: TypeAlias = NDArray[np.uint64]

RECORD_ID_DIGITS: Final = 10
_RESIDENT_BODY: Final = (100_000, 100_000)
_INDIVIDUAL_BODY: Final = (1_000_000, 100_000)
_ROUNDS: Final = 6


@attrs.frozen
class Chance:
    """Draws for one named stream. Arrays of `size` draws; the order of calls is the seed's."""

    _bits: np.random.Generator

    def unit(self, size: int) -> Floats:
        """Return floats in [0, 1)."""
        return self._bits.random(size)

    def flag(self, size: int, probability: ArrayLike) -> Flags:
        """Return True with the probability, one for all or one each."""
        return np.asarray(self.unit(size) < np.asarray(probability), dtype=np.bool_)

    def below(self, size: int, bound: ArrayLike) -> Ints:
        """Return integers in [0, bound), bound at least 1, one for all or one each."""
        return (self.unit(size) * np.asarray(bound)).astype(np.int64)

    def between(self, size: int, low: ArrayLike, high: ArrayLike) -> Ints:
        """Return integers in [low, high), at least one wide."""
        return np.asarray(low, dtype=np.int64) + self.below(
            size, np.maximum(np.asarray(high) - np.asarray(low), 1)
        )

    def pick(self, size: int, weights: ArrayLike) -> Ints:
        """Return indexes into `weights`, each as often as its weight."""
        edges: Floats = np.cumsum(np.asarray(weights, dtype=np.float64))
        drawn: Floats = self.unit(size) * edges[-1]
        return np.searchsorted(edges, drawn, side="right").astype(np.int64)


def stream(seed: int, *names: object) -> Chance:
    """Return the stream of a seed with this name; streams do not disturb each other."""
    key = hashlib.sha256(repr((seed, *names)).encode()).digest()
    return Chance(np.random.Generator(np.random.PCG64(int.from_bytes(key, "big"))))


def key_of(seed: int, *names: object) -> int:
    """Return 64 bits that name a permutation."""
    return int.from_bytes(hashlib.sha256(repr((seed, *names)).encode()).digest()[:8], "big")


def permute(index: Ints, key: ArrayLike, halves: tuple[int, int]) -> Ints:
    """Map 0..a*b-1 one to one onto itself: an alternating Feistel network over Z_a x Z_b.

    `key` is one 64-bit key for all or one each. Two indexes under one key never meet, so numbers
    are unique without a list of those given out.
    """
    a, b = halves
    assert bool(np.all((index >= 0) & (index < a * b))), "index outside the space"
    keys = np.asarray(key, dtype=np.uint64)
    left, right = (part.astype(np.uint64) for part in np.divmod(index, b))
    for n in range(_ROUNDS):
        left = (left + _mixed(right, keys, 2 * n) % np.uint64(a)) % np.uint64(a)
        right = (right + _mixed(left, keys, 2 * n + 1) % np.uint64(b)) % np.uint64(b)
    return left.astype(np.int64) * b + right.astype(np.int64)


def unpermute(value: Ints, key: int, halves: tuple[int, int]) -> Ints:
    """Return the index that `permute` maps to each value under this key."""
    a, b = halves
    assert bool(np.all((value >= 0) & (value < a * b))), "value outside the space"
    word = np.asarray(key, dtype=np.uint64)
    left, right = (part.astype(np.uint64) for part in np.divmod(value, b))
    for n in reversed(range(_ROUNDS)):
        right = (right + np.uint64(b) - _mixed(left, word, 2 * n + 1) % np.uint64(b)) % np.uint64(b)
        left = (left + np.uint64(a) - _mixed(right, word, 2 * n) % np.uint64(a)) % np.uint64(a)
    return left.astype(np.int64) * b + right.astype(np.int64)


def individual_numbers(seed: int, index: Ints) -> Ints:
    """Return 12-digit individual numbers of the test space, unique over indexes below 10^11."""
    bodies = permute(index, key_of(seed, "individual-number"), _INDIVIDUAL_BODY)
    return bodies * 10 + check_digits_individual(bodies, NumberSpace.TEST)


def individual_number_indexes(seed: int, numbers: Ints) -> Ints:
    """Return the index that `individual_numbers` gives each number for; the check digit is not read."""
    return unpermute(numbers // 10, key_of(seed, "individual-number"), _INDIVIDUAL_BODY)


def resident_codes(seed: int, index: Ints) -> Ints:
    """Return 11-digit resident codes of the test space, unique over indexes below 10^10."""
    bodies = permute(index, key_of(seed, "resident-code"), _RESIDENT_BODY)
    return bodies * 10 + check_digits_resident(bodies, NumberSpace.TEST)


def record_ids(index: Ints, keys: Words) -> Ints:
    """Return each office's own 10-digit number for a person; offices' numbers are unrelated."""
    return permute(index, keys, _RESIDENT_BODY)


def _mixed(value: Words, keys: Words, round_number: int) -> Words:
    # splitmix64's finaliser: cheap, and the same on every machine.
    with np.errstate(over="ignore"):
        word = value + keys + np.uint64(round_number) * np.uint64(0x9E3779B97F4A7C15)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return word ^ (word >> np.uint64(31))
