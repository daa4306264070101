"""What a register held of a person before: a name or an address that agrees with that one.

Today's comes first; what was held before is asked for only where today's does not agree.
"""

from collections.abc import Iterable

from kumihimo.people.address_levels import SAME_LOT, AddressLevel
from kumihimo.people.levels import SAME_NAME, NameLevel


def name_ever(now: NameLevel, before: Iterable[NameLevel]) -> NameLevel:
    """Return the level of a name, or of a reading, given those against the ones held before.

    A name held before is another of the person's names. Where nothing can be compared today, the
    past is not asked.
    """
    if now in SAME_NAME or now is NameLevel.MISSING:
        return now
    return NameLevel.MEMBER if any(level in SAME_NAME for level in before) else now


def address_ever(now: AddressLevel, before: Iterable[AddressLevel]) -> AddressLevel:
    """Return the level of an address, given those against the addresses held before."""
    if now in SAME_LOT or now is AddressLevel.MISSING:
        return now
    return AddressLevel.FORMER if any(level in SAME_LOT for level in before) else now
