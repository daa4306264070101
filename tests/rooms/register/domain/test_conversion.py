import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.withheld import Withheld
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import ResidentCode
from kumihimo.rooms.register.domain.conversion import Conversion, ff1

KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
ONE = Conversion(Withheld(bytes(32)))
OTHER = Conversion(Withheld(bytes(31) + b"\1"))


def codes(bodies):
    return [ResidentCode.generate(f"{body:010}", space=NumberSpace.TEST) for body in bodies]


@pytest.mark.parametrize(
    ("tweak", "expected"), [(b"", 2433477484), (bytes.fromhex("39383736353433323130"), 6124200773)]
)
def test_the_conversion_is_ff1_as_the_standard_publishes_it(tweak, expected):
    # NIST SP 800-38G, FF1 samples 1 and 2
    plain = np.array([123456789], dtype=np.uint64)
    assert ff1(plain, key=KEY, digits=10, tweak=tweak).tolist() == [expected]


@given(st.sets(st.integers(0, 10**10 - 1), min_size=1, max_size=200))
def test_different_codes_never_give_the_same_number_whatever_the_count(bodies):
    given_out = [body for n in range(10) for body in ONE.bodies(codes(sorted(bodies)), n)]
    assert len(set(given_out)) == 10 * len(bodies)
    assert all(len(body) == 11 and body.isdigit() for body in given_out)


def test_ten_thousand_neighbouring_codes_give_ten_thousand_unrelated_numbers():
    bodies = ONE.bodies(codes(range(10_000)), 0)
    assert len(set(bodies)) == 10_000
    steps = np.diff(np.array([int(body) for body in bodies]))
    assert len(set(steps.tolist())) == len(steps)


def test_the_same_code_gives_the_same_number_and_another_key_another():
    [code] = codes([42])
    assert ONE.bodies([code], 0) == ONE.bodies([code], 0)
    assert ONE.bodies([code], 0) != OTHER.bodies([code], 0)
    assert ONE.bodies([code], 0) != ONE.bodies([code], 1)
