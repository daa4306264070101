"""Telling jpki the attributes of a holder as they are now, for a verifier to whom she consented.

jpki names her by its own reference. What is protected (支援措置) is absent: the answer is the one
that jpki gets when it asks without wanting to be told, and the way to it is the same. jpki asks so
for consents that are over, so that nobody outside can tell the one from the other by the time.
"""

from typing import Final

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import NotAllowed, NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.oversight.api import Entry
from kumihimo.rooms.register import logged
from kumihimo.rooms.register import store_asking as store
from kumihimo.rooms.register.api import (
    LATEST_PATH,
    Attributes,
    LatestAsked,
    LatestTold,
    Sealed,
    StrictInquiry,
)
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.strict import asked as sought
from kumihimo.rooms.register.identify import tag_of
from kumihimo.rooms.register.inquiries import spend
from kumihimo.rooms.register.store_asking import InquiryRow, Present

JPKI: Final = "jpki"
ABOUT: Final = "latest-attributes"  # what a person reads when she asks who asked about her
_HERE: Final = frozenset({"resident", "leaving"})
_REFERENCE: Final = b"jpki-holder"


def reference_tag(register: Register, reference: bytes) -> bytes:
    """Return the tag under which jpki's reference of a person is kept."""
    return register.locker.tag(reference, label=_REFERENCE)


async def know(register: Register, tx: Tx, person: int) -> None:
    """Let jpki ask about a person from now on."""
    tag = reference_tag(register, register.references.of(person, "jpki"))
    await store.know_holder(tx, tag, person)


async def latest(register: Register, sender: str, asked: LatestAsked) -> Sealed:
    """Tell the four attributes of a holder. Raises `NotAllowed`, `NotFound`, `TooMany`, `LedgerSilent`.

    Recorded like a strict inquiry: she is told that jpki asked, and whether it was told.
    """
    entry = jpki_only(register, sender)
    register.require_ledger()
    await spend(register, sender, 1)
    async with register.database.transaction() as tx:
        person = await store.person_of(tx, reference_tag(register, asked.holder))
        row = await store.present(tx, person) if person is not None else None
        told = _told(row, tell=asked.tell) if row is not None else None
        if row is not None and told is not None:
            await _log(register, tx, sender, row, answered=told.attributes is not None)
        answered = int(told is not None and told.attributes is not None)
        await register.journal(tx, "latest-asked", sender, answered=answered)
    if told is None:
        raise NotFound
    return register.seal(told, entry, path=LATEST_PATH)


def jpki_only(register: Register, sender: str) -> Entry:
    """Return jpki's entry; raises `NotAllowed` for any other sender."""
    entry = register.directory.current().active(sender)
    if entry is None or entry.kind != JPKI:
        raise NotAllowed("only jpki asks about a holder by its reference")
    return entry


def _told(row: Present, *, tell: bool) -> LatestTold:
    here = row.standing in _HERE
    if not (tell and here) or row.protected:
        return LatestTold(gone=not here)
    return LatestTold(gone=False, attributes=_attributes(row))


def _attributes(row: Present) -> Attributes:
    return Attributes(name=row.name, birth=row.birth, sex=row.sex, address=row.address)


async def _log(register: Register, tx: Tx, sender: str, row: Present, *, answered: bool) -> None:
    name = StrictInquiry(inquiry="", affair=ABOUT, attributes=_attributes(row))
    line = InquiryRow(
        inquiry=new_id(register.entropy),
        affair=ABOUT,
        person_tag=tag_of(register, sought(name, frozenset({ABOUT}))),
        answered=answered,
    )
    await logged.log(register, tx, sender, [line])
