"""Given names that are like another's: the same first character, or the same reading."""

from typing import Final, Literal

import numpy as np
import polars as pl

from kumihimo.world import reference
from kumihimo.world.families import FEMALE, MALE
from kumihimo.world.streams import Chance, Ints

Likeness = Literal["head", "kana"]
_NAMES_MAX: Final = 40  # of one likeness are drawn from: the likelier ones


def alike(
    named: pl.DataFrame, sex: Ints, of: Ints, to: Ints, likeness: Likeness, chance: Chance
) -> pl.DataFrame:
    """Return the names with `to`'s given names like `of`'s, each of its own sex and spelled otherwise.

    Who has no such name keeps the one she has.
    """
    asked = pl.DataFrame(
        {
            "to": to,
            "sex": sex[to],
            "kanji": named["given"].gather(of),
            "kana": named["given_kana"].gather(of),
            "draw": chance.unit(len(to)),
        }
    ).with_columns(head=pl.col("kanji").str.slice(0, 1))
    differs = pl.col("kanji") != pl.col("kanji_new")
    if likeness == "head":  # nobody gives two children one reading
        differs &= pl.col("kana") != pl.col("kana_new")
    pool = _pool().with_columns(place=pl.int_range(pl.len()).over("sex", likeness))
    found = (
        asked.join(pool.filter(pl.col("place") < _NAMES_MAX), on=["sex", likeness], suffix="_new")
        .filter(differs)
        .group_by("to", maintain_order=True)
        .agg(pl.all().gather((pl.first("draw") * pl.len()).cast(pl.Int64)).first())
    )
    kana = found["kana_new"] if likeness == "head" else found["kana"]
    return _set(named, found["to"].to_numpy(), given=found["kanji_new"], given_kana=kana)


def other_spelling(kana: pl.Series, kanji: pl.Series, sex: Ints, chance: Chance) -> pl.Series:
    """Return for each given name another spelling of its reading, or the same where there is none."""
    frame = pl.DataFrame({"given": kanji, "given_kana": kana})
    rows = np.arange(len(frame), dtype=np.int64)
    return alike(frame, sex, rows, rows, "kana", chance)["given"]


def _pool() -> pl.DataFrame:
    parts = [
        pl.DataFrame({"kanji": names.kanji, "kana": names.kana}).with_columns(
            sex=pl.lit(sex, dtype=pl.Int64)
        )
        for sex in (MALE, FEMALE)
        for names in (reference.given_names(year, sex) for year in reference.generations())
    ]
    whole = pl.concat(parts).unique(["sex", "kanji"], keep="first", maintain_order=True)
    return whole.with_columns(head=pl.col("kanji").str.slice(0, 1))


def _set(frame: pl.DataFrame, rows: Ints, **columns: pl.Series) -> pl.DataFrame:
    return frame.with_columns(
        frame[name].scatter(rows, values).alias(name) for name, values in columns.items()
    )
