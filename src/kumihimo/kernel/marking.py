"""Whether lines of a journal that were there are still what they were, within a minute, however many.

To follow every digest takes seven seconds of a processor for a million lines, and is done in slow
rounds. Marks of the same lines take one: a keyed sum over whole rows, by the
database, that nobody can keep up without the key. Marks are taken when a process first comes by and
live in its memory: what was changed before is found by the round, what is changed since by a mark.
"""

from typing import Final

import attrs

from kumihimo.kernel import store_anchors
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.store_anchors import Mark

LOOKS: Final = 5  # our choice: at ten seconds each a whole pass takes fifty
TAKEN_AT_ONCE: Final = 1_000_000  # our choice: lines of which marks are first taken at one look


@attrs.frozen
class Part:
    """Lines behind `after`, up to `until`, and their mark."""

    after: int
    until: int
    mark: Mark


@attrs.define(kw_only=True)
class Marks:
    """Marks of a journal's parts, of `width` lines each, and of what follows the last whole one."""

    seed: int
    width: int
    _parts: list[Part] = attrs.field(init=False, factory=list[Part])
    _tail: Part | None = attrs.field(init=False, default=None)
    _at: int = attrs.field(init=False, default=0)

    async def look(self, tx: Tx, head: int) -> list[Part]:
        """Return parts that are not what they were, of those whose turn it is; mark what is new."""
        due = [] if self._tail is None else [self._tail]
        for _ in range(-(-len(self._parts) // LOOKS)):
            due.append(self._parts[self._at % len(self._parts)])
            self._at += 1
        changed = [part for part in due if await self._mark(tx, part.after, part.until) != part]
        for _ in range(max(1, TAKEN_AT_ONCE // self.width)):
            after = len(self._parts) * self.width
            if after + self.width > head:
                break
            self._parts.append(await self._mark(tx, after, after + self.width))
        after = len(self._parts) * self.width
        behind = after + self.width <= head
        self._tail = None if behind or after >= head else await self._mark(tx, after, head)
        return changed

    async def _mark(self, tx: Tx, after: int, until: int) -> Part:
        mark = await store_anchors.mark(tx, self.seed, after=after, until=until)
        return Part(after, until, mark)
