"""Spellings of one character that registers treat as one: a small table, one hop, no closure.

Each row is (as written, folded to). The target of a row is never the source of another, and
nothing is derived from two rows together: chains of variants join characters that differ.

What stays apart on purpose: characters of different meaning that look or sound alike (斎 and 斉,
河 and 川, 太 and 大, 祐 and 裕), and old and new forms that families keep apart in the register
(邊 and 邉 and 辺, 澤 and 沢, 濱 and 浜, 嶋 and 島, 齋 and 斎). The latter are evidence for a person
to weigh, not a notation to absorb.
"""

from typing import Final

# JIS包摂 and UCS統合: one character of the coded set, drawn in two ways.
_UNIFIED_IN_THE_CODED_SET: Final = (
    ("髙", "高"),
    ("𠮷", "吉"),
)

# Notices on the family register (戸籍法関連通達・通知): popular shapes of a standard character.
_NOTICES_ON_THE_FAMILY_REGISTER: Final = (
    ("﨑", "崎"),
    ("桒", "桑"),
    ("槗", "橋"),
    ("𣘺", "橋"),
)

VARIANTS: Final = _UNIFIED_IN_THE_CODED_SET + _NOTICES_ON_THE_FAMILY_REGISTER
_FOLD = {ord(written): folded for written, folded in VARIANTS}


def fold_variants(text: str) -> str:
    """Return the text with each listed variant replaced, one hop."""
    return text.translate(_FOLD)
