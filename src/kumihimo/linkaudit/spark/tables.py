"""Tables between Spark and Polars: a function of data frames, run on batches or on parts of tables.

Spark knows no unsigned integers: what is one in `schema` travels as the signed integer of its bits.
A function that fails says where and not what it read: its message would stand in Spark's logs.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any, Final, TypeAlias, TypeVar

import polars as pl
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - its own name for itself

T = TypeVar("T")
R = TypeVar("R")

Schema: TypeAlias = Mapping[str, type[pl.DataType]]
Tables: TypeAlias = Mapping[str, pl.DataFrame]
Arrow: TypeAlias = Any  # a table or batch of pyarrow, which has no types

PART: Final = "part"  # the group in which a row is judged
# Spark's type for each of ours, and the one that it travels as.
_TYPES: Final[Mapping[type[pl.DataType], tuple[str, type[pl.DataType]]]] = {
    pl.String: ("string", pl.String),
    pl.Float64: ("double", pl.Float64),
    pl.Boolean: ("boolean", pl.Boolean),
    pl.Int64: ("bigint", pl.Int64),
    pl.UInt64: ("bigint", pl.Int64),
    pl.Int32: ("int", pl.Int32),
    pl.Int8: ("tinyint", pl.Int8),
    pl.UInt8: ("smallint", pl.Int16),
}


class TaskFailed(Exception):
    """A function of ours failed in a task; the message holds no value."""


def ddl(columns: Schema, sign: str = " ") -> str:
    """Return a schema as Spark writes it; in a struct the sign is a colon."""
    return ", ".join(f"`{name}`{sign}{_TYPES[kind][0]}" for name, kind in columns.items())


def parted(frame: DataFrame, parts: int, by: str = "number") -> DataFrame:
    """Return a table with the `PART` of each row: by hash, so that all are alike in size."""
    return frame.withColumn(PART, F.pmod(F.xxhash64(by), F.lit(parts)).cast("int"))


def undivided(frame: DataFrame) -> DataFrame:
    """Return a table all of which is one part."""
    return frame.withColumn(PART, F.lit(0))


def each(
    frame: DataFrame,
    inner: Callable[[pl.DataFrame], pl.DataFrame],
    given: Schema,
    made: Schema,
) -> DataFrame:
    """Return what `inner` makes of each batch of a table, which must not matter to it."""

    def batches(found: Iterator[Arrow]) -> Iterator[Arrow]:
        for batch in found:
            table = _read(pl.DataFrame(batch), given)
            yield from _arrow(_travelling(_sealed(inner, table), made)).to_batches()

    chosen: Any = frame.select(*given)  # what takes tables of pyarrow has half a type
    return chosen.mapInArrow(batches, ddl(made))


def together(
    inner: Callable[[Tables], Tables],
    tables: Mapping[str, tuple[DataFrame, Schema]],
    made: Mapping[str, Schema],
) -> DataFrame:
    """Return what `inner` makes of the rows of several tables that have one `PART`.

    Of the result, a row has the part and is a row of one of the tables made: the column of its name,
    null in the others (`only`). A part is in memory as a whole, in the order that Spark brings.
    """
    given = {name: columns for name, (_, columns) in tables.items()}

    def group(found: Arrow) -> Arrow:
        rows = pl.DataFrame(found)
        out = _sealed(inner, {name: _those(rows, name, given[name]) for name in given})
        structs = [
            _travelling(out[name], columns).select(pl.struct(pl.all()).alias(name))
            for name, columns in made.items()
        ]
        return _arrow(
            pl.concat(structs, how="diagonal").select(
                pl.lit(rows[PART][0], pl.Int32).alias(PART), *made
            )
        )

    marked = [_marked(frame, name, given) for name, (frame, _) in tables.items()]
    parts: Any = reduce(DataFrame.unionByName, marked).groupBy(PART)
    return parts.applyInArrow(group, f"{PART} int, {_structs(made)}")


def only(frame: DataFrame, name: str) -> DataFrame:
    """Return one of the tables that `together` made, with its `PART`."""
    return frame.where(F.col(name).isNotNull()).select(PART, f"{name}.*")


def collected(frame: DataFrame, columns: Schema) -> pl.DataFrame:
    """Return a small table at the driver."""
    chosen: Any = frame.select(*columns)
    return _read(pl.DataFrame(chosen.toArrow()), columns)


def handed_out(session: SparkSession, table: pl.DataFrame, columns: Schema) -> DataFrame:
    """Return a small table of the driver as one of Spark's."""
    maker: Any = session
    return maker.createDataFrame(_arrow(_travelling(table, columns)), ddl(columns))


def _marked(frame: DataFrame, name: str, given: Mapping[str, Schema]) -> DataFrame:
    return frame.select(
        PART,
        *(
            _row(columns).alias(one) if one == name else _none(columns).alias(one)
            for one, columns in given.items()
        ),
    )


def _row(columns: Schema) -> Column:
    return F.struct(*columns)


def _none(columns: Schema) -> Column:
    return F.lit(None).cast(f"struct<{ddl(columns, ':')}>")


def _structs(made: Mapping[str, Schema]) -> str:
    return ", ".join(f"`{name}` struct<{ddl(columns, ':')}>" for name, columns in made.items())


def _those(rows: pl.DataFrame, name: str, columns: Schema) -> pl.DataFrame:
    found = rows.filter(pl.col(name).is_not_null())
    return _read(found.select(pl.col(name).struct.unnest()), columns)


def _read(table: pl.DataFrame, columns: Schema) -> pl.DataFrame:
    return table.select(
        pl.col(name).reinterpret(signed=False) if kind == pl.UInt64 else pl.col(name).cast(kind)
        for name, kind in columns.items()
    )


def _travelling(table: pl.DataFrame, columns: Schema) -> pl.DataFrame:
    return table.select(
        pl.col(name).reinterpret(signed=True)
        if kind == pl.UInt64
        else pl.col(name).cast(_TYPES[kind][1])
        for name, kind in columns.items()
    )


def _arrow(table: pl.DataFrame) -> Arrow:
    whole: Any = table
    return whole.to_arrow(compat_level=pl.CompatLevel.oldest())


def _sealed(inner: Callable[[T], R], given: T) -> R:
    try:
        return inner(given)
    except Exception as error:  # noqa: BLE001 - its message may quote what it read
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
        raise TaskFailed(f"{type(error).__name__} at {where}") from None
