"""The shape of a value without the value: what a preview shows."""

import unicodedata
from typing import Final

SHOWN_MAX: Final = 30  # our choice
_SIGNS: Final = (("CJK", "漢"), ("KATAKANA", "カ"), ("HIRAGANA", "か"))


def masked(text: str) -> str:
    """Return the text with every letter and digit replaced by one of its kind.

    山田 ﾀﾛｳ S45.1.2 becomes 漢漢 ｶｶｶ A99.9.9: enough to see which column it is.
    """
    return "".join(_mask(one) for one in text[:SHOWN_MAX]) + ("…" if len(text) > SHOWN_MAX else "")


def _mask(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind[0] == "N" and not unicodedata.name(sign, "").startswith("CJK"):
        return "\uff19" if unicodedata.east_asian_width(sign) in {"F", "W"} else "9"
    if kind[0] not in "LMNSC" or sign in "●■〓〇":
        return sign
    name = unicodedata.name(sign, "")
    for word, mask in _SIGNS:
        if word in name:
            return "ｶ" if unicodedata.east_asian_width(sign) == "H" else mask
    return "A" if kind[0] == "L" else "・"
