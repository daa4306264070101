"""How far birth dates and sexes of two columns agree: `people.birth_levels` over columns."""

from typing import Final

import polars as pl

from kumihimo.people.birth_levels import BirthLevel, SexLevel
from kumihimo.people.births import ERAS
from kumihimo.people.columns.births import BIRTH_SCHEMA
from kumihimo.people.columns.levels import first_that_holds

_PLACES: Final = 8


def birth_levels(left: pl.DataFrame, right: pl.DataFrame) -> pl.Series:
    """Return the `BirthLevel` of each row of two frames of year, month and day.

    A row without a year has no date: it was null, or refused.
    """
    parts = [
        side.select(pl.col(list(BIRTH_SCHEMA)).cast(pl.Int32).name.suffix(mark))
        for side, mark in ((left, "a"), (right, "b"))
    ]
    digits = pl.concat(parts, how="horizontal").with_columns(
        (_part("year", mark) * 10_000 + _part("month", mark) * 100 + _part("day", mark)).alias(mark)
        for mark in "ab"
    )
    return digits.select(_level().alias("level")).to_series()


def sex_levels(left: pl.Series, right: pl.Series) -> pl.Series:
    """Return the `SexLevel` of each row of two columns of "1", "2", "" or null."""
    a, b = pl.col("a"), pl.col("b")
    told = ((a != "") & (b != "")).fill_null(value=False)
    level = first_that_holds(
        [(~told, SexLevel.MISSING), (a == b, SexLevel.EQUAL)], SexLevel.DIFFERENT
    )
    return pl.DataFrame({"a": left, "b": right}).select(level.alias("level")).to_series()


def _level() -> pl.Expr:
    same = {name: _part(name, "a") == _part(name, "b") for name in BIRTH_SCHEMA}
    known = [_part(name, mark).is_not_null() for name in BIRTH_SCHEMA for mark in "ab"]
    differ = pl.sum_horizontal(~one for one in same.values())
    turned = (
        same["year"]
        & (_part("month", "a") == _part("day", "b"))
        & (_part("day", "a") == _part("month", "b"))
    )
    era = same["month"] & same["day"] & (_of_era("a") == _of_era("b")) & (_of_era("a") != 0)
    cases = [
        (_part("year", "a").is_null() | _part("year", "b").is_null(), BirthLevel.MISSING),
        (
            pl.any_horizontal(~one for one in known)
            & pl.all_horizontal(one.fill_null(value=True) for one in same.values()),
            BirthLevel.UNKNOWN,
        ),
        (pl.any_horizontal(~one for one in known), BirthLevel.DIFFERENT),
        (differ == 0, BirthLevel.EQUAL),
        (era, BirthLevel.ERA),
        (turned, BirthLevel.TURNED),
        (_crossed(), BirthLevel.DIGITS),
        (differ == 1, BirthLevel.PART),
    ]
    return first_that_holds(cases, BirthLevel.DIFFERENT)


def _part(name: str, mark: str) -> pl.Expr:
    return pl.col(name + mark)


def _of_era(mark: str) -> pl.Expr:
    """Return the year in the era of the day, or 0 before 明治."""
    found = pl.lit(0)
    for _, _, starts in reversed(ERAS):
        since = pl.col(mark) >= starts.year * 10_000 + starts.month * 100 + starts.day
        found = pl.when(since).then(_part("year", mark) - starts.year + 1).otherwise(found)
    return found


def _crossed() -> pl.Expr:
    """Say whether two of the eight digits have changed places: two differ, and crosswise."""
    pairs = [tuple(pl.col(mark) // 10**place % 10 for mark in "ab") for place in range(_PLACES)]
    apart = pl.sum_horizontal(a != b for a, b in pairs)
    # Two digits that differ are each other's if and only if sum and sum of squares agree.
    sums = [
        pl.sum_horizontal(a**power for a, _ in pairs)
        == pl.sum_horizontal(b**power for _, b in pairs)
        for power in (1, 2)
    ]
    return (apart == 2) & sums[0] & sums[1]  # noqa: PLR2004 -- two digits
