"""Rows whose number stands in another row too, and what tells whether they are one person's.

A second run asks about the numbers of rows that carry another than they did, and reads of all these rows
those that are not as they were.
"""

from typing import Final

import numpy as np
import polars as pl

from kumihimo.linkaudit.canonical import fingerprints, read_births
from kumihimo.linkaudit.incremental import FEW, Before, State, changed_places, standing
from kumihimo.linkaudit.setting import Table
from kumihimo.people.columns.names import canonical_kanas, canonical_names

# Name and reading are fingerprints of their canonical forms, null where there is none.
BEARERS: Final = {
    "row": pl.Int64,
    "number": pl.Int64,
    "name": pl.UInt64,
    "kana": pl.UInt64,
    "birth": pl.Int32,
}
_READ: Final = ("name", "kana", "birth")


def bearers(rows: Table, state: State, known: Before | None) -> pl.DataFrame:
    """Return `BEARERS` of a file, by row; `known` is what the last run left of it."""
    if known is None or not (known.stage / "bearers.arrow").exists():
        return of_rows(rows, state.doubled())
    changed = changed_places(known.state.prints, state.prints)
    if len(changed) * FEW > len(state.prints):
        return of_rows(rows, state.doubled())
    then, now = (standing(one.numbers, changed) for one in (known.state, state))
    others = pl.Series("number", np.concatenate([side[then != now] for side in (then, now)]))
    asked = others.unique().sort()
    asked = asked.filter(asked != 0)
    nobody = pl.DataFrame(schema={"row": pl.Int64, "number": pl.Int64})
    before = pl.read_ipc(known.stage / "bearers.arrow")
    kept = before.filter(~pl.col("number").is_in(asked.implode())).select("row", "number")
    carriers = state.carrying(asked) if len(asked) else nobody
    carriers = carriers.filter(pl.len().over("number") > 1)
    wanted = pl.concat([kept, carriers])
    same = before.filter(~pl.col("row").is_in(pl.Series(changed).implode()))
    same = same.join(wanted, on="row", how="semi")
    new = wanted.join(same, on="row", how="anti")
    return pl.concat([same, of_rows(rows, new)]).sort("row")


def conflicting(told: pl.DataFrame) -> pl.DataFrame:
    """Return those of `BEARERS` whose number has different names or birth dates."""
    differs = pl.any_horizontal(pl.col(x).drop_nulls().n_unique().over("number") > 1 for x in _READ)
    return told.filter(differs)


def read_bearers(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `BEARERS` for rows with row, number (Int64), name, kana and birth."""
    forms = {"name": canonical_names(rows["name"]), "kana": canonical_kanas(rows["kana"])}
    prints = [
        fingerprints(form.to_frame(name), [name]).alias(name).set(form.is_null(), None)
        for name, form in forms.items()
    ]
    whole = rows.select("row", "number").with_columns(*prints, birth=read_births(rows["birth"]))
    return whole.select(pl.col(name).cast(kind) for name, kind in BEARERS.items())


def of_rows(rows: Table, doubled: pl.DataFrame) -> pl.DataFrame:
    """Return `BEARERS` of the rows of `doubled` (row, number)."""
    ordered = doubled.sort("row")
    read = rows.at(ordered["row"].to_numpy(), ("row", *_READ))
    lacking = [pl.lit(None, pl.String).alias(c) for c in _READ if c not in read.columns]
    return read_bearers(read.with_columns(lacking).join(ordered, on="row", maintain_order="left"))
