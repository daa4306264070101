"""Stage register: the snapshot in canonical columns, by range of numbers; whom it holds twice.

The tables are the register's for this key and these canonical forms: another audit in the folder
against the same snapshot does not make them again.
"""

from pathlib import Path
from typing import Final

import attrs
import msgspec
import polars as pl

from kumihimo.linkaudit.canonical import (
    FORMS,
    INDEX,
    REGISTER,
    Hasher,
    also_before,
    also_named,
    fingerprints,
    register_columns,
)
from kumihimo.linkaudit.doubles import BadSnapshot, find_doubles, open_doubles
from kumihimo.linkaudit.folder import Stage, fingerprint, of_files
from kumihimo.linkaudit.homonyms import Doubles
from kumihimo.linkaudit.joining import Partitions, load, save
from kumihimo.linkaudit.schema import HISTORY, SNAPSHOT
from kumihimo.linkaudit.setting import Setting
from kumihimo.linkaudit.workers import Team

_VERSION: Final = 2
_GROWN: Final = 1.5  # the ranges of numbers are drawn anew when the register has so many more
_PRINT: Final = {"print": pl.UInt64}  # of a person's line, as it was written
_SNAPSHOT: Final = {**SNAPSHOT, "number": pl.Int64, **_PRINT}
_LINES: Final = {**HISTORY, "number": pl.Int64}


@attrs.frozen
class Registered:
    """The register's side, made."""

    stage: Path
    partitions: Partitions
    persons: int
    doubles: Doubles

    def part(self, partition: int) -> pl.DataFrame:
        """Return `REGISTER` of a partition."""
        return load(self.stage / "persons", partition, REGISTER)

    def index(self, partition: int) -> pl.DataFrame:
        """Return `INDEX` of a partition."""
        return load(self.stage / "persons", partition, INDEX)

    def history(self, partition: int) -> pl.DataFrame:
        """Return `HISTORY` (number Int64) of a partition."""
        return load(self.stage / "history", partition, _LINES)

    @classmethod
    def opened(cls, stage: Path) -> "Registered":
        """Read what the stage left."""
        told = msgspec.json.decode((stage / "done").read_bytes(), type=_Told)
        bounds = Partitions(tuple(told.bounds))
        return cls(stage, bounds, told.persons, open_doubles(stage))


class _Told(msgspec.Struct):
    bounds: list[int]
    persons: int


@attrs.frozen
class _Part:
    setting: Setting
    stage: Path
    before: Path
    partition: int


@attrs.frozen
class _Chunk:
    setting: Setting
    stage: Path
    partitions: Partitions
    name: str
    first: int
    count: int


def register(setting: Setting, team: Team) -> Registered:
    """Make the register's side, or open it where it is made. Raises `BadSnapshot`."""
    history = of_files(setting.history.files) if setting.history else ""
    given = (of_files(setting.snapshot.files), history)
    stage = Stage.at(setting.folder, "register", rules(setting), *given)
    if stage.is_done:
        return Registered.opened(stage.folder)
    lacking = [c for c in SNAPSHOT if c not in setting.snapshot.scan().collect_schema()]
    if lacking:
        raise BadSnapshot(f"snapshot: no column {', '.join(lacking)}")
    persons = setting.snapshot.rows()
    partitions = _partitions(setting, persons, stage)
    again = stage.before is not None
    for name, table, task in (
        ("persons", setting.snapshot, _raw if again else _persons),
        ("history", setting.history, _history),
    ):
        chunks = setting.chunks(table) if table else []
        tasks = [
            _Chunk(setting, stage.folder, partitions, f"{n:05}", *chunk)
            for n, chunk in enumerate(chunks)
        ]
        team.each(f"register: {name}", task, tasks, [count for _, count in chunks])
    if stage.before is not None:
        parts = [_Part(setting, stage.folder, stage.before, n) for n in range(len(partitions))]
        team.each("register: changes", _changed, parts, [persons // len(parts)] * len(parts))
    find_doubles(stage.folder, len(partitions), persons, team)
    stage.finish(msgspec.json.encode(_Told(list(partitions.bounds), persons)).decode())
    return Registered.opened(stage.folder)


def rules(setting: Setting) -> str:
    """Return a fingerprint of what makes two registers' columns comparable."""
    return fingerprint(_VERSION, FORMS, setting.key.read_bytes(), setting.sizes.rows)


def _partitions(setting: Setting, persons: int, stage: Stage) -> Partitions:
    """Return the ranges of before while they still fit, so that persons are found where they were."""
    if stage.before is not None:
        told = msgspec.json.decode((stage.before / "done").read_bytes(), type=_Told)
        if persons <= told.persons * _GROWN:
            return Partitions(tuple(told.bounds))
    return Partitions.of(setting.snapshot.scan(), persons, setting.sizes.rows)


def _raw(chunk: _Chunk) -> None:
    folder = chunk.stage / "raw" / chunk.name
    if folder.exists():
        return
    written = chunk.setting.snapshot.part(chunk.first, chunk.count).select(list(SNAPSHOT))
    numbered = written.with_columns(pl.col("number").cast(pl.Int64))
    prints = fingerprints(written, list(SNAPSHOT))
    save(chunk.partitions.cut(numbered.with_columns(prints)), folder)


def _changed(part: _Part) -> None:
    """Make the canonical columns of the persons that changed, and take over those of the others."""
    folder = part.stage / "persons" / f"{part.partition:05}"
    if folder.exists():
        return
    hasher = Hasher.load(part.setting.key)
    told = load(part.stage / "raw", part.partition, _SNAPSHOT)
    made = load(part.before / "persons", part.partition, {**REGISTER, **_PRINT})
    same = made.join(told, on=["number", "print"], how="semi")
    changed = told.join(made, on=["number", "print"], how="anti")
    anew = register_columns(changed, hasher).with_columns(changed["print"])
    columns = pl.concat([same, anew]) if len(changed) else same
    save(
        {part.partition: also_named(columns, hasher)}, part.stage / "also" / f"p{part.partition:05}"
    )
    save({part.partition: columns}, folder)


def _persons(chunk: _Chunk) -> None:
    folder = chunk.stage / "persons" / chunk.name
    if folder.exists():
        return
    hasher = Hasher.load(chunk.setting.key)
    written = chunk.setting.snapshot.part(chunk.first, chunk.count).select(list(SNAPSHOT))
    columns = register_columns(written, hasher)
    save(chunk.partitions.cut(also_named(columns, hasher)), chunk.stage / "also" / f"p{chunk.name}")
    prints = fingerprints(written, list(SNAPSHOT))
    save(chunk.partitions.cut(columns.with_columns(prints)), folder)


def _history(chunk: _Chunk) -> None:
    folder = chunk.stage / "history" / chunk.name
    if folder.exists():
        return
    lines = chunk.setting.read_history(chunk.first, chunk.count)
    also = also_before(lines, Hasher.load(chunk.setting.key))
    save(chunk.partitions.cut(also), chunk.stage / "also" / f"h{chunk.name}")
    save(chunk.partitions.cut(lines), folder)
