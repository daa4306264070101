"""What a holder gets who proved at a portal, with her card, who she is: no number, no counter.

Her ticket to the ledger, sealed to it, and who asked register about her, sealed to the portal. jpki
stands between them, names her by its own reference, and opens neither. While her session lasts the
portal reads again who asked, by a handle that register alone opens: jpki hands on bytes that are
others each time, and is not told whose they are.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag

from kumihimo.kernel.keys import seal_payload
from kumihimo.kernel.refusal import BadInput, NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.register import acquisition, inquiries
from kumihimo.rooms.register import store_asking as store
from kumihimo.rooms.register.api import (
    DISCLOSE_PATH,
    READ_AGAIN_PATH,
    HolderDiscloses,
    HolderDisclosure,
    HolderReadsAgain,
    Sealed,
)
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.latest import jpki_only, reference_tag

KEY_BYTES: Final = 32
HANDLE_BYTES_MAX: Final = 512
# Our choice: as long as a session at the ledger, and what coming in takes. Then her card is asked for.
HANDLE_FOR: Final = timedelta(minutes=20)
_HANDLE: Final = b"reader-handle"
_BLOCK: Final = 256


class _Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads, to which key she is told, and until when; locked, it is the handle."""

    person: int
    seal_to: bytes
    until: datetime


async def disclose(register: Register, sender: str, asked: HolderDiscloses) -> Sealed:
    """Give a holder her ticket, and tell who asked. Raises `NotAllowed`, `NotFound`, `TooMany`."""
    entry = jpki_only(register, sender)
    if len(asked.seal_to) != KEY_BYTES:
        raise BadInput(f"a payload key is {KEY_BYTES} bytes", pointer="seal_to")
    ledger = acquisition.require_ledger(register)
    await inquiries.spend(register, sender, 1)
    until = register.clock.now() + HANDLE_FOR
    async with register.database.transaction() as tx:
        person = await store.person_of(tx, reference_tag(register, asked.holder))
        begun = await acquisition.begin_for(register, tx, person)
        told = b""
        if person is not None:
            reader = _Reader(person=person, seal_to=asked.seal_to, until=until)
            told = await _told(register, tx, reader, path=DISCLOSE_PATH)
        await register.journal(tx, "holder-disclosed", sender, given=int(begun is not None))
    if begun is None:
        raise NotFound
    ticket = acquisition.sealed_ticket(register, begun, ledger)
    return register.seal(HolderDisclosure(ticket=ticket, inquiries=told), entry, path=DISCLOSE_PATH)


async def read_again(register: Register, sender: str, asked: HolderReadsAgain) -> Sealed:
    """Tell who asked about a holder by now. Raises `NotAllowed`, `NotFound` when its time is over.

    It counts against no quota: a handle is register's own word, of one person.
    """
    entry = jpki_only(register, sender)
    reader = _reader(register, asked.handle)
    async with register.database.transaction() as tx:
        told = await _told(register, tx, reader, path=READ_AGAIN_PATH)
        await register.journal(tx, "holder-read-again", sender)
    return register.seal(Sealed(told), entry, path=READ_AGAIN_PATH)


def _reader(register: Register, handle: bytes) -> _Reader:
    """Return who reads; raises `NotFound` whatever is wrong."""
    if len(handle) > HANDLE_BYTES_MAX:
        raise NotFound
    try:
        content = register.locker.unlock(handle, label=_HANDLE)
    except (InvalidTag, ValueError):
        raise NotFound from None
    reader = msgspec.json.decode(content, type=_Reader)
    if register.clock.now() >= reader.until:
        raise NotFound
    return reader


async def _told(register: Register, tx: Tx, reader: _Reader, *, path: str) -> bytes:
    """Return who asked about her, and a handle to read it again by, sealed to the portal."""
    about = await inquiries.told_about(register, tx, reader.person)
    handle = register.locker.lock(msgspec.json.encode(reader), label=_HANDLE, block=_BLOCK)
    told = msgspec.structs.replace(about, handle=handle)
    return seal_payload(msgspec.json.encode(told), to=reader.seal_to, context=path.encode())
