"""The gateway is told who looked at which record, so that its person reads it at the portal.

Once for each officer, record and day. Whose record it is, only the gateway knows; where it knows
nobody under the record's number, there is nobody to tell.
"""

import asyncio
import re
from typing import Final, Protocol

from kumihimo.kernel.ids import ID_BYTES, id_of
from kumihimo.kernel.net import Refused
from kumihimo.kernel.outbox import Letter
from kumihimo.rooms.gateway.business_looks import AFFAIR_OR_NONE, Asker, LookTold
from kumihimo.rooms.review import store_viewings as store
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.store_viewings import ViewingRow

ASKER: Final = Asker(role="ひも付けの点検")
ITEM: Final = "kept.link"


class LooksGateway(Protocol):
    """The part of `gateway.client.BusinessClient` that hears of looks."""

    def looked(self, told: tuple[LookTold, ...]) -> int:
        """Tell looks."""
        ...


async def tell(desk: Desk, gateway: LooksGateway, letter: Letter) -> None:
    """Tell the gateway of one viewing."""
    async with desk.database.transaction() as tx:
        row = await store.viewing(tx, int(letter.body))
    if row is None:
        return
    outcome = await asyncio.to_thread(_tell, desk, gateway, row)
    async with desk.database.transaction() as tx:
        await desk.journal(tx, "viewing-told", "desk", outcome=outcome)


def _tell(desk: Desk, gateway: LooksGateway, row: ViewingRow) -> str:
    told = row.affair if re.fullmatch(AFFAIR_OR_NONE, row.affair) else ""
    # A repeat has the same id; an affair that the desk's token does not handle is not told.
    name = id_of(desk.locker.tag(str(row.viewing).encode(), label=b"viewing")[:ID_BYTES])
    reason = ""
    for affair in dict.fromkeys((told, "")):
        look = LookTold(
            look=name, addressee=row.record_id, items=(ITEM,), affair=affair, asker=ASKER
        )
        try:
            gateway.looked((look,))
        except Refused as refusal:
            reason = refusal.reason
            if reason != "not-allowed":
                break
        else:
            return "done"
    return reason
