"""The right edge of a growing tree: what is needed to append to a log, and to say its new root."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Self

import attrs

from kumihimo.kernel.tlog.tiles import HEIGHT, LEVELS, WIDTH, held
from kumihimo.kernel.tlog.tree import EMPTY_ROOT, fold, node_hash

Place = tuple[int, int]


@attrs.frozen
class Edge:
    """How many entries a log has, and the hashes in its last tile at each level, if not full."""

    size: int
    levels: tuple[tuple[bytes, ...], ...]

    @classmethod
    def empty(cls) -> Self:
        """Return the edge of a log without entries."""
        return cls(0, ((),) * LEVELS)

    @classmethod
    def of(cls, size: int, partial: Mapping[int, Sequence[bytes]]) -> Self:
        """Return the edge of a log from the hashes in its partial tiles, by level."""
        levels = tuple(tuple(partial.get(level, ())) for level in range(LEVELS))
        for level, hashes in enumerate(levels):
            assert len(hashes) == held(size, level) % WIDTH, "the edge does not fit the size"
        return cls(size, levels)

    def grown(self, entries: Sequence[bytes]) -> tuple[Self, dict[Place, bytes]]:
        """Return the edge after more entries, and the hashes above level 0 that became whole.

        Those are by (level, place): the hash over a full tile stands at the next level.
        """
        sha256 = hashlib.sha256
        coming = [sha256(b"\0" + entry).digest() for entry in entries]
        levels, whole = list(self.levels), dict[Place, bytes]()
        for level in range(LEVELS):
            row = [*levels[level], *coming]
            above = held(self.size, level + 1)
            coming = [fold(row[at : at + WIDTH]) for at in range(0, len(row) - WIDTH + 1, WIDTH)]
            whole.update(((level + 1, above + at), over) for at, over in enumerate(coming))
            levels[level] = tuple(row[len(coming) * WIDTH :])
            if not coming:
                break
        return attrs.evolve(self, size=self.size + len(entries), levels=tuple(levels)), whole

    def root(self) -> bytes:
        """Return the root over all entries."""
        if self.size == 0:
            return EMPTY_ROOT
        over: bytes | None = None
        for row in self.levels:
            end = len(row)
            for height in range(HEIGHT):
                if len(row) >> height & 1:
                    full = fold(row[end - (1 << height) : end])
                    over = full if over is None else node_hash(full, over)
                    end -= 1 << height
        assert over is not None, "a log with entries has a root"
        return over
