"""Letters of the core that travel to the ledger together."""

from collections.abc import Sequence

import msgspec

from kumihimo.kernel.outbox import runs
from kumihimo.rooms.linkage.api import BATCH_MAX, EndRecord, RecordsDelivered


def pack_records(bodies: Sequence[bytes]) -> list[tuple[int, bytes]]:
    """Pack letters of `RecordsDelivered`; those of another key version travel apart."""
    packs: list[tuple[int, bytes]] = []
    letters = [msgspec.json.decode(body, type=RecordsDelivered) for body in bodies]
    sizes = [len(letter.records) + len(letter.ends) for letter in letters]
    # Records from before the log have no submission, and would shift whose the others are.
    kinds = [2 * one.version + (bool(one.records) > bool(one.submissions)) for one in letters]
    for group in runs(sizes, BATCH_MAX, kinds):
        chosen = letters[group]
        # Of two words on one end in one message the last counts, as it would in two messages.
        ends: dict[tuple[str, str], EndRecord] = {
            (end.permit, end.side): end for letter in chosen for end in letter.ends
        }
        joined = RecordsDelivered(
            records=tuple(record for letter in chosen for record in letter.records),
            ends=tuple(ends.values()),
            version=chosen[0].version,
            submissions=tuple(sent for letter in chosen for sent in letter.submissions),
        )
        packs.append((len(chosen), msgspec.json.encode(joined)))
    return packs
