"""Stage findings on Spark: what is known of each row, in the order of the institution's file."""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - its own name for itself

from kumihimo.linkaudit import judging
from kumihimo.linkaudit.canonical import REGISTER, Hasher
from kumihimo.linkaudit.carrying import COMPARED
from kumihimo.linkaudit.finding import COUNTED, fitting, judged_by, proposed, rates
from kumihimo.linkaudit.nonmatches import Counts, measure
from kumihimo.linkaudit.patterns import CASES_MAX, cases
from kumihimo.linkaudit.residual import OUTCOMES
from kumihimo.linkaudit.schema import ESTIMATES, FINDINGS, PATTERNS, PROPOSALS, Outcome
from kumihimo.linkaudit.spark.colliding import collide, held
from kumihimo.linkaudit.spark.pairing import Paired
from kumihimo.linkaudit.spark.registering import DOUBLES, LINES, Registered, doubles_of
from kumihimo.linkaudit.spark.searching import Searched
from kumihimo.linkaudit.spark.tables import collected, each, handed_out
from kumihimo.linkaudit.spark.work import Work
from kumihimo.linkaudit.verdicts import Judgement

_NAMED: Final = {"row": pl.Int64, "record_id": pl.String, "affair": pl.String}
# What is known of a row: its pattern, what the search found, its run (0: none).
_STATE: Final = {"pattern": pl.Int32, "outcome": pl.UInt8, "run": pl.Int32}
_KNOWN: Final = {
    "row": pl.Int64,
    "record_id": pl.String,
    "outcome": pl.UInt8,
    "true_number": pl.Int64,
    "run": pl.Int32,
}


def find(
    work: Work, registered: Registered, paired: Paired, searched: Searched, place: str
) -> pl.DataFrame:
    """Leave findings, patterns, proposals, collisions, holders and estimates as folders at a place.

    Returns how many rows there are of each affair, verdict and mechanism.
    """
    nonmatches = _nonmatches(work, registered, paired)
    state = work.kept("findings: state", lambda: _state(work, paired, searched))
    counted = _counted(state)
    counts = _by_case(counted)
    shifted = _by_case(counted.filter(pl.col("run") > 0))
    mixture = fitting(counts, shifted, nonmatches)
    judgement = judging.judgement(mixture)
    told = _told(counted, judgement)
    tables = {
        "findings": _findings(work, state, judgement),
        "patterns": handed_out(
            work.session, judging.pattern_table(counts, shifted, mixture, judgement), PATTERNS
        ),
        "proposals": _proposals(state, searched),
        "collisions": collide(work, registered, paired, searched),
        "holders": held(work),
        "estimates": handed_out(work.session, rates(told, mixture), ESTIMATES),
    }
    for n, (name, table) in enumerate(tables.items()):
        work.progress("findings", n, len(tables))
        table.write.mode("overwrite").parquet(f"{place}/{name}")
    work.progress("findings", len(tables), len(tables))
    return told.group_by("affair", "verdict", "mechanism").agg(pl.col("rows").sum())


def _nonmatches(work: Work, registered: Registered, paired: Paired) -> Counts:
    """Measure at the driver how mis-links look: some thousand persons are sampled for that."""
    sampled = paired.only("persons")
    history = registered.lines.join(sampled.select("number"), "number", "leftsemi")
    return measure(
        collected(paired.only("own"), COMPARED).sort("row"),
        collected(sampled, REGISTER).sort("number"),
        doubles_of(collected(paired.only("doubles"), DOUBLES)),
        collected(history, LINES),
        Hasher.load(work.key),
        work.holder,
    )


def _state(work: Work, paired: Paired, searched: Searched) -> DataFrame:
    evidence = paired.only("evidence").select("row", "pattern")
    named = work.rows.select(*_NAMED)
    found = searched.residual.select("row", "outcome")
    whole = named.join(evidence, "row").join(found, "row", "left")
    return whole.join(searched.runs.select("row", "run"), "row", "left").fillna(
        {"outcome": OUTCOMES.index(Outcome.NONE), "run": 0}
    )


def _counted(state: DataFrame) -> pl.DataFrame:
    """Count rows by all that decides on a verdict: affair, pattern, outcome, whether in a run."""
    in_run = F.least("run", F.lit(1)).alias("run")
    by = state.select("affair", "pattern", "outcome", in_run)
    counted = by.groupBy(*by.columns).agg(F.count("*").alias("rows"))
    return collected(counted, {"affair": pl.String, **_STATE, "rows": pl.Int64})


def _cases(counted: pl.DataFrame) -> NDArray[np.int32]:
    return cases(counted["pattern"].to_numpy(), counted["outcome"].to_numpy())


def _by_case(counted: pl.DataFrame) -> NDArray[np.int64]:
    found = np.zeros(CASES_MAX, np.int64)
    np.add.at(found, _cases(counted), counted["rows"].to_numpy())
    return found


def _judge(rows: pl.DataFrame, judgement: Judgement) -> pl.DataFrame:
    patterns, outcomes, runs = (rows[name].to_numpy() for name in _STATE)
    table, _ = judged_by(judgement, rows.select(list(_NAMED)), patterns, outcomes, runs)
    return table


def _told(counted: pl.DataFrame, judgement: Judgement) -> pl.DataFrame:
    lines = counted.with_row_index("row").with_columns(
        pl.col("row").cast(pl.Int64), record_id=pl.lit("")
    )
    told = _judge(lines, judgement).with_columns(
        pl.col("run").is_not_null(), case=pl.Series(_cases(counted)), rows=counted["rows"]
    )
    return told.group_by(COUNTED).agg(pl.col("rows").sum()).sort(COUNTED)


def _findings(work: Work, state: DataFrame, judgement: Judgement) -> DataFrame:
    shared = work.session.sparkContext.broadcast(judgement)
    # Files in the order of their names are rows in the order of the institution's file.
    ordered = state.repartitionByRange(work.parts, "row").sortWithinPartitions("row")
    return each(ordered, lambda rows: _judge(rows, shared.value), {**_NAMED, **_STATE}, FINDINGS)


def _proposals(state: DataFrame, searched: Searched) -> DataFrame:
    known = searched.residual.dropna(subset="true_number").select("row", "true_number")
    run = F.when(F.col("run") > 0, F.col("run")).alias("run")
    found = state.join(known, "row").select("row", "record_id", "outcome", "true_number", run)
    return each(found.orderBy("row"), proposed, _KNOWN, PROPOSALS)
