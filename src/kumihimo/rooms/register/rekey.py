"""Keys of the strict inquiry that an older canonical form made are made anew, a few at a time.

While an outdated key of a birth day is left, nobody born on that day answers a strict inquiry: who
would be the only match could still have a second one (`store_asking.matches`).
"""

from typing import Final

from kumihimo.people.identity import FourAttributes, match_key
from kumihimo.rooms.register import store
from kumihimo.rooms.register.context import Register

REKEY_MAX: Final = 1_000  # our choice: a transaction of some tens of milliseconds


async def rekey(register: Register) -> int:
    """Make up to `REKEY_MAX` outdated keys anew; returns how many there were."""
    async with register.database.transaction() as tx:
        rows = await store.outdated(tx, REKEY_MAX)
        four = [
            FourAttributes.parse(name=r.name, birth=r.birth, sex=r.sex, address=r.address)
            for r in rows
        ]
        await store.put_keys(
            tx, [(row.person, match_key(one)) for row, one in zip(rows, four, strict=True)]
        )
    return len(rows)
