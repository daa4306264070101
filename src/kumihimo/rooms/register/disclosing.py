"""What a holder gets who proved at a portal, with her card, who she is: no number, no counter.

Her ticket to the ledger, sealed to it, and who asked register about her, sealed to the portal. jpki
stands between them, names her by its own reference, and opens neither.
"""

from typing import Final

import msgspec

from kumihimo.kernel.keys import seal_payload
from kumihimo.kernel.refusal import BadInput, NotFound
from kumihimo.rooms.register import acquisition, inquiries
from kumihimo.rooms.register import store_asking as store
from kumihimo.rooms.register.api import (
    DISCLOSE_PATH,
    HolderDiscloses,
    HolderDisclosure,
    Sealed,
)
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.latest import jpki_only, reference_tag

KEY_BYTES: Final = 32


async def disclose(register: Register, sender: str, asked: HolderDiscloses) -> Sealed:
    """Give a holder her ticket, and tell who asked. Raises `NotAllowed`, `NotFound`, `TooMany`."""
    entry = jpki_only(register, sender)
    if len(asked.seal_to) != KEY_BYTES:
        raise BadInput(f"a payload key is {KEY_BYTES} bytes", pointer="seal_to")
    ledger = acquisition.require_ledger(register)
    await inquiries.spend(register, sender, 1)
    async with register.database.transaction() as tx:
        person = await store.person_of(tx, reference_tag(register, asked.holder))
        begun = await acquisition.begin_for(register, tx, person)
        told = await inquiries.told_about(register, tx, person)
        await register.journal(tx, "holder-disclosed", sender, given=int(begun is not None))
    if begun is None:
        raise NotFound
    answer = HolderDisclosure(
        ticket=acquisition.sealed_ticket(register, begun, ledger),
        inquiries=seal_payload(
            msgspec.json.encode(told), to=asked.seal_to, context=DISCLOSE_PATH.encode()
        ),
    )
    return register.seal(answer, entry, path=DISCLOSE_PATH)
