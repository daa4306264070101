"""How far two addresses agree: levels for a person and a statistic to weigh, never a score.

Only `SAME_PLACE` are one place. What may be one place and may be two has a level of its own.
"""

from enum import StrEnum, unique
from typing import Final

from kumihimo.people.addresses import Address, AddressParts, address_parts, restore
from kumihimo.people.places import same_city


@unique
class AddressLevel(StrEnum):
    """How far two addresses agree, the closest first."""

    EQUAL = "equal"  # as written
    WITH_ROOM = "with-room"  # town, lot, building and room
    WITHOUT_ROOM = "without-room"  # town and lot; building or room stand on one side, or not alike
    LAST_NUMBER = "last-number"  # town and lot, if the last number of one side is its room
    OTHER_ROOM = "other-room"  # town and lot agree, the rooms do not
    NO_CITY = "no-city"  # town and lot agree, one side leaves the city out
    FORMER = "former"  # one that the register held before (`formerly.address_ever`)
    TOWN = "town"  # the town agrees, the lot does not
    CITY = "city"  # one city or wards of one, another town
    PREFECTURE = "prefecture"
    DIFFERENT = "different"
    MISSING = "missing"  # one side has none


SAME_PLACE: Final = frozenset(
    {AddressLevel.EQUAL, AddressLevel.WITH_ROOM, AddressLevel.WITHOUT_ROOM}
)
# Town and lot agree in all that both sides write: enough where a number ties the two already.
SAME_LOT: Final = SAME_PLACE | {AddressLevel.OTHER_ROOM, AddressLevel.NO_CITY}

# A last number that may be a room: the fourth of a lot, or one of three digits. Our choice.
ROOM_DIGITS: Final = 3
ROOM_PLACE: Final = 4


def compare_addresses(
    one: Address | None, other: Address | None, *, holder: str = ""
) -> AddressLevel:
    """Return how far two addresses agree; None is one that is not there.

    `holder` is the municipality code of whoever keeps `one` (`addresses.restore`; raises
    `KeyError` for a code that is not in the list).
    """
    if one is None or other is None:
        return AddressLevel.MISSING
    if one == other:
        return AddressLevel.EQUAL
    mine = address_parts(one.reveal())
    return compare_parts(restore(mine, holder) if holder else mine, address_parts(other.reveal()))


def compare_parts(one: AddressParts, other: AddressParts) -> AddressLevel:
    """Return how far two addresses agree that were not written alike."""
    if one.prefecture and other.prefecture and one.prefecture != other.prefecture:
        return AddressLevel.DIFFERENT
    # Who names neither town nor lot says nothing of the town.
    within = all(side.town + side.lot for side in (one, other))
    if within and one.city + one.town == other.city + other.town:
        return _in_one_town(one, other)
    if not one.city or not other.city:
        if one.town and one.town == other.town and _one_lot(one, other):
            return AddressLevel.NO_CITY
    elif same_city(one.city, other.city):
        return AddressLevel.CITY
    if one.prefecture and one.prefecture == other.prefecture:
        return AddressLevel.PREFECTURE
    return AddressLevel.DIFFERENT


def _in_one_town(one: AddressParts, other: AddressParts) -> AddressLevel:
    if _one_lot(one, other):
        return _in_one_lot(one, other)
    agree = not _other_kind(one, other)
    if agree and (_is_room(one.lot, other) or _is_room(other.lot, one)):
        return AddressLevel.LAST_NUMBER
    return AddressLevel.TOWN


def _in_one_lot(one: AddressParts, other: AddressParts) -> AddressLevel:
    if one.room and other.room and one.room != other.room:
        return AddressLevel.OTHER_ROOM
    named = one.building and other.building
    alike = one.building == other.building or (one.room and not named)
    return AddressLevel.WITH_ROOM if one.room == other.room and alike else AddressLevel.WITHOUT_ROOM


def _one_lot(one: AddressParts, other: AddressParts) -> bool:
    return bool(one.lot) and one.lot == other.lot and not _other_kind(one, other)


def _other_kind(one: AddressParts, other: AddressParts) -> bool:
    return bool(one.lot_kind and other.lot_kind) and one.lot_kind != other.lot_kind


def _is_room(longer: str, shorter: AddressParts) -> bool:
    """Say whether the last number of a lot may be a room in the other side's lot."""
    lot, _, last = longer.rpartition("-")
    if lot != shorter.lot or not lot or not last.isdecimal():
        return False
    if shorter.room:
        return last == shorter.room
    return len(last) >= ROOM_DIGITS or longer.count("-") + 1 >= ROOM_PLACE
