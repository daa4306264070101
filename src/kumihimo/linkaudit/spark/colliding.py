"""Records that collide, on Spark: one number or account with two people, one person with two numbers."""

from typing import Final

import polars as pl
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - its own name for itself

from kumihimo.linkaudit.accounts import READ, SHARED, holders, keyed
from kumihimo.linkaudit.collisions import FOUND, PERSONS, numbered, sharing
from kumihimo.linkaudit.schema import COLLISIONS, HOLDERS, ROWS
from kumihimo.linkaudit.spark.pairing import Paired
from kumihimo.linkaudit.spark.registering import Registered
from kumihimo.linkaudit.spark.searching import Searched
from kumihimo.linkaudit.spark.tables import PART, each, only, parted, together, undivided
from kumihimo.linkaudit.spark.work import Work, in_columns

_WRITTEN: Final = {name: ROWS[name] for name in ("row", *READ)}
_HOMES: Final = {**SHARED, **PERSONS}
_NAMED: Final = {**FOUND, "record_id": pl.String}


def collide(work: Work, registered: Registered, paired: Paired, searched: Searched) -> DataFrame:
    """Return `COLLISIONS` of an institution's file, by kind, group and row."""
    found = paired.only("numbers").drop(PART).unionByName(searched.persons)
    if "account" in work.rows.columns:
        found = found.unionByName(_accounts(work, registered))
    named = undivided(found.join(work.rows.select("row", "record_id"), "row"))
    # Groups are numbered over the whole file. They are few: one task has them all.
    made = together(
        lambda whole: {"found": numbered(whole["found"])},
        {"found": (named, _NAMED)},
        {"found": COLLISIONS},
    )
    return only(made, "found").drop(PART)


def held(work: Work) -> DataFrame:
    """Return `HOLDERS`, in the order of the institution's file."""
    return each(in_columns(work.rows, _WRITTEN), holders, _WRITTEN, HOLDERS).orderBy("row")


def _accounts(work: Work, registered: Registered) -> DataFrame:
    written = in_columns(work.rows, _WRITTEN)
    lines = each(written, lambda rows: keyed(rows, holders(rows)), _WRITTEN, SHARED)
    several = lines.groupBy("account").agg(F.count_distinct("number").alias("n")).where("n > 1")
    shared = lines.join(several, "account", "leftsemi")
    homes = shared.join(registered.persons.select(*PERSONS), "number", "left")
    made = together(
        lambda part: {"found": sharing(part["homes"])},
        {"homes": (parted(homes, work.parts, "account"), _HOMES)},
        {"found": FOUND},
    )
    return only(made, "found").drop(PART)
