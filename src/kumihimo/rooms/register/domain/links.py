"""How far what an institution holds of a person agrees with register, and what follows from it.

The words and the comparison are those of `people`, as in the mis-link audit. Nothing that register
holds is in them. Of a person under protection (支援措置) the address is always told as different, as of somebody
who has moved: nobody finds out by trying where she lives.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.address_levels import SAME_LOT, AddressLevel, compare_addresses
from kumihimo.people.addresses import Address
from kumihimo.people.birth_levels import BirthLevel, SexLevel, compare_births, compare_sexes
from kumihimo.people.births import BirthDate
from kumihimo.people.comparing import compare_kanas, compare_names, read_kana, read_names
from kumihimo.people.formerly import address_ever, name_ever
from kumihimo.people.levels import SAME_NAME, NameLevel
from kumihimo.people.names import RecordedNames
from kumihimo.people.sexes import Sex
from kumihimo.rooms.register.api import HeldAttributes, LinkLevels, LinkVerdict
from kumihimo.rooms.register.domain.residents import State

T = TypeVar("T")

# Told as different: an institution that may try addresses would find a person's city in a few
# steps by its prefecture, where without these it has to know the town.
_UNTOLD: Final = (AddressLevel.CITY, AddressLevel.PREFECTURE)


@attrs.frozen(repr=False)
class Recorded:
    """A person as register holds her now, and every state that it knows of before."""

    now: State
    before: Sequence[State]


def levels(held: HeldAttributes, recorded: Recorded) -> LinkLevels:
    """Compare what an institution holds, attribute by attribute; never fails."""
    now = recorded.now
    named, kana = read_names(held.name), read_kana(held.kana)
    return LinkLevels(
        name=_ever(lambda state: compare_names(named, _names(state)), recorded),
        kana=_ever(lambda state: compare_kanas(kana, read_kana(state.kana)), recorded),
        birth=compare_births(*(_read(BirthDate.parse, one) for one in (held.birth, now.birth))),
        sex=compare_sexes(*(_read(Sex.parse, one) for one in (held.sex, now.sex))),
        address=_address_level(_read(Address.parse, held.address), recorded),
    )


def verdict(found: LinkLevels, recorded: Recorded) -> LinkVerdict:
    """Say what the levels mean. A name, a birth date or a sex that disagrees is a mismatch.

    A reading bears out a name that offices mix up (斎藤 and 斉藤) or of which letters were lost, and
    so does the same place.
    """
    borne_out = found.kana in SAME_NAME or found.address in SAME_LOT
    named = (
        found.name in SAME_NAME
        or (borne_out and found.name in (NameLevel.WEAK, NameLevel.WILDCARD))
        or (found.name is NameLevel.MISSING and found.kana in SAME_NAME)
    )
    born = found.birth in (BirthLevel.EQUAL, BirthLevel.UNKNOWN)
    if not named or not born or found.sex is SexLevel.DIFFERENT:
        return "MISMATCH"
    if recorded.now.standing == "dead":
        return "DEAD"
    if found.address not in {*SAME_LOT, AddressLevel.MISSING}:
        return "MOVED"
    alike = {found.name, found.kana, found.birth, found.sex, found.address} <= {"equal", "missing"}
    return "EQUAL" if alike else "SPELLING"


def _ever(compare: Callable[[State], NameLevel], recorded: Recorded) -> NameLevel:
    return name_ever(compare(recorded.now), map(compare, recorded.before))


def _names(state: State) -> RecordedNames | None:
    return read_names(
        state.name, kana=state.kana, former_surname=state.former_surname, alias=state.alias
    )


def _address_level(written: Address | None, recorded: Recorded) -> AddressLevel:
    if written is None:
        return AddressLevel.MISSING
    if recorded.now.protected:
        return AddressLevel.DIFFERENT
    now, *before = (
        compare_addresses(written, _read(Address.parse, state.address))
        for state in (recorded.now, *recorded.before)
    )
    found = address_ever(now, before)
    return AddressLevel.DIFFERENT if found in _UNTOLD else found


def _read(parse: Callable[[str], T], text: str) -> T | None:
    try:
        return parse(text) if text else None
    except BadInput:
        return None
