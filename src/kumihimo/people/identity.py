"""The basic four attributes, and when two sets of them name the same person strictly.

The rule in force since 2023-12-18: all four agree, or three where the scheme by law keeps no sex.
Notation is absorbed; nothing is scored, and no attribute makes up for another.
"""

from typing import Final, Self

import attrs

from kumihimo.people.addresses import Address
from kumihimo.people.births import BirthDate
from kumihimo.people.names import PersonName
from kumihimo.people.sexes import Sex

# Every change of the canonical form of a name or an address is a new version. It stands in front
# of each key, so that a key made before never meets one made after.
MATCH_FORM_VERSION: Final = 2


@attrs.frozen
class MatchKey:
    """What a register indexes: canonical name with version, ISO birth day, canonical address core."""

    name: str = attrs.field(repr=False)
    birth: str = attrs.field(repr=False)
    address: str = attrs.field(repr=False)


@attrs.frozen
class FourAttributes:
    """基本4情報. `sex` is None where it is unknown or not supplied. Prints nothing of the person."""

    name: PersonName
    birth: BirthDate
    sex: Sex | None = attrs.field(repr=False)
    address: Address

    @classmethod
    def parse(cls, *, name: str, birth: str, sex: str, address: str) -> Self:
        """Read the four as written. Raises `BadText`, `BadBirthDate`, `BadSex`."""
        return cls(
            PersonName.parse(name), BirthDate.parse(birth), Sex.parse(sex), Address.parse(address)
        )


def match_key(attributes: FourAttributes) -> MatchKey | None:
    """Return the key, or None where a lost character or an unknown day can prove nothing."""
    day = attributes.birth.reveal_day()
    if day is None or not attributes.name.is_readable:
        return None
    name = f"{MATCH_FORM_VERSION}:{attributes.name.reveal_canonical()}"
    return MatchKey(name, day.isoformat(), attributes.address.reveal_core())


def match_key_1(attributes: FourAttributes) -> MatchKey | None:
    """Return the key as version 1 made it, for what was recorded under it and cannot be made anew."""
    key = match_key(attributes)
    if key is None:
        return None
    core = attributes.address.reveal_core_1()
    return MatchKey(attributes.name.reveal_canonical_1(), key.birth, core)


def strict_match(asked: FourAttributes, held: FourAttributes, *, sex_required: bool) -> bool:
    """Say whether both name the same person; `sex_required` False only in a sexless scheme.

    An address without its prefecture agrees with one that has it; two different ones do not.
    """
    key = match_key(asked)
    if key is None or key != match_key(held):
        return False
    prefectures = {asked.address.reveal_prefecture(), held.address.reveal_prefecture()} - {""}
    if len(prefectures) > 1:
        return False
    return not sex_required or (asked.sex is not None and asked.sex is held.sex)
