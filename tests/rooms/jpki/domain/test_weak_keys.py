from functools import cache, reduce
from math import gcd
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.rooms.jpki.domain.refusals import WeakKey
from kumihimo.rooms.jpki.domain.weak_keys import (
    admit_key,
    has_close_primes,
    has_roca_fingerprint,
    spki_of,
    weakness_of,
)

E = 65537
PRIMES = [p for p in range(2, 702) if all(p % d for d in range(2, int(p**0.5) + 1))]


def is_prime(number, rounds=24):
    """Miller and Rabin's test with fixed bases; good enough for keys that nobody keeps."""
    if any(number % p == 0 for p in PRIMES):
        return number in PRIMES
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in PRIMES[:rounds]:
        power = pow(base, odd, number)
        if power in {1, number - 1}:
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def next_prime(number):
    number |= 1
    while not is_prime(number):
        number += 2
    return number


@cache
def roca_prime(seed):
    """Make a prime as the broken library did: k·M + (65537^a mod M), M the first 126 primes."""
    drawn = Random(seed)
    product = reduce(lambda a, b: a * b, PRIMES[:126])
    while True:
        candidate = drawn.getrandbits(1024 - product.bit_length()) * product + pow(
            E, drawn.getrandbits(200), product
        )
        if candidate.bit_length() == 1024 and candidate >> 1022 == 3 and is_prime(candidate):
            return candidate


def written(modulus, exponent=E):
    return spki_of(rsa.RSAPublicNumbers(exponent, modulus).public_key())


def word(spki):
    with pytest.raises(WeakKey) as refusal:
        admit_key(spki)
    return refusal.value.detail


def test_a_sound_key_of_either_kind_is_admitted():
    for key in (rsa.generate_private_key(E, 2048), ec.generate_private_key(ec.SECP384R1())):
        assert admit_key(spki_of(key.public_key())) == key.public_key()


def test_a_key_of_the_broken_library_is_known_by_its_fingerprint():
    modulus = roca_prime(1) * roca_prime(2)
    assert modulus.bit_length() == 2048
    assert has_roca_fingerprint(modulus)
    assert word(written(modulus)) == "roca"


def test_a_sound_modulus_has_no_such_fingerprint():
    sound = rsa.generate_private_key(E, 2048).public_key().public_numbers().n
    assert not has_roca_fingerprint(sound)
    assert weakness_of(sound) is None


@pytest.mark.parametrize("distance", [0, 1, 1 << 400], ids=["next", "near", "half of the bits"])
def test_primes_that_lie_together_are_found(distance):
    first = next_prime((1 << 1023) + (1 << 1022) + 12345)
    second = next_prime(first + 2 + distance)
    assert has_close_primes(first * second)


def test_close_primes_are_refused_by_name():
    first = next_prime((1 << 1023) + (1 << 1022) + 777)
    assert word(written(first * next_prime(first + 2))) == "close-primes"


@pytest.mark.parametrize("factor", [3, 7, 9_973])
def test_a_small_factor_is_found(factor):
    modulus = factor * (((3 << 2046) // factor) | 1)  # the rest need not be prime
    assert modulus.bit_length() == 2048
    assert gcd(modulus, factor) == factor
    assert word(written(modulus)) == "small-factor"


@pytest.mark.parametrize("bits", [1024, 1536, 3072])
def test_another_size_is_refused(bits):
    public = rsa.generate_private_key(E, bits).public_key()
    assert word(spki_of(public)) == "size"


def test_another_exponent_is_refused():
    modulus = rsa.generate_private_key(E, 2048).public_key().public_numbers().n
    assert word(written(modulus, 3)) == "exponent"


def test_other_curves_and_other_algorithms_are_refused():
    assert word(spki_of(ec.generate_private_key(ec.SECP256R1()).public_key())) == "kind"
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    assert word(edwards.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)) == "kind"


def test_a_point_beside_its_curve_is_refused():
    spki = bytearray(spki_of(ec.generate_private_key(ec.SECP384R1()).public_key()))
    spki[-1] ^= 1
    assert word(bytes(spki)) == "form"


@pytest.mark.parametrize("spki", [b"", b"\x30\x00", b"\x30" * 2000], ids=["none", "empty", "long"])
def test_what_is_no_key_is_refused(spki):
    assert word(spki) in {"form", "size"}


@given(st.binary(max_size=400))
def test_no_bytes_are_taken_for_a_key_or_raise_anything_else(spki):
    assert word(spki) == "form"


def test_a_second_writing_of_a_key_is_refused():
    spki = spki_of(ec.generate_private_key(ec.SECP384R1()).public_key())
    compressed = ec.EllipticCurvePublicKey.from_encoded_point
    point = admit_key(spki)
    assert isinstance(point, ec.EllipticCurvePublicKey)
    short = point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    assert compressed(ec.SECP384R1(), short) == point
    body = bytes.fromhex("301006072a8648ce3d020106052b81040022") + b"\x03\x32\x00" + short
    assert word(b"\x30" + bytes([len(body)]) + body) == "form"
