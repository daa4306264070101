"""Oversight as a witness of the ledger's log: it signs what continues what it saw, and nothing else.

It sees sizes and hashes; from neither can it tell what stands in the log.
"""

import hashlib

from kumihimo.kernel import journal
from kumihimo.kernel.ids import ID_BYTES, id_of
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, Conflict, NotAllowed
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import BadNote, Kind, NoteSigner
from kumihimo.kernel.tlog.witnessing import (
    AddCheckpoint,
    AnotherSize,
    NotConsistent,
    NotWitnessed,
    follow,
)
from kumihimo.rooms.oversight import store, store_witness
from kumihimo.rooms.oversight.api import (
    LOG_KEEPER,
    LOG_ORIGIN,
    PARTY,
    WITNESS_NAME,
    Alarm,
    CheckpointSeen,
    CheckpointShown,
    Nothing,
    Witnessed,
    log_keys,
)
from kumihimo.rooms.oversight.service import Oversight
from kumihimo.rooms.oversight.store_witness import WitnessedRow

_WHERE = "request"


async def witness(oversight: Oversight, sender: Verified, shown: CheckpointShown) -> Witnessed:
    """Cosign a checkpoint of the ledger's log that continues what was seen.

    Where its proof starts from another size, the answer says which and has no cosignature. What
    does not continue what was seen is kept beside it, raises an alarm, and is a `Conflict`.
    """
    if sender.sender != LOG_KEEPER:
        raise NotAllowed("only the ledger shows checkpoints of its log here")
    try:
        asked = AddCheckpoint.parse(shown.request)
    except BadNote as error:
        raise BadInput(str(error), pointer=_WHERE) from error
    keys = log_keys(oversight.book.current())
    async with oversight.database.transaction() as tx:
        row = await store_witness.witnessed(tx, LOG_ORIGIN)
    seen = None if row is None else row.seen()
    try:
        checkpoint = follow(asked, keys=keys, seen=seen)
    except AnotherSize as error:
        return Witnessed(cosignature="", size=error.size)
    except NotWitnessed as error:
        if row is None or not isinstance(error, NotConsistent):
            raise BadInput(str(error), pointer=_WHERE) from error
        await _tell(oversight, row, asked)
        raise Conflict("this checkpoint does not continue what was seen", pointer=_WHERE) from error
    return await _cosign(oversight, asked, checkpoint, row)


async def seen(oversight: Oversight, sender: Verified, _: Nothing) -> CheckpointSeen:
    """Return the newest checkpoint that was cosigned."""
    if sender.sender != LOG_KEEPER:
        raise NotAllowed("only the ledger asks how far its log was seen")
    async with oversight.database.transaction() as tx:
        row = await store_witness.witnessed(tx, LOG_ORIGIN)
    return CheckpointSeen("" if row is None else row.note)


async def _cosign(
    oversight: Oversight, asked: AddCheckpoint, checkpoint: Checkpoint, row: WitnessedRow | None
) -> Witnessed:
    """Note it first: what was signed must be remembered whatever happens."""
    now = oversight.clock.now()
    seen = None if row is None else row.seen()
    if not await store_witness.move(oversight.database, checkpoint, asked.note, seen, now):
        async with oversight.database.transaction() as tx:
            latest = await store_witness.witnessed(tx, LOG_ORIGIN)
        assert latest is not None, "somebody moved it"
        return Witnessed(cosignature="", size=latest.size)
    signer = NoteSigner(WITNESS_NAME, Kind.COSIGNATURE, oversight.keys.signing)
    signature = signer.sign(asked.note.text, at=int(now.timestamp()))
    return Witnessed(cosignature=signature.line(), size=checkpoint.size)


async def _tell(oversight: Oversight, row: WitnessedRow, asked: AddCheckpoint) -> None:
    shown, now = asked.note.encode().decode(), oversight.clock.now()
    alarm = id_of(hashlib.sha256((row.note + shown).encode()).digest()[:ID_BYTES])
    async with oversight.database.transaction() as tx:
        if not await store_witness.keep_two_histories(
            tx, alarm=alarm, log=LOG_ORIGIN, seen=row.note, shown=shown, at=now
        ):
            return
        told = Alarm(
            alarm=alarm,
            kind="two-histories",
            permit="",
            requester=LOG_KEEPER,
            provider="",
            noticed_at=now,
        )
        await store.add_alarm(tx, PARTY, told)
        line = journal.JournalLine(act="two-histories-seen", actor=PARTY, detail={"size": row.size})
        await journal.write(tx, line, at=now)
