"""Files of which every cell is read as it stands: the columns that are kept are taken as they lie.

Of a file that the last run took so, what lies as it lay is not copied again: the columns that changed are
laid behind the others, and what they stood for is no part of the table any more.
"""

from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.intake.kept import Known, Part, changed
from kumihimo.linkaudit.intake.parquets import Piece
from kumihimo.linkaudit.intake.passing import TABLES, Errand, Pass, places
from kumihimo.linkaudit.splicing import NotAlike, Strand, heights, lay_behind, splice, weave
from kumihimo.linkaudit.thrift import NotThrift

# What a file has not are the rows' numbers: packing them takes as long as writing them.
_PLAIN: Final = "uncompressed"
_ROOM: Final = 2  # how many times as long as what is in it a file may be before it is laid anew


@attrs.frozen(eq=False)
class Lying:
    """A file to be taken as it lies: its first piece, what is kept of it, what was of the last run."""

    errand: Errand
    piece: Piece
    place: Path
    part: Part
    bytes: int  # of its columns
    known: Known | None


def take(file: Lying) -> int:
    """Take the columns of a whole file; return how long the table is, 0 where that could not be done."""
    try:
        if file.known is None or not _laid_behind(file, file.known):
            _woven(file)
    except (NotAlike, NotThrift):
        return 0
    return file.place.stat().st_size


def _laid_behind(file: Lying, known: Known) -> bool:
    """Lay what changed behind what the last run took; say whether that could be done.

    Until this run is done, the file stands where it stood too, and is as long as it was once what is behind
    it is cut off (`kept`).
    """
    if known.part.size > _ROOM * file.bytes:
        return False
    theirs = places(file.errand, file.piece)
    assert theirs is not None, "asked of every piece"
    other = changed(known.part.digests, file.part.digests)
    try:
        with whole(file.place) as half:
            half.hardlink_to(known.file)
            if other:
                lay_behind([Strand(file.piece.file, theirs[name], name) for name in other], half)
    except OSError:  # on a disk that has no links
        return False
    return True


def _woven(file: Lying) -> None:
    errand, piece = file.errand, file.piece
    theirs = places(errand, piece)
    assert theirs is not None, "asked of every piece"
    with TemporaryDirectory(dir=file.place.parent, prefix=".") as folder:
        beside = Path(folder) / "beside"
        lacking = [name for name in TABLES[errand.side] if name not in theirs]
        strands = [
            Strand(piece.file, theirs[name], name) if name in theirs else Strand(beside, name, name)
            for name in TABLES[errand.side]
        ]
        if lacking:
            _write_lacking(file, lacking, beside)
        with whole(file.place) as half:
            weave([strands], half)


def _write_lacking(file: Lying, names: Collection[str], place: Path) -> None:
    """Write the columns that a whole file has not, in groups of rows as long as the file's."""
    tall = heights(file.piece.file)
    line = file.piece.line
    rows = pl.int_range(line, line + sum(tall), eager=True, dtype=pl.Int64).alias("row")
    made = Pass(file.errand).table(rows.to_frame(), names)
    if len(set(tall[:-1])) <= 1 and tall[-1:] <= tall[:1]:
        made.write_parquet(place, compression=_PLAIN, row_group_size=max([1, *tall[:1]]))
        return
    groups: list[Path] = []
    for n, height in enumerate(tall):
        groups.append(place.with_name(f"{place.name}-{n}"))
        first = sum(tall[:n])
        some = made[first : first + height]
        some.write_parquet(groups[-1], compression=_PLAIN, row_group_size=max(1, height))
    splice(groups, place)
