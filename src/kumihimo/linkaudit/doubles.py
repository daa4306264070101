"""Whom the register holds twice: keys that two persons share, found bucket by bucket of the keys.

Every partition of persons hands its keys out to the buckets; a bucket is sorted, and equal keys
stand side by side. Only persons whose name is doubled are asked whether their address is too.
"""

import shutil
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit import homonyms
from kumihimo.linkaudit.canonical import ALSO, INDEX
from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.homonyms import Doubles, Keys
from kumihimo.linkaudit.joining import load
from kumihimo.linkaudit.workers import Team

FIELDS: Final = tuple(field.name for field in attrs.fields(Doubles))
# Keys that everybody has; the others are asked of namesakes only.
_FIRST: Final = ("name", "kana", "twins")
_THEN: Final = {"name_at_place": "name", "kana_at_place": "kana"}
_BITS: Final = np.uint64(60)  # keys are uniform: their highest bits choose the bucket
_BUCKETS: Final = 16


class BadSnapshot(BadInput):
    """The register's snapshot is not one line a person, or lacks a column."""

    code = "bad-snapshot"
    title = "The snapshot of the register is not one line for each person"


@attrs.frozen
class _Part:
    stage: Path
    partition: int


@attrs.frozen
class _Bucket:
    stage: Path
    name: str
    number: int


def find_doubles(stage: Path, partitions: int, persons: int, team: Team) -> Doubles:
    """Find the doubles among the persons of a stage; leave them there as arrays."""
    parts = [_Part(stage, n) for n in range(partitions)]
    weights = [persons // partitions] * partitions
    team.each("register: namesakes", _hand_out, parts, weights)
    buckets = [_Bucket(stage, name, n) for name in _FIRST for n in range(_BUCKETS)]
    found = team.each(
        "register: namesakes", _doubled, buckets, [persons // _BUCKETS] * len(buckets)
    )
    known = dict(zip(buckets, found, strict=True))
    for name in _FIRST:
        _keep(stage, name, np.concatenate([known[one] for one in buckets if one.name == name]))
    shared = team.each("register: namesakes", _at_places, parts, weights)
    for name in _THEN:
        _keep(stage, name, homonyms.doubled(np.concatenate([one[name] for one in shared])))
    shutil.rmtree(stage / "keys")
    return open_doubles(stage)


def open_doubles(stage: Path) -> Doubles:
    """Return what was found."""
    return Doubles(**{name: np.load(_place(stage, name), mmap_mode="r") for name in FIELDS})


def _keep(stage: Path, name: str, keys: Keys) -> None:
    with whole(_place(stage, name)) as half, half.open("wb") as file:
        np.save(file, keys)


def _place(stage: Path, name: str) -> Path:
    return stage / f"{name}.npy"


def _hand_out(part: _Part) -> None:
    """Leave a partition's keys, bucket by bucket. Raises `BadSnapshot`."""
    folder = part.stage / "keys" / f"{part.partition:05}"
    if folder.exists():
        return
    index = load(part.stage / "persons", part.partition, INDEX)
    _one_line_each(index["number"])
    more = homonyms.also_keys(index, load(part.stage / "also", part.partition, ALSO))
    name, kana = (homonyms.of_person(index[x], index["day"]) for x in ("name_hash", "kana_hash"))
    with whole(folder) as half:
        half.mkdir()
        _save_keys(half, "name", np.concatenate([name, more]))
        _save_keys(half, "kana", np.concatenate([kana, more]))
        _save_keys(half, "twins", homonyms.of_person(index["place"], index["day"]))


def _save_keys(folder: Path, name: str, keys: Keys) -> None:
    known = keys[keys != 0]
    buckets = (known >> _BITS).astype(np.uint8)
    ends = np.cumsum(np.bincount(buckets, minlength=_BUCKETS))
    np.save(folder / f"{name}.npy", known[np.argsort(buckets, kind="stable")])
    np.save(folder / f"{name}.ends.npy", ends)


def _doubled(bucket: _Bucket) -> Keys:
    found: list[Keys] = []
    for folder in sorted((bucket.stage / "keys").iterdir()):
        ends = np.load(folder / f"{bucket.name}.ends.npy")
        keys = np.load(folder / f"{bucket.name}.npy", mmap_mode="r")
        found.append(keys[ends[bucket.number - 1] if bucket.number else 0 : ends[bucket.number]])
    return homonyms.doubled(np.concatenate(found))


def _at_places(part: _Part) -> dict[str, Keys]:
    """Return the keys at their address of a partition's persons whose name or reading is doubled."""
    index = load(part.stage / "persons", part.partition, INDEX)
    found: dict[str, Keys] = {}
    for name, named in _THEN.items():
        keys = homonyms.of_person(index[f"{named}_hash"], index["day"])
        shared = homonyms.among(keys, np.load(_place(part.stage, named), mmap_mode="r"))
        found[name] = homonyms.at_place(keys[shared], index["place"].filter(pl.Series(shared)))
    return found


def _one_line_each(numbers: pl.Series) -> None:
    doubled = len(numbers) - numbers.n_unique()
    if doubled:
        raise BadSnapshot(f"snapshot: {doubled} numbers stand in more than one line")
