"""Pieces of Parquet files, each taken in by whoever is free; what is clean is kept as it is.

A file in the audit's own columns of which every cell is read as it stands is copied; of any other
the rows that can be judged are written.
"""

import shutil
from itertools import groupby
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.intake.marking import Marked, make
from kumihimo.linkaudit.intake.parquets import Piece, pieces
from kumihimo.linkaudit.intake.passing import TABLES, Errand, Pass
from kumihimo.linkaudit.intake.repeated import Ids
from kumihimo.linkaudit.intake.sheets import last_full, number_rows
from kumihimo.linkaudit.joining import write_plain
from kumihimo.linkaudit.setting import fresh_beside
from kumihimo.linkaudit.workers import Team

_FEW: Final = 4  # one row in so many that is new stands apart too, to be found without the others


@attrs.frozen(eq=False)
class _Task:
    errand: Errand
    piece: Piece
    place: Path
    marking: Path  # where its marks are put
    before: Path | None  # and where those of the last run are
    written: bool = False  # also where it could be copied


@attrs.frozen(eq=False)
class _Fetched:
    """What came of a piece. `last` is its last full row (0: it has none); `same`: it can be copied."""

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
    marking = make(out, 1 + sum(piece.count for piece in some))
    tasks = [
        _Task(errand, piece, out / f"part-{n:05}.parquet", marking, before)
        for n, piece in enumerate(some)
    ]
    fetched = team.each(errand.side, _fetch, tasks, [task.piece.count for task in tasks])
    again: list[_Task] = []
    both = zip(tasks, fetched, strict=True)
    for file, group in groupby(both, lambda pair: pair[0].piece.file):
        mine = list(group)
        if all(told.same for _, told in mine):
            with whole(mine[0][0].place) as half:
                shutil.copyfile(file, half)
        else:
            again += [attrs.evolve(task, written=True) for task, told in mine if told.same]
    team.each(errand.side, _fetch, again, [task.piece.count for task in again])
    found = Pass(errand)
    for one in fetched:
        found.plus(one.found)
    found.end_at(max((one.last for one in fetched), default=0))
    return found, [one.ids for one in fetched if one.ids is not None]


def _fetch(task: _Task) -> _Fetched:
    """Take one piece in."""
    errand, piece = task.errand, task.piece
    found = Pass(errand)
    block = number_rows(piece.read(), piece.line)
    before = Marked.opened(task.before) if task.before else None
    read = found.add(block.select("row", "line", "fault", "at", **errand.picked), before)
    Marked.opened(task.marking, writes=True).put(piece.line, read.prints, read.marks)
    same = read.same and not task.written and _stands(errand, piece)
    if not same:
        with whole(task.place) as half:
            read.good.write_parquet(half, compression="lz4")
    if before is not None and len(read.fresh) * _FEW <= len(block):
        with whole(fresh_beside(task.place)) as half:
            write_plain(read.fresh, half)
    ids = Ids.of(read.good["record_id"]) if errand.side == "rows" and len(read.good) else None
    return _Fetched(found, last_full(block), ids, same)


def _stands(errand: Errand, piece: Piece) -> bool:
    """Say whether the file is a table of ours, column by column, with its rows counted from 1."""
    table = TABLES[errand.side]
    if not piece.is_table(table):
        return False
    places = {name: f"c{n}" for n, name in enumerate(piece.names, start=1)}
    own = {name: places[name] for name in table if name != "row"}
    if {name: one.meta.output_name() for name, one in errand.picked.items()} != own:
        return False
    if "row" not in table:
        return True
    counted = pl.scan_parquet(piece.file).select("row").slice(piece.first, piece.count).collect()
    return bool((counted["row"].to_numpy() == np.arange(piece.count) + piece.line).all())
