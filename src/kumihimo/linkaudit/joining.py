"""Partitions by range of numbers: rows and persons of one range meet, and fit in memory.

A table comes in chunks, in its own order. Each chunk is cut by number and leaves one file for each
partition, in a folder of its own; a partition is what all chunks left for it.
"""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import numpy as np
import polars as pl

from kumihimo.linkaudit.folder import whole

Schema: TypeAlias = Mapping[str, type[pl.DataType]]

_SAMPLE: Final = 100_000  # numbers looked at for the boundaries
_SUFFIX: Final = ".arrow"
# A text that hardly a row has stands apart, with the places of those that do.
_RARE: Final = ".rare.arrow"
_AT: Final = "at"
_OFTEN: Final = 16


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


def save(parts: Mapping[int, pl.DataFrame], folder: Path) -> None:
    """Write the parts of one chunk: all of them, or none."""
    with whole(folder) as half:
        half.mkdir()
        for partition, part in parts.items():
            _write(part, half, partition)


def load(
    stage: Path, partition: int, columns: Schema, numbers: pl.Series | None = None
) -> pl.DataFrame:
    """Return what all chunks of a stage left for a partition, or of it the lines of some numbers."""
    found: list[pl.DataFrame] = []
    for file in sorted(stage.glob(f"*/{partition:05}{_SUFFIX}")):
        scan = pl.scan_ipc(file).with_row_index(_AT)
        if numbers is not None:
            scan = scan.filter(pl.col("number").is_in(numbers.implode()))
        part = _read(scan, file, columns)
        found.append(part if numbers is None else _by_itself(part))
    return pl.concat(found) if found else pl.DataFrame(schema=columns)


def _by_itself(lines: pl.DataFrame) -> pl.DataFrame:
    """Return a few lines of a file without the file's other texts, which they would hold in memory."""
    place = BytesIO()
    lines.write_ipc(place, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    place.seek(0)
    return pl.read_ipc(place)


def drop(stage: Path, partition: int) -> None:
    """Take away what all chunks of a stage left for a partition; the chunks stay done."""
    for file in stage.glob(f"*/{partition:05}.*"):
        file.unlink()


def _write(part: pl.DataFrame, folder: Path, partition: int) -> None:
    rare = [one.name for one in part.get_columns() if _is_rare(one)]
    write_plain(part.drop(rare), folder / f"{partition:05}{_SUFFIX}")
    if rare:
        lines = part.select(rare).with_row_index(_AT)
        lines = lines.filter(pl.any_horizontal(pl.col(rare).is_not_null()))
        write_plain(lines, folder / f"{partition:05}{_RARE}")


def write_plain(table: pl.DataFrame, place: Path) -> None:
    """Write a table that is read soon, or often: packing it would cost more than reading it all."""
    table.write_ipc(place, compression="uncompressed", compat_level=pl.CompatLevel.oldest())


def _is_rare(column: pl.Series) -> bool:
    return column.dtype == pl.String and column.null_count() * _OFTEN > len(column) * (_OFTEN - 1)


def _read(scan: pl.LazyFrame, file: Path, columns: Schema) -> pl.DataFrame:
    """Read some lines of a file (`scan`, with their place in it), also what stands apart of them."""
    held = scan.collect_schema().names()
    lacking = [name for name in columns if name not in held]
    if not lacking:
        return scan.select(list(columns)).collect()
    found = scan.select(_AT, *(name for name in columns if name in held)).collect()
    apart = pl.scan_ipc(file.with_name(file.name.replace(_SUFFIX, _RARE))).select(_AT, *lacking)
    lines = apart.collect()
    lines = lines.filter(lines[_AT].is_in(found[_AT].implode()))
    places = found[_AT].search_sorted(lines[_AT])
    none = pl.Series([None], dtype=pl.String).new_from_index(0, len(found))
    rare = [none.clone().scatter(places, lines[name]).alias(name) for name in lacking]
    return pl.DataFrame([*found.get_columns(), *rare]).select(list(columns))
