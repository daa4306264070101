"""How far two birth dates, or two sexes, agree: levels to weigh, never a score."""

from enum import StrEnum, unique

from kumihimo.people.births import ERAS, BirthDate, Born
from kumihimo.people.sexes import Sex


@unique
class BirthLevel(StrEnum):
    """How far two birth dates agree, the closest first; of several the first that holds."""

    EQUAL = "equal"
    UNKNOWN = "unknown"  # equal where both are known; a part is unknown
    ERA = "era"  # the same year of another era: 昭和5年 for 平成5年
    TURNED = "turned"  # month and day stand in each other's place
    DIGITS = "digits"  # two of the eight digits stand in each other's place
    PART = "part"  # one of year, month and day differs
    DIFFERENT = "different"
    MISSING = "missing"


@unique
class SexLevel(StrEnum):
    """Whether two sexes agree."""

    EQUAL = "equal"
    DIFFERENT = "different"
    MISSING = "missing"  # a side has none, or one that says nothing


def compare_births(one: BirthDate | None, other: BirthDate | None) -> BirthLevel:
    """Return how far two birth dates agree; None is one that is not there."""
    if one is None or other is None:
        return BirthLevel.MISSING
    return compare_born(one.reveal(), other.reveal())


def compare_born(one: Born, other: Born) -> BirthLevel:
    """Return how far two dates agree."""
    if None in one or None in other:
        known = [a == b for a, b in zip(one, other, strict=True) if a is not None and b is not None]
        return BirthLevel.UNKNOWN if all(known) else BirthLevel.DIFFERENT
    differ = sum(a != b for a, b in zip(one, other, strict=True))
    if differ == 0:
        return BirthLevel.EQUAL
    if one[1:] == other[1:] and _of_era(one) == _of_era(other) != 0:
        return BirthLevel.ERA
    if one == (other[0], other[2], other[1]):
        return BirthLevel.TURNED
    if _crossed(one, other):
        return BirthLevel.DIGITS
    return BirthLevel.PART if differ == 1 else BirthLevel.DIFFERENT


def compare_sexes(one: Sex | None, other: Sex | None) -> SexLevel:
    """Return whether two sexes agree; None is one that is not there or unknown."""
    if one is None or other is None:
        return SexLevel.MISSING
    return SexLevel.EQUAL if one is other else SexLevel.DIFFERENT


def _of_era(born: Born) -> int:
    """Return the year in the era of the day, or 0 before 明治."""
    for _, _, starts in ERAS:
        if born >= (starts.year, starts.month, starts.day):
            return born[0] - starts.year + 1
    return 0


def _crossed(one: Born, other: Born) -> bool:
    a, b = ("{:04}{:02}{:02}".format(*born) for born in (one, other))
    apart = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    match apart:
        case [(x, y), (z, w)]:
            return (x, y) == (w, z)
        case _:
            return False
