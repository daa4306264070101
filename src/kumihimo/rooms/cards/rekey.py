"""Keys of namesakes that an older canonical form made are made anew, a few at a time.

Until then who looks for a name finds every outdated card of the same birth date too, so that a
lost card is stopped whatever form its key has.
"""

from collections.abc import Sequence
from typing import Final

from kumihimo.rooms.cards import store_keys as store
from kumihimo.rooms.cards.applications import name_key
from kumihimo.rooms.cards.context import Cards

REKEY_MAX: Final = 1_000  # our choice: a transaction of some tens of milliseconds


async def rekey(cards: Cards) -> int:
    """Make up to `REKEY_MAX` outdated keys of each kind anew; returns how many there were."""
    async with cards.database.transaction() as tx:
        held = await store.outdated_cards(tx, REKEY_MAX)
        asked = await store.outdated_applications(tx, REKEY_MAX)
        await store.put_cards(tx, _keys(held))
        await store.put_applications(tx, _keys(asked))
    return len(held) + len(asked)


def _keys(rows: Sequence[store.OutdatedRow]) -> list[tuple[str, str]]:
    return [(row.id, name_key(row.name, row.birth)) for row in rows]
