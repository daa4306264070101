"""Stage residual on Spark: the search in the whole register; runs of shifted rows."""

from typing import Final

import attrs
import polars as pl
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - its own name for itself

from kumihimo.linkaudit.canonical import INDEX
from kumihimo.linkaudit.collisions import FOUND, of_one_person
from kumihimo.linkaudit.evidence import CLUES
from kumihimo.linkaudit.residual import RESIDUAL, Wanted, answering, resolve, wanted
from kumihimo.linkaudit.shifts import RUNS, find_runs
from kumihimo.linkaudit.spark.pairing import Paired
from kumihimo.linkaudit.spark.registering import DOUBLES, Registered, lines_of
from kumihimo.linkaudit.spark.tables import PART, Tables, each, only, together, undivided
from kumihimo.linkaudit.spark.work import Work

_PARTED: Final = {PART: pl.Int32}
# A key by which a person is asked for, and which of `Wanted` it is: its place there.
_KEYS: Final = DOUBLES
_KINDS: Final = tuple(field.name for field in attrs.fields(Wanted))
_TRUE: Final = {name: RESIDUAL[name] for name in ("row", "true_number")}
_CARRIED: Final = {"row": pl.Int64, "number": pl.Int64}


@attrs.frozen
class Searched:
    """What the search found: `RESIDUAL`, `RUNS`, and the persons with two numbers (`FOUND`)."""

    residual: DataFrame
    runs: DataFrame
    persons: DataFrame


def search(work: Work, registered: Registered, paired: Paired) -> Searched:
    """Search for the true person of every clue, and for runs."""
    clues = paired.only("clues")
    index = _candidates(clues, registered.persons)
    tables = {"clues": (clues, CLUES), "index": (index, INDEX)}
    residual = only(
        work.kept("search", lambda: together(_resolved, tables, {"residual": RESIDUAL})), "residual"
    ).drop(PART)
    asked = residual.select(F.col("true_number").alias("number"))
    carried = paired.only("evidence").join(asked.dropna().distinct(), "number", "leftsemi")
    # Rows of one run stand side by side and in several parts. They are few: one task has them all.
    whole = work.kept(
        "runs",
        lambda: together(
            _neighbours,
            {"found": (undivided(residual), _TRUE), "carried": (undivided(carried), _CARRIED)},
            {"runs": RUNS, "persons": FOUND},
        ),
    )
    return Searched(residual, only(whole, "runs").drop(PART), only(whole, "persons").drop(PART))


def _candidates(clues: DataFrame, persons: DataFrame) -> DataFrame:
    """Return, for each part that has clues, the persons of the whole register that they ask for."""
    asked = each(clues, _asked, {**_PARTED, **CLUES}, {**_PARTED, **_KEYS}).distinct()
    offered = each(persons, _offered, INDEX, {"number": pl.Int64, **_KEYS})
    found = offered.join(asked, ["kind", "key"]).select(PART, "number").distinct()
    return found.join(persons.select(*INDEX), "number")


def _asked(clues: pl.DataFrame) -> pl.DataFrame:
    parts = clues.partition_by(PART, as_dict=True, include_key=False)
    return pl.concat(
        [
            pl.DataFrame(schema={**_PARTED, **_KEYS}),
            *(
                lines_of(kind, getattr(wanted(some), name)).select(
                    pl.lit(part, pl.Int32).alias(PART), *_KEYS
                )
                for (part,), some in parts.items()
                for kind, name in enumerate(_KINDS)
            ),
        ]
    )


def _offered(index: pl.DataFrame) -> pl.DataFrame:
    told = [
        index.select("number", pl.lit(_KINDS.index(kind), pl.Int32).alias("kind")).with_columns(
            key=pl.Series(keys)
        )
        for kind, keys in answering(index)
    ]
    return pl.concat(told).filter(pl.col("key") != 0)


def _resolved(part: Tables) -> Tables:
    return {"residual": resolve(part["clues"], part["index"])}


def _neighbours(whole: Tables) -> Tables:
    known = whole["found"].drop_nulls("true_number")
    return {
        "runs": find_runs(whole["found"], whole["carried"]),
        "persons": of_one_person(known, whole["carried"]),
    }
