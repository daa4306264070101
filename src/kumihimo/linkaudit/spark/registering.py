"""Stage register on Spark: canonical columns of every person; whom the register holds twice."""

from typing import Final

import attrs
import polars as pl
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - its own name for itself

from kumihimo.linkaudit import homonyms
from kumihimo.linkaudit.canonical import (
    ALSO,
    INDEX,
    REGISTER,
    Hasher,
    also_before,
    also_named,
    register_columns,
)
from kumihimo.linkaudit.homonyms import Doubles
from kumihimo.linkaudit.nonmatches import Shares
from kumihimo.linkaudit.registering import BadSnapshot
from kumihimo.linkaudit.schema import HISTORY, SNAPSHOT
from kumihimo.linkaudit.spark.tables import (
    PART,
    Tables,
    collected,
    each,
    handed_out,
    only,
    parted,
    together,
)
from kumihimo.linkaudit.spark.work import Work

LINES: Final = {**HISTORY, "number": pl.Int64}
# A key that two persons have, and which of `Doubles` it is: its place there.
DOUBLES: Final = {"kind": pl.Int32, "key": pl.UInt64}
_KINDS: Final = tuple(field.name for field in attrs.fields(Doubles))


@attrs.frozen
class Registered:
    """The register's side, made: `REGISTER`, `LINES` and `DOUBLES`, each with the `PART`.

    A part has of the doubles those that its own persons have.
    """

    persons: DataFrame
    lines: DataFrame
    doubles: DataFrame
    shares: Shares


def register(work: Work) -> Registered:
    """Make the register's side. Raises `BadSnapshot`."""
    lacking = [c for c in SNAPSHOT if c not in work.snapshot.columns]
    if lacking:
        raise BadSnapshot(f"snapshot: no column {', '.join(lacking)}")
    key = work.key
    persons = work.kept(
        "register: persons",
        lambda: parted(
            each(
                work.snapshot, lambda t: register_columns(t, Hasher.load(key)), SNAPSHOT, REGISTER
            ),
            work.parts,
        ),
    )
    _one_line_each(persons)
    lines = parted(_lines(work), work.parts)
    also = each(persons, lambda t: also_named(t, Hasher.load(key)), REGISTER, ALSO).unionByName(
        each(lines, lambda t: also_before(t, Hasher.load(key)), LINES, ALSO)
    )
    tables = {"index": (persons, INDEX), "also": (parted(also, work.parts), ALSO)}
    doubles = work.kept(
        "register: namesakes",
        lambda: _shared(only(together(_keys, tables, {"keys": DOUBLES}), "keys")),
    )
    return Registered(persons, lines, doubles, _shares(persons.count(), doubles))


def doubles_of(found: pl.DataFrame) -> Doubles:
    """Return doubles from lines of `DOUBLES`."""
    keys = found.unique().sort("key")
    return Doubles(
        **{
            name: keys.filter(pl.col("kind") == kind)["key"].to_numpy()
            for kind, name in enumerate(_KINDS)
        }
    )


def lines_of(kind: int, keys: homonyms.Keys) -> pl.DataFrame:
    """Return lines of `DOUBLES` for keys of a kind, without those that are not known."""
    told = pl.DataFrame({"key": keys}, schema={"key": pl.UInt64}).filter(pl.col("key") != 0)
    return told.select(pl.lit(kind, pl.Int32).alias("kind"), "key")


def lines_of_persons(index: pl.DataFrame) -> pl.DataFrame:
    """Return lines of `DOUBLES` for the keys that could be double of every person of an `INDEX`."""
    keys = homonyms.keys_of(index)
    return pl.concat([lines_of(kind, keys[name]) for kind, name in enumerate(_KINDS)])


def _lines(work: Work) -> DataFrame:
    if work.history is None:
        return handed_out(work.session, pl.DataFrame(schema=LINES), LINES)
    numbered = pl.col("number").cast(pl.Int64)
    return each(work.history, lambda lines: lines.with_columns(numbered), HISTORY, LINES)


def _one_line_each(persons: DataFrame) -> None:
    lines = persons.groupBy("number").count().where("count > 1")
    doubled = lines.select(F.sum(F.col("count") - 1)).collect()[0][0]
    if doubled:
        raise BadSnapshot(f"snapshot: {doubled} numbers stand in more than one line")


def _keys(tables: Tables) -> Tables:
    index = tables["index"]
    more = homonyms.also_keys(index, tables["also"])
    named = [lines_of(_KINDS.index(name), more) for name in ("name", "kana")]
    return {"keys": pl.concat([lines_of_persons(index), *named])}


def _shared(keys: DataFrame) -> DataFrame:
    """Return the keys of two persons or more, wherever they are, in each part that has one."""
    everywhere = Window.partitionBy("kind", "key")
    counted = keys.withColumn("persons", F.count("*").over(everywhere))
    return counted.where("persons > 1").select(PART, "kind", "key").distinct()


def _shares(persons: int, doubles: DataFrame) -> Shares:
    counted = doubles.select("kind", "key").distinct().groupBy("kind").count()
    known = dict(collected(counted, {"kind": pl.Int32, "count": pl.Int64}).iter_rows())
    sizes = {name: known.get(kind, 0) for kind, name in enumerate(_KINDS)}
    return Shares.counted(persons, sizes["twins"], sizes["name"] + sizes["kana"])
