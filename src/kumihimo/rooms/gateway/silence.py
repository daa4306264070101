"""How long the core has been silent towards each institution: what waits for it, and since when.

Of each institution for itself: what nobody takes from one of them stops no other.
"""

from collections.abc import Mapping

from kumihimo.kernel import outbox
from kumihimo.rooms.gateway import store_exchange
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.linkage.api import PARTY


async def look(gateway: Gateway, tenants: Mapping[str, Tenant]) -> int:
    """Take note of the questions and the reports that wait for the core: how many, how old."""
    async with gateway.database.transaction() as tx:
        letters = await outbox.waiting(tx)
    reports = {one.sender: one for one in letters if one.destination == PARTY}
    for name in tenants:
        async with gateway.database.transaction(institution=name) as tx:
            asked = await store_exchange.unheard(tx)
        core, letters_of = gateway.core[name], reports.get(name)
        core.questions.saw(asked.since, asked.count)
        core.reports.saw(*(letters_of.oldest, letters_of.count) if letters_of else (None, 0))
    return 0
