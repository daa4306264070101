"""What a file's rows were, kept for the next time: a fingerprint of each, and what was counted of it.

A row that stands in the file as it stood is not read again. A fingerprint tells what changed and
hides nothing: the row itself lies beside it. A row that was listed is not kept, and has none. A row
that was read otherwise than it stands has one and no marks: it is read again each time.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.aligning import aligned, standing
from kumihimo.linkaudit.folder import also_at
from kumihimo.linkaudit.folder import whole as replaced
from kumihimo.linkaudit.intake.mapping import Mapping as Columns
from kumihimo.linkaudit.intake.mapping import Side

INTAKE_VERSION: Final = 7
MARKING: Final = ".marking"  # until it is kept
PRINTS: Final = "prints"  # file name and what follows are told by `Table`
# Of rows, the fingerprint without what is of this column: what changes most often, people move.
_WHO: Final = "who"
APART: Final = "address"
_KINDS: Final = {PRINTS: np.uint64, "marks": np.uint32, _WHO: np.uint64}  # of arrays by row
_BOUNDS: Final = "bounds.json"
_ODD: Final = 0x9E3779B97F4A7C15
_WORD: Final = (1 << 64) - 1
_NEAR: Final = 1 << 13  # rows whose fingerprints stay in a processor's cache


def rules(mapping: Columns, side: Side) -> str:
    """Return a digest of what rows of a side are read by: what was read by others is no help."""
    says = (INTAKE_VERSION, pl.__version__, side, mapping.layout(side))
    about = (getattr(mapping, side) is None, mapping.affair, mapping.number_space)
    told = msgspec.json.encode((says, about, mapping.required, mapping.without))
    return hashlib.blake2b(told, digest_size=12).hexdigest()


def factors(names: Iterable[str]) -> dict[str, np.uint64]:
    """Return by what the hashes of each column are multiplied in a fingerprint; they can be divided by."""
    return {name: np.uint64(_ODD * (2 * n + 1) & _WORD) for n, name in enumerate(names)}


def mixed(hashes: Mapping[str, pl.Series]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return fingerprints from hashes (UInt64) of the cells of each column, and those without `APART`.

    Never 0: where a sum of theirs is 0, it is 1.
    """
    columns = {name: column.to_numpy() for name, column in hashes.items()}
    size = len(next(iter(columns.values())))
    whole, who = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    for first in range(0, size, _NEAR):
        near = slice(first, first + _NEAR)
        for name, factor in factors(columns).items():
            if name != APART:
                who[near] += columns[name][near] * factor
        whole[near] = who[near]
        if APART in columns:
            whole[near] += columns[APART][near] * factors(columns)[APART]
    for found in (whole, who):
        found[found == 0] = 1
    return whole, who


@attrs.frozen
class Marked:
    """Arrays by row: `prints`, 0 for none, and `marks` (`quality.marks`), 0 where to read again."""

    prints: NDArray[np.uint64]
    marks: NDArray[np.uint32]

    @classmethod
    def opened(cls, folder: Path) -> "Marked":
        """Map the arrays of a folder."""
        names = (field.name for field in attrs.fields(cls))
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in names))

    def of(self, first: int, prints: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Return the marks of rows that stand from `first` on, 0 where they are to be read."""
        same = standing(self.prints, first, prints)
        if same is not None:
            return self.marks[first : first + len(prints)] * same
        was = aligned(self.prints, first, prints)
        found = np.zeros(len(prints), np.uint32)
        found[was >= 0] = self.marks[was[was >= 0]]
        return found


def make(out: Path, size: int, side: Side) -> Path:
    """Make the arrays for rows below `size`; they are kept by `keep`."""
    folder = out / MARKING
    folder.mkdir()
    for name, kind in _KINDS.items():
        if name == _WHO and side != "rows":
            continue
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, (size,)).flush()
    return folder


def who_of(folder: Path) -> NDArray[np.uint64]:
    """Map the fingerprints of rows without `APART`."""
    return np.load(folder / f"{_WHO}.npy", mmap_mode="r")


def carry_who(before: Path, folder: Path, stays: Sequence[tuple[int, int]], *, whole: bool) -> None:
    """Take over the fingerprints without `APART` of some stretches of rows (first, count).

    Of a `whole` file, with as many rows as before, the array is that of before.
    """
    then, place = who_of(before), folder / f"{_WHO}.npy"
    if whole and len(then) == len(who_of(folder)):
        place.unlink()
        also_at(before / place.name, place)
        return
    for first, count in stays:
        put(folder, first, who=then[first : first + count])


def put(folder: Path, first: int, **arrays: NDArray[np.uint64] | NDArray[np.uint32]) -> None:
    """Write down what rows from `first` on are, in the arrays of some names."""
    for name, some in arrays.items():
        # Written, not mapped: to map a page that nobody has written yet costs more than to write it.
        with (folder / f"{name}.npy").open("r+b", buffering=0) as file:
            version = np.lib.format.read_magic(file)
            assert version == (1, 0), "as `make` wrote it"
            np.lib.format.read_array_header_1_0(file)
            file.seek(first * some.itemsize, os.SEEK_CUR)
            whole = memoryview(some.tobytes())
            while whole:
                whole = whole[file.write(whole) :]


def bounds(before: Path | None) -> dict[str, int]:
    """Return what was kept of the last file's hashes by `keep_bounds`, nothing where it was not."""
    if before is None or not (before / _BOUNDS).exists():
        return {}
    return msgspec.json.decode((before / _BOUNDS).read_bytes(), type=dict[str, int])


def keep_bounds(folder: Path, found: dict[str, int]) -> None:
    """Keep how low the least hashes of each column are (`quality.Tally.bounds`)."""
    (folder / _BOUNDS).write_bytes(msgspec.json.encode(found))


def keep(out: Path, told: str, listed: pl.Series) -> None:
    """Keep the arrays that were made, if any, for these rules, without those of listed rows."""
    folder = out / MARKING
    if folder.exists():
        for name in _KINDS if len(listed) else ():
            place = folder / f"{name}.npy"
            if place.exists():
                array = np.load(place)  # it may be that of the run before, too
                array[listed.to_numpy()] = 0
                with replaced(place) as half, half.open("wb") as file:
                    np.save(file, array)
        folder.replace(out / f".marked-{told}")


def set_aside(out: Path, aside: Path) -> None:
    """Put what the last run left where it stays until this one is done.

    What a run that was killed left is no table.
    """
    if any(out.glob(".marked-*")):
        shutil.rmtree(aside, ignore_errors=True)
        out.replace(aside)
    shutil.rmtree(out, ignore_errors=True)


def before(aside: Path, told: str) -> Path | None:
    """Return what the last run kept under these rules."""
    found = aside / f".marked-{told}"
    return found if found.exists() else None
