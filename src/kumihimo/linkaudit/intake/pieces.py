"""Pieces of Parquet files, each taken in by whoever is free; what is clean is kept as it is.

Of a file of which every cell is read as it stands the columns that are kept are taken as they lie; of
any other the rows that can be judged are written. What lies as it lay in the last run is not read again.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from kumihimo.linkaudit.chunks import Group, digests, groups_of
from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.intake.again import FEW, Again, read_again
from kumihimo.linkaudit.intake.kept import (
    Digests,
    Kept,
    Known,
    Part,
    changed,
    groups_in,
    keep_parts,
    known_parts,
    leave_only,
)
from kumihimo.linkaudit.intake.laying import Lying, take
from kumihimo.linkaudit.intake.marking import (
    Marked,
    bounds,
    carry_who,
    keep_bounds,
    make,
    put,
    who_of,
)
from kumihimo.linkaudit.intake.parquets import Piece, pieces
from kumihimo.linkaudit.intake.passing import Errand, Pass, places
from kumihimo.linkaudit.intake.quality import Tally
from kumihimo.linkaudit.intake.repeated import Ids
from kumihimo.linkaudit.joining import write_plain
from kumihimo.linkaudit.setting import fresh_beside
from kumihimo.linkaudit.workers import Team

# Groups of rows that are longer would be looked at by each of many pieces: our choice.
_TALL_MAX: Final = 4_000_000


@attrs.frozen(eq=False)
class _File:
    """A file's groups of rows, none where they are not to be known again, and what the last run left of it."""

    line: int
    groups: list[Group]
    known: Known | None

    def within(self, piece: Piece) -> tuple[list[Group], Known | None]:
        """Return the same for a piece."""
        at = groups_in(self.groups, piece.first, piece.count)
        known = self.known.within(at, piece.line) if self.known else None
        return self.groups[at.start : at.stop], known


@attrs.frozen(eq=False)
class _Task:
    errand: Errand
    piece: Piece
    place: Path
    marking: Path  # where its marks are put
    before: Path | None  # and where those of the last run are
    below: dict[str, int]  # hashes that the quality report needs (`Tally.below`)
    groups: list[Group]  # that have rows of it (`_File`)
    known: Known | None
    written: bool = False  # also where it could be taken as it lies


@attrs.frozen(eq=False)
class _Fetched:
    """What came of a piece. `last` is its last full row (0: it has none); `same`: it can stand as it lies.

    `who_stays` says that all rows have the fingerprint `who` that they had, which was not put down.
    """

    found: Pass
    last: int
    ids: Ids | None
    same: bool
    digests: Digests
    who_stays: bool = False


def take_pieces(
    errand: Errand, path: Path, out: Path, team: Team, before: Path | None
) -> tuple[Pass, list[Ids]]:
    """Take Parquet files in, piece by piece; return what came of all of them together.

    `before` is what the last run kept of its rows (`marking`): they are not read again.
    """
    some = pieces(path)
    marking, below = make(out, 1 + sum(piece.count for piece in some), errand.side), bounds(before)
    files = _files(errand, some, before)
    tasks = [
        _Task(errand, piece, place, marking, before, below, *files[piece.file].within(piece))
        for n, piece in enumerate(some)
        for place in (out / f"part-{n:05}.parquet",)
    ]
    fetched = _fetch_all(tasks, team)
    found = _together(errand, fetched)
    if found.tally.is_short(below):
        below = {}
        tasks = [attrs.evolve(task, below=below, known=None) for task in tasks]
        fetched = _fetch_all(tasks, team)
        found = _together(errand, fetched)
    if before is not None:
        told = zip(some, fetched, strict=True)
        stays = [(piece.line, piece.count) for piece, one in told if one.who_stays]
        carry_who(before, marking, stays, whole=len(stays) == len(some))
    bound = found.tally.bounds(below)
    keep_bounds(marking, bound)
    both = list(zip(tasks, fetched, strict=True))
    mine = [list(group) for _, group in groupby(both, lambda pair: pair[0].piece.file)]
    same = [file for file in mine if all(told.same for _, told in file)]
    lying = [_lying(files[file[0][0].piece.file], file) for file in same]
    if before is not None:
        leave_only(before.parent, {one.known.part.name for one in lying if one.known is not None})
    sizes = team.each(
        errand.side, take, lying, [sum(t.piece.count for t, _ in file) for file in same]
    )
    laid = {one.place for one, size in zip(lying, sizes, strict=True) if size}
    again = [
        attrs.evolve(task, written=True, groups=[], known=None)
        for file in mine
        if file[0][0].place not in laid
        for task, told in file
        if told.same
    ]
    _fetch_all(again, team)
    parts = [
        msgspec.structs.replace(one.part, size=size)
        for one, size in zip(lying, sizes, strict=True)
        if size and one.part.digests
    ]
    least = {task.piece.line: told.found.tally.kept(bound) for task, told in both}
    keep_parts(marking, parts, least)
    return found, [one.ids for one in fetched if one.ids is not None]


def ready(_worker: int) -> None:
    """Do nothing: who is asked to has read in what it takes to take pieces in."""


def _files(errand: Errand, some: Sequence[Piece], before: Path | None) -> dict[Path, _File]:
    """Return of each file what tells whether it lies as it lay: of rows only, of which few change."""
    found: dict[Path, _File] = {}
    known = known_parts(before)
    for piece in some:
        if piece.file in found:
            continue
        theirs = places(errand, piece) if errand.side == "rows" else None
        groups = groups_of(piece.file, theirs) if theirs else None
        tall = [group.height for group in groups or ()]
        if max(tall, default=0) > _TALL_MAX:
            groups = None
        was = known.get(piece.line)
        stands = was is not None and groups is not None and was.part.heights == tall
        found[piece.file] = _File(piece.line, groups or [], was if stands else None)
    return found


def _lying(file: _File, mine: Sequence[tuple[_Task, _Fetched]]) -> Lying:
    told: dict[int, dict[str, str]] = {}
    for task, fetched in mine:
        at = groups_in(file.groups, task.piece.first, task.piece.count)
        told |= dict(zip(at, fetched.digests, strict=True))
    part = Part(
        name=mine[0][0].place.name,
        size=0,
        line=file.line,
        heights=[group.height for group in file.groups],
        digests=[told[n] for n in range(len(file.groups))] if told else [],
        pieces=[
            Kept(task.piece.line, one.ids.ends if one.ids else None, dict(one.found.tally.words))
            for task, one in mine
        ],
    )
    length = sum(chunk.length for group in file.groups for chunk in group.columns.values())
    task = mine[0][0]
    return Lying(task.errand, task.piece, task.place, part, length, file.known if told else None)


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
    now = digests(task.piece.file, task.groups)
    if task.known is not None:
        other = changed(task.known.part.digests, now)
        again = read_again(task.errand, task.piece, task.known, other, task.below)
        if again is not None:
            return _put(task, again, now)
    return _read(task, now)


def _put(task: _Task, again: Again, now: Digests) -> _Fetched:
    line = task.piece.line
    put(task.marking, line, prints=again.prints, marks=again.marks)
    if again.who is not None:
        put(task.marking, line, who=again.who)
    if again.fresh is not None:
        with whole(fresh_beside(task.place)) as half:
            write_plain(again.fresh, half)
    last, stays = line + task.piece.count - 1, again.who is None
    return _Fetched(again.found, last, again.ids, same=True, digests=now, who_stays=stays)


def _read(task: _Task, now: Digests) -> _Fetched:
    errand, piece = task.errand, task.piece
    before = Marked.opened(task.before) if task.before else None
    found = Pass(errand, tally=Tally(task.below))
    read = found.add(piece.read(errand.asked()), piece.line, before)
    if read.blank:  # a column that is not picked may hold something there
        found = Pass(errand, tally=Tally(task.below))
        read = found.add(piece.read(), piece.line, before)
    put(task.marking, piece.line, prints=read.prints, marks=read.marks)
    stays = (
        errand.side == "rows" and task.before is not None and _stays(task.before, piece, read.who)
    )
    if errand.side == "rows" and not stays:
        put(task.marking, piece.line, who=read.who)
    same = read.same and not task.written and places(errand, piece) is not None
    if not same:
        with whole(task.place) as half:
            found.table(read.good).write_parquet(half, compression="lz4")
    if before is not None and len(read.fresh) * FEW <= piece.count:
        with whole(fresh_beside(task.place)) as half:
            write_plain(read.fresh, half)
    ids = None
    if errand.side == "rows" and len(read.good):
        ids = Ids.of(found.table(read.good, ["record_id"])["record_id"])
    return _Fetched(found, read.last, ids, same, now, who_stays=stays)


def _stays(before: Path, piece: Piece, who: NDArray[np.uint64]) -> bool:
    return np.array_equal(who_of(before)[piece.line : piece.line + piece.count], who)
