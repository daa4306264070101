"""Telling jpki and cards of changed residents, by the outbox: in the transaction that changed them."""

from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from kumihimo.kernel import outbox
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.register.api import RESIDENTS_CHANGED_PATH, ResidentChanged, ResidentsChanged
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.changes import Told
from kumihimo.rooms.register.domain.intake import Book
from kumihimo.rooms.register.domain.references import Room

ROOMS: Final[tuple[Room, ...]] = get_args(Room)


async def tell(register: Register, tx: Tx, told: Sequence[Told], book: Book) -> None:
    """Put one message for each of the two rooms that takes part; no message for nobody."""
    if not told:
        return
    directory = register.directory.current()
    for room in ROOMS:
        if directory.active(room) is None:
            continue
        message = ResidentsChanged(tuple(_change(register, room, one, book) for one in told))
        await outbox.put(
            tx,
            topic=RESIDENTS_CHANGED_PATH,
            destination=room,
            body=msgspec.json.encode(message),
            at=register.clock.now(),
        )


def _change(register: Register, room: Room, told: Told, book: Book) -> ResidentChanged:
    history = book.people[told.person]
    return ResidentChanged(
        holder=register.references.of(told.person, room),
        version=len(history.entries),
        changed=told.changed,
        standing=history.present.standing,
        effective_on=history.open[-1].period.valid_from,
    )
