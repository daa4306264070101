"""A second run judges what changed: a row, its person, what the register held before, namesakes.

What a row's levels depend on is the row, the person and the person's history: one fingerprint of
the three tells whether they are still what they were. Whom else the register holds is looked up
again for every row, since anybody's birth, death or new name may change it.
"""

from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit import homonyms
from kumihimo.linkaudit.canonical import REGISTER, Hasher, fingerprints
from kumihimo.linkaudit.evidence import CLUES, EVIDENCE, Judged, judge, unsettled_patterns
from kumihimo.linkaudit.homonyms import Doubles
from kumihimo.linkaudit.levels import code
from kumihimo.linkaudit.patterns import SIZES
from kumihimo.linkaudit.schema import Others

PRINTS: Final = {"row": pl.Int64, "number": pl.Int64, "print": pl.UInt64}
_ROW: Final = ("name", "kana", "birth", "sex", "address")
_OTHERS: Final = SIZES[-1]  # whom else the register holds is the last digit of a pattern


@attrs.frozen
class Known:
    """What a partition's rows were before: number, fingerprint and pattern; and the clues."""

    patterns: pl.DataFrame
    clues: pl.DataFrame

    @classmethod
    def read(cls, place: Path) -> "Known":
        """Read a partition's folder of the stage before."""
        tables = (pl.read_ipc(place / f"{x}.arrow") for x in ("prints", "evidence", "clues"))
        prints, evidence, clues = tables
        told = prints.with_columns(evidence["pattern"])
        keys = ["number", "print"]
        return cls(
            told.drop("row").unique(keys),
            clues.drop("pattern", "number").join(prints, on="row").drop("row").unique(keys),
        )


def pair_prints(rows: pl.DataFrame, register: pl.DataFrame, history: pl.DataFrame) -> pl.Series:
    """Return a fingerprint of each row together with its person and the person's history."""
    lines = history.with_columns(line=fingerprints(history, ["attribute", "value"]))
    past = lines.group_by("number").agg(past=pl.col("line").sum())
    person = register.select("number", person=fingerprints(register, list(REGISTER)))
    told = rows.select("number", mine=fingerprints(rows, _ROW))
    joined = told.join(person, on="number", how="left", maintain_order="left").join(
        past, on="number", how="left", maintain_order="left"
    )
    return fingerprints(joined, ["mine", "person", "past"])


def judge_changed(
    rows: pl.DataFrame,
    register: pl.DataFrame,
    doubles: Doubles,
    history: pl.DataFrame,
    hasher: Hasher,
    known: Known | None,
) -> Judged:
    """Return what `evidence.judge` would, judging only rows whose `print` is not known."""
    bare = rows.drop("print")
    if known is None:
        return judge(bare, register, doubles, history, hasher)
    keys = ["number", "print"]
    told = rows.join(known.patterns, on=keys, how="left", maintain_order="left")
    patterns = _with_others(told["pattern"], told["number"], register, doubles)
    unsettled = pl.Series(unsettled_patterns()).gather(pl.Series(patterns).clip(0))
    has_clue = told.join(known.clues, on=keys, how="left", maintain_order="left")["day"]
    stays = told["pattern"].is_not_null() & (~unsettled | has_clue.is_not_null())
    changed = judge(bare.filter(~stays), register, doubles, history, hasher)
    kept = rows.select("row", "number", "print").with_columns(pattern=pl.Series(patterns))
    evidence = kept.filter(stays).select(list(EVIDENCE))
    clues = kept.filter(stays & unsettled).join(known.clues, on=keys).select(list(CLUES))
    order = bare.select("row")
    return Judged(
        order.join(pl.concat([evidence, changed.evidence]), on="row", maintain_order="left"),
        order.join(pl.concat([clues, changed.clues]), on="row", maintain_order="left"),
    )


def _with_others(
    patterns: pl.Series, numbers: pl.Series, register: pl.DataFrame, doubles: Doubles
) -> NDArray[np.int32]:
    """Return patterns with the last digit as the register is now; -1 where none was known."""
    columns = ("day", "name_hash", "kana_hash", "place")
    held = register.select("number", *columns, found=pl.lit(value=True))
    persons = numbers.to_frame().join(held, on="number", how="left", maintain_order="left")
    others = homonyms.others(persons.select(pl.col(columns).fill_null(0)), doubles)
    others[persons["found"].is_null().to_numpy()] = code(Others.NO_PERSON)
    before = patterns.fill_null(-_OTHERS).to_numpy().astype(np.int64)
    now = before // _OTHERS * _OTHERS + others
    return np.where(before < 0, -1, now).astype(np.int32)
