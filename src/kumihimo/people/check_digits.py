"""Check digits of the four public numbers, one at a time; by the million: `people.columns`.

A valid check digit is never evidence of the right person: of random 12-digit strings about one
in ten passes, and of single-digit slips in an individual number about one in sixty.
"""

from enum import Enum

INDIVIDUAL_BODY = 11
RESIDENT_BODY = 10
CORPORATE_BODY = 12
MUNICIPALITY_BODY = 5

MODULUS = 11
# Weights by distance from the right, starting at 1: two to seven, and round again.
_LOWEST_WEIGHT = 2
_WEIGHT_CYCLE = 6
_TEN = 10
TEST_SHIFT = 5
_CORPORATE_RANGE = 9
_CORPORATE_TEST_SHIFT = 4


class NumberSpace(Enum):
    """Which check rule a deployment accepts; it accepts exactly one.

    `OFFICIAL` is the rule of the law. `TEST` shifts the official digit by a constant that is
    never zero within the digit's range, so no number is in both spaces
    (docs/reference/test-numbers.md).
    """

    OFFICIAL = "official"
    TEST = "test"


def weight(distance: int) -> int:
    """Return what the digit of an individual number counts that is so many places from the right."""
    return _LOWEST_WEIGHT + distance % _WEIGHT_CYCLE


def individual_check_digit(body: str, space: NumberSpace) -> int:
    """Return the check digit (0-9) for the 11 digits of an individual number.

    Ministry of Internal Affairs Ordinance 85 of 2014, art. 5.
    """
    return _shifted(_modulus_eleven(_digits(body, INDIVIDUAL_BODY)), space)


def resident_check_digit(body: str, space: NumberSpace) -> int:
    """Return the check digit (0-9) for the 10 digits of a 住民票コード.

    An assumption: the published rule was not found. The individual number's rule over ten
    digits fits both public samples (by chance: one in a hundred).
    """
    return _shifted(_modulus_eleven(_digits(body, RESIDENT_BODY)), space)


def corporate_check_digit(body: str, space: NumberSpace) -> int:
    """Return the check digit (1-9, it comes first) for the 12 digits of a corporate number."""
    digits = _digits(body, CORPORATE_BODY)
    total = sum(d * (1 + n % 2) for n, d in enumerate(reversed(digits)))
    official = _CORPORATE_RANGE - total % _CORPORATE_RANGE
    if space is NumberSpace.OFFICIAL:
        return official
    return (official - 1 + _CORPORATE_TEST_SHIFT) % _CORPORATE_RANGE + 1


def municipality_check_digit(body: str) -> int:
    """Return the check digit (0-9) for the 5 digits of a municipality code."""
    digits = _digits(body, MUNICIPALITY_BODY)
    total = sum(d * w for d, w in zip(digits, range(6, 1, -1), strict=True))
    return (MODULUS - total % MODULUS) % _TEN


def _digits(body: str, length: int) -> list[int]:
    assert len(body) == length, "a body of this number has another length"
    assert body.isascii(), "a body is ASCII digits"
    assert body.isdigit(), "a body is ASCII digits"
    return [int(d) for d in body]


def _modulus_eleven(digits: list[int]) -> int:
    total = sum(d * weight(n) for n, d in enumerate(reversed(digits)))
    rest = total % MODULUS
    return 0 if rest <= 1 else MODULUS - rest


def _shifted(official: int, space: NumberSpace) -> int:
    return official if space is NumberSpace.OFFICIAL else (official + TEST_SHIFT) % _TEN
