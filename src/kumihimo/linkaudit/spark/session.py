"""A session of Spark for one audit: quiet, without a page, on loopback where it is one machine."""

import os
import re
import shutil
import signal
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException, PySparkRuntimeError
from pyspark.errors.exceptions.captured import CapturedException
from pyspark.java_gateway import launch_gateway  # pyright: ignore[reportUnknownVariableType]
from pyspark.sql import SparkSession

from kumihimo.kernel.refusal import Unavailable
from kumihimo.linkaudit.spark.tables import TaskFailed

LOG: Final = "spark.log"
_LOCAL: Final = "local"  # what the masters that are this machine alone begin with
_LOGGING: Final = Path(__file__).with_name("log4j2.properties")
_BATCH_ROWS: Final = 100_000  # our choice: what a function of ours is given of a large table
_LOOPBACK: Final = "127.0.0.1"


@contextmanager
def at_work(master: str, folder: Path, memory_gib: float) -> Generator[SparkSession]:
    """Give a session whose own files lie in `folder`, closed to others and gone at its end.

    `memory_gib` is the driver's, which is all there is on one machine. Raises `Unavailable` where
    Spark does not start or gives up; then `folder` and its log stay.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    before = signal.getsignal(signal.SIGINT)
    log = folder / LOG
    try:
        with (
            open(log, "ab", opener=_closed) as file,
            _context(master, folder, memory_gib, file.fileno()) as context,
        ):
            yield SparkSession(context)
    except (CapturedException, ConnectionError, Py4JError, PySparkRuntimeError) as error:
        raise Unavailable(f"Spark gave up ({_named(error)}); its log: {log}") from None
    finally:
        if signal.getsignal(signal.SIGINT) is not before:
            signal.signal(signal.SIGINT, before)
    shutil.rmtree(folder, ignore_errors=True)


def _named(error: Exception) -> str:
    """Return what went wrong without the words of others' messages, which may quote a value."""
    ours = re.search(rf"{TaskFailed.__name__}: ([ -~]+)", str(error))
    if ours:
        return ours[1]
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    return condition or type(error).__name__


def _closed(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def _context(master: str, folder: Path, memory_gib: float, log: int) -> Generator[SparkContext]:
    """Start Java with a context, and end both: the next audit of this process gets its own."""
    conf = SparkConf().setAll(_settings(master, folder, memory_gib))
    gateway: Any = launch_gateway(conf, {"stdout": log, "stderr": log})
    shared: Any = SparkContext
    try:
        context: Any = SparkContext(conf=conf, gateway=gateway)
        if master.startswith(_LOCAL):
            context.pythonExec = sys.executable
        try:
            yield context
        finally:
            with warnings.catch_warnings():
                # Java may have died before: whoever waits for the audit is told so, not of the stop.
                warnings.simplefilter("ignore", RuntimeWarning)
                with suppress(Py4JError, ConnectionError):
                    context.stop()
                context.stop()  # what a first try leaves that ended half-way, or no other may begin
    finally:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()
        shared._gateway = shared._jvm = None  # noqa: SLF001 - it offers no other way


def _settings(master: str, folder: Path, memory_gib: float) -> list[tuple[str, str]]:
    java = [
        f"-Djava.io.tmpdir={folder}",  # here: Spark's own folders too
        f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}",
        "-XX:-UsePerfData",  # leaves a file in the machine's folder for temporary ones
    ]
    settings = {
        "spark.master": master,
        "spark.app.name": "kumihimo audit",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": f"{max(1024, int(memory_gib * 1024))}m",
        "spark.driver.extraJavaOptions": " ".join(f'"{one}"' for one in java),
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.sql.artifact.isolation.enabled": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(_BATCH_ROWS),
        "spark.sql.execution.arrow.useLargeVarTypes": "true",
        "spark.executorEnv.POLARS_MAX_THREADS": "1",  # a task is one core's
    }
    if master.startswith(_LOCAL):
        settings |= {"spark.driver.host": _LOOPBACK, "spark.driver.bindAddress": _LOOPBACK}
    return list(settings.items())
