"""What an institution tells the core of itself alone: whom it refused, what its staff looked at.

As in `api`, a person appears only as sealed to the ledger.
"""

import hashlib
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from kumihimo.kernel.ids import ID_BYTES, id_of
from kumihimo.rooms.linkage.api import KeyVersion, Outcome
from kumihimo.rooms.linkage.asker_api import Asker


class LocalRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """The requester refused its own clerk (no open case): recorded like any other refusal.

    `hidden` marks 不開示, as in an inquiry.
    """

    inquiry: str
    affair: str
    provider: str
    items: tuple[str, ...]
    outcome: Outcome
    refused_at: datetime
    for_ledger: bytes
    version: KeyVersion
    hidden: bool = False
    asker: Asker | UnsetType = UNSET


class LocalRefusals(msgspec.Struct, frozen=True):
    """At most `BATCH_MAX` refusals."""

    refusals: tuple[LocalRefusal, ...]


class StaffLook(msgspec.Struct, frozen=True, kw_only=True):
    """Staff of an institution looked at what it holds of a person: no permit, and one end.

    `items` say what of hers; `affair` what for, "" where the business system did not tell.
    `for_ledger` is the institution's own code of her, sealed to the ledger.
    """

    look: str
    affair: str
    items: tuple[str, ...]
    looked_at: datetime
    for_ledger: bytes
    version: KeyVersion
    hidden: bool = False
    asker: Asker | UnsetType = UNSET


def look_permit(institution: str, look: str) -> str:
    """Return under which permit's name the record of a look stands; nobody gave one.

    It follows from the look, so that the institution knows which look somebody asks about.
    """
    told = hashlib.sha256(f"kumihimo-look-v1|{institution}|{look}".encode()).digest()
    return id_of(told[:ID_BYTES])


class StaffLooks(msgspec.Struct, frozen=True):
    """At most `BATCH_MAX` looks of one institution."""

    looks: tuple[StaffLook, ...]
