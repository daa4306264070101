"""Records that collide: one number or account with two people, one person with two numbers.

Nothing here says which of the records is wrong: that is the verdicts' business.
"""

from typing import Final

import numpy as np
import polars as pl

from kumihimo.linkaudit.bearers import conflicting, of_rows, read_bearers
from kumihimo.linkaudit.canonical import INDEX
from kumihimo.linkaudit.ends import groups, run_of, slabs
from kumihimo.linkaudit.pairing import Paired
from kumihimo.linkaudit.registering import Registered
from kumihimo.linkaudit.schema import COLLISIONS, Collision
from kumihimo.linkaudit.searching import Searched
from kumihimo.linkaudit.setting import Table

# Kind, key of the group, row: what each of the searches below gives.
FOUND: Final = {"collision": pl.String, "key": pl.Int64, "row": pl.Int64}
_CALLED: Final = {"row": pl.Int64, "record_id": pl.String}
_SLAB_ROWS: Final = 2_000_000  # of a file, read at a time
PERSONS: Final = {name: INDEX[name] for name in ("number", "household_hash", "place")}


def collide(
    registered: Registered, paired: Paired, searched: Searched, shared: pl.DataFrame
) -> pl.DataFrame:
    """Return `FOUND` of an institution's file; `shared` is `accounts.SHARED`."""
    parts = [
        _of(Collision.NUMBER, conflicting(paired.bearers()), "number"),
        _persons(searched),
        sharing(shared.join(_persons_of(shared, registered), on="number", how="left")),
    ]
    return pl.concat(parts)


def named(rows: Table, found: pl.Series) -> pl.DataFrame:
    """Return `row` and `record_id` of some rows, by row.

    Where an intake laid the rows in order, what they are called is taken from its place in the file.
    """
    asked = found.unique().sort().to_numpy()
    parts = [pl.DataFrame(schema=_CALLED)]
    for file in rows.files:
        for slab in slabs(groups(file, ("row",)), _SLAB_ROWS):
            first, count = run_of(slab.groups, "row"), sum(slab.tall)
            if rows.prints() is None or first is None:
                return rows.at(asked, tuple(_CALLED))
            low, high = np.searchsorted(asked, [first, first + count])
            if low < high:
                ids = pl.scan_parquet(file).select("record_id").slice(slab.first, count).collect()
                mine = asked[low:high]
                called = ids["record_id"].gather(pl.Series(mine - first))
                parts.append(pl.DataFrame({"row": mine, "record_id": called}))
    return pl.concat(parts)


def grouped(rows: Table, found: pl.DataFrame) -> pl.DataFrame:
    """Return `COLLISIONS` from what was found of each kind."""
    return numbered(named(rows, found["row"]).join(found, on="row"))


def numbered(found: pl.DataFrame) -> pl.DataFrame:
    """Return `COLLISIONS` from `FOUND` with the record ids: groups count from 1."""
    found = found.sort("collision", "key", "row")
    told = found.with_columns(group=pl.struct("collision", "key").rle_id().cast(pl.Int64) + 1)
    return told.select(pl.col(name).cast(kind) for name, kind in COLLISIONS.items())


def numbers(rows: Table, doubled: pl.DataFrame) -> pl.DataFrame:
    """Find numbers (Int64) that stand in rows of different names or birth dates.

    `doubled` is `row` and `number` of all rows whose number stands in another row too.
    """
    return _of(Collision.NUMBER, conflicting(of_rows(rows, doubled)), "number")


def differing(rows: pl.DataFrame) -> pl.DataFrame:
    """Find numbers of different names or birth dates among all rows of some numbers."""
    return _of(Collision.NUMBER, conflicting(read_bearers(rows)), "number")


def _persons(searched: Searched) -> pl.DataFrame:
    """Find rows whose true person's number stands in another row of the file."""
    known = searched.residual.drop_nulls("true_number").select("row", "true_number")
    return of_one_person(known, searched.carried)


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
    wanted = shared["number"].drop_nulls().unique()
    parts = range(len(registered.partitions))
    return pl.concat(registered.columns(n, PERSONS, wanted) for n in parts)


def _of(kind: Collision, found: pl.DataFrame, key: str) -> pl.DataFrame:
    return found.select(
        collision=pl.lit(str(kind)), key=pl.col(key).cast(pl.Int64), row="row"
    ).unique()
