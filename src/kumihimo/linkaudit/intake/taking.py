"""One file in: the rows that can be judged as Parquet, the others listed with row, column and reason.

Rows in = rows out + rows listed. Only lines without anything after the last row count for nothing.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl

from kumihimo.linkaudit.intake.cells import Reading
from kumihimo.linkaudit.intake.delimited import read_text
from kumihimo.linkaudit.intake.kept import forget, leave_only
from kumihimo.linkaudit.intake.mapping import NEEDED, Layout, Mapping, Side
from kumihimo.linkaudit.intake.marking import before, keep, rules, set_aside
from kumihimo.linkaudit.intake.parquets import read_parquet
from kumihimo.linkaudit.intake.passing import Errand, Pass
from kumihimo.linkaudit.intake.picking import pick
from kumihimo.linkaudit.intake.pieces import take_pieces
from kumihimo.linkaudit.intake.quality import Quality
from kumihimo.linkaudit.intake.repeated import Ids, ascend, take_out_repeated
from kumihimo.linkaudit.intake.sheets import BadTable, Sheet, kind_of
from kumihimo.linkaudit.intake.workbooks import read_workbook
from kumihimo.linkaudit.workers import Team


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one file: rows in, out and listed, and the quality of each column."""

    side: Side
    rows_in: int
    rows_out: int
    rows_listed: int
    quality: list[Quality]


def open_sheet(path: Path, layout: Layout) -> Sheet:
    """Open a file by what it is, whatever it is called. Raises `BadTable`."""
    kind = _kind(path)
    if kind == "parquet":
        return read_parquet(path)
    return read_workbook(path, layout) if kind == "excel" else read_text(path, layout)


def _kind(path: Path) -> str:
    kind = "parquet" if path.is_dir() else kind_of(path)
    if not str(path).isprintable():
        raise BadTable(f"{path}: give the file a name that can be printed")
    return kind


def take_in(
    mapping: Mapping, side: Side, path: Path, folder: Path, *, team: Team | None = None
) -> Taken:
    """Read one file into `folder`/<side>/part-*.parquet and `folder`/bad_<side>.parquet.

    What stood there of an earlier run is replaced; what it kept of rows that stand in this file too
    is taken over. Raises `BadTable`.
    """
    team = team or Team.alone()
    out, aside, told = folder / side, folder / f".before_{side}", rules(mapping, side)
    set_aside(out, aside)
    out.mkdir(parents=True, mode=0o700)
    errand = _errand(mapping, side, path)
    if _kind(path) == "parquet":
        found, ids = take_pieces(errand, path, out, team, before(aside, told))
    else:
        leave_only(aside, set())
        found, ids = _take_blocks(errand, path, out, team)
    bad = found.listed()
    if side == "rows" and "record_id" in errand.picked and not ascend(ids):
        twice = take_out_repeated(sorted(out.glob("part-*.parquet")))
        bad = pl.concat([bad, *twice.values()]).sort("row")
        forget(out, set(twice))
    bad.write_parquet(folder / f"bad_{side}.parquet")
    keep(out, told, bad["row"])
    shutil.rmtree(aside, ignore_errors=True)
    return _told(found, bad)


def look_over(mapping: Mapping, side: Side, path: Path, *, rows_max: int) -> Taken:
    """Say what `take_in` would, of the first rows at least; writes nothing. Raises `BadTable`."""
    errand = _errand(mapping, side, path)
    found = Pass(errand)
    for _ in _read(found, open_sheet(path, mapping.layout(side))):
        if found.rows_in >= rows_max:
            break
    return _told(found, found.listed())


def _errand(mapping: Mapping, side: Side, path: Path) -> Errand:
    layout = mapping.layout(side)
    picked = pick(path, open_sheet(path, layout).headings, layout, mapping, side)
    needed = mapping.required if side == "rows" else NEEDED[side]
    reading = Reading(
        columns=tuple(picked),
        required=tuple(name for name in needed if name in picked),
        space=mapping.space,
        dates=layout.dates,
        pad=layout.pad,
    )
    return Errand(mapping, side, reading, picked)


def _take_blocks(errand: Errand, path: Path, out: Path, team: Team) -> tuple[Pass, list[Ids]]:
    """Take a file in that is read from its beginning to its end."""
    found = Pass(errand)
    sheet = open_sheet(path, errand.mapping.layout(errand.side))
    ids: list[Ids] = []
    for number, good in enumerate(_read(found, sheet)):
        good.write_parquet(out / f"part-{number:05}.parquet", compression="lz4")
        ids += [Ids.of(good["record_id"])] if errand.side == "rows" and len(good) else []
        team.progress(errand.side, sheet.done(), sheet.total)
    return found, ids


def _read(found: Pass, sheet: Sheet) -> Iterator[pl.DataFrame]:
    """Read a sheet block by block; yield the good rows of each."""
    last = 0
    for raw in sheet.blocks:
        read = found.add(raw, found.rows_in + 1)
        last = read.last or last
        yield found.table(read.good)
    found.end_at(last)


def _told(found: Pass, bad: pl.DataFrame) -> Taken:
    return Taken(
        side=found.errand.side,
        rows_in=found.rows_in,
        rows_out=found.rows_in - len(bad),
        rows_listed=len(bad),
        quality=found.tally.told(),
    )
