"""Stage evidence: rows meet persons, range by range of numbers; each row becomes a pattern."""

from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.canonical import REGISTER, Hasher
from kumihimo.linkaudit.evidence import CLUES, EVIDENCE
from kumihimo.linkaudit.folder import Stage, fingerprint, of_files, whole
from kumihimo.linkaudit.incremental import PRINTS, Known, judge_changed, pair_prints
from kumihimo.linkaudit.joining import Partitions, load, save
from kumihimo.linkaudit.nonmatches import Shares, own_rows, sampled
from kumihimo.linkaudit.registering import Registered, rules
from kumihimo.linkaudit.schema import ROWS
from kumihimo.linkaudit.setting import Setting
from kumihimo.linkaudit.workers import Team

_VERSION: Final = 1
# What is compared of a row. The other columns are read again where they are needed.
_COMPARED: Final = {
    name: ROWS[name] for name in ("row", "name", "kana", "birth", "sex", "address")
} | {"number": pl.Int64}
_TABLES: Final = {
    "evidence": EVIDENCE,
    "clues": CLUES,
    "persons": REGISTER,
    "own": _COMPARED,
    "prints": PRINTS,
}


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
    read = rows.select(
        pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
        for name, kind in _COMPARED.items()
    )
    save(chunk.partitions.cut(read), folder)


def _judge(part: _Part) -> None:
    place = _place(part.stage.folder, part.partition)
    if place.exists():
        return
    hasher = Hasher.load(part.setting.key)
    registered = Registered.opened(part.registered)
    rows = load(part.stage.folder / "rows", part.partition, _COMPARED)
    register, history = registered.part(part.partition), registered.history(part.partition)
    prints = pair_prints(rows, register, history)
    before = part.stage.before and _place(part.stage.before, part.partition)
    known = Known.read(before) if before and before.exists() else None
    judged = judge_changed(
        rows.with_columns(prints), register, registered.doubles, history, hasher, known
    )
    shares = Shares.of(registered.persons, registered.doubles)
    persons = sampled(register, registered.doubles, shares)
    tables = {
        "evidence": judged.evidence,
        "clues": judged.clues,
        "prints": judged.evidence.select("row", "number").with_columns(prints),
        "persons": persons,
        "own": own_rows(rows, judged.evidence, persons),
    }
    with whole(place) as half:
        half.mkdir()
        for name, table in tables.items():
            table.select(list(_TABLES[name])).write_ipc(half / f"{name}.arrow", compression="lz4")


def _place(stage: Path, partition: int) -> Path:
    return stage / "parts" / f"{partition:05}"
