"""Letters of a gateway that travel to the core together.

An institution that asks one by one would else send a signed message for each of its ends.
"""

from collections.abc import Sequence

import msgspec

from kumihimo.kernel.outbox import runs
from kumihimo.rooms.linkage.api import BATCH_MAX, Ends


def pack_ends(bodies: Sequence[bytes]) -> list[tuple[int, bytes]]:
    """Pack letters of `Ends` into messages of at most `BATCH_MAX` ends."""
    packs: list[tuple[int, bytes]] = []
    letters = [msgspec.json.decode(body, type=Ends) for body in bodies]
    for group in runs([len(letter.ends) for letter in letters], BATCH_MAX):
        ends = tuple(end for letter in letters[group] for end in letter.ends)
        packs.append((group.stop - group.start, msgspec.json.encode(Ends(ends))))
    return packs
