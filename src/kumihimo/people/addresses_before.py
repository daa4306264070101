"""The core of an address in versions 1 and 2 of the form, kept for what was recorded under them.

Nothing new is made by it: the tags of older inquiries (`rooms.register`) are found again with it. It
goes when the last of them has outlived its retention.
"""

import re
from collections.abc import Callable
from typing import Final

from kumihimo.people.places import PREFECTURES
from kumihimo.people.text import compatible, without_spaces

_NAMES: Final = frozenset(PREFECTURES)
_NAME_LENGTHS: Final = sorted({len(name) for name in PREFECTURES})
_NUMERALS = "〇一二三四五六七八九十百"
_UNITS: Final = {"十": 10, "百": 100}
# A numeral counts as a number only beside a word of counting: 三田 and 一番町 are names.
_COUNTED = re.compile(
    f"([{_NUMERALS}]+)(?=丁目|丁[0-9{_NUMERALS}]|番地|番(?!町)|号|条|線|地割)"
    f"|(?<=[目番地号の-])(?<!の地)([{_NUMERALS}]+)(?=$|[ 番号の-])"
)
_DASHED = re.compile(r"(?<=[0-9])[ー一](?=[0-9])")
_CHOME = re.compile(r"(?<=[0-9]) ?丁目? ?(?=[0-9])|(?<=[0-9]) ?丁目 ?")
_LOT_WORD = re.compile(r"(?<=[0-9]) ?(?:番地の?|番(?!町)の?|の) ?(?=[0-9])")
_LOT_END = re.compile(r"(?<=[0-9]) ?(?:番地|番(?!町)|号)(?! ?[棟室館])")
_SPACED_DASH = re.compile(r" ?- ?")
_LOT = re.compile(r"[0-9]+(?:-[0-9]+)*(?!-?[0-9])(?! ?(?:条|線|地割|区|町|村))")
_SMALL_PLACES = re.compile("大字|(?<!文)字")
_KE = re.compile(r"(?<=[^\x00-\x7fぁ-ゖァ-ヺ])[ヶヵケがガ](?=[^\x00-\x7fぁ-ゖァ-ヺ])")


def core_before(text: str, fold: Callable[[str], str]) -> str:
    """Return town and lot as they were compared then; `fold` is that version's of characters."""
    rest = _without_prefecture(_plain(text))
    counted = _COUNTED.sub(lambda m: str(_number(m[1] or m[2])), _SPACED_DASH.sub("-", rest))
    dashed = _DASHED.sub("-", counted)
    lots = _LOT_WORD.sub("-", _CHOME.sub("-", dashed))
    unified = _LOT_END.sub("", lots)
    found = _LOT.search(unified)
    if found is None:
        return fold(_town(unified))
    lot = "-".join(str(int(number)) for number in found[0].split("-"))
    return fold(_town(unified[: found.start()])) + lot


def _plain(text: str) -> str:
    return " ".join(compatible(text).casefold().split())


def _without_prefecture(text: str) -> str:
    for length in _NAME_LENGTHS:
        if text[:length] in _NAMES:
            return text[length:].lstrip()
    return text


def _number(numerals: str) -> int:
    if not any(unit in numerals for unit in _UNITS):
        return int("".join(str(_NUMERALS.index(n)) for n in numerals))
    total, digit = 0, 0
    for numeral in numerals:
        if numeral in _UNITS:
            total += (digit or 1) * _UNITS[numeral]
            digit = 0
        else:
            digit = _NUMERALS.index(numeral)
    return total + digit


def _town(text: str) -> str:
    return _KE.sub("ケ", _SMALL_PLACES.sub("", without_spaces(text)))
