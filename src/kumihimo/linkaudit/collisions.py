"""Records that collide: one number or account with two people, one person with two numbers.

Nothing here says which of the records is wrong: that is the verdicts' business.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from kumihimo.linkaudit.canonical import INDEX, read_births
from kumihimo.linkaudit.incremental import State
from kumihimo.linkaudit.pairing import Paired
from kumihimo.linkaudit.registering import Registered
from kumihimo.linkaudit.schema import COLLISIONS, Collision
from kumihimo.linkaudit.searching import Searched
from kumihimo.linkaudit.setting import Setting, Table
from kumihimo.people.columns.names import canonical_kanas, canonical_names

# Kind, key of the group, row: what each of the searches below gives.
FOUND: Final = {"collision": pl.String, "key": pl.Int64, "row": pl.Int64}
PERSONS: Final = {name: INDEX[name] for name in ("number", "household_hash", "place")}


def collide(
    setting: Setting,
    registered: Registered,
    paired: Paired,
    searched: Searched,
    shared: pl.DataFrame,
) -> pl.DataFrame:
    """Return `COLLISIONS` of an institution's file, by kind, group and row.

    `shared` is `accounts.SHARED`.
    """
    state = paired.state
    parts = [
        numbers(setting.rows, state.doubled()),
        _persons(state, searched),
        sharing(shared.join(_persons_of(shared, registered), on="number", how="left")),
    ]
    return grouped(setting.rows, pl.concat(parts))


def grouped(rows: Table, found: pl.DataFrame) -> pl.DataFrame:
    """Return `COLLISIONS` from what was found of each kind."""
    records = rows.scan().select("row", "record_id")
    named = records.join(found.lazy(), on="row").collect(engine="streaming")
    return numbered(named)


def numbered(found: pl.DataFrame) -> pl.DataFrame:
    """Return `COLLISIONS` from `FOUND` with the record ids: groups count from 1."""
    found = found.sort("collision", "key", "row")
    told = found.with_columns(group=pl.struct("collision", "key").rle_id().cast(pl.Int64) + 1)
    return told.select(pl.col(name).cast(kind) for name, kind in COLLISIONS.items())


def numbers(rows: Table, doubled: pl.DataFrame) -> pl.DataFrame:
    """Find numbers (Int64) that stand in rows of different names or birth dates.

    `doubled` is `row` and `number` of all rows whose number stands in another row too.
    """
    told = _read(rows, doubled["row"], ("name", "kana", "birth"))
    return differing(told.join(doubled, on="row"))


def differing(rows: pl.DataFrame) -> pl.DataFrame:
    """Find numbers of different names or birth dates among all rows of some numbers."""
    people = rows.select(
        "row",
        "number",
        name=canonical_names(rows["name"]),
        kana=canonical_kanas(rows["kana"]),
        birth=read_births(rows["birth"]),
    )
    differs = pl.any_horizontal(
        pl.col(x).drop_nulls().n_unique().over("number") > 1 for x in ("name", "kana", "birth")
    )
    return _of(Collision.NUMBER, people.filter(differs), "number")


def _persons(state: State, searched: Searched) -> pl.DataFrame:
    """Find rows whose true person's number stands in another row of the file."""
    known = searched.residual.drop_nulls("true_number").select("row", "true_number")
    return of_one_person(known, state.carrying(known["true_number"].unique()))


def of_one_person(known: pl.DataFrame, carried: pl.DataFrame) -> pl.DataFrame:
    """Find rows with a true number (`row`, `true_number`) that rows of `carried` (`number`) carry."""
    # A row that carries the number and should carry another is of another person.
    rightly = carried.join(known, on="row", how="anti").rename({"number": "true_number"})
    both = known.filter(pl.col("true_number").is_in(rightly["true_number"].implode()))
    return _of(Collision.PERSON, pl.concat([both, rightly]), "true_number")


def sharing(homes: pl.DataFrame) -> pl.DataFrame:
    """Find accounts that stand with different numbers, a family's apart.

    `homes` is `accounts.SHARED` with `household_hash` and `place` of each number's person, null where
    they are not known. A family: the institution or the register has its people in one household or
    at one address, or the holder's surname is everybody's.
    """
    one = [
        (pl.col(x).n_unique().over("account") == 1) & (pl.col(x).fill_null(0) != 0)
        for x in ("household", "household_hash", "place")
    ]
    named = pl.col("surname").fill_null(value=False).all().over("account")
    told = homes.with_columns(family=pl.any_horizontal(*one, named))
    return pl.concat(
        [
            _of(Collision.ACCOUNT, told.filter(~pl.col("family")), "account"),
            _of(Collision.FAMILY_ACCOUNT, told.filter(pl.col("family")), "account"),
        ]
    )


def _persons_of(shared: pl.DataFrame, registered: Registered) -> pl.DataFrame:
    wanted = shared["number"].unique().implode()
    return pl.concat(
        registered.index(n).filter(pl.col("number").is_in(wanted)).select(list(PERSONS))
        for n in range(len(registered.partitions))
    )


def _read(table: Table, rows: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    scan = table.scan()
    held = scan.collect_schema().names()
    asked = [pl.col(c) if c in held else pl.lit(None, pl.String).alias(c) for c in columns]
    return (
        scan.filter(pl.col("row").is_in(rows.implode()))
        .select("row", *asked)
        .collect(engine="streaming")
    )


def _of(kind: Collision, found: pl.DataFrame, key: str) -> pl.DataFrame:
    return found.select(
        collision=pl.lit(str(kind)), key=pl.col(key).cast(pl.Int64), row="row"
    ).unique()
