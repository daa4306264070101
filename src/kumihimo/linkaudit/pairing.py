"""Stage evidence: rows meet persons, range by range of numbers; each row becomes a pattern."""

from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.canonical import REGISTER, Hasher
from kumihimo.linkaudit.evidence import CLUES, EVIDENCE, Judged
from kumihimo.linkaudit.folder import Stage, fingerprint, of_files, whole
from kumihimo.linkaudit.homonyms import Doubles
from kumihimo.linkaudit.incremental import PRINTS, Known, judge_changed, pair_prints
from kumihimo.linkaudit.joining import Partitions, load, save
from kumihimo.linkaudit.nonmatches import Shares, own_rows, sampled
from kumihimo.linkaudit.registering import Registered, rules
from kumihimo.linkaudit.schema import ROWS
from kumihimo.linkaudit.setting import Setting
from kumihimo.linkaudit.workers import Team

_VERSION: Final = 2
# What is compared of a row. The other columns are read again where they are needed.
COMPARED: Final = {
    name: ROWS[name] for name in ("row", "name", "kana", "birth", "sex", "address")
} | {"number": pl.Int64}
# What a partition leaves besides its evidence: clues, and what is sampled of persons and rows.
LEFT: Final = {"evidence": EVIDENCE, "clues": CLUES, "persons": REGISTER, "own": COMPARED}
_TABLES: Final = {**LEFT, "prints": PRINTS}


@attrs.frozen
class Paired:
    """The evidence, made: a folder of tables for each partition."""

    stage: Path
    partitions: int

    def evidence(self, partition: int) -> pl.DataFrame:
        """Return `EVIDENCE` of a partition."""
        return self._read("evidence", partition)

    def whole(self, table: str) -> pl.DataFrame:
        """Return `clues`, or what was sampled (`persons`, `own`), of all partitions."""
        return pl.concat([self._read(table, n) for n in range(self.partitions)])

    def _read(self, table: str, partition: int) -> pl.DataFrame:
        return pl.read_ipc(_place(self.stage, partition) / f"{table}.arrow")


@attrs.frozen
class _Chunk:
    setting: Setting
    stage: Path
    partitions: Partitions
    name: str
    first: int
    count: int


@attrs.frozen
class _Part:
    setting: Setting
    stage: Stage
    registered: Path
    partition: int


def pair(setting: Setting, registered: Registered, team: Team) -> Paired:
    """Make the evidence, or open it where it is made."""
    partitions = registered.partitions
    # Rows are looked for where they were: in the same ranges of numbers.
    comparable = fingerprint(_VERSION, rules(setting), partitions.bounds)
    given = (registered.stage.name, of_files(setting.rows.files))
    stage = Stage.at(setting.folder, "evidence", comparable, *given)
    paired = Paired(stage.folder, len(partitions))
    if stage.is_done:
        return paired
    chunks = setting.chunks(setting.rows)
    cuts = [
        _Chunk(setting, stage.folder, partitions, f"{n:05}", *chunk)
        for n, chunk in enumerate(chunks)
    ]
    team.each("rows", _cut, cuts, [rows for _, rows in chunks])
    parts = [_Part(setting, stage, registered.stage, n) for n in range(len(partitions))]
    weights = [registered.persons // len(parts)] * len(parts)
    team.each("evidence", _judge, parts, weights)
    stage.finish()
    return paired


def _cut(chunk: _Chunk) -> None:
    folder = chunk.stage / "rows" / chunk.name
    if folder.exists():
        return
    rows = chunk.setting.rows.part(chunk.first, chunk.count)
    save(chunk.partitions.cut(compared(rows)), folder)


def compared(rows: pl.DataFrame) -> pl.DataFrame:
    """Return of `ROWS` what is compared, null where the institution holds no such attribute."""
    return rows.select(
        pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
        for name, kind in COMPARED.items()
    )


def _judge(part: _Part) -> None:
    place = _place(part.stage.folder, part.partition)
    if place.exists():
        return
    hasher = Hasher.load(part.setting.key)
    registered = Registered.opened(part.registered)
    rows = load(part.stage.folder / "rows", part.partition, COMPARED)
    register, history = registered.part(part.partition), registered.history(part.partition)
    prints = pair_prints(rows, register, history)
    before = part.stage.before and _place(part.stage.before, part.partition)
    known = Known.read(before) if before and before.exists() else None
    judged = judge_changed(
        rows.with_columns(prints), register, registered.doubles, history, hasher, known
    )
    shares = Shares.of(registered.persons, registered.doubles)
    tables = left(judged, rows, register, registered.doubles, shares)
    tables["prints"] = judged.evidence.select("row", "number").with_columns(prints)
    with whole(place) as half:
        half.mkdir()
        for name, table in tables.items():
            table.select(list(_TABLES[name])).write_ipc(half / f"{name}.arrow", compression="lz4")


def left(
    judged: Judged,
    rows: pl.DataFrame,
    register: pl.DataFrame,
    doubles: Doubles,
    shares: Shares,
) -> dict[str, pl.DataFrame]:
    """Return the tables of `LEFT` for rows (`COMPARED`) and persons (`REGISTER`) of a partition."""
    persons = sampled(register, doubles, shares)
    own = own_rows(rows, judged.evidence, persons)
    return {"evidence": judged.evidence, "clues": judged.clues, "persons": persons, "own": own}


def _place(stage: Path, partition: int) -> Path:
    return stage / "parts" / f"{partition:05}"
