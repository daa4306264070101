"""Birth dates as offices write them. An unknown part is never equal to anything."""

import re
from datetime import date
from typing import Final, Self, TypeAlias

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.numerals import NUMERALS, read_numerals
from kumihimo.people.text import without_spaces

# Year, month, day in the western calendar; None where unknown.
Born: TypeAlias = tuple[int, int | None, int | None]

_CHARS_MAX: Final = 32  # our choice: twice the longest form, 昭和64年12月31日生
_UNKNOWN: Final = frozenset({"00", "0", "99", "不詳", "不明"})
# Name, letter and first day, the newest first; the years of an era count from its first day's.
ERAS: Final = (
    ("令和", "R", date(2019, 5, 1)),
    ("平成", "H", date(1989, 1, 8)),
    ("昭和", "S", date(1926, 12, 25)),
    ("大正", "T", date(1912, 7, 30)),
    ("明治", "M", date(1868, 10, 23)),
)
# Business systems number the eras; no law does, so a column has them only where somebody says so.
_CODES: Final = {"5": 0, "4": 1, "3": 2, "2": 3, "1": 4}
_BY_NAME: Final = {
    written: index
    for index, (name, letter, _) in enumerate(ERAS)
    for written in (name, letter, name[0])
}
_SIGNS: Final = {
    **{0xFF10 + d: str(d) for d in range(10)},
    **dict(zip(map(ord, "㋿㍻㍼㍽㍾"), (name for name, _, _ in ERAS), strict=True)),
    0xFF0E: ".", 0xFF0F: "/", 0xFF0D: "-", 0x2212: "-", 0x2010: "-",
}  # fmt: skip
_NUMERALS: Final = re.compile(f"[{NUMERALS}]+")
_PART = r"([0-9]{1,2}|不詳|不明)?"
_REST = rf"[年./-]{_PART}[月./-]?(?:{_PART}日?|[上中下]旬)(頃|ころ|ごろ)?生?(?:まれ)?"
_ERA = re.compile(rf"(令和?|平成?|昭和?|大正?|明治?|[RHSTM])(元|[0-9]{{1,2}}){_REST}")
_SHORT_ERA = re.compile(r"([RHSTM])([0-9]{2})([0-9]{2})([0-9]{2})")
_CODED = re.compile(r"([1-5])([0-9]{2})([0-9]{2})([0-9]{2})")
_CODED_APART = re.compile(r"([1-5])[./-]([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{1,2})")
_BASIC = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})")
_WESTERN = re.compile(rf"([0-9]{{4}}){_REST}")


class BadBirthDate(BadInput):
    """A birth date is no date, or a day that its era does not have."""

    code = "bad-birth-date"
    title = "The birth date is not a date"


def read_birth(text: str, *, era_codes: bool = False) -> Born:
    """Read 1990-04-01, 19900401, 平成2年4月1日, 平2.4.1, H020401, 元年, 不詳, 上旬, 頃.

    What is 頃 (about) is unknown. With `era_codes` also 4-02-04-01 and 4020401, 1 to 5 for 明治 to
    令和: a convention of business systems. Raises `BadBirthDate`; a year is always known.
    """
    if len(text) > _CHARS_MAX:
        raise BadBirthDate(f"birth: at most {_CHARS_MAX} characters, {len(text)} were given")
    plain = without_spaces(text).translate(_SIGNS).upper()
    western = _BASIC.fullmatch(plain)
    if western is not None:
        return _checked(int(western[1]), _part(western[3]), _part(western[4]))
    if not plain.isascii():
        plain = _NUMERALS.sub(lambda found: str(read_numerals(found[0])), plain)
    western = _WESTERN.fullmatch(plain)
    if western is not None:
        return _checked(int(western[1]), *_about(western))
    era = _ERA.fullmatch(plain)
    if era is not None:
        return _in_era(_BY_NAME[era[1]], era[2], *_about(era))
    short = _SHORT_ERA.fullmatch(plain)
    if short is not None:
        return _in_era(_BY_NAME[short[1]], short[2], _part(short[3]), _part(short[4]))
    coded = _CODED.fullmatch(plain) or _CODED_APART.fullmatch(plain)
    if era_codes and coded is not None:
        return _in_era(_CODES[coded[1]], coded[2], _part(coded[3]), _part(coded[4]))
    raise BadBirthDate("birth: a date such as 1990-04-01 or 平成2年4月1日 is expected")


@attrs.frozen(repr=False, str=False, order=False)
class BirthDate(Withheld[Born]):
    """生年月日: year, month and day in the western calendar, None where the register has 不詳.

    Keeps what was written too; two notations of one day are equal. A year is always known: no
    notation of a date without one was found.
    """

    _written: str = attrs.field(default="", eq=False, kw_only=True, alias="written")

    @classmethod
    def parse(cls, text: str, *, era_codes: bool = False) -> Self:
        """Read what `read_birth` reads. Raises `BadBirthDate`."""
        return cls(read_birth(text, era_codes=era_codes), written=text)

    def reveal_written(self) -> str:
        """Return the date as it was written."""
        return self._written

    def reveal_canonical(self) -> str:
        """Return 1990-04-01, with 00 for what is unknown."""
        year, month, day = self._value
        return f"{year:04}-{month or 0:02}-{day or 0:02}"

    def reveal_day(self) -> date | None:
        """Return the exact day, or None where a part is unknown."""
        year, month, day = self._value
        return date(year, month, day) if month is not None and day is not None else None


def _part(text: str | None) -> int | None:
    return None if not text or text in _UNKNOWN else int(text)


def _about(found: re.Match[str]) -> tuple[int | None, int | None]:
    """Return month and day; of 頃 the part that it is said of is unknown."""
    *_, written_month, written_day, about = found.groups()
    month, day = _part(written_month), _part(written_day)
    if not about:
        return month, day
    if month is None:
        raise BadBirthDate("birth: the year is not known for certain")
    return (month, None) if day is not None else (None, None)


def _in_era(index: int, year: str, month: int | None, day: int | None) -> Born:
    starts = ERAS[index][2]
    ends = ERAS[index - 1][2] if index else date.max
    count = 1 if year == "元" else int(year)
    western = starts.year + count - 1
    found = _checked(western, month, day)
    exact = date(western, month, day) if month is not None and day is not None else None
    if count == 0 or western > ends.year or (exact and not starts <= exact < ends):
        raise BadBirthDate("birth: the era did not have this day")
    return found


def _checked(year: int, month: int | None, day: int | None) -> Born:
    try:
        date(year, month or 1, day or 1)
    except ValueError as error:
        raise BadBirthDate("birth: the calendar does not have this day") from error
    if month is None and day is not None:
        raise BadBirthDate("birth: a day needs its month")
    return year, month, day
