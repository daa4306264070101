"""Handing lists of revoked certificates to registered verifiers: each is on record."""

import attrs

from kumihimo.kernel.refusal import NotFound
from kumihimo.rooms.jpki import store_lists, store_status
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.verifiers import Purpose
from kumihimo.rooms.jpki.store_status import VerifierRow
from kumihimo.rooms.jpki.verifying import require_role


@attrs.frozen(kw_only=True)
class Wanted:
    """Which list, and why."""

    ca: Ca
    generation: int
    part: str
    purpose: Purpose


async def fetch(jpki: Jpki, caller: VerifierRow, wanted: Wanted) -> bytes:
    """Return the list in force, DER; raises `NotAllowed`, `NotFound`."""
    require_role(caller, wanted.ca)
    async with jpki.database.transaction() as tx:
        row = await store_lists.latest(tx, wanted.ca, wanted.generation, wanted.part)
        if row is None:
            raise NotFound
        await store_status.add_list_fetch(
            tx, caller.verifier, row, purpose=wanted.purpose, on=jpki.today()
        )
        await jpki.journal(tx, "list-fetched", caller.verifier, ca=row.ca, number=row.number)
    return bytes(row.der)
