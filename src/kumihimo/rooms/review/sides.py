"""Both sides of a record as they are kept: under the desk's key, bound to their record."""

import msgspec

from kumihimo.kernel.keys import Locker
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.gateway.business import Attributes


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """What this institution (`own`) and the register (`other`) hold of one record, as written.

    `number` is the one that the record carries now.
    """

    own: dict[str, str]
    other: dict[str, str]
    number: str


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """The number that the audit holds for the right one, and on what ground."""

    number: str
    ground: str


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """The number that two people agreed on, and the attributes by which register confirms it."""

    number: str
    attributes: Attributes


def label(what: str, affair: str, record_id: str) -> bytes:
    """Return what a locked value is bound to: no other record's opens in its place."""
    return msgspec.json.encode([what, affair, record_id])


def lock(locker: Locker, value: msgspec.Struct, *, label: bytes) -> bytes:
    """Lock a struct."""
    return locker.lock(msgspec.json.encode(value), label=label, block=64)


def sides(locker: Locker, locked: bytes, *, label: bytes) -> Withheld[Sides]:
    """Open both sides."""
    return Withheld(msgspec.json.decode(locker.unlock(locked, label=label), type=Sides))


def proposal(locker: Locker, locked: bytes, *, label: bytes) -> Withheld[Proposal]:
    """Open a proposal."""
    return Withheld(msgspec.json.decode(locker.unlock(locked, label=label), type=Proposal))


def correction(locker: Locker, locked: bytes, *, label: bytes) -> Withheld[Correction]:
    """Open a correction."""
    return Withheld(msgspec.json.decode(locker.unlock(locked, label=label), type=Correction))


def tag(locker: Locker, both: Sides, proposed: Proposal | None, *, label: bytes) -> bytes:
    """Return what equal contents share: a second audit that says the same begins nothing anew."""
    return locker.tag(msgspec.json.encode([both, proposed]), label=label)
