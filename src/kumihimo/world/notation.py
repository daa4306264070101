"""How offices write the same person: expressions over columns, one per house style.

The first style of each list is the register's. Styles marked in `DIFFERENT` are written so
differently that a strict comparison must not take them for the same (another character, taken for
the right one); all others are notations of one value.
"""

from datetime import date
from typing import Final

import polars as pl

from kumihimo.world.reference import VARIANT_SHARES

NAME_STYLES: Final = ("register", "narrow-space", "no-space", "common-character", "mistaken")
KANA_STYLES: Final = ("register", "half-width", "large-letters", "hiragana")
BIRTH_STYLES: Final = ("register", "basic", "era", "era-letter")
SEX_STYLES: Final = ("register", "kanji", "letter")
ADDRESS_STYLES: Final = ("register", "hyphens", "wide-digits", "kanji-chome", "no-building", "no")
DIFFERENT: Final = frozenset({"mistaken"})

# Old forms, from the form registered to the one that an office without it writes: one name, by
# the notices on the family register.
_OLD_FORMS: Final = (
    ("澤", "沢"), ("邊", "辺"), ("邉", "辺"), ("嶋", "島"), ("濱", "浜"), ("齋", "斎"), ("齊", "斉"),
    ("眞", "真"), ("惠", "恵"), ("廣", "広"), ("國", "国"), ("龍", "竜"),
)  # fmt: skip
# Characters that people take for one another: who writes the other one writes another name.
_MISTAKEN: Final = (
    ("斎", "斉"), ("祐", "裕"), ("河", "川"), ("坂", "阪"), ("太", "大"), ("沙", "紗"), ("朗", "郎"),
    ("伊", "井"), ("萩", "荻"), ("千", "干"),
)  # fmt: skip
_ERAS: Final = (
    ("令和", "R", date(2019, 5, 1)),
    ("平成", "H", date(1989, 1, 8)),
    ("昭和", "S", date(1926, 12, 25)),
    ("大正", "T", date(1912, 7, 30)),
    ("明治", "M", date(1868, 10, 23)),
)
_WIDE: Final = {str(d): chr(0xFF10 + d) for d in range(10)}
_KANJI_DIGITS: Final = dict(zip("123456", "一二三四五六", strict=True))
_KATAKANA: Final = [chr(c) for c in range(0x30A1, 0x30F7)]
_HIRAGANA: Final = [chr(c - 0x60) for c in range(0x30A1, 0x30F7)]
_HALF: Final = dict(
    zip(
        "ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン",
        [chr(c) for c in range(0xFF66, 0xFF9E)],
        strict=True,
    )
)
_BANK_CELLS: Final = 30
_VOICED: Final = "ガギグゲゴザジズゼゾダヂヅデドバビブベボ"
_SEMIVOICED: Final = "パピプペポ"
_SMALL: Final = dict(zip("ァィゥェォッャュョ", "アイウエオツヤユヨ", strict=True))


def written_name(style: pl.Expr) -> pl.Expr:
    """Return the name in the style (index into `NAME_STYLES`); needs `name`, a full-width space in it."""
    name = pl.col("name")
    return _choose(
        style,
        name,
        name.str.replace_all("　", " ", literal=True),
        name.str.replace_all("[　 ]", ""),
        _mapped(
            name, {variant: common for common, variant, _ in VARIANT_SHARES} | dict(_OLD_FORMS)
        ),
        _mapped(name, dict(_MISTAKEN)),
    )


def written_kana(style: pl.Expr) -> pl.Expr:
    """Return the reading in the style (`KANA_STYLES`); needs `name_kana` in full-width katakana."""
    kana = pl.col("name_kana")
    return _choose(
        style,
        kana,
        _mapped(kana, _half_width()).str.replace_all("　", " ", literal=True),
        _mapped(kana, _SMALL),
        _mapped(kana, dict(zip(_KATAKANA, _HIRAGANA, strict=True))),
    )


def bank_holder(kana: pl.Expr) -> pl.Expr:
    """Return a reading in full-width katakana as a bank keeps it: 30 cells of half width."""
    large = _mapped(kana, _SMALL | {"ヲ": "オ", "　": " "})
    return _mapped(large, _half_width() | {"ー": "-"}).str.slice(0, _BANK_CELLS)


def written_birth(style: pl.Expr) -> pl.Expr:
    """Return the birth date in the style (`BIRTH_STYLES`); needs `birth_date` (Date)."""
    day = pl.col("birth_date")
    year, month, of_month = (
        part.cast(pl.String) for part in (_era_year(), day.dt.month(), day.dt.day())
    )
    name, letter = _era(0), _era(1)
    first = pl.when(year == "1").then(pl.lit("元")).otherwise(year)
    return _choose(
        style,
        day.dt.strftime("%Y-%m-%d"),
        day.dt.strftime("%Y%m%d"),
        pl.concat_str(name, first, pl.lit("年"), month, pl.lit("月"), of_month, pl.lit("日")),
        pl.concat_str(letter, year, pl.lit("."), month, pl.lit("."), of_month),
    )


def written_sex(style: pl.Expr) -> pl.Expr:
    """Return the sex in the style (`SEX_STYLES`); needs `sex` as "1" or "2"."""
    man = pl.col("sex") == "1"
    return _choose(
        style,
        pl.col("sex"),
        pl.when(man).then(pl.lit("男")).otherwise(pl.lit("女")),
        pl.when(man).then(pl.lit("M")).otherwise(pl.lit("F")),
    )


def written_address(style: pl.Expr) -> pl.Expr:
    """Return the address in the style (`ADDRESS_STYLES`); needs the columns of a dwelling."""
    prefix = pl.concat_str("prefecture", "city", "town")
    chome, block, number = (pl.col(c).cast(pl.String) for c in ("chome", "block", "number"))
    lot = _lot(chome, block, number)
    numbered = pl.col("number") > 0
    tail = pl.when(numbered).then(pl.concat_str(pl.lit("-"), number)).otherwise(pl.lit(""))
    head = pl.when(pl.col("chome") > 0).then(pl.concat_str(chome, pl.lit("-")))
    hyphens = pl.concat_str(head.otherwise(pl.lit("")), block, tail)
    kanji = _lot(chome.replace(_KANJI_DIGITS), block, number)
    building = _building()
    return _choose(
        style,
        pl.concat_str(prefix, lot, building),
        pl.concat_str("city", "town", hyphens, building),
        pl.concat_str(prefix, _mapped(lot, _WIDE), building),
        pl.concat_str(prefix, kanji, building),
        pl.concat_str(prefix, lot),
        pl.concat_str(prefix, lot.str.replace("番地([0-9])", "番地の$1"), building),
    )


def _lot(chome: pl.Expr, block: pl.Expr, number: pl.Expr) -> pl.Expr:
    of_block = pl.concat_str(chome, pl.lit("丁目"), block, pl.lit("番"), number, pl.lit("号"))
    lot = pl.concat_str(block, pl.lit("番地"))
    with_number = pl.when(pl.col("number") > 0).then(pl.concat_str(lot, number)).otherwise(lot)
    return pl.when(pl.col("chome") > 0).then(of_block).otherwise(with_number)


def _building() -> pl.Expr:
    room = pl.col("room").cast(pl.String)
    written = pl.concat_str(pl.lit("　"), "building", room, pl.lit("号"))
    return pl.when(pl.col("room") > 0).then(written).otherwise(pl.lit(""))


def _era(part: int) -> pl.Expr:
    chosen = pl.lit("")
    for era in reversed(_ERAS):
        since = pl.col("birth_date") >= era[2]
        chosen = pl.when(since).then(pl.lit(str(era[part]))).otherwise(chosen)
    return chosen


def _era_year() -> pl.Expr:
    starts = pl.lit(_ERAS[-1][2].year)
    for _, _, since in reversed(_ERAS):
        starts = pl.when(pl.col("birth_date") >= since).then(since.year).otherwise(starts)
    return pl.col("birth_date").dt.year() - starts + 1


def _half_width() -> dict[str, str]:
    plain = dict(_HALF)
    plain |= {c: _HALF[chr(ord(c) - 1)] + "ﾞ" for c in _VOICED}
    plain |= {c: _HALF[chr(ord(c) - 2)] + "ﾟ" for c in _SEMIVOICED}
    return plain | {"ヴ": "ｳﾞ"}


def _mapped(text: pl.Expr, table: dict[str, str]) -> pl.Expr:
    return text.str.replace_many(list(table), list(table.values()))


def _choose(style: pl.Expr, first: pl.Expr, *others: pl.Expr) -> pl.Expr:
    chosen = first
    for number, other in enumerate(others, start=1):
        chosen = pl.when(style == number).then(other).otherwise(chosen)
    return chosen
