"""Which files of the table stand as they lay in what was given, and of their pieces what is counted.

Kept beside the fingerprints of rows (`marking`) for the next time. What such a file says up to its
length is what it said, whatever a run that was killed has laid behind it since.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from kumihimo.linkaudit.chunks import Group
from kumihimo.linkaudit.intake.marking import MARKING
from kumihimo.linkaudit.setting import FRESH

_PARTS: Final = "parts.json"
_LEAST: Final = "least.npy"

Digests = list[dict[str, str]]


class Kept(msgspec.Struct, frozen=True):
    """Of a piece that begins at a row: `Ids.ends`, how many rows have which marks, least hashes of columns."""

    line: int
    ends: tuple[str, str] | None
    words: dict[int, int]
    least: dict[str, tuple[int, int]] = {}


class Part(msgspec.Struct, frozen=True):
    """A file of the table: name, length, first row, by group of rows heights and digests, and its pieces."""

    name: str
    size: int
    line: int
    heights: list[int]
    digests: Digests
    pieces: list[Kept]


@attrs.frozen(eq=False)
class Known:
    """What the last run left of a file: where that lies, what is kept with it, and the file itself."""

    folder: Path
    part: Part

    @property
    def file(self) -> Path:
        """Where the file lies."""
        return self.folder.parent / self.part.name

    def within(self, groups: range, line: int) -> "Known":
        """Return what is kept of a piece that begins at a row, in some groups of rows."""
        digests = self.part.digests[groups.start : groups.stop]
        pieces = [one for one in self.part.pieces if one.line == line]
        part = msgspec.structs.replace(self.part, digests=digests, pieces=pieces)
        return Known(self.folder, part)

    def piece(self, line: int) -> Kept | None:
        """Return what is kept of the piece that begins at a row."""
        return next((one for one in self.part.pieces if one.line == line), None)

    def least(self, kept: Kept) -> dict[str, NDArray[np.uint64]]:
        """Return the least hashes of each column of a piece."""
        whole = np.load(self.folder / _LEAST, mmap_mode="r")
        return {name: np.array(whole[slice(*ends)]) for name, ends in kept.least.items()}


def keep_parts(
    folder: Path, parts: Sequence[Part], least: Mapping[int, Mapping[str, NDArray[np.uint64]]]
) -> None:
    """Keep what is said of files, and the least hashes of the columns of their pieces, by first row."""
    arrays, places, at = list[NDArray[np.uint64]](), dict[int, dict[str, tuple[int, int]]](), 0
    for line, told in least.items():
        for name, some in told.items():
            places.setdefault(line, {})[name] = (at, at + len(some))
            arrays.append(some)
            at += len(some)
    np.save(folder / _LEAST, np.concatenate([np.empty(0, np.uint64), *arrays]))
    told = [
        msgspec.structs.replace(
            part,
            pieces=[msgspec.structs.replace(one, least=places[one.line]) for one in part.pieces],
        )
        for part in parts
    ]
    (folder / _PARTS).write_bytes(msgspec.json.encode(told))


def known_parts(folder: Path | None) -> dict[int, Known]:
    """Return the files that the last run left as they were given, by their first row, as they were then."""
    place = folder / _PARTS if folder is not None else None
    if folder is None or place is None or not place.exists():
        return {}
    told = [Known(folder, one) for one in msgspec.json.decode(place.read_bytes(), type=list[Part])]
    return {one.part.line: one for one in told if _whole(one)}


def changed(was: Digests, now: Digests) -> list[str]:
    """Return which columns of some groups of rows lie otherwise than they did."""
    names = now[0] if now else {}
    return [x for x in names if any(a.get(x) != b[x] for a, b in zip(was, now, strict=True))]


def leave_only(folder: Path, names: set[str]) -> None:
    """Take away of what the last run left the files that are of no use."""
    for file in folder.glob("*.parquet"):
        if file.name not in names:
            file.unlink()
    shutil.rmtree(folder / FRESH, ignore_errors=True)


def forget(out: Path, names: set[str]) -> None:
    """Forget files of a table that do not stand as they were given any more."""
    place = out / MARKING / _PARTS
    if names and place.exists():
        told = msgspec.json.decode(place.read_bytes(), type=list[Part])
        place.write_bytes(msgspec.json.encode([one for one in told if one.name not in names]))


def _whole(known: Known) -> bool:
    """Say whether a file is there; take away what was laid behind it by a run that did not end."""
    try:
        size = known.file.stat().st_size
        if size > known.part.size:
            os.truncate(known.file, known.part.size)
    except OSError:
        return False
    return size >= known.part.size


def groups_in(groups: Sequence[Group], first: int, count: int) -> range:
    """Return which groups have rows of those that begin at `first` in their file."""
    ends = np.cumsum([group.height for group in groups])
    low = int(np.searchsorted(ends, first, side="right"))
    high = int(np.searchsorted(ends, first + count, side="left"))
    return range(low, min(high + 1, len(groups)))
