"""What stands in the cells of one row: attributes as written, or the reason why it cannot be judged.

Only a number is brought to one form here (twelve digits), because it is the key of the join; what
a person is called and where she lives stays as her office writes it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.linkaudit.intake.mapping import Dates
from kumihimo.linkaudit.schema import Fault
from kumihimo.people.births import BadBirthDate, BirthDate
from kumihimo.people.check_digits import NumberSpace, check_digits_individual
from kumihimo.people.sexes import BadSex, Sex

TEXT_CHARS_MAX: Final = 500  # our choice: five times the longest address that was seen
NUMBER_DIGITS: Final = 12
_WIDE_DIGITS: Final = {chr(0xFF10 + d): str(d) for d in range(10)}
_SEPARATORS: Final = (
    "[ \u00a0\u3000\\-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\u30fc\uff70]"
)
_ROUNDED: Final = r"^[0-9](\.[0-9]+)?[eE]\+?[0-9]+$"
_BREAKS: Final = r"[\r\n\t\x0b\x0c\x{2028}\x{2029}]+"
_CONTROL: Final = r"[\p{Cc}\p{Zl}\p{Zp}]"
_ERA_DIGITS: Final = {"1": "明治", "2": "大正", "3": "昭和", "4": "平成", "5": "令和"}
_YYMMDD: Final = "(?P<y>[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"
_NOTATIONS: Final = {
    "gyymmdd": (f"(?P<era>[1-5]){_YYMMDD}", "{era}{y}年{m}月{d}日"),
    "yy-era": (f"(?P<era>[MTSHR]){_YYMMDD}", "{era}{y}.{m}.{d}"),
    "mdy": ("(?P<m>[0-9]{1,2})[/.-](?P<d>[0-9]{1,2})[/.-](?P<y>[0-9]{4})", "{y}-{m}-{d}"),
    "dmy": ("(?P<d>[0-9]{1,2})[/.-](?P<m>[0-9]{1,2})[/.-](?P<y>[0-9]{4})", "{y}-{m}-{d}"),
}
_SERIAL_MAX: Final = 109_574  # 2199-12-31
_EXCEL_EPOCH: Final = np.datetime64("1899-12-30")


@attrs.frozen
class Reading:
    """How the cells of one file are read; `columns` are those that are held."""

    columns: tuple[str, ...]
    required: tuple[str, ...]
    space: NumberSpace
    dates: Dates
    pad: int


def read_cells(table: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return the table with each column as the audit reads it, and the first fault of each row.

    In: `fault` (null: none so far), `column`, and the reading's columns as texts, an empty one
    meaning nothing. Out: the same, empty texts as null.
    """
    for name in reading.columns:
        if name == "number":
            read, faults = _numbers(table[name], reading)
        elif name == "birth":
            read, faults = _births(table[name], reading.dates)
        elif name == "sex":
            read, faults = _sexes(table[name])
        else:
            read, faults = _texts(table[name])
        missing = read.is_null() & faults.is_null()
        if name in reading.required:
            faults = faults.zip_with(~missing, _constant(Fault.EMPTY, len(faults)))
        table = _note(table.with_columns(read.alias(name)), name, faults)
    return table


def _note(table: pl.DataFrame, name: str, faults: pl.Series) -> pl.DataFrame:
    first = pl.col("fault").is_null() & faults.is_not_null()
    return table.with_columns(
        fault=pl.coalesce(pl.col("fault"), faults),
        column=pl.when(first).then(pl.lit(name)).otherwise(pl.col("column")),
    )


def _constant(word: str | None, length: int) -> pl.Series:
    return pl.Series([word], dtype=pl.String).new_from_index(0, length)


def plain_number(column: pl.Series) -> pl.Series:
    """Return numbers with ASCII digits and without separators; null for an empty text."""
    found = column.str.replace_many(_WIDE_DIGITS).str.replace_all(_SEPARATORS, "")
    return found.set(found == "", None)


def bad_check_digits(numbers: pl.Series, space: NumberSpace) -> pl.Series:
    """Tell which of some numbers of twelve digits have a wrong check digit (null for null)."""
    digits = numbers.cast(pl.Int64).fill_null(0).to_numpy()
    body, check = np.divmod(digits, 10)
    wrong = pl.Series(check_digits_individual(body, space) != check)
    return wrong.set(numbers.is_null(), None)


def _numbers(column: pl.Series, reading: Reading) -> tuple[pl.Series, pl.Series]:
    plain = plain_number(column)
    if reading.pad:
        short = plain.str.contains(f"^[0-9]{{1,{NUMBER_DIGITS - 1}}}$").fill_null(value=False)
        plain = plain.zip_with(~short, plain.str.zfill(reading.pad))
    whole = plain.str.contains(f"^[0-9]{{{NUMBER_DIGITS}}}$")
    wrong = bad_check_digits(plain.set(~whole, None), reading.space)
    form = (
        pl.when(pl.col("n").is_null())
        .then(None)
        .when(pl.col("n").str.contains(_ROUNDED))
        .then(pl.lit(Fault.ROUNDED))
        .when(pl.col("n").str.contains(f"^[0-9]{{1,{NUMBER_DIGITS - 1}}}$"))
        .then(pl.lit(Fault.ZEROS))
        .when(~pl.col("whole") | pl.col("wrong"))
        .then(pl.lit(Fault.NUMBER))
        .otherwise(None)
    )
    table = pl.DataFrame({"n": plain, "whole": whole, "wrong": wrong})
    return plain, table.select(form.cast(pl.String).alias("fault"))["fault"]


def _texts(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Read a text: a line break in a cell is layout and counts as a space."""
    one_line = column.str.replace_all(_BREAKS, "\u3000")
    read = one_line.set(one_line.str.strip_chars() == "", None)
    odd = read.str.contains(_CONTROL) | (read.str.len_chars() > TEXT_CHARS_MAX)
    faults = _constant(None, len(read))
    return read, faults.zip_with(
        ~odd.fill_null(value=False), _constant(Fault.UNREADABLE, len(read))
    )


def _births(column: pl.Series, dates: Dates) -> tuple[pl.Series, pl.Series]:
    return _by_value(column, lambda text: _birth(text, dates))


def _sexes(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    return _by_value(column, _sex)


def _by_value(column: pl.Series, read: Callable[[str], str | None]) -> tuple[pl.Series, pl.Series]:
    """Read a column of few values, each of them once; `read` returns None for what is unreadable."""
    distinct = column.str.strip_chars().unique().drop_nulls()
    texts = [text for text in distinct.to_list() if text]
    readings = {text: read(text) for text in texts}
    good = {text: found for text, found in readings.items() if found is not None}
    stripped = column.str.strip_chars()
    found = _replaced(stripped, good)
    bad = found.is_null() & (stripped != "")
    faults = _constant(None, len(column))
    return found, faults.zip_with(
        ~bad.fill_null(value=False), _constant(Fault.UNREADABLE, len(column))
    )


def _replaced(column: pl.Series, values: Mapping[str, str]) -> pl.Series:
    if not values:
        return _constant(None, len(column))
    return column.replace_strict(
        list(values), list(values.values()), default=None, return_dtype=pl.String
    )


def is_date(text: str, dates: Dates) -> bool:
    """Tell whether a text is a date in a notation."""
    return _birth(text.strip(), dates) is not None


@lru_cache(maxsize=200_000)
def _birth(text: str, dates: Dates) -> str | None:
    told = _told(text, dates)
    if told is None:
        return None
    try:
        BirthDate.parse(told)
    except BadBirthDate:
        return None
    return told


def _told(text: str, dates: Dates) -> str | None:
    """Return a date of a notation that has to be named, in one that is read without."""
    plain = re.sub(r"\s", "", text)
    if dates == "written":
        return text
    if dates == "serial":
        days = int(plain) if re.fullmatch("[0-9]{1,6}", plain) else 0
        return str(_EXCEL_EPOCH + days) if 0 < days <= _SERIAL_MAX else None
    pattern, form = _NOTATIONS[dates]
    found = re.fullmatch(pattern, plain.upper())
    if found is None:
        return None
    parts = found.groupdict()
    return form.format(**parts | {"era": _ERA_DIGITS.get(parts.get("era", ""), parts.get("era"))})


def _sex(text: str) -> str | None:
    try:
        Sex.parse(text)
    except BadSex:
        return None
    return text


def joined(parts: Sequence[pl.Expr], joint: str) -> pl.Expr:
    """Return several columns as one text: those that hold something, with `joint` between."""
    kept = [pl.when(part != "").then(part) for part in parts]
    return pl.concat_str(kept, separator=joint, ignore_nulls=True)
