"""The id of an application (申請書ID): 23 digits, of which the last two check the rest.

Only the length is public. The check is our choice: ISO 7064 MOD 97-10, which finds every wrong
digit and every swap of two neighbours. So is the test space: its ids begin with 99, which no
prefecture has, and ids of the other space never do.
"""

from typing import Final, Self

import attrs

from kumihimo.kernel.entropy import Entropy, below
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.check_digits import NumberSpace

LENGTH: Final = 23
_CHECKS: Final = 2
_BODY: Final = LENGTH - _CHECKS
_MODULUS: Final = 97
_TEST: Final = "99"
_CHARS_MAX: Final = 64  # our choice: the digits in groups, with separators
_WRITTEN = {0xFF10 + d: str(d) for d in range(10)} | dict.fromkeys(map(ord, " \u3000-－"))


class BadApplicationId(BadInput):
    """Another length, other characters than digits, a wrong check, or the other number space."""

    code = "bad-application-id"
    title = "The application id is not one of ours"


@attrs.frozen(repr=False, str=False, order=False)
class ApplicationId(Withheld[str]):
    """申請書ID: it leads to a person's application, so it does not print."""

    def __attrs_post_init__(self) -> None:
        assert _fits(self._value), "not checked"

    @classmethod
    def parse(cls, text: str, *, space: NumberSpace) -> Self:
        """Read an id as written, in groups or not. Raises `BadApplicationId`."""
        digits = text.translate(_WRITTEN) if len(text) <= _CHARS_MAX else ""
        if len(digits) != LENGTH or not (digits.isascii() and digits.isdigit()):
            raise BadApplicationId(f"an application id has {LENGTH} digits")
        if not _fits(digits):
            raise BadApplicationId("the last two digits do not fit the others")
        if digits.startswith(_TEST) != (space is NumberSpace.TEST):
            raise BadApplicationId("the id belongs to the other number space")
        return cls(digits)

    @classmethod
    def draw(cls, entropy: Entropy, *, space: NumberSpace) -> Self:
        """Return a new id: random, so that it tells neither when nor where it was made."""
        front = _TEST if space is NumberSpace.TEST else f"{below(entropy, 99):02}"
        width = _BODY - len(_TEST)
        body = f"{front}{below(entropy, 10**width):0{width}}"
        return cls(body + _check(body))


def _check(body: str) -> str:
    return f"{_MODULUS + 1 - int(body) * 10**_CHECKS % _MODULUS:02}"


def _fits(digits: str) -> bool:
    return int(digits) % _MODULUS == 1
