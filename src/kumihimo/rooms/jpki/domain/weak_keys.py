"""Every public key that comes in is looked at before anything is said about it.

RSA: size and exponent, small factors, the fingerprint of ROCA (CVE-2017-15361), primes so close that
Fermat's method finds them. Elliptic curve: the point is on the curve. Whether another holder has
the same key is asked of the database, elsewhere. What is not looked for: a factor shared with
another key, and keys of the broken generator of Debian of 2008.
"""

from functools import cache
from math import gcd, isqrt, prod
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from kumihimo.rooms.jpki.domain.keys import PublicKey
from kumihimo.rooms.jpki.domain.refusals import WeakKey

_BITS: Final = 2048
_EXPONENT: Final = 65537
_SPKI_BYTES_MAX: Final = 1024  # an RSA key of 2048 bits takes 294
_SMALL_PRIMES_BELOW: Final = 10_000
_ROCA_PRIMES_BELOW: Final = 168
_FERMAT_STEPS: Final = 100  # keys that were met in the wild fell at the first
WEAKNESSES: Final = ("small-factor", "roca", "close-primes")


def admit_key(spki: bytes) -> PublicKey:
    """Return a public key that may be certified; raises `WeakKey` with what is wrong."""
    if len(spki) > _SPKI_BYTES_MAX:
        raise WeakKey("size")
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        # A point off its curve ends here too: the library refuses to load it.
        raise WeakKey("form") from None
    if isinstance(key, RSAPublicKey):
        _check_rsa(key)
    elif not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP384R1):
        raise WeakKey("kind")
    if spki != spki_of(key):
        raise WeakKey("form")  # two writings of one key would be two keys to the search for twins
    return key


def spki_of(key: PublicKey) -> bytes:
    """Return a public key's one writing, DER."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_rsa(key: RSAPublicKey) -> None:
    numbers = key.public_numbers()
    if key.key_size != _BITS:
        raise WeakKey("size")
    if numbers.e != _EXPONENT:
        raise WeakKey("exponent")
    reason = weakness_of(numbers.n)
    if reason is not None:
        raise WeakKey(reason)


def weakness_of(modulus: int) -> str | None:
    """Return what is wrong with an RSA modulus, or None."""
    if gcd(modulus, _primorial()) != 1:
        return "small-factor"
    if has_roca_fingerprint(modulus):
        return "roca"
    if has_close_primes(modulus):
        return "close-primes"
    return None


@cache
def _primes(below: int) -> tuple[int, ...]:
    sieve = bytearray([1]) * below
    sieve[:2] = b"\0\0"
    for number in range(2, isqrt(below) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(sieve[number * number :: number]))
    return tuple(number for number, prime in enumerate(sieve) if prime)


@cache
def _primorial() -> int:
    return prod(_primes(_SMALL_PRIMES_BELOW))


@cache
def _roca_residues() -> tuple[tuple[int, frozenset[int]], ...]:
    """Return, by small prime, what a power of 65537 can be; primes that tell nothing are left out."""
    found: list[tuple[int, frozenset[int]]] = []
    for prime in _primes(_ROCA_PRIMES_BELOW):
        powers, power = {1}, _EXPONENT % prime
        while power != 1 and power:
            powers.add(power)
            power = power * _EXPONENT % prime
        if len(powers) < prime - 1:
            found.append((prime, frozenset(powers)))
    return tuple(found)


def has_roca_fingerprint(modulus: int) -> bool:
    """Say whether the modulus is a power of 65537 modulo every small prime, as ROCA's are."""
    return all(modulus % prime in powers for prime, powers in _roca_residues())


def has_close_primes(modulus: int) -> bool:
    """Say whether Fermat's method finds the factors within its steps."""
    middle = isqrt(modulus)
    middle += middle * middle < modulus
    for _ in range(_FERMAT_STEPS):
        rest = middle * middle - modulus
        if isqrt(rest) ** 2 == rest:
            return True
        middle += 1
    return False
