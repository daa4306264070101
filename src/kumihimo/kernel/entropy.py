"""Randomness is handed in: the system's for service, a seeded stream to replay a federation."""

import hashlib
import secrets
from typing import Protocol


class Entropy(Protocol):
    """A source of random bytes."""

    def bytes(self, size: int) -> bytes:
        """Return `size` random bytes."""
        ...


class SystemEntropy:
    """The operating system's generator."""

    def bytes(self, size: int) -> bytes:
        """Return `size` bytes from the operating system."""
        return secrets.token_bytes(size)


class SeededEntropy:
    """A reproducible stream (SHAKE-256 in counter mode). Never for a service."""

    def __init__(self, seed: int | str) -> None:
        self._seed = str(seed).encode()
        self._calls = 0

    def bytes(self, size: int) -> bytes:
        """Return the next `size` bytes of the stream."""
        self._calls += 1
        return hashlib.shake_256(self._seed + b"|%d" % self._calls).digest(size)

    def fork(self, name: str) -> "SeededEntropy":
        """Return an independent stream, so that rooms do not disturb each other's replay."""
        return SeededEntropy(f"{self._seed.decode()}/{name}")


def below(entropy: Entropy, bound: int) -> int:
    """Return an unbiased integer in [0, bound), bound up to 2**64, by rejection."""
    assert 0 < bound <= 1 << 64, "bound out of range"
    limit = (1 << 64) - (1 << 64) % bound
    while True:
        drawn = int.from_bytes(entropy.bytes(8), "big")
        if drawn < limit:
            return drawn % bound
