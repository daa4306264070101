"""Pieces of Parquet files, each taken in by whoever is free; what is clean is kept as it is.

Of a file of which every cell is read as it stands the columns that are kept are taken as they lie; of
any other the rows that can be judged are written.
"""

from collections.abc import Collection
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.intake.marking import Marked, bounds, keep_bounds, make, put_who
from kumihimo.linkaudit.intake.parquets import Piece, pieces
from kumihimo.linkaudit.intake.passing import TABLES, Errand, Pass
from kumihimo.linkaudit.intake.quality import Tally
from kumihimo.linkaudit.intake.repeated import Ids
from kumihimo.linkaudit.joining import write_plain
from kumihimo.linkaudit.setting import fresh_beside
from kumihimo.linkaudit.splicing import NotAlike, Strand, heights, splice, weave
from kumihimo.linkaudit.thrift import NotThrift
from kumihimo.linkaudit.workers import Team

_FEW: Final = 4  # one row in so many that is new stands apart too, to be found without the others
# What a file has not are the rows' numbers: packing them takes as long as writing them.
_PLAIN: Final = "uncompressed"


@attrs.frozen(eq=False)
class _Task:
    errand: Errand
    piece: Piece
    place: Path
    marking: Path  # where its marks are put
    before: Path | None  # and where those of the last run are
    below: dict[str, int]  # hashes that the quality report needs (`Tally.below`)
    written: bool = False  # also where it could be taken as it lies


@attrs.frozen(eq=False)
class _Fetched:
    """What came of a piece. `last` is its last full row (0: it has none); `same`: it can stand as it lies."""

    found: Pass
    last: int
    ids: Ids | None
    same: bool


def take_pieces(
    errand: Errand, path: Path, out: Path, team: Team, before: Path | None
) -> tuple[Pass, list[Ids]]:
    """Take Parquet files in, piece by piece; return what came of all of them together.

    `before` is what the last run kept of its rows (`marking`): they are not read again.
    """
    some = pieces(path)
    marking, below = make(out, 1 + sum(piece.count for piece in some), errand.side), bounds(before)
    tasks = [
        _Task(errand, piece, out / f"part-{n:05}.parquet", marking, before, below)
        for n, piece in enumerate(some)
    ]
    fetched = _fetch_all(tasks, team)
    found = _together(errand, fetched)
    if found.tally.is_short(below):
        tasks = [attrs.evolve(task, below={}) for task in tasks]
        fetched = _fetch_all(tasks, team)
        found = _together(errand, fetched)
    keep_bounds(marking, found.tally.bounds())
    files: list[list[_Task]] = []
    again: list[_Task] = []
    both = zip(tasks, fetched, strict=True)
    for _, group in groupby(both, lambda pair: pair[0].piece.file):
        mine = list(group)
        same = [task for task, told in mine if told.same]
        (files.append if len(same) == len(mine) else again.extend)(same)
    weights = [sum(task.piece.count for task in file) for file in files]
    for file, done in zip(files, team.each(errand.side, _take, files, weights), strict=True):
        again += [] if done else file
    written = [attrs.evolve(task, written=True) for task in again]
    _fetch_all(written, team)
    return found, [one.ids for one in fetched if one.ids is not None]


def _fetch_all(tasks: list[_Task], team: Team) -> list[_Fetched]:
    side = tasks[0].errand.side if tasks else ""
    return team.each(side, _fetch, tasks, [task.piece.count for task in tasks])


def _together(errand: Errand, fetched: list[_Fetched]) -> Pass:
    found = Pass(errand)
    for one in fetched:
        found.plus(one.found)
    found.end_at(max((one.last for one in fetched), default=0))
    return found


def _fetch(task: _Task) -> _Fetched:
    """Take one piece in."""
    errand, piece = task.errand, task.piece
    before = Marked.opened(task.before) if task.before else None
    found = Pass(errand, tally=Tally(task.below))
    read = found.add(piece.read(errand.asked()), piece.line, before)
    if read.blank:  # a column that is not picked may hold something there
        found = Pass(errand, tally=Tally(task.below))
        read = found.add(piece.read(), piece.line, before)
    Marked.opened(task.marking, writes=True).put(piece.line, read.prints, read.marks)
    if read.who is not None:
        put_who(task.marking, piece.line, read.who)
    same = read.same and not task.written and _places(errand, piece) is not None
    if not same:
        with whole(task.place) as half:
            found.table(read.good).write_parquet(half, compression="lz4")
    if before is not None and len(read.fresh) * _FEW <= piece.count:
        with whole(fresh_beside(task.place)) as half:
            write_plain(read.fresh, half)
    ids = None
    if errand.side == "rows" and len(read.good):
        ids = Ids.of(found.table(read.good, ["record_id"])["record_id"])
    return _Fetched(found, read.last, ids, same)


def _take(file: list[_Task]) -> bool:
    """Take the columns of a whole file as they lie; say whether that could be done."""
    task = file[0]
    errand, piece = task.errand, task.piece
    theirs = _places(errand, piece)
    assert theirs is not None, "asked of every piece"
    with TemporaryDirectory(dir=task.place.parent, prefix=".") as folder:
        beside = Path(folder) / "beside"
        lacking = [name for name in TABLES[errand.side] if name not in theirs]
        strands = [
            Strand(piece.file, theirs[name], name) if name in theirs else Strand(beside, name, name)
            for name in TABLES[errand.side]
        ]
        try:
            if lacking:
                _write_lacking(task, lacking, beside)
            with whole(task.place) as half:
                weave(strands, half)
        except (NotAlike, NotThrift):
            return False
    return True


def _write_lacking(task: _Task, names: Collection[str], place: Path) -> None:
    """Write the columns that a whole file has not, in groups of rows as long as the file's."""
    tall = heights(task.piece.file)
    line = task.piece.line
    rows = pl.int_range(line, line + sum(tall), eager=True, dtype=pl.Int64).alias("row")
    made = Pass(task.errand).table(rows.to_frame(), names)
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


def _places(errand: Errand, piece: Piece) -> dict[str, str] | None:
    """Return what the file calls each column that is picked; None where one is no plain text."""
    held = pl.read_parquet_schema(piece.file)
    names = {f"c{n}": name for n, name in enumerate(piece.names, start=1)}
    theirs: dict[str, str] = {}
    for ours, one in errand.picked.items():
        name = names[one.meta.output_name()]
        if not one.meta.is_column() or held[name] != pl.String:
            return None
        theirs[ours] = name
    return theirs
