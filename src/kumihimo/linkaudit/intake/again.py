"""A piece of a file that lies as it lay but for some columns: those are read, and no others.

What is known of its rows is taken over, and of the rows that changed what is in those columns is read
and counted anew. It comes to what reading all of the piece comes to, or to nothing: then all is read.
"""

from collections import Counter
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.intake.cells import Reading
from kumihimo.linkaudit.intake.kept import Known
from kumihimo.linkaudit.intake.marking import APART, Marked, factors, who_of
from kumihimo.linkaudit.intake.parquets import Piece
from kumihimo.linkaudit.intake.passing import Errand, Made, Pass, places
from kumihimo.linkaudit.intake.quality import SAMPLE, Tally, bits_of
from kumihimo.linkaudit.intake.repeated import Ids
from kumihimo.linkaudit.intake.sheets import frame

# With more than one row in so many changed, all are read.
FEW: Final = 4
_NONE: Final = np.empty(0, np.int64)


@attrs.frozen(eq=False)
class Again:
    """What came of a piece: as it is told of any, its rows' marks, and those that changed, in what changed.

    `who` is None where all rows have the one that they had.
    """

    found: Pass
    ids: Ids
    prints: NDArray[np.uint64]
    who: NDArray[np.uint64] | None
    marks: NDArray[np.uint32]
    fresh: pl.DataFrame | None


def read_again(
    errand: Errand, piece: Piece, known: Known, other: list[str], below: dict[str, int]
) -> Again | None:
    """Read a piece of which `other` columns lie otherwise than they did; None: read all of it."""
    kept, was = known.piece(piece.line), _Was.of(known, piece)
    if piece.line <= SAMPLE or kept is None or was is None:
        return None
    columns, cells = errand.reading.columns, _cells(errand, piece, other)
    hashes = {name: cells[name].hash() for name in other}
    moved = _moved(errand, piece, known, hashes, was.prints - was.who)
    rows = np.flatnonzero(np.any([by != 0 for by in moved.values()], axis=0)) if moved else _NONE
    counted, marks, fresh = kept.words, was.marks, None
    if len(rows):
        made = Made.of(_block(cells, piece, rows), _of(errand.reading, other), columns)
        before, now = was.marks[rows], (was.marks[rows] & ~bits_of(other, columns)) | made.marks
        full = (now & bits_of(columns, columns, "filled")).all()
        if made.bad is not None or not made.same.all() or not full or len(rows) * FEW > piece.count:
            return None
        counted = _counted(kept.words, before, now)
        marks, fresh = marks.copy(), made.rows
        marks[rows] = now
    found, least = Pass(errand, piece.count, Tally(below)), known.least(kept)
    every = {name: hashes[name] if name in hashes else least[name] for name in columns}
    found.tally.add(every, piece.line, marks, counted)
    ids = Ids.of(cells["record_id"]) if "record_id" in other else Ids(kept.ends)
    return Again(found, ids, *was.prints_now(moved), marks, fresh)


@attrs.frozen(eq=False)
class _Was:
    """What was kept of the rows of a piece."""

    prints: NDArray[np.uint64]
    who: NDArray[np.uint64]
    marks: NDArray[np.uint32]

    @classmethod
    def of(cls, known: Known, piece: Piece) -> "_Was | None":
        """Return it; None where a row was listed, was read otherwise than it stood, or there was none."""
        rows = slice(piece.line, piece.line + piece.count)
        before = Marked.opened(known.folder)
        found = cls(before.prints[rows], who_of(known.folder)[rows], before.marks[rows])
        whole = len(found.marks) == piece.count and found.marks.all()
        # A sum that is 1 may have been 0.
        return found if whole and (found.prints > 1).all() and (found.who > 1).all() else None

    def prints_now(
        self, moved: dict[str, NDArray[np.uint64]]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64] | None]:
        """Return the fingerprints, and those without what is told apart, that have moved by so much.

        None for these where nothing else has moved.
        """
        prints, who = np.array(self.prints), None
        for name, by in moved.items():
            prints += by
            if name != APART:
                who = np.array(self.who) if who is None else who
                who += by
        for sums in (prints, who):
            if sums is not None:
                sums[sums == 0] = 1
        return prints, who


def _counted(
    words: dict[int, int], before: NDArray[np.uint32], now: NDArray[np.uint32]
) -> dict[int, int]:
    """Return how many rows have which marks, of which some have others than before."""
    found = Counter[int](words)
    found.update([int(one) for one in now])
    found.subtract([int(one) for one in before])
    return {word: rows for word, rows in found.items() if rows}


def _cells(errand: Errand, piece: Piece, names: list[str]) -> pl.DataFrame:
    """Return some columns of a piece as they stand in the file, in which they are plain texts."""
    if not names:
        return pl.DataFrame()
    theirs = places(errand, piece)
    assert theirs is not None, "asked of every file"
    scan = pl.scan_parquet(piece.file).select(pl.col(theirs[name]).alias(name) for name in names)
    return scan.slice(piece.first, piece.count).collect()


def _block(cells: pl.DataFrame, piece: Piece, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Return some rows of a piece as a sheet has them."""
    block = frame(pl.Series(rows + piece.line), []).with_columns(row=pl.col("line"))
    return pl.concat([block, cells[rows]], how="horizontal")


def _moved(
    errand: Errand,
    piece: Piece,
    known: Known,
    hashes: dict[str, pl.Series],
    apart: NDArray[np.uint64],
) -> dict[str, NDArray[np.uint64]]:
    """Return by how much each column's part in the fingerprints of rows is another than it was.

    `apart` is what it was of the column that can be told apart from the others.
    """
    by = factors(errand.reading.columns)
    now = {name: column.to_numpy() * by[name] for name, column in hashes.items()}
    if list(now) == [APART]:
        return {APART: now[APART] - apart}
    first = piece.line - known.part.line
    scan = pl.scan_parquet(known.file).select(list(now)).slice(first, piece.count)
    then = scan.collect() if now else pl.DataFrame()
    return {name: some - then[name].hash().to_numpy() * by[name] for name, some in now.items()}


def _of(reading: Reading, names: list[str]) -> Reading:
    required = tuple(name for name in reading.required if name in names)
    return attrs.evolve(reading, columns=tuple(names), required=required)
