"""How long a card is valid (card_jpki 3.3): by birthdays, or to the end of a stay.

Days are inclusive: a card is valid on its last day.
"""

from datetime import date, timedelta
from typing import Final, Literal

import attrs

from kumihimo.people.births import BirthDate
from kumihimo.rooms.cards.domain.dates import (
    age_on,
    birthday_after,
    counted_from,
    months_later,
)
from kumihimo.rooms.cards.domain.refusals import BadApplication, TooLate

ADULT_SINCE: Final = date(2022, 4, 1)  # the day on which eighteen became full age
ADULT_YEARS: Final = 18
ADULT_YEARS_BEFORE: Final = 20
ADULT_BIRTHDAYS: Final = 10
MINOR_BIRTHDAYS: Final = 5
SPECIAL_PERIOD_MONTHS: Final = 2  # our choice: the length of 特例期間 was not confirmed
NOTICE_MONTHS: Final = 3

StayKind = Literal["japanese", "unlimited", "limited"]


@attrs.frozen(kw_only=True)
class Stay:
    """Under which right a person lives in Japan.

    "unlimited": 永住者, 高度専門職2号, 特別永住者. "limited" has its last day, and the day on which an
    application that is still open was made (在留期間更新等).
    """

    kind: StayKind = "japanese"
    until: date | None = None
    renewal_asked_on: date | None = None

    def __attrs_post_init__(self) -> None:
        if (self.kind == "limited") != (self.until is not None):
            raise BadApplication("a limited stay, and no other, has a last day", pointer="stay")
        if self.renewal_asked_on is None:
            return
        if self.until is None or self.renewal_asked_on > self.until:
            raise BadApplication("a stay is renewed before its last day", pointer="stay")

    def last_day(self) -> date | None:
        """Return the last day of the stay, with 特例期間 while an application is open."""
        if self.until is None or self.renewal_asked_on is None:
            return self.until
        return months_later(self.until, SPECIAL_PERIOD_MONTHS)


def adult(birth: BirthDate, applied_on: date) -> bool:
    """Say whether the person was of full age on the day of the application."""
    years = ADULT_YEARS if applied_on >= ADULT_SINCE else ADULT_YEARS_BEFORE
    return age_on(counted_from(birth), applied_on) >= years


def last_day(birth: BirthDate, *, applied_on: date, made_on: date, stay: Stay) -> date:
    """Return the last day of a card made on a day. Raises `TooLate` when the stay is over."""
    count = ADULT_BIRTHDAYS if adult(birth, applied_on) else MINOR_BIRTHDAYS
    by_age = birthday_after(counted_from(birth), made_on, count)
    end = stay.last_day()
    if end is not None and end < made_on:
        raise TooLate("the stay has ended", pointer="stay")
    return by_age if end is None else min(by_age, end)


def extended(last: date, *, by_age: date, stay: Stay, on: date) -> date:
    """Return the new last day of a card after a stay was prolonged, or while that is asked for.

    Raises `TooLate` when the card has already ended: an ended card is not brought back.
    """
    if on > last:
        raise TooLate("the card has ended; a new one is applied for")
    end = stay.last_day()
    return by_age if end is None else min(by_age, max(last, end))


def renewable_from(last: date) -> date:
    """Return the day from which a new card may be asked for, and the notice is sent."""
    return months_later(last, -NOTICE_MONTHS)


def ends_on(last: date) -> date:
    """Return the first day on which the card is no longer valid."""
    return last + timedelta(days=1)
