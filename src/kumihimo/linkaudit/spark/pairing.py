"""Stage evidence on Spark: rows meet persons part by part; each row becomes a pattern."""

from pathlib import Path
from typing import Final

import attrs
import polars as pl
from pyspark.sql import DataFrame

from kumihimo.linkaudit.canonical import INDEX, REGISTER, Hasher
from kumihimo.linkaudit.collisions import FOUND, differing
from kumihimo.linkaudit.evidence import judge
from kumihimo.linkaudit.nonmatches import Shares
from kumihimo.linkaudit.pairing import COMPARED, LEFT, compared, left
from kumihimo.linkaudit.schema import ROWS
from kumihimo.linkaudit.spark.registering import (
    DOUBLES,
    LINES,
    Registered,
    doubles_of,
    lines_of_persons,
)
from kumihimo.linkaudit.spark.tables import Tables, each, only, parted, together
from kumihimo.linkaudit.spark.work import Work, in_columns

_WRITTEN: Final = {name: ROWS[name] for name in COMPARED}
# Besides what a partition leaves on one machine: the doubles of the persons that are sampled, and
# the numbers of two people, since all rows of a number are in one part.
_MADE: Final = {**LEFT, "doubles": DOUBLES, "numbers": FOUND}


@attrs.frozen
class Paired:
    """The evidence, made."""

    tables: DataFrame

    def only(self, table: str) -> DataFrame:
        """Return `evidence`, `clues`, `numbers`, or what was sampled (`persons`, `own`, `doubles`)."""
        return only(self.tables, table)


def pair(work: Work, registered: Registered) -> Paired:
    """Make the evidence."""
    rows = each(in_columns(work.rows, _WRITTEN), compared, _WRITTEN, COMPARED)
    tables = {
        "rows": (parted(rows, work.parts), COMPARED),
        "register": (registered.persons, REGISTER),
        "history": (registered.lines, LINES),
        "doubles": (registered.doubles, DOUBLES),
    }
    key, shares = work.key, registered.shares
    return Paired(
        work.kept(
            "evidence", lambda: together(lambda part: _judged(part, key, shares), tables, _MADE)
        )
    )


def _judged(part: Tables, key: Path, shares: Shares) -> Tables:
    rows, register = part["rows"], part["register"]
    doubles = doubles_of(part["doubles"])
    judged = judge(rows, register, doubles, part["history"], Hasher.load(key))
    tables = left(judged, rows, register, doubles, shares)
    known = lines_of_persons(tables["persons"].select(list(INDEX)))
    several = rows.filter(pl.len().over("number") > 1)
    return {
        **tables,
        "doubles": part["doubles"].join(known, on=["kind", "key"], how="semi"),
        "numbers": differing(several),
    }
