"""A second snapshot beside the first: who is written as before, and about whom something is new.

Canonical columns are made for persons who are written otherwise. Anybody's birth, death or new name
changes whom else the register holds: who has gained or lost a namesake counts as changed, too.
"""

from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.linkaudit import homonyms
from kumihimo.linkaudit.canonical import (
    APART,
    PRINT,
    REGISTER,
    Hasher,
    also_named,
    fingerprints,
    register_columns,
)
from kumihimo.linkaudit.doubles import open_doubles
from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.homonyms import Doubles
from kumihimo.linkaudit.joining import Partitions, drop, load, save
from kumihimo.linkaudit.schema import HISTORY, SNAPSHOT

LINES: Final = {**HISTORY, "number": pl.Int64}
_SNAPSHOT: Final = {**SNAPSHOT, "number": pl.Int64, **PRINT}


def keep_written(written: pl.DataFrame, partitions: Partitions, stage: Path, name: str) -> None:
    """Cut a chunk of the `SNAPSHOT` as it is written, each line with its fingerprint."""
    folder = stage / "raw" / name
    if not folder.exists():
        lines = written.select(pl.col("number").cast(pl.Int64), pl.exclude("number"))
        prints = fingerprints(written, list(SNAPSHOT))
        save(partitions.cut(lines.with_columns(prints).select(list(_SNAPSHOT))), folder)


def renew(before: Path, stage: Path, partition: int, hasher: Hasher) -> None:
    """Make the canonical columns of who changed, take over the others'; keep who changed or went.

    The lines as they were written are needed no more then.
    """
    folder = stage / "persons" / f"{partition:05}"
    if folder.exists():
        drop(stage / "raw", partition)
        return
    told = load(stage / "raw", partition, _SNAPSHOT)
    made = load(before / "persons", partition, {**REGISTER, **PRINT}, apart=APART)
    keys = ["number", "print"]
    same = made.join(told, on=keys, how="semi")
    new = told.join(made, on=keys, how="anti")
    gone = made.join(told, on=keys, how="anti")
    with whole(_changed(stage, partition)) as half, half.open("wb") as file:
        np.save(file, pl.concat([new["number"], gone["number"]]).unique().to_numpy())
    anew = register_columns(new, hasher).with_columns(new["print"])
    columns = pl.concat([same, anew]) if len(new) else same
    save({partition: also_named(columns, hasher)}, stage / "also" / f"p{partition:05}")
    save({partition: columns}, folder, APART)
    drop(stage / "raw", partition)


def compare_doubles(before: Path, stage: Path) -> None:
    """Keep the keys that two persons share now and did not, or did and do not."""
    then, now = open_doubles(before), open_doubles(stage)
    for field in attrs.fields(Doubles):
        keys = np.setxor1d(getattr(then, field.name), getattr(now, field.name), assume_unique=True)
        with whole(stage / f"other.{field.name}.npy") as half, half.open("wb") as file:
            np.save(file, keys)


def changed(before: Path, stage: Path, partition: int, index: pl.DataFrame) -> pl.Series:
    """Return the numbers of a partition of which the register says something else than before.

    `index` is the partition's `INDEX`.
    """
    lines = [_past(load(where / "history", partition, LINES)) for where in (before, stage)]
    past = lines[0].join(lines[1], on="number", how="full", coalesce=True)
    past = past.filter(~pl.col("past").eq_missing(pl.col("past_right")))
    known = homonyms.keys_of(index)
    namesakes = np.zeros(len(index), bool)
    for name, keys in known.items():
        namesakes |= homonyms.among(keys, np.load(stage / f"other.{name}.npy"))
    written = pl.Series("number", np.load(_changed(stage, partition)), dtype=pl.Int64)
    return pl.concat([written, past["number"], index["number"].filter(pl.Series(namesakes))])


def _past(history: pl.DataFrame) -> pl.DataFrame:
    """Return a fingerprint of all lines of each number."""
    lines = history.with_columns(line=fingerprints(history, ["attribute", "value"]))
    return lines.group_by("number").agg(past=pl.col("line").sum())


def _changed(stage: Path, partition: int) -> Path:
    return stage / "changed" / f"{partition:05}.npy"
