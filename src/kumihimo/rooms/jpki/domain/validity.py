"""For how long a certificate lives: to a birthday, capped by what it rests on. Days are Japanese.

(1) to the fifth birthday after the day of issue (the tenth for the next generation's adults);
(2) renewed in the last months before the old one ends, to the birthday after that;
(3) never beyond the card; (4) the sign certificate never beyond the auth certificate; a phone's
never beyond the card's. It ends with the last second of the day.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import attrs

from kumihimo.kernel.clock import JST
from kumihimo.rooms.jpki.domain.profiles import Generation

_ADULT: Final = 18
_SIGNING_AGE: Final = 15


@attrs.frozen(kw_only=True)
class Facts:
    """What the last day depends on. `birth` is None where the register does not know the day."""

    issued_on: date
    birth: date | None
    card_ends_on: date
    old_ends_on: date | None = None
    cap: date | None = None


def birthday(birth: date, year: int) -> date:
    """Return the birthday in a year; who was born on 29 February has it on the 28th else."""
    if (birth.month, birth.day) == (2, 29) and monthrange(year, 2)[1] == 28:  # noqa: PLR2004
        return date(year, 2, 28)
    return birth.replace(year=year)


def birthdays_after(birth: date, day: date, count: int) -> date:
    """Return the birthday that is the `count`th after a day; one on the day itself is not after."""
    first = day.year if birthday(birth, day.year) > day else day.year + 1
    return birthday(birth, first + count - 1)


def age_on(birth: date, day: date) -> int:
    """Return somebody's age on a day."""
    return day.year - birth.year - (birthday(birth, day.year) > day)


def may_sign(birth: date | None, day: date) -> bool:
    """Say whether a sign certificate is issued as a rule: not under fifteen."""
    return birth is None or age_on(birth, day) >= _SIGNING_AGE


def months_before(day: date, months: int) -> date:
    """Return the same day some months earlier, or the last one of a shorter month."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_day(facts: Facts, generation: Generation) -> date:
    """Return the last day on which the certificate is valid; it may lie before the day of issue."""
    ends = min(_by_birthday(facts, generation), facts.card_ends_on)
    return ends if facts.cap is None else min(ends, facts.cap)


def _by_birthday(facts: Facts, generation: Generation) -> date:
    # Where the register knows no birthday, the day of issue stands in for it (our choice).
    birth = facts.birth or facts.issued_on
    adult = facts.birth is None or age_on(birth, facts.issued_on) >= _ADULT
    count = generation.birthdays if adult else generation.minor_birthdays
    old = facts.old_ends_on
    if old is not None and facts.issued_on >= months_before(old, generation.renewal_months):
        # The months that are left are not lost: the birthday that they end on does not count.
        count += birthdays_after(birth, facts.issued_on, 1) <= old
    return birthdays_after(birth, facts.issued_on, count)


def end_of(day: date) -> datetime:
    """Return the last whole second of a Japanese day."""
    midnight = datetime.combine(day + timedelta(days=1), time.min, JST)
    return midnight.astimezone(UTC) - timedelta(seconds=1)
