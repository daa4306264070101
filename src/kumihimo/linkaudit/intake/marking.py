"""What a file's rows were, kept for the next time: a fingerprint of each, and what was counted of it.

A row that stands in the file as it stood is not read again. A fingerprint tells what changed and
hides nothing: the row itself lies beside it. A row that was listed is not kept, and has none. A row
that was read otherwise than it stands has one and no marks: it is read again each time.
"""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import attrs
import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.aligning import aligned, standing
from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.intake.mapping import Mapping, Side

INTAKE_VERSION: Final = 6
PRINTS: Final = "prints"  # file name and what follows are told by `Table`
# Of rows, what of a fingerprint is of these columns: whom the row names.
_WHO: Final = "who"
NAMING: Final = ("number", "name", "kana", "birth", "sex")
_BOUNDS: Final = "bounds.json"
_ODD: Final = 0x9E3779B97F4A7C15
_WORD: Final = (1 << 64) - 1
_NEAR: Final = 1 << 13  # rows whose fingerprints stay in a processor's cache


def rules(mapping: Mapping, side: Side) -> str:
    """Return a digest of what rows of a side are read by: what was read by others is no help."""
    says = (INTAKE_VERSION, pl.__version__, side, mapping.layout(side))
    about = (getattr(mapping, side) is None, mapping.affair, mapping.number_space)
    told = msgspec.json.encode((says, about, mapping.required, mapping.without))
    return hashlib.blake2b(told, digest_size=12).hexdigest()


def mixed(hashes: Iterable[pl.Series]) -> NDArray[np.uint64]:
    """Return fingerprints from hashes (UInt64) of the cells of each column; never 0."""
    columns = [column.to_numpy() for column in hashes]
    found = np.zeros(len(columns[0]), np.uint64)
    odd = [np.uint64(_ODD * (2 * n + 1) & _WORD) for n in range(len(columns))]
    for first in range(0, len(found), _NEAR):
        some = found[first : first + _NEAR]
        for column, factor in zip(columns, odd, strict=True):
            some += column[first : first + _NEAR] * factor
    found[found == 0] = 1
    return found


@attrs.frozen
class Marked:
    """Arrays by row: `prints`, 0 for none, and `marks` (`quality.marks`), 0 where to read again."""

    prints: NDArray[np.uint64]
    marks: NDArray[np.uint32]

    @classmethod
    def opened(cls, folder: Path, *, writes: bool = False) -> "Marked":
        """Map the arrays of a folder."""
        mode = "r+" if writes else "r"
        names = (field.name for field in attrs.fields(cls))
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode=mode) for name in names))

    def of(self, first: int, prints: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Return the marks of rows that stand from `first` on, 0 where they are to be read."""
        same = standing(self.prints, first, prints)
        if same is not None:
            return self.marks[first : first + len(prints)] * same
        was = aligned(self.prints, first, prints)
        found = np.zeros(len(prints), np.uint32)
        found[was >= 0] = self.marks[was[was >= 0]]
        return found

    def put(self, first: int, prints: NDArray[np.uint64], marks: NDArray[np.uint32]) -> None:
        """Write down what rows from `first` on are."""
        self.prints[first : first + len(prints)] = prints
        self.marks[first : first + len(marks)] = marks


def make(out: Path, size: int, side: Side) -> Path:
    """Make the arrays for rows below `size`; they are kept by `keep`."""
    folder = out / ".marking"
    folder.mkdir()
    arrays = {"prints": np.uint64, "marks": np.uint32}
    arrays |= {_WHO: np.uint64} if side == "rows" else {}
    for name, kind in arrays.items():
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, (size,)).flush()
    return folder


def put_who(folder: Path, first: int, who: NDArray[np.uint64]) -> None:
    """Write down whom rows from `first` on name."""
    np.load(folder / f"{_WHO}.npy", mmap_mode="r+")[first : first + len(who)] = who


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
    folder = out / ".marking"
    if folder.exists():
        for place in sorted(folder.glob("*.npy")):
            np.load(place, mmap_mode="r+")[listed.to_numpy()] = 0
        folder.replace(out / f".marked-{told}")


def set_aside(out: Path, aside: Path) -> None:
    """Put what is kept of the last run where it stays until this one is done."""
    for found in out.glob(".marked-*"):
        with whole(aside) as half:
            half.mkdir()
            found.replace(half / found.name)
    shutil.rmtree(out, ignore_errors=True)


def before(aside: Path, told: str) -> Path | None:
    """Return what the last run kept under these rules."""
    found = aside / f".marked-{told}"
    return found if found.exists() else None
