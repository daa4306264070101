"""Birthdays and ages, as the card's law counts them."""

from calendar import monthrange
from datetime import date
from typing import Final

from kumihimo.people.births import BirthDate

_LEAP: Final = (2, 29)


def birthday(born: date, year: int) -> date:
    """Return the birthday in a year; who was born on 29 February has it on 28 February.

    (Our choice for common years; the same in leap years, so that one card has one rule.)
    """
    if (born.month, born.day) == _LEAP:
        return date(year, 2, 28)
    return born.replace(year=year)


def birthday_after(born: date, day: date, count: int) -> date:
    """Return the `count`-th birthday after a day; a birthday on that very day is not counted."""
    first = day.year if birthday(born, day.year) > day else day.year + 1
    return birthday(born, first + count - 1)


def age_on(born: date, day: date) -> int:
    """Return the completed years of life on a day."""
    return day.year - born.year - (birthday(born, day.year) > day)


def months_later(day: date, months: int) -> date:
    """Return the same day some months later, or the last of that month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def counted_from(birth: BirthDate) -> date:
    """Return the day from which birthdays are counted.

    A register may not know month or day (不詳). Our choice: the first of what is known, so that no
    card lasts longer than the law allows.
    """
    year, month, day = birth.reveal()
    return date(year, month or 1, day or 1)
