"""Bells: somebody hears outside of a session that something waits for her, and nothing of what it is.

Her portal hangs a bell in her session and keeps its secret. What she may read from now on that she
did not do herself rings it: an exchange that got its number, a notice, an answer. The portal asks
by the secrets which bells ring. What is hidden (不開示) has no number and rings none.
"""

import base64
import hashlib
from datetime import timedelta
from typing import Final

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.ledger import store_bells as store
from kumihimo.rooms.ledger.api import BellHung, BellsHeard, HearBells
from kumihimo.rooms.ledger.context import Ledger, held_steps
from kumihimo.rooms.ledger.domain.codes import candidates, carried
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.ledger.store_bells import BellRow

HANGS_FOR: Final = timedelta(days=400)  # our choice: who comes in hangs it anew long before
_SECRET_BYTES: Final = 32


async def hang(ledger: Ledger, person: Person) -> BellHung:
    """Hang a bell for a person, in place of the one before."""
    now = ledger.clock.now()
    secret = base64.urlsafe_b64encode(ledger.entropy.bytes(_SECRET_BYTES)).rstrip(b"=").decode()
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        code = carried(person.code, steps)
        row = BellRow(
            bell_hash=_hash(secret),
            person=bytes(code.code),
            version=code.version,
            until=legal_day(now) + HANGS_FOR,
        )
        await store.hang(tx, row, [bytes(one) for one in candidates(person.code, steps)])
        await _journal(ledger, tx, "bell-hung")
    return BellHung(secret)


async def hear(ledger: Ledger, asked: HearBells) -> BellsHeard:
    """Say which bells ring. Those that were `heard` before are still, those of `down` hang no more."""
    of = {_hash(one): one for one in asked.bells}
    async with ledger.database.transaction() as tx:
        gone = await store.take_down(tx, [_hash(one) for one in asked.down]) if asked.down else 0
        still = await store.still(tx, [_hash(one) for one in asked.heard]) if asked.heard else 0
        ringing = await store.ringing(tx, list(of), legal_day(ledger.clock.now()))
        if gone or still:
            await _journal(ledger, tx, "bells-heard", still=still, gone=gone)
    return BellsHeard(tuple(of[one] for one in of if one in ringing))


async def forget(ledger: Ledger) -> None:
    """Forget bells that nobody hung anew."""
    async with ledger.database.transaction() as tx:
        gone = await store.forget(tx, legal_day(ledger.clock.now()))
        if gone:
            await _journal(ledger, tx, "bells-forgotten", gone=gone)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def _journal(ledger: Ledger, tx: Tx, act: str, **counts: int) -> None:
    line = journal.JournalLine(act=act, actor="person", detail=dict(counts))
    await journal.write(tx, line, at=ledger.clock.now())
