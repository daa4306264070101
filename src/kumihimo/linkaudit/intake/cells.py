"""What stands in the cells of one row: attributes as written, or the reason why it cannot be judged.

Only a number is brought to one form here (twelve digits), because it is the key of the join; what
a person is called and where she lives stays as her office writes it. One look at a column tells
which rows need another: nearly all cells are as they should be.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.linkaudit.intake.mapping import Dates
from kumihimo.linkaudit.schema import Fault
from kumihimo.people.births import BadBirthDate, BirthDate
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.columns.births import birth_days
from kumihimo.people.columns.check_digits import check_digits_individual
from kumihimo.people.sexes import BadSex, Sex

TEXT_CHARS_MAX: Final = 500  # our choice: five times the longest address that was seen
NUMBER_DIGITS: Final = 12
# What systems write for a character that they do not have.
LOST: Final = "●○◯■□〓?\ufffd\ue000-\uf8ff"
_DATES_MAX: Final = 500_000  # our choice: some ten ways of writing each day of a century
_NUMBER: Final = f"^[0-9]{{{NUMBER_DIGITS}}}$"
_SHORT: Final = f"^[0-9]{{1,{NUMBER_DIGITS - 1}}}$"
_WIDE_DIGITS: Final = {chr(0xFF10 + d): str(d) for d in range(10)}
_SEPARATORS: Final = (
    "[ \u00a0\u3000\\-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\u30fc\uff70]"
)
_ROUNDED: Final = r"^[0-9](\.[0-9]+)?[eE]\+?[0-9]+$"
_BREAKS: Final = r"[\r\n\t\x0b\x0c\x{2028}\x{2029}]+"
_CONTROLS: Final = r"\p{Cc}\p{Zl}\p{Zp}"
# Empty, with spaces around it, or with a character that a text should not have.
_ODD: Final = rf"^(?:\s|$)|\s$|[{_CONTROLS}{LOST}]"
# A day as 1990-04-01 or 19900401, without the last of February in a leap year: that is looked up.
_DAY: Final = "^(?:19|20)[0-9]{2}(?:" + "|".join(
    f"{sign}(?:0[13578]|1[02]){sign}(?:0[1-9]|[12][0-9]|3[01])"
    f"|{sign}(?:0[469]|11){sign}(?:0[1-9]|[12][0-9]|30)"
    f"|{sign}02{sign}(?:0[1-9]|1[0-9]|2[0-8])"
    for sign in ("-", "")
) + ")$"  # fmt: skip
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


@attrs.frozen(eq=False)
class Column:
    """One column of a block: as it is read (null: nothing), and as it stood, without spaces around.

    `faults` says what is wrong with a row, null for nothing; None where nothing is with any. `same`
    says that every cell is read as it stood. `lost` is the rows that have lost a character, None for none.
    """

    read: pl.Series
    told: pl.Series
    faults: pl.Series | None
    same: bool
    lost: pl.Series | None = None


def read_cells(block: pl.DataFrame, reading: Reading) -> dict[str, Column]:
    """Read the columns of a block; null or "" is nothing."""
    return {name: _read(name, block[name], reading) for name in reading.columns}


def _read(name: str, column: pl.Series, reading: Reading) -> Column:
    match name:
        case "number":
            found = _numbers(column, reading)
        case "birth":
            if reading.dates == "written":
                found = _days(column)
            else:
                found = _by_value(column, lambda text: _birth(text, reading.dates))
        case "sex":
            found = _by_value(column, _sex)
        case _:
            found = _texts(column)
    if name in reading.required and found.read.null_count():
        faults = found.faults if found.faults is not None else _nothing(len(column))
        empty = found.read.is_null() & faults.is_null()
        return attrs.evolve(found, faults=faults.set(empty, str(Fault.EMPTY)))
    return found


def _days(column: pl.Series) -> Column:
    """Read birth dates that are kept as they are written."""
    odd = _where(~column.str.contains(_DAY))
    bare = column.gather(odd).str.strip_chars()
    read = bare.set(birth_days(bare).is_null(), None)
    return _put(column, odd, read, bare, _unreadable(read, bare))


def _by_value(column: pl.Series, read: Callable[[str], str | None]) -> Column:
    """Read a column of few values, each of them once; None is what is unreadable."""
    bare = column.str.strip_chars()
    others: dict[str, str | None] = {}
    for text in bare.unique().drop_nulls().to_list():
        reading = read(text) if text else None
        if reading != text:
            others[text] = reading
    found = bare
    if others:
        found = bare.replace(list(others), pl.Series(list(others.values()), dtype=pl.String))
    return _put(column, None, found, bare, _unreadable(found, bare))


def _unreadable(read: pl.Series, bare: pl.Series) -> pl.Series:
    return _where(read.is_null() & bare.is_not_null() & (bare != ""))


def _where(rows: pl.Series) -> pl.Series:
    return rows.fill_null(value=False).arg_true()


def _nothing(length: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, length)


def _put(
    column: pl.Series,
    odd: pl.Series | None,
    read: pl.Series,
    told: pl.Series,
    bad: pl.Series,
    lost: pl.Series | None = None,
) -> Column:
    """Return a column of which the `odd` rows were looked at: what was read there, `bad` among them."""
    faults = None
    if len(bad):
        at = bad if odd is None else odd.gather(bad)
        faults = _faults(len(column), at, Fault.UNREADABLE)
    whole, bare = (_with(column, odd, found) for found in (read, told))
    return Column(whole, bare, faults, whole is column, lost)


def _with(column: pl.Series, odd: pl.Series | None, found: pl.Series) -> pl.Series:
    """Return the column with what was found at some rows; the very column if it stood there."""
    before = column if odd is None else column.gather(odd)
    if before.eq_missing(found).all():
        return column
    if odd is None:
        return found
    places = pl.DataFrame({"at": odd, "found": found})
    rows = column.rename("text").to_frame().with_row_index("at")
    joined = rows.join(places, on="at", how="left", maintain_order="left")
    at = pl.lit(pl.int_range(len(column), eager=True, dtype=pl.UInt32).is_in(odd.implode()))
    return joined.select(pl.when(at).then("found").otherwise("text").alias("text")).to_series()


def plain_number(column: pl.Series) -> pl.Series:
    """Return numbers with ASCII digits and without separators; null for an empty text."""
    found = column.str.replace_many(_WIDE_DIGITS).str.replace_all(_SEPARATORS, "")
    return found.set(found == "", None)


def bad_check_digits(numbers: pl.Series, space: NumberSpace) -> pl.Series:
    """Tell which of some numbers of twelve digits have a wrong check digit (null for null)."""
    digits = numbers.cast(pl.Int64).fill_null(0).to_numpy()
    body, check = np.divmod(digits, 10)
    wrong = pl.Series(check_digits_individual(body, space) != check)
    return wrong.set(numbers.is_null(), None) if numbers.null_count() else wrong


def _numbers(column: pl.Series, reading: Reading) -> Column:
    odd = _where(~column.str.contains(_NUMBER))
    if not len(odd):
        wrong = _where(bad_check_digits(column, reading.space))
        return Column(column, column, _faults(len(column), wrong, Fault.NUMBER), same=True)
    some = column.gather(odd)
    read = _with(column, odd, _padded(plain_number(some), reading.pad))
    told = _with(column, odd, some.str.strip_chars())
    whole = read.str.contains(_NUMBER)
    wrong = bad_check_digits(read.set(~whole, None), reading.space)
    form = (
        pl.when(pl.col("n").is_null())
        .then(None)
        .when(pl.col("n").str.contains(_ROUNDED))
        .then(pl.lit(Fault.ROUNDED))
        .when(pl.col("n").str.contains(_SHORT))
        .then(pl.lit(Fault.ZEROS))
        .when(~pl.col("whole") | pl.col("wrong"))
        .then(pl.lit(Fault.NUMBER))
        .otherwise(None)
    )
    table = pl.DataFrame({"n": read, "whole": whole, "wrong": wrong})
    faults = table.select(form.cast(pl.String).alias("fault"))["fault"]
    return Column(read, told, faults, read is column)


def _padded(plain: pl.Series, pad: int) -> pl.Series:
    if not pad:
        return plain
    short = plain.str.contains(_SHORT).fill_null(value=False)
    return plain.zip_with(~short, plain.str.zfill(pad))


def _faults(length: int, rows: pl.Series, fault: Fault) -> pl.Series | None:
    return _nothing(length).scatter(rows.to_list(), str(fault)) if len(rows) else None


def _texts(column: pl.Series) -> Column:
    """Read a text: a line break in a cell is layout and counts as a space."""
    odd = _where(column.str.contains(_ODD) | (column.str.len_bytes() > TEXT_CHARS_MAX))
    if not len(odd):
        return Column(column, column, None, same=True)
    some = column.gather(odd)
    one_line = some.str.replace_all(_BREAKS, "\u3000")
    read = one_line.set(one_line.str.strip_chars() == "", None)
    bad = read.str.contains(f"[{_CONTROLS}]") | (read.str.len_chars() > TEXT_CHARS_MAX)
    lost = odd.gather(_where(some.str.contains(f"[{LOST}]")))
    return _put(column, odd, read, some.str.strip_chars(), _where(bad), lost)


def is_date(text: str, dates: Dates) -> bool:
    """Tell whether a text is a date in a notation."""
    return _birth(text.strip(), dates) is not None


@lru_cache(maxsize=_DATES_MAX)
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
