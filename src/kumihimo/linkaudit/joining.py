"""Partitions by range of numbers: rows and persons of one range meet, and fit in memory.

A table comes in chunks, in its own order. Each chunk is cut by number and leaves one file for each
partition, in a folder of its own; a partition is what all chunks left for it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import numpy as np
import polars as pl

from kumihimo.linkaudit.folder import whole

Schema: TypeAlias = Mapping[str, type[pl.DataType]]

_SAMPLE: Final = 100_000  # numbers looked at for the boundaries
_SUFFIX: Final = ".arrow"


@attrs.frozen
class Partitions:
    """Ranges of numbers: `bounds` are the first numbers of all but the first."""

    bounds: tuple[int, ...]

    @classmethod
    def of(cls, snapshot: pl.LazyFrame, persons: int, size: int) -> "Partitions":
        """Return ranges of about `size` persons each."""
        count = -(-persons // size)
        if count <= 1:
            return cls(())
        every = max(1, persons // _SAMPLE)
        numbers = snapshot.select(pl.col("number").cast(pl.Int64)).gather_every(every).collect()
        ends = np.quantile(numbers["number"].to_numpy(), np.arange(1, count) / count)
        return cls(tuple(int(end) for end in ends))

    def __len__(self) -> int:
        return len(self.bounds) + 1

    def cut(self, frame: pl.DataFrame) -> dict[int, pl.DataFrame]:
        """Return the parts of a table with `number` (Int64), by partition, each in its order."""
        if not self.bounds:
            return {0: frame} if len(frame) else {}
        at = np.searchsorted(np.array(self.bounds), frame["number"].to_numpy(), side="right")
        marked = frame.with_columns(partition=pl.Series(at.astype(np.uint16)))
        parts = marked.partition_by("partition", as_dict=True, include_key=False)
        return {int(key[0]): part for key, part in parts.items()}


def save(parts: dict[int, pl.DataFrame], folder: Path) -> None:
    """Write the parts of one chunk: all of them, or none."""
    with whole(folder) as half:
        half.mkdir()
        for partition, part in parts.items():
            part.write_ipc(half / f"{partition:05}{_SUFFIX}", compression="lz4")


def load(stage: Path, partition: int, columns: Schema) -> pl.DataFrame:
    """Return what all chunks of a stage left for a partition."""
    files = sorted(stage.glob(f"*/{partition:05}{_SUFFIX}"))
    if not files:
        return pl.DataFrame(schema=columns)
    return pl.scan_ipc(files).select(list(columns)).collect()
