"""The four numbers as values: individual number, 住民票コード, corporate number, municipality code.

A value of these types has the right length and a check digit of its space. That is never evidence
of the right person: who holds a number has learned nothing about whom it names.
"""

from collections.abc import Callable
from typing import Final, Self

import attrs
from typing_extensions import override

from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.withheld import Withheld
from kumihimo.people import check_digits as rules
from kumihimo.people.check_digits import NumberSpace

_TEXT_MAX: Final = 64  # our choice: the longest number with a separator after every digit, twice
_FULL_WIDTH = {0xFF10 + d: str(d) for d in range(10)}
_SEPARATORS = dict.fromkeys(
    map(ord, " \u00a0\u3000-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\u30fc\uff70")
)

CheckRule = Callable[[str, NumberSpace], int]


class BadNumber(BadInput):
    """A number has another length, other characters than digits or a wrong check digit."""

    code = "bad-number"
    title = "The number is not well formed"


class WrongNumberSpace(BadInput):
    """The check digit is that of the other space: a real number in a test, or the reverse."""

    code = "wrong-number-space"
    title = "The number belongs to a number space that this deployment does not accept"


@attrs.frozen(repr=False, str=False, order=False)
class IndividualNumber(Withheld[str]):
    """個人番号: 12 ASCII digits, the last is the check digit. Number Act art. 2(5).

    A valid check digit is never evidence of the right person.
    """

    space: NumberSpace = attrs.field(kw_only=True)

    def __attrs_post_init__(self) -> None:
        body, check = self._value[:-1], self._value[-1:]
        assert check == str(rules.individual_check_digit(body, self.space)), "not checked"

    @classmethod
    def parse(cls, text: str, *, space: NumberSpace) -> Self:
        """Read a number as written: full-width digits, spaces and hyphens are absorbed.

        Raises `BadNumber` and, for a number of the other space, `WrongNumberSpace`.
        """
        digits = _digits(text, what="individual number", length=rules.INDIVIDUAL_BODY + 1)
        _accept(digits[:-1], digits[-1], rules.individual_check_digit, space)
        return cls(digits, space=space)

    @classmethod
    def generate(cls, body: str, *, space: NumberSpace) -> Self:
        """Return the number with these first 11 digits. Raises `BadNumber`."""
        digits = _digits(body, what="body of an individual number", length=rules.INDIVIDUAL_BODY)
        return cls(f"{digits}{rules.individual_check_digit(digits, space)}", space=space)


@attrs.frozen(repr=False, str=False, order=False)
class ResidentCode(Withheld[str]):
    """住民票コード: 11 ASCII digits, the last is the check digit.

    The check rule is an assumption (`check_digits.resident_check_digit`). A valid check digit is
    never evidence of the right person.
    """

    space: NumberSpace = attrs.field(kw_only=True)

    def __attrs_post_init__(self) -> None:
        body, check = self._value[:-1], self._value[-1:]
        assert check == str(rules.resident_check_digit(body, self.space)), "not checked"

    @classmethod
    def parse(cls, text: str, *, space: NumberSpace) -> Self:
        """Read a code as written. Raises `BadNumber`, `WrongNumberSpace`."""
        digits = _digits(text, what="resident code", length=rules.RESIDENT_BODY + 1)
        _accept(digits[:-1], digits[-1], rules.resident_check_digit, space)
        return cls(digits, space=space)

    @classmethod
    def generate(cls, body: str, *, space: NumberSpace) -> Self:
        """Return the code with these first 10 digits. Raises `BadNumber`."""
        digits = _digits(body, what="body of a resident code", length=rules.RESIDENT_BODY)
        return cls(f"{digits}{rules.resident_check_digit(digits, space)}", space=space)


@attrs.frozen
class CorporateNumber:
    """法人番号: 13 ASCII digits, the first is the check digit (1-9). Public, so it prints."""

    digits: str
    space: NumberSpace = attrs.field(kw_only=True)

    def __attrs_post_init__(self) -> None:
        check, body = self.digits[:1], self.digits[1:]
        assert check == str(rules.corporate_check_digit(body, self.space)), "not checked"

    @override
    def __str__(self) -> str:
        return self.digits

    @classmethod
    def parse(cls, text: str, *, space: NumberSpace) -> Self:
        """Read a number as written. Raises `BadNumber`, `WrongNumberSpace`."""
        digits = _digits(text, what="corporate number", length=rules.CORPORATE_BODY + 1)
        _accept(digits[1:], digits[0], rules.corporate_check_digit, space)
        return cls(digits, space=space)

    @classmethod
    def generate(cls, body: str, *, space: NumberSpace) -> Self:
        """Return the number with these last 12 digits. Raises `BadNumber`."""
        digits = _digits(body, what="body of a corporate number", length=rules.CORPORATE_BODY)
        return cls(f"{rules.corporate_check_digit(digits, space)}{digits}", space=space)


@attrs.frozen(order=True)
class MunicipalityCode:
    """全国地方公共団体コード: 6 ASCII digits, the last is the check digit. Public, so it prints.

    Real municipalities appear in tests and demonstrations too, so there is one space only. The
    first two digits are the prefecture's (01-47).
    """

    digits: str

    def __attrs_post_init__(self) -> None:
        body, check = self.digits[:-1], self.digits[-1:]
        assert check == str(rules.municipality_check_digit(body)), "not checked"

    @override
    def __str__(self) -> str:
        return self.digits

    @property
    def prefecture(self) -> str:
        """The two digits of the prefecture."""
        return self.digits[:2]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code as written. Raises `BadNumber`."""
        digits = _digits(text, what="municipality code", length=rules.MUNICIPALITY_BODY + 1)
        if digits[-1] != str(rules.municipality_check_digit(digits[:-1])):
            raise BadNumber("municipality code: the check digit does not fit the other digits")
        return cls(digits)

    @classmethod
    def generate(cls, body: str) -> Self:
        """Return the code with these first 5 digits. Raises `BadNumber`."""
        digits = _digits(body, what="body of a municipality code", length=rules.MUNICIPALITY_BODY)
        return cls(f"{digits}{rules.municipality_check_digit(digits)}")


def _digits(text: str, *, what: str, length: int) -> str:
    if len(text) > _TEXT_MAX:
        raise BadNumber(f"{what}: at most {_TEXT_MAX} characters, {len(text)} were given")
    # Not NFKC: it would also read ① and ² as digits, which nobody means as a number.
    plain = text.translate(_FULL_WIDTH).translate(_SEPARATORS)
    if not (plain.isascii() and plain.isdigit()) and plain:
        raise BadNumber(f"{what}: only digits, spaces and hyphens may stand here")
    if len(plain) != length:
        raise BadNumber(f"{what}: {length} digits are needed, {len(plain)} were given")
    return plain


def _accept(body: str, check: str, rule: CheckRule, space: NumberSpace) -> None:
    if check == str(rule(body, space)):
        return
    other = NumberSpace.TEST if space is NumberSpace.OFFICIAL else NumberSpace.OFFICIAL
    if check == str(rule(body, other)):
        raise WrongNumberSpace(
            f"this deployment accepts {space.value} numbers, the check digit is of the "
            f"{other.value} kind"
        )
    raise BadNumber("the check digit does not fit the other digits")
