"""Where the leaves of what is delivered stand in the log: records by the core's word, ends by ours.

The core put the leaf of each record into the log before it answered. What it delivers afterwards
is held against those leaves: a record that was changed in between has none.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import attrs
import msgspec

from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.leaf import SALT_BYTES, Submission, commit
from kumihimo.rooms.ledger import store, store_log
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.linkage.api import PARTY as LINKAGE
from kumihimo.rooms.linkage.api import EndRecord, Record, RecordsDelivered

_WAITING = "PENDING_MANUAL"


@attrs.frozen
class Placed:
    """The place of each record's leaf, in their order, and the records whose leaf is another."""

    places: list[int | None]
    changed: list[Record]


async def place_records(
    ledger: Ledger, tx: Tx, delivered: RecordsDelivered, at: datetime
) -> Placed:
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
    known = await store_log.submissions(tx, list(groups))
    places: list[int | None] = []
    changed: list[Record] = []
    for name, records in groups.items():
        leaves = [record.leaf() for record in records]
        row = known.get(name)
        if row is None:
            [first] = await ledger.log.take(tx, LINKAGE, [Submission(name, b"".join(leaves))], at)
            places += range(first, first + len(leaves))
            continue
        logged = await store_log.entries(tx, row.first, row.first + row.leaves)
        fits = row.sender == LINKAGE and len(logged) == len(leaves)
        for index, (record, leaf) in enumerate(zip(records, leaves, strict=True)):
            same = fits and logged[index] == leaf
            places.append(row.first + index if same else None)
            changed += [] if same else [record]
    return Placed(places, changed)


def end_leaf(ledger: Ledger, end: EndRecord) -> bytes:
    """Return the leaf of an end. Its form is fixed, whatever an end gains later."""
    content = (
        "exchange-end/1",
        end.permit,
        end.side,
        end.outcome,
        end.at.astimezone(UTC),
        end.hidden,
    )
    return commit(ledger.salt(f"end|{end.permit}|{end.side}"), msgspec.json.encode(content))


async def place_ends(
    ledger: Ledger, tx: Tx, ends: Sequence[EndRecord], at: datetime
) -> list[int | None]:
    """Append the leaves of ends; returns their places. One that still waits for a person has none."""
    final = [end for end in ends if end.outcome != _WAITING]
    if not final:
        return [None] * len(ends)
    first = await ledger.log.append(tx, [end_leaf(ledger, end) for end in final], at)
    places = iter(range(first, first + len(final)))
    return [None if end.outcome == _WAITING else next(places) for end in ends]


async def new_ends(tx: Tx, delivered: Sequence[EndRecord]) -> list[EndRecord]:
    """Return the ends that say something new: those not known yet, and decisions of waiting ones."""
    if not delivered:
        return []
    known = await store.outcomes_of(tx, [end.permit for end in delivered])
    last = {(end.permit, end.side): end for end in delivered}

    def says_new(end: EndRecord) -> bool:
        before = known.get((end.permit, end.side))
        return before is None or (before == _WAITING and end.outcome != _WAITING)

    return [end for end in last.values() if says_new(end)]
