"""Stage evidence on Spark: rows meet persons part by part; each row becomes a pattern."""

from pathlib import Path
from typing import Final

import attrs
import polars as pl
from pyspark.sql import DataFrame

from kumihimo.linkaudit.canonical import INDEX, REGISTER, Hasher
from kumihimo.linkaudit.carrying import COMPARED, compared
from kumihimo.linkaudit.collisions import FOUND, differing
from kumihimo.linkaudit.evidence import CLUES, EVIDENCE, judge
from kumihimo.linkaudit.nonmatches import Shares, own_rows, sampled
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
# What a part leaves: evidence and clues; persons that are sampled, rows of theirs and their doubles;
# the numbers of two people, since all rows of a number are in one part.
_MADE: Final = {
    "evidence": EVIDENCE,
    "clues": CLUES,
    "persons": REGISTER,
    "own": COMPARED,
    "doubles": DOUBLES,
    "numbers": FOUND,
}


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
    key, shares, holder = work.key, registered.shares, work.holder
    return Paired(
        work.kept(
            "evidence",
            lambda: together(lambda part: _judged(part, key, shares, holder), tables, _MADE),
        )
    )


def _judged(part: Tables, key: Path, shares: Shares, holder: str) -> Tables:
    rows, register = part["rows"], part["register"]
    doubles = doubles_of(part["doubles"])
    judged = judge(rows, register, doubles, part["history"], Hasher.load(key), holder)
    persons = register.filter(pl.Series(sampled(register, doubles, shares)))
    known = lines_of_persons(persons.select(list(INDEX)))
    several = rows.filter(pl.len().over("number") > 1)
    return {
        "evidence": judged.evidence,
        "clues": judged.clues,
        "persons": persons,
        "own": own_rows(rows, judged.evidence, persons),
        "doubles": part["doubles"].join(known, on=["kind", "key"], how="semi"),
        "numbers": differing(several),
    }
