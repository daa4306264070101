"""Runs of shifted rows: a block of records of which each carries its neighbour's number.

A row whose true person is known is tied by that person's number to the row, a few away, that carries
it. Rows so tied over one distance that follow each other are a run, also across gaps; rows between
them that nothing clears belong to it.
"""

from typing import Final

import numpy as np
import polars as pl

DISTANCE_MAX: Final = 8  # rows between a record and its number's place
GAP_MAX: Final = 8  # rows between two rows of a run
RUN_MIN: Final = 3  # fewer are a swap within a family more often than a shift

# Rows of runs: `distance` is how many rows below the record its own number stands.
RUNS: Final = {"row": pl.Int64, "run": pl.Int32, "distance": pl.Int32}


def find_runs(found: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    """Return `RUNS` among rows with a true number (`row`, `true_number`, null where none is known).

    `evidence` has `row` and `number` of at least every row that carries one of those numbers. Rows
    without a true number join a run that goes past them on both sides.
    """
    owners = found.drop_nulls("true_number").select("row", "true_number")
    placed = owners.join(evidence.select(at="row", true_number="number"), on="true_number").filter(
        (pl.col("at") - pl.col("row")).abs().is_between(1, DISTANCE_MAX)
    )
    # Two rows that have each other's number are a swap.
    links = placed.join(placed, left_on=["row", "at"], right_on=["at", "row"], how="anti")
    distance = (pl.col("at") - pl.col("row")).alias("distance")
    near = pl.concat(
        [links.select("row", distance), links.select(distance, row="at").select("row", "distance")]
    ).unique()
    new = (
        (pl.col("distance") != pl.col("distance").shift())
        | (pl.col("row") - pl.col("row").shift() > GAP_MAX)
    ).fill_null(value=True)
    blocks = near.sort("distance", "row").with_columns(block=new.cum_sum())
    long = blocks.filter(pl.len().over("block") >= RUN_MIN)
    spans = (
        long.group_by("block")
        .agg(
            first=pl.col("row").min(), last=pl.col("row").max(), distance=pl.col("distance").first()
        )
        .sort("first", "distance")
        .with_row_index("run", offset=1)
    )
    members = long.join(spans.select("block", "run"), on="block").select("row", "run", "distance")
    between = (
        found.filter(pl.col("true_number").is_null())
        .sort("row")
        .join_asof(spans.sort("first"), left_on="row", right_on="first", strategy="backward")
    )
    inside = between.filter(pl.col("row") < pl.col("last")).select("row", "run", "distance")
    runs = pl.concat([members, inside]).unique("row", keep="first", maintain_order=True)
    return runs.select(pl.col(name).cast(kind) for name, kind in RUNS.items()).sort("row")


def run_of(rows: np.ndarray, runs: pl.DataFrame) -> np.ndarray:
    """Return the run of each row, 0 where it stands in none (Int32)."""
    told = pl.DataFrame({"row": rows}).join(runs, on="row", how="left", maintain_order="left")
    return told["run"].fill_null(0).to_numpy()
