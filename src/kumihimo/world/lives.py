"""What happens to whom and when, in days; the words and numbers that change are elsewhere.

The frequencies are our choice, chosen so that every kind of event occurs among some thousands of
people. The register of this world starts on the day the number came into force.
"""

from datetime import date
from typing import Final

import attrs
import numpy as np

from kumihimo.world.families import NEVER, YEAR, Households, Kind, People, Role
from kumihimo.world.streams import Chance, Flags, Ints

EPOCH: Final = date(1970, 1, 1)
REGISTER_STARTS: Final = (date(2015, 10, 5) - EPOCH).days  # Number Act in force
FORMER_SURNAMES_START: Final = (date(2019, 11, 5) - EPOCH).days  # 旧氏 may be recorded
MOVES_MAX: Final = 2

_MOVES_SHARES: Final = (0.62, 0.26, 0.12)  # no move, one, two since the register starts
_MOVE_STAYS_IN_TOWN: Final = 0.55
_DAYS_BETWEEN_MOVES: Final = 90
_NOTICE_DAYS_MAX: Final = 14  # 転出届 comes before the move; the length is our choice
_FOREIGN_ENTERED_SINCE: Final = 0.6
# Share that dies between the register's start and today, by age today.
_DEATHS: Final = ((0, 0.0005), (40, 0.006), (65, 0.03), (75, 0.09), (85, 0.30))
_LEFT_ABROAD: Final = 0.03
_CAME_BACK: Final = 0.7
_DAYS_ABROAD_MIN: Final = 180
_RATES: Final = {
    "protected": 0.003,
    "number": 0.0006,
    "code": 0.0004,
    "kana": 0.004,
    "birth": 0.0008,
}
_PROTECTION_ENDED: Final = 0.3
_FORMER_SURNAME: Final = 0.08
_ALIAS: Final = 0.3


@attrs.frozen(eq=False)
class Moves:
    """Moves of households, shape (H, MOVES_MAX), in order; NEVER where there is none.

    `out` is the day of the notice to the old municipality, `into` the day of the move. A move
    that stays in the municipality has no `out` of its own; its two days are equal.
    """

    out: Ints
    into: Ints
    within: Flags


@attrs.frozen(eq=False)
class Lives:
    """Days per person, NEVER where it does not happen."""

    starts: Ints
    born_here: Flags
    entered: Flags
    slot_first: Ints  # which of the household's addresses the person is first recorded at
    slot_last: Ints
    died: Ints
    left: Ints
    back: Ints
    protected: Ints
    released: Ints
    number: Ints
    code: Ints
    kana: Ints
    birth: Ints
    married: Ints
    former: Ints
    alias: Ints


def moves(homes: Households, today: int, chance: Chance, *, elsewhere: bool) -> tuple[Moves, Ints]:
    """Return the moves and, per household, the day its foreign members entered (else NEVER).

    `elsewhere` says whether there is another municipality to move to.
    """
    count = len(homes)
    entered = homes.foreign & chance.flag(count, _FOREIGN_ENTERED_SINCE)
    entry_day = np.where(entered, chance.between(count, REGISTER_STARTS + 1, today - 30), NEVER)
    wed = np.where((homes.married != NEVER) & (homes.married > REGISTER_STARTS), homes.married, 0)
    # Before it entered, or before it was a couple, a household did not move as one.
    earliest = np.maximum(np.where(entered, entry_day, REGISTER_STARTS), wed) + 30
    earliest += _NOTICE_DAYS_MAX
    number = chance.pick(count, _MOVES_SHARES)
    first = chance.between(count, earliest, today - 30)
    second = chance.between(count, first + _DAYS_BETWEEN_MOVES, today - 10)
    has_first = (number >= 1) & (earliest < today - 60)
    has_second = has_first & (number > 1) & (first + _DAYS_BETWEEN_MOVES < today - 60)
    into = np.stack([np.where(has_first, first, NEVER), np.where(has_second, second, NEVER)], 1)
    within = chance.flag(2 * count, _MOVE_STAYS_IN_TOWN if elsewhere else 1.0).reshape(
        count, MOVES_MAX
    )
    notice = 1 + chance.below(2 * count, _NOTICE_DAYS_MAX - 1).reshape(count, MOVES_MAX)
    out = np.where((into == NEVER) | within, into, into - notice)
    return Moves(out=out, into=into, within=within), entry_day


def lives(
    homes: Households, people: People, moved: Moves, entry_day: Ints, today: int, chance: Chance
) -> Lives:
    """Return when each person's record begins, changes and ends; all days are before `today`."""
    household, count = people.household, len(people)
    entry = entry_day[household]
    entered = (entry != NEVER) & (people.born < entry)
    born_here = ~entered & (people.born >= REGISTER_STARTS)
    starts = np.where(born_here, people.born, np.where(entered, entry, REGISTER_STARTS))
    died = _deaths(homes, people, starts, today, chance)
    left, back = _abroad(homes, people, moved, starts, died, today, chance)
    notice, into = moved.out[household], moved.into[household]
    slot_first = (notice <= starts[:, None]).sum(1)
    later = (notice > starts[:, None]) & (into < died[:, None])
    until = np.where(died == NEVER, today, died)

    def sometime(share: float) -> Ints:
        low, high = starts + 20, until - 1
        happens = chance.flag(count, share) & (low < high)
        return np.where(happens, chance.between(count, low, high), NEVER)

    days = {name: sometime(share) for name, share in _RATES.items()}
    protected = np.where(died == NEVER, days["protected"], NEVER)
    ends = (protected != NEVER) & (protected < today - 40) & chance.flag(count, _PROTECTION_ENDED)
    released = np.where(ends, chance.between(count, protected.clip(0, today) + 30, today), NEVER)
    married, former = _married(homes, people, starts, died, today, chance)
    alias = np.where(homes.foreign[household], sometime(_ALIAS), NEVER)
    return Lives(
        starts=starts, born_here=born_here, entered=entered, slot_first=slot_first,
        slot_last=slot_first + later.sum(1), died=died, left=left, back=back,
        protected=protected, released=released, number=days["number"], code=days["code"],
        kana=days["kana"], birth=days["birth"], married=married, former=former, alias=alias,
    )  # fmt: skip


def _deaths(homes: Households, people: People, starts: Ints, today: int, chance: Chance) -> Ints:
    count = len(people)
    age = (today - people.born) / YEAR
    share = np.zeros(count)
    for years, one in _DEATHS:
        share = np.where(age >= years, one, share)
    # Our choice: the head of a household of several lives, so that nobody's relation to the
    # head has to change.
    survives = (people.role == Role.HEAD) & (homes.kind[people.household] != Kind.SINGLE)
    dies = chance.flag(count, share) & ~survives & (starts + 30 < today - 1)
    wed = homes.married[people.household]
    earliest = np.maximum(starts + 30, np.where(wed == NEVER, 0, wed + 30))
    dies &= earliest < today - 1
    return np.where(dies, chance.between(count, earliest, today), NEVER)


def _abroad(
    homes: Households,
    people: People,
    moved: Moves,
    starts: Ints,
    died: Ints,
    today: int,
    chance: Chance,
) -> tuple[Ints, Ints]:
    """Only people living alone who never moved: a household does not fall apart over it."""
    count = len(people)
    alone = homes.size[people.household] == 1
    stays = (moved.into[people.household] == NEVER).all(1)
    low, high = starts + 30, np.int64(today - _DAYS_ABROAD_MIN)
    may = alone & stays & (died == NEVER) & (low < high)
    leaves = may & chance.flag(count, _LEFT_ABROAD)
    left = np.where(leaves, chance.between(count, low, high), NEVER)
    since = left.clip(0, today) + _DAYS_ABROAD_MIN
    returns = leaves & chance.flag(count, _CAME_BACK) & (since < today - 1)
    return left, np.where(returns, chance.between(count, since, today), NEVER)


def _married(
    homes: Households, people: People, starts: Ints, died: Ints, today: int, chance: Chance
) -> tuple[Ints, Ints]:
    """Return the day a spouse took the head's surname, and the day a former one was recorded."""
    count = len(people)
    wed = homes.married[people.household]
    takes = (people.role == Role.SPOUSE) & ~homes.foreign[people.household] & (wed < died)
    married = np.where(takes & (wed != NEVER) & (wed > starts), wed, NEVER)
    earliest = np.maximum(np.where(takes, wed, 0), np.int64(FORMER_SURNAMES_START)) + 10
    records = takes & (died == NEVER) & (earliest < today - 1)
    records &= chance.flag(count, _FORMER_SURNAME)
    return married, np.where(records, chance.between(count, earliest, today), NEVER)
