"""An institution asks for its own exchanges: by that a restored gateway knows what it lacks."""

from typing import Final

from kumihimo.kernel.ids import is_bits
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.linkage import store_completeness
from kumihimo.rooms.linkage.own_api import AskExchanges, OwnExchange, OwnExchanges
from kumihimo.rooms.linkage.service import Core

AT_ONCE: Final = 1_000  # our choice: an answer of a hundred kilobytes


async def own_exchanges(core: Core, sender: Verified, asked: AskExchanges) -> OwnExchanges:
    """Return what the sender asked, and what it said its last word on as a provider; nobody else's."""
    if asked.after and not is_bits(asked.after):
        raise BadInput("a record's id is 22 characters", pointer="after")
    async with core.database.transaction() as tx:
        rows = await store_completeness.exchanges_of(
            tx, sender.sender, asked.since, asked.after, AT_ONCE
        )
    found = tuple(
        OwnExchange(
            record=row.record,
            inquiry=row.inquiry,
            requested_at=row.requested_at,
            provided_at=row.provided_at,
        )
        for row in rows
    )
    return OwnExchanges(found)
