"""Stage register: the snapshot in canonical columns, by range of numbers; whom it holds twice.

The tables are the register's for this key and these canonical forms: another audit in the folder
against the same snapshot does not make them again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit import renewing
from kumihimo.linkaudit.canonical import (
    APART,
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
from kumihimo.linkaudit.folder import Stage, fingerprint, of_files, whole
from kumihimo.linkaudit.homonyms import Doubles
from kumihimo.linkaudit.joining import Partitions, Schema, integers, load, save, write_plain
from kumihimo.linkaudit.nonmatches import Shares, sampled
from kumihimo.linkaudit.renewing import LINES
from kumihimo.linkaudit.schema import SNAPSHOT
from kumihimo.linkaudit.setting import Setting
from kumihimo.linkaudit.towns import keep, learn, towns
from kumihimo.linkaudit.workers import Team

_VERSION: Final = 5
_GROWN: Final = 1.5  # the ranges of numbers are drawn anew when the register has so many more


@attrs.frozen
class Registered:
    """The register's side, made."""

    stage: Path
    partitions: Partitions
    persons: int
    doubles: Doubles
    since: str

    def part(self, partition: int, numbers: pl.Series | None = None) -> pl.DataFrame:
        """Return `REGISTER` of a partition, or of it the persons of some numbers."""
        return self.columns(partition, REGISTER, numbers)

    def index(self, partition: int) -> Iterator[dict[str, NDArray[Any]]]:
        """Return `INDEX` of a partition, part by part: a part of a large register is soon read."""
        return integers(self.stage / "persons", partition, INDEX)

    def columns(
        self, partition: int, columns: Schema, numbers: pl.Series | None = None
    ) -> pl.DataFrame:
        """Return some columns of a partition's persons, or of those of some numbers."""
        return load(self.stage / "persons", partition, columns, numbers, APART)

    def history(self, partition: int, numbers: pl.Series | None = None) -> pl.DataFrame:
        """Return `HISTORY` (number Int64) of a partition, or of it that of some numbers."""
        return load(self.stage / "history", partition, LINES, numbers)

    @property
    def sample(self) -> pl.Series:
        """The numbers of the persons whose pairs are sampled."""
        return pl.Series(np.load(self.stage / "sample.npy"))

    def sampled(self) -> pl.DataFrame:
        """Return `REGISTER` of the persons whose pairs are sampled."""
        return pl.concat(pl.read_ipc(_sample_of(self.stage, n)) for n in self._each)

    def sampled_history(self) -> pl.DataFrame:
        """Return `HISTORY` (number Int64) of the persons whose pairs are sampled."""
        return pl.concat(pl.read_ipc(_past_of(self.stage, n)) for n in self._each)

    @property
    def _each(self) -> range:
        return range(len(self.partitions))

    def changed_since(self, stage: str) -> NDArray[np.int64] | None:
        """Return the numbers of which the register says something else than in a stage of before.

        That is of a person, of the person's past or of namesakes; None where it is not known.
        """
        if stage == self.stage.name:
            return np.empty(0, np.int64)
        return np.load(self.stage / "changed.npy") if stage == self.since else None

    @classmethod
    def opened(cls, stage: Path) -> "Registered":
        """Read what the stage left."""
        told = _told(stage)
        bounds = Partitions(tuple(told.bounds))
        return cls(stage, bounds, told.persons, open_doubles(stage), told.since)


class _Told(msgspec.Struct):
    bounds: list[int]
    persons: int
    since: str  # the name of the stage that its changes are told from, "" for none


@attrs.frozen
class _Part:
    setting: Setting
    stage: Path
    before: Path | None
    partition: int
    towns: Path
    shares: Shares | None = None


@attrs.frozen
class _Chunk:
    setting: Setting
    stage: Path
    partitions: Partitions
    towns: Path
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
    again, heads = stage.before is not None, towns(setting.folder)
    for name, table, task in (
        ("persons", setting.snapshot, _written if again else _persons),
        ("history", setting.history, _history),
    ):
        chunks = setting.chunks(table) if table else []
        tasks = [
            _Chunk(setting, stage.folder, partitions, heads, f"{n:05}", *chunk)
            for n, chunk in enumerate(chunks)
        ]
        team.each(f"register: {name}", task, tasks, [count for _, count in chunks])
    parts = [_Part(setting, stage.folder, stage.before, n, heads) for n in range(len(partitions))]
    weights = [persons // len(parts)] * len(parts)
    if again:
        team.each("register: changes", _renewed, parts, weights)
    doubles = find_doubles(stage.folder, len(partitions), persons, team)
    if stage.before is not None:
        renewing.compare_doubles(stage.before, stage.folder)
    shares = Shares.of(persons, doubles)
    asked = [attrs.evolve(part, shares=shares) for part in parts]
    told = team.each("register: sample", _sample, asked, weights)
    _keep(stage.folder / "sample.npy", [sample for sample, _ in told])
    _keep(stage.folder / "changed.npy", [changed for _, changed in told])
    compared = stage.before is not None and _told(stage.before).bounds == list(partitions.bounds)
    since = stage.before.name if stage.before and compared else ""
    stage.finish(msgspec.json.encode(_Told(list(partitions.bounds), persons, since)).decode())
    return Registered.opened(stage.folder)


def _keep(place: Path, numbers: list[pl.Series]) -> None:
    with whole(place) as half, half.open("wb") as file:
        np.save(file, pl.concat(numbers).unique().sort().to_numpy())


def rules(setting: Setting) -> str:
    """Return a fingerprint of what makes two registers' columns comparable."""
    return fingerprint(_VERSION, FORMS, setting.key.read_bytes(), setting.sizes.rows)


def _partitions(setting: Setting, persons: int, stage: Stage) -> Partitions:
    """Return the ranges of before while they still fit, so that persons are found where they were."""
    if stage.before is not None:
        told = _told(stage.before)
        if persons <= told.persons * _GROWN:
            return Partitions(tuple(told.bounds))
    return Partitions.of(setting.snapshot.scan(), persons, setting.sizes.even(persons))


def _told(stage: Path) -> _Told:
    return msgspec.json.decode((stage / "done").read_bytes(), type=_Told)


def _written(chunk: _Chunk) -> None:
    written = chunk.setting.snapshot.part(chunk.first, chunk.count)
    renewing.keep_written(written, chunk.partitions, chunk.stage, chunk.name)


def _renewed(part: _Part) -> None:
    assert part.before is not None, "only a stage before can be renewed"
    hasher = Hasher.load(part.setting.key)
    learn(part.towns)
    renewing.renew(part.before, part.stage, part.partition, hasher)
    keep(part.towns, f"{part.stage.name}-{part.partition:05}")


def _sample(part: _Part) -> tuple[pl.Series, pl.Series]:
    """Keep the persons to sample; return their numbers, and those that changed since before."""
    assert part.shares is not None, "known once namesakes are"
    index = load(part.stage / "persons", part.partition, INDEX)
    doubles = open_doubles(part.stage)
    numbers = index["number"].filter(pl.Series(sampled(index, doubles, part.shares)))
    persons = load(part.stage / "persons", part.partition, REGISTER, numbers, APART)
    with whole(_sample_of(part.stage, part.partition)) as half:
        write_plain(persons.sort("number"), half)
    with whole(_past_of(part.stage, part.partition)) as half:
        write_plain(load(part.stage / "history", part.partition, LINES, numbers), half)
    if part.before is None:
        return numbers, numbers.clear()
    return numbers, renewing.changed(part.before, part.stage, part.partition, index)


def _sample_of(stage: Path, partition: int) -> Path:
    return stage / "sample" / f"{partition:05}.arrow"


def _past_of(stage: Path, partition: int) -> Path:
    return stage / "sample" / f"{partition:05}.history.arrow"


def _persons(chunk: _Chunk) -> None:
    folder = chunk.stage / "persons" / chunk.name
    if folder.exists():
        return
    hasher = Hasher.load(chunk.setting.key)
    written = chunk.setting.snapshot.part(chunk.first, chunk.count).select(list(SNAPSHOT))
    columns = register_columns(written, hasher)
    keep(chunk.towns, f"{chunk.stage.name}-{chunk.name}")
    save(chunk.partitions.cut(also_named(columns, hasher)), chunk.stage / "also" / f"p{chunk.name}")
    prints = fingerprints(written, list(SNAPSHOT))
    save(chunk.partitions.cut(columns.with_columns(prints)), folder, APART)


def _history(chunk: _Chunk) -> None:
    folder = chunk.stage / "history" / chunk.name
    if folder.exists():
        return
    lines = chunk.setting.read_history(chunk.first, chunk.count)
    also = also_before(lines, Hasher.load(chunk.setting.key))
    save(chunk.partitions.cut(also), chunk.stage / "also" / f"h{chunk.name}")
    save(chunk.partitions.cut(lines), folder)
