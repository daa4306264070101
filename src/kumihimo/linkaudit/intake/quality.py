"""The quality of a file before anybody judges its rows: counts by column, never a value.

One exception: a birth date that systems write where none is known (1900-01-01) is named.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import attrs
import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.intake.cells import Column
from kumihimo.linkaudit.schema import Fault

# Dates that systems write where none is known: beginnings of calendars, ends of fields.
PLACEHOLDERS: Final = (
    "1900-01-01", "19000101", "1900/01/01", "1900/1/1", "1901-01-01", "1970-01-01", "19700101",
    "1111-11-11", "9999-12-31", "99991231", "0001-01-01", "00010101", "明治33年1月1日", "M33.1.1",
)  # fmt: skip
_PLACEHOLDERS: Final = pl.Series(PLACEHOLDERS).implode()
_LETTERS: Final = ("name", "kana", "address")  # in which a lost character is worth a look
# Lengths that are usual, in characters; what is outside is worth a look and no fault.
_USUAL: Final = {
    "number": (12, 12),
    "name": (2, 40),
    "kana": (2, 60),
    "birth": (6, 14),
    "sex": (1, 2),
    "address": (5, 100),
    "holder": (2, 30),
}
_READ: Final = "number as it is read"
_FEW: Final = {"birth": "placeholder"} | dict.fromkeys(_LETTERS, "lost")
SAMPLE: Final = 200_000  # our choice: the first rows, whose values are counted for repetition
_SKETCH: Final = 1 << 14
_HASHES: Final = (1 << 64) - 1
_LIKELY: Final = 4


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one column: counts of rows; `distinct` is of cells as they stand.

    `repeated` is of the first rows of the file.
    """

    column: str
    rows: int
    filled: int
    faults: int
    odd_lengths: int
    lost_characters: int
    placeholders: int
    distinct: int
    repeated: int


def marks(columns: Mapping[str, Column], among: Sequence[str]) -> NDArray[np.uint32]:
    """Return what is counted of some columns of each row, a bit for each thing.

    `among` are the names of all columns that are held.
    """
    bits = _bits(among)
    counted: list[pl.Expr] = []
    for name in columns:
        filled = (pl.col(name) != "").fill_null(value=False)
        counted.append(_marked(filled, bits[name, "filled"]))
        if name in _USUAL:
            usual = pl.col(_READ if name == "number" else name).str.len_chars()
            fits = usual.is_between(*_USUAL[name]).fill_null(value=False)
            counted.append(_marked(filled & ~fits, bits[name, "odd"]))
        if name == "birth":
            placeholder = pl.col(name).is_in(_PLACEHOLDERS).fill_null(value=False)
            counted.append(_marked(placeholder, bits[name, "placeholder"]))
    texts = [one.told.alias(name) for name, one in columns.items()]
    texts += [columns["number"].read.alias(_READ)] if "number" in columns else []
    # One question to Polars: for a few rows each one costs more than what it asks.
    found = pl.DataFrame(texts).select(pl.sum_horizontal(counted)).to_series().to_numpy().copy()
    for name in _LETTERS:
        lost = columns[name].lost if name in columns else None
        if lost is not None:
            found[lost.to_numpy()] |= bits[name, "lost"]
    return found


def bits_of(columns: Collection[str], among: Sequence[str], what: str = "") -> np.uint32:
    """Return the bits of some columns in `marks`, or those of one thing that is counted of each."""
    found = np.uint32(0)
    for (name, thing), bit in _bits(among).items():
        if name in columns and what in ("", thing):
            found |= bit
    return found


def _marked(rows: pl.Expr, bit: np.uint32) -> pl.Expr:
    return rows.cast(pl.UInt32) * pl.lit(int(bit), pl.UInt32)


def _bits(columns: Iterable[str]) -> dict[tuple[str, str], np.uint32]:
    """Return the bit of each thing that is counted of each column."""
    things = [(name, "filled") for name in columns]
    things += [(name, "odd") for name in columns if name in _USUAL]
    things += [(name, _FEW[name]) for name in columns if name in _FEW]
    return {thing: np.uint32(1 << n) for n, thing in enumerate(things)}


@attrs.define
class _Count:
    rows: int = 0
    filled: int = 0
    faults: int = 0
    odd: int = 0
    lost: int = 0
    placeholder: int = 0
    below: int | None = None  # hashes that are not below it are not kept
    least: NDArray[np.uint64] = attrs.Factory(lambda: np.empty(0, np.uint64))
    sample: list[pl.Series] = attrs.Factory(list[pl.Series])

    def remember(self, hashes: pl.Series, first: int, filled: pl.Series | None) -> None:
        """Keep the least hashes (how many are distinct), the first (whether one value stands often).

        Those of cells in which something stands: of all where `filled` is None.
        """
        room = SAMPLE + 1 - first
        if room > 0:
            start = hashes.head(room)
            self.sample.append(start if filled is None else start.filter(filled.head(room)))
        if self.below is None:
            self._keep(hashes if filled is None else hashes.filter(filled))
        else:
            low = hashes < self.below
            found = hashes.filter(low if filled is None else low & filled)
            self.least = self._least(found)

    def take(self, least: NDArray[np.uint64]) -> None:
        """Keep the least hashes that were found before."""
        self.least = self._least(pl.Series(least))

    def _keep(self, hashes: pl.Series) -> None:
        if len(self.least) == _SKETCH:
            hashes = hashes.filter(hashes < self.least[-1])
        found: NDArray[np.uint64] | None = None
        if len(hashes) > _LIKELY * _SKETCH:
            # Of many values the least lie below this, several times over; of few, all are kept.
            likely = _LIKELY * _SKETCH * _HASHES // len(hashes)
            found = self._least(hashes.filter(hashes < likely))
        self.least = found if found is not None and len(found) == _SKETCH else self._least(hashes)

    def _least(self, hashes: pl.Series) -> NDArray[np.uint64]:
        """Return the least hashes of these and those that are kept, each once, in their order."""
        whole = pl.concat([pl.Series(self.least), hashes.rename("")])
        return whole.unique().sort().head(_SKETCH).to_numpy()

    def plus(self, later: "_Count") -> None:
        """Count what a later part of the file has, too."""
        self.rows += later.rows
        self.filled += later.filled
        self.faults += later.faults
        self.odd += later.odd
        self.lost += later.lost
        self.placeholder += later.placeholder
        self._keep(pl.Series(later.least))
        self.sample += later.sample


@attrs.define
class Tally:
    """Counts what a pass over a file meets.

    `below` says of a column that its hashes are kept below some bound only: for what is a part of a
    file, or of a file of which so many are below it that the least are among them (`is_short`).
    """

    below: Mapping[str, int] = attrs.Factory(dict[str, int])
    columns: dict[str, _Count] = attrs.Factory(dict[str, _Count])
    words: Counter[int] = attrs.Factory(Counter[int])  # how many rows have which marks

    def add(
        self,
        hashes: Mapping[str, pl.Series | NDArray[np.uint64]],
        first: int,
        found: NDArray[np.uint32],
        counted: Mapping[int, int] | None = None,
    ) -> None:
        """Count the rows of one block from `first` on, by their `marks`; `counted` says how many have which.

        `hashes` are of the cells of each column as they stand in the file; in an array, the least of them
        (`kept`), of a block that is not among the first of the file.
        """
        if counted is None:
            counted = dict(pl.Series("word", found).value_counts().iter_rows())
        self.words.update(counted)
        words = np.fromiter(counted.keys(), np.uint32, len(counted))
        rows = np.fromiter(counted.values(), np.int64, len(counted))
        bits = _bits(hashes)
        for (name, what), bit in bits.items():
            count = self.columns.setdefault(name, _Count(below=self.below.get(name)))
            told = int(rows[(words & bit) != 0].sum())
            setattr(count, what, getattr(count, what) + told)
        for name, column in hashes.items():
            count = self.columns[name]
            count.rows += len(found)
            if not isinstance(column, pl.Series):
                count.take(column)
                continue
            bit = bits[name, "filled"]
            filled = None if (words & bit).all() else pl.Series((found & bit) != 0)
            count.remember(column, first, filled)

    def add_faults(self, found: pl.DataFrame) -> None:
        """Count the first fault of each row of `BAD_ROWS`, by column; what is empty is no fault."""
        told = found.filter(pl.col("fault") != Fault.EMPTY)["column"].drop_nulls()
        for name, count in told.value_counts().iter_rows():
            if name in self.columns:
                self.columns[name].faults += count

    def plus(self, later: "Tally") -> None:
        """Count what a later part of the file has, too."""
        self.words.update(later.words)
        for name, count in later.columns.items():
            self.columns.setdefault(name, _Count()).plus(count)

    def bounds(self, below: Mapping[str, int]) -> dict[str, int]:
        """Return `below` for a file that is about as this one, of which the parts were counted with `below`."""
        return {
            name: min(_LIKELY * int(one.least[-1]), below.get(name, _HASHES))
            for name, one in self.columns.items()
            if len(one.least) == _SKETCH
        }

    def kept(self, below: Mapping[str, int]) -> dict[str, NDArray[np.uint64]]:
        """Return of each column the hashes that were kept, of one with a bound those below it."""
        return {
            name: one.least[one.least < np.uint64(below.get(name, _HASHES))]
            for name, one in self.columns.items()
        }

    def is_short(self, below: Mapping[str, int]) -> bool:
        """Say whether parts of a file that were counted with these bounds did not keep enough."""
        return any(
            len(self.columns[name].least) < _SKETCH for name in below if name in self.columns
        )

    def without_last(self, rows: int) -> None:
        """Take out some empty rows after the last full one."""
        for count in self.columns.values():
            count.rows -= rows

    def told(self) -> list[Quality]:
        """Return what was counted, a line for each column."""
        return [
            Quality(
                column=name,
                rows=one.rows,
                filled=one.filled,
                faults=one.faults,
                odd_lengths=one.odd,
                lost_characters=one.lost,
                placeholders=one.placeholder,
                distinct=_distinct(one),
                repeated=_repeated(one),
            )
            for name, one in self.columns.items()
        ]


def _distinct(column: _Count) -> int:
    """Return how many values are distinct: exact to 16,384, then by the k-th least hash (±0.8 %)."""
    kept = len(column.least)
    if kept < _SKETCH:
        return kept
    return min(column.filled, math.floor((kept - 1) * 2**64 / int(column.least[-1])))


def _repeated(column: _Count) -> int:
    """Return how often the commonest value stands in the sample."""
    if not column.sample:
        return 0
    counts = pl.concat(column.sample).value_counts(sort=True)
    return int(counts["count"][0]) if len(counts) else 0
