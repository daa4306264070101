"""`kumihimo audit run --engine spark`: the stages on Spark, and then one file for each table."""

import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from kumihimo.kernel.refusal import BadInput, Unavailable
from kumihimo.linkaudit.finding import put
from kumihimo.linkaudit.workers import Team, cores
from kumihimo.run.system_packages import to_type

# One machine; Spark's own scheduler, Hadoop's, Kubernetes'.
_MASTERS: Final = r"local(\[[0-9*,]{1,20}\])?|spark://[!-~]{1,200}|yarn|k8s://[!-~]{1,200}"
_HERE: Final = "local"
_DRIVER_GIB: Final = 2.0  # our choice: of a cluster's audit the driver sees counts and samples
_MEMORY_GIB: Final = 4.0  # of one machine's, where nothing is said
_TASK_GIB: Final = 1.0
_ROOT: Final = Path(__file__).resolve().parents[3]


def check(master: str) -> None:
    """Raise `BadInput` for a master that is none, `Unavailable` where Spark or Java is not there."""
    if master and not re.fullmatch(_MASTERS, master):
        raise BadInput(
            "--spark-master: local[N], spark://HOST:PORT, yarn or k8s://URL", pointer="spark_master"
        )
    if find_spec("pyspark") is None:
        raise Unavailable(
            "Spark が入っていません。次を実行してください。 Spark is not installed; type:"
            f" {_ROOT}/.kumihimo/bootstrap/bin/uv sync --project {_ROOT}"
            " --frozen --inexact --no-dev --extra spark"
        )
    # Where Spark itself looks for it; no setting of ours.
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:  # noqa: TID251
        raise Unavailable(
            "Java がありません。次を実行してください。 Spark needs Java 17 or 21; type:"
            f" {to_type(['default-jre-headless'])}"
        )


def judge_on_spark(
    master: str, out: Path, key: Path, team: Team, *, history: bool, holder: str, memory: int
) -> None:
    """Audit what was taken in, on Spark. Raises `BadSnapshot`, `Unavailable`."""
    # Half a gigabyte that is installed where somebody asks for it.
    from kumihimo.linkaudit.spark import audit  # noqa: PLC0415
    from kumihimo.linkaudit.spark.session import at_work  # noqa: PLC0415

    master = master or f"{_HERE}[*]"
    driver, task = _DRIVER_GIB, memory or _TASK_GIB
    if master.startswith(_HERE):
        # One machine: half for Java, which sorts and shuffles, half for the functions of tables.
        driver = (memory or _MEMORY_GIB) / 2
        task = driver / cores()
    work = out.absolute() / "stages" / "spark"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, mode=0o700)
    with at_work(master, work / "temporary", driver) as session:
        audit.run(
            session,
            rows=(out.absolute() / "rows").as_uri(),
            snapshot=(out.absolute() / "snapshot").as_uri(),
            history=(out.absolute() / "history").as_uri() if history else None,
            key=key,
            holder=holder,
            work=(work / "tables").as_uri(),
            out=(work / "found").as_uri(),
            memory_gib=task,
            progress=team.progress,
        )
    # What comes after, approvals, report and review, reads each table as one file.
    for table in audit.TABLES:
        put(work / "found" / table, out / f"{table}.parquet")
    shutil.rmtree(work)
