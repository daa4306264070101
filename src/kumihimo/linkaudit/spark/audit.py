"""An audit on Spark: the stages of `linkaudit.audit` over tables on any file system that Spark reads."""

from pathlib import Path
from typing import Final

from pyspark.sql import SparkSession

from kumihimo.linkaudit.audit import Summary, quiet, summary
from kumihimo.linkaudit.canonical import Hasher
from kumihimo.linkaudit.setting import ROW_BYTES
from kumihimo.linkaudit.spark.finding import find
from kumihimo.linkaudit.spark.pairing import pair
from kumihimo.linkaudit.spark.registering import register
from kumihimo.linkaudit.spark.searching import search
from kumihimo.linkaudit.spark.work import Work
from kumihimo.linkaudit.workers import Progress

TABLES: Final = ("findings", "patterns", "proposals", "collisions", "holders", "estimates")
_ROWS_MAX: Final = 500_000  # our choice: of a part, which one task has in memory


def run(
    session: SparkSession,
    *,
    rows: str,
    snapshot: str,
    key: Path,
    work: str,
    out: str,
    history: str | None = None,
    holder: str = "",
    memory_gib: float = 1.0,
    parts: int = 0,
    progress: Progress = quiet,
) -> Summary:
    """Audit `ROWS` against a `SNAPSHOT`, Parquet that Spark reads; leave a folder a table in `out`.

    `work` is a folder for the stages' own tables, which hold persons. Every node has the key file at
    the same path: the key does not pass through Spark. `memory_gib` is what one task may take;
    `holder` as in `linkaudit.audit.run`; `parts` says into how many the whole is cut (0: so many that each fits).
    Raises `BadSnapshot`, `KeyFileUnsafe`.
    """
    Hasher.load(key)
    held, register_side = (session.read.parquet(one) for one in (rows, snapshot))
    size = min(_ROWS_MAX, int(memory_gib * (1 << 30) / ROW_BYTES))
    most = max(held.count(), register_side.count())
    parts = parts or max(1, -(-most // size))
    cores = session.sparkContext.defaultParallelism
    session.conf.set("spark.sql.shuffle.partitions", max(parts, 2 * cores))
    before = session.read.parquet(history) if history else None
    setting = Work(
        session, work, held, register_side, before, key, max(parts, cores), progress, holder
    )
    registered = register(setting)
    paired = pair(setting, registered)
    searched = search(setting, registered, paired)
    return summary(find(setting, registered, paired, searched, out))
