"""Birth dates and sex over columns, as `people.births` and `people.sexes` read them.

The forms that most offices write are read by whole columns. Every other text goes to the scalar
function, each distinct one once, and so does every day that its calendar or era does not have.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

import polars as pl

from kumihimo.people.births import ERAS, Born, read_birth
from kumihimo.people.columns.distinct import (
    REASON,
    Memory,
    read_all,
    read_distinct,
    require_texts,
    table,
)
from kumihimo.people.sexes import Sex

BIRTH_SCHEMA: Final[Mapping[str, type[pl.DataType]]] = MappingProxyType(
    {"year": pl.Int16, "month": pl.Int8, "day": pl.Int8}
)
# 1990-04-01 and 19900401.
_IN_ONE: Final = "^[0-9]{4}(?:-[0-9]{2}-|[0-9]{2})[0-9]{2}$"
# 平成2年4月1日, H2.4.1, 1990年4月1日: era and year or four digits, month, day.
_ERA: Final = "|".join(f"{name}|{letter}" for name, letter, _ in ERAS)
_APART: Final = (
    f"^(?:({_ERA})(元|[0-9]{{1,2}})|([0-9]{{4}}))[年./-]([0-9]{{1,2}})[月./-]([0-9]{{1,2}})日?$"
)
_NEVER: Final = 99_999_999


def birth_columns(texts: pl.Series, *, era_codes: bool = False) -> pl.DataFrame:
    """Return year, month and day (null where unknown) and `reason`, as `births.read_birth` reads.

    Where it refuses a text all three are null and `reason` tells why, without quoting it. A year is
    null for no other reason. Raises `TypeError` if the column holds no texts.
    """
    days = birth_days(texts, era_codes=era_codes)
    read = partial(read_birth, era_codes=era_codes)
    refused = read_distinct(require_texts(texts).set(days.is_not_null(), None), read, tuple, {})
    parts = {"year": days // 10_000, "month": days // 100 % 100, "day": days % 100}
    return pl.DataFrame({**parts, REASON: refused[REASON]}).with_columns(
        pl.when(pl.col(name) != 0).then(pl.col(name)).cast(kind)
        for name, kind in BIRTH_SCHEMA.items()
    )


def birth_days(texts: pl.Series, *, era_codes: bool = False) -> pl.Series:
    """Return days as 19900401 (Int32), 00 for an unknown part; null for what is refused, and null.

    Raises `TypeError` if the column holds no texts.
    """
    table, at = _DAYS[era_codes].look_up(texts)
    return table["day"].gather(at).alias(texts.name)


def _read_days(texts: pl.Series, *, era_codes: bool) -> pl.DataFrame:
    days = _in_one(texts)
    apart = days.is_null().arg_true()
    days = days.scatter(apart, _apart(texts.gather(apart)))
    odd = days.is_null().arg_true()
    read = partial(read_birth, era_codes=era_codes)
    others = read_all(texts.gather(odd), read, _day, {"day": pl.Int32})
    return days.scatter(odd, others["day"]).alias("day").to_frame()


_DAYS: Final = {codes: Memory(partial(_read_days, era_codes=codes)) for codes in (False, True)}


def _day(born: Born) -> tuple[int]:
    year, month, day = born
    return (year * 10_000 + (month or 0) * 100 + (day or 0),)


def _in_one(texts: pl.Series) -> pl.Series:
    """Return the days of texts like 1990-04-01 and 19900401; null for every other."""
    text = pl.col("text")
    digits = pl.when(text.str.contains(_IN_ONE)).then(text.str.replace_all("-", "", literal=True))
    frame = texts.alias("text").to_frame().select(day=digits.cast(pl.Int32))
    return frame.select(pl.when(_in_calendar()).then("day")).to_series()


def _apart(texts: pl.Series) -> pl.Series:
    """Return the days of texts that write year, month and day apart; null for every other."""
    names = ("era", "count", "western", "month", "day")
    parts = texts.str.extract_groups(_APART).struct.rename_fields(names).struct.unnest()
    parts = parts.join(_eras(), on="era", how="left", maintain_order="left")
    count = pl.col("count").replace("元", "1").cast(pl.Int32)
    year = pl.coalesce(pl.col("western").cast(pl.Int32), pl.col("before") + count)
    day = year * 10_000 + pl.col("month").cast(pl.Int32) * 100 + pl.col("day").cast(pl.Int32)
    of_era = (count > 0) & (day >= pl.col("since")) & (day < pl.col("until"))
    days = parts.select(day=pl.when(pl.col("era").is_null() | of_era).then(day))
    return days.select(pl.when(_in_calendar()).then("day")).to_series()


def _eras() -> pl.DataFrame:
    """Return, by name or letter, the year before an era, its first day and the next one's."""
    starts = [_day((day.year, day.month, day.day))[0] for *_, day in ERAS]
    ends = [_NEVER, *starts]
    rows = [
        (written, starts[n] // 10_000 - 1, starts[n], ends[n])
        for n, era in enumerate(ERAS)
        for written in era[:2]
    ]
    schema = {"era": pl.String, "before": pl.Int32, "since": pl.Int32, "until": pl.Int32}
    return table(rows, schema)


def _in_calendar() -> pl.Expr:
    """Say where `day` is one of the calendar, with nothing unknown."""
    year, month, day = pl.col("day") // 10_000, pl.col("day") // 100 % 100, pl.col("day") % 100
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    february = pl.when(leap).then(29).otherwise(28)
    short = pl.when(month.is_in([4, 6, 9, 11])).then(30).otherwise(31)
    last = pl.when(month == 2).then(february).otherwise(short)  # noqa: PLR2004 -- February
    return (year > 0) & month.is_between(1, 12) & day.is_between(1, last)


def sexes(texts: pl.Series) -> pl.Series:
    """Return "1", "2", or "" where unknown; null for null and for what `Sex.parse` refuses."""
    table, at = _SEXES.look_up(texts)
    return table["sex"].gather(at).alias(texts.name)


def _read_sexes(texts: pl.Series) -> pl.DataFrame:
    return read_all(texts, Sex.parse, lambda sex: (sex.value if sex else "",), {"sex": pl.String})


_SEXES: Final = Memory(_read_sexes)
