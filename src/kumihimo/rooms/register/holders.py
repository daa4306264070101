"""Telling cards who applies for a card, and under which references the two rooms know her."""

from typing import Final

from cryptography.exceptions import InvalidTag

from kumihimo.kernel.refusal import NotAllowed, NotFound
from kumihimo.rooms.oversight.api import Entry
from kumihimo.rooms.register import store_asking as store
from kumihimo.rooms.register.api import (
    HANDLE_PATH,
    HOLDER_PATH,
    Attributes,
    DisclosureAsked,
    HolderAsked,
    HolderFound,
    HolderNow,
    Sealed,
)
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.identify import identify
from kumihimo.rooms.register.latest import know

CARDS: Final = "cards"
_HANDLE: Final = b"holder-handle"


async def holder(register: Register, sender: str, asked: HolderAsked) -> Sealed:
    """Find who has this number, if all four attributes fit. Raises `NotAllowed`, `NotFound`."""
    entry = _cards(register, sender)
    presented = DisclosureAsked(number=asked.number, attributes=asked.attributes)
    async with register.database.transaction() as tx:
        person = await identify(register, tx, presented)
        row = await store.present(tx, person) if person is not None else None
        if person is not None:
            await know(register, tx, person)
        await register.journal(tx, "holder-asked", sender, found=int(row is not None))
    return register.seal(_found(register, row), entry, path=HOLDER_PATH)


async def holder_now(register: Register, sender: str, asked: HolderNow) -> Sealed:
    """Tell of a holder as she is held now, by her handle. Raises `NotAllowed`, `NotFound`."""
    entry = _cards(register, sender)
    try:
        person = int.from_bytes(register.locker.unlock(asked.handle, label=_HANDLE), "big")
    except (InvalidTag, ValueError) as error:
        raise NotFound from error
    async with register.database.transaction() as tx:
        row = await store.present(tx, person)
        if row is not None:
            await know(register, tx, person)
        await register.journal(tx, "holder-asked", sender, found=int(row is not None))
    return register.seal(_found(register, row), entry, path=HANDLE_PATH)


def _cards(register: Register, sender: str) -> Entry:
    entry = register.directory.current().active(sender)
    if entry is None or entry.kind != CARDS:
        raise NotAllowed("only cards asks who applies for a card")
    return entry


def _found(register: Register, row: store.Present | None) -> HolderFound:
    if row is None:
        raise NotFound
    person = row.person.to_bytes(8, "big")
    return HolderFound(
        for_cards=register.references.of(row.person, "cards"),
        for_jpki=register.references.of(row.person, "jpki"),
        handle=register.locker.lock(person, label=_HANDLE),
        version=row.version,
        resident_code=row.resident_code,
        attributes=Attributes(
            name=row.name,
            birth=row.birth,
            sex=row.sex,
            address=row.address,
            municipality=row.municipality,
        ),
        kana=row.kana,
        standing=row.standing,
    )
