"""Birth dates as offices write them. An unknown part is never equal to anything."""

import re
from datetime import date
from typing import Final, Self

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.text import without_spaces

_CHARS_MAX: Final = 32  # our choice: twice the longest form, 昭和64年12月31日生
_UNKNOWN: Final = frozenset({"", "00", "0", "99", "不詳", "不明"})
_ERAS: Final = (
    ("令和", "R", date(2019, 5, 1)),
    ("平成", "H", date(1989, 1, 8)),
    ("昭和", "S", date(1926, 12, 25)),
    ("大正", "T", date(1912, 7, 30)),
    ("明治", "M", date(1868, 10, 23)),
)
_WIDE = {0xFF10 + d: str(d) for d in range(10)} | {0xFF0E: ".", 0xFF0F: "/", 0xFF0D: "-"}
_PART = r"([0-9]{1,2}|不詳|不明)?"
_ERA = re.compile(
    rf"(令和|平成|昭和|大正|明治|[RHSTM])(元|[0-9]{{1,2}})[年./-]{_PART}[月./-]?{_PART}日?生?"
)
_BASIC = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_WESTERN = re.compile(rf"([0-9]{{4}})[年./-]{_PART}[月./-]?{_PART}日?生?")


class BadBirthDate(BadInput):
    """A birth date is no date, or a day that its era does not have."""

    code = "bad-birth-date"
    title = "The birth date is not a date"


@attrs.frozen(repr=False, str=False, order=False)
class BirthDate(Withheld[tuple[int, int | None, int | None]]):
    """生年月日: year, month and day in the western calendar, None where the register has 不詳.

    Keeps what was written too; two notations of one day are equal. A year is always known: no
    notation of a date without one was found.
    """

    _written: str = attrs.field(default="", eq=False, kw_only=True, alias="written")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 1990-04-01, 19900401, 平成2年4月1日, H2.4.1, 元年, 不詳. Raises `BadBirthDate`."""
        if len(text) > _CHARS_MAX:
            raise BadBirthDate(f"birth: at most {_CHARS_MAX} characters, {len(text)} were given")
        plain = without_spaces(text).translate(_WIDE).upper()
        era = _ERA.fullmatch(plain)
        if era is not None:
            found = _in_era(era[1], era[2], _part(era[3]), _part(era[4]))
            return cls(found, written=text)
        western = _BASIC.fullmatch(plain) or _WESTERN.fullmatch(plain)
        if western is None:
            raise BadBirthDate("birth: a date such as 1990-04-01 or 平成2年4月1日 is expected")
        found = _checked(int(western[1]), _part(western[2]), _part(western[3]))
        return cls(found, written=text)

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
    return None if (text or "") in _UNKNOWN else int(text or "")


def _in_era(
    name: str, year: str, month: int | None, day: int | None
) -> tuple[int, int | None, int | None]:
    index = next(n for n, era in enumerate(_ERAS) if name in era[:2])
    starts = _ERAS[index][2]
    ends = _ERAS[index - 1][2] if index else date.max
    count = 1 if year == "元" else int(year)
    western = starts.year + count - 1
    found = _checked(western, month, day)
    exact = date(*(western, month, day)) if month is not None and day is not None else None
    if count == 0 or western > ends.year or (exact and not starts <= exact < ends):
        raise BadBirthDate("birth: the era did not have this day")
    return found


def _checked(year: int, month: int | None, day: int | None) -> tuple[int, int | None, int | None]:
    try:
        date(year, month or 1, day or 1)
    except ValueError as error:
        raise BadBirthDate("birth: the calendar does not have this day") from error
    if month is None and day is not None:
        raise BadBirthDate("birth: a day needs its month")
    return year, month, day
