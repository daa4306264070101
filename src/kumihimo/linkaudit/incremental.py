"""A second run judges what changed: a row, its person, the person's past, her namesakes.

What is said of a row hangs on the row, on what the register says of its number, and on whom else it
holds under that person's name. A row that stood in the file as it is, wherever, and about whose
number the register says nothing new keeps its pattern and its clues.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit import homonyms
from kumihimo.linkaudit.aligning import Stood
from kumihimo.linkaudit.arrows import batches
from kumihimo.linkaudit.evidence import SPARE
from kumihimo.linkaudit.folder import also_at, whole

T = TypeVar("T", bound=np.generic)
# With more than one row in so many in another place, what is known of rows is not looked up by place.
FEW: Final = 16
_NEAR: Final = 1 << 16
# Rows that stood elsewhere in the file before.
MOVED: Final = {"row": pl.Int64, "was": pl.Int64}
NO_PATTERN: Final = -1


def _where(
    values: NDArray[T], holds: Callable[[NDArray[T]], NDArray[np.bool_]]
) -> NDArray[np.int64]:
    """Return where a condition holds, asked of as many values at a time as a processor's cache has."""
    found = [
        first + np.flatnonzero(holds(values[first : first + _NEAR]))
        for first in range(0, len(values), _NEAR)
    ]
    return np.concatenate(found) if found else np.empty(0, np.int64)


@attrs.frozen
class State:
    """What is known of each row of a file, as arrays by row, which every worker maps.

    `prints` are fingerprints of what is compared, 0 where there is no such row; `patterns` are
    `NO_PATTERN` where none was found yet.
    """

    prints: NDArray[np.uint64]
    numbers: NDArray[np.int64]
    patterns: NDArray[np.int32]

    @classmethod
    def opened(cls, folder: Path, *, writes: bool = False) -> "State":
        """Map the arrays of a stage."""
        mode = "r+" if writes else "r"
        names = (field.name for field in attrs.fields(cls))
        return cls(*(np.load(_place(folder, name), mmap_mode=mode) for name in names))

    def carrying(self, numbers: pl.Series) -> pl.DataFrame:
        """Return `row` and `number` of the rows that carry one of some numbers."""
        asked = homonyms.of_numbers(numbers.unique().drop_nulls().to_numpy())
        known = homonyms.Known.of(np.sort(asked))
        rows = _where(self.numbers, lambda some: known.among(homonyms.of_numbers(some)))
        return pl.DataFrame({"row": rows, "number": self.numbers[rows]})

    def doubled(self) -> pl.DataFrame:
        """Return `row` and `number` of the rows whose number stands in another row too."""
        twice = homonyms.doubled(self.numbers.view(np.uint64))
        return self.carrying(pl.Series(twice.view(np.int64)))


def make_state(
    folder: Path, size: int, prints: Path | None = None, *, carries: bool = False
) -> None:
    """Make the arrays of a stage for rows below `size`, unless they are there.

    Fingerprints that an intake left are taken as they lie, and written no more. Where all is carried over,
    numbers come later (`carry_numbers`), and patterns of every row.
    """
    if prints is not None:
        also_at(prints, _place(folder, "prints"))
    for name, kind, nothing in (
        ("prints", np.uint64, 0),
        ("numbers", np.int64, 0),
        ("patterns", np.int32, 0 if carries else NO_PATTERN),
    ):
        place = _place(folder, name)
        if not place.exists() and not (carries and name == "numbers"):
            with whole(place) as half:
                array = np.lib.format.open_memmap(half, mode="w+", dtype=kind, shape=(size,))
                if nothing:  # a file begins as zeros, which take no time to write
                    array[:] = nothing


def patterns_of(folder: Path) -> NDArray[np.int32]:
    """Map the patterns of a stage to write them: other arrays may be those of the stage before."""
    return np.load(_place(folder, "patterns"), mmap_mode="r+")


def carry_numbers(known: "Before", folder: Path, size: int, edits: pl.DataFrame) -> None:
    """Make the numbers of rows below `size` from those of before and what is otherwise (row, number)."""
    then, place = known.state.numbers, _place(folder, "numbers")
    if not len(edits) and len(then) == size:
        also_at(_place(known.stage, "numbers"), place)
        return
    with whole(place) as half:
        now = np.lib.format.open_memmap(half, mode="w+", dtype=np.int64, shape=(size,))
        both = min(size, len(then))
        now[:both] = then[:both]
        now[edits["row"].to_numpy()] = edits["number"].to_numpy()


def changed_places(then: NDArray[np.uint64], now: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the rows in whose place of the file another row stands now, or none, or none stood.

    Given are the fingerprints of the rows, then and now.
    """
    both = min(len(then), len(now))
    here = np.flatnonzero(then[:both] != now[:both])
    return np.concatenate([here, np.arange(both, max(len(then), len(now)))])


def standing(values: NDArray[T], rows: NDArray[np.int64]) -> NDArray[T]:
    """Return the values of some rows, 0 for those that are not in the array."""
    found = np.zeros(len(rows), values.dtype)
    inside = rows < len(values)
    found[inside] = values[rows[inside]]
    return found


def _place(folder: Path, name: str) -> Path:
    return folder / f"{name}.npy"


@attrs.frozen
class Before:
    """What the last run knew, and about whose numbers the register says something else now."""

    stage: Path
    state: State
    changed: pl.Series

    @classmethod
    def opened(cls, stage: Path, changed: Path) -> "Before":
        """Map what is there of a run before; `changed` is a file of numbers."""
        return cls(stage, State.opened(stage), pl.Series(np.load(changed)))

    def looked_for(self, first: int, prints: NDArray[np.uint64]) -> Stood:
        """Say which rows those of some prints from `first` on were."""
        return Stood.of(self.state.prints, first, prints)

    def stood(self, rows: NDArray[np.int64], prints: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Say which rows stood in the same place of the file as they are."""
        inside = rows < len(self.state.prints)
        found = np.zeros(len(rows), bool)
        found[inside] = self.state.prints[rows[inside]] == prints[inside]
        return found

    def holds(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say about which numbers the register says what it said."""
        if not len(self.changed):
            return np.ones(len(numbers), bool)
        return ~pl.Series(numbers).is_in(self.changed.implode()).to_numpy()

    def kept(self) -> NDArray[np.int64]:
        """Return the rows that were kept whole."""
        return np.concatenate([rows for _, rows in self._own()])

    def _own(self) -> list[tuple[Path, NDArray[np.int64]]]:
        """Return the files of rows that were kept whole, and which rows each has."""
        files = sorted((self.stage / "own").glob("*.arrow"))
        return [
            (
                file,
                np.concatenate(
                    [np.empty(0, np.int64), *(x.integers("row") for x in batches(file))]
                ),
            )
            for file in files
        ]

    def own(self, rows: NDArray[np.int64], was: NDArray[np.int64]) -> pl.DataFrame:
        """Return what was kept, whole, of some rows that stood elsewhere or here."""
        places = pl.DataFrame({"row": rows, "was": was}, schema=MOVED)
        files = self._own()
        held = [file for file, theirs in files if np.isin(theirs, was).any()]
        some = [pl.read_ipc(file) for file in held or [files[0][0]]]
        kept = pl.concat(some).rename({"row": "was"}).join(places, on="was")
        return kept.select(some[0].columns)

    def moved(self, now: State) -> pl.DataFrame:
        """Return `MOVED`: rows without a pattern yet that stood elsewhere in the file."""
        rows = np.flatnonzero((now.patterns == NO_PATTERN) & (now.prints != 0))
        rows = rows[self.holds(now.numbers[rows])]
        if not len(rows):
            return pl.DataFrame(schema=MOVED)
        sought = pl.DataFrame({"row": rows, "print": now.prints[rows]})
        asked = homonyms.Known.of(homonyms.each_once(now.prints[rows]))
        was = _where(self.state.prints, asked.among)
        places = pl.DataFrame({"was": was, "print": self.state.prints[was]})
        return sought.join(places.unique("print"), on="print").select(list(MOVED))

    def loose(self, rows: pl.Series) -> pl.DataFrame:
        """Return `SPARE` of some rows, which stand where they stood, that had clues or spares."""
        kept = [pl.read_ipc(self.stage / f"{name}.arrow") for name in ("clues", "spare")]
        asked = rows.implode()
        return pl.concat(one.select(list(SPARE)).filter(pl.col("row").is_in(asked)) for one in kept)

    def still(self, name: str, now: State, moved: pl.DataFrame) -> pl.DataFrame:
        """Return the `clues`, or the `spare`, of the rows that keep their pattern, and `was`, which they were."""
        kept = pl.read_ipc(self.stage / f"{name}.arrow")
        rows = kept["row"].to_numpy()
        inside = rows < len(now.prints)
        stays = np.zeros(len(rows), bool)
        stays[inside] = now.prints[rows[inside]] == self.state.prints[rows[inside]]
        stays &= self.holds(kept["number"].to_numpy())
        here = kept.filter(pl.Series(stays)).with_columns(was="row")
        elsewhere = kept.rename({"row": "was"}).join(moved, on="was")
        return pl.concat([here, elsewhere.select(here.columns)])
