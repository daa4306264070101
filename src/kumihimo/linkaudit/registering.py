"""Stage register: the snapshot in canonical columns, by range of numbers; whom it holds twice.

The tables are the register's for this key and these canonical forms: another audit in the folder
against the same snapshot does not make them again.
"""

from pathlib import Path
from typing import Final

import attrs
import msgspec
import numpy as np
import polars as pl

from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit import homonyms
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
from kumihimo.linkaudit.folder import Stage, fingerprint, of_files, whole
from kumihimo.linkaudit.homonyms import Doubles, Keys
from kumihimo.linkaudit.joining import Partitions, load, save
from kumihimo.linkaudit.schema import HISTORY, SNAPSHOT
from kumihimo.linkaudit.setting import Setting
from kumihimo.linkaudit.workers import Team

_VERSION: Final = 2
_KEY_BYTES: Final = (
    200  # of a person's five keys while doubles are looked for, with what sorts them
)
_BUCKET_BITS: Final = np.uint64(40)
_GROWN: Final = 1.5  # the ranges of numbers are drawn anew when the register has so many more
_REGISTER: Final = {**REGISTER, "number": pl.Int64}
_LINES: Final = {**HISTORY, "number": pl.Int64}


class BadSnapshot(BadInput):
    """The register's snapshot is not one line a person, or lacks a column."""

    code = "bad-snapshot"
    title = "The snapshot of the register is not one line for each person"


@attrs.frozen
class Registered:
    """The register's side, made."""

    stage: Path
    partitions: Partitions
    persons: int
    doubles: Doubles

    def part(self, partition: int) -> pl.DataFrame:
        """Return `REGISTER` of a partition."""
        return load(self.stage / "persons", partition, _REGISTER)

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
        read = {name: np.load(stage / f"{name}.npy") for name in _DOUBLES}
        return cls(stage, Partitions(tuple(told.bounds)), told.persons, Doubles(**read))


class _Told(msgspec.Struct):
    bounds: list[int]
    persons: int


_DOUBLES: Final = tuple(field.name for field in attrs.fields(Doubles))


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
    doubles = _find_doubles(stage.folder, len(partitions), persons, setting, team)
    for name in _DOUBLES:
        with whole(stage.folder / f"{name}.npy") as half, half.open("wb") as file:
            np.save(file, getattr(doubles, name))
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
    save(chunk.partitions.cut(written.with_columns(pl.col("number").cast(pl.Int64))), folder)


def _changed(part: _Part) -> None:
    """Make the canonical columns of the persons that changed, and take over those of the others."""
    folder = part.stage / "persons" / f"{part.partition:05}"
    if folder.exists():
        return
    hasher = Hasher.load(part.setting.key)
    raw = load(part.stage / "raw", part.partition, {**SNAPSHOT, "number": pl.Int64})
    before = load(part.before / "persons", part.partition, _REGISTER)
    told = raw.with_columns(fingerprints(raw, list(SNAPSHOT)))
    made = before.drop([c for c in SNAPSHOT if c != "number"]).with_columns(
        fingerprints(before, list(SNAPSHOT))
    )
    same = told.join(made, on=["number", "print"], how="inner").select(list(REGISTER))
    changed = told.join(made, on=["number", "print"], how="anti").select(list(SNAPSHOT))
    columns = pl.concat([same, register_columns(changed, hasher)]) if len(changed) else same
    _write(also_named(columns, hasher), part.stage / "also" / f"p{part.partition:05}.arrow")
    save({part.partition: columns}, folder)


def _persons(chunk: _Chunk) -> None:
    folder = chunk.stage / "persons" / chunk.name
    if folder.exists():
        return
    hasher = Hasher.load(chunk.setting.key)
    columns = register_columns(chunk.setting.snapshot.part(chunk.first, chunk.count), hasher)
    _write(also_named(columns, hasher), chunk.stage / "also" / f"p{chunk.name}.arrow")
    save(chunk.partitions.cut(columns), folder)


def _history(chunk: _Chunk) -> None:
    folder = chunk.stage / "history" / chunk.name
    if folder.exists():
        return
    lines = chunk.setting.read_history(chunk.first, chunk.count)
    also = also_before(lines, Hasher.load(chunk.setting.key))
    _write(also, chunk.stage / "also" / f"h{chunk.name}.arrow")
    save(chunk.partitions.cut(lines), folder)


def _write(table: pl.DataFrame, path: Path) -> None:
    with whole(path) as half:
        table.write_ipc(half, compression="lz4")


@attrs.frozen
class _Search:
    stage: Path
    partitions: int
    bucket: int
    buckets: int


def _find_doubles(
    stage: Path, partitions: int, persons: int, setting: Setting, team: Team
) -> Doubles:
    """Find keys that two persons share, bucket by bucket of the keys."""
    sizes = setting.sizes
    buckets = max(1, -(-persons * sizes.workers * _KEY_BYTES // sizes.memory))
    tasks = [_Search(stage, partitions, n, buckets) for n in range(buckets)]
    weights = [persons // buckets] * buckets
    found = team.each("register: namesakes", _doubles, tasks, weights)
    return Doubles(
        **{name: np.sort(np.concatenate([getattr(d, name) for d in found])) for name in _DOUBLES}
    )


def _doubles(search: _Search) -> Doubles:
    """Return the doubles of one bucket of keys. Raises `BadSnapshot`."""
    also = pl.scan_ipc(sorted((search.stage / "also").glob("*.arrow"))).collect()
    kept: dict[str, list[Keys]] = {name: [] for name in _DOUBLES}
    for partition in range(search.partitions):
        index = load(search.stage / "persons", partition, INDEX)
        _one_line_each(index["number"])
        more = homonyms.also_keys(index, also)
        for name, keys in homonyms.keys_of(index).items():
            kept[name].append(_in_bucket(keys, search))
        for name in ("name", "kana"):
            kept[name].append(_in_bucket(more, search))
    return Doubles(**{name: homonyms.doubled(np.concatenate(kept.pop(name))) for name in _DOUBLES})


def _in_bucket(keys: Keys, search: _Search) -> Keys:
    if search.buckets == 1:
        return keys
    bucket = (keys >> _BUCKET_BITS) % np.uint64(search.buckets)
    return keys[bucket == np.uint64(search.bucket)]


def _one_line_each(numbers: pl.Series) -> None:
    doubled = len(numbers) - numbers.n_unique()
    if doubled:
        raise BadSnapshot(f"snapshot: {doubled} numbers stand in more than one line")
