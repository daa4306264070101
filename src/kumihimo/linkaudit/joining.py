"""Partitions by range of numbers: rows and persons of one range meet, and fit in memory.

A table comes in chunks, in its own order. Each chunk is cut by number and leaves one file for each
partition, in a folder of its own; a partition is what all chunks left for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.arrows import Batch, batches
from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.homonyms import Known, of_numbers

Schema: TypeAlias = Mapping[str, type[pl.DataType]]
# Which columns lie in files of their own: what is not asked for is not read from the disk either.
Apart: TypeAlias = Sequence[Sequence[str]]
_Told: TypeAlias = "NDArray[Any] | list[str | None]"

_SAMPLE: Final = 100_000  # numbers looked at for the boundaries
_SUFFIX: Final = ".arrow"
# A text that hardly a row has stands apart, with the places of those that do.
_RARE: Final = ".rare.arrow"
_AT: Final = "at"
_OFTEN: Final = 16
_MANY: Final = 8  # of more than one line in so many, all are read


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


def save(parts: Mapping[int, pl.DataFrame], folder: Path, apart: Apart = ()) -> None:
    """Write the parts of one chunk: all of them, or none."""
    with whole(folder) as half:
        half.mkdir()
        for partition, part in parts.items():
            _write(part, half / f"{partition:05}{_SUFFIX}", apart)


def load(
    stage: Path,
    partition: int,
    columns: Schema,
    numbers: pl.Series | None = None,
    apart: Apart = (),
) -> pl.DataFrame:
    """Return what all chunks of a stage left for a partition, or of it the lines of some numbers.

    `apart` is what they were saved with.
    """
    files = [_Files.of(file, columns, apart) for file in left(stage, partition)]
    if numbers is not None:
        return pl.concat(_of_numbers(files, columns, numbers))
    found = [_read(file.scan(), file, columns) for file in files]
    return pl.concat(found) if found else pl.DataFrame(schema=columns)


def left(stage: Path, partition: int) -> list[Path]:
    """Return the files that the chunks of a stage left for a partition."""
    return sorted(stage.glob(f"*/{partition:05}{_SUFFIX}"))


def integers(
    stage: Path, partition: int, columns: Iterable[str]
) -> Iterator[dict[str, NDArray[Any]]]:
    """Return columns of integers, none of them null, as they lie in what the chunks left: part by part."""
    for file in left(stage, partition):
        for batch in batches(file):
            yield {name: batch.integers(name) for name in columns}


@attrs.frozen(eq=False)
class _Files:
    """What a chunk left for a partition: the file that has the numbers, and those of columns apart."""

    file: Path
    apart: list[Path]

    @classmethod
    def of(cls, file: Path, columns: Iterable[str], apart: Apart) -> "_Files":
        """Find the files in which some columns may stand."""
        asked = [_apart_of(file, names) for names in apart if not set(names).isdisjoint(columns)]
        return cls(file, [place for place in asked if place.exists()])

    @property
    def rare(self) -> Path:
        """Where texts stand that hardly a row has."""
        return self.file.with_name(self.file.name.replace(_SUFFIX, _RARE))

    def scan(self) -> pl.LazyFrame:
        """Return the first of them unread, with the place of each line."""
        return pl.scan_ipc(self.file).with_row_index(_AT)

    def batches(self) -> Iterator[list[Batch]]:
        """Map what lies in all of them, batch by batch."""
        for some in zip(batches(self.file), *map(batches, self.apart), strict=True):
            assert len({batch.height for batch in some}) == 1, "they are of one table"
            yield list(some)


def _of_numbers(files: list[_Files], columns: Schema, numbers: pl.Series) -> list[pl.DataFrame]:
    """Return the lines of some numbers. In a file that has few of them each is read alone."""
    asked = Known.of(np.unique(of_numbers(numbers.drop_nulls().to_numpy())))
    few, found = _Few(columns), list[pl.DataFrame]()
    for file in files:
        some = [(told, _lines(told[0], asked)) for told in file.batches()]
        if sum(len(lines) for _, lines in some) * _MANY <= sum(told[0].height for told, _ in some):
            few.add(file, some)
            continue
        # In the order of the files.
        scan = file.scan().filter(pl.col("number").is_in(numbers.implode()))
        found += [few.told(), _by_itself(_read(scan, file, columns))]
        few = _Few(columns)
    return [*found, few.told()]


def _lines(batch: Batch, asked: Known) -> NDArray[np.int64]:
    """Return the lines of a batch in which one of some numbers stands."""
    lines = np.flatnonzero(asked.among(of_numbers(batch.integers("number"))))
    return lines[batch.holds("number", lines)]


@attrs.define
class _Few:
    """Few lines of some files, gathered column by column."""

    columns: Schema
    found: dict[str, list[_Told]] = attrs.Factory(dict[str, "list[_Told]"])

    def add(self, file: _Files, some: Sequence[tuple[Sequence[Batch], NDArray[np.int64]]]) -> None:
        """Gather lines of the batches of a chunk's files."""
        for told, lines in some:
            if not len(lines):
                continue
            for name in self.columns:
                none: list[str | None] = [None] * len(lines)
                held = [batch.at(name, lines) for batch in told if name in batch]
                self.found.setdefault(name, []).append(held[0] if held else none)
            lacking = [name for name in self.columns if not any(name in one for one in told)]
            if lacking:
                self._add_rare(file.rare, told[0].first + lines, lacking)

    def _add_rare(self, rare: Path, places: NDArray[np.int64], names: list[str]) -> None:
        for apart in batches(rare):
            held = apart.integers(_AT)
            at = np.searchsorted(held, places).clip(max=len(held) - 1)
            mine = np.flatnonzero(held[at] == places)
            for name in names if len(mine) else ():
                told = cast("list[str | None]", self.found[name][-1])
                for line, text in zip(mine.tolist(), apart.at(name, at[mine]), strict=True):
                    told[line] = text

    def told(self) -> pl.DataFrame:
        """Return what was gathered."""
        return pl.DataFrame(
            [
                pl.Series(name, _whole(self.found.get(name, [])), dtype=kind)
                for name, kind in self.columns.items()
            ]
        )


def _whole(parts: list[_Told]) -> _Told:
    arrays = [part for part in parts if not isinstance(part, list)]
    if arrays:
        return np.concatenate(arrays)
    return [text for part in parts for text in part]


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


def _write(part: pl.DataFrame, file: Path, apart: Apart) -> None:
    rare = [one.name for one in part.get_columns() if _is_rare(one)]
    rest = part.drop(rare)
    for names in apart:
        mine = [name for name in rest.columns if name in names]
        if mine:
            write_plain(rest.select(mine), _apart_of(file, names))
            rest = rest.drop(mine)
    write_plain(rest, file)
    if rare:
        lines = part.select(rare).with_row_index(_AT)
        lines = lines.filter(pl.any_horizontal(pl.col(rare).is_not_null()))
        write_plain(lines, _Files(file, []).rare)


def _apart_of(file: Path, names: Sequence[str]) -> Path:
    return file.with_name(file.name.replace(_SUFFIX, f".with-{names[0]}{_SUFFIX}"))


def write_plain(table: pl.DataFrame, place: Path) -> None:
    """Write a table that is read soon, or often: packing it would cost more than reading it all."""
    table.write_ipc(place, compression="uncompressed", compat_level=pl.CompatLevel.oldest())


def _is_rare(column: pl.Series) -> bool:
    return column.dtype == pl.String and column.null_count() * _OFTEN > len(column) * (_OFTEN - 1)


def _read(scan: pl.LazyFrame, file: _Files, columns: Schema) -> pl.DataFrame:
    """Read some lines (`scan`, with their place), also what stands apart of them."""
    held = [name for name in columns if name in scan.collect_schema()]
    lacking = [name for name in columns if name not in held]
    if not lacking:
        return scan.select(list(columns)).collect()
    found = scan.select(_AT, *held).collect()
    for place in file.apart:
        table = pl.scan_ipc(place)
        mine = [name for name in lacking if name in table.collect_schema()]
        if not mine:
            continue
        told = table.select(mine).collect()
        found = found.hstack(told if len(told) == len(found) else told[found[_AT]])
        lacking = [name for name in lacking if name not in mine]
    if not lacking:
        return found.select(list(columns))
    lines = pl.scan_ipc(file.rare).select(_AT, *lacking).collect()
    lines = lines.filter(lines[_AT].is_in(found[_AT].implode()))
    places = found[_AT].search_sorted(lines[_AT])
    none = pl.Series([None], dtype=pl.String).new_from_index(0, len(found))
    rare = [none.clone().scatter(places, lines[name]).alias(name) for name in lacking]
    return found.hstack(rare).select(list(columns))
