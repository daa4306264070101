"""Telling cards who applies for a card, and under which references the two rooms know her."""

from typing import Final

from kumihimo.kernel.refusal import NotAllowed, NotFound
from kumihimo.rooms.register import store_asking as store
from kumihimo.rooms.register.api import (
    HOLDER_PATH,
    Attributes,
    DisclosureAsked,
    HolderAsked,
    HolderFound,
    Sealed,
)
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.identify import identify

CARDS: Final = "cards"


async def holder(register: Register, sender: str, asked: HolderAsked) -> Sealed:
    """Find who has this number, if all four attributes fit. Raises `NotAllowed`, `NotFound`."""
    entry = register.directory.current().active(sender)
    if entry is None or entry.kind != CARDS:
        raise NotAllowed("only cards asks who applies for a card")
    presented = DisclosureAsked(number=asked.number, attributes=asked.attributes)
    async with register.database.transaction() as tx:
        person = await identify(register, tx, presented)
        row = await store.present(tx, person) if person is not None else None
        await register.journal(tx, "holder-asked", sender, found=int(row is not None))
    if row is None:
        raise NotFound
    found = HolderFound(
        for_cards=register.references.of(row.person, "cards"),
        for_jpki=register.references.of(row.person, "jpki"),
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
    return register.seal(found, entry, path=HOLDER_PATH)
