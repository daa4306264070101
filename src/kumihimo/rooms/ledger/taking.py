"""Where the leaves of what is delivered stand in the log: records by the core's word, ends by ours.

The core put the leaf of each record into the log before it answered. What it delivers afterwards
is held against those leaves: a record that was changed in between has none.
"""

import hashlib
from collections.abc import Sequence

import attrs

from kumihimo.kernel.ids import ID_BYTES, id_of
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.tlog.leaf import SALT_BYTES, SUBMISSIONS_MAX, Submission, commit
from kumihimo.rooms.ledger import store, store_log
from kumihimo.rooms.ledger.api import PARTY
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.domain.history import end_content
from kumihimo.rooms.ledger.log import SubmissionChanged
from kumihimo.rooms.linkage.api import PARTY as LINKAGE
from kumihimo.rooms.linkage.api import EndRecord, Record, RecordsDelivered

_WAITING = "PENDING_MANUAL"


@attrs.frozen
class Placed:
    """The place of each record's leaf, in their order, and the records whose leaf is another."""

    places: list[int | None]
    changed: list[Record]


async def place_records(ledger: Ledger, delivered: RecordsDelivered) -> Placed:
    """Find the leaves of delivered records in the log.

    A submission that never arrived (the core ended in between) is appended now. Raises `BadInput`
    where the submissions do not fit the records.
    """
    if not delivered.submissions:
        return Placed([None] * len(delivered.records), [])
    if sum(sent.records for sent in delivered.submissions) != len(delivered.records):
        raise BadInput("the submissions are of other records", pointer="submissions")
    if any(len(record.salt) != SALT_BYTES for record in delivered.records):
        raise BadInput("a salt is 16 bytes", pointer="records.salt")
    rest = iter(delivered.records)
    groups = {
        sent.submission: [next(rest) for _ in range(sent.records)] for sent in delivered.submissions
    }
    logged = await _logged(ledger, list(groups))
    missing = [
        Submission(name, b"".join(record.leaf() for record in records), "record")
        for name, records in groups.items()
        if name not in logged and records
    ]
    for start in range(0, len(missing), SUBMISSIONS_MAX):
        try:
            await ledger.log.take(LINKAGE, missing[start : start + SUBMISSIONS_MAX])
        except SubmissionChanged:  # it came a moment ago, and otherwise
            continue
    logged |= await _logged(ledger, [one.submission for one in missing])
    places: list[int | None] = []
    changed: list[Record] = []
    for name, records in groups.items():
        sender, first, leaves = logged.get(name, ("", 0, []))
        fits = sender == LINKAGE and len(leaves) == len(records)
        for index, record in enumerate(records):
            same = fits and leaves[index] == record.leaf()
            places.append(first + index if same else None)
            changed += [] if same else [record]
    return Placed(places, changed)


async def _logged(ledger: Ledger, names: Sequence[str]) -> dict[str, tuple[str, int, list[bytes]]]:
    """Return sender, place and leaves of those of these submissions that are in the log."""
    if not names:
        return {}
    async with ledger.database.transaction() as tx:
        return {
            row.submission: (
                row.sender,
                row.first,
                await store_log.entries(tx, row.first, row.first + row.leaves),
            )
            for row in await store_log.submissions(tx, names)
        }


def end_leaf(ledger: Ledger, end: EndRecord) -> bytes:
    """Return the leaf of an end."""
    content = end_content(end.permit, end.side, end.outcome, end.at, hidden=end.hidden)
    return commit(end_salt(ledger, end.permit, end.side), content)


def end_salt(ledger: Ledger, permit: str, side: str) -> bytes:
    """Return the salt of an end: it follows from the ledger's key and is in no database."""
    return ledger.salt(f"end|{permit}|{side}")


async def place_ends(ledger: Ledger, ends: Sequence[EndRecord]) -> list[int | None]:
    """Append the leaves of ends; returns their places. One that still waits for a person has none.

    The submission's id comes from its leaves, so a delivery that was cut gets the same places when
    it is repeated.
    """
    final = [end for end in ends if end.outcome != _WAITING]
    if not final:
        return [None] * len(ends)
    leaves = b"".join(end_leaf(ledger, end) for end in final)
    name = id_of(hashlib.sha256(leaves).digest()[:ID_BYTES])
    [first] = await ledger.log.take(PARTY, [Submission(name, leaves)])
    places = iter(range(first, first + len(final)))
    return [None if end.outcome == _WAITING else next(places) for end in ends]


async def new_ends(ledger: Ledger, delivered: Sequence[EndRecord]) -> list[EndRecord]:
    """Return the ends that say something new: those not known yet, and decisions of waiting ones."""
    if not delivered:
        return []
    async with ledger.database.transaction() as tx:
        known = await store.outcomes_of(tx, [end.permit for end in delivered])
    last = {(end.permit, end.side): end for end in delivered}

    def says_new(end: EndRecord) -> bool:
        before = known.get((end.permit, end.side))
        return before is None or (before == _WAITING and end.outcome != _WAITING)

    return [end for end in last.values() if says_new(end)]
