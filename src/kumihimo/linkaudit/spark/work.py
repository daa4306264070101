"""What the stages on Spark are given, and what they keep: a table is made once in an audit."""

from collections.abc import Callable
from pathlib import Path

import attrs
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - its own name for itself

from kumihimo.linkaudit.spark.tables import Schema
from kumihimo.linkaudit.workers import Progress


@attrs.frozen
class Work:
    """One audit on Spark.

    `folder` is where stages keep tables, as Spark names it; `key` a key file that every node has at
    this path; `parts` the number of groups in which rows meet persons;
    `holder` the code of the municipality that keeps the rows, "" where none does.
    """

    session: SparkSession
    folder: str
    rows: DataFrame
    snapshot: DataFrame
    history: DataFrame | None
    key: Path
    parts: int
    progress: Progress
    holder: str = ""

    def kept(self, stage: str, table: Callable[[], DataFrame]) -> DataFrame:
        """Return a table of a stage, made and written once: what fails later does not make it anew."""
        place = f"{self.folder}/{stage.replace(': ', '-')}"
        self.progress(stage, 0, 1)
        table().write.mode("overwrite").parquet(place)
        self.progress(stage, 1, 1)
        return self.session.read.parquet(place)


def in_columns(frame: DataFrame, columns: Schema) -> DataFrame:
    """Return a table with all of these columns, null where it has none."""
    return frame.select(
        *(
            F.col(name) if name in frame.columns else F.lit(None).cast("string").alias(name)
            for name in columns
        )
    )
