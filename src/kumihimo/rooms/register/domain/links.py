"""How far what an institution holds of a person agrees with register, and what follows from it.

The words are those of the mis-link audit (`linkaudit.schema`). Nothing that register holds is in
them. Of a person under protection (支援措置) the address is always told as different, as of somebody
who has moved: nobody finds out by trying where she lives.
"""

from collections.abc import Callable, Sequence
from typing import Final

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.addresses import Address
from kumihimo.people.births import BirthDate
from kumihimo.people.comparing import compare_kanas, compare_names, read_names
from kumihimo.people.kana import KanaName
from kumihimo.people.levels import NameLevel as Level
from kumihimo.people.names import RecordedNames
from kumihimo.people.sexes import Sex
from kumihimo.rooms.register.api import (
    AddressLevel,
    BirthLevel,
    HeldAttributes,
    LinkLevels,
    LinkVerdict,
    NameLevel,
    SexLevel,
)
from kumihimo.rooms.register.domain.residents import State

_SAME_NAME: Final = frozenset[NameLevel]({"equal", "canonical", "member"})
_SAME_PLACE: Final = frozenset[AddressLevel]({"equal", "canonical", "room"})


@attrs.frozen(repr=False)
class Recorded:
    """A person as register holds her now, and every state that it knows of before."""

    now: State
    before: Sequence[State]


def levels(held: HeldAttributes, recorded: Recorded) -> LinkLevels:
    """Compare what an institution holds, attribute by attribute; never fails."""
    now = recorded.now
    named, read = read_names(held.name), _kana(held.kana)
    return LinkLevels(
        name=_best(lambda state: compare_names(named, _names(state)), recorded),
        kana=_best(lambda state: compare_kanas(read, _kana(state.kana)), recorded),
        birth=_birth_level(held.birth, now.birth),
        sex=_sex_level(held.sex, now.sex),
        address=_address_level(held.address, recorded),
    )


def verdict(found: LinkLevels, recorded: Recorded) -> LinkVerdict:
    """Say what the levels mean. A name, a birth date or a sex that disagrees is a mismatch.

    A reading bears out a name that offices mix up (斎藤 and 斉藤) or of which letters were lost, and
    so does the same place.
    """
    borne_out = found.kana in _SAME_NAME or found.address in _SAME_PLACE
    named = (
        found.name in _SAME_NAME
        or (borne_out and found.name in {"weak", "wildcard"})
        or (found.name == "missing" and found.kana in _SAME_NAME)
    )
    if not named or found.birth not in {"equal", "unknown"} or found.sex == "different":
        return "MISMATCH"
    if recorded.now.standing == "dead":
        return "DEAD"
    if found.address not in {*_SAME_PLACE, "missing"}:
        return "MOVED"
    alike = {found.name, found.kana, found.birth, found.sex, found.address} <= {"equal", "missing"}
    return "EQUAL" if alike else "SPELLING"


def _best(compare: Callable[[State], Level], recorded: Recorded) -> NameLevel:
    """Compare with the state of today, and where that disagrees with every earlier one."""
    found = compare(recorded.now).value
    if found in _SAME_NAME or found == "missing":
        return found
    earlier = (compare(state).value for state in recorded.before)
    return "member" if any(level in _SAME_NAME for level in earlier) else found


def _names(state: State) -> RecordedNames | None:
    return read_names(
        state.name, kana=state.kana, former_surname=state.former_surname, alias=state.alias
    )


def _kana(text: str) -> KanaName | None:
    try:
        return KanaName.parse(text) if text else None
    except BadInput:
        return None


def _birth_level(written: str, held: str) -> BirthLevel:
    try:
        mine, theirs = (BirthDate.parse(text).reveal() for text in (written, held))
    except BadInput:
        return "missing"
    clash = [a != b for a, b in zip(mine, theirs, strict=True) if a is not None and b is not None]
    if any(part is None for part in (*mine, *theirs)):
        return "different" if any(clash) else "unknown"
    if not any(clash):
        return "equal"
    if _swapped(_digits(mine), _digits(theirs)) or (
        mine[0] == theirs[0] and (mine[1], mine[2]) == (theirs[2], theirs[1])
    ):
        return "swapped"
    return "part" if sum(clash) == 1 else "different"


def _digits(day: tuple[int, int | None, int | None]) -> str:
    return f"{day[0]:04}{day[1] or 0:02}{day[2] or 0:02}"


def _swapped(one: str, other: str) -> bool:
    """Say whether two digits stand in each other's place."""
    differ = [i for i in range(len(one)) if one[i] != other[i]]
    return (
        len(differ) == 2  # noqa: PLR2004
        and one[differ[0]] == other[differ[1]]
        and one[differ[1]] == other[differ[0]]
    )


def _sex_level(written: str, held: str) -> SexLevel:
    try:
        mine, theirs = Sex.parse(written), Sex.parse(held)
    except BadInput:
        return "missing"
    if mine is None or theirs is None:
        return "missing"
    return "equal" if mine is theirs else "different"


def _address_level(written: str, recorded: Recorded) -> AddressLevel:
    now = recorded.now
    if not written:
        return "missing"
    if now.protected:
        return "different"
    if written == now.address:
        return "equal"
    found = _places(written, now.address)
    if found in _SAME_PLACE:
        return found
    before = (state.address for state in recorded.before if state.address != now.address)
    return "former" if any(_places(written, place) in _SAME_PLACE for place in before) else found


def _places(one: str, other: str) -> AddressLevel:
    try:
        mine, theirs = Address.parse(one).reveal_parts(), Address.parse(other).reveal_parts()
    except BadInput:
        return "different"
    if len({mine.prefecture, theirs.prefecture} - {""}) > 1:
        return "different"
    if mine.core != theirs.core:
        same_town = mine.town == theirs.town and mine.city == theirs.city
        return "town" if same_town and mine.town else "different"
    return "room" if len({mine.room, theirs.room} - {""}) > 1 else "canonical"
