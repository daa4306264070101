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
MATCH_FORM_VERSION: Final = 3


@attrs.frozen
class MatchKey:
    """What a register indexes: canonical name with version, ISO birth day, canonical address core.

    `prefecture` and `lot_kind` tell two addresses of one core apart where both have them; "" where
    nothing tells them.
    """

    name: str = attrs.field(repr=False)
    birth: str = attrs.field(repr=False)
    address: str = attrs.field(repr=False)
    prefecture: str = attrs.field(default="", eq=False, repr=False)
    lot_kind: str = attrs.field(default="", eq=False)


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
    parts = attributes.address.reveal_parts()
    return MatchKey(name, day.isoformat(), parts.core, parts.prefecture, parts.lot_kind.value)


def keys_before(attributes: FourAttributes) -> tuple[MatchKey, ...]:
    """Return the keys of versions 1 and 2, for what was recorded under them and cannot be made anew.

    Version 1 had other characters, version 2 other addresses than `match_key`. Empty where no key
    can be made.
    """
    key = match_key(attributes)
    if key is None:
        return ()
    first, second = attributes.address.reveal_cores_before()
    name = attributes.name.reveal_canonical()
    return (
        MatchKey(attributes.name.reveal_canonical_1(), key.birth, first),
        MatchKey(f"2:{name}", key.birth, second),
    )


def strict_match(asked: FourAttributes, held: FourAttributes, *, sex_required: bool) -> bool:
    """Say whether both name the same person; `sex_required` False only in a sexless scheme.

    An address without its prefecture agrees with one that has it; two different ones do not. Nor
    do 2丁目1 and 2番地1, though 2-1 agrees with either.
    """
    mine, theirs = match_key(asked), match_key(held)
    if mine is None or theirs is None or mine != theirs:
        return False
    for told in ({mine.prefecture, theirs.prefecture}, {mine.lot_kind, theirs.lot_kind}):
        if len(told - {""}) > 1:
            return False
    return not sex_required or (asked.sex is not None and asked.sex is held.sex)
