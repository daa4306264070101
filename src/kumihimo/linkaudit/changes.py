"""What changed between two audits of one file: verdicts that moved, rows that came and went."""

from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.approvals import KEYS
from kumihimo.linkaudit.results import scan, table

MOVED: Final = {
    "record_id": pl.String,
    "affair": pl.String,
    "before": pl.String,
    "now": pl.String,
    "mechanism": pl.String,
}


@attrs.frozen(eq=False)
class Change:
    """Two audits side by side. `moved` has a line for each record whose verdict is another."""

    same: int
    new: int
    gone: int
    verdicts: pl.DataFrame  # before, now, rows: null where the record was not there
    patterns: pl.DataFrame  # levels, before, now: rows of each pattern that grew or shrank
    moved: pl.DataFrame


def compare(old: Path, new: Path) -> Change:
    """Compare two audits by record id. Raises `NoAudit`."""
    then, now = (_findings(folder) for folder in (old, new))
    whole = then.join(now, on="record_id", how="full", coalesce=True, suffix="_now")
    # Only what moved is kept: in 82 million records that is little.
    verdicts = (
        whole.group_by(before="verdict", now="verdict_now")
        .agg(rows=pl.len())
        .sort("before", "now", nulls_last=True)
        .collect(engine="streaming")
    )
    same = verdicts.filter(pl.col("before") == pl.col("now"))["rows"].sum()
    moved = whole.filter(pl.col("verdict") != pl.col("verdict_now")).sort("record_id")
    return Change(
        same=int(same),
        new=int(verdicts.filter(pl.col("before").is_null())["rows"].sum()),
        gone=int(verdicts.filter(pl.col("now").is_null())["rows"].sum()),
        verdicts=verdicts,
        patterns=_patterns(old, new),
        moved=moved.select(
            "record_id",
            affair="affair_now",
            before="verdict",
            now="verdict_now",
            mechanism="mechanism_now",
        ).collect(engine="streaming"),
    )


def _findings(folder: Path) -> pl.LazyFrame:
    return scan(folder, "findings").select("record_id", "affair", "verdict", "mechanism")


def _patterns(old: Path, new: Path) -> pl.DataFrame:
    then, now = (
        table(folder, "patterns").select(*KEYS, pl.col("rows").alias(name))
        for folder, name in ((old, "before"), (new, "now"))
    )
    both = then.join(now, on=KEYS, how="full", coalesce=True, nulls_equal=True)
    both = both.with_columns(pl.col("before", "now").fill_null(0))
    return both.filter(pl.col("before") != pl.col("now")).sort(
        (pl.col("now") - pl.col("before")).abs(), descending=True
    )
