"""Where rows stood in an earlier file, by their fingerprints, though some came in or went between.

Most rows stand where they stood; of the others some are asked how far they have moved, and all are
looked for there. Who moved farther than a million rows, or with few others, counts as new.
"""

from typing import Final, TypeVar

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)
_FAR: Final = 1 << 20  # rows
_ASKED: Final = 256
_TRIES: Final = 8  # rows that came in or went at so many places, in one stretch of the file
_FEW: Final = 64  # one row in so many may count as new without another look


def standing(
    old: NDArray[np.uint64], first: int, prints: NDArray[np.uint64]
) -> NDArray[np.bool_] | None:
    """Say which of some prints that stand from `first` on stood there; None: the others may have moved."""
    there = old[first : first + len(prints)]
    if len(there) < len(prints):
        return None
    same = (there == prints) & (prints != 0)
    return same if (len(same) - np.count_nonzero(same)) * _FEW <= len(same) else None


@attrs.frozen(eq=False)
class Stood:
    """Where rows from `first` on stood in an earlier file: all that did stood here, or `was` tells."""

    first: int
    known: NDArray[np.bool_]  # which of them stood anywhere
    was: NDArray[np.int64] | None

    @classmethod
    def of(cls, old: NDArray[np.uint64], first: int, prints: NDArray[np.uint64]) -> "Stood":
        """Look for rows of some prints in an earlier file, where 0 is no print."""
        same = standing(old, first, prints)
        if same is not None:
            return cls(first, same, None)
        was = aligned(old, first, prints)
        return cls(first, was >= 0, was)

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where some of the rows, counted from the first, that are known stood."""
        return self.first + rows if self.was is None else self.was[rows]

    def carried(self, values: NDArray[T], stays: NDArray[np.bool_], nothing: int) -> NDArray[T]:
        """Return the values that known rows had, `nothing` for those that do not stay.

        Where all stood where they stand, what is there is taken whole.
        """
        if self.was is None:
            there = values[self.first : self.first + len(stays)]
            found = np.empty(len(stays), values.dtype)
            found[: len(there)] = there
            found[~stays] = nothing  # such as rows that the values do not reach
            return found
        found = np.full(len(stays), nothing, values.dtype)
        found[stays] = values[self.was[stays]]
        return found

    def moved(self, stays: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return those of some known rows, counted from the first, that stood elsewhere."""
        if self.was is None:
            return np.empty(0, np.int64)
        here = np.arange(self.first, self.first + len(stays))
        return np.flatnonzero(stays & (self.was != here))


def aligned(old: NDArray[np.uint64], first: int, prints: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return where in `old` each of some prints that stand from `first` on stood, -1 for nowhere.

    0 is no print.
    """
    was = np.full(len(prints), -1, np.int64)
    shift, tried = 0, {0}
    for _ in range(_TRIES):
        low, high = max(0, -(first + shift)), min(len(prints), len(old) - first - shift)
        if low < high:
            there = old[first + shift + low : first + shift + high]
            same = (there == prints[low:high]) & (there != 0) & (was[low:high] < 0)
            found = low + np.flatnonzero(same)
            was[found] = first + shift + found
        left = np.flatnonzero((was < 0) & (prints != 0))
        if len(left) * _FEW <= len(prints):
            break
        other = _moved_by(old, first, prints, left, tried)
        if other is None:
            break
        shift = other
        tried.add(shift)
    return was


def _moved_by(
    old: NDArray[np.uint64],
    first: int,
    prints: NDArray[np.uint64],
    left: NDArray[np.int64],
    tried: set[int],
) -> int | None:
    """Return how far most of those asked have moved, None where no two agree."""
    asked = left[np.linspace(0, len(left) - 1, min(_ASKED, len(left))).astype(np.int64)]
    start = max(0, first - _FAR)
    near = pl.Series(old[start : first + len(prints) + _FAR])
    sought = pl.DataFrame({"print": prints[asked], "now": first + asked})
    places = near.is_in(sought["print"].implode()).arg_true().cast(pl.Int64)
    stood = pl.DataFrame({"print": near.gather(places), "was": start + places})
    shifts = sought.join(stood, on="print").select(by=pl.col("was") - pl.col("now"))
    told = shifts.filter(~pl.col("by").is_in(list(tried))).group_by("by").len()
    if not len(told):
        return None
    by, votes = told.sort("len", "by", descending=[True, False]).row(0)
    return int(by) if votes > 1 else None
