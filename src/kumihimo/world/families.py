"""Who lives with whom, and when each was born and married: the skeleton of a block of people.

Every share below is our choice, roughly after the shape of Japanese households and ages; none
is a statistic. Days are counted from 1970-01-01.
"""

from enum import IntEnum
from typing import Final

import attrs
import numpy as np

from kumihimo.world.streams import Chance, Flags, Floats, Ints

YEAR: Final = 365.2425
MALE, FEMALE = 1, 2
NEVER: Final = np.iinfo(np.int64).max


class Kind(IntEnum):
    """How a household is made up."""

    SINGLE = 0
    COUPLE = 1
    FAMILY = 2
    ONE_PARENT = 3
    THREE_GENERATIONS = 4


class Role(IntEnum):
    """A person's place in the household; `RELATIONS` says it as the register writes it."""

    HEAD = 0
    SPOUSE = 1
    CHILD = 2
    PARENT = 3


_KIND_SHARES: Final = (0.38, 0.24, 0.22, 0.08, 0.08)
_CHILDREN_SHARES: Final = (0.45, 0.41, 0.12, 0.02)  # one, two, three, four
_FOREIGN_SHARE: Final = 0.03
_TWINS_SHARE: Final = 0.012
_HEAD_IS_WOMAN: Final = (0.5, 0.04, 0.04, 0.86, 0.04)
_BANDS: Final = {
    Kind.SINGLE: ((18, 35, 0.30), (35, 65, 0.28), (65, 96, 0.42)),
    Kind.COUPLE: ((22, 40, 0.13), (40, 65, 0.25), (65, 90, 0.62)),
}
_FOREIGN_AGES: Final = (18, 45)
_FIRST_BIRTH_AGES: Final = (22.0, 38.0)
_ELDEST_AGES: Final = (0.0, 28.0)
_AGE_MAX: Final = 105.0
_CHILD_SPACING_DAYS: Final = 500  # between siblings who are not twins, at least


@attrs.frozen(eq=False)
class Households:
    """Columns of length H."""

    kind: Ints
    size: Ints
    foreign: Flags
    married: Ints  # day, NEVER where there is no couple

    def __len__(self) -> int:
        return len(self.kind)


@attrs.frozen(eq=False)
class People:
    """Columns of length n; people of a household stand together, the head first."""

    household: Ints  # index into Households
    place: Ints  # 0 is the head
    role: Ints
    sex: Ints
    born: Ints  # day

    def __len__(self) -> int:
        return len(self.household)


def families(people: int, today: int, chance: Chance) -> tuple[Households, People]:
    """Return households that hold exactly `people` people, all born before `today`."""
    kind = chance.pick(people, _KIND_SHARES)
    children = _children(kind, chance)
    parents = np.where(kind == Kind.THREE_GENERATIONS, 1 + chance.flag(people, 0.45), 0)
    couple = (kind != Kind.SINGLE) & (kind != Kind.ONE_PARENT)
    size = 1 + couple + children + parents
    needed = int(np.searchsorted(np.cumsum(size), people)) + 1
    kind, size, parents = kind[:needed], size[:needed], parents[:needed]
    couple, children = couple[:needed], children[:needed]
    # The last household gives up its youngest, so that the count is exact.
    size[-1] -= int(size.sum()) - people
    couple &= size > 1
    foreign = chance.flag(needed, _FOREIGN_SHARE) & (kind != Kind.THREE_GENERATIONS)
    adults = _Adults.draw(kind, children, foreign, today, chance)
    household = np.repeat(np.arange(needed), size)
    place = np.arange(people) - np.repeat(np.cumsum(size) - size, size)
    role = _roles(place, couple[household], parents[household])
    born = _births(household, role, adults, chance)
    sex = _sexes(role, kind[household], adults.head_is_woman[household], place, chance)
    married = np.where(couple, _weddings(adults, size, chance, today), NEVER)
    homes = Households(kind=kind, size=size, foreign=foreign, married=married)
    return homes, People(
        household=household, place=place, role=role, sex=sex, born=np.minimum(born, today - 1)
    )


@attrs.frozen(eq=False)
class _Adults:
    """The couple or the one adult of each household, and their eldest child."""

    head_is_woman: Flags
    head: Ints
    spouse: Ints
    eldest: Ints
    gap: Ints

    @classmethod
    def draw(
        cls, kind: Ints, children: Ints, foreign: Flags, today: int, chance: Chance
    ) -> "_Adults":
        count = len(kind)
        eldest_days = chance.unit(count) * (_ELDEST_AGES[1] - _ELDEST_AGES[0]) * YEAR
        gap = _CHILD_SPACING_DAYS + chance.unit(count) * 1100
        eldest_days += np.maximum(children - 1, 0) * gap + 5
        low, high = _FIRST_BIRTH_AGES
        mother_at_birth = low + (high - low) * (chance.unit(count) + chance.unit(count)) / 2
        with_children = eldest_days / YEAR + mother_at_birth
        alone = _banded(kind, chance)
        young = chance.between(count, *_FOREIGN_AGES) + chance.unit(count)
        childless = np.where(foreign, young, alone)
        has_children = kind >= Kind.FAMILY
        age = np.minimum(np.where(has_children, with_children, childless), _AGE_MAX)
        partner = np.maximum(age + chance.unit(count) * 8 - 2, 18.0)
        woman = chance.flag(count, np.asarray(_HEAD_IS_WOMAN)[kind])
        # With children the drawn age is the mother's; else it is the head's.
        swap = has_children & (kind != Kind.ONE_PARENT) & ~woman
        head, spouse = np.where(swap, partner, age), np.where(swap, age, partner)
        return cls(
            head_is_woman=woman,
            head=_day(today, head),
            spouse=_day(today, spouse),
            eldest=today - eldest_days.astype(np.int64),
            gap=gap.astype(np.int64),
        )


def _children(kind: Ints, chance: Chance) -> Ints:
    drawn = 1 + chance.pick(len(kind), _CHILDREN_SHARES)
    return np.where(kind >= Kind.FAMILY, drawn, 0)


def _banded(kind: Ints, chance: Chance) -> Floats:
    age = np.zeros(len(kind))
    for one, bands in _BANDS.items():
        band = chance.pick(len(kind), [share for _, _, share in bands])
        low = np.asarray([low for low, _, _ in bands])[band]
        high = np.asarray([high for _, high, _ in bands])[band]
        drawn = low + (high - low) * chance.unit(len(kind))
        age = np.where(kind == one, drawn, age)
    return age


def _day(today: int, age: Floats) -> Ints:
    return today - 1 - (age * YEAR).astype(np.int64)


def _roles(place: Ints, couple: Flags, parents: Ints) -> Ints:
    """Places run: head, spouse, the head's parents, children."""
    first_parent = 1 + couple
    role = np.full(len(place), int(Role.CHILD), dtype=np.int64)
    role[(place >= first_parent) & (place < first_parent + parents)] = Role.PARENT
    role[(place == 1) & couple] = Role.SPOUSE
    role[place == 0] = Role.HEAD
    return role


def _births(household: Ints, role: Ints, adults: _Adults, chance: Chance) -> Ints:
    count = len(household)
    born = np.where(role == Role.SPOUSE, adults.spouse[household], adults.head[household])
    older = ((20 + chance.unit(count) * 14) * YEAR).astype(np.int64)
    oldest = np.int64(adults.eldest.max(initial=0) - _AGE_MAX * YEAR)
    born = np.where(role == Role.PARENT, np.maximum(born - older, oldest), born)
    is_child = role == Role.CHILD
    order = _order_among_children(household, is_child)
    twin = chance.flag(len(adults.gap), _TWINS_SHARE)[household]
    order = np.where(twin & (order > 0), order - 1, order)
    return np.where(is_child, adults.eldest[household] + order * adults.gap[household], born)


def _order_among_children(household: Ints, is_child: Flags) -> Ints:
    """Return 0, 1, 2 ... for the children of each household, eldest first."""
    running = np.cumsum(is_child) - is_child
    starts = np.flatnonzero(np.diff(household, prepend=-1))
    return running - running[starts][household]


def _sexes(role: Ints, kind: Ints, head_is_woman: Flags, place: Ints, chance: Chance) -> Ints:
    count = len(role)
    woman = chance.flag(count, 0.49)
    woman = np.where(role == Role.HEAD, head_is_woman, woman)
    woman = np.where(role == Role.SPOUSE, ~head_is_woman, woman)
    # The first of two parents in the house is the mother; the second, if any, the father.
    mother = (place == 2) & (kind == Kind.THREE_GENERATIONS)  # noqa: PLR2004
    woman = np.where(role == Role.PARENT, mother, woman)
    return np.where(woman, FEMALE, MALE).astype(np.int64)


def _weddings(adults: _Adults, size: Ints, chance: Chance, today: int) -> Ints:
    count = len(size)
    younger = np.maximum(adults.head, adults.spouse)
    of_age = younger + int(18 * YEAR)
    before_child = adults.eldest - 240 - chance.below(count, 1000)
    span = np.minimum(today - 30 - of_age, int(17 * YEAR))
    alone = of_age + chance.below(count, np.maximum(span, 1))
    with_children = size > 2  # noqa: PLR2004
    return np.minimum(np.where(with_children, before_child, alone), today - 30)
