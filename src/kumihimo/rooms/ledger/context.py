"""What every use case of the ledger needs, and the changes of its key that it knows of."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import LiteralString

import attrs

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.group import Point, parse_scalar
from kumihimo.kernel.keys import Locker, PartyKeys
from kumihimo.kernel.leaves import salt_of, salts
from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.tlog.note import Kind, NoteSigner
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.ledger import store_rotation
from kumihimo.rooms.ledger.domain.codes import Coded, Step, candidates
from kumihimo.rooms.ledger.log import Log
from kumihimo.rooms.ledger.store_rotation import StepRow
from kumihimo.rooms.oversight.api import LOG_ORIGIN


def _log_of(ledger: "Ledger") -> Log:
    signer = NoteSigner(LOG_ORIGIN, Kind.TEXT, ledger.keys.signing)
    return Log(ledger.database, signer, ledger.clock)


def _salts_of(ledger: "Ledger") -> Withheld[bytes]:
    return salts(ledger.keys)


@attrs.frozen
class Ledger:
    """What every use case of the ledger needs."""

    database: Database
    keys: PartyKeys
    clock: Clock
    entropy: Entropy
    log: Log = attrs.field(default=attrs.Factory(_log_of, takes_self=True))
    _salts: Withheld[bytes] = attrs.field(
        init=False, default=attrs.Factory(_salts_of, takes_self=True)
    )

    def salt(self, record: str) -> bytes:
        """Return the salt of one of the ledger's own leaves: always the same, in no database."""
        return salt_of(self._salts, record)

    def locker(self, use: str) -> Locker:
        """Return what encrypts and tags the ledger's own columns, for one named use."""
        return Locker.of(self.keys.secret(use), self.entropy)


async def held_steps(ledger: Ledger, tx: Tx) -> list[Step]:
    """Return every change of key so far; none begins before this transaction ends.

    Whoever writes or looks for a code asks here first, in the same transaction: so no code is left
    behind under an old version, and no reader misses a row that moved under its eyes.
    """
    await store_rotation.hold(tx)
    return [step_of(ledger, row) for row in await store_rotation.steps(tx)]


@asynccontextmanager
async def reading(
    ledger: Ledger, person: Coded, *before: LiteralString
) -> AsyncGenerator[tuple[Tx, Sequence[Point]]]:
    """Open a brief transaction for what is read by a person's codes, and return those with it.

    As after `held_steps`, no change of key begins before it ends. It begins with `before`.
    """
    async with ledger.database.brief(*before, store_rotation.HOLD, store_rotation.STEPS) as tx:
        steps = [step_of(ledger, StepRow(*row)) for row in tx.first]
        yield tx, candidates(person, steps)


def step_of(ledger: Ledger, row: StepRow) -> Step:
    """Return a step as it is calculated with."""
    if row.scalar_locked is None:
        return Step(row.old, row.new, None)
    label = rotation_label(row.new)
    scalar = ledger.locker("rotation").unlock(bytes(row.scalar_locked), label=label)
    return Step(row.old, row.new, parse_scalar(scalar))


def rotation_label(new: int) -> bytes:
    """Return what a step's locked scalar is bound to."""
    return f"rotation|{new}".encode()
