"""Addresses as registers write them, and the form in which two of them are compared.

What was written is always kept. Building and room are split off and take no part in a comparison:
offices leave them out, and a resident register need not hold them.
"""

import re
from collections.abc import Callable
from typing import Final, Self

import attrs

from kumihimo.kernel.withheld import Withheld
from kumihimo.people.text import admit, compatible, without_spaces
from kumihimo.people.variants import fold_variants, fold_variants_1

ADDRESS_FORM_VERSION: Final = 2
ADDRESS_CHARS_MAX: Final = 300  # our choice: above every field length met in municipal layouts

# In the order of their codes: the place in this list is the code, from 01 to 47.
PREFECTURES: Final = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県",
    "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県",
    "山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県", "滋賀県", "京都府", "大阪府",
    "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県",
    "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県",
    "鹿児島県", "沖縄県",
)  # fmt: skip

_CODES: Final = {name: f"{code:02}" for code, name in enumerate(PREFECTURES, start=1)}
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
_ROOM = re.compile(r"([0-9]+(?:-[0-9]+)*) ?(?:号室|号|室)?$")
_SMALL_PLACES = re.compile("大字|(?<!文)字")
_KE = re.compile(r"(?<=[^\x00-\x7fぁ-ゖァ-ヺ])[ヶヵケがガ](?=[^\x00-\x7fぁ-ゖァ-ヺ])")


@attrs.frozen
class AddressParts:
    """The parts of an address in canonical form; "" where a part is not written.

    `prefecture` is a code of two digits. What a comparison takes is `core`.
    """

    prefecture: str = attrs.field(repr=False)
    city: str = attrs.field(repr=False)
    town: str = attrs.field(repr=False)
    lot: str = attrs.field(repr=False)
    building: str = attrs.field(repr=False)
    room: str = attrs.field(repr=False)

    @property
    def core(self) -> str:
        """City, town and lot: one place, whatever office wrote it."""
        return self.city + self.town + self.lot


def canonical_address(text: str) -> tuple[str, str]:
    """Return the prefecture's code ("" when not written) and the core: town and lot numbers.

    NFKC; 2丁目1番地2号, 2-1-2 and 二丁目1番地の2 become one form; 大字 and 字 are dropped, ヶ, ケ and
    が between ideographs unified; building and room are left out (`ADDRESS_FORM_VERSION`).
    """
    parts = address_parts(text)
    return parts.prefecture, parts.core


def address_parts(text: str, fold: Callable[[str], str] = fold_variants) -> AddressParts:
    """Return the parts of an address as written; never fails, and never says what was bad."""
    prefecture, rest = _split_prefecture(_plain(text))
    counted = _COUNTED.sub(lambda m: str(_number(m[1] or m[2])), _SPACED_DASH.sub("-", rest))
    dashed = _DASHED.sub("-", counted)
    lots = _LOT_WORD.sub("-", _CHOME.sub("-", dashed))
    unified = _LOT_END.sub("", lots)
    found = _LOT.search(unified)
    if found is None:
        return AddressParts(prefecture, "", fold(_town(unified)), "", "", "")
    lot = "-".join(str(int(number)) for number in found[0].split("-"))
    building, room = _room(unified[found.end() :].strip(" -"))
    town = fold(_town(unified[: found.start()]))
    return AddressParts(prefecture, "", town, lot, building, room)


def _room(tail: str) -> tuple[str, str]:
    found = _ROOM.search(tail)
    return (tail[: found.start()].strip(" -"), found[1]) if found else (tail, "")


def _plain(text: str) -> str:
    return " ".join(compatible(text).casefold().split())


def _split_prefecture(text: str) -> tuple[str, str]:
    for length in _NAME_LENGTHS:
        code = _CODES.get(text[:length])
        if code is not None:
            return code, text[length:].lstrip()
    return "", text


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


@attrs.frozen(repr=False, str=False, order=False)
class Address(Withheld[str]):
    """住所, as written. Equality is of what was written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Keep an address as written. Raises `BadText` (`text.admit`)."""
        return cls(admit(text, what="address", limit=ADDRESS_CHARS_MAX))

    def reveal_prefecture(self) -> str:
        """Return the code of the prefecture written in front, or ""."""
        return _split_prefecture(_plain(self._value))[0]

    def reveal_parts(self) -> AddressParts:
        """Return every part in canonical form."""
        return address_parts(self._value)

    def reveal_core(self) -> str:
        """Return city, town and lot in canonical form: what a comparison takes."""
        return address_parts(self._value).core

    def reveal_core_1(self) -> str:
        """Return the core of version 1, under which older records of inquiries are found."""
        return address_parts(self._value, fold_variants_1).core
