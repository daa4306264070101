"""The quality of a file before anybody judges its rows: counts by column, never a value.

One exception: a birth date that systems write where none is known (1900-01-01) is named.
"""

import math
from typing import Final

import attrs
import msgspec
import polars as pl

from kumihimo.linkaudit.intake.cells import Reading
from kumihimo.linkaudit.schema import Fault

# Dates that systems write where none is known: beginnings of calendars, ends of fields.
PLACEHOLDERS: Final = (
    "1900-01-01", "19000101", "1900/01/01", "1900/1/1", "1901-01-01", "1970-01-01", "19700101",
    "1111-11-11", "9999-12-31", "99991231", "0001-01-01", "00010101", "明治33年1月1日", "M33.1.1",
)  # fmt: skip
_LOST: Final = "[●○◯■□〓?\ufffd\ue000-\uf8ff]"
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
_SKETCH_BITS: Final = 16


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
class _Column:
    rows: int = 0
    filled: int = 0
    faults: int = 0
    odd: int = 0
    lost: int = 0
    placeholders: int = 0
    least: pl.Series = attrs.Factory(lambda: pl.Series([], dtype=pl.UInt64))
    sample: list[pl.Series] = attrs.Factory(list[pl.Series])


@attrs.define
class Tally:
    """Counts what a pass over a file meets."""

    columns: dict[str, _Column] = attrs.Factory(dict[str, _Column])

    def add(self, raw: pl.DataFrame, read: pl.DataFrame, reading: Reading) -> None:
        """Count one block: as it stood, and as it was read."""
        for name in reading.columns:
            column = self.columns.setdefault(name, _Column())
            texts = raw[name].fill_null("").str.strip_chars()
            filled = texts != ""
            column.rows += len(raw)
            column.filled += int(filled.sum())
            column.faults += int(
                ((read["column"] == name) & (read["fault"] != Fault.EMPTY))
                .fill_null(value=False)
                .sum()
            )
            if name in _USUAL:
                least, most = _USUAL[name]
                measured = read[name] if name == "number" else texts
                length = measured.str.len_chars()
                column.odd += int(
                    (filled & ~length.is_between(least, most).fill_null(value=False)).sum()
                )
            if name in {"name", "kana", "address"}:
                column.lost += int(texts.str.contains(_LOST).sum())
            if name == "birth":
                column.placeholders += int(texts.is_in(list(PLACEHOLDERS)).sum())
            _remember(column, texts.filter(filled))

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


def _remember(column: _Column, texts: pl.Series) -> None:
    """Keep the least hashes (how many are distinct) and a sample (whether one value stands often)."""
    hashes = texts.hash().unique()
    column.least = pl.concat([column.least, hashes]).unique().sort().head(1 << _SKETCH_BITS)
    room = _SAMPLE - sum(len(one) for one in column.sample)
    if room > 0:
        column.sample.append(texts.head(room).hash())


def _distinct(column: _Column) -> int:
    """Return how many values are distinct: exact to 65,536, then by the k-th least hash (±0.4 %)."""
    kept = len(column.least)
    if kept < 1 << _SKETCH_BITS:
        return kept
    return min(column.filled, math.floor((kept - 1) * 2**64 / int(column.least[-1])))


def _repeated(column: _Column) -> int:
    """Return how often the commonest value stands in the sample."""
    if not column.sample:
        return 0
    counts = pl.concat(column.sample).value_counts(sort=True)
    return int(counts["count"][0]) if len(counts) else 0
