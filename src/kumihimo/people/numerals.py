"""Numbers as addresses write them: ideographs, those of deeds, every script's digits."""

import re
import unicodedata
from typing import Final

_DIGITS: Final = {
    **{numeral: value for value, numeral in enumerate("〇一二三四五六七八九")},
    **{numeral: value for value, numeral in enumerate("零壱弐参肆伍陸漆捌玖")},
    "壹": 1, "貳": 2, "貮": 2, "參": 3, "弌": 1, "弍": 2, "弎": 3,
}  # fmt: skip
_UNITS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "阡": 1000, "仟": 1000}
_TENS: Final = {"廿": 20, "卅": 30, "卌": 40}

_OTHER_DIGIT: Final = re.compile(r"(?![0-9])\d")
NUMERALS: Final = "".join((*_DIGITS, *_UNITS, *_TENS))


def read_numerals(numerals: str) -> int:
    """Return the value of characters of `NUMERALS`: 二十三, 廿三 and 二三 are all 23."""
    if not any(numeral in _UNITS or numeral in _TENS for numeral in numerals):
        return int("".join(str(_DIGITS[numeral]) for numeral in numerals))
    total, digit = 0, 0
    for numeral in numerals:
        if numeral in _DIGITS:
            digit = digit * 10 + _DIGITS[numeral]
        elif numeral in _TENS:
            total += _TENS[numeral]
        else:
            total += (digit or 1) * _UNITS[numeral]
            digit = 0
    return total + digit


def with_ascii_digits(text: str) -> str:
    """Return the text with the decimal digits of every script as 0 to 9."""
    return _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text)
