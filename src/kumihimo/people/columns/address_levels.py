"""How far the addresses of two columns agree, row by row: `people.address_levels` over columns."""

from typing import Final

import polars as pl

from kumihimo.people.address_levels import ROOM_DIGITS, ROOM_PLACE, AddressLevel
from kumihimo.people.columns.addresses import PARTS
from kumihimo.people.columns.levels import first_that_holds

WRITTEN: Final = "written"
_WARD: Final = "^(.+市)(.+区)$"


def address_levels(left: pl.DataFrame, right: pl.DataFrame) -> pl.Series:
    """Return the `AddressLevel` of each row of two frames of `PARTS` (String, none null).

    Where both frames have a column `written`, what is written alike is `EQUAL`. A row whose parts
    are null has no address: it was null, or refused.
    """
    sides = (left, right)
    columns = [*PARTS, *([WRITTEN] if all(WRITTEN in side.columns for side in sides) else [])]
    both = pl.concat(
        [
            side.select(pl.col(columns).name.suffix(mark))
            for side, mark in zip(sides, "ab", strict=True)
        ],
        how="horizontal",
    )
    return both.select(_level(*columns[len(PARTS) :]).alias("level")).to_series()


def _level(*written: str) -> pl.Expr:
    told, same = _told, _same
    apart = _both("prefecture") & ~same("prefecture")
    in_one_town = (pl.concat_str("citya", "towna") == pl.concat_str("cityb", "townb")) & (
        told("town", "a") | told("lot", "a")
    )
    kinds = ~_both("lot_kind") | same("lot_kind")
    one_lot = told("lot", "a") & same("lot") & kinds
    other_room = _both("room") & ~same("room")
    alike = same("building") | (told("room", "a") & ~_both("building"))
    no_city = ~_both("city")
    one_city = pl.col("citya").str.replace(_WARD, "${1}") == pl.col("cityb").str.replace(
        _WARD, "${1}"
    )
    cases = [
        (pl.col("towna").is_null() | pl.col("townb").is_null(), AddressLevel.MISSING),
        *((same(name), AddressLevel.EQUAL) for name in written),
        (apart, AddressLevel.DIFFERENT),
        (in_one_town & one_lot & other_room, AddressLevel.OTHER_ROOM),
        (in_one_town & one_lot & same("room") & alike, AddressLevel.WITH_ROOM),
        (in_one_town & one_lot, AddressLevel.WITHOUT_ROOM),
        (in_one_town & kinds & (_is_room("a", "b") | _is_room("b", "a")), AddressLevel.LAST_NUMBER),
        (in_one_town, AddressLevel.TOWN),
        (no_city & told("town", "a") & same("town") & one_lot, AddressLevel.NO_CITY),
        (~no_city & one_city, AddressLevel.CITY),
        (told("prefecture", "a") & same("prefecture"), AddressLevel.PREFECTURE),
    ]
    return first_that_holds(cases, AddressLevel.DIFFERENT)


def _told(part: str, side: str) -> pl.Expr:
    return pl.col(part + side) != ""


def _both(part: str) -> pl.Expr:
    return _told(part, "a") & _told(part, "b")


def _same(part: str) -> pl.Expr:
    return pl.col(f"{part}a") == pl.col(f"{part}b")


def _is_room(longer: str, shorter: str) -> pl.Expr:
    """Say whether the last number of a lot may be a room in the other side's lot."""
    lot, room = pl.col(f"lot{longer}"), pl.col(f"room{shorter}")
    last = lot.str.extract("-([0-9]+)$", 1)
    may_be = (last.str.len_chars() >= ROOM_DIGITS) | (
        lot.str.count_matches("-", literal=True) + 1 >= ROOM_PLACE
    )
    ends = _told("lot", shorter) & (lot == pl.concat_str(f"lot{shorter}", pl.lit("-"), last))
    return (ends & pl.when(room != "").then(last == room).otherwise(may_be)).fill_null(value=False)
