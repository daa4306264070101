"""Addresses as offices write them: notations of the lot, with and without prefecture and building."""

from typing import Final

import numpy as np
import polars as pl

from kumihimo.world.audits.plan import Writing
from kumihimo.world.streams import Chance

# wide digits, 丁目 in kanji, half hyphens, full-width hyphens, 丁目 with a hyphen or 番地の
_NOTATIONS: Final = 5
_NO_BUILDING: Final = 0.2  # our choices from here
_ROOM_STYLES: Final = (0.6, 0.2, 0.2)  # 101号, 101号室, wide digits
_SECTION: Final = 0.03  # 大字 before a town
_SMALL_KE: Final = 0.2  # ヶ for ケ and the other way
_WIDE: Final = {str(d): chr(0xFF10 + d) for d in range(10)}
_KANJI: Final = dict(zip("123456", "一二三四五六", strict=True))
_WIDE_HYPHEN: Final = "\uff0d"


def write(dwelling: pl.DataFrame, shares: Writing, chance: Chance) -> pl.Series:
    """Return the address of each row; needs the columns of a dwelling."""
    count = len(dwelling)
    other = chance.flag(count, shares.lot_style)
    drawn = dwelling.with_columns(
        style=pl.Series(np.where(other, 1 + chance.below(count, _NOTATIONS), 0)),
        no_prefecture=pl.Series(chance.flag(count, shares.no_prefecture)),
        bare=pl.Series(chance.flag(count, _NO_BUILDING)),
        room_style=pl.Series(chance.pick(count, _ROOM_STYLES)),
        section=pl.Series(chance.flag(count, _SECTION)),
        ke=pl.Series(chance.flag(count, _SMALL_KE)),
    )
    prefecture = pl.when("no_prefecture").then(pl.lit("")).otherwise("prefecture")
    turned = pl.col("town").str.replace_many(["ヶ", "ケ"], ["ケ", "ヶ"])
    town = pl.when("ke").then(turned).otherwise("town")
    # 大字 stands before towns without 丁目, never before the ward of a city.
    rural = pl.col("section") & (pl.col("chome") == 0) & ~pl.col("town").str.contains("区")
    section = pl.when(rural).then(pl.lit("大字")).otherwise(pl.lit(""))
    return drawn.select(
        address=pl.concat_str(prefecture, "city", section, town, _lot(), _building())
    )["address"]


def _lot() -> pl.Expr:
    chome, block, number = (pl.col(c).cast(pl.String) for c in ("chome", "block", "number"))
    numbered = pl.col("number") > 0
    tail = pl.when(numbered).then(pl.concat_str(pl.lit("-"), number)).otherwise(pl.lit(""))
    plain = pl.concat_str(block, pl.lit("番"), number, pl.lit("号"))
    dashed = pl.concat_str(chome, pl.lit("-"), block, tail)
    in_chome = _by_style(
        pl.concat_str(chome, pl.lit("丁目"), plain),
        pl.concat_str(chome.replace(_KANJI), pl.lit("丁目"), plain),
        dashed,
        pl.concat_str(chome, pl.lit("丁目"), block, tail),
    )
    lot = pl.concat_str(block, pl.lit("番地"))
    after = pl.concat_str(lot, pl.lit("の"), number)
    without = _by_style(
        pl.when(numbered).then(pl.concat_str(lot, number)).otherwise(lot),
        pl.when(numbered).then(pl.concat_str(block, pl.lit("番"), number)).otherwise(lot),
        pl.concat_str(block, tail),
        pl.when(numbered).then(after).otherwise(lot),
    )
    return pl.when(pl.col("chome") > 0).then(in_chome).otherwise(without)


def _by_style(register: pl.Expr, kanji: pl.Expr, dashed: pl.Expr, last: pl.Expr) -> pl.Expr:
    style, wide = pl.col("style"), _WIDE | {"-": _WIDE_HYPHEN}
    return (
        pl.when(style == 0).then(register)
        .when(style == 1).then(_mapped(register, _WIDE))
        .when(style == 2).then(kanji)  # noqa: PLR2004
        .when(style == 3).then(dashed)  # noqa: PLR2004
        .when(style == 4).then(_mapped(dashed, wide))  # noqa: PLR2004
        .otherwise(last)
    )  # fmt: skip


def _building() -> pl.Expr:
    room = pl.col("room").cast(pl.String)
    written = (
        pl.when(pl.col("room_style") == 0).then(pl.concat_str("building", room, pl.lit("号")))
        .when(pl.col("room_style") == 1).then(pl.concat_str("building", room, pl.lit("号室")))
        .otherwise(pl.concat_str("building", _mapped(room, _WIDE)))
    )  # fmt: skip
    inside = (pl.col("room") > 0) & ~pl.col("bare")
    return pl.when(inside).then(pl.concat_str(pl.lit("　"), written)).otherwise(pl.lit(""))


def _mapped(text: pl.Expr, table: dict[str, str]) -> pl.Expr:
    return text.str.replace_many(list(table), list(table.values()))
