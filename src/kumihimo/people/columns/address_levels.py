"""How far the addresses of two columns agree, row by row: `people.address_levels` over columns."""

from typing import Final

import polars as pl

from kumihimo.people.address_levels import ROOM_DIGITS, ROOM_PLACE, AddressLevel
from kumihimo.people.columns.addresses import PARTS
from kumihimo.people.columns.distinct import put
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
    near = _near(*columns[len(PARTS) :])
    level = both.select(first_that_holds(near).alias("level")).to_series()
    left_over = level.is_null().arg_true()
    far = both.select(pl.all().gather(left_over)).select(level=_far()).to_series()
    return put(level, left_over, far)


def _near(*written: str) -> list[tuple[pl.Expr, AddressLevel]]:
    """Return the cases of most rows: each part is looked at alone."""
    same = _same
    return [
        (pl.col("towna").is_null() | pl.col("townb").is_null(), AddressLevel.MISSING),
        *((same(name), AddressLevel.EQUAL) for name in written),
        (_both("prefecture") & ~same("prefecture"), AddressLevel.DIFFERENT),
        *_in_one_lot(same("city") & same("town") & _one_lot()),
    ]


def _far() -> pl.Expr:
    """Return the level of rows that `_near` leaves."""
    told, same = _told, _same
    within = [told("town", side) | told("lot", side) for side in "ab"]
    in_one_town = pl.all_horizontal(
        pl.concat_str("citya", "towna") == pl.concat_str("cityb", "townb"), *within
    )
    no_city = ~_both("city")
    one_city = pl.col("citya").str.replace(_WARD, "${1}") == pl.col("cityb").str.replace(
        _WARD, "${1}"
    )
    last = _kinds() & (_is_room("a", "b") | _is_room("b", "a"))
    cases = [
        *_in_one_lot(in_one_town & _one_lot()),
        (in_one_town & last, AddressLevel.LAST_NUMBER),
        (in_one_town, AddressLevel.TOWN),
        (no_city & told("town", "a") & same("town") & _one_lot(), AddressLevel.NO_CITY),
        (~no_city & one_city, AddressLevel.CITY),
        (told("prefecture", "a") & same("prefecture"), AddressLevel.PREFECTURE),
    ]
    return first_that_holds(cases, AddressLevel.DIFFERENT)


def _in_one_lot(where: pl.Expr) -> list[tuple[pl.Expr, AddressLevel]]:
    same = _same
    alike = same("building") | (_told("room", "a") & ~_both("building"))
    return [
        (where & _both("room") & ~same("room"), AddressLevel.OTHER_ROOM),
        (where & same("room") & alike, AddressLevel.WITH_ROOM),
        (where, AddressLevel.WITHOUT_ROOM),
    ]


def _kinds() -> pl.Expr:
    return ~_both("lot_kind") | _same("lot_kind")


def _one_lot() -> pl.Expr:
    return _told("lot", "a") & _same("lot") & _kinds()


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
