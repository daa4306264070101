"""What offices call a column: headings of municipal systems and insurers, and what a cell looks like.

A heading proposes and a person decides: whatever is found here is shown before it is used.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit.intake.cells import NUMBER_DIGITS, is_date
from kumihimo.people.check_digits import NumberSpace, individual_check_digit
from kumihimo.people.sexes import Sex
from kumihimo.people.text import compatible, without_spaces

# Ours, how much of it, and what theirs is called after NFKC, without spaces and in lower case.
# `whole` is all of a column; of what is told in parts they are joined in this order; a `tail`
# follows either.
_NAMED: Final = (
    ("number", "whole", "(個人|マイ)ナンバー|個人番号([(]?12桁[)]?)?|mynumber|individual_?number|number"),
    ("record_id", "whole", "記録(番号|id)|(整理|管理|識別|宛名|手帳|受給者|基礎年金|証)番号|記号番号|record_?id|id"),
    ("record_id", "part", "(被保険者(証|等)?|組合員証?|保険証)?の?記号"),
    ("record_id", "part", "(被保険者(証|等)?|組合員証?|保険証)?の?番号"),
    ("record_id", "tail", "枝番"),
    ("kana", "part", "セイ|(姓|氏)[(]?(カナ|フリガナ)[)]?|(カナ|フリガナ|氏名カナ|カナ氏名)/?[(]?(姓|氏|セイ)[)]?"),
    ("kana", "part", "メイ|名[(]?(カナ|フリガナ)[)]?|(カナ|フリガナ|氏名カナ|カナ氏名)/?[(]?(名|メイ)[)]?"),
    ("kana", "whole", "((対象者|被保険者|加入者|本人)?氏名)?[(]?(カナ|ふりがな|フリガナ|振り?仮名)[)]?(氏名)?|(name_?)?kana"),
    ("name", "part", "姓|氏|名字|苗字|(漢字)?氏名[(/](姓|氏)[)]?|last_?name"),
    ("name", "part", "名|(漢字)?氏名[(/]名[)]?|first_?name"),
    ("name", "whole", "((対象者|被保険者|加入者|本人)?氏名|名前)([(]?漢字[)]?)?|漢字氏名|name"),
    ("birth", "whole", "生年月日([(]?(西暦|和暦)[)]?)?|誕生日|birth(_?date)?|date_?of_?birth"),
    ("sex", "whole", "性別(コード|区分)?|sex|gender"),
    ("address", "part", "都道府県(名)?"),
    ("address", "part", "市区?町村(名)?|市区郡町村"),
    ("address", "part", "町(名|域|字)|町丁目|大字(・?町)?名?"),
    ("address", "part", "番地(等|・?号)?|地番"),
    ("address", "whole", "(現|漢字)?住所1?([(]?漢字[)]?)?|所在地|住所上段|address"),
    ("address", "tail", "住所2|住所下段"),
    ("address", "tail", "住所3"),
    ("address", "tail", "方書(き)?|(建物|マンション|アパート)名?"),
    ("household", "whole", "世帯(番号|コード|id)|household"),
    ("account", "part", "(金融機関|銀行)(コード|番号)"),
    ("account", "part", "(支店|店舗?)(コード|番号)|店番"),
    ("account", "part", "(預金|口座)(種目|種別|種類)"),
    ("account", "part", "口座番号|account"),
    ("holder", "whole", "((口座|預金)?名義人?|預金者名?|受取人名?)(氏名)?[(]?(半角)?(カナ|フリガナ)?[)]?(氏名)?|(account_?)?holder"),
    ("affair", "whole", "事務(区分|名)?|制度区分|affair"),
    ("former_surname", "whole", "旧(氏|姓)|former_?surname"),
    ("former_surname_kana", "whole", "旧(氏|姓)[(]?(カナ|フリガナ)[)]?|former_?surname_?kana"),
    ("alias", "whole", "通称(名)?|alias"),
    ("alias_kana", "whole", "通称(名)?[(]?(カナ|フリガナ)[)]?|alias_?kana"),
    ("kanji", "whole", "漢字併記(名|氏名)?|併記名|kanji"),
    ("standing", "whole", "(異動)?状態|住民(区分|状態)|standing"),
    ("attribute", "whole", "項目|attribute"),
    ("value", "whole", "値|内容|value"),
)  # fmt: skip
_KANA: Final = re.compile("[ァ-ヺー・ぁ-ゖ\\s]{2,}")
_NAME: Final = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff々ヶヵぁ-ゖァ-ヺー\\s]{2,12}")
_ADDRESS: Final = re.compile(".*[都道府県市区町村郡].*[0-9一二三四五六七八九十].*")
_MOSTLY: Final = 0.8  # our choice: a column is what four in five of its cells look like


def plain_heading(text: str) -> str:
    """Return a heading without ways of writing it: NFKC, no spaces, lower case."""
    return without_spaces(unicodedata.normalize("NFKC", text)).strip("*※:").lower()


@attrs.frozen(order=True)
class Named:
    """What a heading names: a column of ours, `whole`, a `part` or a `tail`, and the order of parts."""

    place: int
    ours: str
    kind: str


def named(heading: str, wanted: Sequence[str]) -> Named | None:
    """Return what a heading names among the columns that are wanted; of two lines, first as one."""
    pattern = _pattern(frozenset(wanted))
    _, two, last = heading.rpartition("/")
    for text in (heading, last) if two else (heading,):
        found = pattern.fullmatch(plain_heading(text))
        if found is not None and found.lastgroup is not None:
            place = int(found.lastgroup.removeprefix("n"))
            ours, kind, _ = _NAMED[place]
            return Named(place, ours, kind)
    return None


@cache
def _pattern(wanted: frozenset[str]) -> re.Pattern[str]:
    """Return what matches any heading of some columns: a file may have a hundred thousand of them.

    Of the groups of a match the named one ends last, and the first in our order is tried first.
    """
    lines = [
        f"(?P<n{place}>{words})" for place, (ours, _, words) in enumerate(_NAMED) if ours in wanted
    ]
    return re.compile("|".join(lines))


def looks_like(cells: Sequence[str]) -> str | None:
    """Return which attribute most of some cells look like, by what stands in them."""
    filled = [cell for cell in cells if cell.strip()]
    if not filled:
        return None
    for ours, fits in _FITS:
        if sum(fits(cell) for cell in filled) >= _MOSTLY * len(filled):
            return ours
    return None


def space_of(cells: Sequence[str]) -> NumberSpace | None:
    """Return the number space in which most of the cells have their check digits right."""
    numbers = [found for cell in cells if len(found := _digits(cell)) == NUMBER_DIGITS]
    for space in NumberSpace:
        right = sum(
            number[-1] == str(individual_check_digit(number[:-1], space)) for number in numbers
        )
        if numbers and right >= _MOSTLY * len(numbers):
            return space
    return None


def _digits(cell: str) -> str:
    plain = re.sub("[\\s-]", "", compatible(cell))
    return plain if plain.isascii() and plain.isdigit() else ""


def _is_number(cell: str) -> bool:
    number = _digits(cell)
    return len(number) == NUMBER_DIGITS and any(
        number[-1] == str(individual_check_digit(number[:-1], space)) for space in NumberSpace
    )


def _is_birth(cell: str) -> bool:
    return is_date(cell, "written") or is_date(cell, "gyymmdd") or is_date(cell, "yy-era")


def _is_sex(cell: str) -> bool:
    try:
        Sex.parse(cell.strip())
    except BadInput:
        return False
    return True


def _is_kana(cell: str) -> bool:
    return _KANA.fullmatch(compatible(cell)) is not None


def _is_address(cell: str) -> bool:
    return _ADDRESS.fullmatch(compatible(cell)) is not None


def _is_name(cell: str) -> bool:
    return _NAME.fullmatch(compatible(cell)) is not None


# The rarer form first: a kana name is a name too.
_FITS: Final = (
    ("number", _is_number),
    ("birth", _is_birth),
    ("sex", _is_sex),
    ("kana", _is_kana),
    ("address", _is_address),
    ("name", _is_name),
)
