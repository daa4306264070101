"""What stands before the first digit of usual addresses: prefecture, city, town, first of the lot.

`Places.split` over columns; the town by the scalar form, each distinct one once.
"""

import re
from functools import cache, lru_cache
from typing import Final

import polars as pl

from kumihimo.people.addresses import JOINTS, KEPT, address_parts, parts_in_town, places
from kumihimo.people.columns.distinct import strings, table
from kumihimo.people.columns.pieces import WORD, usual_head
from kumihimo.people.kyoto import CITY as KYOTO
from kumihimo.people.lots import IDEOGRAPHS, LotKind
from kumihimo.people.numerals import NUMERALS, read_numerals
from kumihimo.people.places import PREFECTURES
from kumihimo.people.variants import fold_variants

HEAD: Final = strings(("prefecture", "city", "town", "lot", "lot_kind"))
_WORDS: Final = f"^[{WORD}]+$"
# 之 is an ideograph and a joint: two of them look at each other.
_UNLIKE: Final = f"之[之々]|{KEPT}"
_CHOME: Final = f"^(.*[^{NUMERALS}第ー])([{NUMERALS}]{{1,3}})丁目$"
# What a head may hold of the lot, with a 1 for the rest: 2-1, 甲1.
_FIRST: Final = re.compile("(?:[0-9]+-)*[^0-9/]?1")
# The country has some 120,000 towns, each written in a few ways: an audit in parts reads them once.
TOWNS_KEPT: Final = 1 << 19
_TURN: Final = "[上下東西][がガ]?[るル入]"


def read_heads(heads: pl.Series) -> pl.DataFrame:
    """Return the columns of `HEAD` for each head; null where it cannot be read by itself.

    `lot` is what the head holds of the lot ("2-" of 二丁目, "甲"), to be put before the rest.
    """
    whole = heads.alias("head").to_frame().with_row_index("place")
    frame = whole.filter(usual_head(pl.col("head")))
    plain = pl.col("head").str.contains(_WORDS) & ~pl.col("head").str.contains(_UNLIKE)
    words = _read_towns(_split(_with_one_letter_each(frame.filter(plain))))
    others = [(place, *_read_alone(head)) for place, head in frame.filter(~plain).iter_rows()]
    schema: dict[str, type[pl.DataType]] = {"place": pl.UInt32, **HEAD}
    read = pl.concat([words, table(others, schema)])
    return whole.join(read, on="place", how="left", maintain_order="left").select(list(HEAD))


def _read_alone(head: str) -> tuple[str | None, ...]:
    parts = address_parts(head + "1")
    if parts.building or parts.room or not _FIRST.fullmatch(parts.lot):
        return (None,) * len(HEAD)
    return parts.prefecture, parts.city, parts.town, parts.lot[:-1], parts.lot_kind.value


def _with_one_letter_each(frame: pl.DataFrame) -> pl.DataFrame:
    """`addresses.one_letter_each`. No look-around here, so what may overlap is done twice."""
    letters = set("".join(frame["head"]))
    folded = {one: other for one in letters if (other := fold_variants(one)) != one}
    head, word = pl.col("head").str.replace_many(folded), f"[{IDEOGRAPHS}]"
    head = head.str.replace_all(f"({word})々", "${1}${1}").str.replace_all(
        f"({word})[ヶヵ]", "${1}ケ"
    )
    for written, one in JOINTS:
        for _ in range(2):
            head = head.str.replace_all(f"({word})[{written}]({word})", f"${{1}}{one}${{2}}")
    return frame.with_columns(head)


def _split(frame: pl.DataFrame) -> pl.DataFrame:
    """`places.split_prefecture` and `Places.split`: the longest name that may stand there."""
    written = pl.col("head").str.extract(f"^({'|'.join(PREFECTURES)})", 1).fill_null("")
    codes = {name: f"{code:02}" for code, name in enumerate(PREFECTURES, start=1)}
    frame = frame.with_columns(written=written).select(
        "place",
        code=pl.col("written").replace_strict(codes, default=""),
        rest=pl.col("head").str.strip_prefix(pl.col("written")),
    )
    known, rest = _names(), pl.col("rest")
    number = pl.coalesce(
        pl.concat_str("code", rest.str.head(length)).replace_strict(
            known["key"], known["number"], default=None
        )
        for length in places().lengths
    )
    found = frame.with_columns(number=number).join(
        known, on="number", how="left", maintain_order="left"
    )
    return found.select(
        "place",
        prefecture=pl.col("prefecture").fill_null(pl.col("code")),
        city=pl.col("city").fill_null(""),
        town=rest.str.strip_prefix(pl.col("name").fill_null("")),
    )


@cache
def _names() -> pl.DataFrame:
    """Return what each name means behind no prefecture (code "") and behind those that have it."""
    rows = list[tuple[str, str, str, str]]()
    listed = places()
    for name in {*listed.sure, *listed.villages}:
        found = listed.sure.get(name, ()) + listed.villages.get(name, ())
        for code in {"", *(one.prefecture for one in found)}:
            prefecture, city, rest = listed.split(code, name)
            if city and not rest:
                rows.append((code + name, name, prefecture, city))
    schema = strings(("key", "name", "prefecture", "city"))
    return table(rows, schema).with_row_index("number")


def _read_towns(frame: pl.DataFrame) -> pl.DataFrame:
    """Read each distinct town once. Only in Kyoto does the city make a difference to it."""
    town, chome = pl.col("town"), pl.col("chome")
    here = pl.when(pl.col("city").str.starts_with(KYOTO)).then("city").otherwise(pl.lit(""))
    counted = pl.when(~town.str.contains(_TURN)).then(town.str.extract(_CHOME, 2)).fill_null("")
    frame = frame.with_columns(here=here, chome=counted).with_columns(
        town=pl.when(chome == "")
        .then(town)
        .otherwise(town.str.strip_suffix(pl.concat_str(chome, pl.lit("丁目"))))
    )
    distinct = frame.select("here", "town").unique()
    read = [(here, town, *_read_town(here, town)) for here, town in distinct.iter_rows()]
    numbers = {one: f"{read_numerals(one)}-" for one in frame["chome"].unique() if one}
    keys = strings(("here", "town", "core", "lot", "lot_kind"))
    joined = frame.join(
        table(read, keys),
        on=["here", "town"],
        how="left",
        maintain_order="left",
    ).with_columns(first=chome.replace_strict(numbers, default=""))
    alone = pl.col("lot").is_not_null() & ((chome == "") | (pl.col("lot") == ""))
    return joined.select(
        "place",
        *(
            pl.when(alone).then(value).alias(name)
            for name, value in (
                ("prefecture", pl.col("prefecture")),
                ("city", pl.col("city")),
                ("town", pl.col("core")),
                ("lot", pl.concat_str("first", "lot")),
                (
                    "lot_kind",
                    pl.when(chome == "").then("lot_kind").otherwise(pl.lit(LotKind.CHOME.value)),
                ),
            )
        ),
    )


@lru_cache(maxsize=TOWNS_KEPT)
def _read_town(city: str, town: str) -> tuple[str | None, str | None, str | None]:
    parts = parts_in_town(city, town + "1")
    if parts.building or parts.room or not _FIRST.fullmatch(parts.lot):
        return None, None, None
    return parts.town, parts.lot[:-1], parts.lot_kind.value
