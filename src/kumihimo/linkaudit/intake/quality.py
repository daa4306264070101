"""The quality of a file before anybody judges its rows: counts by column, never a value.

One exception: a birth date that systems write where none is known (1900-01-01) is named.
"""

import math
from collections.abc import Mapping
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
_SAMPLE: Final = 200_000  # our choice: how many values of a column are counted for repetition
_SKETCH: Final = 1 << 16
_HASHES: Final = (1 << 64) - 1


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one column: shares are of all rows, `repeated` of the filled ones sampled."""

    column: str
    rows: int
    filled: int
    faults: int
    odd_lengths: int
    lost_characters: int
    placeholders: int
    distinct: int
    repeated: int


@attrs.define
class _Count:
    rows: int = 0
    filled: int = 0
    faults: int = 0
    odd: int = 0
    lost: int = 0
    placeholders: int = 0
    least: NDArray[np.uint64] = attrs.Factory(lambda: np.empty(0, np.uint64))
    sample: list[pl.Series] = attrs.Factory(list[pl.Series])

    def add(self, name: str, column: Column) -> None:
        texts = column.told
        filled = len(texts) - texts.null_count() - int((texts == "").sum())
        self.rows += len(texts)
        self.filled += filled
        if name in _USUAL:
            measured = column.read if name == "number" else texts
            usual = measured.str.len_chars().is_between(*_USUAL[name]) & (texts != "")
            self.odd += filled - int(usual.sum())
        if name in _LETTERS:
            self.lost += column.lost
        if name == "birth":
            self.placeholders += int(texts.is_in(_PLACEHOLDERS).sum())
        self._remember(texts, filled)

    def _remember(self, texts: pl.Series, filled: int) -> None:
        """Keep the least hashes (how many are distinct) and a sample (whether one value stands often)."""
        if filled < len(texts):
            texts = texts.filter(texts != "")
        hashes = texts.hash()
        self._keep(hashes.to_numpy())
        room = _SAMPLE - sum(len(one) for one in self.sample)
        if room > 0:
            self.sample.append(hashes.head(room))

    def _keep(self, hashes: NDArray[np.uint64]) -> None:
        if len(self.least) == _SKETCH:
            self.least = _least(np.concatenate([self.least, hashes[hashes < self.least[-1]]]))
            return
        whole = np.concatenate([self.least, hashes])
        # Of many values the least lie below this, twice over; of few, all are kept.
        likely = whole[whole < np.uint64(min(2 * _SKETCH / max(len(whole), 1), 1) * _HASHES)]
        found = _least(likely)
        self.least = found if len(found) == _SKETCH else _least(whole)

    def plus(self, later: "_Count") -> None:
        """Count what a later part of the file has, too."""
        self.rows += later.rows
        self.filled += later.filled
        self.faults += later.faults
        self.odd += later.odd
        self.lost += later.lost
        self.placeholders += later.placeholders
        self._keep(later.least)
        self.sample = [pl.concat([*self.sample, *later.sample]).head(_SAMPLE)]


@attrs.define
class Tally:
    """Counts what a pass over a file meets."""

    columns: dict[str, _Count] = attrs.Factory(dict[str, _Count])

    def add(self, columns: Mapping[str, Column]) -> None:
        """Count the columns of one block."""
        for name, column in columns.items():
            self.columns.setdefault(name, _Count()).add(name, column)

    def add_faults(self, found: pl.DataFrame) -> None:
        """Count the first fault of each row of `BAD_ROWS`, by column; what is empty is no fault."""
        told = found.filter(pl.col("fault") != Fault.EMPTY)["column"].drop_nulls()
        for name, count in told.value_counts().iter_rows():
            if name in self.columns:
                self.columns[name].faults += count

    def plus(self, later: "Tally") -> None:
        """Count what a later part of the file has, too."""
        for name, count in later.columns.items():
            self.columns.setdefault(name, _Count()).plus(count)

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
                placeholders=one.placeholders,
                distinct=_distinct(one),
                repeated=_repeated(one),
            )
            for name, one in self.columns.items()
        ]


def _least(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the least hashes, each once, in their order."""
    ordered = np.sort(pl.Series(hashes).unique().to_numpy())
    return ordered[:_SKETCH]


def _distinct(column: _Count) -> int:
    """Return how many values are distinct: exact to 65,536, then by the k-th least hash (±0.4 %)."""
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
